"""Labels: candidates whose target contradicts what a model of the real records says with confidence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from complement.core.contracts import Context, Learner
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.purpose import Purpose
from complement.core.seed import rng_at, seed_at
from complement.curate.step import Found, Look, TableStep, no_prints
from complement.models.learners import LightGBM
from complement.models.table_learner import target_array

OTHER, OFF = "the features speak for '{}'", "the target is farther from what the features say than those of real records"
FOLDS = 3  # of the real records, to learn how sure a model is of records that it has not seen
FEWEST = 30  # real records below which there is nothing to learn from


@dataclass(frozen=True, repr=False)
class Learnt:
    """The model of the real records, how sure it is of each class (mean probability of unseen records that have it), and the
    score from which on a record is tagged: of each class, or one for all."""

    model: Learner
    sure: np.ndarray
    limit: np.ndarray


@dataclass(frozen=True)
class Labels(TableStep):
    """Tags records whose label is inconsistent, by confident learning (Northcutt, Jiang & Chuang 2021), or by the residual.

    Classification: a record of class i is suspect when another class j reaches the mean probability that real records of j have
    (their confident joint), and is tagged when it exceeds that by more than all but a share `alpha` of the real records of i do:
    real labels are noisy, too, and would be suspect themselves. Regression: tagged when the residual is larger than that of
    all but a share `alpha` of real records. Probabilities of real records are out of fold; those of made ones need not be. The
    model is `learner` (default: LightGBM), fitted on at most `most_rows` real records. Needs `context.purpose`.
    """

    alpha: float = 0.01
    most_rows: int = 50_000
    seed: int = 0
    learner: Learner = field(default_factory=LightGBM)
    needs = ("real", "target")
    learnt: Learnt | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise UsageError("usage", f"alpha={self.alpha!r} is not between 0 and 1.")

    def prepared(self, context: Context) -> Self:
        purpose = context.purpose
        if self.learnt is not None or purpose is None or context.train.rows < FEWEST:
            return self
        rows = np.sort(rng_at(self.seed, "curate", "labels").permutation(context.train.rows)[: self.most_rows])
        train = context.train if len(rows) == context.train.rows else context.train.take(rows)
        known = np.flatnonzero(_known(train, purpose))
        train = train.take(known)
        scores = self._out_of_fold(train, purpose)
        given = target_array(train.column(purpose.target), purpose)
        model = self._fit(train, purpose, FOLDS)
        if purpose.task == "regression":
            limit = np.array([np.quantile(np.abs(given - scores[:, 0]), 1 - self.alpha)])
            return replace(self, learnt=Learnt(model, np.zeros(0), limit))
        classes = len(purpose.classes)
        sure = np.array([scores[given == one, one].mean() if (given == one).any() else np.inf for one in range(classes)])
        above = _above(scores, given, sure)[0]
        limits = [
            max(0.0, float(np.quantile(above[given == one], 1 - self.alpha))) if (given == one).any() else np.inf
            for one in range(classes)
        ]
        return replace(self, learnt=Learnt(model, sure, np.array(limits)))

    def look(self, candidates: Dataset, context: Context) -> Look:
        purpose, rows = context.purpose, candidates.rows
        if self.learnt is None or purpose is None or not rows:
            return Look(Found.nothing(rows), no_prints(rows))
        known = _known(candidates, purpose)
        given = target_array(candidates.column(purpose.target), purpose)
        scores = _scores(self.learnt.model, candidates, purpose)
        if purpose.task == "regression":
            off = known & (np.abs(given - scores[:, 0]) > self.learnt.limit[0])
            return Look(Found.where([(off, OFF)], rows), no_prints(rows))
        given = np.where(known, given, 0)
        above, other = _above(scores, given, self.learnt.sure)
        suspect = known & (above > self.learnt.limit[given])
        masks = [(suspect & (other == place), OTHER.format(name)) for place, name in enumerate(purpose.classes)]
        return Look(Found.where(masks, rows), no_prints(rows))

    def _fit(self, train: Dataset, purpose: Purpose, fold: int) -> Learner:
        return _copy(self.learner).fit(train, purpose, weight=train.weight, seed=seed_at(self.seed, "curate", "labels", fold))

    def _out_of_fold(self, train: Dataset, purpose: Purpose) -> np.ndarray:
        unit = train.units()
        fold = (rng_at(self.seed, "curate", "folds").permutation(int(unit.max()) + 1) % FOLDS)[unit]
        scores = np.zeros((train.rows, max(1, len(purpose.classes))))
        for one in range(FOLDS):
            there = np.flatnonzero(fold == one)
            if len(there) and len(there) < train.rows:
                model = self._fit(train.take(np.flatnonzero(fold != one)), purpose, one)
                scores[there] = _scores(model, train.take(there), purpose)
        return scores


def _copy(learner: Learner) -> Learner:
    from copy import deepcopy

    return deepcopy(learner)


def _known(records: Dataset, purpose: Purpose) -> np.ndarray:
    given = target_array(records.column(purpose.target), purpose)
    return np.isfinite(given) if purpose.task == "regression" else given >= 0


def _scores(model: Learner, records: Dataset, purpose: Purpose) -> np.ndarray:
    """Probabilities of the classes, shape (records, classes), or predicted values, shape (records, 1)."""
    column = model.predict(records.drop(purpose.target)).column("score").combine_chunks()
    if purpose.task == "multiclass":
        return np.asarray(column.flatten().to_numpy(zero_copy_only=False)).reshape(records.rows, -1)
    score = np.asarray(column.to_numpy(zero_copy_only=False), float)
    return score[:, None] if purpose.task == "regression" else np.stack([1 - score, score], axis=1)


def _above(scores: np.ndarray, given: np.ndarray, sure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much the most confident other class exceeds what real records of it have, and which that is; shape (records,)."""
    beyond = scores - sure
    beyond[np.arange(len(given)), given] = -np.inf
    other = beyond.argmax(axis=1)
    return beyond[np.arange(len(given)), other], other
