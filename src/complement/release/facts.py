"""Facts: all that a release says of its records and that the records do not say themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from complement.core.errors import UsageError

UNKNOWN = "unknown: ask the owner of the real data"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")  # what the Hugging Face Hub takes as the name of a data set
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, repr=False)
class Facts:
    """What the story found out about the records, as plain values that JSON can hold.

    `licence` is that of the data. `published` is a date as 2026-11-22: no clock is read, so that the same input gives the same
    bytes. `verdict`: `Judgement.as_json()`; `privacy`: an audit's JSON with "privacy" and "gate"; None: not judged, not measured.
    `guarantee`: of differential privacy, with "unit", "epsilon", "delta", "accountant", "adjacency"; None: there is none.
    `fidelity`, `diversity`: scores as JSON. `funnel`: {"made", "kept", "steps": [{"step", "seen", "left_out", "reasons"}]}.
    `source`: of the real data "rows", "learnt" (of these rows, by the generator), "columns" (how many), "target", "task", "unit",
    "split". `generator`: "name", "settings". `models`: each that had a part, with "name", "licence", "use" and, of a
    general-purpose AI model, "general_purpose": true. `requests`: "name", "rows", "where", "reason". `openings`:
    how often the sealed records were opened. `private`: further texts that may stand in no file, such as a folder's name.
    Raises UsageError "usage" for a name that no folder or hub could bear, or a date that is none.
    """

    name: str
    title: str = ""
    description: str = ""
    purpose: str = ""
    licence: str = UNKNOWN
    creator: str = ""
    url: str = ""
    published: str = ""
    verdict: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None
    guarantee: Mapping[str, Any] | None = None
    fidelity: Sequence[Mapping[str, Any]] = ()
    diversity: Sequence[Mapping[str, Any]] = ()
    funnel: Mapping[str, Any] | None = None
    source: Mapping[str, Any] = field(default_factory=nothing)
    generator: Mapping[str, Any] = field(default_factory=nothing)
    models: Sequence[Mapping[str, Any]] = ()
    requests: Sequence[Mapping[str, Any]] = ()
    seeds: Mapping[str, int] = field(default_factory=nothing)
    versions: Mapping[str, str] = field(default_factory=nothing)
    plan: str = ""
    recipe: Mapping[str, Any] = field(default_factory=nothing)
    openings: int = 0
    report_html: str = ""
    notes: Sequence[str] = ()
    watermark: Literal["none"] = "none"
    private: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            help = "Use letters, digits, '-', '_' and '.', at most 96, a letter or digit first."
            raise UsageError("usage", f"A release cannot be called {self.name!r}.", help=help)
        if self.published and not _DATE.fullmatch(self.published):
            raise UsageError("usage", f"{self.published!r} is not a date.", help="Write it as 2026-11-22.")

    def __repr__(self) -> str:
        judged = len(self.verdict["verdicts"]) if self.verdict else 0
        return f"Facts({self.name!r}, {judged} verdicts, privacy {'measured' if self.privacy else 'not measured'})"
