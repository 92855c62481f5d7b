"""Scales put values in their order, and tick texts tell neighbours apart."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from complement.report.figures import Digits, brief, count, percent
from complement.report.scale import Scale, round_step, spanning, tick_text

numbers = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(numbers, min_size=1, max_size=6))
def test_every_value_has_its_place_between_the_ends_and_in_its_order(values: list[float]) -> None:
    scale = spanning(values, 0, 100)
    places = [scale(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    assert not any(scale.clips(value) for value in values)


@given(numbers, numbers)
def test_ticks_are_within_the_ends_and_their_texts_differ(low: float, high: float) -> None:
    assume(high - low > 1e-6 * max(1.0, abs(low), abs(high)))
    scale = Scale(low, high, 0, 100)
    ticks = scale.ticks(4)
    assert 1 <= len(ticks) <= 10
    slack = 1e-6 * (high - low)
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    texts = [tick_text(tick, ticks) for tick in ticks]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("rough", "step"), [(0.9, 1), (1.1, 2), (2.1, 5), (6, 10), (0.03, 0.05), (1000, 1000)])
def test_steps_are_one_two_or_five_times_a_power_of_ten(rough: float, step: float) -> None:
    assert round_step(rough) == pytest.approx(step)


def test_a_year_is_no_number_in_threes() -> None:
    assert tick_text(1998, [1996, 1998, 2000]) == "1998"
    assert tick_text(20000, [10000, 20000]) == "20,000"


def test_a_value_beyond_the_ends_is_said_to_be() -> None:
    scale = Scale(-1, 1, 0, 100)
    assert scale.clips(2)
    assert scale(2) == 100
    assert not scale.clips(0.5)


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "not known"), (0.012345, "0.0123"), (12345.0, "12,300"), (-0.5, "−0.5"), (0.0, "0"), (1.0, "1")]
)
def test_a_brief_number_has_three_digits(value: float | None, shown: str) -> None:
    assert brief(value) == shown


def test_shares_counts_and_effects_are_as_people_write_them() -> None:
    assert [percent(one) for one in (0.0, 0.0004, 0.012, 0.5, None)] == ["0 %", "under 0.1 %", "1.2 %", "50 %", "not known"]
    assert (count(12345.4), count(-0.3)) == ("12,345", "0")
    assert Digits.of(0.005).signed(-0.01234) == "−0.0123"
    assert Digits.of(800).span(1, None) == ""
