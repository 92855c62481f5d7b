"""Suppression: what too few records share does not come out, neither as a category nor as the end of a range."""

from __future__ import annotations

import numpy as np

from complement.generate.codec import Code

NAMED_ROWS = 20  # of fewer records a value that differs everywhere says nothing of what the column is


def suppressed(code: Code, codes: np.ndarray, least: int, rng: np.random.Generator) -> np.ndarray:
    """The codes, shape (rows,), without categories of fewer than `least` records, and with the numbers below the `least`-th
    smallest and above the `least`-th largest moved to random places just inside these.

    A record with a rare category takes another one as often as these stand in the data. Where all are rare it is missing, or
    has the most frequent of them where nothing may be missing.
    """
    known = ~np.isnan(codes)
    if least <= 1 or not known.any():
        return codes
    if code.numeric:
        values = np.sort(codes[known])
        step = min(least, (len(values) + 1) // 2) - 1
        inner = min(step + 1, len(values) - 1)
        place = rng.random(len(codes))
        low, high = values[step], values[-1 - step]
        codes = np.where(codes < low, low + place * (values[inner] - low), codes)
        return np.where(codes > high, high - place * (high - values[-1 - inner]), codes)
    levels = codes[known].astype(np.int64)
    counts = np.bincount(levels)
    rare = np.zeros(len(codes), bool)
    rare[known] = counts[levels] < least
    if not rare.any():
        return codes
    common = codes[known & ~rare]
    kept = codes.copy()
    if len(common):
        kept[rare] = rng.choice(common, int(rare.sum()))
    else:
        kept[rare] = np.nan if code.column.constraints.nullable else counts.argmax()
    return kept


def nobody_shares(code: Code, codes: np.ndarray, least: int) -> bool:
    """Whether a category is so rare in every value that it names records, as a name does: it must be made anew."""
    known = codes[~np.isnan(codes)]
    if code.numeric or least <= 1 or len(codes) < NAMED_ROWS or not len(known):
        return False
    counts = np.bincount(known.astype(np.int64))
    return bool(counts.max() < least and (counts > 0).sum() > len(known) / 2)
