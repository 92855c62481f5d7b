"""Manifest: the one file that names every other one by its hash, and all that the release rests on."""

from __future__ import annotations

from typing import Any

from complement.release.facts import Facts
from complement.release.shards import SPLIT, File, Written

CARD, CROISSANT, VERDICT, PRIVACY, REPORT = "README.md", "croissant.json", "verdict.json", "privacy.json", "report.html"
MANIFEST, DIGEST = "manifest.json", "manifest.sha256"
NEEDED, ALLOWED = (CARD, CROISSANT, PRIVACY, VERDICT), (CARD, CROISSANT, PRIVACY, REPORT, VERDICT)
FORM = "complement release 1"


def manifest_of(facts: Facts, written: Written, files: list[File]) -> dict[str, Any]:
    """The content of `manifest.json`. Of the columns it has names, kinds, roles and types, never a level or a bound."""
    verdict = next(file.sha256 for file in files if file.path == VERDICT)
    return {
        "form": FORM,
        "name": facts.name,
        "licence": facts.licence,
        "synthetic": True,
        "watermark": facts.watermark,
        "rows": written.rows,
        "splits": {SPLIT: written.rows},
        "counts": {name.lstrip("_"): dict(counts) for name, counts in written.counts.items()},
        "columns": [column.as_json() for column in written.columns],
        "files": [file.as_json() for file in files],
        "plan": facts.plan,
        "recipe": facts.recipe,
        "seeds": facts.seeds,
        "versions": facts.versions,
        "generator": facts.generator,
        "models": facts.models,
        "requests": facts.requests,
        "source": facts.source,
        "funnel": facts.funnel,
        "sealed_openings": facts.openings,
        "verdict_sha256": verdict,
    }


def digest_line(digest: str) -> bytes:
    """What stands in `manifest.sha256`: the line that `sha256sum -c` reads."""
    return f"{digest}  {MANIFEST}\n".encode()
