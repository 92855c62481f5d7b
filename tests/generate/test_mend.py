"""Mends, one by one: what a candidate that breaks a rule becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.rule_text import parse_rule
from complement.core.rules import Compare, Range, Unique
from complement.generate.codec import Code
from complement.generate.mend import Differences, Means, differences, mend, room_of, spread

AsDataset = Callable[..., Dataset]


def means(real: Dataset, rule: str = "", fixed: str = "") -> Means:
    read = parse_rule(rule) if rule else None
    apart = differences(read, real.records) if isinstance(read, Compare) else {}
    codes = {column.name: Code.of(column, real.column(column.name)) for column in real.schema.columns}
    return Means(codes, apart, frozenset(fixed.split()), np.random.default_rng(0))


def mended(text: str, real: Dataset, made: pa.Table, order: tuple[str, ...] = (), fixed: str = "") -> dict[str, list[object]]:
    rule = parse_rule(text).learn(real.records)
    return mend(rule, made, ~rule.mask(made), means(real, text, fixed), order).to_pydict()


def test_a_difference_is_one_of_those_at_the_same_level() -> None:
    side = np.arange(1000.0)
    drawn = Differences(side, side * 2).draw(np.array([10.0, 500.0, 5000.0]), np.random.default_rng(0))
    assert np.all(np.abs(drawn / 2 - [10, 500, 999]) <= 50)
    assert Differences(np.array([1.0]), np.array([7.0])).draw(np.array([0.0, 9.0]), np.random.default_rng(0)).tolist() == [7, 7]


def test_dates_move_by_real_differences_and_what_obeys_stays(as_dataset: AsDataset) -> None:
    first = date(2024, 1, 1)
    start = [first + timedelta(days=at) for at in range(100)]
    real = as_dataset(pa.table({"start": start, "end": [day + timedelta(days=3) for day in start]}))
    made = pa.table({"start": [start[50], start[60]], "end": [start[40], start[90]]})
    assert mended("end > start", real, made, ("end", "start"))["end"] == [start[53], start[90]]
    assert mended("end > start", real, made, ("start",))["start"] == [start[37], start[60]]


def test_dates_and_moments_are_counted_in_one_unit(as_dataset: AsDataset) -> None:
    days = pa.array([date(2024, 1, day) for day in range(1, 29)])
    moments = pa.array(np.array([f"2024-01-{day:02d}T06:00:00" for day in range(1, 29)], "datetime64[us]"))
    real = as_dataset(pa.table({"day": days, "moment": moments}))
    made = pa.table({"day": days.slice(9, 1), "moment": moments.slice(3, 1)})
    assert str(mended("moment > day", real, made, ("moment",))["moment"][0]) == "2024-01-10 06:00:00"


def test_a_total_is_computed_and_where_its_bounds_forbid_that_the_part_is(as_dataset: AsDataset) -> None:
    real = as_dataset(pa.table({"a": [1, 2, 3], "b": [1, 2, 7], "t": [2, 4, 10]}))
    made = pa.table({"a": [1, 3], "b": [3, 7], "t": [9, 4]})
    assert mended("a + b = t", real, made, ("t", "b", "a"))["t"] == [4, 10]
    tight = pa.table({"a": [3], "b": [9], "t": [4]})
    assert mended("a + b = t", real, tight, ("t", "b", "a")) == {"a": [3], "b": [7], "t": [10]}


def test_a_combination_keeps_its_first_column_or_those_of_the_condition(as_dataset: AsDataset) -> None:
    real = as_dataset(pa.table({"city": ["Rome", "Pisa", "Oslo"], "state": ["I", "I", "N"], "zip": [10, 20, 30]}))
    made = pa.table({"city": ["Rome", "Oslo"], "state": ["N", "N"], "zip": [30, 30]})
    text = "combination(city, state, zip)"
    assert mended(text, real, made) == {"city": ["Rome", "Oslo"], "state": ["I", "N"], "zip": [10, 30]}
    assert mended(text, real, made, fixed="state")["city"] == ["Oslo", "Oslo"]
    assert mended("combination(zip, city)", real, pa.table({"city": ["Rome"], "zip": [24]})) == {"city": ["Pisa"], "zip": [20]}
    unseen = mended("combination(city, state)", real, pa.table({"city": ["Bonn"], "state": ["N"]}))
    assert (unseen["city"][0], unseen["state"][0]) in {("Rome", "I"), ("Pisa", "I"), ("Oslo", "N")}


def test_dictionaries_stay_dictionaries(as_dataset: AsDataset) -> None:
    words = pa.array(["x", "y", None]).dictionary_encode()
    real = as_dataset(pa.table({"a": words, "b": [1, 2, 3]}))
    rule = parse_rule("combination(b, a)").learn(real.records)
    made = pa.table({"a": words.take(pa.array([1, 0])), "b": [1, 1]})
    found = mend(rule, made, ~rule.mask(made), means(real), ())
    assert found.schema == made.schema
    assert found.column("a").to_pylist() == ["x", "x"]


def test_values_are_taken_away_where_the_condition_says_so(as_dataset: AsDataset) -> None:
    made = pa.table({"end": [1, 2], "status": ["in", "out"]})
    text = "missing(end) when status = 'in'"
    assert mended(text, as_dataset(made), made)["end"] == [None, 2]
    assert mended(text, as_dataset(made), made, fixed="end")["end"] == [1, 2]


def test_a_range_clips(as_dataset: AsDataset) -> None:
    made = pa.table({"x": [1, 50, None], "day": [date(2024, 1, 1), date(2024, 3, 1), None]})
    assert mended("range(x, 5, 40)", as_dataset(made), made, ("x",))["x"] == [5, 40, None]
    text = "range(day, '2024-01-10', '2024-02-01')"
    assert mended(text, as_dataset(made), made, ("day",))["day"] == [date(2024, 1, 10), date(2024, 2, 1), None]


def test_repeats_move_to_free_places_inside_the_room_and_beyond_it_only_when_it_is_full(as_dataset: AsDataset) -> None:
    real = as_dataset(pa.table({"x": [0, 9]}))
    rule, use = parse_rule("unique(x)"), means(real)
    assert isinstance(rule, Unique)
    limit = parse_rule("range(x, 2, 50)")
    assert isinstance(limit, Range)
    assert room_of(use.codes["x"], []) == (0, 9)
    assert room_of(use.codes["x"], [limit]) == (2, 9)

    def moved(values: list[int | None]) -> list[object]:
        return spread(rule, pa.table({"x": pa.array(values, pa.int64())}), use, (0.0, 9.0)).column("x").to_pylist()

    assert moved([5, 5, None, 5]) == [5, 6, None, 7]
    assert moved([9, 9, 8]) == [8, 9, 7]
    assert sorted(value for value in moved([9] * 10) if isinstance(value, int)) == list(range(10))
    assert sorted(value for value in moved([0] * 12) if isinstance(value, int)) == list(range(12))
