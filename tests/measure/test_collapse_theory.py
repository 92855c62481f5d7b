"""Three cases whose collapse is known, run through our own chains: what theory says must come out."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.special import digamma

from complement.core.dataset import Dataset
from complement.core.seed import rng_at
from complement.measure.collapse import Policy, Step, chain

_PATH = Path(__file__).with_name("small_generators.py")
_SPEC = importlib.util.spec_from_file_location("small_generators", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
small: ModuleType = importlib.util.module_from_spec(_SPEC)
sys.modules["small_generators"] = small  # where its dataclasses look for themselves
_SPEC.loader.exec_module(small)


def normal(rows: int, columns: int, seed: int) -> Callable[[int], Dataset]:
    """Real records of every generation: standard normal columns."""
    return lambda generation: small.table_of(rng_at(seed, "real", generation).standard_normal((rows, columns)))


def variances(policy: str, generations: int, *, rows: int, columns: int) -> np.ndarray:
    """The mean fitted variance per generation, shape (generations,)."""
    steps = chain(Policy.of(policy), small.Gaussian(), normal(rows, columns, 1), generations=generations, rows=rows, seed=2)
    return np.array([step.fitted.variance.mean() for step in steps])


def test_a_gaussian_that_replaces_itself_loses_its_variance_as_theory_says():
    chains = 4000
    steps = chain(Policy("replace"), small.Gaussian(), normal(100, chains, 1), generations=101, rows=100, seed=2)
    found = {step.generation - 1: step.fitted.variance for step in steps}  # our generation 1 is theory's 0
    for g, mean in ((8, 0.914), (50, 0.599), (100, 0.362)):
        # The variance is a product of g + 1 factors chi^2 (n - 1) / n: few large ones carry its mean, every one its logarithm.
        assert found[g].mean() == pytest.approx(mean, abs=3 * found[g].std() / chains**0.5)
        expected = (g + 1) * (digamma(99 / 2) + np.log(2 / 100))
        assert np.log(found[g]).mean() == pytest.approx(expected, abs=3 * np.log(found[g]).std() / chains**0.5)
    assert found[100].mean() < 0.45


def test_a_gaussian_that_accumulates_keeps_nearly_all_of_it():
    limit = np.sin(np.pi / 10) / (np.pi / 10)
    assert variances("accumulate", 40, rows=100, columns=600)[-1] == pytest.approx(limit, abs=0.008)


def test_a_gaussian_with_a_real_anchor_stops_losing():
    # With as many real as made records of a mean of its own, v = (1 - 1/2n) (1 + v) / 2 up to the spread of means: near 1.
    found = variances("anchor", 30, rows=100, columns=1000)
    assert found[-1] > 0.97
    assert abs(found[-1] - found[9]) < 0.01


def errors(policy: str, generations: int, *, blocks: int) -> np.ndarray:
    """Excess error per generation over the first fit's expected one, shape (generations,): the true weights are 0."""
    inputs, rows = 20, 100

    def real(generation: int) -> Dataset:
        return small.table_of(small.labelled(np.zeros((blocks, inputs)), rows, rng_at(5, "labels", generation)))

    def excess(step: Step) -> float:
        return float((step.fitted.found**2).sum(axis=1).mean() / (inputs / (rows - inputs - 1)))

    steps = chain(Policy.of(policy), small.Regression(inputs), real, generations=generations, rows=rows, seed=6)
    return np.array([excess(step) for step in steps])


def test_a_regression_that_replaces_itself_errs_more_by_as_much_each_generation():
    np.testing.assert_allclose(errors("replace", 5, blocks=200), np.arange(1, 6), rtol=0.1)


def test_a_regression_that_accumulates_stays_below_the_bound():
    found = errors("accumulate", 8, blocks=120)
    assert 1.2 < found[-1] < np.pi**2 / 6
    assert np.diff(found)[-1] < 0.1


def spread_of_means(weight: float, generations: int) -> float:
    """The variance of the fitted mean over chains, in units of sigma^2 / n, mixing fresh real records in at this weight."""
    rows, columns = 10, 12_000
    steps = chain(
        Policy("refresh", weight), small.Gaussian(sd=1.0), normal(rows, columns, 7), generations=generations, rows=rows, seed=8
    )
    *_, last = steps
    return float((last.fitted.mean**2).mean() * rows)


def test_two_thirds_real_serve_best_once():
    found = {weight: spread_of_means(weight, 2) for weight in (0.45, 2 / 3, 0.9)}
    for weight, variance in found.items():
        assert variance == pytest.approx(weight**2 + 2 * (1 - weight) ** 2, rel=0.05)
    assert min(found, key=lambda weight: found[weight]) == 2 / 3


def test_the_golden_ratio_of_real_records_serves_best_for_ever():
    golden = 2 / (1 + 5**0.5)
    found = {weight: spread_of_means(weight, 8) for weight in (0.4, golden, 0.85)}
    for weight, variance in found.items():
        assert variance == pytest.approx((weight**2 + (1 - weight) ** 2) / (1 - (1 - weight) ** 2), rel=0.05)
    assert min(found, key=lambda weight: found[weight]) == golden


@pytest.mark.parametrize(
    ("policy", "depths"), [("replace", [1, 2, 3]), ("accumulate", [1, 2, 3]), ("anchor", [1, 2, 3]), ("refit", [1, 1, 1])]
)
def test_a_generation_is_one_deeper_than_what_it_learnt_from(policy: str, depths: list[int]):
    steps = chain(Policy.of(policy), small.Gaussian(), normal(20, 2, 1), generations=3, rows=20, seed=2)
    assert [step.depth for step in steps] == depths
