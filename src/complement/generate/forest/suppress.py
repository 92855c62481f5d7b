"""Suppression: what too few people share does not come out, neither as a category nor as the end of a range."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.generate.codec import Code


def shared(codes: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of these codes, sorted, missing left out, and how many units have each; both of the shape (values,)."""
    known = ~np.isnan(codes)
    values, at = np.unique(codes[known], return_inverse=True)
    owners = unit[known].astype(np.int64)
    pairs = np.sort(at * (int(unit.max(initial=0)) + 1) + owners)
    fresh = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
    return values, np.bincount(fresh // (int(unit.max(initial=0)) + 1), minlength=len(values))


def suppressed(code: Code, codes: np.ndarray, least: int, unit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The codes, shape (rows,), without categories of fewer than `least` units, and with the numbers below that of the
    `least`-th unit from below and above that of the `least`-th from above moved to random places just inside these.

    A record with a rare category takes another one as often as these stand in the data; a column in which all are rare is
    not for this function (`nobody_shares`). `unit`: whose record each is, by number, shape (rows,).
    """
    known = ~np.isnan(codes)
    if least <= 1 or not known.any():
        return codes
    if code.numeric:
        values = np.sort(codes[known])
        place = rng.random(len(codes))
        (low, inside), (high, within) = _end(codes[known], unit[known], least), _end(-codes[known], unit[known], least)
        high, within = -high, -within
        codes = np.where(codes < low, np.minimum(low + place * (inside - low), values[-1]), codes)
        return np.where(codes > high, np.maximum(high - place * (high - within), low), codes)
    levels, owners = shared(codes, unit)
    rare = np.isin(codes, levels[owners < least])
    if not rare.any() or owners.max() < least:
        return codes
    kept = codes.copy()
    kept[rare] = rng.choice(codes[known & ~rare], int(rare.sum()))
    return kept


def nobody_shares(code: Code, codes: np.ndarray, least: int, unit: np.ndarray) -> bool:
    """Whether every category of a column is rare: then it names records, as a name does, and must be made anew.

    Yes and no name nobody, nor does what all have.
    """
    if code.numeric or least <= 1 or np.isnan(codes).all() or pa.types.is_boolean(code.type):
        return False
    values, owners = shared(codes, unit)
    return len(values) > 1 and bool(owners.max() < least)


def _end(codes: np.ndarray, unit: np.ndarray, least: int) -> tuple[float, float]:
    """The smallest value that as many as `least` units reach or lie below (half of them where there are fewer), and
    the next larger one."""
    order = np.argsort(codes, kind="stable")
    first = np.sort(np.unique(unit[order], return_index=True)[1])  # where each unit is met first, from below
    at = first[min(least, (len(first) + 1) // 2) - 1]
    ordered = codes[order]
    beyond = min(np.searchsorted(ordered, ordered[at], side="right"), len(ordered) - 1)
    return float(ordered[at]), float(ordered[beyond])
