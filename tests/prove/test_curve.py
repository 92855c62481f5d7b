"""The real-data curve: it recovers what it was made from, and says when it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from complement.prove.curve import Curve, worth_of

ROWS = 400 * np.array([0.25, 0.35, 0.5, 0.7, 1.0])


def law(rows: float | np.ndarray) -> float | np.ndarray:
    """The planted curve: .9 - .2 (rows / 400)^-.5."""
    return 0.9 - 0.2 * (np.asarray(rows) / 400) ** -0.5


def curve(half_arm: float, full_arm: float, *, noise: float = 1e-4, real: np.ndarray | None = None) -> Curve:
    rng = np.random.default_rng(0)
    real = law(ROWS) if real is None else real
    drawn = [np.asarray(value) + noise * rng.standard_normal((2000, *np.shape(value))) for value in (real, half_arm, full_arm)]
    return Curve(ROWS, real, half_arm, full_arm, *drawn)


@pytest.mark.parametrize("extra", [20, 60, 120])
def test_interpolation_at_half_recovers_the_planted_worth(extra):
    worth = worth_of(curve(float(law(200 + extra)), 0.7), price=None, cost=0.0)
    assert worth.method == "interpolated"
    assert worth.value == pytest.approx(extra, abs=6)
    assert worth.low < worth.value < worth.high


def test_records_that_hurt_are_worth_less_than_nothing():
    worth = worth_of(curve(float(law(150)), 0.7), price=None, cost=0.0)
    assert worth.value == pytest.approx(-50, abs=6)
    assert worth.high < 0


@pytest.mark.parametrize("extra", [80, 200])
def test_above_the_curve_the_power_law_recovers_the_planted_worth(extra):
    worth = worth_of(curve(0.95, float(law(400 + extra))), price=None, cost=0.0)
    assert worth.method == "extrapolated"
    assert worth.value == pytest.approx(extra, rel=0.1)


def test_the_extrapolation_is_capped_at_twice_the_records_and_then_unbounded():
    worth = worth_of(curve(0.95, 0.89), price=None, cost=0.0)
    assert worth.value == 400
    assert worth.high is None


def test_a_curve_that_does_not_rise_says_nothing():
    worth = worth_of(curve(0.95, 0.95, real=np.full(5, 0.8) - 0.01 * np.arange(5)), price=None, cost=0.0)
    assert worth.value is None
    assert "does not rise" in worth.note


def test_prices_turn_records_into_money():
    worth = worth_of(curve(float(law(260)), 0.7), price=3.0, cost=50.0)
    assert worth.saved == pytest.approx(3 * worth.value - 50)
