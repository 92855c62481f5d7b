"""Randomness belongs to a place of the run."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.seed import rng_at, seed_at


@settings(max_examples=40, deadline=None)
@given(st.integers(), st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4))
def test_a_seed_is_stable_and_fits_31_bits(seed: int, place: list[str | int]) -> None:
    first = seed_at(seed, *place)
    assert first == seed_at(seed, *place)
    assert 0 <= first < 2**31


def test_neighbouring_places_give_unrelated_streams() -> None:
    draws = np.stack([rng_at(seed, "prove", fold).normal(size=2000) for seed in (0, 1) for fold in range(4)])
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlation).max() < 0.12  # five standard errors of a correlation of 2,000 pairs


def test_a_place_is_not_the_sum_of_its_steps() -> None:
    places = [(), ("a",), ("a", "b"), ("b", "a"), ("ab",), (0,), (0, 0), (1, 0), (0, 1), ("a", 0)]
    assert len({seed_at(3, *place) for place in places}) == len(places)


def test_another_process_gets_the_same_seed() -> None:
    code = "from complement.core.seed import seed_at; print(seed_at(7, 'prove', 3))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "99"})
    assert int(out.stdout) == seed_at(7, "prove", 3)


def test_streams_are_those_of_the_seed_sequence() -> None:
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence([5, 2, 2]))).random(3)
    np.testing.assert_array_equal(rng_at(5, 2).random(3), expected)
