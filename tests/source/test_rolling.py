"""Rolling origin: the past teaches, the future judges, and neither a time nor a unit is cut."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, SplitError
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.source.read import read
from complement.source.split import partition

PURPOSE = Purpose("y", "binary", ("0", "1"))
REGRESSION = Purpose("x", "regression")


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


def together(part: Partition) -> bool:
    return all(len(set(part.fold[part.unit == u])) == 1 for u in np.unique(part.unit))


def test_time_is_learnt_from_the_past_only() -> None:
    data = records(600)
    part = partition(data, PURPOSE, salt="s", time="day", folds=4)
    day = np.array(data.column("day").to_pylist())
    assert part.kind == "time"
    for fold in range(4):
        assert day[part.train(fold)].max() < day[part.test(fold)].min()
    assert np.bincount(part.fold + 1).min() > 80


def test_units_over_a_cut_stand_in_their_last_block() -> None:
    data = records(600, owners=150)
    part = partition(data, PURPOSE, salt="s", time="day", unit="owner", folds=3)
    day = np.array(data.column("day").to_pylist())
    assert together(part)
    assert any("stretch over a cut" in note for note in part.notes)
    for fold in range(3):
        seen = day[part.train(fold)].max()
        assert all(day[part.unit == u].max() > seen for u in np.unique(part.unit[part.test(fold)]))


def test_time_blocks_lie_inside_folds_and_never_cut_a_unit() -> None:
    data = records(900, owners=500)
    part = partition(data, PURPOSE, salt="s", time="day", unit="owner", folds=3)
    assert part.block is not None
    for fold in range(3):
        assert 10 <= len(np.unique(part.block[part.test(fold)])) <= 20
    for block in np.unique(part.block):
        assert len(set(part.fold[part.block == block])) == 1
    assert all(len(set(part.block[part.unit == u])) == 1 for u in np.unique(part.unit))


def test_the_order_of_rows_can_be_the_time() -> None:
    part = partition(records(300), PURPOSE, salt="s", time=True, folds=2)
    assert (np.diff(part.fold) >= 0).all()
    assert np.bincount(part.fold + 1).tolist() == [100, 100, 100]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=12, max_size=60), st.integers(1, 3))
def test_equal_times_are_never_cut(times: list[int], folds: int) -> None:
    rng = np.random.default_rng(len(times))
    data = read(pa.table({"t": pa.array(times), "x": rng.normal(size=len(times)), "v": rng.normal(size=len(times))}))
    if len(set(times)) < folds + 1:
        with pytest.raises(SplitError):
            partition(data, REGRESSION, salt="s", time="t", folds=folds)
        return
    part = partition(data, REGRESSION, salt="s", time="t", folds=folds)
    assert all(len(set(part.fold[np.array(times) == t])) == 1 for t in set(times))
    assert set(part.fold) == set(range(-1, folds))
    assert (np.diff(part.fold[np.argsort(times, kind="stable")]) >= 0).all()


def test_times_that_cannot_order_are_errors() -> None:
    data = records(60)
    holes = data.records.set_column(4, "day", pa.array([None if n == 4 else n for n in range(60)]))
    for table, time, says in (
        (holes, "day", "1 records have no 'day'; the first is record 5"),
        (data.records, "kind", "holds text"),
    ):
        with pytest.raises(SplitError, match=says) as met:
            partition(read(table), PURPOSE, salt="s", time=time)
        assert met.value.code == "split-time"
    ordered = data.take(np.argsort(np.array(data.column("y").to_pylist()), kind="stable"))
    with pytest.raises(ComplementError, match=r"no record of .* has the class '1'"):
        partition(ordered, PURPOSE, salt="s", time=True)
