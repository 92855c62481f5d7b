"""Design: what is trained on what and judged on what, for each of the four questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from complement.core.contracts import Learner
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.partition import ALWAYS_TRAIN, Partition
from complement.core.purpose import Purpose
from complement.core.seed import rng_at
from complement.core.values import as_numbers, as_text
from complement.prove.plan import Plan
from complement.prove.plug_in_metric import OnArrays
from complement.prove.pool import Fixed, Pool

INNER_FOLDS = 3  # of a learning part, for choosing the weight; a third of it is held out each time


@dataclass(frozen=True)
class Cut:
    """Positions of the records to learn from and of those that are sealed from it."""

    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Trial:
    """Everything that the shards of a trial need. Picklable: processes ship it once."""

    real: Dataset
    partition: Partition
    purpose: Purpose
    pool: Pool
    learners: Mapping[str, Learner]
    metric: OnArrays
    plan: Plan
    cuts: tuple[Cut, ...]
    half_draws: bool = False

    @property
    def seeds(self) -> int:
        """Seeds per cut: one for a training draw of "recipe", whose draw is what varies, and one where nothing does."""
        fixed = isinstance(self.pool, Fixed) and all(still(one) for one in self.learners.values())
        return 1 if fixed or self.plan.question == "recipe" else self.plan.seeds

    def learnt(self, rows: np.ndarray) -> Dataset:
        return self.real.take(rows)


def still(learner: Learner) -> bool:
    """Whether the seed changes nothing: a deterministic learner that takes weights, so that nothing is resampled for it."""
    return bool(getattr(learner, "deterministic", False) and getattr(learner, "weighted", True))


def cuts_of(real: Dataset, partition: Partition, purpose: Purpose, plan: Plan) -> tuple[tuple[Cut, ...], bool]:
    """The cuts of this question, and whether they are half-draws of the same records.

    The question "recipe": half-draws, or with `plan.draw_rows` independent draws of so many records. Raises ProveError
    "prove-question" under time order, which a draw would break, and where there are too few records.
    """
    if plan.question != "recipe":
        return tuple(Cut(partition.train(fold), partition.test(fold)) for fold in range(partition.folds)), False
    if partition.kind == "time":
        raise draws_across_time()
    if plan.draw_rows is None:
        return half_draws(real, partition, purpose, plan), True
    sealed, free = partition.test(0), partition.train(0)
    if plan.draws * plan.draw_rows > len(free):
        needed = plan.draws * plan.draw_rows
        raise ProveError(
            "prove-question",
            f"{plan.draws} draws of {plan.draw_rows} records each need {needed} beside the sealed ones; there are {len(free)}.",
            help=f"Lower draws or draw_rows (at most {len(free) // plan.draws}), or leave draw_rows out for half-draws.",
        )
    return independent_draws(real, partition, purpose, plan, free, sealed, plan.draw_rows), False


def draws_across_time(*, where: str = "") -> ProveError:
    """What is said to who asks "recipe" under time order, as soon as it is known."""
    return ProveError(
        "prove-question",
        "The question 'recipe' draws training records anew, from all times: models would learn from what came later.",
        where=where,
        help="Ask 'in-hand', which judges every fold by models of earlier ones, or leave the time out if order does not matter.",
    )


def independent_draws(
    real: Dataset, partition: Partition, purpose: Purpose, plan: Plan, free: np.ndarray, sealed: np.ndarray, rows: int
) -> tuple[Cut, ...]:
    """Disjoint sets of whole units with about `rows` records each, all judged on the same sealed records."""
    order = _dealt(real, partition, purpose, free, plan.seed, "draws", -1)
    needed = int(np.searchsorted(np.cumsum([len(members) for members in order]), plan.draws * rows)) + 1
    return tuple(Cut(part, sealed) for part in _in_parts(real, purpose, order[:needed], plan.draws))


def half_draws(real: Dataset, partition: Partition, purpose: Purpose, plan: Plan) -> tuple[Cut, ...]:
    """Halves of all units to learn from, the other halves to judge on.

    Where some records are never judged on (one sealed part, such as a file), halves of those are learnt from, and all are
    judged on the sealed part, which nothing learns from.
    """
    apart = bool((partition.fold == ALWAYS_TRAIN).any())
    free = np.flatnonzero(partition.fold == ALWAYS_TRAIN) if apart else np.arange(real.rows)
    sealed = np.flatnonzero(partition.fold != ALWAYS_TRAIN)
    cuts: list[Cut] = []
    for draw in range(plan.draws):
        order = _dealt(real, partition, purpose, free, plan.seed, "half", draw)
        learnt, other = _in_parts(real, purpose, order, 2)
        cuts.append(Cut(learnt, sealed if apart else other))
    return tuple(cuts)


def inner_cuts(trial: Trial, cut: Cut, number: int) -> list[Cut]:
    """Three splits of a learning part for choosing the weight: whole units, stratified; or later blocks of time."""
    if trial.partition.kind == "time":
        return _later_blocks(trial, cut)
    order = _dealt(trial.real, trial.partition, trial.purpose, cut.train, trial.plan.seed, "inner", number)
    parts = _in_parts(trial.real, trial.purpose, order, min(INNER_FOLDS, len(order)))
    return [Cut(np.setdiff1d(cut.train, part), part) for part in parts]


def share_of(trial: Trial, rows: np.ndarray, share: float, *place: str | int) -> np.ndarray:
    """A nested share of these records in whole units, stratified: a smaller share is a part of a larger one."""
    if share >= 1:
        return rows
    order = _dealt(trial.real, trial.partition, trial.purpose, rows, trial.plan.seed, *place)
    sizes = np.cumsum([len(members) for members in order])
    kept = max(1, int(np.searchsorted(sizes, share * len(rows), side="left")) + 1)
    return np.sort(np.concatenate(order[:kept]))


def _later_blocks(trial: Trial, cut: Cut) -> list[Cut]:
    blocks = trial.partition.cluster[cut.train]
    starts = np.unique(blocks)
    edges = [int(len(starts) * (0.5 + k / (2 * INNER_FOLDS))) for k in range(INNER_FOLDS + 1)]
    cuts: list[Cut] = []
    for low, high in pairwise(edges):
        if low == high or low == 0:
            continue
        before, inside = np.isin(blocks, starts[:low]), np.isin(blocks, starts[low:high])
        cuts.append(Cut(cut.train[before], cut.train[inside]))
    return cuts


def _dealt(
    real: Dataset, partition: Partition, purpose: Purpose, rows: np.ndarray, seed: int, *place: str | int
) -> list[np.ndarray]:
    """The records of each unit, units shuffled and dealt so that every stretch of the list has the strata in proportion."""
    units, first, inverse = np.unique(partition.unit[rows], return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(rows[order], np.cumsum(np.bincount(inverse, minlength=len(units)))[:-1])
    strata = strata_of(real, purpose)[rows]
    unit_stratum = np.minimum.reduceat(strata[order], np.r_[0, np.cumsum(np.bincount(inverse))[:-1]]) if len(first) else strata
    noise = rng_at(seed, "dealt", *place).random(len(units))
    position = np.zeros(len(units))
    for stratum in np.unique(unit_stratum):
        inside = np.flatnonzero(unit_stratum == stratum)
        ranked = inside[np.argsort(noise[inside])]
        # Even positions per stratum, with a random start, interleave the strata in proportion.
        position[ranked] = (np.arange(len(ranked)) + noise[ranked[0]]) / len(ranked)
    return [members[k] for k in np.argsort(position, kind="stable")]


def _in_parts(real: Dataset, purpose: Purpose, units: list[np.ndarray], parts: int) -> list[np.ndarray]:
    """The records of these units in parts of like size, each with the strata in proportion.

    Dealt stratum by stratum, to the smallest part: taking every second unit of an order in which two equal classes take
    turns would give each part one class.
    """
    strata = strata_of(real, purpose)
    ordered = sorted(units, key=lambda members: int(strata[members].min()))
    dealt: list[list[np.ndarray]] = [[] for _ in range(parts)]
    sizes = np.zeros(parts, int)
    for members in ordered:
        part = int(sizes.argmin())
        dealt[part].append(members)
        sizes[part] += len(members)
    return [np.sort(np.concatenate(found)) for found in dealt]


def strata_of(real: Dataset, purpose: Purpose) -> np.ndarray:
    """A number per record to stratify by, rarest class first (quintiles for regression), shape (records,)."""
    if purpose.task == "regression":
        values = as_numbers(real.column(purpose.target))
        return np.searchsorted(np.quantile(values, [0.2, 0.4, 0.6, 0.8]), values)
    labels = as_text(real.column(purpose.target))
    names, codes, counts = np.unique(labels.astype(str), return_inverse=True, return_counts=True)
    del names
    return np.argsort(np.argsort(counts, kind="stable"))[codes]
