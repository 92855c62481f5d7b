"""Verdict: the state, the code that says why, and every number that it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

State = Literal["HELPS", "HURTS", "NO DIFFERENCE", "MIXED", "INCONCLUSIVE", "SUBSTITUTES", "FALLS SHORT"]
Question = Literal["in-hand", "artifact", "recipe", "substitute"]
Outcome = Literal["passed", "failed", "not shown", "not applicable"]
GATE_WORDS = {True: "passed", False: "FAILED", None: "not shown"}  # what a gate's answer is called


@dataclass(frozen=True)
class Effect:
    """A difference, signed so that + is better, in the metric's unit, with its interval over `n` units."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """The arm against one always-run, real-only competitor; `effect` is arm minus competitor.

    Beaten: its interval lies above 0. Does better: below 0, it is the competitor that does. Not separated: it spans 0.
    """

    name: str
    effect: Effect | None
    outcome: Literal["beaten", "does better", "not separated", "not applicable"]
    note: str = ""


@dataclass(frozen=True)
class Guard:
    """What must not be harmed, and what happened: `effect` is arm minus real only, + is better."""

    name: str
    outcome: Outcome
    effect: Effect | None = None
    margin: float | None = None
    note: str = ""


@dataclass(frozen=True)
class SliceEffect:
    """The arm's effect in one part of the sealed records: exploratory, Benjamini-Hochberg at q = .10."""

    name: str
    effect: Effect | None
    found: bool
    note: str = ""


@dataclass(frozen=True)
class Leak:
    """A way in which the numbers could lie: `severity` is "error" (verdict void) or "finding" (printed with it)."""

    code: str
    severity: Literal["error", "finding"]
    note: str


@dataclass(frozen=True)
class Worth:
    """How many real records the synthetic ones are worth. `high` None means unbounded; all None: not estimated."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: Literal["interpolated", "extrapolated", "not estimated"] = "not estimated"
    note: str = ""
    saved: float | None = None  # money, when the recipe names the prices


@dataclass(frozen=True)
class Screened:
    """A weight that screening tried: the metric minus that at weight 0, + is better, averaged over `n` folds.

    Measured on records held out of the folds' learning parts, not on sealed ones. The interval (95 %, of t) is over folds: None
    at weight 0, which is compared with itself, and where there are fewer than three folds.
    """

    weight: float
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class CurvePoint:
    """The metric on the sealed records, in its own unit, of models that learnt from `rows` real records, with its interval."""

    rows: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RealCurve:
    """What more real records give: real records alone at several sizes, and the arm at half of all and at all of them."""

    better: Literal["high", "low"]
    points: tuple[CurvePoint, ...]
    arms: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Verdict:
    """What a trial decided for one learner. `weight` is the arm's weight (the median over folds when screened).

    `screening`: empty where one weight was given. `curve`: None where none was measured; `real_rows_equivalent` says why.
    `equivalence` is the effect with the interval at 1 - 2 alpha (90 %), by which NO DIFFERENCE is decided. `cautions` are notes
    that put the whole verdict in doubt, such as a unit that nobody named; they stand right under the headline.
    """

    learner: str
    state: State
    code: str
    headline: str
    metric: str
    margin: float
    weight: float
    weights: tuple[float, ...]
    effect: Effect
    baseline: Effect
    detectable_effect: float
    units_to_settle: int | None
    real_rows_equivalent: Worth = field(default_factory=Worth)
    comparisons: tuple[Comparison, ...] = ()
    guards: tuple[Guard, ...] = ()
    slices: tuple[SliceEffect, ...] = ()
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()
    equivalence: Effect | None = None
    cautions: tuple[str, ...] = ()
    screening: tuple[Screened, ...] = ()
    curve: RealCurve | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, repr=False)
class Judgement:
    """The answer to one question: a verdict per learner, what was planned and what was spent."""

    question: Question
    verified: bool
    verdicts: tuple[Verdict, ...]
    planned: dict[str, object]
    spent: dict[str, object]
    leaks: tuple[Leak, ...] = ()

    def __repr__(self) -> str:
        unverified = "" if self.verified else ", unverified"
        states = ", ".join(f"{verdict.learner}: {verdict.state} ({verdict.code})" for verdict in self.verdicts)
        return f"Judgement({self.question}{unverified}; {states})"

    def as_json(self) -> dict[str, object]:
        """The shape that scripts rely on; `schema` grows when it changes."""
        return {
            "schema": 1,
            "question": self.question,
            "verified": self.verified,
            "verdicts": [verdict.as_json() for verdict in self.verdicts],
            "planned": self.planned,
            "spent": self.spent,
            "leaks": [asdict(leak) for leak in self.leaks],
        }
