"""Columns cut into few levels, and how often two levels meet: what pairs, conditions and the report's bars count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.values import absent, as_numbers, as_text
from complement.models.nearness import MEASURED
from complement.models.openmp import one_thread

BINS = 10  # of a number, each with as many real records
MOST_LEVELS = 30  # of a category; the rarer ones are one level


@dataclass(frozen=True)
class Code:
    """How a column is cut, learnt from real records. One more level after all others is "missing".

    A number: `edges`, shape (bins - 1,): level b holds edges[b-1] <= value < edges[b]. All else: `words`, the most frequent
    values, and a level for any other.
    """

    column: Column
    edges: np.ndarray
    words: tuple[str, ...]

    @property
    def measured(self) -> bool:
        return self.column.kind in MEASURED

    @property
    def levels(self) -> int:
        """How many levels there are, the one for missing values among them."""
        return len(self.edges) + 2 if self.measured else len(self.words) + 2

    def of(self, records: Dataset) -> np.ndarray:
        """The level of each record, shape (records,), 0 to levels - 1."""
        values = records.column(self.column.name)
        if self.measured:
            numbers = as_numbers(values)
            return np.where(np.isnan(numbers), self.levels - 1, np.searchsorted(self.edges, numbers, side="right"))
        words = as_text(values)
        gone = absent(words)
        plain = np.where(gone, "", words).astype(str)
        order = np.argsort(self.words)
        known = np.array(self.words)[order] if self.words else np.zeros(0, str)
        places = np.minimum(np.searchsorted(known, plain), max(0, len(known) - 1))
        found = known[places] == plain if len(known) else np.zeros(len(plain), bool)
        codes = np.where(found, order[places] if len(known) else 0, len(self.words))
        return np.where(gone, self.levels - 1, codes)


def learn(real: Dataset, columns: Sequence[Column], *, bins: int = BINS, most_levels: int = MOST_LEVELS) -> list[Code]:
    """How these columns of real records are cut: a value that a bin's worth of records share is a level of its own."""
    return [_learn(real, column, bins, most_levels) for column in columns]


def _learn(real: Dataset, column: Column, bins: int, most_levels: int) -> Code:
    if column.kind in MEASURED:
        numbers = as_numbers(real.column(column.name))
        return Code(column, cuts(numbers[np.isfinite(numbers)], bins), ())
    words = as_text(real.column(column.name))
    names, counts = np.unique(words[~absent(words)].astype(str), return_counts=True)
    heaviest = np.argsort(-counts, kind="stable")[:most_levels]
    return Code(column, np.zeros(0), tuple(str(name) for name in names[heaviest]))


def cuts(values: np.ndarray, bins: int) -> np.ndarray:
    """Edges between bins of equal mass, ascending; a value that is a bin's worth by itself (zeros, say) gets its own."""
    if not len(values):
        return np.zeros(0)
    distinct, counts = np.unique(values, return_counts=True)
    own = distinct[counts * bins >= len(values)]
    rest = values[~np.isin(values, own)]
    left = max(1, bins - len(own))
    inner = np.quantile(rest, np.arange(1, left) / left) if len(rest) and left > 1 else np.zeros(0)
    edges = np.unique(np.concatenate([inner, own, np.nextafter(own, np.inf)]))
    return edges[(edges > distinct[0]) & (edges <= distinct[-1])]


@dataclass(frozen=True)
class Table:
    """How often each level of each column meets each level of each other: `counts`, shape (levels, levels) over all columns.

    `start` is where each column's levels begin, and ends with the number of all levels.
    """

    counts: np.ndarray
    start: np.ndarray
    rows: int

    @staticmethod
    def of(records: Dataset, codes: Sequence[Code]) -> Table:
        """Counted over all records given: memory goes with records times levels, so give a bounded sample."""
        hot, start = one_hot(records, codes)
        with one_thread():
            counts = hot.T @ hot  # whole numbers below 2**24: exact in float32
        return Table(counts.astype(np.float64), start, records.rows)

    def block(self, one: int, other: int) -> np.ndarray:
        """How often the levels of two columns meet, shape (levels of one, levels of the other)."""
        return self.counts[self.start[one] : self.start[one + 1], self.start[other] : self.start[other + 1]]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Values per pair of levels, summed to pairs of columns, shape (columns, columns)."""
        return np.add.reduceat(np.add.reduceat(values, self.start[:-1], axis=0), self.start[:-1], axis=1)

    def apart(self, other: Table) -> np.ndarray:
        """The total variation distance between the joint distributions of each two columns, shape (columns, columns)."""
        return self.sums(np.abs(self.counts / max(1, self.rows) - other.counts / max(1, other.rows))) / 2


def one_hot(records: Dataset, codes: Sequence[Code]) -> tuple[np.ndarray, np.ndarray]:
    """1 where a record has a level, shape (records, levels), float32; and where the levels of each column begin."""
    start = np.concatenate([[0], np.cumsum([code.levels for code in codes])]).astype(int)
    hot = np.zeros((records.rows, int(start[-1])), np.float32)
    rows = np.arange(records.rows)
    for code, first in zip(codes, start, strict=False):
        hot[rows, first + code.of(records)] = 1
    return hot, start
