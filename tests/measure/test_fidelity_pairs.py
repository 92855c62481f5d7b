"""Pairs, conditions, transfer and detection: known answers on real records, from a copy to columns dealt anew."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.associations import associations
from complement.measure.coded import Table, cuts, learn
from complement.measure.fidelity import C2st, Conditional, Detection, Pairs, Shape, Tstr

BINARY = Purpose("benign", "binary", ("0", "1"))


@pytest.fixture(scope="module")
def tumours() -> Dataset:
    """569 real tumours in random order: ten measurements, one of them cut into words, and the diagnosis."""
    found = load_breast_cancer()
    rows = rng_at(0, "tumours").permutation(569)
    names = [name.replace(" ", "_") for name in found.feature_names[:10]]
    table = pa.table({name: found.data[rows, place] for place, name in enumerate(names)})
    sizes = np.array(["small", "middle", "large"])[np.searchsorted([12, 16], found.data[rows, 0])]
    table = table.append_column("size", pa.array(sizes)).append_column("benign", pa.array(found.target[rows].astype(str)))
    columns = (*(Column(name, "number") for name in names), Column("size", "category"), Column("benign", "category", "target"))
    return Dataset.of(table, Schema({RECORDS: columns}))


@pytest.fixture(scope="module")
def context(tumours: Dataset) -> Context:
    return Context(tumours.take(np.arange(200)), tumours.take(np.arange(200, 400)), tumours.schema, BINARY)


@pytest.fixture(scope="module")
def fresh(tumours: Dataset) -> Dataset:
    return tumours.take(np.arange(400, 569))


def dealt(real: Dataset, share: float = 1.0) -> Dataset:
    """Each column of a share of the records in an order of its own: single columns stay as they are."""
    most = int(share * real.rows)
    rest = np.arange(most, real.rows)
    order = {name: np.concatenate([rng_at(1, name).permutation(most), rest]) for name in real.schema.names()}
    return Dataset.of(pa.table({name: real.column(name).take(pa.array(rows)) for name, rows in order.items()}), real.schema)


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.name: score for score in scores}


def test_fresh_real_records_score_as_the_hold_out_does(context: Context, fresh: Dataset) -> None:
    for evaluator in (Pairs(), Conditional()):
        found = by_name(evaluator.score(fresh, context))
        for name in [name for name in found if not name.endswith("_base")]:
            assert found[name].value < 2 * found[f"{name}_base"].value, name
    difference = by_name(Tstr().score(fresh, context))["tstr_auroc_difference"]
    assert difference.low is not None
    assert difference.high is not None
    assert difference.low - 0.02 < 0 < difference.high + 0.02, "169 other records teach nearly the same"


def test_a_copy_of_train_is_nothing_off(context: Context) -> None:
    for evaluator in (Shape(), Pairs(), Conditional()):
        for score in evaluator.score(context.train, context):
            assert score.value == pytest.approx(0.0, abs=1e-12) or score.name.endswith("_base"), score.name
    assert by_name(Tstr().score(context.train, context))["tstr_auroc_difference"].value == 0.0


def test_columns_dealt_anew_are_perfect_alone_and_bad_in_pairs(context: Context) -> None:
    made = dealt(context.train)
    shape, pairs = by_name(Shape().score(made, context)), by_name(Pairs().score(made, context))
    assert shape["shape_error"].value == 0.0
    assert pairs["pairs_error"].value > 5 * pairs["pairs_error_base"].value
    assert pairs["pairs_worst"].value > 0.8, "radius and perimeter"
    assert pairs["joint_error"].value > pairs["joint_error_base"].value
    assert by_name(Tstr().score(made, context))["tstr_auroc"].value < 0.8
    assert by_name(Conditional().score(made, context))["conditional_error"].value > 0.2
    found = Pairs().worst(made, context)
    assert found is not None
    assert set(found[:2]) <= set(made.schema.names())
    assert found[2] <= made.rows


def test_what_logistic_regression_does_not_see_boosted_trees_do(context: Context) -> None:
    made = dealt(context.train)
    logistic = by_name(Detection().score(made, context))["detection_logistic"]
    boosted = by_name(C2st().score(made, context))["detection_boosted"]
    assert logistic.value > boosted.value + 0.5


def test_more_damage_never_scores_better(context: Context) -> None:
    shares = (0.0, 0.25, 0.5, 1.0)
    for evaluator, name in ((Pairs(), "pairs_error"), (Pairs(), "joint_error"), (Conditional(), "conditional_error")):
        values = [by_name(evaluator.score(dealt(context.train, share), context))[name].value for share in shares]
        assert values == sorted(values), name
        assert values[0] < values[1] < values[-1], name
    told = [by_name(C2st().score(dealt(context.train, share), context))["c2st_auc"].value for share in (0.0, 0.5, 1.0)]
    assert told[0] < told[1] < told[2]


def test_values_that_were_swapped_show_in_the_joint_distribution(context: Context) -> None:
    turned = np.where(context.train.column("benign").to_numpy(zero_copy_only=False) == "1", "0", "1")
    table = context.train.records.set_column(11, "benign", pa.array(turned))
    made = Dataset.of(table, context.schema)
    found = by_name(Pairs().score(made, context))
    assert found["pairs_error"].value == pytest.approx(0.0, abs=1e-9), "as strong as before"
    assert found["joint_error"].value > 0.05
    assert by_name(Tstr().score(made, context))["tstr_auroc"].value < 0.1


def test_a_class_that_is_not_made_is_one_off(context: Context) -> None:
    benign = context.train.column("benign").to_numpy(zero_copy_only=False) == "1"
    found = by_name(Conditional().score(context.train.take(np.flatnonzero(benign)), context))
    assert found["conditional_worst"].value == 1.0
    assert found["conditional_error"].value == pytest.approx(0.5)
    taught = by_name(Tstr().score(context.train.take(np.flatnonzero(benign)), context))
    assert taught["tstr_auroc"].value == 0.5, "one class teaches nothing"


def test_the_permutation_test_knows_real_from_dealt_and_is_calm_on_nulls(tumours: Dataset, context: Context) -> None:
    assert by_name(C2st().score(dealt(context.train), context))["c2st_p"].value == pytest.approx(0.001)
    values: list[float] = []
    for seed in range(12):
        rows = rng_at(seed, "null").permutation(569)
        null = Context(tumours.take(rows[:9]), tumours.take(rows[50:110]), tumours.schema)
        values.append(by_name(C2st(permutations=199, seed=seed).score(tumours.take(rows[110:170]), null))["c2st_p"].value)
    assert sum(value <= 0.05 for value in values) <= 3, "at most 3 of 12 in 99.8 % of cases"
    assert max(values) > 0.5


def test_associations_of_every_kind_are_those_of_the_textbook() -> None:
    from scipy.stats import spearmanr
    from scipy.stats.contingency import association

    iris = load_iris()
    kinds = np.array(["setosa", "versicolor", "virginica"])[iris.target]
    halves = np.where(iris.data[:, 2] > 4, "long", "short")
    table = pa.table({"a": iris.data[:, 0], "b": iris.data[:, 1], "kind": kinds, "half": halves, "one": ["x"] * 150})
    columns = [Column("a", "number"), Column("b", "number"), *(Column(name, "category") for name in ("kind", "half", "one"))]
    real = Dataset.of(table, Schema({RECORDS: tuple(columns)}))
    found = associations(real, learn(real, columns))
    assert found[0, 1] == pytest.approx(float(spearmanr(iris.data[:, 0], iris.data[:, 1])[0]), abs=1e-9)
    crossed = np.array([[((kinds == k) & (halves == h)).sum() for h in ("long", "short")] for k in np.unique(kinds)])
    assert found[2, 3] == pytest.approx(association(crossed, method="cramer"), abs=0.02), "bias-corrected: slightly less"
    assert 0.7 < found[0, 2] < 1
    assert found[4, :4].tolist() == [0.0] * 4, "a constant hangs together with nothing"
    assert np.array_equal(found, found.T)
    words = rng_at(0, "words").integers(0, 20, (2, 150)).astype(str)
    noise = Dataset.of(
        pa.table({"x": words[0], "y": words[1]}), Schema({RECORDS: (Column("x", "category"), Column("y", "category"))})
    )
    assert associations(noise, learn(noise, noise.schema.columns))[0, 1] < 0.12, "Cramer's V without its correction: .35"


def test_a_value_that_many_share_is_a_level_of_its_own() -> None:
    edges = cuts(np.concatenate([np.zeros(80), np.arange(1.0, 21.0)]), 10)
    places = np.searchsorted(edges, [0.0, 1.0, 20.0], side="right")
    assert places[0] != places[1]
    assert places[1] != places[2]
    real = Dataset.of(pa.table({"x": pa.array([0.0, 0.0, 1.0, None])}), Schema({RECORDS: (Column("x", "number"),)}))
    (code,) = learn(real, real.schema.columns)
    assert code.of(real)[3] == code.levels - 1
    assert Table.of(real, [code]).counts.sum() == 4


def test_a_number_as_target_is_cut_and_learnt() -> None:
    found = load_diabetes()
    rows = rng_at(0, "diabetes").permutation(442)
    names = [*found.feature_names, "progress"]
    matrix = np.column_stack([found.data, found.target])[rows]
    columns = tuple(Column(name, "number", "target" if name == "progress" else "feature") for name in names)
    every = Dataset.of(pa.table({name: matrix[:, place] for place, name in enumerate(names)}), Schema({RECORDS: columns}))
    context = Context(
        every.take(np.arange(200)), every.take(np.arange(200, 442)), every.schema, Purpose("progress", "regression")
    )
    taught = by_name(Tstr().score(context.train, context))
    assert taught["tstr_r2"].value == taught["tstr_r2_base"].value
    assert 0.1 < taught["tstr_r2"].value < 0.7
    bad = by_name(Tstr().score(dealt(context.train), context))["tstr_r2_difference"]
    assert bad.high is not None
    assert bad.high < 0
    assert by_name(Conditional().score(dealt(context.train), context))["conditional_error"].value > 0.15


def test_what_cannot_be_measured_is_left_out(context: Context) -> None:
    none = context.train.take(np.zeros(0, int))
    alone = Context(context.train, None, context.schema, BINARY)
    for evaluator in (Pairs(), Conditional(), Tstr(), Detection(), C2st()):
        evaluator.score(none, context)
    assert [score.name for score in Pairs().score(context.train, alone)] == ["pairs_error", "pairs_worst", "joint_error"]
    assert Tstr().score(context.train, alone) == Detection().score(context.train, alone) == []
    assert Tstr().score(context.train, Context(context.train, context.tune, context.schema)) == []
    with pytest.raises(UsageError, match="folds"):
        C2st(folds=1)
