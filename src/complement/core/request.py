"""Request and Answer: what a generator is asked for, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import RequestError


@dataclass(frozen=True)
class Request:
    """`rows` records of table `count_of` (None: the root), all of them under `where`.

    `name` marks the records in their lineage; `gap` and `reason` say what the request is for.
    """

    rows: int
    where: Condition | None = None
    count_of: str | None = None
    gap: str = ""
    reason: str = ""
    name: str = "all"

    def __post_init__(self) -> None:
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 1:
            raise RequestError(
                "request-rows", f"rows={self.rows!r} is not a positive whole number.", help="Ask for 1 row or more."
            )


@dataclass(frozen=True)
class Failure:
    """Records that could not be made, and why."""

    rows: int
    reason: str


@dataclass(frozen=True)
class Spent:
    """What an answer cost: CPU-seconds, candidates drawn (kept or not), tokens of a paid model.

    Of the candidates drawn, `repaired` were changed so that they obey the rules, `rejected` were left out.
    """

    cpu_seconds: float = 0.0
    drawn: int = 0
    tokens: int = 0
    repaired: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Answer:
    """Records that a generator made for one request. Fewer than asked are named in `failures`, never hidden.

    `notes` say what a reader should know of them: real records that were not learnt, shares repaired and left out by rules.
    """

    records: Dataset
    failures: tuple[Failure, ...] = ()
    spent: Spent = field(default_factory=Spent)
    notes: tuple[str, ...] = ()
