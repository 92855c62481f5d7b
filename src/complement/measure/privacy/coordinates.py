"""Records as points, for attacks that must know which record is nearest and not only how far away it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.schema import Column
from complement.core.values import as_numbers, as_text
from complement.models.nearness import MEASURED

LEVELS = 48  # of a category with a place of their own; rarer ones share 16 places by their hash
SHARED_PLACES = 16
TILE = 128  # records whose distances to all others are in memory at once
MISMATCH = 0.3  # of a category beside 1 for the two ends of a number, as in density.py


@dataclass(frozen=True)
class Coordinates:
    """A point per record: of numbers their rank among real ones, of categories a corner each; a missing value is a category.

    `blocks`: per column its coordinates. Squared Euclidean distances then add up over columns: up to 1 for a number, .3 for an
    unequal category.
    """

    columns: tuple[Column, ...]
    known: tuple[np.ndarray, ...]  # sorted values of a number, else the commonest levels

    @staticmethod
    def of(real: pa.Table, columns: Sequence[Column]) -> Coordinates:
        """The coordinates that these real records span."""
        known: list[np.ndarray] = []
        for column in columns:
            if column.kind in MEASURED:
                values = as_numbers(real.column(column.name))
                known.append(np.sort(values[np.isfinite(values)]))
                continue
            words = as_text(real.column(column.name))
            levels, counts = np.unique([word for word in words if word is not None], return_counts=True)
            known.append(levels[np.argsort(-counts, kind="stable")[:LEVELS]].astype(object))
        return Coordinates(tuple(columns), tuple(known))

    def blocks(self, records: pa.Table) -> list[np.ndarray]:
        """Per column the coordinates of each record, shape (records, places), float32."""
        return [self._block(records, place) for place in range(len(self.columns))]

    def _block(self, records: pa.Table, place: int) -> np.ndarray:
        column, known = self.columns[place], self.known[place]
        if column.kind in MEASURED:
            values = as_numbers(records.column(column.name))
            # Halfway between the ranks from left and right: a value that many share stands in their middle.
            sides = [np.searchsorted(known, values, side=side) for side in ("left", "right")]
            rank = (sides[0] + sides[1]) / (2 * max(len(known), 1))
            absent = ~np.isfinite(values)
            return np.stack([np.where(absent, 0.5, rank), absent * MISMATCH**0.5], axis=1).astype(np.float32)
        words = as_text(records.column(column.name))
        places = {word: number for number, word in enumerate(known)}
        codes = np.array([LEVELS + SHARED_PLACES if w is None else places.get(w, LEVELS + _hash(w)) for w in words], int)
        corner = np.float32((MISMATCH / 2) ** 0.5)  # two corners are then MISMATCH apart, squared
        block = np.zeros((len(words), LEVELS + SHARED_PLACES + 1), np.float32)
        block[np.arange(len(words)), codes] = corner
        return block[:, [*range(len(known)), *range(LEVELS, block.shape[1])]]


def nearest(records: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The position of the nearest other of each record, shape (records,); squared Euclidean, the first where several are."""
    from sklearn.metrics import pairwise_distances_argmin

    return np.asarray(pairwise_distances_argmin(records, others))


def nearest_without(records: list[np.ndarray], others: list[np.ndarray], places: Sequence[int]) -> np.ndarray:
    """The position of the nearest other by all blocks but one, for each of `places`, shape (places, records).

    One product over all blocks serves every place: what the block adds is taken off again.
    """
    whole, those = (np.concatenate(blocks, axis=1) for blocks in (records, others))
    squares = [(block**2).sum(axis=1) for block in others]
    total = np.sum(squares, axis=0)
    found = np.zeros((len(places), len(whole)), np.int64)
    for start in range(0, len(whole), TILE):
        rows = slice(start, start + TILE)
        apart = total - 2 * (whole[rows] @ those.T)  # less the record's own square, which is the same for all others
        for number, place in enumerate(places):
            rest = records[place][rows] @ (2 * others[place].T)
            rest += apart
            rest -= squares[place]
            found[number, rows] = rest.argmin(axis=1)
    return found


def _hash(word: str) -> int:
    from zlib import crc32

    return crc32(word.encode()) % SHARED_PLACES
