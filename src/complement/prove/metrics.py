"""Metrics: numbers by which predictions are judged, with the influence of each record where there is one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Purpose
from complement.models.table_learner import target_array
from complement.prove import metric_ranks as ranks

CLASSES = ("binary", "multiclass")
BINS = 10  # equal-mass bins of the calibration error (the design's guard)
FLOOR = float(np.finfo(float).eps)  # probabilities are clipped to [FLOOR, 1 - FLOOR] in the log, as in scikit-learn


def truth_array(truth: Dataset, purpose: Purpose) -> np.ndarray:
    """The target of each record, shape (records,): its place in `purpose.classes` (int64), or its value (float64).

    A target that is missing or not among the classes is negative (regression: NaN); metrics leave such records out.
    """
    return target_array(truth.column(purpose.target), purpose)


def score_array(predictions: pa.Table) -> np.ndarray:
    """The column "score" as float64, shape (records,), or (records, classes) for lists.

    Raises ProveError when the column is absent, ragged, or holds values that are missing or not finite.
    """
    if "score" not in predictions.column_names:
        raise ProveError("prove-learner", f"Predictions have the columns {predictions.column_names}, not 'score'.")
    column = predictions.column("score")
    scores = np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type):
        lengths = {-1 if row is None else len(row) for row in scores}
        if len(lengths) > 1 or -1 in lengths:
            raise ProveError("prove-learner", "Predicted lists of probabilities are missing or differ in length.")
        scores = np.stack(list(scores)) if len(scores) else np.zeros((0, 0))
    scores = scores.astype(float)
    if not np.isfinite(scores).all():
        raise ProveError("prove-learner", f"{int((~np.isfinite(scores)).sum())} predicted scores are not finite numbers.")
    return scores


class ArrayMetric(ABC):
    """A metric that works on arrays: `y` from `truth_array`, `score` from `score_array`, `weight` (records,) >= 0.

    `margin` is the smallest change that matters; where `relative` is True it is a share of the baseline's value.
    Influence values psi (records,) are such that sum_i w_i psi_i = 0, and that for other weights w' near w
    M(w') - M(w) ~ sum_i (w'_i - w_i) psi_i / sum_i w_i. Where the metric is undefined (no weight; for a rank metric
    a single class; for R2 a constant target) its value is NaN and its influence zero. Raises ProveError "prove-metric" for
    a task that the metric does not fit.
    """

    name: ClassVar[str]
    better: ClassVar[str] = "high"
    tasks: ClassVar[tuple[str, ...]] = CLASSES
    relative: ClassVar[bool] = False
    smooth: ClassVar[bool] = True
    by_class: ClassVar[bool] = False  # whether it compares the classes, so that the rarest one's number is what counts
    margin: float = 0.01  # of all but AUROC; the default margins are the design's ("The verdict", Definitions)

    def __init__(self, purpose: Purpose) -> None:
        if purpose.task not in self.tasks:
            raise ProveError(
                "prove-metric",
                f"The metric '{self.name}' does not fit the task '{purpose.task}'; it fits {', '.join(self.tasks)}.",
                help="Use rmse, mae or r2." if purpose.task == "regression" else "Use auroc, auprc, log_loss or accuracy.",
            )
        self.purpose = purpose

    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        """The metric of these predictions; `truth` has the target, one record per row of `predictions`."""
        return self.values(truth_array(truth, self.purpose), score_array(predictions), weight)

    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        """Influence values, shape (records,); None when the metric is not smooth enough."""
        return self.influences(truth_array(truth, self.purpose), score_array(predictions), weight)

    def values(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        """The metric; records without a known target are left out."""
        known = self._known(y, score, weight)
        y, score, weight = y[known], score[known], np.asarray(weight, float)[known]
        return float(self._value(y, score, weight)) if weight.sum() > 0 else math.nan

    def by_weight(self, y: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], float]:
        """The metric of these predictions as a function of the weights: what does not depend on them is done once."""
        known = self._known(y, score, np.ones(len(y)))
        inner = self._by_weight(y[known], score[known])
        return lambda weight: inner(weight[known]) if weight[known].sum() > 0 else math.nan

    def _by_weight(self, y: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], float]:
        return lambda weight: float(self._value(y, score, weight))

    def influences(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
        """Influence values, shape (records,), 0 for records without a known target; None where not smooth."""
        if not self.smooth:
            return None
        known = self._known(y, score, weight)
        found = np.zeros(len(y))
        mass = np.asarray(weight, float)[known]
        if mass.sum() > 0:
            found[known] = self._influence(y[known], score[known], mass)
        return found

    def _known(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        want = (len(y), len(self.purpose.classes)) if self.purpose.task == "multiclass" else (len(y),)
        if score.shape != want or len(weight) != len(y):
            raise ProveError(
                "prove-metric", f"{len(y)} records need scores of shape {want}; met {score.shape} and {len(weight)} weights."
            )
        return np.isfinite(y) if self.purpose.task == "regression" else y >= 0

    @abstractmethod
    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float: ...

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.zeros(len(y))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.purpose.task}, margin={self.margin:g})"


class _MeanMetric(ArrayMetric):
    """A weighted mean of one number per record; the influence is that number less the mean."""

    @abstractmethod
    def _each(self, y: np.ndarray, score: np.ndarray) -> np.ndarray: ...

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return float(np.average(self._each(y, score), weights=weight))

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        each = self._each(y, score)
        return each - np.average(each, weights=weight)


class _RankMetric(ArrayMetric):
    """A rank metric of the positive class; for several classes the mean of one-vs-rest over the classes for which
    it is defined, which are those that occur among the records, unless only one does."""

    by_class = True

    @abstractmethod
    def _one(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float: ...

    @abstractmethod
    def _one_influence(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray: ...

    def _sides(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        pairs = [(y == 1, score)] if score.ndim == 1 else [(y == k, score[:, k]) for k in range(score.shape[1])]
        return [(side, of) for side, of in pairs if weight[side].sum() > 0 and weight[~side].sum() > 0]

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        found = [self._one(side, of, weight) for side, of in self._sides(y, score, weight)]
        return float(np.mean(found)) if found else math.nan

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        found = [self._one_influence(side, of, weight) for side, of in self._sides(y, score, weight)]
        return np.mean(found, axis=0) if found else np.zeros(len(y))


class Auroc(_RankMetric):
    """Area under the ROC curve; several classes: one-vs-rest, mean over classes. Influence: DeLong et al. (1988)."""

    name = "auroc"
    margin = 0.005

    def _one(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return ranks.auroc(positive, score, weight)

    def _one_influence(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return ranks.auroc_influence(positive, score, weight)


class Auprc(_RankMetric):
    """Area under the precision-recall curve as average precision; influence: infinitesimal jackknife."""

    name = "auprc"

    def _one(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return ranks.average_precision(positive, score, weight)

    def _one_influence(self, positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return ranks.average_precision_influence(positive, score, weight)


class LogLoss(_MeanMetric):
    """Mean negative natural logarithm of the true class's probability. The margin is relative."""

    name = "log_loss"
    better = "low"
    relative = True

    def _each(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        chosen = np.where(y == 1, score, 1 - score) if score.ndim == 1 else score[np.arange(len(y)), y]
        return -np.log(np.clip(chosen, FLOOR, 1 - FLOOR))


class Brier(_MeanMetric):
    """Mean squared error of the probability; several classes: summed over classes (Brier 1950). Relative margin."""

    name = "brier"
    better = "low"
    relative = True

    def _each(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        if score.ndim == 1:
            return (score - (y == 1)) ** 2
        return ((score - (y[:, None] == np.arange(score.shape[1]))) ** 2).sum(axis=1)


class Ece(ArrayMetric):
    """Expected calibration error over 10 bins of equal mass; several classes: of the top label's confidence.

    A record's bin is its weighted midrank among the scores, so that tied scores share a bin whatever their order.
    """

    name = "ece"
    better = "low"
    smooth = False

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return self._by_weight(y, score)(weight)

    def _by_weight(self, y: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], float]:
        confidence = score if score.ndim == 1 else score.max(axis=1)
        hit = y == 1 if score.ndim == 1 else score.argmax(axis=1) == y
        distinct, group = np.unique(confidence, return_inverse=True)
        group = group.reshape(-1)

        def value(weight: np.ndarray) -> float:
            mass = np.bincount(group, weights=weight, minlength=len(distinct))
            lost = np.bincount(group, weights=weight * (hit - confidence), minlength=len(distinct))
            middle = (np.cumsum(mass) - mass / 2) / mass.sum()
            place = np.minimum((middle * BINS).astype(int), BINS - 1)
            return float(np.abs(np.bincount(place, weights=lost, minlength=BINS)).sum() / weight.sum())

        return value


class RecallAtPrecision(ArrayMetric):
    """The largest recall at a precision of at least `purpose.min_precision`; 0 when no threshold reaches it."""

    name = "recall_at_precision"
    tasks = ("binary",)
    smooth = False

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return self._by_weight(y, score)(weight)

    def _by_weight(self, y: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], float]:
        return ranks.recall_at(y == 1, score, precision=self.purpose.min_precision)


