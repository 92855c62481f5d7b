"""A small simulated world whose law is known: real records, generators that help, hurt and cheat, and trials of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from complement import catalog
from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.request import Answer
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at
from complement.prove.plan import Plan
from complement.prove.pool import Ask, Fixed, Refit
from complement.prove.trial import Case, Means, Site, judge

FEATURES = 3
PURPOSE = Purpose("y", "binary", ("no", "yes"))
SCHEMA = Schema({"records": (*(Column(f"x{k}", "number") for k in range(FEATURES)), Column("y", "category", "target"))})


def law(rows: int, *place: str | int, noise: float = 1.5, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Normal features, and a logistic target of their sum; noise 0 gives the likelier class."""
    rng = rng_at(7, "law", *place)
    x = rng.standard_normal((rows, FEATURES))
    odds = 1.5 * x.sum(axis=1) + shift
    likely = odds > 0 if noise == 0 else rng.random(rows) < 1 / (1 + np.exp(-odds / noise))
    return x, likely


def records(x: np.ndarray, y: np.ndarray, *, made: bool = False, weight: np.ndarray | None = None) -> Dataset:
    table = pa.table({**{f"x{k}": x[:, k] for k in range(FEATURES)}, "y": np.where(y, "yes", "no")})
    lineage = lineages.of_synthetic(len(y), generator="test", request="all", seed=0, depth=1) if made else None
    return Dataset.of(table, SCHEMA, weight=weight, lineage=lineage)


def real(rows: int = 400, seed: int = 0, **settings: float) -> Dataset:
    return records(*law(rows, "real", seed, **settings))


def folds(rows: int, count: int = 5) -> Partition:
    return Partition(np.arange(rows), rng_at(0, "folds").permutation(rows) % count, count)


def once(rows: int, share: float = 0.4) -> Partition:
    """One sealed part; all others are always learnt from."""
    order = rng_at(0, "once").permutation(rows)
    return Partition(np.arange(rows), np.where(order < share * rows, 0, -1), 1)


@dataclass
class Fresh:
    """Fresh rows of the law: `noise` 0 gives every row its likelier class, `flip` turns that share of the classes round."""

    noise: float = 0.0
    flip: float = 0.0
    shift: float = 0.0
    only: bool | None = None

    def fit(self, real: Dataset, *, seed: int) -> Fresh:
        return self

    def generate(self, request, *, seed: int) -> Answer:
        x, y = law(request.rows, "fresh", seed, noise=self.noise, shift=self.shift)
        y = y ^ (rng_at(seed, "flip").random(len(y)) < self.flip)
        return Answer(records(x, y if self.only is None else np.full(len(y), self.only), made=True))


@dataclass
class Cheat:
    """A generator that keeps all the real data, sealed records too, and hands them out."""

    everything: Dataset = field(repr=False)

    def fit(self, real: Dataset, *, seed: int) -> Cheat:
        return self

    def generate(self, request, *, seed: int) -> Answer:
        rows = rng_at(seed, "cheat").integers(0, self.everything.rows, request.rows)
        return Answer(self.everything.take(rows))


@dataclass
class Rote:
    """A tree without a step of regularisation: from few noisy records it learns badly, from many clean ones well."""

    depth: int = 12
    min_leaf: int = 1
    deterministic = True
    inner: object = None

    def fit(self, train, purpose, *, weight, seed):
        tree = catalog.learner("tree", depth=self.depth, min_leaf=self.min_leaf)
        self.inner = tree.fit(train, purpose, weight=weight, seed=seed)
        return self

    def predict(self, records):
        return self.inner.predict(records)


@dataclass
class Timid:
    """Logistic regression whose log odds are 1.2 too low: more positives in training mend that, however they come."""

    deterministic = True
    inner: object = None

    def fit(self, train, purpose, *, weight, seed):
        self.inner = catalog.learner("logistic").fit(train, purpose, weight=weight, seed=seed)
        return self

    def predict(self, records):
        score = self.inner.predict(records).column("score").to_numpy()
        odds = np.log(score / (1 - score)) - 1.2
        return pa.table({"score": 1 / (1 + np.exp(-odds))})


def run(dataset, pool, learners="logistic", *, purpose=PURPOSE, partition=None, plan=None, site=None, **means):
    """The judgement of one small trial; learners are names, separated by commas, or a mapping."""
    if isinstance(learners, str):
        learners = {name: catalog.learner(name) for name in learners.split(",")}
    case = Case(dataset, partition or folds(dataset.rows), purpose, pool, verified=means.pop("verified", True))
    plan = plan or Plan(weights=(0.9,), curve=False, seeds=2)
    return judge(case, Means(learners, means.pop("metric_of", catalog.metric), **means), plan=plan, site=site or Site())


def refit(generator, times: float = 4.0) -> Refit:
    return Refit(generator, (Ask(times=times),))


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """What the tests of this folder build their trials from."""
    plan = Plan(weights=(0.9,), curve=False, seeds=2)
    return SimpleNamespace(
        law=law,
        records=records,
        real=real,
        folds=folds,
        once=once,
        run=run,
        refit=refit,
        Fixed=Fixed,
        Fresh=Fresh,
        Cheat=Cheat,
        Timid=Timid,
        Rote=Rote,
        rote={"rote": Rote()},
        PURPOSE=PURPOSE,
        plan=lambda **changes: replace(plan, **changes),
    )
