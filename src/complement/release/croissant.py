"""Croissant: the release as machines find and load it, Croissant 1.1 with its PROV and RAI vocabularies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from complement.release.card import LIMITS, NOT_FOR
from complement.release.facts import Facts
from complement.release.shards import DATA, SPLIT, Written
from complement.release.words import guarantee_line, privacy_line, verdict_lines

CROISSANT, RAI = "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"
PARQUET = "application/x-parquet"  # what mlcroissant and the Hub call it; IANA's newer name is not read by them
FILES, RECORDS = f"{SPLIT}-files", "records"
_TERMS = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileObject fileProperty fileSet "
    "format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references regex repeated "
    "replace samplingRate sdVersion separator source subField transform unArchive value"
)
# Appendix 1 of the specification, with the prefix of PROV-O; `https` for schema.org as mlcroissant has it.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}


def croissant(facts: Facts, written: Written, *, title: str) -> dict[str, Any]:
    """The content of `croissant.json`. The address is `urn:complement:PLAN` where none is given: a folder has no other."""
    told = facts.description or f"{written.rows:,} synthetic records made by complement."
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RAI],
        "name": facts.name,
        "alternateName": title,
        "description": told,
        "license": facts.licence,
        "url": facts.url or f"urn:complement:{facts.plan or facts.name}",
        "creator": {"@type": "sc:Organization", "name": facts.creator or "not stated"},
        **({"datePublished": facts.published} if facts.published else {}),
        "citeAs": f"{title}: synthetic records, made with complement.",
        "version": "1.0.0",
        "isLiveDataset": False,
        "keywords": ["synthetic", "tabular", "complement"],
        "distribution": [*_files(written), _file_set()],
        "recordSet": [_record_set(written)],
        **_provenance(facts),
        **_responsible(facts),
    }


def field_ids(names: Sequence[str]) -> list[str]:
    """An identifier for each column: part of an address, so only letters, digits, '_', '.' and '-' stay, and none is twice."""
    ids: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
        tries = (plain, *(f"{plain}.{number}" for number in range(2, len(names) + 2)))
        ids.append(next(one for one in tries if one not in ids))
    return [f"{RECORDS}/{one}" for one in ids]


def _files(written: Written) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path.rpartition("/")[2],
            "contentUrl": file.path,
            "contentSize": f"{file.bytes} B",
            "encodingFormat": PARQUET,
            "sha256": file.sha256,
        }
        for file in written.files
    ]


def _file_set() -> dict[str, Any]:
    includes = f"{DATA}/{SPLIT}-*.parquet"
    return {"@type": "cr:FileSet", "@id": FILES, "name": FILES, "encodingFormat": PARQUET, "includes": includes}


def _record_set(written: Written) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": one,
            "name": column.name,
            "description": f"{column.kind}, {column.role}",
            "dataType": [column.croissant, "cr:Label"] if column.role == "target" else column.croissant,
            "source": {"fileSet": {"@id": FILES}, "extract": {"column": column.name}},
        }
        for one, column in zip(field_ids([column.name for column in written.columns]), written.columns, strict=True)
    ]
    about = f"{written.rows} synthetic records of the split {SPLIT}."
    return {"@type": "cr:RecordSet", "@id": RECORDS, "name": RECORDS, "description": about, "field": fields}


def _provenance(facts: Facts) -> dict[str, Any]:
    """PROV-O: derived from real data that stay where they are, made by a generator, which is software."""
    made = str(facts.generator.get("name", "not recorded"))
    version = facts.versions.get("complement", "")
    agent = {"@type": "prov:SoftwareAgent", "prov:label": f"complement {version}".strip()}
    activity = {
        "@type": "prov:Activity",
        "prov:label": f"Synthetic records made by the generator {made}, fitted on real records.",
        "prov:wasAssociatedWith": agent,
    }
    real = {"@type": "prov:Entity", "prov:label": "The real data, which are not part of the release."}
    return {"prov:wasDerivedFrom": real, "prov:wasGeneratedBy": activity, "prov:wasAttributedTo": agent}


def _responsible(facts: Facts) -> dict[str, Any]:
    gate, formal = privacy_line(facts.privacy), guarantee_line(facts.guarantee)
    purpose = facts.purpose or "To train models beside real records, where the verdict says so."
    return {
        "rai:dataCollection": "Nothing was collected for this data set: a generator fitted on real records made every record.",
        "rai:dataCollectionType": ["Others"],
        "rai:dataCollectionRawData": "Real records that are not part of the release; see the card for what is told of them.",
        "rai:dataLimitations": [line[2:] for line in LIMITS.replace("\n  ", " ").splitlines()],
        "rai:dataBiases": ["Every bias of the real data is to be expected here, and the generator may have strengthened it."],
        "rai:personalSensitiveInformation": [gate, formal],
        "rai:dataUseCases": [purpose, *(line[2:] for line in NOT_FOR.splitlines())],
        "rai:dataSocialImpact": "\n".join(verdict_lines(facts.verdict)),
        "rai:dataReleaseMaintenancePlan": ["A release is never changed: a correction is another release with another digest."],
    }
