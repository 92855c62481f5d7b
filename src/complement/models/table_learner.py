"""What all table learners share: encoding, records of weight 0, training sets with one class, and the table of scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import ProveError, SchemaError
from complement.core.purpose import Purpose, Task
from complement.core.values import as_numbers
from complement.models.encoder import Encoder, Style, codes_of

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Lesson:
    """What a learner is taught: `matrix` (records, width), `target` (class numbers 0..classes-1, or values) and
    `weight` (records,), all > 0. `classes` counts those that occur, at least 2, and is 0 for regression."""

    task: Task
    matrix: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    classes: int
    seed: int


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves: `present` are the places in `purpose.classes` of the classes that training had;
    `model` is None when nothing but the constant prediction `constant` (classes,) or (1,) could be learnt."""

    encoder: Encoder
    task: Task
    classes: int
    present: np.ndarray
    constant: np.ndarray
    model: Any


@dataclass
class TableLearner(ABC):
    """A learner of the features' matrix. `fit` changes and returns this object, like scikit-learn's estimators.

    Records of weight 0, and records without a known target, are dropped before anything is learnt: settings such as
    `min_data_in_leaf` count records, not weight. A training set with one class, or without features, gives a
    constant: the class shares after one record of the mean weight was added to every class (Laplace), or the mean.
    """

    fitted: Fitted | None = field(default=None, init=False, repr=False, compare=False)

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in the catalogue, or the import path."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        return TASKS

    @property
    def deterministic(self) -> bool:
        """True when the seed has no effect: other seeds then need no further fits."""
        return True

    @property
    def weighted(self) -> bool:
        """False when weights are ignored; the trial then resamples records by weight."""
        return True

    @property
    def counts_records(self) -> bool:
        """True when a setting counts records whatever they weigh: more records of the same mass are then another model."""
        return True

    def regularised(self) -> TableLearner | None:
        """The same learner, not fitted, one step more regularised; None when no step is known."""
        return None

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        """Learn the purpose's target from the features.

        `weight`: shape (records,), >= 0; `train.weight` is not read. Raises ProveError for a task that does not fit
        ("prove-learner") and for a training set without any known target of positive weight ("prove-too-few").
        """
        self._check(train, purpose, weight)
        target, known = _target(train, purpose)
        keep = known & (weight > 0)
        if not keep.any():
            raise ProveError("prove-too-few", "No training record has a known target and a positive weight.")
        weight = np.where(keep, weight, 0.0)
        encoder = Encoder(self._style(purpose.task)).fit(train, weight)
        target, kept = target[keep], weight[keep]
        count = 0 if purpose.task == "regression" else len(purpose.classes)
        present = np.unique(target) if count else np.zeros(0, np.int64)
        constant = _constant(target, kept, count)
        model = None
        if encoder.width and (len(present) > 1 if count else np.ptp(target) > 0):
            matrix = encoder.transform(train)
            matrix = matrix if keep.all() else matrix[keep]
            local = np.searchsorted(present, target) if count else target
            model = self._learn(Lesson(purpose.task, matrix, local, kept, len(present), seed))
        self.fitted = Fitted(encoder, purpose.task, count, present, constant, model)
        return self

    def predict(self, records: Dataset) -> pa.Table:
        """One row per record with "score": binary, the probability of the positive class (float64); multiclass,
        a fixed-size list of probabilities in the order of `purpose.classes`, 0 for a class that training did not
        have; regression, the predicted value."""
        state = self.fitted
        if state is None:
            raise ProveError("prove-learner", f"{self!r} predicts before it was fitted.", help="Call fit first.")
        if state.model is None or not records.rows:  # some libraries refuse a matrix of 0 rows
            scores = np.tile(state.constant, (records.rows, 1))
        else:
            raw = self._scores(state.model, state.encoder.transform(records), state.task)
            scores = raw.reshape(records.rows, -1)
            if state.classes:
                scores = np.zeros((records.rows, state.classes))
                scores[:, state.present] = raw
        if state.task != "multiclass":
            return pa.table({"score": pa.array(scores[:, -1].copy(), pa.float64())})
        flat = pa.array(scores.ravel(), pa.float64())
        return pa.table({"score": pa.FixedSizeListArray.from_arrays(flat, state.classes)})

    @abstractmethod
    def _learn(self, lesson: Lesson) -> Any:
        """The fitted model."""

    @abstractmethod
    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        """Probabilities (records, classes that training had), or predicted values (records,)."""

    def _style(self, task: Task) -> Style:
        return "scaled"

    def _check(self, train: Dataset, purpose: Purpose, weight: np.ndarray) -> None:
        check_task(self.name, self.tasks, purpose.task)
        if len(weight) != train.rows or not np.isfinite(weight).all() or (len(weight) and weight.min() < 0):
            raise SchemaError("dataset-shape", f"{train.rows} records need as many weights, each finite and at least 0.")


def check_task(name: str, tasks: Sequence[str], task: str) -> None:
    """Raises ProveError "prove-learner" when a learner of these tasks is asked for another."""
    if task not in tasks:
        fits = {"logistic": "linear", "linear": "logistic"}.get(name, "lightgbm")
        raise ProveError(
            "prove-learner",
            f"The learner '{name}' does not fit the task '{task}'; it fits {', '.join(tasks)}.",
            help=f"Use '{fits}', or another of lightgbm, tree, mlp.",
        )


def target_array(column: pa.ChunkedArray, purpose: Purpose) -> np.ndarray:
    """A target column as numbers, shape (records,): the place in `purpose.classes` (int64; -1 when missing, -2 when
    not among them), or for regression the value (float64, NaN when missing)."""
    return as_numbers(column) if purpose.task == "regression" else codes_of(column, purpose.classes)


def _target(train: Dataset, purpose: Purpose) -> tuple[np.ndarray, np.ndarray]:
    target = target_array(train.column(purpose.target), purpose)
    return target, np.isfinite(target) if purpose.task == "regression" else target >= 0


def _constant(target: np.ndarray, weight: np.ndarray, classes: int) -> np.ndarray:
    if not classes:
        return np.array([np.average(target, weights=weight)])
    mass = np.bincount(target, weights=weight, minlength=classes) + weight.mean()
    return mass / mass.sum()
