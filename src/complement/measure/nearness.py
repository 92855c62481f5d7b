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
CHUNK_ROWS = 64  # of distances at once: they stay in the processor's cache
MEASURED = ("number", "integer", "date", "datetime")


@dataclass(frozen=True)
class Space:
    """Columns and the scale of each: Gower's (1971) distance, with robust ranges, summed over columns."""

    columns: tuple[Column, ...]
    middle: tuple[float, ...]
    scale: tuple[float, ...]

    @staticmethod
    def of(real: pa.Table, columns: Sequence[Column]) -> Space:
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
        return Space(tuple(columns), tuple(middles), tuple(scales))

    def nearest(self, records: pa.Table, others: pa.Table) -> np.ndarray:
        """The distance of each record to its nearest among `others`, shape (records,), 0 to the number of columns.

        Every pair is compared: time goes with the product of the rows. Per column a distance is at most 1.
        """
        pairs = [self._pair(place, records, others) for place in range(len(self.columns))]
        nearest = np.full(records.num_rows, np.inf)
        for start in range(0, records.num_rows, CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            total = np.zeros((len(nearest[rows]), others.num_rows), np.float32)
            for left, right in pairs:
                if left.dtype == np.float32:
                    apart = np.abs(left[rows, None] - right)
                    total += np.minimum(apart, np.float32(1), out=apart)
                else:
                    total += left[rows, None] != right
            nearest[rows] = total.min(axis=1, initial=np.inf)
        return nearest

    def _pair(self, place: int, records: pa.Table, others: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """One column of both sides: scaled numbers (float32), or codes of values (int32)."""
        column = self.columns[place]
        sides = (records.column(column.name), others.column(column.name))
        if column.kind in MEASURED:
            return self._scaled(place, sides[0]), self._scaled(place, sides[1])
        texts = np.concatenate([as_text(side) for side in sides])
        codes = pa.array(texts, pa.string()).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return codes[: records.num_rows].astype(np.int32), codes[records.num_rows :].astype(np.int32)

    def _scaled(self, place: int, side: pa.ChunkedArray) -> np.ndarray:
        scaled = np.clip((as_numbers(side) - self.middle[place]) / self.scale[place], -FAR, FAR)
        return np.where(np.isnan(scaled), MISSING, scaled).astype(np.float32)
