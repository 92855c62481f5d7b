"""Metrics equal scikit-learn's, and their influence values are derivatives whose variance is the sampling variance."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Purpose, Task
from complement.core.schema import Column, Schema
from complement.prove import metric_ranks as ranks
from complement.prove import metrics

BINARY = Purpose("y", "binary", ("no", "yes"))
THREE = Purpose("y", "multiclass", ("a", "b", "c"))
VALUES = Purpose("y", "regression", target_sd=4.0)
OF_CLASSES = [metrics.Auroc, metrics.Auprc, metrics.LogLoss, metrics.Brier, metrics.Ece, metrics.Accuracy, metrics.MacroF1]
OF_VALUES = [metrics.Rmse, metrics.Mae, metrics.R2]
ALL = [
    *[(kind, purpose) for kind in OF_CLASSES for purpose in (BINARY, THREE)],
    (metrics.RecallAtPrecision, BINARY),
    *[(kind, VALUES) for kind in OF_VALUES],
]
SMOOTH = [(kind, purpose) for kind, purpose in ALL if kind.smooth]
Case = tuple[np.ndarray, np.ndarray, np.ndarray]


def drawn(purpose: Purpose, *, rows: int = 200, seed: int = 0, decimals: int = 2) -> Case:
    """Truth, scores with many ties and uneven weights, some of them 0."""
    rng = np.random.default_rng(seed)
    weight = rng.exponential(size=rows) * (rng.random(rows) > 0.1)
    if purpose.task == "regression":
        truth = rng.normal(10, 4, rows)
        return truth, np.round(truth + rng.normal(0, 3, rows), decimals), weight
    classes = len(purpose.classes)
    truth = rng.integers(0, classes, rows)
    if classes == 2:
        return truth, np.round(np.clip(0.3 * truth + 0.6 * rng.random(rows), 0, 1), decimals), weight
    raw = rng.random((rows, classes)) + 0.7 * np.eye(classes)[truth]
    steps = np.round(10**decimals * raw / raw.sum(axis=1, keepdims=True)) + 1
    return truth, steps / steps.sum(axis=1, keepdims=True), weight


@cache
def real_predictions(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Truth and honest (cross-validated) predictions on a real set: binary, three classes or values."""
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order], y[order]
    if name == "diabetes":
        return y, cross_val_predict(Ridge(), x, y, cv=5)
    # Two weak columns only: a problem on which errors are made.
    scores = cross_val_predict(make_pipeline(StandardScaler(), LogisticRegression()), x[:, 1:3], y, cv=5, method="predict_proba")
    return y, scores[:, 1] if scores.shape[1] == 2 else scores


REFERENCE = {
    (metrics.Auroc, "binary"): lambda y, s, w: sk.roc_auc_score(y, s, sample_weight=w),
    (metrics.Auroc, "multiclass"): lambda y, s, w: sk.roc_auc_score(np.eye(3)[y], s, sample_weight=w, average="macro"),
    (metrics.Auprc, "binary"): lambda y, s, w: sk.average_precision_score(y, s, sample_weight=w),
    (metrics.Auprc, "multiclass"): lambda y, s, w: sk.average_precision_score(np.eye(3)[y], s, sample_weight=w),
    (metrics.LogLoss, "binary"): lambda y, s, w: sk.log_loss(y, s, sample_weight=w),
    (metrics.LogLoss, "multiclass"): lambda y, s, w: sk.log_loss(y, s, sample_weight=w),
    (metrics.Brier, "binary"): lambda y, s, w: sk.brier_score_loss(y, s, sample_weight=w),
    (metrics.Brier, "multiclass"): lambda y, s, w: np.average(((s - np.eye(3)[y]) ** 2).sum(axis=1), weights=w),
    (metrics.Accuracy, "binary"): lambda y, s, w: sk.accuracy_score(y, s >= 0.5, sample_weight=w),
    (metrics.Accuracy, "multiclass"): lambda y, s, w: sk.accuracy_score(y, s.argmax(axis=1), sample_weight=w),
    (metrics.MacroF1, "binary"): lambda y, s, w: sk.f1_score(y, s >= 0.5, sample_weight=w, average="macro"),
    (metrics.MacroF1, "multiclass"): lambda y, s, w: sk.f1_score(y, s.argmax(axis=1), sample_weight=w, average="macro"),
    (metrics.Rmse, "regression"): lambda y, s, w: sk.root_mean_squared_error(y, s, sample_weight=w),
    (metrics.Mae, "regression"): lambda y, s, w: sk.mean_absolute_error(y, s, sample_weight=w),
    (metrics.R2, "regression"): lambda y, s, w: sk.r2_score(y, s, sample_weight=w),
}


