"""Chained equations: column after column is filled from trees on all the others, round after round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from complement.core.seed import rng_at, seed_at
from complement.generate.codec import Code
from complement.generate.impute.centre import Blend, block, centred, mean_of_trees, settled
from complement.generate.impute.plant import Patch, plant, taken
from complement.generate.leaves import Predictor

How = Literal["draw", "centre"]
_RARE = 0.01  # a column missing in fewer records, or known in fewer, tells a tree nothing by being missing


@dataclass(frozen=True, repr=False)
class Gaps:
    """What is known and what is to be filled; every array has the shape (rows,) unless said otherwise.

    `codes`: the learnt columns, NaN where the value is not known; `open`: of each column to fill, the positions of the cells,
    in the order in which columns are filled; `weight`: how much a record counts as a donor, 0 for one that is only filled.
    """

    code: Mapping[str, Code]
    codes: Mapping[str, np.ndarray]
    open: Mapping[str, np.ndarray]
    weight: np.ndarray


@dataclass(frozen=True)
class Pace:
    """How long the chain is and what its trees are: rounds, trees per column and round (for centres), records in a leaf."""

    rounds: int
    trees: int
    min_leaf: int
    most_rows: int


def run_chain(gaps: Gaps, pace: Pace, *, how: How, seed: int) -> dict[str, np.ndarray]:
    """Codes of the cells in `gaps.open`, by column, each of the shape of its positions.

    `draw`: after the last round each cell holds a value that a real record of the same leaf has. The trees stand on a
    bootstrap of the donors (approximate Bayesian bootstrap, Rubin 1987), so that runs differ by what is not known of them.
    `centre`: the mean of a forest, over all rounds but the first; the most likely category.
    """
    state = _State.begin(gaps, how, seed)
    blends = {name: Blend() for name in gaps.open}
    for turn in range(pace.rounds):
        for name, cells in gaps.open.items():
            rng = rng_at(seed, "impute", turn, name)
            patch = state.patch(name, pace)
            place = seed_at(seed, "tree", turn, name)
            if how == "draw":
                state.put(name, cells, _drawn(patch, cells, rng, place))
                continue
            guess = mean_of_trees(patch, cells, state.blocks, trees=pace.trees, rng=rng, seed=place)
            blends[name].add(guess, counts=turn > 0 or pace.rounds == 1)
            last = turn == pace.rounds - 1
            made = blends[name].mean() if last else guess
            made = centred(made, patch.code, patch.values)
            state.put(name, cells, settled(made, patch.code, patch.values) if last else made)
    return {name: state.now[name][cells] for name, cells in gaps.open.items()}


def _drawn(patch: Patch, cells: np.ndarray, rng: np.random.Generator, seed: int) -> np.ndarray:
    """For each cell the value of a donor drawn from its leaf, shape (cells,) (Doove, van Buuren & Dusseldorp 2014)."""
    rows = patch.bootstrap(rng)
    values = patch.codes[rows]
    leaves = plant(patch, values, rows, tuple(patch.seen), seed)
    giving = leaves.leaf(taken(patch.seen, rows), len(rows))
    asking = leaves.leaf(taken(patch.seen, cells), len(cells))
    count = np.bincount(giving)
    start = np.cumsum(count) - count
    at = start[asking] + (rng.random(len(cells)) * count[asking]).astype(np.int64)
    return values[np.argsort(giving, kind="stable")][at]


@dataclass(repr=False)
class _State:
    """The table as it is filled at the moment, and what each column looks like to trees and to a regression.

    `absent` are indicators of what is missing, one for each pattern of missing cells; `pattern` says which is a column's own.
    """

    gaps: Gaps
    now: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]
    blocks: dict[str, np.ndarray]
    predictors: Mapping[str, Predictor]
    absent: Mapping[str, np.ndarray]
    pattern: Mapping[str, str]

    @staticmethod
    def begin(gaps: Gaps, how: How, seed: int) -> _State:
        """Cells to fill start as draws from their column (`draw`), or at its median or most frequent category (`centre`)."""
        predictors = {name: Predictor.of(gaps.code[name], codes) for name, codes in gaps.codes.items()}
        absent, pattern = _indicators(gaps.codes)
        state = _State(gaps, {}, {}, {}, predictors, absent, pattern)
        for name, codes in gaps.codes.items():
            state.now[name] = codes.copy()
            cells = gaps.open.get(name)
            if cells is not None:
                known = codes[state._givers(name)]
                rng = rng_at(seed, "impute", "start", name)
                drawn = how == "draw"
                state.now[name][cells] = rng.choice(known, len(cells)) if drawn else _middle(gaps.code[name], known)
            state.seen[name] = predictors[name].seen(state.now[name])
            if how == "centre":
                state.blocks[name] = block(gaps.code[name], state.now[name], codes)
        return state

    def put(self, name: str, cells: np.ndarray, codes: np.ndarray) -> None:
        """Fill cells of a column; what the others see of it follows."""
        self.now[name][cells] = codes
        self.seen[name] = self.predictors[name].seen(self.now[name])
        if name in self.blocks:
            self.blocks[name] = block(self.gaps.code[name], self.now[name], self.gaps.codes[name])

    def patch(self, name: str, pace: Pace) -> Patch:
        """What one column's trees are grown from."""
        code, own = self.gaps.code, self.pattern.get(name)
        seen = {other: view for other, view in self.seen.items() if other != name}
        levels = {other: len(found) + 1 for other in seen if (found := code[other].levels) is not None}
        # A name with a zero byte is no column's. A column's own indicator is constant among its donors.
        seen.update({f"\0{other}": view for other, view in self.absent.items() if other != own})
        rows = self._givers(name)
        codes = self.gaps.codes[name]
        return Patch(name, code[name], codes, rows, self.gaps.weight[rows], seen, levels, pace.min_leaf, pace.most_rows)

    def _givers(self, name: str) -> np.ndarray:
        return np.flatnonzero(~np.isnan(self.gaps.codes[name]) & (self.gaps.weight > 0))


def _indicators(codes: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """1.0 where a column is missing, one for all columns that are missing together, and which of them is each column's."""
    absent: dict[str, np.ndarray] = {}
    pattern: dict[str, str] = {}
    first: dict[bytes, str] = {}
    for name, values in codes.items():
        missing = np.isnan(values)
        if _RARE <= missing.mean() <= 1 - _RARE:
            owner = first.setdefault(np.packbits(missing).tobytes(), name)
            pattern[name] = owner
            absent.setdefault(owner, missing.astype(float))
    return absent, pattern


def _middle(code: Code, known: np.ndarray) -> float:
    return float(np.median(known)) if code.numeric else float(np.bincount(known.astype(np.int64)).argmax())
