"""Codes: there and back in the same type, and what may be smoothed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from complement.core.schema import Column, Constraints
from complement.generate.codec import Code, atoms, is_in, reach

COLUMNS = [
    ("number", pa.array([1.5, None, -2.25])),
    ("number", pa.array([1.5, None, -2.25], pa.float32())),
    ("number", pa.array([Decimal("1.50"), None, Decimal("-2.25")])),
    ("integer", pa.array([1, None, -128], pa.int8())),
    ("integer", pa.array([1, None, 2**40], pa.uint64())),
    ("integer", pa.array([1.0, None, 3.0])),
    ("category", pa.array(["a", None, "ü"])),
    ("category", pa.array(["a", None, "ü"], pa.large_string())),
    ("category", pa.array(["a", None, "ü"]).dictionary_encode()),
    ("category", pa.array([1, None, 7])),
    ("boolean", pa.array([True, None, False])),
    ("date", pa.array([datetime(1950, 2, 1), None, datetime(2024, 5, 6)], pa.date32())),
    ("date", pa.array([datetime(1950, 2, 1), None, datetime(2024, 5, 6)], pa.date64())),
    ("datetime", pa.array([datetime(1950, 2, 1, 3), None, datetime(2024, 5, 6, 7, 8, 9, 10)], pa.timestamp("us"))),
    ("datetime", pa.array([datetime(1950, 2, 1, 3), None, datetime(2024, 5, 6, 7)], pa.timestamp("ns", tz="UTC"))),
    ("category", pa.nulls(3, pa.string())),
    ("number", pa.nulls(3, pa.float64())),
]


@pytest.mark.parametrize(("kind", "values"), COLUMNS, ids=lambda value: str(getattr(value, "type", value)))
def test_values_come_back_in_their_own_type(kind: str, values: pa.Array) -> None:
    column = pa.chunked_array([values])
    code = Code.of(Column("c", kind), column)  # pyright: ignore[reportArgumentType]
    back = code.decode(code.encode(column))
    assert back.type == values.type
    assert back.to_pylist() == values.to_pylist()


def test_nan_is_missing() -> None:
    column = pa.chunked_array([pa.array([1.0, float("nan"), 3.0])])
    code = Code.of(Column("c", "number"), column)
    assert code.decode(code.encode(column)).null_count == 1


def test_moments_are_coded_in_the_coarsest_step_that_loses_nothing() -> None:
    days = pa.chunked_array([pa.array([datetime(2024, 1, 1), datetime(2024, 1, 5)], pa.timestamp("us"))])
    assert Code.of(Column("c", "datetime"), days).encode(days).tolist() == [0.0, 4.0]


def test_decoded_numbers_keep_decimals_and_bounds() -> None:
    column = Column("c", "number", constraints=Constraints(low=0, high=2, decimals=1))
    code = Code.of(column, pa.chunked_array([pa.array([0.1, 1.9])]))
    assert code.decode(np.array([0.123, 7.0, -1.0])).to_pylist() == [0.1, 2.0, 0.0]


def test_atoms_are_the_values_that_many_records_share() -> None:
    codes = np.concatenate([np.zeros(500), np.full(20, 7.0), np.arange(100, 1000, dtype=float), np.full(50, np.nan)])
    assert atoms(codes).tolist() == [0.0, 7.0]


def test_nothing_moves_towards_an_atom_or_another_group() -> None:
    values = np.array([0.0, 0.0, 10.0, 20.0, 20.0, 40.0, 1.0, 3.0, np.nan])
    group = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    low, high = reach(values, group, is_in(values, np.array([0.0])))
    assert low[:8].tolist() == [0.0, 0.0, 10.0, 15.0, 20.0, 30.0, 1.0, 2.0]
    assert high[:8].tolist() == [0.0, 0.0, 15.0, 20.0, 30.0, 40.0, 2.0, 3.0]
    assert np.isnan(low[8])
    assert np.isnan(high[8])
