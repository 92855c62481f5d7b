"""Partition: never cuts a unit, and says what each fold may learn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.errors import SplitError
from complement.core.partition import Partition


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 2)), min_size=1, max_size=30))
def test_a_unit_in_two_folds_is_refused_and_nothing_else_is(pairs: list[tuple[int, int]]) -> None:
    unit, fold = np.array(pairs).T
    cut = any(len(set(fold[unit == u])) > 1 for u in set(unit))
    if cut:
        with pytest.raises(SplitError, match="two parts"):
            Partition(unit, fold, 3)
    else:
        part = Partition(unit, fold, 3)
        for number in range(3):
            assert not set(unit[part.train(number)]) & set(unit[part.test(number)])


def test_folds_of_units_train_on_all_others() -> None:
    part = Partition(np.arange(6), np.array([0, 1, 2, -1, 0, 1]), 3)
    assert part.test(0).tolist() == [0, 4]
    assert part.train(0).tolist() == [1, 2, 3, 5]
    assert part.rows == 6


def test_folds_of_time_train_on_the_past_only() -> None:
    part = Partition(np.arange(6), np.array([-1, -1, 0, 0, 1, 1]), 2, kind="time")
    assert part.train(0).tolist() == [0, 1]
    assert part.train(1).tolist() == [0, 1, 2, 3]
    assert part.test(1).tolist() == [4, 5]


def test_errors_go_together_by_block_else_by_unit() -> None:
    unit, fold = np.array([0, 0, 1]), np.array([0, 0, 1])
    assert Partition(unit, fold, 2).cluster is unit
    assert Partition(unit, fold, 2, block=np.array([5, 5, 6])).cluster.tolist() == [5, 5, 6]


def test_lengths_must_agree() -> None:
    with pytest.raises(SplitError, match="3 units for 2 folds"):
        Partition(np.arange(3), np.arange(2), 2)
