"""Estimates: exact zeros, clusters that count once, gains that never read worse, and variances that come true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement import catalog
from complement.core.purpose import Purpose
from complement.prove.estimate import Sealed, difference, judged, per_class, told_rarest, value_of
from complement.prove.statistics import critical

BINARY = Purpose("y", "binary", ("no", "yes"))
METRICS = {name: catalog.metric(name, BINARY) for name in ("auroc", "log_loss", "ece", "accuracy")}


def sealed(truth: np.ndarray, folds: int = 1, cluster: np.ndarray | None = None) -> Sealed:
    """Folds of equal size in the order of the records."""
    cluster = np.arange(len(truth)) if cluster is None else cluster
    parts = np.split(np.arange(len(truth)), folds)
    return Sealed(
        truth=tuple(truth[part] for part in parts),
        weight=tuple(np.ones(len(part)) for part in parts),
        cluster=tuple(cluster[part] for part in parts),
        unit=tuple(cluster[part] for part in parts),
        records=(),
        clusters=int(cluster.max()) + 1,
        shared=False,
        overlap=None,
    )


def split(score: np.ndarray, folds: int = 1) -> list[list[np.ndarray]]:
    return [[part] for part in np.split(score, folds)]


def everywhere(rows: int, folds: int = 1) -> list[np.ndarray]:
    return [np.ones(rows // folds, bool)] * folds


def drawn(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth and two scores of it, the first the better one."""
    truth = (rng.random(rows) < 0.4).astype(int)
    logit = 1.5 * truth - 0.7
    return truth, *(1 / (1 + np.exp(-(logit + rng.normal(0, sd, rows)))) for sd in (0.8, 1.6))


@pytest.mark.parametrize("name", METRICS)
def test_an_arm_that_equals_real_only_differs_by_exactly_nothing(name):
    truth, score, _ = drawn(np.random.default_rng(0), 200)
    found = difference(METRICS[name], sealed(truth, 5), split(score, 5), split(score, 5), everywhere(200, 5))
    assert found.value == 0.0
    assert found.error == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_repeating_every_record_inside_its_unit_does_not_shrink_the_interval(name):
    truth, arm, base = drawn(np.random.default_rng(1), 150)
    once = difference(METRICS[name], sealed(truth), split(arm), split(base), everywhere(150))
    cluster = np.repeat(np.arange(150), 3)
    thrice = [np.repeat(values, 3) for values in (truth, arm, base)]
    again = difference(METRICS[name], sealed(thrice[0], cluster=cluster), split(thrice[1]), split(thrice[2]), everywhere(450))
    assert again.value == pytest.approx(once.value)
    assert again.error == pytest.approx(once.error, rel=0.02)
    assert again.n == once.n == 150


@pytest.mark.parametrize(("name", "rows"), [("auroc", 200), ("log_loss", 200), ("ece", 400)])
def test_the_stated_error_is_the_spread_of_the_estimate_over_samples(name, rows):
    # Two fixed rules judged on fresh records, in five folds: what is random is the sealed units alone.
    rng = np.random.default_rng(2)
    runs = []
    for _ in range(60 if name == "ece" else 400):
        truth, arm, base = drawn(rng, rows)
        runs.append(difference(METRICS[name], sealed(truth, 5), split(arm, 5), split(base, 5), everywhere(rows, 5)))
    true = np.std([run.value for run in runs])
    assert np.mean([run.error for run in runs]) == pytest.approx(true, rel=0.3 if name == "ece" else 0.12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.2), st.floats(0.0, 0.2))
def test_more_gain_never_reads_worse(seed, small, more):
    # Moving every probability towards the truth, further and further.
    truth, _, base = drawn(np.random.default_rng(seed), 60)

    def gained(step: float) -> float:
        arm = base + step * (truth - base)
        return difference(METRICS["log_loss"], sealed(truth), split(arm), split(base), everywhere(60)).value

    assert gained(small + more) >= gained(small) >= 0.0


@pytest.mark.parametrize("name", METRICS)
def test_better_reads_as_plus_also_for_losses(name):
    truth, better, worse = drawn(np.random.default_rng(3), 400)
    found = difference(METRICS[name], sealed(truth), split(better), split(worse), everywhere(400))
    swapped = difference(METRICS[name], sealed(truth), split(worse), split(better), everywhere(400))
    assert found.value == pytest.approx(-swapped.value)
    if name != "ece":
        assert found.value > 0


@pytest.mark.parametrize("name", METRICS)
def test_the_value_alone_is_that_of_the_estimate(name):
    truth, score, _ = drawn(np.random.default_rng(4), 200)
    masks = [mask & (np.arange(40) % 3 > 0) for mask in everywhere(200, 5)]
    found = difference(METRICS[name], sealed(truth, 5), split(score, 5), None, masks)
    assert value_of(METRICS[name], sealed(truth, 5), split(score, 5), masks) == found.value


def test_seeds_that_disagree_widen_the_interval():
    truth, arm, base = drawn(np.random.default_rng(5), 300)
    other = np.clip(arm + 0.3 * (truth - arm), 0.01, 0.99)
    one = difference(METRICS["auroc"], sealed(truth), [[arm, arm]], [[base]], everywhere(300))
    two = difference(METRICS["auroc"], sealed(truth), [[arm, other]], [[base]], everywhere(300))
    assert one.seeds_variance == 0.0
    assert two.seeds_variance > 0.0


