"""Rank metrics of one class against the rest, with the derivative by each record's weight, in O(n log n).

Everywhere: `positive` bool, `score` float64, `weight` float64 >= 0, all of shape (records,). An influence value is
psi_i = W * dM/dw_i with W the sum of weights, so that sum_i w_i psi_i = 0 and, for other weights w' near w,
M(w') - M(w) ~ sum_i (w'_i - w_i) psi_i / W. Records with equal scores form one group.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def auroc(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Area under the ROC curve, ties counting half (Mann-Whitney); NaN when a side has no weight."""
    above, _, gain, loss = _auroc_parts(positive, score, weight)
    total = gain.sum() * loss.sum()
    return float((gain * above).sum() / total) if total > 0 else math.nan


def auroc_influence(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Influence on `auroc`: the structural components of DeLong et al. (1988), centred and scaled by class share.

    Computed from cumulative sums over tied groups, the midranks of Sun & Xu (2014). Zeros when undefined.
    """
    above, group, gain, loss = _auroc_parts(positive, score, weight)
    for_gain, for_loss = gain.sum(), loss.sum()
    if not for_gain * for_loss > 0:
        return np.zeros(len(score))
    beaten = above / for_loss  # share of the negatives that a positive of this group beats
    beats = 1 - (np.cumsum(gain) - gain / 2) / for_gain  # share of the positives that beat a negative of this group
    area = float((gain * beaten).sum() / for_gain)
    per_group = np.where(positive, (beaten[group] - area) / for_gain, (beats[group] - area) / for_loss)
    return (for_gain + for_loss) * per_group


def average_precision(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Sum over distinct thresholds of (recall step) * precision, as scikit-learn does; NaN when a side has no weight.

    Among distinct scores, a positive that rises never lowers it. With ties it can: two positives below one negative give 2/3,
    and 7/12 once one of them is tied with the negative, because a group counts with the precision at its end.
    """
    _, gain, precision, _ = _precision_parts(positive, score, weight)
    return float((gain * precision).sum() / gain.sum()) if _two_sided(positive, weight) else math.nan


def average_precision_influence(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Influence on `average_precision`: its derivative (infinitesimal jackknife) by reverse cumulative sums.

    With groups in falling order of score, a_k the weight of positives in group k, P_k the precision and T_k the weight down to k,
    A = sum a_k and AP = sum a_k P_k / A: a positive in group g moves P_k by (1 - P_k) / T_k for every k >= g, a
    negative by -P_k / T_k; the positive besides adds P_g - AP. Zeros when undefined.
    """
    if not _two_sided(positive, weight):
        return np.zeros(len(score))
    group, gain, precision, total = _precision_parts(positive, score, weight)
    amount = gain.sum()
    value = float((gain * precision).sum() / amount)
    per_weight = np.divide(gain, total, out=np.zeros_like(gain), where=total > 0)
    lifted = np.cumsum((per_weight * (1 - precision))[::-1])[::-1]
    lowered = -np.cumsum((per_weight * precision)[::-1])[::-1]
    slope = np.where(positive, (precision - value + lifted)[group], lowered[group])
    return weight.sum() * slope / amount


def recall_at(positive: np.ndarray, score: np.ndarray, *, precision: float) -> Callable[[np.ndarray], float]:
    """By weight: the largest recall of a threshold whose precision is at least `precision`; 0 when none is, NaN without
    positives. Scores are grouped once, because the bootstrap asks for hundreds of weights."""
    group, groups = _groups(-score)

    def value(weight: np.ndarray) -> float:
        gain = np.cumsum(np.bincount(group, weights=weight * positive, minlength=groups))
        total = np.cumsum(np.bincount(group, weights=weight, minlength=groups))
        if not gain[-1] > 0:
            return math.nan
        # A precision that equals the bound but for rounding meets it.
        meets = (gain >= (precision - 1e-12) * total) & (total > 0)
        return float((gain / gain[-1])[meets].max(initial=0.0))

    return value


def _auroc_parts(
    positive: np.ndarray, score: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per tied group in rising order: weight of negatives below plus half of those in it; the group of each record;
    the weight of positives and of negatives per group."""
    group, groups = _groups(score)
    gain = np.bincount(group, weights=weight * positive, minlength=groups)
    loss = np.bincount(group, weights=weight * ~positive, minlength=groups)
    return np.cumsum(loss) - loss / 2, group, gain, loss


def _precision_parts(
    positive: np.ndarray, score: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per tied group in falling order: the group of each record; weight of positives in the group; precision and
    weight of all records down to the group."""
    group, groups = _groups(-score)
    gain = np.bincount(group, weights=weight * positive, minlength=groups)
    total = np.cumsum(np.bincount(group, weights=weight, minlength=groups))
    precision = np.divide(np.cumsum(gain), total, out=np.zeros(groups), where=total > 0)
    return group, gain, np.minimum(precision, 1.0), total


def _groups(score: np.ndarray) -> tuple[np.ndarray, int]:
    distinct, group = np.unique(score, return_inverse=True)
    return group.reshape(-1), len(distinct)


def _two_sided(positive: np.ndarray, weight: np.ndarray) -> bool:
    return bool(weight[positive].sum() > 0 and weight[~positive].sum() > 0)
