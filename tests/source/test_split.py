"""Splitting: a unit is never cut, rows may come in any order, strata stay even, and time flows one way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, SplitError
from complement.core.partition import Partition
from complement.core.purpose import Purpose, Slice
from complement.source.read import read
from complement.source.split import partition, salted, sealed_hash, strata

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


@settings(max_examples=15, deadline=None)
@given(st.integers(150, 200), st.integers(0, 50), st.integers(2, 4), st.booleans())
def test_a_split_never_cuts_a_unit(rows: int, seed: int, folds: int, timed: bool) -> None:
    data = records(rows, seed, owners=rows // 2, positive=0.5)
    part = partition(data, REGRESSION, salt="s", unit="owner", folds=folds, time="day" if timed else None)
    owner = np.array(data.column("owner").to_pylist())
    assert together(part)
    assert all(len(set(part.fold[owner == name])) == 1 for name in set(owner))
    assert set(part.fold) == set(range(-1 if timed else 0, folds))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([{}, {"unit": "owner"}, {"sealed": 0.25}, {"time": "day", "folds": 3}]))
def test_the_order_of_rows_does_not_matter(seed: int, how: dict[str, object]) -> None:
    data = records(120, 3, owners=70)
    order = np.random.default_rng(seed).permutation(data.rows)
    straight, mixed = (partition(d, PURPOSE, salt="s", **how) for d in (data, data.take(order)))  # type: ignore[arg-type]
    np.testing.assert_array_equal(straight.fold[order], mixed.fold)
    assert straight.sealed_hash == mixed.sealed_hash


def test_another_salt_gives_other_folds_and_the_same_one_the_same() -> None:
    data = records(200)
    first, again, other = (partition(data, PURPOSE, salt=salt).fold for salt in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    assert 0.05 < np.mean(first == other) < 0.5  # by chance a fifth agree


def test_every_stratum_is_dealt_evenly() -> None:
    slices = (Slice("kind a", Condition.parse("kind = 'a'")), Slice("low", Condition.parse("x < -1")))
    purpose = Purpose("y", "binary", ("0", "1"), slices=slices)
    data = records(317)
    part = partition(data, purpose, salt="s", folds=5)
    for stratum in np.unique(strata(data, purpose)):
        counts = np.bincount(part.fold[strata(data, purpose) == stratum], minlength=5)
        assert counts.max() - counts.min() <= 1
    for chosen in (np.array(data.column("y").to_pylist()) == 1, np.ones(317, bool)):
        counts = np.bincount(part.fold[chosen], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_a_regression_is_stratified_on_quintiles() -> None:
    data = records(100)
    part = partition(data, REGRESSION, salt="s", folds=5)
    rank = np.argsort(np.argsort(data.column("x").to_numpy())) // 20
    for quintile in range(5):
        assert np.bincount(part.fold[rank == quintile], minlength=5).tolist() == [4] * 5


def test_a_sealed_share_is_that_share_of_every_class() -> None:
    data = records(400)
    part = partition(data, PURPOSE, salt="s", sealed=0.25)
    assert part.folds == 1
    assert set(part.fold) == {-1, 0}
    y = np.array(data.column("y").to_pylist())
    for label in (0, 1):
        assert abs((part.fold[y == label] == 0).sum() - 0.25 * (y == label).sum()) <= 1


def test_salted_numbers_are_uniform_and_belong_to_the_name() -> None:
    names = np.array([b"n%d" % i for i in range(4000)])
    numbers = salted(names, "salt")
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.abs(np.sort(numbers) - np.linspace(0, 1, 4000)).max() < 0.031  # Kolmogorov-Smirnov at .001
    np.testing.assert_array_equal(salted(names[::-1], "salt"), numbers[::-1])
    assert abs(np.corrcoef(numbers, salted(names, "other"))[0, 1]) < 0.06


def test_the_sealed_hash_names_a_set() -> None:
    assert sealed_hash(np.array([b"a", b"b"])) == sealed_hash(np.array([b"b", b"a"]))
    assert sealed_hash(np.array([b"a", b"b"])) != sealed_hash(np.array([b"ab"]))
    assert len(sealed_hash(np.array([], bytes))) == 32


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"folds": 1}, "too few"),
        ({"folds": 200}, "need at least 400"),
        ({"sealed": 1.2}, "between 0 and 1"),
        ({"sealed": 0.2, "time": "day"}, "Choose one"),
        ({"sealed": np.zeros(60, bool)}, "marks 0"),
        ({"sealed": np.ones(7, bool)}, "marks 7 of 7"),
        ({"folds": 15}, "Class '1'"),
        ({"unit": "ownr"}, "Did you mean 'owner'"),
    ],
)
def test_splits_that_cannot_be_made_say_why(how: dict[str, object], says: str) -> None:
    with pytest.raises(ComplementError, match=says):
        partition(records(60, positive=0.0), PURPOSE, salt="s", **how)  # type: ignore[arg-type]


def test_a_sealed_file_is_fold_zero() -> None:
    data = records(100)
    sealed = np.arange(100) >= 80
    part = partition(data, PURPOSE, salt="s", sealed=sealed)
    np.testing.assert_array_equal(part.test(0), np.arange(80, 100))
    assert part.sealed_hash == partition(data.take(np.arange(100)[::-1]), PURPOSE, salt="t", sealed=sealed[::-1]).sealed_hash


def test_sealed_records_among_the_train_records_are_an_error() -> None:
    data = records(100)
    leaked = data.concat(data.take(np.array([50, 3])))
    with pytest.raises(SplitError) as met:
        partition(leaked, PURPOSE, salt="s", sealed=(np.arange(102) >= 99) & (np.arange(102) != 100))
    assert met.value.code == "sealed-overlap"
    assert "1 of 2 sealed" in met.value.met
    assert "sealed record 2" in met.value.met


def test_equal_records_of_a_coarse_table_are_a_note() -> None:
    rng = np.random.default_rng(0)
    data = read(pa.table({"a": rng.integers(0, 4, 300), "b": rng.choice(["u", "v"], 300), "y": rng.integers(0, 2, 300)}))
    part = partition(data, PURPOSE, salt="s", sealed=np.arange(300) > 200)
    assert any("coarse" in note for note in part.notes)


def test_a_unit_on_both_sides_of_a_sealed_file_is_an_error() -> None:
    data = records(100, owners=20)
    with pytest.raises(SplitError, match="both sides"):
        partition(data, PURPOSE, salt="s", unit="owner", sealed=np.arange(100) > 60)


def test_patients_are_never_cut(data_folder: Path) -> None:
    data = read(data_folder / "patient_small" / "r_survival_pbcseq.csv.gz")
    data = data.with_schema(data.schema.with_target("ascites"))
    part = partition(data, Purpose("ascites", "binary", ("0", "1")), salt="s", unit="id")
    patient = data.column("id").to_numpy()
    assert all(len(set(part.fold[patient == p])) == 1 for p in np.unique(patient))
    assert len(np.unique(part.unit)) == 312
