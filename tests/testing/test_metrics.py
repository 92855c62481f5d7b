"""Each check of metrics is planted with a fault and must catch it; honest metrics pass them all."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import PluginError
from complement.core.purpose import Purpose
from complement.testing import check_metric

ALL = [
    "it meets the Protocol",
    "its score is a finite number",
    "perfect predictions are best",
    "the order of records does not matter",
    "a record of weight 0 does not count",
    "only the ratios of weights matter",
    "influence has the mean 0",
    "influence is the derivative by a record's weight",
]


class Brier:
    """Mean squared distance between the probability and the truth: its influence is the distance, centred."""

    name, better, tasks, margin = "brier", "low", ("binary",), 0.01

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose

    def losses(self, truth: Dataset, predictions: pa.Table) -> np.ndarray:
        right = np.array([value == self.purpose.positive for value in truth.column(self.purpose.target).to_pylist()])
        return (predictions.column("score").to_numpy() - right) ** 2

    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        return float(np.average(self.losses(truth, predictions), weights=weight))

    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        losses = self.losses(truth, predictions)
        return losses - np.average(losses, weights=weight)


class NoMargin:
    name, better, tasks = "nothing", "low", ("binary",)

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose


class OtherTask(Brier):
    tasks = ("regression",)


class NotFinite(Brier):
    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        return float("nan")


class Reversed(Brier):
    better = "high"


class Ordered(Brier):
    def losses(self, truth: Dataset, predictions: pa.Table) -> np.ndarray:
        return super().losses(truth, predictions) * np.linspace(0.0, 1.0, truth.rows)


class Unweighted(Brier):
    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        return super().score(truth, predictions, weight=np.ones_like(weight))


class Total(Brier):
    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float:
        return float((self.losses(truth, predictions) * weight).sum())


class Uncentred(Brier):
    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        return self.losses(truth, predictions)


class HalfAsLarge(Brier):
    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        whole = super().influence(truth, predictions, weight=weight)
        return None if whole is None else whole / 2


class NotSmooth(Brier):
    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        return None


FAULTS = [
    (NoMargin, "it meets the Protocol"),
    (OtherTask, "it meets the Protocol"),
    (NotFinite, "its score is a finite number"),
    (Reversed, "perfect predictions are best"),
    (Ordered, "the order of records does not matter"),
    (Unweighted, "a record of weight 0 does not count"),
    (Total, "only the ratios of weights matter"),
    (Uncentred, "influence has the mean 0"),
    (HalfAsLarge, "influence is the derivative by a record's weight"),
]


def test_an_honest_metric_passes_every_check() -> None:
    assert check_metric(Brier) == ALL


@pytest.mark.parametrize(("make", "check"), FAULTS, ids=[make.__name__ for make, _ in FAULTS])
def test_a_planted_fault_is_caught_by_its_check(make: type, check: str) -> None:
    with pytest.raises(PluginError, match="fails the check") as caught:
        check_metric(make)
    assert f"'{check}'" in caught.value.met


def test_every_check_has_a_planted_fault() -> None:
    assert {check for _, check in FAULTS} == set(ALL)


def test_a_metric_without_influence_leaves_its_two_checks_out() -> None:
    assert check_metric(NotSmooth) == ALL[:6]
