"""Nearest neighbours: whether synthetic records lie where real ones do, and wherever they do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.diversity.placed import Placed, place
from complement.measure.drawn import drawn
from complement.measure.means import mean_score, reach, share_score
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.nearness import Space


@dataclass(frozen=True)
class Coverage:
    """How the neighbourhoods of synthetic and of real records overlap, in the house's space (`models.nearness`).

    The neighbourhood of a record reaches as far as its `count`-th nearest of its own kind. "coverage": the share of the real
    records with a synthetic one in their neighbourhood; "density": how many real neighbourhoods a synthetic record lies
    in, over `count`, as a mean (Naeem et al. 2020, 2002.09797). "precision": the share of the synthetic records in the
    neighbourhood of some real one; "recall": of the real ones in that of some synthetic one (Kynkaanniemi et al.
    2019, 1904.06991). Each with "_base", the same of train records. The real ones are tune, so that copying train earns nothing
    beyond the base; without tune they are train, there is no base, and a copy has 1. As many of each, at most `most_rows`.

    What lies at most as far is near: equal records cover each other even where `count` of a kind are equal. Intervals over the
    units of both sides: of the side that the share is of, exact (Clopper & Pearson 1934), or normal where units have several
    records; of the other side, by what would be lost with each of its records (jackknife); both added in squares (Zou &
    Donner 2008). What only few of many columns show is not seen. Empty when a side has no more than `count` records.
    """

    count: int = 5
    most_rows: int = 4000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(count=self.count, most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        unseen = context.tune if context.tune is not None and context.tune.rows else None
        sides = [context.train, synthetic] if unseen is None else [unseen, synthetic, context.train]
        rows = min(self.most_rows, *(side.rows for side in sides))
        if not columns or rows <= self.count:
            return []
        sides = [drawn(side, rows, self.seed, "coverage", number) for number, side in enumerate(sides)]
        real, *others = place(Space.of(context.train.records, columns), sides)
        unit, reaches = sides[0].units(), self._reach(real)
        scores: list[Score] = []
        for name, side, other in zip(("", "_base"), sides[1:], others, strict=False):
            own, made = _Near.of(real, other, reaches), _Near.of(other, real, self._reach(other))
            scores += [
                own.covered(f"coverage{name}", unit, side.units()),
                made.covering(f"recall{name}", unit, side.units()),
                own.covering(f"precision{name}", side.units(), unit),
                own.dense(f"density{name}", side.units(), unit, self.count),
            ]
        return scores

    def _reach(self, records: Placed) -> np.ndarray:
        """How far each record's neighbourhood reaches, shape (records,)."""
        found = np.zeros(len(records), np.float32)
        for rows, apart in records.distances(records):
            # The nearest of all is the record itself.
            found[rows] = np.partition(apart, self.count, axis=1)[:, self.count]
        return found


@dataclass(frozen=True)
class _Near:
    """Who lies in whose neighbourhood. The owners have neighbourhoods, the visitors lie in them or not.

    `visitors`, shape (owners,): how many lie in each. `owners`, shape (visitors,): in how many each lies. `only_visitor`: whose
    single visitor each visitor is, counted; `only_owner`: of how many visitors each owner is the single one.
    """

    visitors: np.ndarray
    owners: np.ndarray
    only_visitor: np.ndarray
    only_owner: np.ndarray

    @staticmethod
    def of(owners: Placed, visitors: Placed, reaches: np.ndarray) -> _Near:
        inside, around = np.zeros(len(owners), int), np.zeros(len(visitors), int)
        last_owner, only = np.zeros(len(visitors), int), np.zeros(len(visitors), int)
        for rows, apart in owners.distances(visitors):
            near = apart <= reaches[rows, None]
            inside[rows], met = near.sum(axis=1), near.sum(axis=0)
            around += met
            last_owner = np.where(met > 0, rows.start + near.argmax(axis=0), last_owner)
            only += near[inside[rows] == 1].sum(axis=0)
        alone = np.bincount(last_owner[around == 1], minlength=len(owners))
        return _Near(inside, around, only, alone)

    def covered(self, name: str, owner: np.ndarray, visitor: np.ndarray) -> Score:
        """The share of the owners with a visitor."""
        plain = share_score(name, self.visitors > 0, owner, better="high")
        return _widened(plain, self.only_visitor, visitor, 1.0)

    def covering(self, name: str, visitor: np.ndarray, owner: np.ndarray) -> Score:
        """The share of the visitors with an owner."""
        plain = share_score(name, self.owners > 0, visitor, better="high")
        return _widened(plain, self.only_owner, owner, 1.0)

    def dense(self, name: str, visitor: np.ndarray, owner: np.ndarray, count: int) -> Score:
        """How many owners a visitor has, over `count`, as a mean."""
        plain = mean_score(name, self.owners / count, visitor, better="target")
        return _widened(plain, self.visitors / count, owner, np.inf)


def _widened(score: Score, lost: np.ndarray, unit: np.ndarray, most: float) -> Score:
    """The score with the uncertainty of the other side as well: `lost` is what goes with each of its records."""
    half = reach(lost - lost.mean(), unit)
    if half is None or score.low is None or score.high is None:
        return replace(score, low=None, high=None)
    low = score.value - float(np.hypot(score.value - score.low, half))
    high = score.value + float(np.hypot(score.high - score.value, half))
    return replace(score, low=max(0.0, low), high=min(most, high))
