"""The Vendi score: how many records that have nothing in common would be as diverse as these."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.diversity.placed import Placed, place
from complement.measure.drawn import equal_sides
from complement.measure.intervals import CONFIDENCE, MIN_UNITS
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.nearness import Space
from complement.models.openmp import one_thread

# How fast similarity falls with the mean distance per column. On 1,000 records of Adult the score of real ones is then about
# 400, in the middle of its range: at 1 they have 9, at 15 they have 800, and repeats show less.
FALL = 8.0
GROUPS = 20  # of units, each left out once: a fiftieth of a second apiece, and nearly the normal quantile


@dataclass(frozen=True)
class Vendi:
    """The effective number of different records among as many synthetic as real ones (Friedman & Dieng 2023, 2210.02410).

    "vendi": exp of the entropy of the eigenvalues of K / n, where K holds the similarities of n records: 1 when all are equal,
    n when none has anything in common with another. The similarity of two records is exp(-8 d), d their mean distance per column
    in the house's space: a product of positive definite kernels, so that no eigenvalue is negative. "vendi_base": the same
    of as many tune records, of train ones without tune. At most `most_rows` each: the score grows with n and is only
    worth something beside its base. Intervals by leaving out 20 groups of units in turn (jackknife of the entropy), None below
    30 units.
    Whether records are real-looking is not seen: noise is diverse, too, so that more than the base is no gain.
    """

    most_rows: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        real = Context(context.train, context.tune if context.tune and context.tune.rows else context.train, context.schema)
        sides = equal_sides(synthetic, real, self.most_rows, self.seed, "vendi")
        if not columns or not all(side.rows for side in sides):
            return []
        placed = place(Space.of(context.train.records, columns), sides)
        names = ("vendi", "vendi_base")
        fall = FALL / len(columns)
        return [_score(name, one, side.units(), fall) for name, one, side in zip(names, placed, sides, strict=True)]


def _score(name: str, records: Placed, unit: np.ndarray, fall: float) -> Score:
    similar = np.empty((len(records), len(records)))
    for part, apart in records.distances(records):
        similar[part] = np.exp(-fall * apart.astype(np.float64))
    value, units = exp(_entropy(similar)), np.unique(unit, return_inverse=True)[1]
    count = int(units.max()) + 1
    if count < MIN_UNITS:
        return Score(name, value, None, None, count, "target")
    half = _reach(similar, units % GROUPS)
    return Score(name, value, max(1.0, value * exp(-half)), min(float(len(records)), value * exp(half)), count, "target")


def _entropy(similar: np.ndarray) -> float:
    with one_thread():
        values = np.linalg.eigvalsh(similar / len(similar))
    values = values[values > 0]
    return max(0.0, float(-(values * np.log(values)).sum()))


def _reach(similar: np.ndarray, group: np.ndarray) -> float:
    """Half the width of the entropy's interval: how it moves as each group of units in turn is left out."""
    from scipy.stats import t

    kept = [np.flatnonzero(group != number) for number in range(GROUPS)]
    without = np.array([_entropy(similar[np.ix_(rows, rows)]) for rows in kept])
    error = sqrt((GROUPS - 1) / GROUPS * float(((without - without.mean()) ** 2).sum()))
    return float(t.ppf(0.5 + CONFIDENCE / 2, GROUPS - 1)) * error