@pytest.mark.parametrize(("kind", "task"), list(REFERENCE))
@pytest.mark.parametrize("decimals", [1, 6])
def test_a_metric_equals_scikit_learn_with_weights_and_ties(kind, task: Task, decimals: int):
    purpose = {"binary": BINARY, "multiclass": THREE, "regression": VALUES}[task]
    for seed in range(5):
        y, score, weight = drawn(purpose, seed=seed, decimals=decimals)
        assert kind(purpose).values(y, score, weight) == pytest.approx(REFERENCE[kind, task](y, score, weight), rel=1e-9)


@pytest.mark.parametrize("precision", [0.6, 0.75, 0.9, 0.999])
def test_recall_at_precision_is_the_best_point_of_scikit_learns_curve(precision: float):
    for seed in range(5):
        y, score, weight = drawn(BINARY, seed=seed)
        curve, recall, _ = sk.precision_recall_curve(y, score, sample_weight=weight)
        want = recall[:-1][curve[:-1] >= precision].max(initial=0)
        found = metrics.RecallAtPrecision(Purpose("y", "binary", ("no", "yes"), min_precision=precision))
        assert found.values(y, score, weight) == pytest.approx(want)


def test_calibration_error_is_the_mean_gap_of_equal_bins():
    score = np.linspace(0.001, 0.999, 1000)
    y = (np.random.default_rng(0).random(1000) < score**2).astype(int)
    want = np.mean([abs(y[k : k + 100].mean() - score[k : k + 100].mean()) for k in range(0, 1000, 100)])
    assert metrics.Ece(BINARY).values(y, score, np.ones(1000)) == pytest.approx(want)


def test_calibration_error_does_not_depend_on_the_order_of_ties():
    y, score, weight = drawn(BINARY, decimals=1)
    turned = np.random.default_rng(1).permutation(len(y))
    here, there = (metrics.Ece(BINARY).values(y[o], score[o], weight[o]) for o in (np.arange(len(y)), turned))
    assert here == pytest.approx(there)


def test_calibration_error_treats_both_classes_alike_also_with_ties():
    found = metrics.Ece(BINARY)
    for seed in range(5):
        y, score, weight = drawn(BINARY, rows=60, decimals=2, seed=seed)
        assert found.values(1 - y, 1 - score, weight) == pytest.approx(found.values(y, score, weight))


def test_a_precision_equal_to_the_bound_meets_it():
    y, score = np.array([1, 1, 1, 0, 1, 0, 0, 0]), np.arange(8)[::-1] / 8
    found = metrics.RecallAtPrecision(Purpose("y", "binary", ("no", "yes"), min_precision=0.8))
    for unit in (1.0, 0.1, 0.3):
        assert found.values(y, score, np.full(8, unit)) == pytest.approx(1.0)


@pytest.mark.parametrize(("kind", "purpose"), SMOOTH)
@pytest.mark.parametrize("decimals", [1, 6])
def test_influence_is_the_derivative_by_weight(kind, purpose: Purpose, decimals: int):
    y, score, weight = drawn(purpose, rows=60, decimals=decimals)
    metric = kind(purpose)
    psi = metric.influences(y, score, weight)
    assert (weight * psi).sum() == pytest.approx(0, abs=1e-8)
    step = 1e-5
    for place in np.flatnonzero(weight > 0):
        up, down = weight.copy(), weight.copy()
        up[place] += step
        down[place] -= step
        slope = (metric.values(y, score, up) - metric.values(y, score, down)) / (2 * step)
        assert psi[place] == pytest.approx(slope * weight.sum(), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *[("breast_cancer", kind) for kind in OF_CLASSES if kind.smooth],
        *[("wine", kind) for kind in OF_CLASSES if kind.smooth],
        *[("diabetes", kind) for kind in OF_VALUES],
    ],
)
def test_the_variance_of_influence_agrees_with_a_bootstrap_of_real_predictions(name: str, kind):
    y, score = real_predictions(name)
    purpose = {"breast_cancer": BINARY, "wine": THREE, "diabetes": VALUES}[name]
    metric, ones, rng = kind(purpose), np.ones(len(y)), np.random.default_rng(0)
    error = np.sqrt((metric.influences(y, score, ones) ** 2).mean() / len(y))
    draws = [metric.values(y, score, rng.multinomial(len(y), ones / len(y)).astype(float)) for _ in range(600)]
    assert error == pytest.approx(np.std(draws), rel=0.15)  # 600 draws give the sd to about 3 %


