"""The trial: the arms, run over cuts and seeds, and the verdict that their predictions of sealed records give."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pyarrow as pa

from complement.core.contracts import Learner, Metric
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.score import Score
from complement.core.verdict import Judgement, Leak
from complement.engine.plan import plan_hash
from complement.engine.shards import Engine, Task, map_shards
from complement.prove.curve import REPEATS, CurveTask
from complement.prove.design import Trial, cuts_of
from complement.prove.fits import FitTask, facts_of
from complement.prove.leaks import leaks_of, nearness
from complement.prove.pilot import SEEDS, PilotTask, planned_effect
from complement.prove.plan import Plan
from complement.prove.plug_in_metric import on_arrays
from complement.prove.pool import Fixed, Pool
from complement.prove.screen import ScreenTask, chosen
from complement.prove.verdicts import Results, margin_for, verdicts_of

Tell = Callable[[str, dict[str, object]], None]
Privacy = Callable[[Dataset, Dataset, Dataset], tuple[bool, str, list[Score]]]  # made, members, non-members


def judge(
    real: Dataset,
    partition: Partition,
    purpose: Purpose,
    *,
    pool: Pool,
    learners: Mapping[str, Learner],
    metric_of: Callable[[str, Purpose], Metric],
    plan: Plan,
    engine: Engine,
    folder: Path | None = None,
    tell: Tell = lambda name, facts: None,
    leaks: tuple[Leak, ...] = (),
    verified: bool = True,
    privacy: Privacy | None = None,
) -> Judgement:
    """A verdict per learner on whether the pool's records help, and all that it rests on.

    `real` holds every record; `partition` says which are sealed when. Everything is computed by shards: with a `folder`,
    finished ones survive an interruption. `tell` hears of progress ("planned", "stage", "shard"). `leaks` are known
    beforehand (a reused hold-out). `privacy` is the gate of a substitute. Raises ProveError when nothing can be judged.
    """
    trial = _trial(real, partition, purpose, pool, learners, metric_of, plan)
    work = _Work(trial, engine, folder, tell)
    pilot = work.map("pilot", PilotTask(trial), len(learners))
    planned = _planned(trial, pilot, work)
    tell("planned", planned)
    weights = _weights(trial, work)
    fits = FitTask(trial, weights)
    tables = work.map("fits", fits, len(trial.cuts) * trial.seeds)
    curve = CurveTask(trial, weights) if _wants_curve(trial, weights) else None
    points = work.map("curve", curve, len(trial.cuts) * REPEATS) if curve is not None else []
    found = leaks_of((_matches(table) for table in tables), delivered=isinstance(pool, Fixed), nearer=_nearer(trial, verified))
    gate = _gate(trial, privacy)
    results = Results(fits, tables, curve, points, lambda name, of: on_arrays(metric_of(name, of), of), (*leaks, *found), gate)
    verdicts = verdicts_of(results)
    if not verified:
        verdicts = tuple(
            replace(v, headline=f"{v.headline} (unverified: the maker may have trained on any of these rows)") for v in verdicts
        )
    return Judgement(plan.question, verified, verdicts, planned, work.spent(), (*leaks, *found))


def _trial(
    real: Dataset,
    partition: Partition,
    purpose: Purpose,
    pool: Pool,
    learners: Mapping[str, Learner],
    metric_of: Callable[[str, Purpose], Metric],
    plan: Plan,
) -> Trial:
    if not learners:
        raise ProveError("prove-learner", "No learner is named.", help="Name one, such as lightgbm.")
    metric = metric_of(purpose.metric, purpose)
    if purpose.task not in metric.tasks:
        raise ProveError(
            "prove-metric",
            f"The metric '{purpose.metric}' does not fit a {purpose.task} task.",
            help=f"It fits: {', '.join(metric.tasks)}.",
        )
    cuts, halves = cuts_of(real, partition, purpose, plan)
    if plan.question == "recipe" and halves and isinstance(pool, Fixed):
        raise ProveError(
            "prove-question",
            "A delivered file cannot be refitted, so the question 'recipe' cannot be asked of it.",
            help="Name its generator, or ask 'artifact'.",
        )
    return Trial(real, partition, purpose, pool, learners, on_arrays(metric, purpose), plan, cuts, halves)


class _Work:
    """Runs the trial's shards, stage by stage, and keeps the account of what was spent."""

    def __init__(self, trial: Trial, engine: Engine, folder: Path | None, tell: Tell) -> None:
        self.engine, self.folder, self.tell = engine, folder, tell
        self.plan = "" if folder is None else _identity(trial)
        self.begun, self.cpu, self.fits = time.monotonic(), _cpu_seconds(), 0
        self.stages: dict[str, float] = {}

    def map(self, stage: str, task: Task, count: int) -> list[pa.Table]:
        begun = time.monotonic()
        self.tell("stage", {"stage": stage, "shards": count})
        tables = map_shards(
            task,
            count,
            engine=self.engine,
            folder=None if self.folder is None else self.folder / stage,
            plan=self.plan,
            on_done=lambda done, total: self.tell("shard", {"stage": stage, "done": done, "shards": total}),
        )
        self.stages[stage] = round(time.monotonic() - begun, 2)
        return tables

    def spent(self) -> dict[str, object]:
        return {
            "seconds": round(time.monotonic() - self.begun, 2),
            "cpu_seconds": round(_cpu_seconds() - self.cpu, 2),
            "seconds_by_stage": self.stages,
        }


