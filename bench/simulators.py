"""Simulators: laws from which any number of rows can be drawn, so that the true difference of two arms is known.

A trial judges 500 records; a law can give 100,000 fresh ones. What the same fold models reach there is the truth that
the trial's interval has to cover.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa

from complement import catalog
from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.request import Answer, Request
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at, seed_at
from complement.models.openmp import one_thread
from complement.prove import arms
from complement.prove.arms import Training
from complement.prove.metric_ranks import auroc
from complement.prove.pool import Refit

TARGET = "y"


@dataclass(frozen=True)
class Law:
    """Independent normal features and a logistic target, linear or with a product and a fold in it."""

    kind: Literal["linear", "curved"] = "linear"
    features: int = 5
    strength: float = 1.5
    intercept: float = 0.0

    def draw(self, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Features (rows, features) and the target as bool (rows,)."""
        x = rng.standard_normal((rows, self.features))
        return x, rng.random(rows) < 1 / (1 + np.exp(-self.odds(x)))

    def odds(self, x: np.ndarray) -> np.ndarray:
        """The log odds of the target, shape (rows,)."""
        if self.kind == "linear":
            return x.sum(axis=1) * (self.strength / np.sqrt(self.features)) + self.intercept
        return self.strength * (x[:, 0] * x[:, 1] + np.abs(x[:, 2]) - 0.8 + 0.5 * x[:, 3]) + self.intercept

    @property
    def schema(self) -> Schema:
        features = tuple(Column(f"x{k}", "number") for k in range(self.features))
        return Schema({"records": (*features, Column(TARGET, "category", "target"))})

    @property
    def purpose(self) -> Purpose:
        return Purpose(TARGET, "binary", ("no", "yes"), metric="auroc")

    def dataset(self, x: np.ndarray, y: np.ndarray) -> Dataset:
        """Real records of these arrays."""
        return Dataset.of(self._table(x, y), self.schema)

    def made(self, x: np.ndarray, y: np.ndarray, request: Request, seed: int) -> Dataset:
        """The same as synthetic records."""
        lineage = lineages.of_synthetic(len(y), generator="simulator", request=request.name, seed=seed, depth=1)
        return Dataset.of(self._table(x, y), self.schema, lineage=lineage)

    def _table(self, x: np.ndarray, y: np.ndarray) -> pa.Table:
        columns = {f"x{k}": pa.array(x[:, k]) for k in range(self.features)}
        return pa.table({**columns, TARGET: pa.array(np.where(y, "yes", "no"))})


@dataclass
class FreshRows:
    """A generator that knows the law: fresh rows of it, a share `flip` of them with the wrong target.

    flip = 0 adds what more real records would add; the larger it is, the more the rows hurt. In between lies a share at
    which the true difference is 0. Below 0 a share -flip gets the likelier target, which is better still.
    """

    law: Law
    flip: float = 0.0

    def fit(self, real: Dataset, *, seed: int) -> Self:
        del real, seed
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        rng = rng_at(seed, "fresh rows")
        x, y = self.law.draw(request.rows, rng)
        # One uniform number per row for every share: a little more flip then is the same rows, a few of them worse.
        moved = rng.random(len(y)) < abs(self.flip)
        y = y ^ moved if self.flip >= 0 else np.where(moved, self.law.odds(x) > 0, y)
        return Answer(self.law.made(x, y, request, seed))


