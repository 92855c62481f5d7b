"""Copula: every column by its ranks, all of them tied by one correlation matrix of normal scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from complement.core.errors import UsageError
from complement.generate.codec import Code, atoms, is_in, reach
from complement.generate.records import Training
from complement.generate.tabular import Ask, TableGenerator
from complement.generate.trees import draw_asked

_EDGE = 1e-9  # normal scores stay finite
MOST = 0.99  # few records of few values can put the estimate beyond 1
PRIOR = 5.0  # records' weight by which a category's mean target is drawn to that of all


@dataclass(frozen=True, repr=False)
class Margin:
    """One column as intervals of [0, 1], one for each distinct value: missing first, then numbers in order; or categories,
    missing among them, by frequency or by their mean target. `ends` has the shape (values + 1,); `low` and `high` say how
    far a value is smoothed."""

    code: Code
    values: np.ndarray
    ends: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def of(code: Code, codes: np.ndarray, weight: np.ndarray, target: np.ndarray | None = None) -> Margin:
        """The margin of these codes; `target`: a score per record by whose mean categories are put in order."""
        values, inverse = np.unique(codes, return_inverse=True)  # NaN is one value, the last
        mass = np.bincount(inverse, weight, minlength=len(values))
        if code.numeric:
            order = np.roll(np.arange(len(values)), 1) if np.isnan(values[-1]) else np.arange(len(values))
        elif target is None:
            order = np.argsort(-mass, kind="stable")
        else:
            centred = target - np.average(target, weights=weight)
            order = np.argsort(np.bincount(inverse, weight * centred, minlength=len(values)) / (mass + PRIOR), kind="stable")
        values, mass = values[order], mass[order]
        low, high = values, values
        if code.numeric:
            low, high = reach(values, np.isnan(values), is_in(values, atoms(codes)))
        return Margin(code, values, np.append(0.0, np.cumsum(mass) / mass.sum()), low, high)

    def scores(self, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Normal scores, shape (rows,): a value becomes a uniform place in its interval. Unseen numbers take the nearest."""
        from scipy.special import ndtri

        at = self._at(codes)
        place = self.ends[at] + rng.random(len(codes)) * (self.ends[at + 1] - self.ends[at])
        return ndtri(np.clip(place, _EDGE, 1 - _EDGE))

    def _at(self, codes: np.ndarray) -> np.ndarray:
        """The number of each value's interval, shape (rows,)."""
        if self.code.numeric:
            known = self.values[~np.isnan(self.values)]
            shift = len(self.values) - len(known)
            near = np.minimum(np.searchsorted(known, codes), max(0, len(known) - 1)) + shift
            return np.where(np.isnan(codes), 0, near)
        lookup = np.zeros(len(self.code.levels if self.code.levels is not None else []) + 1, np.int64)
        lookup[np.where(np.isnan(self.values), -1, self.values).astype(np.int64)] = np.arange(len(self.values))
        return lookup[np.where(np.isnan(codes), -1, codes).astype(np.int64)]

    def centres(self, codes: np.ndarray) -> tuple[np.ndarray, float]:
        """The mean normal score of each value's interval, shape (rows,), and the variance of that mean over the margin.

        What a value of several places says of its score is their mean; drawing one of the places would weaken every
        correlation with it, the more the fewer values the column has.
        """
        from scipy.special import ndtri

        edges = ndtri(self.ends.clip(_EDGE, 1 - _EDGE))
        density = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi)
        density[[0, -1]] = 0.0
        share = np.diff(self.ends)
        mean = np.divide(density[:-1] - density[1:], share, out=np.zeros(len(share)), where=share > 0)
        return mean[self._at(codes)], max(float(np.sum(share * mean**2)), _EDGE)

    def codes(self, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Codes for normal scores, shape (rows,): the interval that a score falls in, smoothed towards its neighbours."""
        from scipy.special import ndtr

        at = np.clip(np.searchsorted(self.ends, ndtr(scores), side="right") - 1, 0, len(self.values) - 1)
        if not self.code.numeric:
            return self.values[at]
        return self.code.rounded(self.low[at] + rng.random(len(scores)) * (self.high[at] - self.low[at]))


@dataclass
class GaussianCopula(TableGenerator):
    """Ranks of all columns tied by a Gaussian copula: margins are kept, and of dependence what a correlation can say.

    Categories are intervals in the order of their mean target (of their frequency where there is no target), so that one
    number can say most of what ties them to it; missing is a point of mass of its own. The correlation of the normal
    scores is shrunk towards independence by `shrinkage` (0 to 1; None: as Ledoit & Wolf 2004 estimate it) and made
    positive definite. A condition is met exactly: its columns are drawn from the real records under it, the others from
    the normal law given them.
    """

    name: ClassVar[str] = "copula"

    shrinkage: float | None = None

    _margins: dict[str, Margin] = field(default_factory=dict[str, Margin], init=False, repr=False, compare=False)
    _codes: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray], init=False, repr=False, compare=False)
    _correlation: np.ndarray = field(default_factory=lambda: np.eye(0), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = self.shrinkage
        if given is not None and (isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1):
            raise UsageError("usage", f"shrinkage={given!r} is not a number from 0 to 1.")

    def _learn(self, training: Training, seed: int) -> None:
        del seed  # nothing is drawn
        self._codes = training.encoded()
        target, score = self._target(training)
        self._margins = {
            name: Margin.of(training.codes[name], codes, training.weight, None if name == target else score)
            for name, codes in self._codes.items()
        }
        found = [self._margins[name].centres(codes) for name, codes in self._codes.items()]
        centres, variance = np.stack([mean for mean, _ in found], axis=1), np.array([part for _, part in found])
        self._correlation = _correlation(centres, variance, training.weight, self.shrinkage)

    def _target(self, training: Training) -> tuple[str | None, np.ndarray | None]:
        """The first target column and its score of each record, shape (rows,); None where there is none."""
        for name, codes in self._codes.items():
            if training.column(name).role == "target":
                return name, Margin.of(training.codes[name], codes, training.weight).centres(codes)[0]
        return None, None

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        names = list(self._codes)
        asked = [name for name in names if ask.where is not None and name in ask.where.columns()]
        made = draw_asked(training, self._codes, asked, rows, among, ask)
        given = np.array([names.index(name) for name in asked], np.int64)
        free = np.array([at for at, name in enumerate(names) if name not in made], np.int64)
        known = np.stack([self._margins[n].scores(made[n], ask.rng) for n in asked], axis=1) if asked else np.zeros((rows, 0))
        within = self._correlation[np.ix_(free, free)]
        across = self._correlation[np.ix_(free, given)]
        slope = np.linalg.solve(self._correlation[np.ix_(given, given)], across.T).T if asked else across
        factor = np.linalg.cholesky(_positive(within - slope @ across.T)) if len(free) else within
        scores = known @ slope.T + ask.rng.standard_normal((rows, len(free))) @ factor.T
        for column, at in enumerate(free):
            made[names[at]] = self._margins[names[at]].codes(scores[:, column], ask.rng)
        return training.decoded(made)


def _correlation(centres: np.ndarray, variance: np.ndarray, weight: np.ndarray, shrinkage: float | None) -> np.ndarray:
    """The shrunk, positive definite correlation of the normal scores behind the centres of shape (rows, columns).

    The covariance of two centres is about r times both their variances: r is the correlation of the scores (to first
    order the polychoric one, Olsson 1979).
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    centred = centres - np.average(centres, axis=0, weights=weight)
    scaled = centred / np.sqrt(np.maximum(np.average(centred**2, axis=0, weights=weight), _EDGE))
    covariance = (centred * weight[:, None]).T @ centred / weight.sum()
    correlation = np.clip(covariance / np.outer(variance, variance), -MOST, MOST)
    np.fill_diagonal(correlation, 1.0)
    share = ledoit_wolf_shrinkage(scaled, assume_centered=True) if shrinkage is None else shrinkage
    if centres.shape[1] == 1:
        return np.ones((1, 1))
    return _positive((1 - share) * correlation + share * np.eye(len(correlation)))


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with its eigenvalues raised to a small positive floor: a Cholesky factor exists."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values[0] >= 1e-8:
        return matrix
    return (vectors * np.maximum(values, 1e-8)) @ vectors.T
