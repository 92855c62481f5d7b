"""Plug-in metrics: a metric that meets only the public Protocol, made to work on the arrays of a trial."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa

from complement.core.contracts import Metric
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema


class OnArrays(Protocol):
    """What a trial needs of a metric: values and influences on codes (or numbers), scores and weights."""

    name: str
    better: str
    tasks: tuple[str, ...]
    margin: float
    smooth: bool

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float: ...
    def influences(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray | None: ...


class PlugInMetric:
    """Calls the public `score` with a Dataset of one column, the target. Always bootstrapped: `smooth` is False."""

    smooth = False

    def __init__(self, metric: Metric, purpose: Purpose) -> None:
        self.metric, self.purpose = metric, purpose
        self.name, self.better, self.tasks, self.margin = metric.name, metric.better, tuple(metric.tasks), metric.margin
        self.relative = bool(getattr(metric, "relative", False))

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        """The metric of these arrays; `y` holds class codes, or numbers for regression."""
        numeric = self.purpose.task == "regression"
        truth = pa.array(y) if numeric else pa.array([self.purpose.classes[int(code)] for code in y])
        column = Column(self.purpose.target, "number" if numeric else "category", "target")
        records = Dataset.of(pa.table({self.purpose.target: truth}), Schema({RECORDS: (column,)}), weight=weight)
        scores = pa.array(list(score)) if score.ndim == 2 else pa.array(score)
        return float(self.metric.score(records, pa.table({"score": scores}), weight=weight))

    def influences(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
        """None: a plug-in's own influence values are not relied on."""
        del y, score, weight

    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        return self.metric.score(truth, predictions, weight=weight)


def on_arrays(metric: Metric, purpose: Purpose) -> OnArrays:
    """The metric itself where it works on arrays, else a wrapper.

    Raises ProveError "prove-metric" when it does not say which values are better: read the wrong way round, harm is help.
    """
    if metric.better not in ("high", "low"):
        raise ProveError(
            "prove-metric",
            f"The metric '{metric.name}' has better = {metric.better!r}; it is 'high' or 'low'.",
            help="Write better = 'low' where smaller values are better, as of a loss, else better = 'high'.",
        )
    return metric if hasattr(metric, "values") and hasattr(metric, "smooth") else PlugInMetric(metric, purpose)  # pyright: ignore[reportReturnType]