def test_the_variance_of_influence_agrees_with_a_bootstrap_on_census_income(data_folder: Path):
    lines = gzip.decompress((data_folder / "adult" / "adult.test.gz").read_bytes()).decode().splitlines()[1:3001]
    cells = [line.split(", ") for line in lines if line]
    y = np.array([int(row[14].startswith(">50K")) for row in cells])
    years, age, hours = (np.array([float(row[place]) for row in cells]) for place in (4, 0, 12))
    score = np.clip(0.07 * (years - 7) + 0.004 * (age - 38) + 0.003 * (hours - 40), 0, 1)  # crude, with many ties
    ones, rng = np.ones(len(y)), np.random.default_rng(0)
    for kind in (metrics.Auroc, metrics.Auprc, metrics.Brier, metrics.MacroF1):
        metric = kind(BINARY)
        error = np.sqrt((metric.influences(y, score, ones) ** 2).mean() / len(y))
        draws = [metric.values(y, score, rng.multinomial(len(y), ones / len(y)).astype(float)) for _ in range(400)]
        assert error == pytest.approx(np.std(draws), rel=0.15)


def test_delong_variance_equals_its_closed_form():
    y, score = real_predictions("breast_cancer")
    score = np.round(score, 2)
    psi = metrics.Auroc(BINARY).influences(y, score, np.ones(len(y)))
    wins = (score[y == 1][:, None] > score[y == 0]) + 0.5 * (score[y == 1][:, None] == score[y == 0])
    positives, negatives = wins.shape
    closed = wins.mean(axis=1).var() / positives + wins.mean(axis=0).var() / negatives
    assert (psi**2).sum() / len(y) ** 2 == pytest.approx(closed)


@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=40),
    st.integers(0, 39),
    st.integers(1, 8),
)
@settings(max_examples=60, deadline=None)
def test_more_gain_never_reads_worse(pairs: list[tuple[int, bool]], place: int, rise: int):
    score = np.array([value for value, _ in pairs], float)
    positive = np.array([side for _, side in pairs])
    weight = np.ones(len(pairs))
    place %= len(pairs)
    rise = rise if positive[place] else -rise  # a positive rises, or a negative falls
    distinct = score + np.arange(len(score)) / 100
    for value, start, step in (
        (ranks.auroc, score, rise),
        (lambda side, of, mass: ranks.recall_at(side, of, precision=0.8)(mass), score, rise),
        (ranks.average_precision, distinct, rise + 0.001),  # see the docstring for what ties do to it
    ):
        better = start.copy()
        better[place] += step
        before, after = value(positive, start, weight), value(positive, better, weight)
        assert np.isnan(before) == np.isnan(after)
        assert np.isnan(before) or after >= before - 1e-12


def test_a_tie_may_cost_average_precision_as_it_does_in_scikit_learn():
    positive, ones = np.array([True, True, False]), np.ones(3)
    for score, want in (([0.0, 0.0, 1.0], 2 / 3), ([1.0, 0.0, 1.0], 7 / 12)):
        assert ranks.average_precision(positive, np.array(score), ones) == pytest.approx(want)
        assert sk.average_precision_score(positive, score) == pytest.approx(want)


@given(st.integers(0, 1000), st.sampled_from(SMOOTH))
@settings(max_examples=40, deadline=None)
def test_records_of_weight_0_and_the_scale_of_weights_change_nothing(seed: int, pair):
    kind, purpose = pair
    y, score, weight = drawn(purpose, rows=40, seed=seed)
    metric, kept = kind(purpose), weight > 0
    value = metric.values(y, score, weight)
    assert metric.values(y[kept], score[kept], weight[kept]) == pytest.approx(value, nan_ok=True)
    assert metric.values(y, score, 7 * weight) == pytest.approx(value, nan_ok=True)
    assert metric.influences(y, score, 7 * weight) == pytest.approx(metric.influences(y, score, weight))


@pytest.mark.parametrize("kind", [metrics.Auroc, metrics.Auprc])
def test_a_single_class_gives_nan_and_influence_0(kind):
    for y in (np.zeros(5, int), np.ones(5, int)):
        assert np.isnan(kind(BINARY).values(y, np.linspace(0, 1, 5), np.ones(5)))
        assert not kind(BINARY).influences(y, np.linspace(0, 1, 5), np.ones(5)).any()


