"""What a report is made of: the JSON that a run or a release left in its folder, and nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, cast

from complement.core.errors import RunError, UsageError

Node = Mapping[str, Any]
MANIFEST_DIGEST = "manifest.sha256"  # beside the manifest of a release, whose files must not change any more
# Where the facts of each kind stand: the first file that is there counts. A release has no stages.
PLACES: Mapping[str, tuple[str, ...]] = {
    "verdict": ("verdict.json", "6-prove/verdict.json"),
    "manifest": ("manifest.json",),
    "source": ("1-source/source.json",),
    "gaps": ("2-gap/gaps.json", "gaps.json"),
    "funnel": ("4-curate/funnel.json", "funnel.json"),
    "scores": ("5-measure/scores.json", "scores.json", "privacy.json"),
    "details": ("5-measure/details.json", "details.json"),
    "samples": ("4-curate/samples.json", "samples.json"),
    "collapse": ("5-measure/collapse.json", "collapse.json"),
    "release": ("8-release/manifest.json",),
    "outcome": ("6-prove/released.json",),
}
_TOLD_BY_A_RUN = ("verdict", "manifest", "source")  # one of them at least: else the folder is neither run nor release
LARGEST = 1e100  # as of a column that is read; beyond it no picture can be drawn, and nan is not below it either
_NOT_KNOWN = ("nan", "inf", "-inf", "infinity", "-infinity")


@dataclass(frozen=True, repr=False)
class Facts:
    """Everything that a page shows, as plain JSON values; None: this was not measured, or not yet.

    `verdict`: what `complement run --json` prints of the judgement. `manifest`, `source`: what was run on what. `gaps`: where
    the real data were weak, and what was asked for. `funnel`: how many records each step left out, and why. `scores`: what
    `complement audit --json` prints. `details`: distributions by column, and how columns go together. `samples`: a few
    synthetic records as objects, none of which may equal a real one: who writes them answers for that. `collapse`: what
    `complement collapse --json` prints. `release`: the manifest of the released folder. `outcome`: why there is
    none. `digest`: its sha256.
    """

    name: str = ""
    verdict: Node | None = None
    manifest: Node | None = None
    source: Node | None = None
    gaps: Node | None = None
    funnel: Node | None = None
    scores: Node | None = None
    details: Node | None = None
    samples: Sequence[Node] | None = None
    collapse: Node | None = None
    release: Node | None = None
    outcome: Node | None = None
    digest: str = ""

    def __repr__(self) -> str:
        known = [kind for kind in PLACES if getattr(self, kind) is not None]
        return f"Facts({self.name!r}, {', '.join(known)})"


def facts_of(folder: str | Path) -> Facts:
    """The facts of a run's folder or of a release. Only JSON is read: never a table, so never a record.

    Raises UsageError "usage" when the folder is neither, RunError "run-damaged" when a file of it is not JSON.
    """
    place = Path(folder)
    found = {kind: _first(place, files) for kind, files in PLACES.items()}
    if all(found[kind] is None for kind in _TOLD_BY_A_RUN):
        what = "is no folder" if not place.is_dir() else "holds no run and no release"
        raise UsageError("usage", f"'{place}' {what}.", help="Name what complement run printed as 'run:', or a release.")
    samples = found.pop("samples")
    plain: dict[str, Any] = {kind: as_node(value) for kind, value in found.items()}
    if is_release(place):  # it has no stages: what they found stands in its manifest
        manifest = plain["manifest"]
        plain["funnel"] = plain["funnel"] or as_node(at(manifest, "funnel"))
        plain["source"] = {**(as_node(at(manifest, "source")) or {}), "columns": at(manifest, "columns")}
    return Facts(
        name=_named(place),
        samples=None if samples is None else nodes(samples) or nodes(at(samples, "records")),
        digest=_digest(place),
        **plain,
    )


def for_release(facts: Facts, *, name: str) -> Facts:
    """The facts as a release may tell them under its own name: nothing of a release made before, nothing that a clock measured.

    The same recipe then gives the same report, and so the same digest, whenever and wherever it is run.
    """
    verdict = facts.verdict
    if verdict is not None:
        spent = {key: value for key, value in (as_node(at(verdict, "spent")) or {}).items() if "seconds" not in key}
        verdict = {**verdict, "spent": spent}
    return replace(facts, name=name, verdict=verdict, release=None, outcome=None, digest="")


def is_release(folder: Path) -> bool:
    """True when the folder is a release: no byte in it may change any more."""
    return (folder / MANIFEST_DIGEST).is_file()


def at(value: object, *keys: str) -> object:
    """What stands under these keys; None where there is nothing."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = cast(Mapping[str, object], value).get(key)
    return value


def as_node(value: object) -> Node | None:
    """The value when it is an object, else None."""
    return cast(Node, value) if isinstance(value, Mapping) else None


def nodes(value: object) -> list[Node]:
    """The objects of a list; what else it holds is passed over."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [cast(Node, one) for one in cast(Sequence[object], value) if isinstance(one, Mapping)]


def values(value: object) -> list[object]:
    """The members of a list; of anything else, none."""
    return list(cast(Sequence[object], value)) if isinstance(value, Sequence) and not isinstance(value, str) else []


def number(value: object) -> float | None:
    """The number when it is one and below LARGEST in size, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < LARGEST else None


def whole(value: object) -> int | None:
    """The number as a whole one, or None."""
    known = number(value)
    return None if known is None else round(known)


def numbers(value: object) -> list[float]:
    """The numbers of a list, if every member is one; else none at all."""
    found = [number(one) for one in values(value)]
    return [one for one in found if one is not None] if None not in found else []


def text(value: object) -> str:
    """The text, or "" where there is none."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    return "" if isinstance(value, str) and value.lower() in _NOT_KNOWN else str(value)


def _first(folder: Path, files: Sequence[str]) -> object:
    for name in files:
        file = folder / name
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (ValueError, OSError) as cause:
            raise RunError("run-damaged", f"{name} cannot be read as JSON.", where=str(file)) from cause
    return None


def _digest(folder: Path) -> str:
    for place in (folder, folder / "8-release"):
        file = place / MANIFEST_DIGEST
        if file.is_file():
            return file.read_text(encoding="utf-8", errors="replace").split(" ")[0].strip()[:64]
    return ""


def _named(folder: Path) -> str:
    """The run's name for people: the folder of the recipe for `.../office/runs/recipe`."""
    full = folder.resolve()
    return full.parent.parent.name if full.parent.name == "runs" and full.name == "recipe" else full.name
