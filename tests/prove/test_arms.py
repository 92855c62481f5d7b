"""Arms: masses that sum to n whatever the weight, and class weights that reach the arm's class mass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.purpose import Purpose
from complement.prove import arms


@pytest.fixture(scope="module")
def parts(world):
    x, y = world.law(60, "pool", shift=2.0)
    train = world.real(100).weighted(np.linspace(0.5, 2.0, 100))
    return train, world.records(x, y, made=True)


@settings(max_examples=25, deadline=None)
@given(w=st.floats(0.0, 1.0))
def test_real_sums_to_one_minus_w_times_n_and_made_to_w_times_n(parts, w):
    train, pool = parts
    mixed = arms.mixed(train, pool, w)
    made = mixed.records.synthetic
    assert mixed.weight.sum() == pytest.approx(100)
    assert mixed.weight[made].sum() == pytest.approx(100 * w)


def test_weight_0_is_real_only_and_weight_1_is_synthetic_only(parts):
    train, pool = parts
    assert arms.mixed(train, pool, 0.0).records is train
    assert arms.mixed(train, pool, 1.0).records is pool


def test_a_record_keeps_its_share_of_the_real_mass(parts):
    train, pool = parts
    weight = arms.mixed(train, pool, 0.25).weight[:100]
    assert np.allclose(weight / weight.sum(), train.weight / train.weight.sum())


@settings(max_examples=15, deadline=None)
@given(w=st.floats(0.1, 1.0))
def test_class_weights_reach_the_class_mass_of_the_arm(parts, world, w):
    train, pool = parts
    mixed = arms.mixed(train, pool, w)
    weighted = arms.class_weighted(train, pool, w, world.PURPOSE)
    shares = [
        float(np.sum(part.weight[part.records.column("y").to_numpy() == "yes"])) / float(part.weight.sum())
        for part in (mixed, weighted)
    ]
    assert weighted.records is train
    assert shares[0] == pytest.approx(shares[1])
    assert weighted.weight.sum() == pytest.approx(100)


def test_class_weights_do_not_apply_to_equal_priors_or_to_a_regression(parts, world):
    train, pool = parts
    assert arms.class_weighted(train, train, 0.5, world.PURPOSE).records is None
    assert arms.class_weighted(train, pool, 0.5, Purpose("x0", "regression")).records is None


def test_copies_give_the_requested_records_the_mass_of_the_made_ones(parts):
    train, _ = parts
    asked = np.arange(100) < 20
    copies = arms.copied(train, [(asked, 80)], 0.3, made=0)
    plain = arms.real_mass(train)
    assert copies.weight.sum() == pytest.approx(100)
    assert copies.weight[asked].sum() == pytest.approx(0.7 * plain[asked].sum() + 30)


@pytest.mark.parametrize("w", [0.25, 1.0])
@pytest.mark.parametrize("made", [3, 40, 400])
def test_a_learner_that_counts_records_gets_as_many_copies_as_there_are_made_ones(parts, made, w):
    train, _ = parts
    asked = np.arange(100) < 20
    copies = arms.copied(train, [(asked, made)], w, made=made)
    assert copies.records.rows == made + (100 if w < 1 else 0)
    assert copies.weight.sum() == pytest.approx(100)
    numbers = copies.records.lineage.column("record").to_pylist()[-made:]
    assert set(numbers) <= set(train.take(asked).lineage.column("record").to_pylist())


def test_copies_apply_where_a_part_is_requested_or_the_learner_counts_records(parts):
    train, _ = parts
    assert arms.copied(train, [], 0.5, made=0).records is None
    assert arms.copied(train, [(None, 100)], 0.5, made=0).records is None
    assert arms.copied(train, [(None, 100)], 0.5, made=100).records.rows == 200
    assert arms.copied(train, [(np.zeros(100, bool), 100)], 0.5, made=100).records is None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.0, 10.0), min_size=2, max_size=40).filter(lambda w: sum(w) > 0.1), st.integers(0, 5))
def test_resampling_repeats_each_record_in_proportion_to_its_weight(weights, seed):
    weight = np.array(weights)
    counts = np.bincount(arms.resampled(weight, seed=seed), minlength=len(weight))
    assert counts.sum() == len(weight)
    assert np.abs(counts - weight / weight.sum() * len(weight)).max() < 1 + 1e-6
