"""The trial: the arms, run over cuts and seeds, and the verdict that their predictions of sealed records give."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from complement.prove.design import Trial, cuts_of, still
from complement.prove.fits import FitTask, facts_of
from complement.prove.headline import unverified
from complement.prove.leaks import leaks_of, nearness
from complement.prove.pilot import SEEDS, PilotTask, planned_effect
from complement.prove.plan import Plan
from complement.prove.plug_in_metric import on_arrays
from complement.prove.pool import Fixed, Pool, Refit
from complement.prove.screen import ScreenTask, chosen
from complement.prove.verdicts import Results, margin_for, verdicts_of

Tell = Callable[[str, dict[str, object]], None]
Privacy = Callable[[Dataset, Dataset, Dataset], tuple[bool | None, str, list[Score]]]  # made, members, non-members


@dataclass(frozen=True, repr=False)
class Case:
    """What is judged: every real record (also those of a sealed file), which of them are sealed when, for what purpose, and
    where the synthetic ones come from. `leaks` are known beforehand (a reused hold-out); `verified` is False where the maker
    may have seen any of the records."""

    real: Dataset
    partition: Partition
    purpose: Purpose
    pool: Pool
    leaks: tuple[Leak, ...] = ()
    verified: bool = True


@dataclass(frozen=True, repr=False)
class Means:
    """What it is judged with: the learners by name, metrics by name, and the privacy gate of a substitute."""

    learners: Mapping[str, Learner]
    metric_of: Callable[[str, Purpose], Metric]
    privacy: Privacy | None = None


@dataclass(frozen=True, repr=False)
class Site:
    """Where the shards run and are kept (`folder` None: in memory), and who hears of progress."""

    engine: Engine = field(default_factory=Engine)
    folder: Path | None = None
    tell: Tell = lambda name, facts: None


def judge(case: Case, means: Means, *, plan: Plan = Plan(), site: Site = Site()) -> Judgement:
    """A verdict per learner on whether the pool's records help, and all that it rests on.

    Everything is computed by shards: with a folder, finished ones survive an interruption. `site.tell` hears "stage",
    "planned" (before anything of the arms is computed) and "shard". Raises ProveError when nothing can be judged.
    """
    trial = _trial(case, means, plan)
    work = _Work(trial, site)
    pilot = work.map("pilot", PilotTask(trial), len(trial.learners))
    planned = _planned(trial, pilot)
    work.pilot_cpu = round(_cpu_seconds() - work.cpu, 2)
    site.tell("planned", {**planned, "pilot_cpu_seconds": work.pilot_cpu})
    screening = work.map("screen", ScreenTask(trial), len(trial.cuts)) if len(trial.plan.screened) > 1 else []
    weights = _weights(trial, screening)
    fits = FitTask(trial, weights)
    tables = work.map("fits", fits, len(trial.cuts) * trial.seeds)
    curve = CurveTask(trial, weights) if _wants_curve(trial, weights) else None
    points = work.map("curve", curve, len(trial.cuts) * REPEATS) if curve is not None else []
    matched = (_matches(table) for table in tables)
    found = leaks_of(matched, delivered=isinstance(case.pool, Fixed), nearer=_nearer(trial, case.verified))
    leaks = (*case.leaks, *found)
    results = Results(
        fits,
        tables,
        curve,
        points,
        screening,
        lambda name, of: on_arrays(means.metric_of(name, of), of),
        leaks,
        _gate(trial, means.privacy, case.verified),
    )
    verdicts = tuple(verdict if case.verified else unverified(verdict) for verdict in verdicts_of(results))
    return Judgement(plan.question, case.verified, verdicts, planned, work.spent(), leaks)


def _trial(case: Case, means: Means, plan: Plan) -> Trial:
    if not means.learners:
        raise ProveError("prove-learner", "No learner is named.", help="Name one, such as lightgbm.")
    purpose = case.purpose
    metric = means.metric_of(purpose.metric, purpose)
    if purpose.task not in metric.tasks:
        raise ProveError(
            "prove-metric",
            f"The metric '{purpose.metric}' does not fit a {purpose.task} task.",
            help=f"It fits: {', '.join(metric.tasks)}.",
        )
    cuts, halves = cuts_of(case.real, case.partition, purpose, plan)
    if plan.question == "recipe" and isinstance(case.pool, Fixed):
        raise ProveError(
            "prove-question",
            "A delivered file cannot be refitted, so the question 'recipe' cannot be asked of it.",
            help="Name its generator, or ask 'artifact'.",
        )
    return Trial(case.real, case.partition, purpose, case.pool, means.learners, on_arrays(metric, purpose), plan, cuts, halves)


class _Work:
    """Runs the trial's shards, stage by stage, and keeps the account of what was spent."""

    def __init__(self, trial: Trial, site: Site) -> None:
        self.site = site
        self.plan = "" if site.folder is None else _identity(trial)
        self.begun, self.cpu, self.pilot_cpu = time.monotonic(), _cpu_seconds(), 0.0
        self.stages: dict[str, float] = {}

    def map(self, stage: str, task: Task, count: int) -> list[pa.Table]:
        begun = time.monotonic()
        self.site.tell("stage", {"stage": stage, "shards": count})
        tables = map_shards(
            task,
            count,
            engine=self.site.engine,
            folder=None if self.site.folder is None else self.site.folder / stage,
            plan=self.plan,
            on_done=lambda done, total: self.site.tell("shard", {"stage": stage, "done": done, "shards": total}),
        )
        self.stages[stage] = round(time.monotonic() - begun, 2)
        return tables

    def spent(self) -> dict[str, object]:
        """All that depends on the clock, and nothing else does: the rest of a judgement is the same on every run."""
        return {
            "seconds": round(time.monotonic() - self.begun, 2),
            "cpu_seconds": round(_cpu_seconds() - self.cpu, 2),
            "pilot_cpu_seconds": self.pilot_cpu,
            "seconds_by_stage": self.stages,
        }