def test_a_fold_without_positives_is_left_out_and_none_at_all_gives_nothing():
    truth, arm, base = drawn(np.random.default_rng(6), 100)
    truth[:50] = 0
    part = difference(METRICS["auroc"], sealed(truth, 2), split(arm, 2), split(base, 2), everywhere(100, 2))
    whole = difference(METRICS["auroc"], sealed(truth[50:]), split(arm[50:]), split(base[50:]), everywhere(50))
    assert part.value == pytest.approx(whole.value)
    none = difference(METRICS["auroc"], sealed(0 * truth), split(arm), split(base), everywhere(100))
    assert none is None


def delong(truth: np.ndarray, score: np.ndarray) -> float:
    """The variance of AUROC as DeLong et al. (1988) write it, pair by pair."""
    ones, zeros = score[truth == 1], score[truth == 0]
    beats = (ones[:, None] > zeros).astype(float)
    return float(beats.mean(axis=1).var(ddof=1) / len(ones) + beats.mean(axis=0).var(ddof=1) / len(zeros))


@pytest.mark.parametrize("positives", [2, 5, 40])
def test_the_variance_of_auroc_is_that_of_delong_with_few_positives_too(positives):
    rng = np.random.default_rng(7)
    truth = (np.arange(100) < positives).astype(int)
    score = 1 / (1 + np.exp(-rng.normal(0.8 * truth)))
    found = difference(METRICS["auroc"], sealed(truth), split(score), None, everywhere(100))
    assert found.units_variance == pytest.approx(delong(truth, score) * 100 / 99)
    assert positives - 1 <= found.units_df < 98  # of both classes together, as Welch and Satterthwaite weigh them


def test_a_fold_with_one_positive_is_left_out_because_nobody_knows_its_spread():
    truth, score, _ = drawn(np.random.default_rng(8), 100)
    truth[:50] = np.arange(50) == 3
    found = difference(METRICS["auroc"], sealed(truth, 2), split(score, 2), None, everywhere(100, 2))
    assert found.value == METRICS["auroc"].values(truth[50:], score[50:], np.ones(50))
    assert per_class(sealed(truth, 2), judged(METRICS["auroc"], sealed(truth, 2), everywhere(100, 2)), BINARY) == truth[50:].sum()
    loss = difference(METRICS["log_loss"], sealed(truth, 2), split(score, 2), None, everywhere(100, 2))
    assert (loss.n, loss.units_df) == (100, None)
    assert per_class(sealed(truth, 2), judged(METRICS["log_loss"], sealed(truth, 2), everywhere(100, 2)), BINARY) == truth.sum()


@pytest.mark.parametrize(("folds", "positives"), [(5, 30), (10, 30)])
def test_a_null_effect_is_told_from_0_in_5_percent_with_30_positives(folds, positives):
    # Exchangeable arms; without what few positives need, 10 folds give 8 to 13 %.
    rng = np.random.default_rng(9)
    rows, runs, found = 300, 500, 0
    order = np.argsort(np.r_[np.arange(positives) % folds, np.arange(rows - positives) % folds], kind="stable")
    truth = (np.arange(rows) < positives).astype(int)[order]
    for _ in range(runs):
        signal = rng.normal(1.2 * truth)
        arm, base = (1 / (1 + np.exp(-(signal + rng.normal(0, 0.5, rows)))) for _ in range(2))
        run = difference(METRICS["auroc"], sealed(truth, folds), split(arm, folds), split(base, folds), everywhere(rows, folds))
        found += abs(run.value) > critical(run, 0.05) * run.error
    assert 0.02 * runs <= found <= 0.07 * runs


@pytest.mark.parametrize("name", ["auroc", "ece"])
def test_halves_judged_on_one_sealed_part_vary_by_their_draw_and_by_the_sealed_units(name):
    rng = np.random.default_rng(10)
    truth, arm, base = drawn(rng, 200)
    draws = [np.clip(arm + rng.normal(0, 0.05, 200), 0.01, 0.99) for _ in range(6)]
    one = sealed(truth)
    fields = {key: getattr(one, key) * 6 for key in ("truth", "weight", "cluster", "unit")}
    shared = replace(one, **fields, shared=True, overlap=1.0)
    found = difference(METRICS[name], shared, [[draw] for draw in draws], [[base]] * 6, [np.ones(200, bool)] * 6)
    apart = difference(METRICS[name], replace(shared, overlap=None), [[d] for d in draws], [[base]] * 6, [np.ones(200, bool)] * 6)
    assert found.units_variance == apart.units_variance > 0
    assert found.draws_variance == pytest.approx(7 * apart.draws_variance)
    assert found.value == apart.value


def test_the_rarest_class_is_counted_in_units():
    truth = np.array([1, 1, 1, 0, 0, 0])
    assert per_class(sealed(truth, cluster=np.array([0, 0, 1, 2, 3, 4])), everywhere(6), BINARY) == 2


def test_a_class_that_few_units_hold_is_named_and_no_more_of_it_are_asked_for():
    rng = np.random.default_rng(0)
    truth = np.r_[np.zeros(900), np.ones(60)].astype(int)
    unit = np.r_[np.zeros(840), np.arange(1, 61), np.arange(61, 121)].astype(int)  # one record stands 840 times
    order = rng.permutation(960)
    said = told_rarest(sealed(truth[order], cluster=unit[order]), everywhere(960), BINARY)
    assert said.startswith(f"the 61 sealed units of class '{BINARY.classes[0]}' count as 1 (30 are needed), because")
    few = np.r_[np.zeros(900), np.ones(20)].astype(int)
    assert told_rarest(sealed(few), everywhere(920), BINARY) == "only 20 sealed units in the rarest class (30 are needed)"