def _predicted(score: np.ndarray, threshold: float) -> np.ndarray:
    return (score >= threshold).astype(int) if score.ndim == 1 else score.argmax(axis=1)


class Accuracy(_MeanMetric):
    """Share of records whose predicted class is the true one: binary, positive from `threshold` on; else argmax."""

    name = "accuracy"

    def __init__(self, purpose: Purpose, *, threshold: float = 0.5) -> None:
        super().__init__(purpose)
        self.threshold = threshold

    def _each(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return (_predicted(score, self.threshold) == y).astype(float)


class MacroF1(ArrayMetric):
    """Mean F1 over the classes that occur in truth or prediction; binary, positive from `threshold` on; else argmax.

    Influence by the delta method: F1 = 2 TP / (predicted + true), all three sums of weights.
    """

    name = "macro_f1"

    def __init__(self, purpose: Purpose, *, threshold: float = 0.5) -> None:
        super().__init__(purpose)
        self.threshold = threshold

    def _per_class(self, y: np.ndarray, guess: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F1 and predicted + true weight per class, shape (classes,)."""
        count = len(self.purpose.classes)
        hits = np.bincount(y, weights=weight * (guess == y), minlength=count)
        both = np.bincount(y, weights=weight, minlength=count) + np.bincount(guess, weights=weight, minlength=count)
        return np.divide(2 * hits, both, out=np.zeros(count), where=both > 0), both

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        f1, both = self._per_class(y, _predicted(score, self.threshold), weight)
        return float(f1[both > 0].mean())

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        guess = _predicted(score, self.threshold)
        f1, both = self._per_class(y, guess, weight)
        share = np.divide(weight.sum(), both, out=np.zeros(len(both)), where=both > 0) / (both > 0).sum()
        lost = f1 * share
        return 2 * (guess == y) * share[y] - lost[y] - lost[guess]


class _ErrorMetric(ArrayMetric):
    better = "low"
    tasks = ("regression",)

    def __init__(self, purpose: Purpose) -> None:
        super().__init__(purpose)
        self.margin = 0.01 * purpose.target_sd


class Rmse(_ErrorMetric):
    """Root mean squared error, in the target's unit; influence by the delta method."""

    name = "rmse"

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        return float(np.sqrt(np.average((y - score) ** 2, weights=weight)))

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        value = self._value(y, score, weight)
        return ((y - score) ** 2 - value**2) / (2 * value) if value > 0 else np.zeros(len(y))


class Mae(_ErrorMetric, _MeanMetric):
    """Mean absolute error, in the target's unit."""

    name = "mae"

    def _each(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.abs(y - score)


class R2(ArrayMetric):
    """One minus the squared error over that of the weighted mean; influence by the delta method."""

    name = "r2"
    tasks = ("regression",)

    def _parts(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
        error = (y - score) ** 2
        spread = (y - np.average(y, weights=weight)) ** 2
        return error, spread, float((weight * error).sum()), float((weight * spread).sum())

    def _value(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
        _, _, left, whole = self._parts(y, score, weight)
        return 1 - left / whole if whole > 0 else math.nan

    def _influence(self, y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        error, spread, left, whole = self._parts(y, score, weight)
        return -weight.sum() * (error / whole - left * spread / whole**2) if whole > 0 else np.zeros(len(y))
