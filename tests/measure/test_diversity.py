"""Diversity: known answers on real records, from fresh ones to one record a thousand times."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.diversity import Coverage, Distinct, Levels, Vendi
from complement.measure.diversity.placed import place
from complement.models.nearness import Space

EVERY = (Coverage(), Levels(), Distinct(), Vendi(300))


@pytest.fixture(scope="module")
def tumours() -> Dataset:
    """569 real tumours in random order: six measurements, one of them in words of two signs, and the diagnosis."""
    found = load_breast_cancer()
    rows = rng_at(0, "tumours").permutation(569)
    names = ["radius", "texture", "perimeter", "area", "smoothness", "compactness"]
    table = pa.table({name: found.data[rows, place] for place, name in enumerate(names)})
    sizes = np.round(found.data[rows, 0]).astype(int).astype(str)
    table = table.append_column("size", pa.array(sizes)).append_column("benign", pa.array(found.target[rows].astype(str)))
    columns = (*(Column(name, "number") for name in names), Column("size", "category"), Column("benign", "category", "target"))
    return Dataset.of(table, Schema({RECORDS: columns}))


@pytest.fixture(scope="module")
def context(tumours: Dataset) -> Context:
    return Context(tumours.take(np.arange(190)), tumours.take(np.arange(190, 380)), tumours.schema)


def values(made: Dataset, context: Context) -> dict[str, float]:
    return {score.name: score.value for score in every(made, context).values()}


def every(made: Dataset, context: Context) -> dict[str, Score]:
    return {score.name: score for one in EVERY for score in one.score(made, context)}


def test_fresh_real_records_are_as_diverse_as_the_hold_out(tumours: Dataset, context: Context) -> None:
    found = every(tumours.take(np.arange(380, 569)), context)
    for name in ("coverage", "recall", "precision", "density", "vendi"):
        score, base = found[name], found[f"{name}_base"]
        assert score.low is not None
        assert score.high is not None
        assert score.low <= base.value <= score.high, name
    # Naeem et al. 2020, equation 9: what as many records of the same population cover with 5 neighbours.
    n, k = 189, 5
    expected = 1 - float(np.prod([(n - 1 - i) / (2 * n - 1 - i) for i in range(k)]))
    assert found["coverage"].low < expected < found["coverage"].high
    assert found["density"].value == pytest.approx(1.0, abs=0.1)
    assert found["levels_kept"].value == pytest.approx(found["levels_kept_base"].value, abs=0.1)
    assert found["distinct_values"].value == pytest.approx(1.0, abs=0.1)


def test_a_copy_earns_nothing_beyond_train_itself(context: Context) -> None:
    found = values(context.train, context)
    for name in ("coverage", "recall", "precision", "density"):
        assert found[name] == found[f"{name}_base"]
    assert (found["levels_kept"], found["distinct_values"]) == (1.0, 1.0)
    alone = values(context.train, Context(context.train, None, context.schema))
    assert (alone["coverage"], alone["recall"], alone["precision"]) == (1.0, 1.0, 1.0)
    assert "coverage_base" not in alone
    assert alone["vendi"] == pytest.approx(alone["vendi_base"])


def test_one_record_again_and_again_covers_nothing(context: Context) -> None:
    found = values(context.train.take(np.zeros(190, int)), context)
    assert found["coverage"] < 0.1
    assert found["recall"] == 0.0
    assert found["vendi"] == pytest.approx(1.0)
    assert found["vendi_base"] > 15
    assert found["distinct_records"] == pytest.approx(1 / 190)
    assert found["levels_kept"] < 0.25


def test_a_dropped_class_is_not_covered(context: Context) -> None:
    benign = context.train.column("benign").to_numpy(zero_copy_only=False) == "1"
    found = every(context.train.take(np.flatnonzero(benign)), context)
    assert found["coverage"].high is not None
    assert found["coverage"].high < found["coverage_base"].value
    assert found["precision"].value > 0.9, "what is made is good; it is not all"


def test_rare_values_that_were_dropped_are_missed(tumours: Dataset) -> None:
    rows = rng_at(0, "rare").permutation(5690) % 569
    many = tumours.take(rows)
    context = Context(many.take(np.arange(2000)), many.take(np.arange(2000, 4000)), tumours.schema)
    fresh = many.take(np.arange(4000, 5690))
    words = fresh.column("size").to_numpy(zero_copy_only=False)
    train = context.train.column("size").to_numpy(zero_copy_only=False)
    rare = [word for word in np.unique(train) if (train == word).mean() < 0.01]
    assert rare, "otherwise this test shows nothing"
    whole, cut = values(fresh, context), values(fresh.take(np.flatnonzero(~np.isin(words, rare))), context)
    assert whole["levels_kept"] == 1.0
    assert cut["levels_kept"] == pytest.approx(1 - len(rare) / (len(np.unique(train)) + 2), abs=0.06)
    assert cut["tail_mass"] == 0.0 < whole["tail_mass"]
    assert whole["tail_mass"] == pytest.approx(whole["tail_mass_base"], abs=0.02)
    kept = Levels().by_column(fresh.take(np.flatnonzero(~np.isin(words, rare))), context)["size"]
    assert kept.levels - kept.synthetic >= len([w for w in rare if (train == w).sum() >= 5])


def test_fewer_different_records_never_look_more_diverse(context: Context) -> None:
    counts = (190, 95, 40, 10, 1)
    for name in ("coverage", "recall", "vendi", "distinct_records", "distinct_values", "levels_kept"):
        found = [values(context.train.take(np.arange(190) % count), context)[name] for count in counts]
        assert found == sorted(found, reverse=True), name
        assert found[0] > found[-1], name


def test_noise_is_diverse_and_imprecise(context: Context) -> None:
    rng = rng_at(0, "noise")
    names = [name for name in context.schema.names() if name not in ("size", "benign")]
    table = context.train.records
    for place_, name in enumerate(names):
        column = table.column(name).to_numpy()
        table = table.set_column(place_, name, pa.array(rng.uniform(column.min(), column.max(), 190)))
    found = values(Dataset.of(table, context.schema), context)
    assert found["vendi"] > found["vendi_base"]
    assert found["precision"] < found["precision_base"] - 0.3


def test_distances_are_those_of_the_house(tumours: Dataset) -> None:
    one, other = tumours.take(np.arange(100)), tumours.take(np.arange(100, 250))
    space = Space.of(one.records, tumours.schema.columns)
    placed = place(space, [one, other])
    nearest = np.concatenate([apart.min(axis=1) for _, apart in placed[0].distances(placed[1])])
    assert nearest == pytest.approx(space.nearest(one.records, other.records), abs=1e-5)


def test_units_widen_the_interval_and_no_records_give_no_scores(context: Context) -> None:
    def numbered(records: Dataset, of: int) -> Dataset:
        schema = Schema({RECORDS: (*context.schema.columns, Column("who", "identifier", "unit"))})
        return Dataset.of(records.records.append_column("who", pa.array(np.arange(records.rows) // of)), schema)

    def width(of: int) -> float:
        sides = [numbered(side, of) for side in (context.train, context.tune) if side is not None]
        score = Coverage().score(sides[0].take(np.arange(190) % 60), Context(sides[0], sides[1], sides[0].schema))[0]
        return 0.0 if score.low is None or score.high is None else score.high - score.low

    assert width(1) > 0
    assert width(10) == 0.0, "19 units are too few for an interval"
    none = context.train.take(np.zeros(0, int))
    assert [score for one in EVERY for score in one.score(none, context) if score.n] == []
