"""How much more often something succeeds on members than on people whom no generator saw, with its interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from complement.core.score import Score
from complement.measure.intervals import CONFIDENCE

Span = tuple[float, float]  # the least and the greatest value that one person can have


def difference(name: str, ours: np.ndarray, theirs: np.ndarray, *, span: Span = (0.0, 1.0), looks: int = 1) -> Score:
    """The mean over members less that over non-members, shapes (members,) and (non-members,), values within `span`.

    The interval is that of Agresti & Caffo (2000), also for means: one least and one greatest value are added to each side, so
    that it has a width where nobody, or everybody, was found. With several `looks` it holds for all of them at once (Bonferroni).
    """
    value = _mean(ours) - _mean(theirs)
    middle, spread = 0.0, 0.0
    for sign, side in ((1.0, ours), (-1.0, theirs)):
        wider = np.concatenate([np.asarray(side, float), span])
        middle += sign * float(wider.mean())
        spread += float(wider.var(ddof=1)) / len(wider)
    return _around(name, value, middle, spread, len(ours) + len(theirs), span[1] - span[0], looks)


def mean(name: str, values: np.ndarray) -> Score:
    """The mean of one side, values from 0 to 1, with the interval of Agresti & Coull (1998): two of each end are added."""
    wider = np.concatenate([np.asarray(values, float), (0.0, 0.0, 1.0, 1.0)])
    found = _around(name, _mean(values), float(wider.mean()), float(wider.var(ddof=1)) / len(wider), len(values), 1.0, 1)
    return replace(found, low=max(0.0, found.low or 0.0))


def paired(name: str, ours: np.ndarray, theirs: np.ndarray) -> Score:
    """The same where each attempt was made on both sides, two boolean arrays of shape (attempts,)."""
    apart = np.asarray(ours, float) - np.asarray(theirs, float)
    wider = np.concatenate([apart, (-1.0, 1.0)])
    return _around(name, _mean(apart), float(wider.mean()), float(wider.var(ddof=1)) / len(wider), len(apart), 1.0, 1)


def _around(name: str, value: float, middle: float, variance: float, count: int, most: float, looks: int) -> Score:
    from scipy.stats import norm

    reach = float(norm.ppf(1 - (1 - CONFIDENCE) / (2 * looks))) * variance**0.5
    low, high = max(-most, min(value, middle - reach)), min(most, max(value, middle + reach))
    return Score(name, value, low, high, count, "low")


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else 0.0
