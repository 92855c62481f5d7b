"""Metrics that only guards use: bias by decile, the tail of errors, and the worst class."""

from __future__ import annotations

import numpy as np

from complement.core.purpose import Purpose
from complement.prove.estimate import MIN_PER_CLASS, Sealed

DECILES = 10
TAIL = 0.9


class _Free:
    """A metric without influence values: the trial bootstraps it."""

    def influences(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
        """None, always."""
        del y, score, weight


class DecileBias(_Free):
    """Regression: mean absolute bias over ten equally full groups of predicted values, in the target's unit."""

    name, better, tasks, smooth = "bias per predicted decile", "low", ("regression",), False

    def __init__(self, purpose: Purpose) -> None:
        self.margin = 0.01 * purpose.target_sd

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        edges = np.quantile(score, np.linspace(0, 1, DECILES + 1)[1:-1])
        group = np.searchsorted(edges, score, side="right")
        bias = np.abs(np.bincount(group, weight * (y - score), DECILES))
        return float(bias.sum() / weight.sum())


class TailError(_Free):
    """Regression: the 90th percentile of the absolute error, in the target's unit."""

    name, better, tasks, smooth = "90th percentile of absolute error", "low", ("regression",), False

    def __init__(self, purpose: Purpose) -> None:
        self.margin = 0.01 * purpose.target_sd

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        error = np.abs(y - score)
        order = np.argsort(error)
        passed = np.cumsum(weight[order])
        return float(error[order][np.searchsorted(passed, TAIL * passed[-1])])


class WorstClass(_Free):
    """Multiclass: the recall of the worst class that has 30 sealed units."""

    name, better, tasks, smooth, margin = "recall of the worst class", "high", ("multiclass",), False, 0.01

    def __init__(self, purpose: Purpose, sealed: Sealed) -> None:
        counts = np.bincount(np.concatenate(sealed.truth).astype(int), minlength=len(purpose.classes))
        self.large = [code for code in range(len(purpose.classes)) if counts[code] >= MIN_PER_CLASS]

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        hit = score.argmax(axis=1) == y
        recalls = [np.average(hit[y == c], weights=weight[y == c]) for c in self.large if weight[y == c].sum() > 0]
        return float(min(recalls)) if recalls else float("nan")
