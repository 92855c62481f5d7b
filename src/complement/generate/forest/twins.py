"""Twins: made records that equal a real one, no more often than two real people equal each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from complement.generate.codec import is_in
from complement.generate.forest.suppress import shared

TURNS = 10  # of drawing a twin again
# Share of real records that equal another unit's from which equality names nobody (few, coarse columns): drawing twins again
# would only move what is common, such as a missing value in a small group, to where it is rare.
COMMON = 0.05

Codes = dict[str, np.ndarray]


@dataclass(frozen=True, repr=False)
class Twins:
    """`known`: a number for every real record, sorted. `natural`: the share of real records that another unit's equals, as far as
    these show (the lower end of its 95 % Wilson interval)."""

    known: np.ndarray
    natural: float

    @staticmethod
    def of(codes: Mapping[str, np.ndarray], unit: np.ndarray) -> Twins | None:
        """What real records with these codes show, each of shape (rows,), of these units; None where twins are common."""
        from scipy.stats import binomtest

        numbers = _numbers(codes)
        values, owners = shared(numbers, unit)
        twins = int(is_in(numbers, values[owners > 1]).sum())
        if twins > COMMON * len(numbers):
            return None
        return Twins(values, float(binomtest(twins, len(numbers)).proportion_ci(0.95, method="wilson").low))

    def thinned(
        self, made: Codes, fixed: Mapping[str, np.ndarray], draw: Callable[[Codes, int], Codes], rng: np.random.Generator
    ) -> Codes:
        """The made codes with twins beyond the natural share drawn again, given the columns that are `fixed`.

        Which of them is a matter of chance: were all taken out, what is never made would name the real records.
        """
        rows = len(next(iter(made.values())))
        left = np.flatnonzero(is_in(_numbers(made), self.known))
        spare = len(left) - int(rows * self.natural + rng.random())
        for _ in range(TURNS):
            if spare <= 0:
                break
            again = rng.choice(left, spare, replace=False)
            fresh = draw({name: values[again] for name, values in fixed.items()}, spare)
            for name, values in fresh.items():
                made[name][again] = values
            left = again[is_in(_numbers(fresh), self.known)]
            spare = len(left)
        return made


def _numbers(codes: Mapping[str, np.ndarray]) -> np.ndarray:
    """One float64 of 53 mixed bits for each record: equal records have equal ones, others differ but for chance (2**-53)."""
    mixed = np.zeros(len(next(iter(codes.values()))), np.uint64)
    for name in sorted(codes):
        values = codes[name] + 0.0  # -0 is 0
        bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
    return (mixed >> np.uint64(11)).astype(np.float64)
