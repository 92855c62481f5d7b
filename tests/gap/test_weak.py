"""Weak slices: found where they were planted, not where they were not, with numbers that add up."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pytest

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.gap import Gaps
from complement.core.purpose import Purpose
from complement.core.seed import rng_at
from complement.gap.ask import FEWEST_ROWS, requests_of, rows_to_double, rows_to_reach
from complement.gap.losses import beyond, deal, losses_of
from complement.gap.search import overlap
from complement.gap.weak import Task, bounded, contrast, find_weak

LAB = Condition.parse("`who's lab` = 'O''Neill'")


def task_of(purpose: Purpose, metric: str = "log_loss") -> Task:
    return Task(purpose, catalog.learner("lightgbm", trees=30), catalog.metric(metric, purpose))


@pytest.fixture(scope="module")
def found(spoilt: Dataset, diagnosis: Purpose) -> Gaps:
    return find_weak(spoilt, task_of(diagnosis), named=[Condition.parse("`mean radius` > 1")], most=3, seed=1)


def test_the_planted_slice_comes_first(found: Gaps, spoilt: Dataset) -> None:
    first = found.found[0]
    assert overlap(first.where.mask(spoilt.records), LAB.mask(spoilt.records)) > 0.7
    assert first.p <= 0.05
    assert first.excess.low is not None
    assert 0 < first.excess.low < first.excess.value
    assert first.inside > first.outside
    assert first.effects["loss_as_the_rest"] == pytest.approx(first.share * (first.inside - first.outside))
    assert first.effects["log_loss"] > 0
    assert first.records == first.units == first.where.mask(spoilt.records).sum()
    assert found.tested > 1000


def test_a_named_slice_that_holds_everybody_is_only_noted(found: Gaps) -> None:
    assert any("`mean radius` > 1" in note for note in found.notes)
    assert all(gap.name.startswith("weak") for gap in found.found)


def test_a_named_slice_is_measured_though_it_is_none(tumours: Dataset, diagnosis: Purpose) -> None:
    named = find_weak(tumours, task_of(diagnosis), named=[Condition.parse("`mean symmetry` <= 0.17")], most=0)
    (gap,) = named.found
    assert gap.name == "named-1"
    assert "named, not found" in gap.reason
    assert gap.p > 0.05


def test_a_request_asks_for_the_gap_it_is_for(found: Gaps) -> None:
    request = requests_of(found.found)[0]
    assert request.where == found.found[0].where
    assert request.rows == found.found[0].records
    assert request.gap == "weak-1"
    assert rows_to_double(3, 1000) == FEWEST_ROWS
    assert rows_to_double(900, 1000) == 500
    assert rows_to_reach(0, 1000, 0.2) == 250  # 250 of 1,250 are a fifth


def test_the_same_seed_gives_the_same_gaps(found: Gaps, spoilt: Dataset, diagnosis: Purpose) -> None:
    again = find_weak(spoilt, task_of(diagnosis), most=3, seed=1)
    assert again.as_json()["gaps"] == found.as_json()["gaps"]
    assert pickle.loads(pickle.dumps(again)) == again


def test_a_regression_with_a_spoilt_slice_shows_it(progress: tuple[Dataset, Purpose]) -> None:
    records, purpose = progress
    inside = Condition.parse("bmi > 0.02").mask(records.records)
    values = np.array(records.column("target").to_pylist())
    values[inside] = rng_at(0).choice([25.0, 340.0], int(inside.sum()))
    table = records.records.set_column(records.records.column_names.index("target"), "target", pa.array(values))
    spoilt = Dataset.of(table, records.schema)
    first = find_weak(spoilt, task_of(purpose, "rmse"), most=3).found[0]
    assert overlap(first.where.mask(spoilt.records), inside) > 0.5


def test_one_record_cannot_make_a_gap(progress: tuple[Dataset, Purpose]) -> None:
    records, purpose = progress
    values = np.array(records.column("target").to_pylist())
    values[0] = 1e4
    table = records.records.set_column(records.records.column_names.index("target"), "target", pa.array(values))
    losses = losses_of(Dataset.of(table, records.schema), purpose, catalog.learner("linear"), unit=np.arange(442), seed=0)
    highest = losses.loss == losses.loss.max()
    assert highest[0]
    assert 0.09 * 442 <= highest.sum() <= 0.11 * 442


def test_no_unit_is_cut_by_a_fold() -> None:
    unit = rng_at(0).integers(0, 40, 300)
    fold = deal(unit, unit % 2, 5, seed=3)
    assert set(fold) == set(range(5))
    for one in np.unique(unit):
        assert len(set(fold[unit == one])) == 1


def test_what_the_score_announces_is_no_surplus() -> None:
    score = rng_at(0).random(2000)
    loss = score**2
    assert np.abs(beyond(loss, score)).mean() < 0.1 * np.abs(loss - loss.mean()).mean()
    assert beyond(loss, score).mean() == pytest.approx(0, abs=1e-12)


def test_records_that_repeat_widen_the_interval(tumours: Dataset) -> None:
    value, unit = rng_at(0).standard_normal(569), np.arange(569)
    mask = LAB.mask(tumours.records)
    single = contrast(value, mask, unit)
    four = contrast(np.tile(value, 4), np.tile(mask, 4), np.tile(unit, 4))
    assert four[0] == pytest.approx(single[0])
    assert four[1] == pytest.approx(single[1])


def test_a_large_table_is_searched_in_part_by_whole_units() -> None:
    unit = np.repeat(np.arange(500), 4)
    rows, notes = bounded(2000, unit, seed=0, most=600)
    assert 590 < len(rows) <= 600
    assert (np.unique(unit[rows], return_counts=True)[1] == 4).all()
    assert "600 of 2,000" in notes[0]


def test_too_few_records_are_said_to_be(tumours: Dataset, diagnosis: Purpose) -> None:
    with pytest.raises(ProveError, match="too few"):
        find_weak(tumours.take(np.arange(30)), task_of(diagnosis))
