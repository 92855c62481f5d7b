"""What may be learnt of real records, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.schema import Column, Key, Schema
from complement.generate.records import prepare


@pytest.mark.parametrize("kind", ["text", "image", "other"])
def test_what_cannot_be_made_is_refused_with_the_column_and_the_way_out(kind: str, as_dataset: object) -> None:
    table = pa.table({"x": [1, 2, 3], "note": ["one", "two", "three"]})
    real: Dataset = as_dataset(table, kinds={"note": kind})  # pyright: ignore[reportCallIssue]
    with pytest.raises(GenerateError) as met:
        prepare(real, generator="trees")
    assert met.value.code == "generate-unsupported"
    assert "'note'" in met.value.met
    assert "role ignore" in met.value.help
    ignored = real.with_schema(real.schema.assign(note="ignore"))
    assert prepare(ignored, generator="trees").table.column_names == ["x"]


def test_several_tables_are_refused() -> None:
    schema = Schema({"a": (Column("id", "integer"),), "b": (Column("id", "integer"),)}, (Key("a", "id", "b", "id"),), "a")
    real = Dataset.of({"a": pa.table({"id": [1, 2]}), "b": pa.table({"id": [1, 1]})}, schema)
    with pytest.raises(GenerateError, match="bootstrap"):
        prepare(real, generator="trees")


def test_nothing_left_to_learn_is_refused(as_dataset: object) -> None:
    real: Dataset = as_dataset(pa.table({"id": [1, 2, 3]}), {"id": "identifier"})  # pyright: ignore[reportCallIssue]
    with pytest.raises(GenerateError, match="No column is left"):
        prepare(real, generator="trees")


def test_records_of_weight_zero_are_set_aside(wine: Dataset) -> None:
    weight = np.where(np.arange(wine.rows) < 50, 2.0, 0.0)
    training = prepare(wine.weighted(weight), generator="trees")
    assert training.rows == 50
    assert training.even
    assert np.array_equal(training.weight, np.ones(50))
    assert np.array_equal(training.places, np.arange(50))
