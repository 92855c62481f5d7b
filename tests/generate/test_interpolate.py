"""Interpolate: between near records of one class."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import RequestError, UsageError
from complement.core.request import Request
from complement.generate.interpolate import Interpolate


def test_numbers_lie_in_the_range_of_their_class(wine: Dataset) -> None:
    made = Interpolate().fit(wine, seed=1).generate(Request(1000), seed=2).records
    real_class, made_class = wine.column("cultivar").to_numpy(), made.column("cultivar").to_numpy()
    for column in wine.schema.columns:
        if column.numeric:
            for label in "ABC":
                real = wine.column(column.name).to_numpy()[real_class == label]
                met = made.column(column.name).to_numpy()[made_class == label]
                assert real.min() <= met.min()
                assert met.max() <= real.max()


def test_records_lie_on_a_line_between_two_near_real_ones(as_dataset: object) -> None:
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [100.0, 100.0], [100.0, 101.0]])
    table = pa.table({"x": corners[:, 0], "y": corners[:, 1], "t": ["a"] * 4})
    real: Dataset = as_dataset(table, {"t": "target"})  # pyright: ignore[reportCallIssue]
    free = real.with_schema(real.schema)
    made = Interpolate(neighbours=1).fit(free, seed=1).generate(Request(200), seed=2).records
    assert set(made.column("x").to_pylist()) == {0.0, 100.0}


def test_almost_nothing_is_a_copy(cancer: Dataset) -> None:
    made = Interpolate().fit(cancer, seed=1).generate(Request(500), seed=2).records
    known = {tuple(row.values()) for row in cancer.records.to_pylist()}
    assert np.mean([tuple(row.values()) in known for row in made.records.to_pylist()]) < 0.02


def test_classes_keep_their_share(cancer: Dataset) -> None:
    made = Interpolate().fit(cancer, seed=1).generate(Request(3000), seed=2).records
    assert abs(np.mean(made.column("benign").to_pylist()) - np.mean(cancer.column("benign").to_pylist())) < 0.03


def test_missing_is_kept_from_the_first_record(adult: Dataset) -> None:
    made = Interpolate().fit(adult, seed=1).generate(Request(2000), seed=2).records
    real = adult.column("workclass").null_count / adult.rows
    assert abs(made.column("workclass").null_count / 2000 - real) < 0.02


def test_a_class_with_a_single_record_is_never_copied(as_dataset: object) -> None:
    table = pa.table({"x": [0.0, 1.0, 2.0, 9.0], "t": ["a", "a", "a", "lonely"]})
    real: Dataset = as_dataset(table, {"t": "target"})  # pyright: ignore[reportCallIssue]
    fitted = Interpolate().fit(real, seed=1)
    assert set(fitted.generate(Request(100), seed=2).records.column("t").to_pylist()) == {"a"}
    with pytest.raises(RequestError) as met:
        fitted.generate(Request(5, where=Condition.parse("t = 'lonely'")), seed=2)
    assert met.value.code == "generate-unsupported"


@pytest.mark.parametrize("value", [0, 1.5, True])
def test_neighbours_that_are_no_positive_whole_number_are_refused(value: object) -> None:
    with pytest.raises(UsageError, match="neighbours"):
        Interpolate(neighbours=value)  # pyright: ignore[reportArgumentType]


def test_it_does_not_claim_to_be_private() -> None:
    assert "Not private" in (Interpolate.__doc__ or "")
