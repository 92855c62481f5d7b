"""Gap: a slice of the real records where the learner is weak or records are few, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from complement.core.condition import Condition
from complement.core.score import Score

Kind = Literal["weak", "few"]


@dataclass(frozen=True)
class Gap:
    """A slice, named by a condition on features, and why it is one.

    `kind` "weak": the learner does worse there than elsewhere. "few": the same where records are few and learners of two parts of
    the records disagree; or, beside expected records, fewer than these have. `records` and `units` of the real records in the
    slice, `share` of all (0 to 1). `inside` and `outside`: mean loss (log-loss, or squared error over the target's variance), NaN
    where none is known. `excess`: loss per record less half of what the score announces, inside less outside (`loss_excess`), or
    the expected share less the real one (`share_lacking`); its interval holds for all slices that were looked at, at once. `p` is
    adjusted for them. `effects`: `loss`, the fall of the mean loss of all if the learner were no more surprised there than
    elsewhere; `loss_as_the_rest`, if it lost as little; and the rise of the purpose's metric if the slice were told apart as well
    as the rest (a metric that would not rise is left out, see docs/gaps.md). `rows`: how many records a request asks for.
    """

    name: str
    where: Condition
    kind: Kind
    records: int
    units: int
    share: float
    inside: float
    outside: float
    excess: Score
    p: float
    rows: int
    reason: str
    effects: Mapping[str, float] = field(default_factory=dict[str, float])
    expected_share: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The gap as `complement gaps --json` prints it; `where` is text that `Condition.parse` reads."""
        return {
            "name": self.name,
            "where": self.where.text,
            "kind": self.kind,
            "records": self.records,
            "units": self.units,
            "share": self.share,
            "loss": {"inside": self.inside, "outside": self.outside},
            "excess": self.excess.as_json(),
            "p": self.p,
            "effects": dict(self.effects),
            "expected_share": self.expected_share,
            "rows": self.rows,
            "reason": self.reason,
        }


@dataclass(frozen=True, repr=False)
class Gaps:
    """The gaps that were found, the strongest first; `tested`: how many slices were looked at; `notes` for the reader."""

    found: tuple[Gap, ...]
    tested: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `complement gaps --json` prints."""
        return {"schema": 1, "gaps": [gap.as_json() for gap in self.found], "tested": self.tested, "notes": list(self.notes)}

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        return f"Gaps({', '.join(gap.where.text for gap in self.found) or 'none'}; {self.tested} slices tested)"