def _identity(trial: Trial) -> str:
    """What the shards depend on, as a hash: data, cuts, purpose, plan, and how pool and learners were made."""
    pool = trial.pool.records if isinstance(trial.pool, Fixed) else (repr(trial.pool.generator), trial.pool.asks)
    learners = {name: repr(learner) for name, learner in trial.learners.items()}
    cuts = [(cut.train, cut.test) for cut in trial.cuts]
    return plan_hash(trial.real, trial.purpose, trial.plan, pool, learners, cuts)


def _cpu_seconds() -> float:
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime


def _planned(trial: Trial, pilot: list[pa.Table], work: _Work) -> dict[str, object]:
    """What is foreseen before the rest is computed: the detectable effect by learner, and the number of fits."""
    effects: dict[str, float | None] = {}
    for name, table in zip(trial.learners, pilot, strict=True):
        margin = margin_for(trial, table)
        effects[name] = planned_effect(trial, trial.metric, table, margin)
    return {
        "detectable_effect": effects,
        "fits": planned_fits(trial),
        "folds": len(trial.cuts),
        "seeds": trial.seeds,
        "pilot_cpu_seconds": round(_cpu_seconds() - work.cpu, 2),
    }


def planned_fits(trial: Trial) -> int:
    """At most how many models the trial trains; arms that do not apply are not trained."""
    cuts, weights = len(trial.cuts), trial.plan.screened
    screening = sum(len(weights) >> turn for turn in range(3) if len(weights) >> turn > 1) if len(weights) > 1 else 0
    fits = SEEDS + 1
    for learner in trial.learners.values():
        repeated = 1 if getattr(learner, "deterministic", False) else trial.seeds
        fits += cuts * (trial.seeds + 4 * repeated + screening)
        fits += cuts * REPEATS * 5 if trial.plan.curve else 0
    return fits


def _weights(trial: Trial, work: _Work) -> dict[str, tuple[float, ...]]:
    weights = trial.plan.screened
    if len(weights) == 1:
        return {name: weights * len(trial.cuts) for name in trial.learners}
    found = [chosen(table) for table in work.map("screen", ScreenTask(trial), len(trial.cuts))]
    return {name: tuple(choice[name] for choice in found) for name in trial.learners}


def _wants_curve(trial: Trial, weights: Mapping[str, tuple[float, ...]]) -> bool:
    asked = trial.plan.curve and trial.plan.question in ("in-hand", "artifact") and trial.partition.kind == "units"
    return asked and any(weight > 0 for chosen in weights.values() for weight in chosen)


def _matches(table: pa.Table) -> dict[str, float]:
    found = facts_of(table).get("matches")
    return cast("dict[str, float]", found) if isinstance(found, dict) else {}


def _nearer(trial: Trial, verified: bool) -> float | None:
    """For a delivered file judged on a sealed one: whether sealed records lie suspiciously near to it."""
    if not isinstance(trial.pool, Fixed) or not verified:
        return None
    cut = trial.cuts[0]
    return nearness(trial.pool.records, trial.learnt(cut.train), trial.real.take(cut.test))


def _gate(trial: Trial, privacy: Privacy | None) -> tuple[bool, str, list[Score]] | None:
    """The privacy gate of a substitute, on the pool of the first cut: its learning part are members, its sealed part not."""
    if trial.plan.question != "substitute" or privacy is None:
        return None
    cut = trial.cuts[0]
    train = trial.learnt(cut.train)
    return privacy(trial.pool.make(train, total=trial.real.rows, seed=trial.plan.seed), train, trial.real.take(cut.test))
