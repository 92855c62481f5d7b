"""Card: `README.md` as the Hugging Face Hub reads it, YAML front matter and then what a person should know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from complement.release.act import act_lines
from complement.release.facts import UNKNOWN, Facts
from complement.release.shards import DATA, SPLIT, Written
from complement.release.words import (
    GATE,
    funnel_table,
    guarantee_line,
    inline,
    licence_line,
    privacy_line,
    score_table,
    verdict_lines,
)

CONFIG = "default"
OURS = "complement"  # the key of the front matter under which the card repeats what `verify` compares
_HUB_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_TASKS = {"binary": "tabular-classification", "multiclass": "tabular-classification", "regression": "tabular-regression"}
# The size categories of the Hub: upper bounds, in rows.
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_LARGER = ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"))
MARKED = """\
Every record says so itself: `_synthetic` (always true), `_generator`, `_request` (what it was made for) and `_depth` (its
generation: real records are 0). Every Parquet file says so in its metadata. There is no watermark in the values: whoever removes
these columns removes the mark."""
NOT_FOR = """\
- Not for testing, validating or comparing models: the only split is `train`. Test on real records that the generator never saw.
- Not for statements about the people or things that the real data are about, nor for finding one of them.
- Not in place of real records, unless the verdict answers the question `substitute`.
- Not for fitting another generator without real records at every generation: a chain of such generators collapses."""
LIMITS = """\
- A generator adds no information. What the real data lack or have wrong, these have too: gaps, biases, errors of measurement.
- A verdict holds for the learner, metric, margin and weight that it names, and for records like the sealed ones.
- Attacks that were not run were not survived. Values of single real records can recur, by chance or because they were learnt.
- This card says what was measured. Whether law, contract or ethics allow a use is for people to decide."""
CHECK = """\
`complement verify FOLDER` finds any change to any file; `complement verify FOLDER --digest D`, with the digest that the maker
gave you by another way, also finds a change by somebody who made all hashes anew. Without complement:
`sha256sum -c manifest.sha256`, and `manifest.json` has the sha256 of every other file."""

WIDENED = "(The ends that the gate names are widened for the number of attacks; those of the table stand each for itself.)"
FIT = ("HELPS", "SUBSTITUTES")  # what may be used for its purpose as it is


@dataclass(frozen=True)
class Front:
    """What the front matter says of the records, as `verify` reads it back."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    splits: tuple[str, ...]
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    ours: Mapping[str, Any]


