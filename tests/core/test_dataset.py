"""Dataset: shapes agree, rows travel with their weight, lineage and descendants, and Arrow goes in and out."""

from __future__ import annotations

import pickle
from copy import deepcopy

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core import lineage
from complement.core.dataset import Dataset
from complement.core.errors import SchemaError
from complement.core.schema import Column, Key, Schema

SCHEMA = Schema({"records": (Column("age", "integer"), Column("town", "category"))})


def small(rows: int = 3) -> Dataset:
    return Dataset.of(pa.table({"age": list(range(rows)), "town": ["Rome", "Oslo", "Rome"][:rows]}), SCHEMA)


def family() -> Dataset:
    tables = {
        "patients": pa.table({"id": [1, 2, 3]}),
        "stays": pa.table({"id": [1, 1, 3], "stay": [10, 11, 12]}),
        "tests": pa.table({"stay": [10, 12, 12], "code": [7, 7, 8]}),
        "codes": pa.table({"word": ["x", "y"]}),
    }
    columns = {name: tuple(Column(c, "integer") for c in table.column_names) for name, table in tables.items()}
    keys = (Key("patients", "id", "stays", "id"), Key("stays", "stay", "tests", "stay"))
    return Dataset.of(tables, Schema(columns, keys, root="patients"))


def test_real_records_weigh_one_and_are_numbered() -> None:
    data = small()
    assert data.weight.tolist() == [1, 1, 1]
    assert data.lineage.column("record").to_pylist() == ["r0", "r1", "r2"]
    assert not data.synthetic.any()
    assert len(data) == data.rows == 3


def test_names_and_order_must_be_those_of_the_schema() -> None:
    with pytest.raises(SchemaError, match="order of columns"):
        Dataset.of(pa.table({"town": ["Rome"], "age": [1]}), SCHEMA)
    with pytest.raises(SchemaError, match="town"):
        Dataset.of(pa.table({"age": [1]}), SCHEMA)
    with pytest.raises(SchemaError, match="Tables"):
        Dataset.of({"other": pa.table({"age": [1]})}, SCHEMA)


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0, 1.0], [1.0, np.nan, 1.0], [np.inf, 1.0, 1.0]])
def test_weights_must_be_finite_not_negative_and_one_per_record(weight: list[float]) -> None:
    with pytest.raises(SchemaError, match=r"weight"):
        small().weighted(np.array(weight))


def test_weights_cannot_be_written_to_and_are_no_ones_own_array() -> None:
    given = np.array([1.0, 2.0, 3.0])
    data = small().weighted(given)
    given[:] = 9
    assert data.weight.tolist() == [1, 2, 3]
    for one in (data, data.take(np.array([0, 2])), data.concat(data), pickle.loads(pickle.dumps(data)), deepcopy(data)):
        with pytest.raises(ValueError, match="read-only"):
            one.weight[:] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            one.weight.flags.writeable = True


def test_an_unknown_column_offers_the_nearest() -> None:
    with pytest.raises(SchemaError, match="Did you mean 'town'"):
        small().column("twon")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=6))
def test_taken_rows_keep_weight_and_lineage(rows: list[int]) -> None:
    data = small().weighted(np.array([0.0, 1.0, 2.0]))
    taken = data.take(np.array(rows, int))
    assert taken.column("age").to_pylist() == rows
    assert taken.weight.tolist() == [float(row) for row in rows]
    assert taken.lineage.column("record").to_pylist() == [f"r{row}" for row in rows]


def test_a_mask_takes_the_rows_under_it() -> None:
    assert small().take(np.array([True, False, True])).column("age").to_pylist() == [0, 2]


def test_descendants_come_along_and_shared_tables_stay_whole() -> None:
    taken = family().take(np.array([2]))
    assert taken.tables["stays"].column("stay").to_pylist() == [12]
    assert taken.tables["tests"].column("code").to_pylist() == [7, 8]
    assert taken.tables["codes"].num_rows == 2


def test_roots_with_keys_cannot_be_repeated() -> None:
    with pytest.raises(SchemaError, match="repeated"):
        family().take(np.array([0, 0]))


def test_concat_adds_rows_weights_and_lineage() -> None:
    made = Dataset.of(
        pa.table({"age": pa.array([9], pa.int32()), "town": ["Bonn"]}),
        SCHEMA,
        weight=np.array([0.5]),
        lineage=lineage.of_synthetic(1, generator="forest", request="all", seed=4, depth=2),
    )
    both = small().concat(made)
    assert both.column("age").to_pylist() == [0, 1, 2, 9]
    assert both.weight.tolist() == [1, 1, 1, 0.5]
    assert both.synthetic.tolist() == [False, False, False, True]
    assert lineage.depth_of(both.lineage) == 2


def test_arrow_pandas_and_polars_take_a_dataset() -> None:
    polars = pytest.importorskip("polars")
    data = small()
    assert pa.table(data).equals(data.records)
    assert data.to_pandas().shape == (3, 2)
    assert polars.DataFrame(data).shape == (3, 2)


def test_the_repr_says_how_much_is_synthetic() -> None:
    assert repr(small()) == "Dataset(3 records x 2 columns, 0 synthetic)"
    assert "tables=" in repr(family())
