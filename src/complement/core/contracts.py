"""The five doors. Whatever walks through one of them fits the house; complement.testing checks that it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, runtime_checkable

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.request import Answer, Request
from complement.core.schema import Schema
from complement.core.score import Score

Tags = Sequence[str]  # one per unit: "" = fine, else the reason to leave it out


@dataclass(frozen=True)
class Signatures:
    """What is known of the sealed records outside the trial: hashes made at split time, never a value."""

    exact: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """What a step or an evaluator may see: real train and tune, schema, purpose, signatures of sealed. Never sealed.

    `tune` serves as the non-members of a privacy attack: real records that no generator saw.
    """

    train: Dataset
    tune: Dataset | None
    schema: Schema
    purpose: Purpose | None = None
    sealed: Signatures = field(default_factory=Signatures)


@runtime_checkable
class Generator(Protocol):
    """Fits real data once, answers requests. Picklable once fitted: processes ship it."""

    def fit(self, real: Dataset, *, seed: int) -> Self:
        """Learn from real records (perhaps 0 of them and a Schema only). Same data and seed: same state."""
        ...

    def generate(self, request: Request, *, seed: int) -> Answer:
        """Exactly `request.rows` records of the real schema, or fewer with failures that say why.

        Same request and seed: same bytes. Raises RequestError when the condition has no support.
        """
        ...


@runtime_checkable
class Step(Protocol):
    """Says of each candidate why it should be left out. Steps tag, they never drop."""

    def tag(self, candidates: Dataset, context: Context) -> Tags:
        """One tag per candidate, in order."""
        ...


@runtime_checkable
class Evaluator(Protocol):
    """Measures made records against real ones."""

    def score(self, synthetic: Dataset, context: Context) -> list[Score]: ...


@runtime_checkable
class Learner(Protocol):
    """What the user ships. Encoders and imputers are part of it and are fitted on `train` only.

    Three optional attributes: `weighted = False` says that the learner ignores weights (the trial then resamples
    rows by weight); `counts_records = False` that only weights matter, and not by how many records they are carried;
    `regularised()` gives the same learner one step more regularised.
    """

    def fit(self, train: Dataset, purpose: Purpose, *, weight: np.ndarray, seed: int) -> Self:
        """Learn the purpose's target from the features. `weight`: shape (records,), >= 0. Same inputs: same model."""
        ...

    def predict(self, records: Dataset) -> pa.Table:
        """One row per record with the column "score": binary, the probability of the positive class; multiclass, a
        list of probabilities in the order of `purpose.classes`; regression, the predicted value. The target of
        `records` is never read, and may be absent."""
        ...


@runtime_checkable
class Metric(Protocol):
    """A number by which predictions are judged. Built with the purpose: `catalog.metric("auroc", purpose)`.

    `better` is "high" or "low"; `tasks` are the tasks that it fits; `margin` is the default margin in its unit.
    """

    name: str
    better: str
    tasks: tuple[str, ...]
    margin: float

    def score(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> float: ...

    def influence(self, truth: Dataset, predictions: pa.Table, *, weight: np.ndarray) -> np.ndarray | None:
        """Per-record influence values, shape (records,), mean 0: the metric's sampling error is about their mean.

        None when the metric is not smooth enough; the trial then bootstraps.
        """
        ...
