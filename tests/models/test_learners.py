"""Every built-in learner learns, honours weights, survives poor training sets and gives the same bytes again."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from complement.core.errors import ProveError, SchemaError
from complement.models.learners import LightGBM, Linear, Logistic, Mlp, Tree
from complement.testing import check_learner

BINARY = [LightGBM, Logistic, Tree, Mlp]
REGRESSION = [LightGBM, Linear, Tree, Mlp]
PAIRS = [
    *[(make, task) for make in BINARY for task in ("binary", "multiclass")],
    *[(make, "regression") for make in REGRESSION],
]
SETS = {"binary": "breast_cancer", "multiclass": "wine", "regression": "diabetes"}


def scores(learner, train, purpose, shown, *, weight=None, seed=0):
    weight = np.ones(train.rows) if weight is None else weight
    column = learner.fit(train, purpose, weight=weight, seed=seed).predict(shown).column("score")
    return np.array(column.to_pylist())


def targets(records, purpose):
    values = records.column(purpose.target).to_numpy()
    return values if purpose.task == "regression" else values.astype(int)


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_a_learner_passes_the_house_conformance_checks(make, task):
    assert "it learns what is there to learn" in check_learner(make, task=task)


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_a_learner_beats_the_constant_on_unseen_real_records(make, task, built_in):
    records, purpose = built_in(SETS[task])
    train, shown = records.take(np.arange(120)), records.take(np.arange(120, records.rows))
    found, truth = scores(make(), train, purpose, shown), targets(shown, purpose)
    if task == "regression":
        assert np.mean((found - truth) ** 2) < 0.8 * truth.var()
    else:
        guess = found.argmax(axis=1) if task == "multiclass" else found > 0.5
        assert np.mean(guess == truth) > 0.85
        assert found.min() >= 0
        assert found.max() <= 1 + 1e-12


# Only where weights are the whole story: leaf sizes count records, and a network meets copies in other batches.
@pytest.mark.parametrize(("make", "task"), [(Logistic, "binary"), (Logistic, "multiclass"), (Linear, "regression")])
def test_a_weight_of_two_is_two_copies(make, task, built_in):
    records, purpose = built_in(SETS[task])
    heavy = np.where(np.arange(records.rows) < 40, 2.0, 1.0)
    copies = records.take(np.concatenate([np.arange(records.rows), np.arange(40)]))
    found = scores(make(), records, purpose, records, weight=heavy)
    assert found == pytest.approx(scores(make(), copies, purpose, records), abs=2e-3 * np.ptp(found))


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_records_of_weight_0_change_nothing(make, task, built_in):
    records, purpose = built_in(SETS[task])
    kept = np.arange(records.rows) % 3 > 0
    found = scores(make(), records, purpose, records, weight=kept.astype(float))
    assert np.array_equal(found, scores(make(), records.take(kept), purpose, records))


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_deterministic_learners_do_not_move_with_the_seed_and_others_do(make, task, built_in):
    records, purpose = built_in(SETS[task])
    one, other = (scores(make(), records, purpose, records, seed=seed) for seed in (1, 2))
    assert np.array_equal(one, other) == make().deterministic
    assert np.array_equal(one, scores(make(), records, purpose, records, seed=1))


@pytest.mark.parametrize("make", BINARY)
def test_a_training_set_with_one_class_gives_its_smoothed_share(make, adult):
    records, purpose = adult(300)
    alone = records.take(np.array([value == "<=50K" for value in records.column("income").to_pylist()]))
    found = scores(make(), alone, purpose, records)
    assert found == pytest.approx(1 / (alone.rows + 2))


@pytest.mark.parametrize("make", BINARY)
def test_a_class_that_training_lacks_keeps_its_place_with_probability_0(make, built_in):
    records, purpose = built_in("wine")
    train = records.take(targets(records, purpose) != 1)
    found = scores(make(), train, purpose, records)
    assert found.shape == (records.rows, 3)
    assert (found[:, 1] == 0).all()
    assert found.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("make", BINARY)
def test_ten_records_are_enough_not_to_crash(make, built_in):
    records, purpose = built_in("wine")
    assert np.isfinite(scores(make(), records.take(np.arange(10)), purpose, records)).all()


@pytest.mark.parametrize("make", BINARY)
def test_records_without_a_known_target_are_left_out(make, built_in):
    records, purpose = built_in("breast_cancer")
    holes = pa.array([None if place % 2 else int(value) for place, value in enumerate(targets(records, purpose))])
    place = records.records.column_names.index("y")
    holed = replace(records, tables={"records": records.records.set_column(place, "y", holes)})
    known = records.take(np.arange(0, records.rows, 2))
    assert np.array_equal(scores(make(), holed, purpose, records), scores(make(), known, purpose, records))


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_the_regularised_learner_predicts_nearer_to_the_constant(make, task, built_in):
    records, purpose = built_in(SETS[task])
    stronger = make()
    for _ in range(3):
        stronger = stronger.regularised()
    assert stronger.fitted is None
    plain, shrunk = (scores(learner, records, purpose, records) for learner in (make(), stronger))
    assert shrunk.std() < plain.std()


def test_logistic_and_linear_name_each_other_when_the_task_does_not_fit(built_in):
    records, purpose = built_in("diabetes")
    with pytest.raises(ProveError, match="Use 'linear'") as caught:
        scores(Logistic(), records, purpose, records)
    assert caught.value.code == "prove-learner"
    records, purpose = built_in("wine")
    with pytest.raises(ProveError, match="Use 'logistic'"):
        scores(Linear(), records, purpose, records)


def test_a_fitted_learner_survives_a_process_border(adult):
    records, purpose = adult(500)
    for make in BINARY:
        fitted = make().fit(records, purpose, weight=np.ones(500), seed=0)
        assert pickle.loads(pickle.dumps(fitted)).predict(records) == fitted.predict(records)


def test_census_income_with_missing_cells_is_learnt(adult):
    from sklearn.metrics import roc_auc_score

    records, purpose = adult(4000)
    train, shown = records.take(np.arange(2000)), records.take(np.arange(2000, 4000))
    truth = np.array(shown.column("income").to_pylist()) == ">50K"
    for make, least in ((LightGBM, 0.88), (Logistic, 0.88), (Tree, 0.82), (Mlp, 0.86)):
        assert roc_auc_score(truth, scores(make(), train, purpose, shown)) > least


def test_frozen_leaf_sizes_count_records_whatever_their_weight(built_in):
    records, purpose = built_in("breast_cancer")
    train = records.take(np.arange(30))  # fewer than two leaves of 20 records: no split is allowed
    found = scores(LightGBM(), train, purpose, records, weight=np.full(30, 50.0))
    assert np.ptp(found) < 1e-9


@pytest.mark.parametrize(("make", "task"), PAIRS)
def test_a_training_set_without_features_gives_a_constant(make, task, built_in):
    records, purpose = built_in(SETS[task])
    bare = records.with_schema(records.schema.assign(**{name: "ignore" for name in records.schema.names() if name != "y"}))
    found = scores(make(), bare, purpose, records.take(np.arange(5)))
    assert len(found) == 5
    assert np.ptp(found, axis=0) == pytest.approx(0)


def test_what_cannot_be_fitted_is_refused(built_in):
    records, purpose = built_in("wine")
    with pytest.raises(ProveError, match="known target"):
        Tree().fit(records, purpose, weight=np.zeros(records.rows), seed=0)
    with pytest.raises(SchemaError, match="as many weights"):
        Tree().fit(records, purpose, weight=np.ones(3), seed=0)
    with pytest.raises(ProveError, match="before it was fitted"):
        Tree().predict(records)


def test_a_learner_shows_how_it_was_made():
    assert repr(Tree(depth=3)) == "Tree(depth=3, min_leaf=5)"
    assert [make().name for make in (LightGBM, Logistic, Linear, Tree, Mlp)] == ["lightgbm", "logistic", "linear", "tree", "mlp"]
