"""Shares and areas under the ROC curve with their intervals: the forms in which most of what is measured comes."""

from __future__ import annotations

import numpy as np

from complement.core.score import Score

CONFIDENCE = 0.95
# Below this many on either side an interval of DeLong et al. (1988) is not trusted (design of the verdict: 30).
MIN_UNITS = 30


def share(name: str, hits: np.ndarray) -> Score:
    """The share of hits with its exact interval (Clopper & Pearson 1934); of nothing the share is 0 and may be anything."""
    from scipy.stats import binomtest

    if not len(hits):
        return Score(name, 0.0, 0.0, 1.0, 0, "low")
    count = int(hits.sum())
    interval = binomtest(count, len(hits)).proportion_ci(CONFIDENCE, method="exact")
    return Score(name, count / len(hits), float(interval.low), float(interval.high), len(hits), "low")


def area(name: str, members: np.ndarray, others: np.ndarray) -> Score:
    """The area under the ROC curve of "the higher, the rather a member", ties counting half, with DeLong's interval.

    The interval (DeLong et al. 1988) is None below 30 on a side.
    """
    from scipy.stats import norm, rankdata

    m, n = len(members), len(others)
    ranks = rankdata(np.concatenate([members, others]))
    # Structural components: for each member the share of non-members below it, and the other way round.
    above = (ranks[:m] - rankdata(members)) / n
    below = 1 - (ranks[m:] - rankdata(others)) / m
    value = float(above.mean())
    if min(m, n) < MIN_UNITS:
        return Score(name, value, None, None, m + n, "low")
    reach = float(norm.ppf(0.5 + CONFIDENCE / 2)) * float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return Score(name, value, max(0.0, value - reach), min(1.0, value + reach), m + n, "low")
