"""Purpose: what the data are for. Target, metric, learner, margin, and the slices that must not be harmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from complement.core.condition import Condition

Task = Literal["binary", "multiclass", "regression"]

METRIC_NAMES: Mapping[str, str] = {  # as people write them; a metric that is not here is shown by its own name
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "accuracy": "accuracy",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "recall_at_precision": "recall at fixed precision",
    "macro_f1": "macro-F1",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
}
METRIC_RANGES: Mapping[str, tuple[float, float]] = {  # what a metric can be at least and at most
    **dict.fromkeys(("auroc", "auprc", "accuracy", "macro_f1", "recall_at_precision", "brier", "ece"), (0.0, 1.0)),
    **dict.fromkeys(("log_loss", "rmse", "mae"), (0.0, inf)),
    "r2": (-inf, 1.0),
}


@dataclass(frozen=True)
class Slice:
    """A named part of the records, such as `fraud` = `Class = 1`."""

    name: str
    where: Condition


@dataclass(frozen=True)
class Purpose:
    """What a model is trained for, and by what it is judged.

    `classes` are the target's values as text, sorted, the positive one last for a binary task; empty for
    regression. `metric` is confirmatory; every metric of `guard_metrics` must not be harmed. `margin` is the
    smallest change of the metric that matters, in its own unit (None: the metric's default). `primary` is the
    slice in which the metric is confirmatory; the whole then becomes a guard. `target_sd` (regression) scales
    the default margins of RMSE and MAE.
    """

    target: str
    task: Task
    classes: tuple[str, ...] = ()
    metric: str = "auroc"
    guard_metrics: tuple[str, ...] = ()
    learners: tuple[str, ...] = ("lightgbm",)
    margin: float | None = None
    primary: Slice | None = None
    slices: tuple[Slice, ...] = ()
    min_precision: float = 0.9
    target_sd: float = 1.0
    alpha: float = 0.05

    @property
    def positive(self) -> str:
        """The positive class of a binary task: the one that the score is the probability of."""
        return self.classes[-1]