@pytest.mark.parametrize(("kind", "purpose"), ALL)
def test_no_records_or_no_weight_gives_nan(kind, purpose: Purpose):
    y, score, weight = drawn(purpose)
    assert np.isnan(kind(purpose).values(y, score, 0 * weight))
    assert np.isnan(kind(purpose).values(y[:0], score[:0], weight[:0]))
    influence = kind(purpose).influences(y, score, 0 * weight)
    assert influence is None or not influence.any()


def test_a_class_that_the_part_lacks_is_left_out_of_the_mean():
    y, score, weight = drawn(THREE)
    part = y != 2
    want = np.mean([sk.roc_auc_score(y[part] == k, score[part, k], sample_weight=weight[part]) for k in (0, 1)])
    assert metrics.Auroc(THREE).values(y[part], score[part], weight[part]) == pytest.approx(want)


@pytest.mark.parametrize(("kind", "purpose"), ALL)
def test_records_without_a_known_target_are_left_out(kind, purpose: Purpose):
    y, score, weight = drawn(purpose)
    holed, keep = y.copy(), np.arange(len(y)) % 4 > 0
    holed[~keep] = np.nan if purpose.task == "regression" else -1
    metric = kind(purpose)
    assert metric.values(holed, score, weight) == pytest.approx(metric.values(y[keep], score[keep], weight[keep]))
    influence = metric.influences(holed, score, weight)
    assert influence is None or not influence[~keep].any()


def test_perfect_predictions_have_a_defined_influence():
    y = np.arange(6.0)
    assert not metrics.Rmse(VALUES).influences(y, y, np.ones(6)).any()
    assert np.isnan(metrics.R2(VALUES).values(np.ones(6), y, np.ones(6)))


def test_a_moved_threshold_moves_accuracy_and_f1():
    y, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.9])
    for kind in (metrics.Accuracy, metrics.MacroF1):
        assert kind(BINARY).values(y, score, np.ones(4)) < kind(BINARY, threshold=0.3).values(y, score, np.ones(4)) == 1


@pytest.mark.parametrize(("kind", "purpose"), ALL)
def test_a_metric_declares_its_name_direction_and_margin(kind, purpose: Purpose):
    metric = kind(purpose)
    margins = {"auroc": 0.005, "rmse": 0.04, "mae": 0.04}
    assert metric.margin == pytest.approx(margins.get(metric.name, 0.01))
    assert metric.better == ("low" if metric.name in {"log_loss", "brier", "ece", "rmse", "mae"} else "high")
    assert metric.relative == (metric.name in {"log_loss", "brier"})
    assert purpose.task in metric.tasks


def test_a_metric_of_another_task_is_refused():
    with pytest.raises(ProveError, match="does not fit the task 'regression'") as caught:
        metrics.Auroc(VALUES)
    assert caught.value.code == "prove-metric"
    with pytest.raises(ProveError, match="'recall_at_precision' does not fit the task 'multiclass'"):
        metrics.RecallAtPrecision(THREE)


def test_scores_of_the_wrong_shape_are_refused():
    with pytest.raises(ProveError, match=r"scores of shape \(2, 3\)"):
        metrics.LogLoss(THREE).values(np.array([0, 1]), np.zeros(2), np.ones(2))


def test_tables_give_the_same_as_arrays():
    y, score, weight = drawn(THREE)
    table = pa.table({"y": pa.array([THREE.classes[k] for k in y])})
    truth = Dataset.of(table, Schema({"records": (Column("y", "category", "target"),)}))
    flat = pa.array(score.ravel())
    lists = (pa.FixedSizeListArray.from_arrays(flat, 3), pa.array(score.tolist()))
    metric = metrics.Auroc(THREE)
    for made in lists:
        predictions = pa.table({"score": pa.chunked_array([made.slice(0, 90), made.slice(90)])})
        assert np.array_equal(metrics.score_array(predictions), score)
        assert metric.score(truth, predictions, weight=weight) == metric.values(y, score, weight)
        assert np.array_equal(metric.influence(truth, predictions, weight=weight), metric.influences(y, score, weight))
    assert np.array_equal(metrics.truth_array(truth, THREE), y)


@pytest.mark.parametrize("values", [[0.1, None], [0.1, float("nan")], [[0.1, 0.9], None], [[0.1, 0.9], [1.0]]])
def test_predictions_with_holes_are_refused(values: list[object]):
    with pytest.raises(ProveError) as caught:
        metrics.score_array(pa.table({"score": pa.array(values)}))
    assert caught.value.code == "prove-learner"
