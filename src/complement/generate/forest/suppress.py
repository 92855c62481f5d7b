"""Suppression: what too few records share does not come out, neither as a category nor as the end of a range."""

from __future__ import annotations

import numpy as np

from complement.generate.codec import Code


def suppressed(code: Code, codes: np.ndarray, least: int, rng: np.random.Generator) -> np.ndarray:
    """The codes, shape (rows,), without categories of fewer than `least` records and with numbers cut off at the `least`-th
    smallest and largest.

    A record with a rare category takes another one as often as these stand in the data; where all are rare it is missing.
    """
    known = ~np.isnan(codes)
    if least <= 1 or not known.any():
        return codes
    if code.numeric:
        values = np.sort(codes[known])
        step = min(least, (len(values) + 1) // 2) - 1
        return np.clip(codes, values[step], values[-1 - step])
    levels = codes[known].astype(np.int64)
    counts = np.bincount(levels)
    rare = np.zeros(len(codes), bool)
    rare[known] = counts[levels] < least
    if not rare.any():
        return codes
    common = codes[known & ~rare]
    kept = codes.copy()
    kept[rare] = rng.choice(common, int(rare.sum())) if len(common) else np.nan
    return kept
