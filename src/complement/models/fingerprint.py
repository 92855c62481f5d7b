"""Fingerprints: one number per record, equal for equal values, whatever their storage or order."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa

from complement.core.values import as_numbers, as_text

MISSING = 0x9E3779B97F4A7C15
MIXERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # splitmix64 (Steele, Lea & Flood 2014)


def fingerprints(table: pa.Table, names: list[str], *, digits: int | None = None) -> np.ndarray:
    """A 64-bit number per row over these columns, shape (rows,), dtype uint64.

    With `digits`, numbers are rounded to so many significant digits and text is folded in case and trimmed, so that
    near copies agree. Two different rows agree by chance once in 2**64.
    """
    total = np.zeros(table.num_rows, np.uint64)
    for place, name in enumerate(names):
        total += _mixed(_column(table.column(name), digits) + np.uint64((place * MISSING) & 0xFFFFFFFFFFFFFFFF))
    return total


def _column(column: pa.ChunkedArray, digits: int | None) -> np.ndarray:
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind) or pa.types.is_boolean(kind):
        values = as_numbers(column) + 0.0  # -0.0 becomes 0.0
        return np.where(np.isnan(values), np.nan, rounded(values, digits)).view(np.uint64)
    words, places = np.unique(np.array([w if w is not None else "\0" for w in as_text(column)], object), return_inverse=True)
    hashed = [_word(word if digits is None else str(word).strip().casefold()) for word in words]
    return np.array(hashed, np.uint64)[places]


def rounded(values: np.ndarray, digits: int | None) -> np.ndarray:
    """Numbers to so many significant digits; None leaves them as they are."""
    if digits is None:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(values))))
        return np.where((values == 0) | ~np.isfinite(scale), values, np.round(values * scale) / scale)


def _word(word: str) -> int:
    return int.from_bytes(blake2b(str(word).encode(), digest_size=8).digest(), "big")


def _mixed(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(MIXERS[0])
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(MIXERS[1])
        return numbers ^ (numbers >> np.uint64(31))
