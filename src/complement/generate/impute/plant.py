"""One tree of the chain: grown on a bootstrap of the records in which its column is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from complement.generate.codec import Code
from complement.generate.leaves import Leaves, grow


@dataclass(frozen=True, repr=False)
class Patch:
    """One column to fill, and what its trees may look at.

    `codes`: the column, shape (rows,), NaN where it is not known; `givers`: positions of the records in which it is known, with
    their `weight`; `seen`: what each predictor looks like, shape (rows,); `levels`: how many levels a categorical one has.
    """

    name: str
    code: Code
    codes: np.ndarray
    givers: np.ndarray
    weight: np.ndarray
    seen: Mapping[str, np.ndarray]
    levels: Mapping[str, int]
    min_leaf: int
    most_rows: int

    @property
    def values(self) -> np.ndarray:
        """The known codes, shape (givers,)."""
        return self.codes[self.givers]

    def bootstrap(self, rng: np.random.Generator) -> np.ndarray:
        """Positions of donors drawn with replacement by weight, as many as there are, at most `most_rows`."""
        rows = min(len(self.givers), self.most_rows)
        if np.all(self.weight == self.weight[0]):
            return self.givers[rng.integers(0, len(self.givers), rows)]
        total = np.cumsum(self.weight)
        at = np.searchsorted(total, rng.random(rows) * total[-1], side="right")
        return self.givers[at.clip(0, len(self.givers) - 1)]


def plant(patch: Patch, aim: np.ndarray, rows: np.ndarray, names: tuple[str, ...], seed: int) -> Leaves:
    """A tree for `aim`, shape of `rows`, from these predictors at these positions."""
    seen = {name: patch.seen[name][rows] for name in names}
    levels = {name: patch.levels[name] for name in names if name in patch.levels}
    return grow(patch.code, aim, seen, levels, weight=None, min_leaf=patch.min_leaf, seed=seed)


def taken(seen: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """What predictors look like at these positions."""
    return {name: view[rows] for name, view in seen.items()}
