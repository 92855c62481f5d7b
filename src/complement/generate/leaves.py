"""One column given others: a CART whose leaves hold real values, from which new ones are drawn and smoothed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from complement.generate.codec import Code, atoms, distinct, is_in, reach

_CLASSES = 32  # rarer categories share one class while the tree is grown; every leaf still holds their own values
_RECORDS_A_CLASS = 4  # fewer records have no more classes than this tells apart
_SHRINK = 20.0  # records of the whole that a category's mean is mixed with, so that a rare category is not placed by chance


@dataclass(frozen=True, repr=False)
class Predictor:
    """What a column looks like to a tree: ranks for numbers, an order of its own for each tree for categories."""

    code: Code
    values: np.ndarray

    @staticmethod
    def of(code: Code, codes: np.ndarray) -> Predictor:
        return Predictor(code, distinct(codes))

    def seen(self, codes: np.ndarray) -> np.ndarray:
        """Ranks (missing: -2, below all) or positions among the levels (missing: one past the last), shape (rows,).

        Ranks instead of numbers change no split of the real records, and float32, in which the trees compare, holds
        them without loss.
        """
        if self.code.levels is not None:
            return np.where(np.isnan(codes), len(self.code.levels), codes).astype(np.int64)
        if not len(self.values):
            return np.full(len(codes), -2.0)
        ranks = np.interp(codes, self.values, np.arange(len(self.values)))
        return np.where(np.isnan(codes), -2.0, ranks)


@dataclass(frozen=True, repr=False)
class Leaves:
    """A fitted column: the tree, and in each leaf the sorted donors with the ends to which each may be smoothed.

    `low` and `high` have the shape (rows,), leaf after leaf; `start` the shape (leaves + 1,); `cumulated` the
    weights added up in the same order, None when all are equal. `tree` None: one leaf.
    """

    code: Code
    predictors: tuple[str, ...]
    orders: Mapping[str, np.ndarray]
    tree: Any
    leaf_of_node: np.ndarray
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cumulated: np.ndarray | None

    def leaf(self, seen: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
        """The number of the leaf that each record falls into, shape (rows,)."""
        if self.tree is None:
            return np.zeros(rows, np.int64)
        return self.leaf_of_node[self.tree.apply(matrix_of(self.predictors, self.orders, seen, rows))]

    def draw(self, seen: Mapping[str, np.ndarray], rows: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of this column, shape (rows,), given what the predictors look like."""
        leaf = self.leaf(seen, rows)
        first, last = self.start[leaf], self.start[leaf + 1]
        share = rng.random(rows)
        if self.cumulated is None:
            at = first + (share * (last - first)).astype(np.int64)
        else:
            floor = np.where(first > 0, self.cumulated[first - 1], 0.0)
            total = self.cumulated[last - 1] - floor
            at = np.searchsorted(self.cumulated, floor + share * total, side="right").clip(first, last - 1)
        low, high = self.low[at], self.high[at]
        codes = low + rng.random(rows) * (high - low) if self.code.numeric else low
        return self.code.rounded(codes) if self.code.numeric else codes


