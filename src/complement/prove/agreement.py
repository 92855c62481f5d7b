"""Agreement: sealed records that made ones agree with in several columns at once, and how many of them chance would give.

A copy of a sealed record need not be whole: with numbers that no model needs drawn anew, every other cell can stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from complement.core.dataset import Dataset
from complement.core.seed import rng_at
from complement.models.fingerprint import codes_of, lanes

TELLING = 8  # the columns with most information: every pair of them is looked at
ORDERS, SIZES = 6, (2, 3, 4, 6, 8)  # besides, the first so many columns of six random orders: at most 58 sets of columns
# A verdict is void from LEAST + BEYOND * chance such records on. What five built-in ways of making gave on Adult, credit cards
# and diabetes patients (600 to 20,000 records, as many and 5 times as many made, also of the rare class alone: 330 pools)
# reached .55 of that at most; copies with three columns redrawn, one of them the most telling, reach 1.7 to 200 times that.
LEAST, BEYOND = 3, 5.0


@dataclass(frozen=True)
class _Keys:
    """A number per record over one column or set of columns, for the sealed records, the open ones and the made ones."""

    sealed: np.ndarray
    open: np.ndarray
    made: np.ndarray

    def __add__(self, other: _Keys) -> _Keys:
        return _Keys(self.sealed + other.sealed, self.open + other.open, self.made + other.made)


def agreement(pool: Dataset, train: Dataset, test: Dataset) -> dict[str, float]:
    """The set of columns in which most sealed records that are unique in the real data agree with a made one, beyond chance.

    "agreeing": how many; "agreeing_chance": how many chance would give at most; "agreeing_columns": in how many columns.
    """
    parts = {name: tuple(codes_of(d.column(name), near=True) for d in (test, train, pool)) for name in _names(test)}
    told = {name: _information(np.concatenate(codes[:2])) for name, codes in parts.items()}
    told = {name: bits for name, bits in told.items() if bits > 0}
    keys = {name: _Keys(*(lanes(codes, name)[:, 0] for codes in parts[name])) for name in told}
    found = {"agreeing": 0.0, "agreeing_chance": 0.0, "agreeing_columns": 0.0}
    most = 0.0
    for names in _sets(told):
        met, chance = _counted([keys[name] for name in names])
        if met / limit(chance) > most:
            most = met / limit(chance)
            found = {"agreeing": float(met), "agreeing_chance": chance, "agreeing_columns": float(len(names))}
    return found


def limit(chance: float) -> float:
    """From how many agreeing records on they are copies, where chance gives this many."""
    return LEAST + BEYOND * chance


def by_nature(met: np.ndarray, made: np.ndarray, real: np.ndarray) -> float:
    """The share of records that a made one repeats because such records repeat by nature, as card payments do.

    `met`: of the open records that are unique among the real ones, which are repeated; `made`, `real`: a number per record. The
    smaller of two shares: of these open records, and of made ones that equal no real record those that equal another made one.
    Who copied sealed records alone raises neither, who copied open ones too raises the first alone.
    """
    fresh = made[~np.isin(made, real)]
    if not len(fresh) or not len(met):
        return 0.0
    _, place, counts = np.unique(fresh, return_inverse=True, return_counts=True)
    return float(min(met.mean(), (counts[place] > 1).mean()))


def _names(test: Dataset) -> list[str]:
    return [column.name for column in test.schema.features()]


def _information(codes: np.ndarray) -> float:
    """The entropy of a column in bits."""
    counts = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(-(counts * np.log2(counts)).sum())


def _sets(told: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """Every pair of the telling columns, and larger sets in which telling columns come first more often than others."""
    names = sorted(told, key=lambda name: (-told[name], name))
    yield from combinations(names[:TELLING], 2)
    weight = np.log([told[name] for name in names])
    rng = rng_at(0, "agreement", len(names))
    for _ in range(ORDERS):
        # The largest of log weight plus Gumbel noise is a draw in proportion to the weight (Gumbel 1954).
        order = np.argsort(-(weight + rng.gumbel(size=len(names)))) if len(names) else np.zeros(0, int)
        yield from (tuple(names[k] for k in order[:size]) for size in SIZES if size <= len(names))


def _counted(keys: list[_Keys]) -> tuple[int, float]:
    """How many sealed records that are unique in the real data agree with a made one in these columns, and what chance gives.

    Three chances, the largest of which counts. Made records that are like real ones hit a record that is unique as often as one
    more real record would: twice the number of keys that occur twice among n, over n (Good 1953; one more is counted, because
    few are seen). Made records whose columns are independent hit keys with one column permuted among the sealed records. And
    records may repeat by nature where the real ones were rid of it: see `by_nature`.
    """
    whole = keys[0]
    for one in keys[1:]:
        whole = whole + one
    made = np.sort(whole.made)
    hit = _times(whole.sealed, made) > 0
    if hit.sum() < LEAST:
        return 0, 0.0
    real = np.sort(np.concatenate([whole.sealed, whole.open]))
    sealed, rows = len(whole.sealed), len(real)
    met = int((hit & (_times(whole.sealed, real) == 1)).sum())
    twice = int((np.diff(np.flatnonzero(np.r_[True, real[1:] != real[:-1], True])) == 2).sum())
    like_real = len(made) * 2 * (twice + 1) / rows * sealed / rows
    turned = rng_at(0, "agreement", "permuted", rows).permutation(sealed)
    permuted = whole.sealed - keys[-1].sealed + keys[-1].sealed[turned]
    independent = int(((_times(permuted, made) > 0) & (_times(permuted, real) == 0)).sum())
    alone = _times(whole.open, real) == 1
    natural = sealed * by_nature(_times(whole.open[alone], made) > 0, made, real)
    return met, float(max(like_real, independent, natural))


def _times(keys: np.ndarray, among: np.ndarray) -> np.ndarray:
    """How often each key occurs among these, which are sorted."""
    return np.searchsorted(among, keys, side="right") - np.searchsorted(among, keys, side="left")
