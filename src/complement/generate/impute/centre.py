"""The single best value of a missing cell: the mean of trees and of a ridge regression, or the most likely category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.seed import seed_at
from complement.generate.codec import Code
from complement.generate.impute.plant import Patch, plant, taken

SEEN_SHARE = 0.6  # of the predictors in each tree (random subspaces, Ho 1998); chosen on german, pbcseq, wdbc (bench/README.md)
RIDGE = 3.0  # records that pull every coefficient of the regression to 0
DUMMIES = 12  # the most frequent levels of a category that the regression sees, the first of them as its ground
CHOICES = 256  # a category is filled with one of its most frequent levels; a rarer one is nobody's most likely value


@dataclass(repr=False)
class Blend:
    """The running mean of the guesses of several rounds. The first round still stands on medians and does not count."""

    total: np.ndarray | None = None
    rounds: int = 0

    def add(self, guess: np.ndarray, *, counts: bool) -> None:
        if counts:
            self.total = guess if self.total is None else self.total + guess
            self.rounds += 1

    def mean(self) -> np.ndarray:
        return np.zeros(0) if self.total is None else self.total / self.rounds


def mean_of_trees(
    patch: Patch, cells: np.ndarray, blocks: Mapping[str, np.ndarray], *, trees: int, rng: np.random.Generator, seed: int
) -> np.ndarray:
    """Of a number the guess for each cell, shape (cells,); of a category the share of each choice, shape (cells, choices).

    Half of the trees of a number are grown on the column, half on what a ridge regression on all other columns leaves of
    it: trees alone are poor at straight lines, and the regression alone at everything else.
    """
    if not patch.code.numeric:
        return _shares(patch, cells, trees, rng, seed)
    line = _line(patch, blocks)
    straight = trees // 2
    guess = np.zeros(len(cells))
    for tree in range(trees):
        ground = line if tree < straight else np.zeros(len(line))
        rows, names = patch.bootstrap(rng), _some(patch, rng)
        aim = patch.codes[rows] - ground[rows]
        giving, asking = _leaves(patch, aim, rows, cells, names, seed_at(seed, tree))
        mean = np.bincount(giving, aim) / np.bincount(giving)
        guess += mean[asking] + ground[cells]
    return guess / trees


def centred(made: np.ndarray, code: Code, known: np.ndarray) -> np.ndarray:
    """Codes from guesses: inside the range of the known values, or the most likely level; shape (cells,)."""
    if code.numeric:
        return np.clip(made, known.min(), known.max())
    return choices(known)[made.argmax(axis=1)]


def settled(codes: np.ndarray, code: Code, known: np.ndarray) -> np.ndarray:
    """Codes as they are written: numbers with the column's decimals, moments the nearest one that was seen."""
    if not code.numeric:
        return codes
    if not pa.types.is_temporal(code.type.value_type if pa.types.is_dictionary(code.type) else code.type):
        return code.rounded(codes)
    values = np.unique(known)
    at = np.searchsorted(values, codes).clip(1, len(values) - 1) if len(values) > 1 else np.zeros(len(codes), np.int64)
    below = values[np.maximum(at - 1, 0)]
    return np.where(codes - below <= values[at] - codes, below, values[at])


def choices(known: np.ndarray) -> np.ndarray:
    """The levels that a category may be filled with, sorted, as codes."""
    count = np.bincount(known.astype(np.int64))
    frequent = np.argsort(-count, kind="stable")[:CHOICES]
    return np.sort(frequent[count[frequent] > 0]).astype(float)


def block(code: Code, now: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What a regression sees of a column, shape (rows, width): a standardised number, or indicators of levels; missing is 0."""
    if code.numeric:
        spread = float(np.nanstd(known)) if not np.isnan(known).all() else 0.0
        middle = float(np.nanmean(known)) if spread else 0.0
        scaled = (now - middle) / spread if spread else np.zeros(len(now))
        return np.where(np.isnan(scaled), 0.0, scaled)[:, None]
    levels = known[~np.isnan(known)].astype(np.int64)
    frequent = np.argsort(-np.bincount(levels, minlength=1), kind="stable")[1:DUMMIES]
    return (now[:, None] == frequent).astype(float)


def _line(patch: Patch, blocks: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a ridge regression on all other columns says of the column, shape (rows,)."""
    rows = len(patch.codes)
    matrix = np.concatenate([np.ones((rows, 1)), *(view for name, view in blocks.items() if name != patch.name)], axis=1)
    aim, known = patch.values, matrix[patch.givers]
    middle, spread = float(aim.mean()), float(aim.std()) or 1.0
    weighted = known * (patch.weight / patch.weight.mean())[:, None]
    penalty = np.full(matrix.shape[1], RIDGE)
    penalty[0] = 1e-9
    slope = np.linalg.solve(weighted.T @ known + np.diag(penalty), weighted.T @ ((aim - middle) / spread))
    return middle + spread * (matrix @ slope)


def _shares(patch: Patch, cells: np.ndarray, trees: int, rng: np.random.Generator, seed: int) -> np.ndarray:
    levels = choices(patch.values)
    shares = np.zeros((len(cells), len(levels)))
    for tree in range(trees):
        rows, names = patch.bootstrap(rng), _some(patch, rng)
        aim = patch.codes[rows]
        giving, asking = _leaves(patch, aim, rows, cells, names, seed_at(seed, tree))
        at = np.searchsorted(levels, aim).clip(0, len(levels) - 1)
        counted = levels[at] == aim
        width = int(giving.max()) + 1
        table = np.bincount((giving * len(levels) + at)[counted], minlength=width * len(levels)).reshape(width, len(levels))
        shares += (table / np.bincount(giving)[:, None])[asking]
    return shares / trees


def _leaves(
    patch: Patch, aim: np.ndarray, rows: np.ndarray, cells: np.ndarray, names: tuple[str, ...], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The leaf of each donor, shape (rows,), and of each cell, shape (cells,)."""
    leaves = plant(patch, aim, rows, names, seed)
    seen = {name: patch.seen[name] for name in names}
    return leaves.leaf(taken(seen, rows), len(rows)), leaves.leaf(taken(seen, cells), len(cells))


def _some(patch: Patch, rng: np.random.Generator) -> tuple[str, ...]:
    names = list(patch.seen)
    kept = max(1, round(SEEN_SHARE * len(names))) if names else 0
    return tuple(names[at] for at in np.sort(rng.permutation(len(names))[:kept]))
