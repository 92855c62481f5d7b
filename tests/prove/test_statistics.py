"""Intervals: variances add up to the sampling variance, and joint ones lie between single and Bonferroni."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from complement.prove.statistics import (
    Estimate,
    benjamini_hochberg,
    critical,
    detectable_at,
    overlap_factor,
    p_value,
    simultaneous,
    units_to_settle,
)


def estimate(units: np.ndarray, seeds: np.ndarray | None = None, value: float = 0.0, **more: object) -> Estimate:
    return Estimate(value, units, np.zeros((1, 1)) if seeds is None else seeds, len(units), **more)


def crossed(rng: np.random.Generator, sds: tuple[float, float, float], units: int = 60, seeds: int = 5) -> Estimate:
    """One fold in which units, seeds and their interplay vary with these standard deviations; the true value is 0."""
    unit, seed, both = sds
    table = rng.normal(0, unit, (1, units)) + rng.normal(0, seed, (seeds, 1)) + rng.normal(0, both, (seeds, units))
    centred = (table - table.mean(axis=1, keepdims=True)) / units
    means = table.mean(axis=1)
    shared = float(np.sum(centred.var(axis=0, ddof=1))) / seeds
    return estimate(centred.mean(axis=0), (means - means.mean())[None, :], float(table.mean()), both=shared)


@pytest.mark.parametrize("sds", [(1.0, 0.0, 0.0), (0.0, 0.2, 0.0), (0.0, 0.0, 1.0), (0.5, 0.1, 1.0)])
def test_the_stated_variance_is_that_of_the_estimate_over_units_and_seeds(sds):
    rng = np.random.default_rng(0)
    runs = [crossed(rng, sds) for _ in range(1500)]
    true = np.var([run.value for run in runs])
    stated = np.mean([run.error**2 for run in runs])
    # A variance cannot be negative: where seeds add nothing, what is left of their noise makes the interval a little wide.
    assert 0.93 < stated / true < 1.4


def test_counting_units_alone_understates_what_seeds_add():
    rng = np.random.default_rng(1)
    runs = [crossed(rng, (0.5, 0.2, 0.0)) for _ in range(400)]
    true = np.var([run.value for run in runs])
    assert np.mean([run.units_variance for run in runs]) < 0.6 * true


def test_the_interval_covers_zero_in_95_percent():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(1000):
        run = crossed(rng, (0.5, 0.1, 0.5))
        effect = run.effect(critical(run, 0.05))
        hits += effect.low <= 0 <= effect.high
    assert 930 <= hits <= 975


def test_the_degrees_of_freedom_follow_welch_and_satterthwaite():
    units = np.full(10, 0.1) * np.array([1, -1] * 5)
    seeds = np.array([[0.2, -0.2, 0.0]])
    one = estimate(units, seeds)
    parts = (one.units_variance, 9), (one.seeds_variance, 2)
    assert one.units_variance == pytest.approx(0.1 * 10 / 9)
    assert one.seeds_variance == pytest.approx(0.08 / 2 / 3)
    assert one.df == pytest.approx(sum(v for v, _ in parts) ** 2 / sum(v**2 / d for v, d in parts))


def test_the_joint_critical_value_lies_between_single_and_bonferroni():
    rng = np.random.default_rng(3)
    common = rng.standard_normal(80)
    several = [estimate(0.01 * (common + rng.standard_normal(80))) for _ in range(3)]
    level = simultaneous(several, 0.05)
    assert critical(several[0], 0.05) < level < critical(several[0], 0.05 / 3) + 0.02


def test_the_same_estimate_twice_needs_no_wider_interval():
    one = estimate(np.random.default_rng(4).standard_normal(80))
    assert simultaneous([one, one], 0.05) == pytest.approx(critical(one, 0.05), abs=0.04)
    assert simultaneous([one], 0.05) == critical(one, 0.05)
    assert simultaneous([estimate(np.zeros(5))], 0.05) == pytest.approx(stats.norm.ppf(0.975))


def test_draws_that_overlap_are_widened():
    draws = np.array([0.1, -0.1, 0.05, -0.05])
    plain = estimate(np.zeros(4), draws=draws)
    wide = estimate(np.zeros(4), draws=draws, draws_factor=overlap_factor(4, tested=1000, trained=1000))
    assert wide.draws_variance == pytest.approx(5 * plain.draws_variance)
    assert plain.draws_variance == pytest.approx(np.sum(draws**2) * 4 / 3)


def test_the_detectable_effect_clears_zero_and_the_margin_with_power_80():
    error, margin = 0.01, 0.015
    effect = detectable_at(error, np.inf, 0.05, margin)
    drawn = np.random.default_rng(5).normal(effect, error, 20_000)
    found = np.mean((drawn - 1.96 * error > 0) & (drawn >= margin))
    assert found == pytest.approx(0.8, abs=0.01)


def test_more_units_settle_what_units_blur_and_none_settle_what_seeds_blur():
    rng = np.random.default_rng(6)
    blurred = estimate(0.002 * rng.standard_normal(100))
    assert units_to_settle(blurred, 0.05, 0.005) > 100
    assert units_to_settle(blurred, 0.05, 0.01) < units_to_settle(blurred, 0.05, 0.005)
    assert units_to_settle(estimate(np.zeros(100), np.array([[0.1, -0.1]])), 0.05, 0.005) is None


def test_benjamini_and_hochberg_reject_the_example_of_their_paper():
    p = np.array(
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1]
    )
    assert benjamini_hochberg(p, 0.05).sum() == 4
    assert benjamini_hochberg(p[::-1], 0.05)[-4:].all()
    assert not benjamini_hochberg(np.array([0.9]), 0.1).any()
    assert len(benjamini_hochberg(np.zeros(0), 0.1)) == 0


def test_an_estimate_without_error_has_a_p_value_of_0_or_1():
    assert p_value(estimate(np.zeros(5))) == 1.0
    assert p_value(estimate(np.zeros(5), value=0.1)) == 0.0
