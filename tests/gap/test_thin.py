"""Thin slices: what the expected records have and the real ones lack, even when they lack it altogether."""

from __future__ import annotations

import numpy as np
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.gap import Gaps
from complement.gap.search import overlap
from complement.gap.thin import find_thin, merged

LAB = Condition.parse("`who's lab` = 'O''Neill'")


@pytest.fixture(scope="module")
def halves(tumours: Dataset) -> tuple[Dataset, Dataset]:
    return tumours.take(np.arange(0, 569, 2)), tumours.take(np.arange(1, 569, 2)).drop("diagnosis")


@pytest.mark.parametrize("left", [0, 10])
def test_a_removed_or_thinned_slice_is_found(halves: tuple[Dataset, Dataset], left: int) -> None:
    real, expected = halves
    inside = np.flatnonzero(LAB.mask(real.records))
    real = real.take(np.setdiff1d(np.arange(real.rows), inside[left:]))
    first = find_thin(real, expected).found[0]
    assert overlap(first.where.mask(expected.records), LAB.mask(expected.records)) > 0.7
    assert first.kind == "few"
    assert first.records == first.where.mask(real.records).sum() <= left + 15  # it may reach over the slice's edge
    assert first.expected_share == pytest.approx(1 / 3, abs=0.05)
    assert first.excess.low is not None
    assert first.excess.low > 0
    assert ("collect some" in first.reason) == (first.records == 0)
    filled = (first.records + first.rows) / (real.rows + first.rows)
    assert filled == pytest.approx(first.expected_share, abs=0.01)


def test_two_random_halves_lack_nothing(halves: tuple[Dataset, Dataset]) -> None:
    assert len(find_thin(*halves, seed=2)) == 0


def test_both_lists_are_one_without_repeats(halves: tuple[Dataset, Dataset]) -> None:
    real, expected = halves
    thin = find_thin(real.take(~LAB.mask(real.records)), expected, most=2)
    both = merged(Gaps(thin.found, 10, ("one",)), thin, most=5)
    assert [gap.where.text for gap in both.found] == [gap.where.text for gap in thin.found]
    assert both.tested == thin.tested + 10
    assert both.notes[0] == "one"