@dataclass
class HalfLearner:
    """A learner that trains on a random half of its real records and ignores made ones: every arm is a coin flip.

    Which half depends on the seed and on whether made records are there, so that the arm and real only are exchangeable:
    the true difference is 0 for every data set, and it varies.
    """

    inner: Any
    deterministic = False
    fitted: Any = field(default=None, init=False, repr=False)

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        real = np.flatnonzero(~train.synthetic)
        rng = rng_at(seed, "half", int(len(real) < train.rows), round(float(weight.std()), 9).hex(), repr(self.inner))
        kept = np.sort(rng.permutation(real)[: len(real) // 2])
        self.fitted = self.inner.fit(train.take(kept), purpose, weight=np.ones(len(kept)), seed=seed)
        return self

    def predict(self, records: Dataset) -> pa.Table:
        return self.fitted.predict(records)

    def regularised(self) -> HalfLearner:
        return HalfLearner(self.inner.regularised())


@dataclass
class StarvedLearner:
    """A learner that keeps a tenth of the real records and all made ones: 40 of 400 real records teach it little, so that made
    ones can help by four times the detectable effect. A digit of the first feature says who is kept, so that copies of
    records bring no one new. The seed has no effect on that."""

    inner: Any
    fitted: Any = field(default=None, init=False, repr=False)

    @property
    def deterministic(self) -> bool:
        return self.inner.deterministic

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        real = np.flatnonzero(~train.synthetic)
        digit = np.floor(np.abs(train.column("x0").to_numpy()) * 1e6).astype(int) % 10
        few = real[digit[real] == 0] if (digit[real] == 0).sum() > 10 else real
        kept = np.sort(np.concatenate([few, np.flatnonzero(train.synthetic)]))
        left = np.where(train.synthetic, weight, weight * weight[real].sum() / max(weight[few].sum(), 1e-9))[kept]
        self.fitted = self.inner.fit(train.take(kept), purpose, weight=left, seed=seed)
        return self

    def predict(self, records: Dataset) -> pa.Table:
        return self.fitted.predict(records)

    def regularised(self) -> StarvedLearner:
        return StarvedLearner(self.inner.regularised())


@dataclass
class CubicLogistic:
    """Logistic regression on all products of up to three features: so many that 400 records teach it badly and fresh ones
    much better. Effects of four times the detectable one can then be planted. The seed has no effect."""

    C: float = 10.0
    deterministic = True
    model: Any = field(default=None, init=False, repr=False)

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        from sklearn.linear_model import LogisticRegression

        del seed
        target = train.column(purpose.target).to_numpy() == purpose.positive
        with one_thread():
            self.model = LogisticRegression(C=self.C, max_iter=40, tol=1e-3)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a fixed number of steps is how this learner is defined
                self.model.fit(_products(train, purpose), target, sample_weight=weight)
        return self

    def predict(self, records: Dataset) -> pa.Table:
        with one_thread():
            return pa.table({"score": self.model.predict_proba(_products(records, None))[:, 1]})


def _products(records: Dataset, purpose: Purpose | None) -> np.ndarray:
    names = [name for name in records.records.column_names if purpose is None or name != purpose.target]
    x = np.stack([records.column(name).to_numpy() for name in names], axis=1)
    picks = [pick for size in (1, 2, 3) for pick in combinations_with_replacement(range(x.shape[1]), size)]
    return np.stack([x[:, list(pick)].prod(axis=1) for pick in picks], axis=1) / np.array([1, 1, 2, 4])[[len(p) for p in picks]]


def learner_of(name: str) -> Any:
    """A learner of the catalogue, "cubic" for the one above, "half NAME" or "starved NAME"."""
    for word, kind in (("half ", HalfLearner), ("starved ", StarvedLearner)):
        if name.startswith(word):
            return kind(learner_of(name.removeprefix(word)))
    return CubicLogistic() if name == "cubic" else catalog.learner(name)


@dataclass(frozen=True)
class Case:
    """One data set of a law, its folds, and what is asked of it."""

    law: Law
    learner: str
    rows: int = 500
    folds: int = 5
    weight: float = 0.5
    times: float = 4.0
    fresh_rows: int = 100_000  # of one truth, in as many blocks as there are folds
    seed: int = 0

    def real(self) -> Dataset:
        return self.law.dataset(*self.law.draw(self.rows, rng_at(self.seed, "real")))

    def partition(self, *place: str | int) -> Partition:
        """Folds stratified on nothing, as a simulator needs no care; `place` gives other folds for repeats."""
        order = rng_at(self.seed, "folds", *place).permutation(self.rows)
        return Partition(np.arange(self.rows), order % self.folds, self.folds)

    def fresh(self) -> list[tuple[Dataset, np.ndarray]]:
        """One block of fresh rows for each fold: features as records, and the target."""
        found: list[tuple[Dataset, np.ndarray]] = []
        for fold in range(self.folds):
            x, y = self.law.draw(self.fresh_rows // self.folds, rng_at(self.seed, "truth", fold))
            found.append((self.law.dataset(x, y).drop(TARGET), y))
        return found


def true_deltas(case: Case, real: Dataset, partition: Partition, pool: Refit, plan_seed: int, draws: range) -> np.ndarray:
    """The true AUROC differences, arm minus real only, by fold and draw, shape (folds, draws).

    Draw s of fold k trains exactly the models of the trial's own seed s in fold k, so that draws below the plan's `seeds` are
    the models that were judged, and those above are further ones of the same kind.
    """
    learner, purpose = learner_of(case.learner), case.law.purpose
    found = np.zeros((case.folds, len(draws)))
    for fold, (records, truth) in enumerate(case.fresh()):
        train = real.take(partition.train(fold))
        weight = np.ones(len(truth))

        def reached(training: Training, seed: int, records: Dataset, truth: np.ndarray, weight: np.ndarray) -> float:
            fitted = arms.fit(learner, training, purpose, seed=seed_at(seed, "fit"))
            return auroc(truth, fitted.predict(records).column("score").to_numpy(), weight)

        base = reached(Training(train, arms.real_mass(train)), 0, records, truth, weight)
        for at, draw in enumerate(draws):
            seed = seed_at(plan_seed, "prove", fold, draw)
            made = pool.make(train, total=real.rows, seed=seed)
            found[fold, at] = reached(arms.mixed(train, made, case.weight), seed, records, truth, weight) - base
    return found


def truth_of(deltas: np.ndarray, used: int) -> float:
    """The mean over seeds, from the `used` seeds of the trial and the further ones.

    Used ones alone would leave out that seeds vary, further ones alone would add their own error. With a share
    1 - sqrt(further / all) for the used ones, the trial's estimate differs from this truth with exactly the variance that
    it has around the mean over all seeds.
    """
    further = deltas.shape[1] - used
    share = 1 - np.sqrt(further / (further + used))
    return float(share * deltas[:, :used].mean() + (1 - share) * deltas[:, used:].mean())
