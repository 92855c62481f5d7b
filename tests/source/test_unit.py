"""Units: copies join, coarse tables repeat by nature, and names do not depend on storage or order."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import SplitError
from complement.source.read import read
from complement.source.split import units


def records(rows: int, seed: int = 0, owners: int | None = None, positive: float = 0.2) -> Dataset:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < positive).astype(int)
    y[:12], y[12:24] = 0, 1
    columns = {
        "x": rng.normal(size=rows),
        "z": rng.normal(size=rows).round(3),
        "kind": rng.choice(["a", "b", "c"], rows),
        "owner": rng.integers(0, owners or rows, rows).astype(str),
        "day": [date(2020, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 400, rows)],
        "y": y,
    }
    data = read(pa.table(columns))
    return data.with_schema(data.schema.with_target("y").assign(owner="unit", day="time"))


def test_copies_join_one_unit_and_are_told() -> None:
    data = records(300)
    doubled = data.concat(data.take(np.arange(40)))
    found = units(doubled)
    assert len(found) == 300
    np.testing.assert_array_equal(found.of[:40], found.of[300:])
    assert "40 records" in found.notes[0]


def test_near_copies_join_too() -> None:
    table = pa.table({"x": np.random.default_rng(0).normal(size=200), "c": ["Rome", "Oslo"] * 100})
    shifted = table.set_column(0, "x", pa.array(np.asarray(table.column("x")) * (1 + 1e-7)))
    shifted = shifted.set_column(1, "c", pa.array([f" {c.upper()} " for c in table.column("c").to_pylist()]))
    both = pa.concat_tables([table, shifted])
    found = units(read(both))
    assert len(found) <= 205  # a few straddle a rounding border


def test_oversampled_rows_join_however_many_they_are() -> None:
    data = records(60)
    found = units(data.take(np.random.default_rng(0).integers(0, 60, 600)))
    assert len(found) <= 60


def test_coarse_tables_repeat_by_nature() -> None:
    rng = np.random.default_rng(0)
    table = pa.table({"age": rng.integers(20, 90, 2000), "sex": rng.choice(["f", "m"], 2000), "y": rng.integers(0, 2, 2000)})
    found = units(read(table))
    assert len(found) == 2000
    assert "by nature" in found.notes[0]


def test_copies_join_across_units() -> None:
    table = records(100).records
    again = table.slice(0, 1).set_column(3, "owner", pa.array(["someone else"]))
    found = units(read(pa.concat_tables([table, again])), unit="owner")
    assert found.of[0] == found.of[100]


def test_records_without_a_unit_stand_alone() -> None:
    table = pa.table({"x": np.random.default_rng(0).normal(size=6), "who": ["a", "a", None, None, "b", "b"]})
    found = units(read(table), unit="who")
    assert len(found) == 4
    assert sum(name.startswith(b"unit:") for name in found.names) == 2
    with pytest.raises(SplitError, match="empty"):
        units(read(pa.table({"x": [1.5, 2.5], "who": pa.nulls(2, pa.string())})), unit="who")


def test_names_are_stable_whatever_the_storage_and_column_order() -> None:
    table = pa.table({"a": pa.array([1, 2, 3]), "b": ["x", None, "y"]})
    names = set(units(read(table)).names)
    other = pa.table({"b": pa.array(["x", None, "y"]).dictionary_encode(), "a": pa.array([1, 2, 3], pa.float32())})
    assert set(units(read(other)).names) == names
    assert names == {units(read(table)).names[row] for row in range(3)}


@pytest.mark.slow
def test_repeated_card_payments_join_one_unit(data_folder: Path) -> None:
    data = read(data_folder / "ulb_creditcard" / "creditcard_minmax.parquet")
    found = units(data.with_schema(data.schema.with_target("Class")))
    exact = data.records.group_by(data.records.column_names).aggregate([]).num_rows
    assert data.rows - exact == 9_146
    assert exact - 200 < len(found) <= exact


def test_a_record_without_a_unit_is_the_same_unit_in_any_order_of_the_file() -> None:
    rng = np.random.default_rng(0)
    who = np.array([None if k % 10 == 0 else f"p{k % 90}" for k in range(600)], object)
    table = pa.table(
        {"a": rng.integers(0, 3, 600), "b": rng.integers(0, 3, 600), "x": np.repeat(rng.normal(size=300), 2), "who": who}
    )
    names = [
        sorted(units(read(table.take(pa.array(order))), unit="who").names) for order in (np.arange(600), rng.permutation(600))
    ]
    assert names[0] == names[1]


def test_long_names_and_names_that_end_in_nul_stay_apart() -> None:
    who = ["p", "p\0", "p\0\0", "x" * 5000, "x" * 4999 + "y"]
    found = units(read(pa.table({"x": np.arange(5) * 1.5, "who": who})), unit="who")
    assert len(found) == 5
    assert found.names.dtype.itemsize < 80