def _identity(trial: Trial) -> str:
    """What the shards depend on, as a hash: data, cuts, purpose, plan, and how pool and learners were made."""
    pool = trial.pool.records if isinstance(trial.pool, Fixed) else _of_refit(trial.pool)
    learners = {name: repr(learner) for name, learner in trial.learners.items()}
    cuts = [(cut.train, cut.test) for cut in trial.cuts]
    return plan_hash(trial.real, trial.purpose, trial.plan, pool, learners, cuts)


def _of_refit(pool: Refit) -> tuple[object, ...]:
    return repr(pool.generator), pool.asks, repr(pool.finder), repr(pool.keeper), pool.refill


def _cpu_seconds() -> float:
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime


def _planned(trial: Trial, pilot: list[pa.Table]) -> dict[str, object]:
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
    }


def planned_fits(trial: Trial) -> int:
    """At most how many models the trial trains; arms that do not apply are not trained."""
    cuts, weights = len(trial.cuts), trial.plan.screened
    screening = sum(len(weights) >> turn for turn in range(3) if len(weights) >> turn > 1) if len(weights) > 1 else 0
    fits = SEEDS + 1
    fits *= len(trial.learners)
    free_ways = 0 if trial.plan.question == "substitute" else 3
    for learner in trial.learners.values():
        repeated = 1 if still(learner) else trial.seeds
        fits += cuts * (trial.seeds + (1 + free_ways) * repeated + screening)
        fits += cuts * REPEATS * 5 if trial.plan.curve else 0
    return fits


def _weights(trial: Trial, screening: Sequence[pa.Table]) -> dict[str, tuple[float, ...]]:
    if not screening:
        return {name: trial.plan.screened * len(trial.cuts) for name in trial.learners}
    found = [chosen(table) for table in screening]
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


def _gate(trial: Trial, privacy: Privacy | None, verified: bool) -> tuple[bool | None, str, list[Score]] | None:
    """The privacy gate of a substitute, on the pool of the first cut: its learning part are members, its sealed part not.

    Where the maker may have seen the sealed part too, nobody is known to be no member: attacks may fail, and cannot pass.
    """
    if trial.plan.question != "substitute" or privacy is None:
        return None
    cut = trial.cuts[0]
    train = trial.learnt(cut.train)
    pool = trial.pool.make(train, total=trial.real.rows, seed=trial.plan.seed)
    passed, why, scores = privacy(pool, train, trial.real.take(cut.test))
    if passed and not verified:
        return None, "The maker may have had every record, so none is known to be unseen.", scores
    return passed, why, scores
