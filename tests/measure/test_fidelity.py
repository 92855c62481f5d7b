"""Fidelity: what the shape of columns shows and what only a classifier sees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.fidelity import C2st, Shape
from complement.measure.privacy import gate

NAMES = ["radius", "texture", "perimeter", "area"]


@pytest.fixture(scope="module")
def tumours() -> Dataset:
    """569 real tumours in random order: four measurements and the diagnosis."""
    found = load_breast_cancer(as_frame=False)
    rows = rng_at(0, "tumours").permutation(569)
    columns = {name: found.data[rows, place] for place, name in enumerate(NAMES)}
    schema = Schema({RECORDS: (*(Column(name, "number") for name in NAMES), Column("benign", "category", "target"))})
    return Dataset.of(pa.table({**columns, "benign": found.target[rows].astype(str)}), schema)


@pytest.fixture
def context(tumours: Dataset) -> Context:
    return Context(tumours.take(np.arange(200)), tumours.take(np.arange(200, 400)), tumours.schema)


def scores_of(made: Dataset, context: Context) -> dict[str, Score]:
    return {score.name: score for one in (Shape(), C2st()) for score in one.score(made, context)}


def shuffled(real: Dataset) -> Dataset:
    """The same columns, each in an order of its own: nothing hangs together any more."""
    order = {name: rng_at(1, name).permutation(real.rows) for name in real.schema.names()}
    return Dataset.of(pa.table({name: real.column(name).take(pa.array(rows)) for name, rows in order.items()}), real.schema)


def test_fresh_real_records_are_not_told_apart(tumours: Dataset, context: Context) -> None:
    found = scores_of(tumours.take(np.arange(400, 569)), context)
    for name in ("c2st_auc", "c2st_auc_base"):
        score = found[name]
        assert score.low is not None
        assert score.high is not None
        assert score.low < 0.5 < score.high
    assert found["shape_error"].value < 0.15
    assert found["shape_error_base"].value < 0.15


def test_what_the_columns_do_not_show_the_classifier_sees(context: Context) -> None:
    found = scores_of(shuffled(context.train), context)
    assert found["shape_error"].value == 0.0
    assert found["c2st_auc"].low is not None
    assert found["c2st_auc"].low > 0.9


def test_a_shifted_number_and_another_mix_of_words_show_in_the_shape() -> None:
    schema = Schema({RECORDS: (Column("size", "number"), Column("word", "category"))})
    real = Dataset.of(pa.table({"size": np.arange(100.0), "word": ["a"] * 50 + ["b"] * 50}), schema)
    made = Dataset.of(pa.table({"size": np.arange(100.0) + 20, "word": ["a"] * 80 + [None] * 20}), schema)
    (score,) = Shape().score(made, Context(real, None, schema))
    assert score.value == pytest.approx((0.2 + 0.5) / 2), "KS distance .2; 30 more a, 20 missing, 50 fewer b"
    holes = Dataset.of(pa.table({"size": pa.array([None] * 60 + [50.0] * 40), "word": ["a"] * 50 + ["b"] * 50}), schema)
    assert Shape().score(holes, Context(real, None, schema))[0].value == pytest.approx(0.6 / 2)


def test_the_column_that_is_farthest_off_is_shown_beside_what_chance_gives(context: Context, tumours: Dataset) -> None:
    inches = tumours.records.set_column(3, "area", pa.array(tumours.column("area").to_numpy() / 645.16))
    made = Dataset.of(inches, tumours.schema).take(np.arange(400, 569))
    found = {score.name: score for score in Shape().score(made, context)}
    assert list(found) == ["shape_error", "shape_error_base", "shape_worst", "shape_worst_base"]
    assert found["shape_worst"].value == 1.0
    assert found["shape_worst_base"].value < 0.2
    assert found["shape_error"].value < 0.3, "the mean over columns hides it"
    good = [
        Score("copy_share", 0.0, 0.0, 0.01, 500),
        Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        Score("membership_fpr", 0.01, 0.002, 0.02, 500),
    ]
    passed, why = gate([*good, *found.values()])
    assert (passed, "not comparable" in why) == (None, True)
    assert gate([*good, *Shape().score(tumours.take(np.arange(400, 569)), context)])[0] is True


def test_words_that_hardly_repeat_are_no_other_spelling() -> None:
    schema = Schema({RECORDS: (Column("note", "text"),)})
    sides = [Dataset.of(pa.table({"note": [f"{side} {place}" for place in range(50)]}), schema) for side in "abc"]
    found = {score.name: score.value for score in Shape().score(sides[0], Context(sides[1], sides[2], schema))}
    assert found["shape_worst"] == pytest.approx(1.0)
    assert found["shape_worst_base"] == pytest.approx(1.0)


def test_a_copy_is_compared_with_records_that_it_is_no_copy_of(context: Context) -> None:
    found = scores_of(context.train, context)
    assert found["c2st_auc"].high is not None
    assert found["c2st_auc"].high > 0.5, "beside train itself it would be far below chance"
    assert C2st().score(context.train, Context(context.train, None, context.schema)) == []
    assert [score.name for score in Shape().score(context.train, Context(context.train, None, context.schema))] == ["shape_error"]


def test_other_people_in_the_hold_out_are_noticed(tumours: Dataset, context: Context) -> None:
    benign = tumours.column("benign").to_numpy(zero_copy_only=False) == "1"
    other = Context(tumours.take(np.flatnonzero(benign)[:150]), tumours.take(np.flatnonzero(~benign)[:150]), tumours.schema)
    base = scores_of(context.train, other)["c2st_auc_base"]
    assert base.low is not None
    assert base.low > 0.9


def test_both_meet_the_protocol_and_the_same_seed_gives_the_same(context: Context) -> None:
    assert isinstance(Shape(), Evaluator)
    assert isinstance(C2st(), Evaluator)
    made = shuffled(context.train)
    assert C2st(100, seed=1).score(made, context) == C2st(100, seed=1).score(made, context)
    assert C2st(100, seed=1).score(made, context) != C2st(100, seed=2).score(made, context)
    assert C2st().score(made.take(np.arange(9)), context)[0].name == "c2st_auc_base", "too few to tell apart"
    with pytest.raises(UsageError, match="folds"):
        C2st(folds=0)
