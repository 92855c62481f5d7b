"""Samples placed in the house's space together, so that every distance between them can be had, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.values import as_numbers, as_text
from complement.models.nearness import FAR, MEASURED, MISSING, Space

BLOCK = 64  # records whose distances to all others are had at once: a few hundred kB, which the processor keeps near


@dataclass(frozen=True)
class Placed:
    """Records in the space: `numbers`, shape (measured columns, records), scaled, and `words`, the codes of all other values.

    Codes are comparable between samples that were placed together.
    """

    numbers: np.ndarray
    words: np.ndarray

    def __len__(self) -> int:
        return self.numbers.shape[1]

    def distances(self, others: Placed) -> Iterator[tuple[slice, np.ndarray]]:
        """Distances of these records to all others, `BLOCK` records at a time: where they stand, (block, others) float32.

        The sum over columns of what `models.nearness.Space` has per column, each at most 1. Time goes with the product of
        the rows. The array is overwritten by the next block.
        """
        total, apart = np.empty((2, BLOCK, len(others)), np.float32)
        differ = np.empty((BLOCK, len(others)), bool)
        for first in range(0, len(self), BLOCK):
            rows = slice(first, min(first + BLOCK, len(self)))
            size = rows.stop - first
            sums = total[:size]
            sums[:] = 0
            for left, right in zip(self.numbers, others.numbers, strict=True):
                np.subtract(left[rows, None], right, out=apart[:size])
                np.abs(apart[:size], out=apart[:size])
                np.minimum(apart[:size], 1, out=apart[:size])
                sums += apart[:size]
            for left, right in zip(self.words, others.words, strict=True):
                np.not_equal(left[rows, None], right, out=differ[:size])
                sums += differ[:size]
            yield rows, sums


def place(space: Space, samples: Sequence[Dataset]) -> list[Placed]:
    """Each sample in the space, in the same order; a missing value is a value of its own, as in `Space`."""
    measured = [(number, column) for number, column in enumerate(space.columns) if column.kind in MEASURED]
    named = [column for column in space.columns if column.kind not in MEASURED]
    numbers = [np.zeros((len(measured), sample.rows), np.float32) for sample in samples]
    words = [np.zeros((len(named), sample.rows), np.int32) for sample in samples]
    ends = np.cumsum([sample.rows for sample in samples])[:-1]
    for row, (number, column) in enumerate(measured):
        for sample, into in zip(samples, numbers, strict=True):
            scaled = (as_numbers(sample.column(column.name)) - space.middle[number]) / space.scale[number]
            into[row] = np.where(np.isnan(scaled), MISSING, np.clip(scaled, -FAR, FAR))
    for row, column in enumerate(named):
        texts = np.concatenate([as_text(sample.column(column.name)) for sample in samples])
        encoded = pa.array(texts, pa.string()).dictionary_encode()
        codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
        for part, into in zip(np.split(codes, ends), words, strict=True):
            into[row] = part
    return [Placed(one, other) for one, other in zip(numbers, words, strict=True)]
