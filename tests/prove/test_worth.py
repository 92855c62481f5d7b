"""Worth: how many real records the synthetic ones are worth, and what that saves."""

from __future__ import annotations

import pytest

from complement.prove.pool import Ask, Refit


def test_the_curve_says_what_the_records_are_worth(world):
    plan = world.plan(curve=True, real_price=2.0, synthetic_price=0.0)
    worth = world.run(world.real(1200), world.refit(world.Fresh()), world.rote, plan=plan).verdicts[0].real_rows_equivalent
    assert worth.value is not None
    assert worth.low is not None
    assert worth.value >= worth.low > 0
    assert worth.saved == pytest.approx(2 * worth.value)
    few = world.run(world.real(), world.refit(world.Fresh()), world.rote, plan=plan).verdicts[0].real_rows_equivalent
    assert few.value is not None
    assert few.low is not None
    assert few.low <= 0 < few.value
    assert few.saved is None  # not shown to be worth anything


def test_records_that_are_made_for_gaps_are_paid_for_too(world):
    plan = world.plan(curve=True, real_price=2.0, synthetic_price=0.5)
    pools = (world.refit(world.Fresh()), Refit(world.Fresh(), (), finder=lambda learnt: (Ask(times=4.0),)))
    asked, found = (world.run(world.real(1200), pool, world.rote, plan=plan).verdicts[0].real_rows_equivalent for pool in pools)
    assert asked.saved == pytest.approx(2 * asked.value - 0.5 * 4 * 1200)
    assert found.saved == pytest.approx(asked.saved)
