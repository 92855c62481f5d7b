"""Fits: one shard of a trial trains every arm of every learner in one fold with one seed, and predicts the sealed records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Learner
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.seed import seed_at
from complement.core.values import as_text
from complement.prove import arms
from complement.prove.arms import ARM, CLASS_WEIGHTS, COPIES, REAL, REGULARISED, THRESHOLD, Training
from complement.prove.design import Trial, inner_cuts, still
from complement.prove.leaks import matches
from complement.prove.pool import Lots
from complement.prove.thresholds import THRESHOLD_METRICS, best_threshold, moved

ATYPICAL = "atypical"  # the column that says how unlike the real training records a sealed record is


@dataclass(frozen=True)
class FitTask:
    """Shard number = cut * seeds + seed. `weights` are the chosen arm weights, by learner and cut."""

    trial: Trial
    weights: Mapping[str, tuple[float, ...]]

    def __call__(self, shard: int) -> pa.Table:
        """Predictions of the sealed records of one cut: one column "learner|arm" each, in the order of `cut.test`.

        The schema's metadata say which arms do not apply and why, and how many made records repeat sealed ones.
        """
        trial = self.trial
        number, draw = divmod(shard, trial.seeds)
        cut = trial.cuts[number]
        train, test = trial.learnt(cut.train), trial.real.take(cut.test)
        seed = seed_at(trial.plan.seed, "prove", number, draw)
        pool, lots = trial.pool.drawn(train, total=trial.real.rows, seed=seed)
        shown = test.drop(trial.purpose.target)
        columns: dict[str, pa.ChunkedArray] = {}
        notes: dict[str, str] = {}
        for name, learner in trial.learners.items():
            job = _Arms(trial, learner, train, pool, lots, self.weights[name][number], seed, first=draw == 0, number=number)
            for arm, scores in job.predict(shown, notes, name).items():
                columns[f"{name}|{arm}"] = scores
        if draw == 0:
            columns[ATYPICAL] = pa.chunked_array([pa.array(atypicality(train, shown))])
        facts: dict[str, object] = {"notes": notes, "pool": pool.rows, "positive": _positive_share(pool, trial.purpose)}
        if draw == 0:
            facts["matches"] = matches(pool, train, test)
        return pa.table(columns).replace_schema_metadata({"facts": json.dumps(facts, sort_keys=True)})


@dataclass(frozen=True)
class _Arms:
    """The arms of one learner in one cut with one seed."""

    trial: Trial
    learner: Learner
    train: Dataset
    pool: Dataset
    lots: Lots
    weight: float
    seed: int
    first: bool
    number: int

    def trainings(self) -> dict[str, tuple[Learner, Training]]:
        """What to fit. What a deterministic learner would give again for another seed is fitted for the first one only."""
        purpose = self.trial.purpose
        jobs = {ARM: (self.learner, arms.mixed(self.train, self.pool, self.weight))}
        if self.first or not still(self.learner):
            jobs[REAL] = (self.learner, Training(self.train, arms.real_mass(self.train)))
            if self.trial.plan.question == "substitute":  # who has no real records has no free way either
                return jobs
            lots = self.lots
            if all(mask is None for mask, _ in lots):
                lots = arms.implied(self.train, self.pool, purpose.primary) or lots
            jobs[CLASS_WEIGHTS] = (self.learner, arms.class_weighted(self.train, self.pool, self.weight, purpose))
            made = self.pool.rows if getattr(self.learner, "counts_records", True) else 0
            jobs[COPIES] = (self.learner, arms.copied(self.train, lots, self.weight, made=made))
            stronger = regularised(self.learner)
            if stronger is None:
                jobs[REGULARISED] = (self.learner, Training(None, note="this learner has no such setting"))
            else:
                jobs[REGULARISED] = (stronger, Training(self.train, arms.real_mass(self.train)))
        return jobs

    def predict(self, shown: Dataset, notes: dict[str, str], name: str) -> dict[str, pa.ChunkedArray]:
        scores: dict[str, pa.ChunkedArray] = {}
        done: list[tuple[Learner, Training, str]] = []
        for arm, (learner, training) in self.trainings().items():
            if training.records is None:
                notes[f"{name}|{arm}"] = training.note
                continue
            twin = next((was for who, old, was in done if who is learner and arms.same_training(old, training)), None)
            if twin is not None:
                scores[arm] = scores[twin]
                continue
            fitted = arms.fit(learner, training, self.trial.purpose, seed=seed_at(self.seed, "fit"))
            scores[arm] = fitted.predict(shown).column("score")
            done.append((learner, training, arm))
        if self.trial.plan.question != "substitute":
            self._move_threshold(scores, notes, name)
        return scores

    def _move_threshold(self, scores: dict[str, pa.ChunkedArray], notes: dict[str, str], name: str) -> None:
        if REAL not in scores:
            return
        purpose, metric = self.trial.purpose, self.trial.metric
        if purpose.task != "binary" or metric.name not in THRESHOLD_METRICS:
            notes[f"{name}|{THRESHOLD}"] = "the metric does not depend on a threshold"
            return
        inner = inner_cuts(self.trial, self.trial.cuts[self.number], self.number)[0]
        held = self.trial.real.take(inner.test)
        train = self.trial.learnt(inner.train)
        fitted = arms.fit(self.learner, Training(train, arms.real_mass(train)), purpose, seed=self.seed)
        found = best_threshold(fitted.predict(held.drop(purpose.target)), held, metric, purpose)
        scores[THRESHOLD] = pa.chunked_array([pa.array(moved(scores[REAL].to_numpy(), found))])


def regularised(learner: Learner) -> Learner | None:
    """The learner one step more regularised, or None where it has no such step."""
    step = getattr(learner, "regularised", None)
    return step() if step is not None else None


def atypicality(train: Dataset, shown: Dataset) -> np.ndarray:
    """How unlike the real training records each sealed record is, higher = more (isolation forest, Liu et al. 2008)."""
    from sklearn.ensemble import IsolationForest

    from complement.models.encoder import Encoder

    sample = train if train.rows <= 5000 else train.take(np.linspace(0, train.rows - 1, 5000).astype(int))
    encoder = Encoder().fit(sample, sample.weight)
    forest = IsolationForest(n_estimators=50, random_state=0).fit(np.nan_to_num(encoder.transform(sample)))
    return -forest.score_samples(np.nan_to_num(encoder.transform(shown)))


def facts_of(table: pa.Table) -> dict[str, object]:
    """The metadata that `FitTask` wrote beside its predictions."""
    return json.loads((table.schema.metadata or {}).get(b"facts", b"{}"))


def _positive_share(pool: Dataset, purpose: Purpose) -> float | None:
    """The weighted share of positives among the made records; None where the task is not binary."""
    if purpose.task != "binary":
        return None
    return float(np.average(as_text(pool.column(purpose.target)) == purpose.positive, weights=arms.real_mass(pool)))
