"""Thresholds: the cut between the two classes, chosen on held-out training records, never on the sealed ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.prove.metrics import score_array, truth_array
from complement.prove.plug_in_metric import OnArrays

THRESHOLD_METRICS = ("accuracy", "macro_f1")
CANDIDATES = 101


def best_threshold(predictions: pa.Table, held: Dataset, metric: OnArrays, purpose: Purpose) -> float:
    """The threshold in (0, 1) that serves the metric best on these held-out training records."""
    truth, scores = truth_array(held, purpose), score_array(predictions)
    candidates = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, CANDIDATES)).clip(1e-6, 1 - 1e-6))
    found = [metric.values(truth, moved(scores, float(cut)), held.weight) for cut in candidates]
    return float(candidates[int(np.nanargmax(found))]) if np.isfinite(found).any() else 0.5


def moved(scores: np.ndarray, threshold: float) -> np.ndarray:
    """The same ranking with `threshold` moved to .5, on the scale of log odds."""
    scores = np.asarray(scores, float).clip(1e-9, 1 - 1e-9)
    odds = np.log(scores / (1 - scores)) - np.log(threshold / (1 - threshold))
    return 1 / (1 + np.exp(-odds))
