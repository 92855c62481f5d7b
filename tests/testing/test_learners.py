"""Each check of learners is planted with a fault and must catch it; an honest learner passes them all."""

from __future__ import annotations

from typing import Self

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import PluginError
from complement.core.purpose import Purpose, Task
from complement.testing import check_learner

ALL = [
    "it meets the Protocol",
    "one row of scores per record",
    "scores are finite, probabilities lie in [0, 1]",
    "same data and seed give the same predictions",
    "the training records are not modified",
    "predict does not read the target",
    "predict does not need the target",
    "records are predicted one by one",
    "it learns what is there to learn",
    "weights are honoured",
    "unseen categories and missing values survive",
    "no records in, no rows out",
    "a class absent from training keeps its place",
    "the regularised learner is a learner",
]
TASKS: list[Task] = ["binary", "multiclass", "regression"]


class Ridge:
    """Weighted ridge regression on amount and city: one number per class (clipped, normalised) or the value."""

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        self.purpose = purpose
        wanted = train.column(purpose.target).to_pylist()
        if purpose.task == "regression":
            outputs = np.array(wanted, float)[:, None]
        else:
            outputs = np.array([[float(value == name) for name in purpose.classes] for value in wanted])
        design = self.encode(train)
        left = design.T @ (design * weight[:, None]) + self.ridge * np.eye(design.shape[1])
        self.coefficients = np.linalg.solve(left, design.T @ (outputs * weight[:, None]))
        return self

    def encode(self, records: Dataset) -> np.ndarray:
        amount = np.array([np.log(value) if value else 3.0 for value in records.column("amount").to_pylist()])
        city = [value == "Rome" for value in records.column("city").to_pylist()]
        return np.column_stack([np.ones(records.rows), amount.reshape(records.rows), np.array(city, float)])

    def predict(self, records: Dataset) -> pa.Table:
        outputs = self.encode(records) @ self.coefficients
        if self.purpose.task == "regression":
            return pa.table({"score": outputs[:, 0]})
        share = np.clip(outputs, 1e-6, 1.0)
        share = share / share.sum(axis=1, keepdims=True)
        if self.purpose.task == "binary":
            return pa.table({"score": share[:, 1]})
        return pa.table({"score": pa.array(share.tolist(), pa.list_(pa.float64()))})

    def regularised(self) -> Ridge:
        return type(self)(self.ridge * 10)


def scores(predictions: pa.Table) -> np.ndarray:
    return np.array(predictions.column("score").to_pylist(), float)


class NoPredict:
    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        return self


class WrongColumn(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        return super().predict(records).rename_columns(["probability"])


class DropsARow(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        return super().predict(records).slice(1)


class Logits(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        return pa.table({"score": 3 * scores(super().predict(records))})


class Wandering(Ridge):
    stream = np.random.default_rng(0)

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        super().fit(train, purpose, weight=weight, seed=seed)
        self.coefficients = self.coefficients + 1e-3 * self.stream.standard_normal(self.coefficients.shape)
        return self


class Scribbler(Ridge):
    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        super().fit(train, purpose, weight=weight, seed=seed)
        object.__setattr__(train, "weight", np.full(train.rows, 0.5))  # the array itself cannot be written to
        return self


class Peeks(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        right = [value == self.purpose.positive for value in records.column(self.purpose.target).to_pylist()]
        return pa.table({"score": 0.5 * scores(super().predict(records)) + 0.5 * np.array(right, float)})


class NeedsTarget(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        records.column(self.purpose.target)
        return super().predict(records)


class RanksTheBatch(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        made = scores(super().predict(records))
        return pa.table({"score": np.argsort(np.argsort(made)) / max(1, len(made))})


class Inverted(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        return pa.table({"score": 1 - scores(super().predict(records))})


class IgnoresWeights(Ridge):
    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        # The first records count a little more, so that it learns at all from records and their opposites.
        return super().fit(train, purpose, weight=np.linspace(1.0, 0.5, train.rows), seed=seed)


class SaysSo(IgnoresWeights):
    weighted = False


class KnownCitiesOnly(Ridge):
    def encode(self, records: Dataset) -> np.ndarray:
        for value in records.column("city").to_pylist():
            if value not in ("Bergen", "Lima", "Oslo", "Rome", None):
                raise KeyError(value)
        return super().encode(records)


class NotANumber(Ridge):
    def encode(self, records: Dataset) -> np.ndarray:
        design = super().encode(records)
        if records.column("amount").null_count == records.rows:
            design[:, 1] = np.nan
        return design


class AlwaysARow(Ridge):
    def predict(self, records: Dataset) -> pa.Table:
        return super().predict(records) if records.rows else pa.table({"score": [0.5]})


class OwnClasses(Ridge):
    """Gives as many probabilities as it met classes: the places move when one is absent."""

    def predict(self, records: Dataset) -> pa.Table:
        made = np.array(super().predict(records).column("score").to_pylist(), float).reshape(
            records.rows, len(self.purpose.classes)
        )
        made = made[:, np.abs(self.coefficients).sum(axis=0) > 1e-9]
        return pa.table({"score": pa.array((made / made.sum(axis=1, keepdims=True)).tolist(), pa.list_(pa.float64()))})


class NoTwin(Ridge):
    def regularised(self) -> Ridge:
        return None  # type: ignore[return-value]


FAULTS: list[tuple[type, Task, str]] = [
    (NoPredict, "binary", "it meets the Protocol"),
    (WrongColumn, "binary", "one row of scores per record"),
    (DropsARow, "regression", "one row of scores per record"),
    (Logits, "binary", "scores are finite, probabilities lie in [0, 1]"),
    (Wandering, "regression", "same data and seed give the same predictions"),
    (Scribbler, "binary", "the training records are not modified"),
    (Peeks, "binary", "predict does not read the target"),
    (NeedsTarget, "regression", "predict does not need the target"),
    (RanksTheBatch, "binary", "records are predicted one by one"),
    (Inverted, "binary", "it learns what is there to learn"),
    (IgnoresWeights, "binary", "weights are honoured"),
    (KnownCitiesOnly, "multiclass", "unseen categories and missing values survive"),
    (NotANumber, "regression", "unseen categories and missing values survive"),
    (AlwaysARow, "binary", "no records in, no rows out"),
    (OwnClasses, "multiclass", "a class absent from training keeps its place"),
    (NoTwin, "binary", "the regularised learner is a learner"),
]


@pytest.mark.parametrize("task", TASKS)
def test_an_honest_learner_passes_every_check(task: Task) -> None:
    skipped = {"a class absent from training keeps its place"} if task == "regression" else set()
    assert check_learner(Ridge, task=task) == [name for name in ALL if name not in skipped]


@pytest.mark.parametrize(("make", "task", "check"), FAULTS, ids=[make.__name__ for make, _, _ in FAULTS])
def test_a_planted_fault_is_caught_by_its_check(make: type, task: Task, check: str) -> None:
    with pytest.raises(PluginError, match="fails the check") as caught:
        check_learner(make, task=task)
    assert f"'{check}'" in caught.value.met


def test_every_check_has_a_planted_fault() -> None:
    assert {check for _, _, check in FAULTS} == set(ALL)


def test_a_learner_that_says_it_ignores_weights_is_not_asked_for_them() -> None:
    assert "weights are honoured" not in check_learner(SaysSo)
