"""Distances in a space of mixed columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.schema import Column
from complement.measure.nearness import Space

COLUMNS = [Column("age", "integer"), Column("city", "category"), Column("member", "boolean"), Column("born", "date")]


def people(ages: list[int | None], cities: list[str | None], *, member: bool = True) -> pa.Table:
    days = pa.array([10_000] * len(ages), pa.int32()).cast(pa.date32())
    return pa.table({"age": ages, "city": cities, "member": [member] * len(ages), "born": days})


def test_a_distance_adds_scaled_numbers_and_unequal_categories() -> None:
    real = people([*range(101)], ["Rome"] * 101)  # 5 % to 95 %: a range of 90
    space = Space.of(real, COLUMNS)
    one = people([30], ["Oslo"])
    assert space.nearest(one, people([39], ["Oslo"])) == pytest.approx([0.1])
    assert space.nearest(one, people([39], ["Rome"], member=False)) == pytest.approx([2.1])
    assert space.nearest(one, people([90_000], ["Oslo"])) == pytest.approx([1.0]), "a number counts at most as a category"
    assert space.nearest(one, people([100, 48, 3], ["Oslo"] * 3)) == pytest.approx([0.2]), "the nearest one"


def test_missing_is_a_value_of_its_own() -> None:
    space = Space.of(people([*range(101)], ["Rome"] * 101), COLUMNS)
    assert space.nearest(people([None], [None]), people([None], [None])) == pytest.approx([0.0])
    assert space.nearest(people([None], [None]), people([50], ["Rome"])) == pytest.approx([2.0])
    assert space.nearest(people([99_999_999], ["a"]), people([None], ["a"])) == pytest.approx([1.0])


def test_a_column_with_one_value_or_none_has_a_scale() -> None:
    constant = people([5, 5, 5], ["a", "a", "a"])
    assert Space.of(constant, COLUMNS).nearest(constant, people([6], ["a"])) == pytest.approx([1.0] * 3)
    unknown = people([None, None], ["a", "a"]).set_column(0, "age", pa.nulls(2, pa.int64()))
    assert Space.of(unknown, COLUMNS).nearest(unknown, people([6], ["a"])) == pytest.approx([1.0] * 2)


def test_every_chunk_is_compared() -> None:
    rows = 1000
    real = pa.table({"age": np.arange(rows)})
    space = Space.of(real, COLUMNS[:1])
    assert (space.nearest(real, real) == 0).all()
    shifted = space.nearest(real, pa.table({"age": np.arange(rows) + 90}))
    assert shifted[:90] == pytest.approx(np.arange(90, 0, -1) / space.scale[0], rel=1e-4)
    assert shifted[90:] == pytest.approx(np.zeros(rows - 90), abs=1e-6)
