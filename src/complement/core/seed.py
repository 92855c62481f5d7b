"""Randomness from the place in the run: the same place gives the same stream, on any worker, in any order."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

Place = str | int


def seed_at(seed: int, *place: Place) -> int:
    """A seed in [0, 2**31) for one place of a run, such as `seed_at(7, "prove", fold, draw)`.

    The root seed and every step of the place go through `numpy.random.SeedSequence`, so that neighbouring
    places give unrelated streams. 31 bits, because scikit-learn and LightGBM accept no more.
    """
    return int(_sequence(seed, place).generate_state(1, np.uint32)[0] >> 1)


def rng_at(seed: int, *place: Place) -> np.random.Generator:
    """A generator of random numbers that belongs to one place of a run."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, place)))


def _sequence(seed: int, place: tuple[Place, ...]) -> np.random.SeedSequence:
    # The length ends the list, because SeedSequence takes [7], [7, 0] and [7, 0, 0] for the same.
    return np.random.SeedSequence([seed & 0xFFFFFFFFFFFFFFFF, *(_number(step) for step in place), len(place) + 1])


def _number(step: Place) -> int:
    # Names become numbers by a hash that is the same in every process (Python's own is salted).
    if isinstance(step, str):
        return int.from_bytes(blake2b(step.encode(), digest_size=8).digest(), "big")
    return step & 0xFFFFFFFFFFFFFFFF
