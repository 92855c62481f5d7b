"""The real-data curve: it recovers what it was made from, and says when it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from complement.core.verdict import Worth
from complement.generate.bootstrap import Bootstrap
from complement.prove.curve import Curve, agreeing, shown, worth_of

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
    assert "fewer real ones" in worth.note
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


def test_what_lies_below_the_beginning_of_the_curve_is_no_number():
    worth = worth_of(curve(float(law(60)), 0.7), price=3.0, cost=1.0)
    assert (worth.value, worth.low, worth.saved) == (None, None, None)
    assert "where the curve begins" in worth.note
    near = worth_of(curve(float(law(120)), 0.7, noise=0.02), price=None, cost=0.0)
    assert near.value > -100
    assert near.low == -100
    assert "-100 is capped" in near.note


@pytest.mark.parametrize(("effect", "shown"), [(-0.01, True), (0.01, False), (0.0, True)])
def test_a_worth_whose_sign_contradicts_the_effect_is_left_out_with_the_reason(effect, shown):
    worth = agreeing(worth_of(curve(float(law(150)), 0.7), price=None, cost=0.0), effect)
    assert (worth.value is not None) is shown
    assert ("no number would be true of both" in worth.note) is not shown


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"curve": False}, "asked for"),
        ({"curve": True, "question": "recipe", "draws": 5}, "the question recipe has no"),
        ({"curve": True, "weights": (0.0,)}, "no fold used synthetic records"),
    ],
)
def test_why_no_curve_was_measured_is_said(world, settings, why):
    verdict = world.run(world.real(300), world.refit(Bootstrap(), 1.0), plan=world.plan(**settings)).verdicts[0]
    assert why in verdict.real_rows_equivalent.note


def test_a_trial_gives_no_worth_that_contradicts_its_effect(world, monkeypatch):
    monkeypatch.setattr("complement.prove.verdicts.worth_of", lambda curve, **prices: Worth(-50.0, -90.0, -10.0, "interpolated"))
    plan = world.plan(curve=True, weights=(1.0,))
    verdict = world.run(world.real(400), world.refit(world.Fresh()), world.rote, plan=plan).verdicts[0]
    assert verdict.effect.value > 0
    assert (verdict.real_rows_equivalent.value, "no number" in verdict.real_rows_equivalent.note) == (None, True)


def test_the_curve_is_shown_in_the_metrics_own_unit():
    made = curve(0.75, 0.72)
    high, low = shown(made, better="high"), shown(made, better="low")
    assert [point.rows for point in high.points] == list(ROWS)
    assert [(point.rows, point.value) for point in high.arms] == [(200.0, 0.75), (400.0, 0.72)]
    assert [point.value for point in low.points] == [-point.value for point in high.points]
    for one in (high, low):
        assert all(point.low < point.value < point.high for point in (*one.points, *one.arms))
        assert one.better == ("high" if one is high else "low")


def test_what_is_not_shown_to_be_worth_anything_saves_nothing():
    worth = Worth(400.0, -304.0, None, "extrapolated", "by a law", saved=4000.0)
    told = agreeing(worth, 0.1)
    assert told.saved is None
    assert told.note == "not shown to be worth any: the interval holds 0; by a law"
    assert agreeing(Worth(400.0, 100.0, None, "extrapolated", "by a law", saved=4000.0), 0.1).saved == 4000.0
