"""Losses: what the learner gets wrong on records it has not learnt from, and how much of that its own scores announce."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Learner
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Purpose
from complement.core.seed import rng_at, seed_at
from complement.models.table_learner import target_array

FOLDS = 5
THIRDS = 3  # parts whose learners are compared: every record then has two that have not seen it
# Share of the highest losses that all count as the lowest of them, so that no record makes a gap alone: a tenth, but at most half
# as many as the rarest class has records, whose losses are the highest. A hundredth found fewer planted gaps (bench/gaps.py).
WINSOR = 0.1
ANNOUNCED = 0.5  # part of what the scores announce that is taken off a loss before slices are compared: see `Losses.value`
FLOOR = 1e-6  # of a probability in the logarithm; the winsorised form cuts earlier
PER_BIN, MOST_BINS = 50, 20  # records per bin of the score, and bins, for what a score announces
FEWEST = 40  # records, below which nothing is looked for


@dataclass(frozen=True, repr=False)
class Losses:
    """Of every record, shape (records,): its `loss` out of fold, winsorised; `surplus`, the loss less what records of like score
    lose on average (mean 0); `unrest`, how far learners of other parts of the records disagree about it, less the same of records
    of like score. `scores`: the predictions out of fold, as the learner gave them.
    """

    loss: np.ndarray
    surplus: np.ndarray
    unrest: np.ndarray
    scores: pa.Table

    @property
    def value(self) -> np.ndarray:
        """What the search compares, shape (records,): the loss less half of what the scores announce.

        The whole loss would rank first what is hard by nature and known to be; the surplus alone would never see a slice of which
        the learner knows that it knows nothing. On planted noise, 0 to .5 find as many gaps and .9 fewer (bench/gaps.py).
        """
        return self.loss - ANNOUNCED * (self.loss - self.surplus)

    def take(self, rows: np.ndarray) -> Losses:
        """Those of these positions, in this order."""
        return Losses(self.loss[rows], self.surplus[rows], self.unrest[rows], self.scores.take(pa.array(rows)))


def losses_of(records: Dataset, purpose: Purpose, learner: Learner, *, unit: np.ndarray, seed: int) -> Losses:
    """Out-of-fold losses of the learner: 5 folds of whole units, dealt by target; log-loss, or squared error.

    `unit`: the number of each record's unit, shape (records,). `learner` is copied for every fit, never fitted itself. Records
    have the weight 1. Raises ProveError "prove-too-few" with less than 40 records or 10 units, and what the learner raises.
    """
    if records.rows < FEWEST or len(np.unique(unit)) < 2 * FOLDS:
        met = f"{records.rows} records of {len(np.unique(unit))} units are too few to look for gaps."
        raise ProveError("prove-too-few", met, help=f"Give {FEWEST} records of {2 * FOLDS} units, or more.")
    truth = target_array(records.column(purpose.target), purpose)
    fold = deal(unit, truth, FOLDS, seed=seed_at(seed, "gap", "folds"))
    scores = _held_out(records, purpose, learner, fold, seed)
    cut = 1 - _winsor(truth, purpose)
    loss = loss_of(truth, scores, purpose)
    loss = np.minimum(loss, np.quantile(loss, cut))
    third = deal(unit, truth, THIRDS, seed=seed_at(seed, "gap", "thirds"))
    unrest = _disagreement(records, purpose, learner, third, seed)
    level = _announced(scores, purpose)
    table = pa.table({"score": _column(scores, purpose)})
    return Losses(loss, beyond(loss, level), beyond(np.minimum(unrest, np.quantile(unrest, cut)), level), table)


def loss_of(truth: np.ndarray, scores: np.ndarray, purpose: Purpose) -> np.ndarray:
    """The loss of each record: log-loss of the true class, or the squared error in units of the target's variance."""
    if purpose.task == "regression":
        return (truth - scores) ** 2 / purpose.target_sd**2
    chosen = scores[np.arange(len(truth)), truth] if scores.ndim == 2 else np.where(truth == 1, scores, 1 - scores)
    return -np.log(np.clip(chosen, FLOOR, 1.0))


