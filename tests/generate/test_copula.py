"""Gaussian copula: margins and correlations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.request import Request
from complement.generate.copula import GaussianCopula


def _share(records: Dataset, name: str, value: object) -> float:
    return float(np.mean([met == value for met in records.column(name).to_pylist()]))


def test_correlations_of_numbers_are_kept(diabetes: Dataset) -> None:
    made = GaussianCopula().fit(diabetes, seed=1).generate(Request(5000), seed=2).records
    names = ["bmi", "bp", "s1", "s2", "progression"]
    real = np.corrcoef([diabetes.column(name).to_numpy() for name in names])
    assert np.abs(np.corrcoef([made.column(name).to_numpy() for name in names]) - real).max() < 0.12


def test_margins_of_all_kinds_are_kept(adult: Dataset) -> None:
    made = GaussianCopula().fit(adult, seed=1).generate(Request(10_000), seed=2).records
    for name, value in (("capital_gain", 0), ("workclass", None), ("sex", "Female"), ("income", ">50K"), ("race", "White")):
        assert abs(_share(made, name, value) - _share(adult, name, value)) < 0.015
    age = adult.column("age").to_numpy()
    assert abs(made.column("age").to_numpy().mean() - age.mean()) < 0.05 * age.std()


def test_the_rest_follows_the_condition(diabetes: Dataset) -> None:
    condition = Condition.parse("bmi > 30")
    fitted = GaussianCopula().fit(diabetes, seed=1)
    made = fitted.generate(Request(3000, where=condition), seed=2).records.column("progression").to_numpy()
    whole = fitted.generate(Request(3000), seed=2).records.column("progression").to_numpy()
    real = diabetes.column("progression").to_numpy()[condition.mask(diabetes.records)]
    assert made.mean() > whole.mean() + 0.4 * real.std()
    assert abs(made.mean() - real.mean()) < 0.3 * real.std()


def test_perfectly_dependent_columns_are_no_obstacle(as_dataset: object) -> None:
    numbers = np.arange(50.0)
    table = pa.table({"a": numbers, "b": 2 * numbers, "c": -numbers, "d": np.ones(50)})
    real: Dataset = as_dataset(table)  # pyright: ignore[reportCallIssue]
    made = GaussianCopula(shrinkage=0.0).fit(real, seed=1).generate(Request(200), seed=2).records
    assert np.corrcoef(made.column("a").to_numpy(), made.column("b").to_numpy())[0, 1] > 0.95


def test_full_shrinkage_is_independence(diabetes: Dataset) -> None:
    made = GaussianCopula(shrinkage=1).fit(diabetes, seed=1).generate(Request(4000), seed=2).records
    assert abs(np.corrcoef(made.column("s1").to_numpy(), made.column("s2").to_numpy())[0, 1]) < 0.06


@pytest.mark.parametrize("value", [-0.1, 1.5, True, "none"])
def test_a_shrinkage_outside_0_to_1_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="shrinkage"):
        GaussianCopula(shrinkage=value)  # pyright: ignore[reportArgumentType]
