"""One column given those before it: trees whose leaves hold donors, grown on other records than these if privacy asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from complement.generate.codec import ATOM_ROWS, Code, atoms, distinct, is_in
from complement.generate.forest.donors import OWN, Donors, Offer, gathered
from complement.generate.forest.suppress import shared
from complement.generate.leaves import aim_of, matrix_of, order_of, tree_of

ECHO_SHARE = 0.01  # of the records: fewer equal values are coincidence or not worth a rule
ECHOES = 3
SPIKE = 5, 3.0  # records, and times its neighbours, from which a value is a point of mass
PLAIN_DECIMALS = 3  # of a number that many may have without being one another
LEAST_DONORS = 3  # of a leaf whose donors did not grow it; below, its parent's donors stand in


@dataclass(frozen=True)
class Setting:
    """How columns are grown. `min_leaf`: fewest records in a leaf of the records that a tree is grown on.

    `folds` 1: these records are its donors, too. More: donors are the records of the fold that the tree has not seen
    (cross-fitted leaves), so that no leaf was shaped by the very values that it gives away. `window`: the share of the
    records by rank beyond which a number is never smoothed. `by`: "file" order of columns, or "numbers": those with the most
    values first. `apart`: a made record takes no two columns from the same real one. `least`: a number that fewer
    units have comes out as itself no more than by chance.
    """

    min_leaf: int
    folds: int = 1
    by: str = "file"
    window: float = 0.002
    apart: bool = False
    least: int = 1


@dataclass(frozen=True, repr=False)
class Bough:
    """One tree with its donors. `leaf`: the number of the leaf by node; `tree` None: one leaf."""

    tree: Any
    leaf: np.ndarray
    donors: Donors


@dataclass(frozen=True, repr=False)
class Conditional:
    """A fitted column: every record to be drawn takes one of the boughs, all of them equally often."""

    code: Code
    predictors: tuple[str, ...]
    orders: Mapping[str, np.ndarray]
    boughs: tuple[Bough, ...]
    echoes: tuple[str, ...]

    def draw(
        self,
        seen: Mapping[str, np.ndarray],
        made: Mapping[str, np.ndarray],
        rows: int,
        rng: np.random.Generator,
        used: list[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Codes, shape (rows,), given what the predictors look like (`seen`) and their codes (`made`, for echoes).

        `used`: the real records that gave the columns before, each of shape (rows,); this column's are added. None: let be.
        """
        matrix = matrix_of(self.predictors, self.orders, seen, rows) if self.predictors else None
        turn = rng.permutation(rows) % len(self.boughs) if len(self.boughs) > 1 else np.zeros(rows, np.int64)
        codes, echo = np.empty(rows), np.full(rows, OWN)
        record = np.empty(rows, np.int32)
        for number, bough in enumerate(self.boughs):
            mine = np.flatnonzero(turn == number) if len(self.boughs) > 1 else slice(None)
            size = len(turn[mine])
            leaf = (
                np.zeros(size, np.int64) if bough.tree is None or matrix is None else bough.leaf[bough.tree.apply(matrix[mine])]
            )
            at = bough.donors.draw(leaf, rng)
            if used:
                at = bough.donors.apart(at, leaf, [column[mine] for column in used])
            codes[mine] = bough.donors.values(at, rng)
            record[mine] = bough.donors.record[at]
            if bough.donors.echo is not None:
                echo[mine] = bough.donors.echo[at]
        if used is not None:
            used.append(record)
        for number, name in enumerate(self.echoes):
            codes = np.where(echo == number, made[name], codes)
        return self.code.rounded(codes) if self.code.numeric else codes


@dataclass(frozen=True, repr=False)
class Known:
    """The real records as codes, and as the trees see them; `levels` by categorical column, missing included."""

    codes: Mapping[str, np.ndarray]
    seen: Mapping[str, np.ndarray]
    levels: Mapping[str, int]
    weight: np.ndarray | None
    unit: np.ndarray  # whose record each is, by number
    grown_on: np.ndarray  # positions of the records whose trees are grown; all of them are donors


def fit_column(known: Known, code: Code, name: str, before: Sequence[str], setting: Setting, seed: int) -> Conditional:
    """Fit one column on its predecessors."""
    rng = np.random.default_rng(seed)
    codes = known.codes[name]
    offer, echoes = _offer(known, code, name, before, setting)
    rows = known.grown_on
    aim, classes = aim_of(code, codes[rows])
    levels = {other: known.levels[other] for other in before if other in known.levels}
    weight = None if known.weight is None else known.weight[rows]
    orders = {other: order_of(known.seen[other][rows], count, aim, classes, weight) for other, count in levels.items()}
    names = tuple(before)
    every = np.arange(len(codes))
    if not names or not (aim != aim[0]).any():
        whole = gathered(offer, every, np.zeros(len(codes), np.int64), 1, rng)
        return Conditional(code, (), {}, (Bough(None, np.zeros(1, np.int64), whole),), echoes)
    matrix = matrix_of(names, orders, known.seen, len(codes))
    # A unit is in one fold: another record of the same person must not shape the leaf either. A few units fill few folds.
    units = int(known.unit.max()) + 1
    folds = min(setting.folds, units)
    fold = rng.permutation(units)[known.unit] % folds
    boughs: list[Bough] = []
    for number in range(folds):
        inside = rows if folds == 1 else rows[fold[rows] != number]
        kept = np.isin(rows, inside, assume_unique=True)
        tree = tree_of(classes, setting.min_leaf, seed % 2**31 + number)
        tree.fit(matrix[inside], aim[kept], sample_weight=None if weight is None else weight[kept])
        giving = every if folds == 1 else np.flatnonzero(fold == number)
        boughs.append(_bough(tree.tree_, matrix, giving, offer, 1 if folds == 1 else LEAST_DONORS, rng))
    return Conditional(code, names, orders, tuple(boughs), echoes)


