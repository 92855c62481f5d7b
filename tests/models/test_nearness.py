"""Distances in a space of mixed columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.schema import Column
from complement.core.seed import rng_at
from complement.models.nearness import Space

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


def test_several_nearest_are_those_that_a_plain_loop_finds() -> None:
    rng = rng_at(0, "nearest")
    columns = [Column("a", "number"), Column("b", "integer"), Column("c", "category"), Column("d", "category")]

    def made(rows: int) -> pa.Table:
        values = {"a": rng.normal(size=rows), "b": rng.integers(0, 50, rows)}
        words = {"c": rng.integers(0, 4, rows).astype(str), "d": rng.integers(0, 400, rows).astype(str)}  # more than 255 levels
        return pa.table({**values, **words})

    one, other = made(130), made(2100)  # both sides have several tiles, and the last ones are not full
    space = Space.of(other, columns, mismatch=0.3, root=True)
    every = np.zeros((130, 2100))
    for place, name in enumerate("abcd"):
        left, right = (side.column(name).to_numpy() for side in (one, other))
        if name in "ab":
            every += np.sqrt(np.minimum(np.abs(left[:, None] - right) / space.scale[place], 1))
        else:
            every += 0.3 * (left[:, None] != right)
    assert space.neighbours(one, other, count=7) == pytest.approx(np.sort(every, axis=1)[:, :7], abs=1e-5)
    assert space.nearest(one, other) == pytest.approx(every.min(axis=1), abs=1e-5)
    few = space.neighbours(one, other.slice(0, 3), count=5)
    assert few[:, :3] == pytest.approx(np.sort(every[:, :3], axis=1), abs=1e-5)
    assert np.isinf(few[:, 3:]).all()


def test_many_unequal_categories_are_all_counted() -> None:
    columns = [Column(f"c{place}", "category") for place in range(300)]  # more than a byte can count
    one = pa.table({column.name: ["a"] for column in columns})
    other = pa.table({column.name: ["b"] for column in columns})
    assert Space.of(one, columns).nearest(one, other) == pytest.approx([300.0])
    assert Space.of(one, columns, mismatch=0.5).nearest(one, other) == pytest.approx([150.0])