def scores_of(learner: Learner, records: Dataset, purpose: Purpose) -> np.ndarray:
    """What a fitted learner says of these records, target removed: shape (records,), or (records, classes)."""
    blind = records.drop(purpose.target) if purpose.target in records.records.column_names else records
    column = learner.predict(blind).column("score").combine_chunks()
    if purpose.task != "multiclass":
        return np.asarray(column.to_numpy(zero_copy_only=False), float)
    return np.array(column.to_pylist(), float).reshape(records.rows, -1)


def deal(unit: np.ndarray, truth: np.ndarray, parts: int, *, seed: int) -> np.ndarray:
    """A part in [0, parts) for every record, by whole units, so that each part has its share of every target value."""
    names, first, place = np.unique(unit, return_index=True, return_inverse=True)
    order = np.lexsort((rng_at(seed, "deal").random(len(names)), truth[first]))
    part = np.empty(len(names), np.int64)
    part[order] = np.arange(len(names)) % parts
    return part[place.reshape(-1)]


def beyond(value: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Each record's value less the mean of the records of like level (up to 20 bins of equal size), shape (records,), mean 0."""
    bins = int(np.clip(len(value) // PER_BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(level, np.arange(1, bins) / bins))
    place = np.searchsorted(edges, level, side="left")
    count = np.bincount(place, minlength=len(edges) + 1)
    mean = np.bincount(place, weights=value, minlength=len(count)) / np.maximum(count, 1)
    return value - mean[place]


def _winsor(truth: np.ndarray, purpose: Purpose) -> float:
    if purpose.task == "regression":
        return WINSOR
    rarest = np.unique(truth, return_counts=True)[1].min() / len(truth)
    return min(WINSOR, rarest / 2)


def _held_out(records: Dataset, purpose: Purpose, learner: Learner, fold: np.ndarray, seed: int) -> np.ndarray:
    found: np.ndarray | None = None
    for k in range(FOLDS):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        fitted = fit(learner, records.take(train), purpose, seed=seed_at(seed, "gap", "fit", k))
        scores = scores_of(fitted, records.take(test), purpose)
        found = np.zeros((records.rows, *scores.shape[1:])) if found is None else found
        found[test] = scores
    return found if found is not None else np.zeros(records.rows)


def fit(learner: Learner, train: Dataset, purpose: Purpose, *, seed: int) -> Learner:
    """A copy of the learner, fitted on these records by their own weight."""
    return deepcopy(learner).fit(train, purpose, weight=np.asarray(train.weight), seed=seed)


def _disagreement(records: Dataset, purpose: Purpose, learner: Learner, third: np.ndarray, seed: int) -> np.ndarray:
    """The squared difference between the two learners of the thirds that a record is not in, shape (records,)."""
    said = []
    for k in range(THIRDS):
        fitted = fit(learner, records.take(np.flatnonzero(third == k)), purpose, seed=seed_at(seed, "gap", "third", k))
        said.append(scores_of(fitted, records, purpose))
    rows = np.arange(records.rows)
    stack = np.stack(said)
    apart = (stack[(third + 1) % THIRDS, rows] - stack[(third + 2) % THIRDS, rows]) ** 2
    return apart.sum(axis=1) if apart.ndim == 2 else apart


def _announced(scores: np.ndarray, purpose: Purpose) -> np.ndarray:
    """One number per record by which records of like score are grouped: the score, or the entropy of several classes."""
    if scores.ndim == 1:
        return scores
    return -(scores * np.log(np.clip(scores, FLOOR, 1.0))).sum(axis=1)


def _column(scores: np.ndarray, purpose: Purpose) -> pa.Array:
    if scores.ndim == 1:
        return pa.array(scores, pa.float64())
    return pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel(), pa.float64()), len(purpose.classes))