def card(facts: Facts, written: Written, *, title: str) -> str:
    """The whole text of `README.md`."""
    front = yaml.safe_dump(_front(facts, written, title), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{front}---\n\n" + "\n".join(_body(facts, written, title)) + "\n"


def read_front(text: str) -> tuple[Front, str]:
    """What a card says and its body. Raises ValueError when it is not a card of a release."""
    opened = re.fullmatch(r"---\n(.*?\n)---\n(.*)", text, flags=re.DOTALL)
    if not opened:
        raise ValueError("it does not begin with YAML front matter")
    try:
        found = yaml.safe_load(opened.group(1))
        info, (config,) = found["dataset_info"], found["configs"]
        columns = tuple((str(one["name"]), str(one["dtype"])) for one in info["features"])
        rows = sum(int(one["num_examples"]) for one in info["splits"])
        splits = tuple(str(one["name"]) for one in info["splits"])
        paths = tuple(f"{one['split']}: {one['path']}" for one in config["data_files"])
        return Front(rows, columns, splits, paths, tuple(found["tags"]), found[OURS]), opened.group(2)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as cause:
        raise ValueError(f"its front matter cannot be read ({type(cause).__name__})") from cause


def summary(verdict: Mapping[str, Any] | None, privacy: Mapping[str, Any] | None) -> dict[str, Any]:
    """Verdict and gate in short, as the front matter repeats them for machines."""
    states = [{key: one[key] for key in ("learner", "state", "code")} for one in (verdict or {}).get("verdicts", ())]
    gate = (privacy or {}).get("gate")
    return {"verdict": states or "not judged", "privacy_gate": GATE[gate["passed"]].lower() if gate else "not measured"}


def paths_of_splits() -> tuple[str, ...]:
    """What `configs` must say: the one split, and where its files are."""
    return (f"{SPLIT}: {DATA}/{SPLIT}-*.parquet",)


def _front(facts: Facts, written: Written, title: str) -> dict[str, Any]:
    task = _TASKS.get(str(facts.source.get("task", "")))
    stored = sum(file.bytes for file in written.files)
    split = {"name": SPLIT, "num_bytes": written.in_memory, "num_examples": written.rows}
    return {
        **_licence(facts.licence),
        "pretty_name": title,
        "tags": ["synthetic", "tabular", "complement"],
        **({"task_categories": [task]} if task else {}),
        "annotations_creators": ["machine-generated"],
        "size_categories": [_size(written.rows)],
        "configs": [{"config_name": CONFIG, "data_files": [{"split": SPLIT, "path": f"{DATA}/{SPLIT}-*.parquet"}]}],
        "dataset_info": {
            "config_name": CONFIG,
            "features": [{"name": column.name, "dtype": column.type} for column in written.columns],
            "splits": [split],
            "download_size": stored,
            "dataset_size": written.in_memory,
        },
        OURS: {"synthetic": True, "watermark": facts.watermark, **summary(facts.verdict, facts.privacy)},
    }


def _licence(licence: str) -> dict[str, str]:
    if licence == UNKNOWN:
        return {"license": "unknown"}
    if _HUB_LICENCE.fullmatch(licence.lower()):  # the hub's names are in small letters, SPDX's are not
        return {"license": licence.lower()}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-")[:60] or "other"}


def _size(rows: int) -> str:
    return next((name for bound, name in (*_SIZES, *_LARGER) if rows < bound), "n>10B")


def _body(facts: Facts, written: Written, title: str) -> list[str]:
    privacy = [privacy_line(facts.privacy), "", guarantee_line(facts.guarantee)]
    scores = score_table([*facts.fidelity, *facts.diversity])
    attacks = score_table((facts.privacy or {}).get("privacy", ()))
    left_out = funnel_table(facts.funnel or {})
    sections = {
        "What it is": _what(facts, written),
        "Made from what": _from(facts, written),
        "For what": [inline(facts.purpose) or _use(facts), *_judged(facts)],
        "Not for what": [NOT_FOR],
        "Verdict": verdict_lines(facts.verdict),
        "Privacy": [*privacy, *(["", *attacks, "", WIDENED] if attacks else []), *_numbered(facts.privacy)],
        "How near and how varied": scores or ["Not measured."],
        "What was left out": left_out or ["No curation is recorded."],
        "Limits": [LIMITS, *(f"- {inline(note)}" for note in facts.notes)],
        "Columns": _columns(written),
        "For a summary of training content (EU AI Act, Article 53(1)(d))": act_lines(facts, written, title),
        "Check it": [CHECK],
    }
    lines = [f"# {inline(title)}", ""]
    for heading, content in sections.items():
        lines += [f"## {heading}", "", *content, ""]
    return lines[:-1]


def _what(facts: Facts, written: Written) -> list[str]:
    lines = [f"**{written.rows:,} synthetic records** of {len(written.columns) - 4:,} columns. None of them was observed.", ""]
    if facts.description:
        told = "(In the words of the maker. What was measured stands below, and only that.)"
        lines += [f"{inline(facts.description)} {told}", ""]
    return [*lines, MARKED, "", licence_line(facts.licence)]


def _from(facts: Facts, written: Written) -> list[str]:
    source, settings = facts.source, facts.generator.get("settings") or {}
    named = inline(facts.generator.get("name", "not recorded"))
    with_these = ", ".join(f"{inline(key)}={inline(value)}" for key, value in sorted(settings.items()))
    lines = [f"- Generator: {named}" + (f" ({with_these})" if with_these else "") + ", fitted on real records."]
    told = {
        "rows": "real records",
        "learnt": "learnt from",
        "kept_back": "kept back for the attacks",
        "columns": "columns",
        "unit": "unit that no split cuts",
        "split": "split",
        "target": "target",
    }
    facts_told = [f"{words} {_told(source[key])}" for key, words in told.items() if source.get(key) not in (None, "", [])]
    lines += [f"- Real data: {'; '.join(facts_told)}."] if facts_told else []
    lines.append(
        f"- Sealed records, on which the verdict rests, were opened {facts.openings:,} time{'s' * (facts.openings != 1)}."
    )
    lines += [_request(one, written.counts["_request"]) for one in facts.requests]
    models = [f"{inline(one.get('name', ''))} ({inline(one.get('licence', 'licence not recorded'))})" for one in facts.models]
    return lines + ([f"- Models that had a part: {', '.join(models)}."] if models else [])


def _request(request: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    name = str(request.get("name", ""))
    where = f" where {inline(request['where'])}" if request.get("where") else ""
    why = f": {inline(request['reason'])}" if request.get("reason") else ""
    return f"- Request {inline(name)}: {counts.get(name, 0):,} records{where}{why}."


def _use(facts: Facts) -> str:
    target = facts.source.get("target")
    on = f" that predict {inline(target)}" if target else ""
    return f"Beside real records, to train models{on}, by a learner and at a weight for which the verdict says so."


def _judged(facts: Facts) -> list[str]:
    """What the verdict says of that purpose, where it is not plain praise: a purpose reads like a recommendation."""
    found = (facts.verdict or {}).get("verdicts", ())
    others = [f"{inline(one['learner'])} {one['state']}" for one in found if one["state"] not in FIT]
    return ["", f"It was judged for that: **{'; '.join(others)}**. See the verdict before any use."] if others else []


def _numbered(privacy: Mapping[str, Any] | None) -> list[str]:
    notes: Sequence[str] = (privacy or {}).get("notes", ())
    return ["", *(f"- {inline(note)}" for note in notes)] if notes else []


def _columns(written: Written) -> list[str]:
    rows = [f"| {inline(one.name)} | {one.kind} | {one.role} | {one.type} |" for one in written.columns]
    return ["| column | kind | role | type |", "|---|---|---|---|", *rows]


def _told(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else inline(value)