def grow(
    code: Code,
    codes: np.ndarray,
    seen: Mapping[str, np.ndarray],
    levels: Mapping[str, int],
    *,
    weight: np.ndarray | None,
    min_leaf: int,
    seed: int,
) -> Leaves:
    """Fit one column on its predecessors (Reiter 2005; Nowok, Raab & Dibben 2016).

    `codes`: the column, shape (rows,); `seen`: what each predecessor looks like; `levels`: how many levels, missing
    included, each categorical predecessor has; `weight` None: all equal.
    """
    aim, classes = aim_of(code, codes)
    orders = {name: order_of(seen[name], count, aim, classes, weight) for name, count in levels.items()}
    names = tuple(seen)
    tree, leaf_of_node, leaf = None, np.zeros(1, np.int64), np.zeros(len(codes), np.int64)
    if names and (aim != aim[0]).any():
        tree = tree_of(classes, min_leaf, seed)
        matrix = matrix_of(names, orders, seen, len(codes))
        tree.fit(matrix, aim, sample_weight=weight)
        tree = tree.tree_  # the estimator's own checks cost more than the walk
        nodes = tree.apply(matrix)
        used, leaf = np.unique(nodes, return_inverse=True)
        leaf_of_node = np.zeros(tree.node_count, np.int64)
        leaf_of_node[used] = np.arange(len(used))
    order = np.lexsort((codes, leaf))
    donors, groups = codes[order], leaf[order]
    low, high = donors, donors
    if code.numeric:
        low, high = reach(donors, groups, is_in(donors, atoms(codes)))
    start = np.append(0, np.cumsum(np.bincount(groups)))
    cumulated = None if weight is None else np.cumsum(weight[order])
    return Leaves(code, names if tree is not None else (), orders, tree, leaf_of_node, start, low, high, cumulated)


def matrix_of(names: tuple[str, ...], orders: Mapping[str, np.ndarray], seen: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    matrix = np.empty((rows, len(names)), np.float32)
    for at, name in enumerate(names):
        matrix[:, at] = orders[name][seen[name]] if name in orders else seen[name]
    return matrix


def tree_of(classes: int, min_leaf: int, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if classes > 2 else DecisionTreeRegressor
    return kind(min_samples_leaf=min_leaf, random_state=seed)


def aim_of(code: Code, codes: np.ndarray) -> tuple[np.ndarray, int]:
    """What the tree predicts, and its number of classes (0: a number). Two classes are grown as 0 and 1: the same splits.

    Numbers are predicted by rank in [0, 1], so that a long tail does not take all the splits; missing stands at -.5.
    """
    missing = np.isnan(codes)
    if code.numeric:
        values, inverse, counts = np.unique(codes[~missing], return_inverse=True, return_counts=True)
        aim = np.full(len(codes), -0.5)
        if len(values):
            middle = np.cumsum(counts) - counts / 2
            aim[~missing] = (middle / counts.sum())[inverse]
        return aim, 0
    width = len(code.levels) if code.levels is not None else 0
    levels = np.where(missing, width, codes).astype(np.int64)
    counts = np.bincount(levels, minlength=width + 1)
    most = min(_CLASSES, max(2, len(codes) // _RECORDS_A_CLASS))
    common = np.argsort(-counts, kind="stable")[: most - 1]
    position = np.full(width + 1, len(common))
    position[common] = np.arange(len(common))
    used, aim = np.unique(position[levels], return_inverse=True)
    return (aim.astype(float), 0) if len(used) <= 2 else (aim, len(used))


def order_of(levels: np.ndarray, count: int, aim: np.ndarray, classes: int, weight: np.ndarray | None) -> np.ndarray:
    """The rank that each level of a categorical predecessor takes in this tree, shape (count,).

    By the mean of the target (Breiman et al. 1984, which is optimal for numbers and two classes); for several classes
    by the first principal component of the class shares (Coppersmith, Hong & Hosking 1999).
    """
    mass = np.bincount(levels, weight, minlength=count)
    if classes:
        table = np.bincount(levels * classes + aim, weight, minlength=count * classes).reshape(count, classes)
        whole = table.sum(axis=0) / max(mass.sum(), 1e-12)
        shares = (table + _SHRINK * whole) / (mass + _SHRINK)[:, None] - whole
        spread = (shares * mass[:, None]).T @ shares
        direction = np.linalg.eigh(spread)[1][:, -1]
        # The sign of an eigenvector is a matter of the library's taste; fix it.
        direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] >= 0 else -1.0)
        score = np.round(shares @ direction, 12)
    else:
        total = np.bincount(levels, aim if weight is None else aim * weight, minlength=count)
        score = (total + _SHRINK * total.sum() / max(mass.sum(), 1e-12)) / (mass + _SHRINK)
    ranks = np.empty(count)
    ranks[np.argsort(score, kind="stable")] = np.arange(count)
    return ranks
