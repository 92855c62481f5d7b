"""Means over records with their intervals, when several records may belong to one unit."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np

from complement.core.score import Better, Score
from complement.measure.intervals import CONFIDENCE, MIN_UNITS, share


def reach(influence: np.ndarray, unit: np.ndarray) -> float | None:
    """Half the width of the normal interval of an estimate with these influence values, shape (records,), mean 0.

    Records of one unit count as one. None below 30 units.
    """
    from scipy.stats import norm

    places = np.unique(unit, return_inverse=True)[1]
    sums = np.bincount(places, weights=influence)
    if len(sums) < MIN_UNITS:
        return None
    error = sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1)) / len(influence)
    return float(norm.ppf(0.5 + CONFIDENCE / 2)) * error


def mean_score(name: str, values: np.ndarray, unit: np.ndarray, *, better: Better, most: float = inf) -> Score:
    """The mean of values >= 0 with its normal interval over units, cut to [0, most]."""
    value = float(values.mean())
    half = reach(values - value, unit)
    units = len(np.unique(unit))
    if half is None:
        return Score(name, value, None, None, units, better)
    return Score(name, value, max(0.0, value - half), min(most, value + half), units, better)


def share_score(name: str, hits: np.ndarray, unit: np.ndarray, *, better: Better) -> Score:
    """The share of hits: its exact interval where each record is a unit of its own, else the normal one over units."""
    if len(np.unique(unit)) == len(hits):
        return replace(share(name, hits), better=better)
    return mean_score(name, hits.astype(float), unit, better=better, most=1.0)
