"""Search: the slice in which a value per record is highest, and how high chance alone would put it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from complement.core.seed import rng_at
from complement.gap.atoms import Atoms
from complement.models.openmp import one_thread

BEAM = 40  # atoms of the highest value that are crossed with every other
DEPTH = 3  # levels of the tree
PERMUTATIONS = 199  # the smallest p is 1 / 200
ALPHA = 0.05
OVERLAP = 0.5  # Jaccard index from which on two slices are one
SIMPLER = 0.9  # a slice of fewer conditions is preferred from this share of the best value on
MOST_SHARE = 0.5  # of the records: a slice with more is the rule, not a gap
MANY = 20  # units of one size, from which on they are permuted among themselves


@dataclass(frozen=True, repr=False)
class Slice:
    """A slice as text and mask; `terms` counts its conditions, `height` is its standardised mean (see `Field.search`)."""

    text: str
    mask: np.ndarray
    terms: int
    height: float


@dataclass(frozen=True, repr=False)
class Field:
    """What is searched: atoms, further fixed slices (`extra`: texts and masks (records, extras)), and the sizes allowed."""

    atoms: Atoms
    extra: tuple[tuple[str, ...], np.ndarray]
    least: int

    @property
    def rows(self) -> int:
        return self.atoms.masks.shape[0]

    def search(self, value: np.ndarray, *, barred: Sequence[np.ndarray] = ()) -> list[Slice]:
        """The highest slices of each number of terms, the highest first; none where no slice may be taken.

        `value`: shape (records,), mean 0, sd 1. Height of a slice of n_s among n records: sum of its values over
        sqrt(n_s (1 - n_s / n)), the standard score of its mean under permutation. Looked at: every atom, every pair of the 40
        highest atoms with any other, the leaves of a tree of depth 3 that splits at the highest atom, and the extra slices.
        `barred`: masks that a slice may not overlap by half.
        """
        found = [*self._singles(value, barred), *self._pairs(value, barred), *self._leaves(value), *self._extras(value)]
        allowed = [one for one in found if not any(overlap(one.mask, mask) >= OVERLAP for mask in barred)]
        return sorted(allowed, key=lambda one: (-one.height, one.terms, one.text))

    def best(self, value: np.ndarray, *, barred: Sequence[np.ndarray] = (), above: float = 0.0) -> Slice | None:
        """The highest slice above this height, or one of fewer terms that is above it, too, and nearly as high."""
        found = [one for one in self.search(value, barred=barred) if one.height > above]
        if not found:
            return None
        near = [one for one in found if one.height >= SIMPLER * found[0].height]
        return min(near, key=lambda one: (one.terms, -one.height))

    def highest(self, value: np.ndarray) -> float:
        """The height of the highest slice: what the null distribution is made of."""
        heights = self.heights(self._matrix.T @ value.astype(np.float32), self._inside())
        top = float(heights.max(initial=0.0))
        if len(heights):
            order = np.argsort(-heights, kind="stable")[:BEAM]
            top = max(top, float(self.heights(*self._crossed(value, order)).max(initial=0.0)))
        others = [*self._leaves(value), *self._extras(value)]
        return max([top, *(one.height for one in others)])

    def heights(self, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Standardised means from sums of values and numbers of records; -inf where the size is not allowed."""
        counts = np.asarray(counts, float)
        allowed = (counts >= self.least) & (counts <= MOST_SHARE * self.rows)
        spread = np.sqrt(np.maximum(counts * (1 - counts / self.rows), 1e-9))
        return np.where(allowed, sums / spread, -np.inf)

    def count(self) -> int:
        """How many slices a search looks at."""
        atoms = len(self.atoms)
        return atoms + min(BEAM, atoms) * atoms + 2**DEPTH + len(self.extra[0])

    @cached_property
    def _matrix(self) -> np.ndarray:
        return self.atoms.masks.astype(np.float32)

    @cached_property
    def _together(self) -> np.ndarray:
        """How many records stand under both of two atoms, shape (atoms, atoms)."""
        return self._matrix.T @ self._matrix

    def _inside(self) -> np.ndarray:
        return self.atoms.masks.sum(axis=0)

    def _crossed(self, value: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums and counts of every pair of a beam atom and any atom, shape (beam, atoms)."""
        beam = self._matrix[:, order] * value.astype(np.float32)[:, None]
        return beam.T @ self._matrix, self._together[order]

    def _singles(self, value: np.ndarray, barred: Sequence[np.ndarray]) -> list[Slice]:
        heights = self.heights(self._matrix.T @ value.astype(np.float32), self._inside())
        return self._first(heights, lambda k: (self.atoms.texts[k], self.atoms.masks[:, k], 1), barred)

    def _pairs(self, value: np.ndarray, barred: Sequence[np.ndarray]) -> list[Slice]:
        if not len(self.atoms):
            return []
        heights = self.heights(self._matrix.T @ value.astype(np.float32), self._inside())
        order = np.argsort(-heights, kind="stable")[:BEAM]
        crossed = self.heights(*self._crossed(value, order))
        columns = np.array(self.atoms.columns)
        crossed[columns[order][:, None] == columns[None, :]] = -np.inf  # two ranges of one column are one condition, or none

        def pair(k: int) -> tuple[str, np.ndarray, int]:
            one, other = sorted((int(order[k // len(self.atoms)]), k % len(self.atoms)))
            text = f"{self.atoms.texts[one]} and {self.atoms.texts[other]}"
            return text, self.atoms.masks[:, one] & self.atoms.masks[:, other], 2

        return self._first(crossed.ravel(), pair, barred)

    def _first(
        self, heights: np.ndarray, made: Callable[[int], tuple[str, np.ndarray, int]], barred: Sequence[np.ndarray]
    ) -> list[Slice]:
        """The highest slices that overlap with none that is barred: a few, for the simpler ones may do as well."""
        found: list[Slice] = []
        for k in np.argsort(-heights, kind="stable"):
            if not np.isfinite(heights[k]) or len(found) == 3:
                break
            text, mask, terms = made(int(k))
            if not any(overlap(mask, other) >= OVERLAP for other in barred):
                found.append(Slice(text, mask, terms, float(heights[k])))
        return found

    def _extras(self, value: np.ndarray) -> list[Slice]:
        texts, masks = self.extra
        heights = self.heights(value @ masks, masks.sum(axis=0))
        return [
            Slice(text, masks[:, k], text.count(" and ") + 1, float(heights[k]))
            for k, text in enumerate(texts)
            if np.isfinite(heights[k])
        ]

    def _leaves(self, value: np.ndarray) -> list[Slice]:
        """The nodes of a tree that splits, level by level, at the atom that parts the records of a node best, three times."""
        found: list[Slice] = []
        nodes: list[tuple[tuple[str, ...], np.ndarray]] = [((), np.ones(self.rows, bool))]
        for _ in range(DEPTH):
            below: list[tuple[tuple[str, ...], np.ndarray]] = []
            for (path, inside), split in zip(nodes, self._splits(value, [mask for _, mask in nodes]), strict=True):
                if split is None:
                    continue
                for text, side in ((self.atoms.texts[split], True), (self.atoms.opposites[split], False)):
                    below.append(((*path, text), inside & (self.atoms.masks[:, split] == side)))
            nodes = below
            for path, mask in nodes:
                height = float(self.heights(value @ mask, np.array(mask.sum())))
                if np.isfinite(height) and len(path) > 1:
                    found.append(Slice(" and ".join(path), mask, len(path), height))
        return found

    def _splits(self, value: np.ndarray, nodes: list[np.ndarray]) -> list[int | None]:
        """For each node the atom with the largest difference of means in standard errors; None where no atom parts it."""
        if not len(self.atoms) or not nodes:
            return [None] * len(nodes)
        inside = np.column_stack(nodes)
        sizes = inside.sum(axis=0)
        centred = (value[:, None] - (value @ inside) / np.maximum(sizes, 1)) * inside
        both = np.hstack([centred, inside]).astype(np.float32).T @ self._matrix
        sums, counts = both[: len(nodes)], both[len(nodes) :]
        size = sizes[:, None]
        allowed = (counts >= self.least) & (counts <= size - self.least)
        spread = np.sqrt(np.maximum(counts * (1 - counts / np.maximum(size, 1)), 1e-9))
        heights = np.where(allowed, np.abs(sums) / spread, -1.0)
        return [int(k) if row[k] > 0 else None for row, k in zip(heights, heights.argmax(axis=1), strict=True)]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The Jaccard index of two masks."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 0.0


def standard(value: np.ndarray) -> np.ndarray:
    """The value with mean 0 and sd 1; zeros where it does not vary."""
    spread = float(value.std())
    return (value - value.mean()) / spread if spread > 0 else np.zeros(len(value))


def null_of(field: Field, value: np.ndarray, unit: np.ndarray, *, seed: int) -> Null:
    """The highest slice of each of 199 permutations: the whole search is repeated (Westfall & Young 1993)."""
    shuffled, level = Shuffled.of(unit), standard(value)
    with one_thread():
        drawn = (shuffled.draw(level, rng_at(seed, "gap", "null", k)) for k in range(PERMUTATIONS))
        return Null(np.array([field.highest(standard(one)) for one in drawn]))


@dataclass(frozen=True, repr=False)
class Null:
    """How high the highest slice stands where no slice differs: `heights` of permuted tables, shape (permutations,)."""

    heights: np.ndarray

    @property
    def bound(self) -> float:
        """The height above which p is below .05: for all slices at once, as each is the highest of its table."""
        return float(np.sort(self.heights)[1 - math.ceil(ALPHA * (1 + len(self.heights)))])

    def p(self, height: float) -> float:
        """The share of tables, this one included, whose highest slice is as high."""
        return float((1 + (self.heights >= height).sum()) / (1 + len(self.heights)))


def evident(field: Field, null: Null, value: np.ndarray, *, most: int, barred: Sequence[np.ndarray] = ()) -> list[Slice]:
    """At most `most` slices above the null's bound, one after the other, each after the excess of those before it is taken off.

    `value`: shape (records,). `barred`: masks of slices that are known; their excess is taken off first, too.
    """
    level, found = standard(value), list[Slice]()
    for mask in barred:
        level = without(level, mask)
    while len(found) < most:
        best = field.best(level, barred=barred, above=max(0.0, null.bound))
        if best is None:
            break
        found.append(best)
        barred = [*barred, best.mask]
        level = without(level, best.mask)
    return found


def without(value: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The values with the slice brought to the mean of the rest, mean 0 again."""
    if mask.all() or not mask.any():
        return value
    level = value - (value[mask].mean() - value[~mask].mean()) * mask
    return level - level.mean()


@dataclass(frozen=True, repr=False)
class Shuffled:
    """Permutations of values across records, those of a unit together: per group of units their rows and their sizes.

    Units stay whole: a unit gets the values of another one, in their order. Laid end to end instead, they would cross the edges
    of units, columns that are a unit's own would seem to vary with the records, and gaps would be seen where none is.
    """

    groups: tuple[tuple[np.ndarray, np.ndarray], ...]

    @staticmethod
    def of(unit: np.ndarray) -> Shuffled:
        """Units of a size that at least 20 have are permuted among themselves; the others among the 20 or more of next size."""
        order = np.argsort(unit, kind="stable")
        sizes = np.unique(unit[order], return_counts=True)[1]
        kinds, counts = np.unique(sizes, return_counts=True)
        group, number, lumped = np.zeros(len(kinds), np.int64), 0, 0
        for k in range(len(kinds)):
            if counts[k] >= MANY or lumped >= MANY:
                number, lumped = number + 1, 0
            group[k] = number
            lumped = MANY if counts[k] >= MANY else lumped + int(counts[k])
        of_unit = group[np.searchsorted(kinds, sizes)]
        of_row = np.repeat(of_unit, sizes)
        return Shuffled(tuple((order[of_row == one], sizes[of_unit == one]) for one in np.unique(of_unit)))

    def draw(self, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The values of other units, shape (records,); of a larger unit the first ones, of a smaller one all of them again."""
        found = np.empty_like(value)
        for rows, sizes in self.groups:
            order = rng.permutation(len(sizes))
            starts = np.cumsum(sizes) - sizes
            place = np.arange(len(rows)) - np.repeat(starts, sizes)
            found[rows] = value[rows[np.repeat(starts[order], sizes) + place % np.repeat(sizes[order], sizes)]]
        return found
