"""Shuffle: margins and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.request import Request
from complement.generate.shuffle import Shuffle


def test_as_many_rows_as_real_ones_have_exactly_the_real_margins(adult: Dataset) -> None:
    made = Shuffle().fit(adult, seed=1).generate(Request(adult.rows), seed=2).records
    for name in ("age", "fnlwgt", "occupation"):
        real = sorted(map(str, adult.column(name).to_pylist()))
        assert sorted(map(str, made.column(name).to_pylist())) == real


def test_correlation_is_gone(diabetes: Dataset) -> None:
    made = Shuffle().fit(diabetes, seed=1).generate(Request(4000), seed=2).records
    assert np.corrcoef(diabetes.column("s1").to_numpy(), diabetes.column("s2").to_numpy())[0, 1] > 0.8
    assert abs(np.corrcoef(made.column("s1").to_numpy(), made.column("s2").to_numpy())[0, 1]) < 0.08


def test_columns_outside_a_condition_do_not_follow_it(adult: Dataset) -> None:
    rich = Condition.parse("income = '>50K'")
    made = Shuffle().fit(adult, seed=1).generate(Request(4000, where=rich), seed=2).records
    ages = adult.column("age").to_numpy()
    assert abs(made.column("age").to_numpy().mean() - ages.mean()) < 0.08 * ages.std()


def test_a_condition_that_only_chance_meets_is_answered_short_with_the_reason(as_dataset: object) -> None:
    numbers = np.arange(5000)
    real: Dataset = as_dataset(pa.table({"a": numbers, "b": numbers}))  # pyright: ignore[reportCallIssue]
    where = Condition.parse("(a = 1 and b = 1) or (a = 2 and b = 2)")
    answer = Shuffle().fit(real, seed=1).generate(Request(30, where=where), seed=2)
    assert answer.records.rows < 30
    assert answer.failures[0].rows == 30 - answer.records.rows
    assert str(where) in answer.failures[0].reason
    assert answer.spent.drawn == 200 * 30


def test_weights_move_the_margins(wine: Dataset) -> None:
    heavy = np.array(wine.column("cultivar").to_numpy() == "B")
    made = Shuffle().fit(wine.weighted(np.where(heavy, 20.0, 1.0)), seed=1).generate(Request(2000), seed=2).records
    expected = 20 * heavy.sum() / (20 * heavy.sum() + (~heavy).sum())
    assert abs(np.mean(made.column("cultivar").to_numpy() == "B") - expected) < 0.04
