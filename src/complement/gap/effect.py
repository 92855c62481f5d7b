"""Effect: what the purpose's metric would be if a slice were predicted as well as the rest."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.contracts import Metric
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.seed import rng_at
from complement.gap.losses import Losses
from complement.models.table_learner import target_array

DRAWS = 5


def metric_effect(records: Dataset, losses: Losses, mask: np.ndarray, purpose: Purpose, metric: Metric, *, seed: int) -> float:
    """The metric with the slice's predictions replaced, less the metric as it is, signed so that + is better; mean of 5 draws.

    A record of the slice gets the score of a random record outside that has its own target (regression: its target less the
    error of a random record outside): what it would be if it were told apart as well as they are. NaN where a class has no
    record outside. An arithmetic of what the gap is worth at most, not a promise.
    """
    truth = target_array(records.column(purpose.target), purpose)
    scores = losses.scores.column("score")
    plain = np.array(scores.to_pylist(), float)
    weight = np.ones(records.rows)
    before = metric.score(records, losses.scores, weight=weight)
    after = []
    for k in range(DRAWS):
        closed = _closed(truth, plain, mask, purpose, rng_at(seed, "gap", "effect", k))
        if closed is None:
            return float("nan")
        table = pa.table({"score": _like(closed, scores.type)})
        after.append(metric.score(records, table, weight=weight))
    change = float(np.mean(after)) - before
    return change if metric.better == "high" else -change


def _closed(
    truth: np.ndarray, scores: np.ndarray, mask: np.ndarray, purpose: Purpose, rng: np.random.Generator
) -> np.ndarray | None:
    closed = scores.copy()
    if purpose.task == "regression":
        error = (truth - scores)[~mask]
        closed[mask] = truth[mask] - rng.choice(error, int(mask.sum()))
        return closed
    for label in np.unique(truth[mask]):
        donors, here = np.flatnonzero(~mask & (truth == label)), np.flatnonzero(mask & (truth == label))
        if not len(donors):
            return None
        closed[here] = scores[rng.choice(donors, len(here))]
    return closed


def _like(scores: np.ndarray, kind: pa.DataType) -> pa.Array:
    if scores.ndim == 1:
        return pa.array(scores, pa.float64())
    return pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel(), pa.float64()), scores.shape[1])
