"""Thresholds: the best cut is found on held-out training records, and moving it to .5 keeps the ranking."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement import catalog
from complement.prove.thresholds import best_threshold, moved


@pytest.mark.parametrize("name", ["accuracy", "macro_f1"])
def test_a_planted_threshold_is_found(world, name):
    x, _ = world.law(300, "threshold")
    score = np.random.default_rng(0).random(300)
    held = world.records(x, score > 0.2)
    metric = catalog.metric(name, world.PURPOSE)
    found = best_threshold(pa.table({"score": score}), held, metric, world.PURPOSE)
    assert found == pytest.approx(0.2, abs=0.03)
    truth = (score > 0.2).astype(int)
    better = metric.values(truth, moved(score, found), np.ones(300))
    assert better > metric.values(truth, score, np.ones(300)) + 0.2


@settings(max_examples=30, deadline=None)
@given(threshold=st.floats(0.01, 0.99), seed=st.integers(0, 100))
def test_moving_keeps_the_ranking_and_puts_the_threshold_at_one_half(threshold, seed):
    score = np.sort(np.random.default_rng(seed).random(50))
    after = moved(score, threshold)
    assert (np.diff(after) >= 0).all()
    assert moved(np.array([threshold]), threshold)[0] == pytest.approx(0.5)
    clear = np.abs(score - threshold) > 1e-6
    assert np.array_equal((after > 0.5)[clear], (score > threshold)[clear])
