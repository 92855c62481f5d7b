"""Nearest: which real record is nearest to a made one, found by a tree over a few random directions and then measured exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.seed import rng_at
from complement.core.values import as_numbers
from complement.models.fingerprint import codes_of, lanes
from complement.models.nearness import MEASURED, Space

DIRECTIONS = 8  # of the tree: more are searched slower, fewer mislead more often
SISTERS = 12  # records of one unit beyond which more are not waited for
LOOKED_AT = 8  # neighbours in the tree that are measured exactly
# The tree may pass over what is at most so much nearer than the last of them: three times as fast, and a near copy, which is
# several times nearer than any neighbour, is never passed over.
SLACK = 0.5
REACH = 4.0  # robust ranges from the middle at which a number stands still in the directions
AT_ONCE = 20_000  # records that are measured at a time: what memory is bounded by


@dataclass(frozen=True, repr=False)
class Place:
    """Records as numbers: `numbers`, measured columns scaled, float32; `codes`, hashes of the others, uint64; a row each."""

    numbers: np.ndarray
    codes: np.ndarray

    def at(self, rows: np.ndarray) -> Place:
        return Place(self.numbers[rows], self.codes[rows])


@dataclass(frozen=True, repr=False)
class Nearest:
    """Real records among which nearest ones are looked for, at most `most_rows` of them, drawn from `seed`.

    The distance is Gower's (1971) with robust ranges (models/nearness.py), summed over columns. What the tree proposes is
    measured exactly; that it proposes the very nearest is likely, not sure, and the more so the nearer that is: a distance is
    never too small. `loose`: of each real record the distance to its nearest of another unit, shape (rows,); `first` who that is,
    `second` the distance to the nearest of neither unit.
    """

    space: Space
    directions: np.ndarray
    real: Place
    unit: np.ndarray
    tree: Any
    loose: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @staticmethod
    def of(real: Dataset, columns: Sequence[Column], *, most_rows: int, seed: int) -> Nearest:
        """What these records span. `columns` must not be empty."""
        from scipy.spatial import cKDTree

        rows = np.sort(rng_at(seed, "curate", "nearest").permutation(real.rows)[:most_rows])
        unit = real.units()[rows]
        real = real if len(rows) == real.rows else real.take(rows)
        space = Space.of(real.records, columns)
        directions = rng_at(seed, "curate", "directions").standard_normal((len(columns), DIRECTIONS))
        place = placed(space, real)
        where = _projected(space, place, directions)
        tree = cKDTree(where, balanced_tree=False)
        empty = np.zeros(0)
        found = Nearest(space, directions, place, unit, tree, empty, empty.astype(np.int64), empty)
        loose, first, second = found._among_themselves(where)
        return Nearest(space, directions, place, unit, tree, loose, first, second)

    def __len__(self) -> int:
        return len(self.unit)

    def of_records(self, records: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """The distance of each record to its nearest real one, and which that is; both of shape (records,)."""
        place = placed(self.space, records)
        far, who = np.full(records.rows, np.inf), np.zeros(records.rows, np.int64)
        for start in range(0, records.rows, AT_ONCE):
            rows = slice(start, min(start + AT_ONCE, records.rows))
            part = place.at(np.arange(rows.start, rows.stop))
            near = self._proposed(_projected(self.space, part, self.directions), min(LOOKED_AT, len(self)))
            apart = self._apart(part, near)
            best = apart.argmin(axis=1)
            far[rows], who[rows] = apart[np.arange(len(best)), best], near[np.arange(len(best)), best]
        return far, who

    def _among_themselves(self, where: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = len(where)
        loose, first, second = np.full(rows, np.inf), np.zeros(rows, np.int64), np.full(rows, np.inf)
        sisters = rows // len(np.unique(self.unit)) - 1  # of a unit with several records they stand before all others
        count = min(LOOKED_AT + 1 + 2 * min(sisters, SISTERS), rows)
        for start in range(0, rows, AT_ONCE):
            part = np.arange(start, min(start + AT_ONCE, rows))
            near = self._proposed(where[part], count)
            apart = self._apart(self.real.at(part), near)
            apart[self.unit[near] == self.unit[part][:, None]] = np.inf  # itself, and the other visits of one patient
            order = np.argsort(apart, axis=1, kind="stable")
            along = np.arange(len(part))
            loose[part], first[part] = apart[along, order[:, 0]], near[along, order[:, 0]]
            apart[self.unit[near] == self.unit[first[part]][:, None]] = np.inf
            second[part] = apart.min(axis=1)
        return loose, first, second

    def _proposed(self, where: np.ndarray, count: int) -> np.ndarray:
        return self.tree.query(where, k=count, eps=SLACK)[1].reshape(len(where), count)

    def _apart(self, part: Place, near: np.ndarray) -> np.ndarray:
        """Distances of each record to those proposed, shape (records, proposed)."""
        total = np.zeros(near.shape, np.float64)
        for column in range(part.numbers.shape[1]):
            total += np.minimum(np.abs(part.numbers[:, column, None] - self.real.numbers[near, column]), 1)
        for column in range(part.codes.shape[1]):
            total += part.codes[:, column, None] != self.real.codes[near, column]
        return total


def placed(space: Space, records: Dataset) -> Place:
    """Records as the numbers that are compared."""
    numbers, codes = [], []
    for number, column in enumerate(space.columns):
        values = records.column(column.name)
        if column.kind in MEASURED:
            scaled = (as_numbers(values) - space.middle[number]) / space.scale[number]
            # A missing value is more than 1 away from every other, and 0 from another missing one.
            numbers.append(np.where(np.isnan(scaled), 1e5, np.clip(scaled, -1e4, 1e4)).astype(np.float32))
        else:
            codes.append(lanes(codes_of(values, near=False), column.name)[:, 0])
    rows = records.rows
    return Place(
        np.stack(numbers, axis=1) if numbers else np.zeros((rows, 0), np.float32),
        np.stack(codes, axis=1) if codes else np.zeros((rows, 0), np.uint64),
    )


def _projected(space: Space, place: Place, directions: np.ndarray) -> np.ndarray:
    """Where records stand in the directions of the tree, shape (records, DIRECTIONS); near records stand near."""
    measured = [number for number, column in enumerate(space.columns) if column.kind in MEASURED]
    where = np.clip(place.numbers, -REACH, REACH).astype(np.float64) @ directions[measured]
    for column in range(place.codes.shape[1]):
        levels, at = np.unique(place.codes[:, column], return_inverse=True)
        spread = np.stack([lanes(levels, f"direction {one}")[:, 0] for one in range(DIRECTIONS)], axis=1)
        where += (spread / 2.0**64 - 0.5)[at]
    return where
