"""What screening tells of the weights: the first round alone, against weight 0, over folds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.prove.screen import screened


def table(*rows: tuple[float, int, float], learner: str = "tree") -> pa.Table:
    weights, turns, scores = zip(*rows, strict=True)
    return pa.table({"learner": [learner] * len(rows), "weight": weights, "round": turns, "score": scores})


FOLDS = [table((0.0, 0, 0.7), (0.5, 0, 0.7 + gain), (0.5, 1, 9.0), (0.5, -1, 9.0)) for gain in (0.1, 0.2, 0.3)]


def test_the_effect_over_the_weight_is_that_of_the_first_round_against_weight_0():
    none, half = screened(FOLDS, "tree")
    assert (none.weight, none.value, none.low, none.high, none.n) == (0.0, 0.0, None, None, 3)
    assert (half.weight, half.n) == (0.5, 3)
    assert half.value == pytest.approx(0.2)
    reach = 4.302653 * 0.1 / np.sqrt(3)  # t of 2 degrees of freedom at .975
    assert (half.low, half.high) == (pytest.approx(0.2 - reach), pytest.approx(0.2 + reach))


def test_two_folds_have_no_interval_and_what_was_not_measured_counts_as_no_fold():
    _, half = screened(FOLDS[:2], "tree")
    assert (half.low, half.high, half.n) == (None, None, 2)
    _, half = screened([*FOLDS, table((0.0, 0, 0.7), (0.5, 0, float("nan")))], "tree")
    assert half.n == 3


def test_without_weight_0_and_for_another_learner_there_is_nothing_to_compare_with():
    assert screened([table((0.25, 0, 0.7), (0.5, 0, 0.8))], "tree") == ()
    assert screened(FOLDS, "logistic") == ()
    assert screened([], "tree") == ()
