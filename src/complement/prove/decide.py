"""Deciding: from estimates to one of five states (three for a substitute) and the code that says why.

The rules are tested in the order of the design: NO DIFFERENCE, HURTS, HELPS, MIXED, INCONCLUSIVE. Every code has a page in
docs/codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complement.core.verdict import Comparison, Effect, Guard, Leak, State
from complement.prove.arms import CLASS_WEIGHTS, COPIES, REGULARISED, THRESHOLD
from complement.prove.statistics import Estimate, critical

FREE_WAYS = {
    CLASS_WEIGHTS: "class-weights-do-as-well",
    COPIES: "copies-do-as-well",
    REGULARISED: "regularisation-does-as-well",
    THRESHOLD: "threshold-does-as-well",
}


@dataclass(frozen=True)
class Evidence:
    """All that a decision rests on. `effect` at the simultaneous level, `equivalence` at (1 - 2 alpha)."""

    effect: Effect
    equivalence: Effect
    margin: float
    comparisons: Sequence[Comparison]
    guards: Sequence[Guard]
    leaks: Sequence[Leak]
    weights: Sequence[float]
    rarest: int
    least: int
    classes: bool = True  # whether the target has any


def decide(evidence: Evidence) -> tuple[State, str]:
    """The state and its code for in-hand, artifact and recipe."""
    effect, margin = evidence.effect, evidence.margin
    if any(leak.severity == "error" for leak in evidence.leaks):
        return "INCONCLUSIVE", "leak-void"
    if evidence.rarest < evidence.least:
        return _too_few(evidence)
    if all(weight == 0 for weight in evidence.weights):
        return "NO DIFFERENCE", "screened-out"
    if -margin < evidence.equivalence.low and evidence.equivalence.high < margin:
        return "NO DIFFERENCE", "no-difference"
    if effect.high < 0 and effect.value <= -margin:
        return "HURTS", "hurts"
    if effect.low > 0 and effect.value >= margin:
        return _would_help(evidence)
    if effect.low > 0 or effect.high < 0:
        return "INCONCLUSIVE", "below-margin"
    return "INCONCLUSIVE", "inconclusive"


def _too_few(evidence: Evidence) -> tuple[State, str]:
    return ("INCONCLUSIVE", "too-few-positives") if evidence.classes else ("INCONCLUSIVE", "too-few-units")


def _would_help(evidence: Evidence) -> tuple[State, str]:
    if any(guard.outcome == "failed" for guard in evidence.guards):
        return "MIXED", "guard-failed"
    level = as_well(evidence.comparisons, evidence.margin)
    if level:
        return "MIXED", FREE_WAYS[level[0].name]
    if any(comparison.outcome == "not separated" for comparison in evidence.comparisons):
        return "INCONCLUSIVE", "not-separated"
    return "HELPS", "helps"


def as_well(comparisons: Sequence[Comparison], margin: float) -> list[Comparison]:
    """The free ways that are not beaten, and over which the arm's lead is below the margin: they do as well for nothing."""
    return [
        one
        for one in comparisons
        if one.outcome in ("does better", "not separated") and one.effect is not None and one.effect.value < margin
    ]


def compare(name: str, found: Estimate | None, *, alpha: float, note: str) -> Comparison:
    """The arm against a free way. Beaten: lower > 0. Does better: upper < 0, it is the free way that does. Else not separated.

    No correction for the number of competitors: all must be beaten (intersection-union, Berger 1982).
    """
    if found is None:
        return Comparison(name, None, "not applicable", note)
    effect = found.effect(critical(found, alpha))
    if effect.low > 0:
        return Comparison(name, effect, "beaten", note)
    return Comparison(name, effect, "does better" if effect.high < 0 else "not separated", note)


def decide_substitute(evidence: Evidence, *, private: bool | None) -> tuple[State, str]:
    """Non-inferiority of synthetic only in the metric, no failed guard, and the privacy gate (None: it was not measured)."""
    if any(leak.severity == "error" for leak in evidence.leaks):
        return "INCONCLUSIVE", "leak-void"
    if private is False:
        return "FALLS SHORT", "falls-short-privacy"
    if evidence.rarest < evidence.least:
        return _too_few(evidence)
    if evidence.effect.high < 0 and evidence.effect.value <= -evidence.margin:
        return "FALLS SHORT", "falls-short"
    if any(guard.outcome == "failed" for guard in evidence.guards):
        return "FALLS SHORT", "falls-short-guard"
    if evidence.effect.low > -evidence.margin:
        return ("SUBSTITUTES", "substitutes") if private else ("INCONCLUSIVE", "privacy-not-shown")
    return "INCONCLUSIVE", "inconclusive"
