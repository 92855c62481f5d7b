"""Distances between records of mixed kinds: numbers by their robust range, categories 0 or 1, missing a value of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.schema import Column
from complement.core.values import as_numbers, as_text

ROBUST = (0.05, 0.95)  # quantiles whose difference is the range of a number: a single outlier must not set the scale
FAR, MISSING = 1e4, 1e5  # ends of the scaled numbers, and where a missing one stands: more than 1 away from all
TILE = (64, 1024)  # records and others whose distances are computed at once: they stay in the processor's cache
MEASURED = ("number", "integer", "date", "datetime")
Sides = list[tuple[np.ndarray, np.ndarray]]  # of each column the values of the records, shape (records,), and of the others


@dataclass(frozen=True)
class Space:
    """Columns and the scale of each: Gower's (1971) distance, with robust ranges, summed over columns.

    `mismatch` is the distance of two unequal categories, that of two numbers at most 1. With `root` the distance of two
    numbers is the square root of what it would be: what lies close then weighs more.
    """

    columns: tuple[Column, ...]
    middle: tuple[float, ...]
    scale: tuple[float, ...]
    mismatch: float = 1.0
    root: bool = False

    @staticmethod
    def of(real: pa.Table, columns: Sequence[Column], *, mismatch: float = 1.0, root: bool = False) -> Space:
        """The space that these real records span."""
        middles: list[float] = []
        scales: list[float] = []
        for column in columns:
            values = as_numbers(real.column(column.name)) if column.kind in MEASURED else np.zeros(0)
            values = values[np.isfinite(values)]
            low, middle, high = np.quantile(values, (ROBUST[0], 0.5, ROBUST[1])) if len(values) else (0.0, 0.0, 0.0)
            spread = high - low or (float(values.std()) if len(values) else 0.0)
            middles.append(float(middle))
            scales.append(float(spread) or 1.0)
        return Space(tuple(columns), tuple(middles), tuple(scales), mismatch, root)

    def nearest(self, records: pa.Table, others: pa.Table) -> np.ndarray:
        """The distance of each record to its nearest among `others`, shape (records,), 0 to the number of columns.

        Every pair is compared: time goes with the product of the rows. Per column a distance is at most 1.
        """
        return self.neighbours(records, others, count=1)[:, 0]

    def neighbours(self, records: pa.Table, others: pa.Table, *, count: int) -> np.ndarray:
        """The distances of each record to its `count` nearest among `others`, shape (records, count), the nearest first.

        Infinite where there are fewer others. Every pair is compared, as by `nearest`.
        """
        numbers, categories = self._sides(records, others)
        tile = _Tile.of(len(categories))
        found = np.full((records.num_rows, count), np.inf, np.float32)
        for start in range(0, records.num_rows, TILE[0]):
            rows = slice(start, min(start + TILE[0], records.num_rows))
            best = found[rows]
            for first in range(0, others.num_rows, TILE[1]):
                those = slice(first, min(first + TILE[1], others.num_rows))
                apart = self._apart(numbers, categories, (rows, those), tile)
                nearest = apart.min(axis=1)
                if count == 1:
                    best[:, 0] = np.minimum(best[:, 0], nearest)
                    continue
                better = np.flatnonzero(nearest < best[:, -1])  # to sort is slow, and most tiles hold nothing nearer
                near = apart[better]
                near = np.partition(near, count - 1, axis=1)[:, :count] if near.shape[1] > count else near
                best[better] = np.sort(np.concatenate([best[better], near], axis=1), axis=1)[:, :count]
        return found.astype(np.float64)

    def _apart(self, numbers: Sides, categories: Sides, where: tuple[slice, slice], tile: _Tile) -> np.ndarray:
        """The distances between these records and others, shape (records, others), float32; overwritten by the next call."""
        rows, those = where
        size = (slice(rows.stop - rows.start), slice(those.stop - those.start))
        total, apart, differ, unequal = tile.total[size], tile.apart[size], tile.differ[size], tile.unequal[size]
        total[:] = 0
        for left, right in numbers:
            np.subtract(left[rows, None], right[those], out=apart)
            np.minimum(np.abs(apart, out=apart), tile.ones[size], out=apart)
            total += np.sqrt(apart, out=apart) if self.root else apart
        if categories:
            unequal[:] = 0
            for left, right in categories:
                np.not_equal(left[rows, None], right[those], out=differ)
                unequal += differ.view(np.uint8)
            total += np.multiply(unequal, np.float32(self.mismatch), out=apart)
        return total

    def _sides(self, records: pa.Table, others: pa.Table) -> tuple[Sides, Sides]:
        """The measured columns of both sides, scaled (float32), and the others as codes of their values."""
        numbers: Sides = []
        categories: Sides = []
        for place, column in enumerate(self.columns):
            sides = (records.column(column.name), others.column(column.name))
            if column.kind in MEASURED:
                numbers.append((self._scaled(place, sides[0]), self._scaled(place, sides[1])))
                continue
            texts = np.concatenate([as_text(side) for side in sides])
            encoded = pa.array(texts, pa.string()).dictionary_encode()
            levels = len(encoded.dictionary)
            # The fewer bytes a code has, the more of them are compared at once.
            narrow = np.uint8 if levels < 2**8 else np.uint16 if levels < 2**16 else np.int32
            codes = encoded.indices.fill_null(levels).to_numpy(zero_copy_only=False).astype(narrow)
            categories.append((codes[: records.num_rows], codes[records.num_rows :]))
        return numbers, categories

    def _scaled(self, place: int, side: pa.ChunkedArray) -> np.ndarray:
        scaled = np.clip((as_numbers(side) - self.middle[place]) / self.scale[place], -FAR, FAR)
        return np.where(np.isnan(scaled), MISSING, scaled).astype(np.float32)


@dataclass(frozen=True)
class _Tile:
    """Room for the distances of one tile, used again for each: distances so far, one column's, and unequal categories.

    `ones`: numpy compares two arrays four times as fast as an array and a number.
    """

    total: np.ndarray
    apart: np.ndarray
    differ: np.ndarray
    unequal: np.ndarray
    ones: np.ndarray

    @staticmethod
    def of(categories: int) -> _Tile:
        count = np.uint8 if categories < 2**8 else np.uint16
        distances = (np.empty(TILE, np.float32), np.empty(TILE, np.float32))
        return _Tile(*distances, np.empty(TILE, bool), np.empty(TILE, count), np.ones(TILE, np.float32))
