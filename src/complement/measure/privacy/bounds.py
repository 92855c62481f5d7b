"""Bounds that hold for all attacks at once: many looks at a harmless file must not fail it by chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from complement.core.score import Score
from complement.measure.intervals import CONFIDENCE

# What an attack's name says: how to read its numbers. Where a pair stands, the second is what coincidence gives.
RATES: Mapping[str, str] = {
    "membership_tpr": "membership_fpr",
    "density_tpr": "density_fpr",
    "density_tpr_at_0.001": "density_fpr_at_0.001",
    "density_isolated_tpr": "density_isolated_fpr",
    "density_isolated_tpr_at_0.001": "density_isolated_fpr_at_0.001",
    "density_rare_tpr": "density_rare_fpr",
    "density_rare_tpr_at_0.001": "density_rare_fpr_at_0.001",
    "density_busy_tpr": "density_busy_fpr",
    "density_busy_tpr_at_0.001": "density_busy_fpr_at_0.001",
    "near_tpr": "near_fpr",
    "near_tpr_at_0.001": "near_fpr_at_0.001",
    "near_tpr_at_0.003": "near_fpr_at_0.003",
    "near_rare_tpr": "near_rare_fpr",
    "near_busy_tpr": "near_busy_fpr",
    "part_tpr": "part_fpr",
    "part_tpr_at_0.001": "part_fpr_at_0.001",
    "part_tpr_at_0.003": "part_fpr_at_0.003",
}
AREAS = ("membership_auc", "density_auc", "density_isolated_auc", "density_rare_auc", "density_busy_auc", "shadow_auc")
LIFTS = ("attribute_lift", "attribute_lift_most", "linked_lift", "singled_out_lift")
BASES: Mapping[str, str] = {"linked": "linked_base", "singled_out": "singled_out_base", "rare_repeated": "rare_repeated_base"}


def looks(names: Iterable[str]) -> int:
    """How many attacks are weighed among these scores; at least 1."""
    return max(1, len(set(names) & {*RATES, *AREAS, *LIFTS, *BASES}))


def least(score: Score, looks: int) -> float | None:
    """The low end of the score's interval, widened so that `looks` of them hold together with 95 % (Bonferroni).

    Shares are taken exactly (Clopper & Pearson 1934); of others the part below the value grows as that of a normal one.
    None where the score has no interval.
    """
    from scipy.stats import beta, norm

    if score.low is None:
        return None
    rest = (1 - CONFIDENCE) / (2 * looks)
    if score.name in RATES or score.name in ("singled_out", "rare_repeated"):
        count = round(score.value * score.n)
        return float(beta.ppf(rest, count, score.n - count + 1)) if count else 0.0
    grown = float(norm.ppf(1 - rest)) / float(norm.ppf(0.5 + CONFIDENCE / 2))
    return score.value - (score.value - score.low) * grown