def _bough(tree: Any, matrix: np.ndarray, giving: np.ndarray, offer: Offer, least: int, rng: np.random.Generator) -> Bough:
    """The donors `giving` in the leaves of this tree; a leaf with fewer than `least` takes those of an ancestor.

    Nodes stand in depth-first order: the leaves below a node are those with numbers from its own up to an end.
    """
    left, right = tree.children_left, tree.children_right
    nodes = tree.node_count
    at = tree.apply(matrix[giving])
    end, parent = np.arange(nodes) + 1, np.zeros(nodes, np.int64)
    inner = np.flatnonzero(left >= 0)
    parent[left[inner]] = parent[right[inner]] = inner
    for node in inner[::-1]:
        end[node] = end[right[node]]
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    first, last = np.searchsorted(ordered, np.arange(nodes)), np.searchsorted(ordered, end)
    holder = np.arange(nodes)
    for node in range(1, nodes):
        if last[node] - first[node] < least:
            holder[node] = holder[parent[node]]
    leaves = np.flatnonzero(left < 0)
    used, number = np.unique(holder[leaves], return_inverse=True)
    leaf = np.zeros(nodes, np.int64)
    leaf[leaves] = number
    size = last[used] - first[used]
    flat = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(first[used], size)
    return Bough(tree, leaf, gathered(offer, giving[order[flat]], np.repeat(np.arange(len(used)), size), len(used), rng))


def _offer(known: Known, code: Code, name: str, before: Sequence[str], setting: Setting) -> tuple[Offer, tuple[str, ...]]:
    """What the records give as donors of this column, and the columns that some of them repeat."""
    codes = known.codes[name]
    if not code.numeric:
        return Offer(codes, known.unit, None, None, known.weight, None, None), ()
    atom = is_in(codes, _points(codes, known.unit, setting.least)) | np.isnan(codes)
    numbers = [other for other in before if other not in known.levels]
    echoes, echo = _echoes(codes, atom, {other: known.codes[other] for other in numbers})
    return Offer(codes, known.unit, atom, echo, known.weight, _within(codes, setting.window), _beside(codes)), echoes


def _echoes(codes: np.ndarray, atom: np.ndarray, others: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """The columns whose very value this one often repeats (a bill paid in full), and which record repeats which.

    Smoothing and leaves would turn an equality into two near numbers, and no tree can split on one.
    """
    left, found, echo = ~atom, list[str](), np.full(len(codes), OWN)
    while len(found) < ECHOES:
        best = max(((int((left & (codes == values)).sum()), name) for name, values in others.items()), default=(0, ""))
        if best[0] < max(2.0, ECHO_SHARE * len(codes)):
            break
        equal = left & (codes == others[best[1]])
        echo[equal] = len(found)
        left &= ~equal
        found.append(best[1])
    return tuple(found), echo if found else None


def _points(codes: np.ndarray, unit: np.ndarray, least: int) -> np.ndarray:
    """Points of mass, sorted; where `least` is above 1, only what so many units have.

    Without units a number of many decimals that returns is one person's who was met again, unless a great many have it.
    """
    points = np.union1d(atoms(codes), _spikes(codes))
    if least <= 1 or not len(points):
        return points
    values, owners = shared(codes, unit)
    at = np.searchsorted(values, points)
    alone = int(unit.max(initial=0)) + 1 == len(unit)
    plain = (np.round(points, PLAIN_DECIMALS) == points) | (owners[at] >= ATOM_ROWS)
    return points[(owners[at] >= least) & (plain | (not alone))]


def _spikes(codes: np.ndarray) -> np.ndarray:
    """Values that stand out from their neighbours, sorted: top codes (90 for "90 and older") and round numbers."""
    values, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    if len(values) < 3:
        return values[:0]
    around = np.convolve(counts, [1, 0, 1], mode="same") / np.r_[1, np.full(len(counts) - 2, 2), 1]
    return values[(counts >= SPIKE[0]) & (counts > SPIKE[1] * around)]


def _within(codes: np.ndarray, window: float) -> tuple[np.ndarray, np.ndarray]:
    """The values `window` of the records below and above each value: smoothing must not fill real gaps between two modes."""
    values = np.sort(codes[~np.isnan(codes)])
    if not len(values):
        return codes, codes
    step = max(3, round(window * len(values)))
    first = np.searchsorted(values, codes, side="left") - step
    last = np.searchsorted(values, codes, side="right") - 1 + step
    return values[first.clip(0, len(values) - 1)], values[last.clip(0, len(values) - 1)]


def _beside(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middles between each value and the next smaller and larger one; at the ends of the range the value itself."""
    values = distinct(codes)
    if not len(values):
        return codes, codes
    middle = (values[1:] + values[:-1]) / 2
    at = np.searchsorted(values, codes).clip(0, len(values) - 1)
    return np.append(values[0], middle)[at], np.append(middle, values[-1])[at]
