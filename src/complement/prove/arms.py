"""Arms: the ways to train that a trial compares, as real and synthetic records with a weight each.

Weight w in [0, 1]: the real records sum to (1 - w) n and the synthetic ones to w n, n being the number of real records, so
that regularisation does not move. w = 0 is real only, w = 1 is synthetic only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from complement.core.contracts import Learner
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose, Slice
from complement.core.seed import rng_at
from complement.core.values import as_text
from complement.prove.repeats import repeated

# Class shares that differ by less, in points and as a share of the class itself, are the same prior: re-weighting would train
# the same model. Half a point is nothing to a class of 40 %, and doubles one of 0.5 %.
SAME_MASS, SAME_SHARE = 0.005, 0.1

REAL, ARM = "real only", "arm"
CLASS_WEIGHTS, COPIES = "class weights", "copies of the requested records"
REGULARISED, THRESHOLD = "stronger regularisation", "threshold move"
COMPETITORS = (CLASS_WEIGHTS, COPIES, REGULARISED, THRESHOLD)


@dataclass(frozen=True)
class Training:
    """Records and weights to train on; `same_as` names an arm that trains on exactly the same, `note` why it does not apply."""

    records: Dataset | None
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))
    note: str = ""


def real_mass(train: Dataset) -> np.ndarray:
    """The records' own weights, scaled to sum to their number, shape (records,)."""
    total = float(train.weight.sum())
    return train.weight * (train.rows / total) if total > 0 else np.ones(train.rows)


def mixed(train: Dataset, pool: Dataset, w: float) -> Training:
    """Real and synthetic records at arm weight w; parts of weight 0 are left out."""
    real = (1 - w) * real_mass(train)
    if w == 0:
        return Training(train, real)
    made = real_mass(pool) * (w * train.rows / pool.rows)
    if w == 1:
        return Training(pool, made)
    return Training(train.concat(pool), np.concatenate([real, made]))


def class_weighted(train: Dataset, pool: Dataset, w: float, purpose: Purpose) -> Training:
    """Real records only, re-weighted to the class mass that the arm has: what a prior shift alone would give."""
    if purpose.task == "regression":
        return Training(None, note="a regression target has no classes")
    mass = real_mass(train)
    labels, made = as_text(train.column(purpose.target)), as_text(pool.column(purpose.target))
    made_mass = real_mass(pool) / pool.rows
    factor = np.ones(train.rows)
    moved = False
    for value in purpose.classes:
        share = float(mass[labels == value].sum()) / train.rows
        wanted = (1 - w) * share + w * float(made_mass[made == value].sum())
        moved = moved or abs(wanted - share) >= min(SAME_MASS, SAME_SHARE * share)
        if share > 0:
            factor[labels == value] = wanted / share
    if not moved:
        return Training(None, note="the arm has the class mass of the real records")
    return Training(train, mass * factor)


def copied(train: Dataset, lots: Sequence[tuple[np.ndarray | None, int]], w: float, *, made: int) -> Training:
    """Real records only, the requested ones repeated to the mass that the synthetic ones have in the arm.

    `made`: how many records the pool has. Learners that count records (the fewest in a leaf, the size of a batch) get as
    many copies, each of its share of the mass, because more rows alone loosen such settings. 0: mass is all that counts.
    """
    lots = lots or [(None, made)]  # a delivered file names no request: then copies of all
    if not made and all(mask is None for mask, _ in lots):
        return Training(None, note="copies of all records weigh as much as the records themselves")
    base = real_mass(train)
    whole = sum(rows for _, rows in lots)
    extra = np.zeros(train.rows)
    for mask, rows in lots:
        met = np.ones(train.rows, bool) if mask is None else mask
        total = float(base[met].sum())
        if total == 0:
            return Training(None, note="no real record meets a request")
        extra += np.where(met, base * (w * train.rows * rows / whole / total), 0.0)
    if not made or w == 0:
        return Training(train, (1 - w) * base + extra)
    rows = np.repeat(np.arange(train.rows), _even_counts(extra / extra.sum() * made))
    shared = np.full(len(rows), extra.sum() / len(rows))
    if w == 1:
        return Training(repeated(train, rows), shared)
    return Training(repeated(train, np.concatenate([np.arange(train.rows), rows])), np.concatenate([(1 - w) * base, shared]))


def _even_counts(shares: np.ndarray) -> np.ndarray:
    """Whole numbers with the same sum that are nearest to these shares, spread evenly; shape (records,)."""
    return np.diff(np.floor(np.concatenate([[0.0], np.cumsum(shares)]) + 0.5)).astype(int)


def implied(train: Dataset, pool: Dataset, part: Slice | None) -> list[tuple[np.ndarray | None, int]]:
    """What a pool that was asked for nothing in particular gives more of all the same: records of the primary slice.

    A file with only that slice is met with copies of it, as a request for it would be. Empty where there is no such slice,
    or no more of it than among the real records.
    """
    if part is None:
        return []
    inside, met = part.where.mask(pool.records), part.where.mask(train.records)
    rows = int(inside.sum())
    if not met.any() or rows / pool.rows <= (1 + SAME_SHARE) * float(real_mass(train)[met].sum()) / train.rows:
        return []
    return [(met, rows), (None, pool.rows - rows)]


def same_training(one: Training, other: Training) -> bool:
    """Whether two trainings on the real records weigh them alike, so that one fit serves both."""
    return one.records is not None and one.records is other.records and np.allclose(one.weight, other.weight, rtol=1e-9)


def fit(learner: Learner, training: Training, purpose: Purpose, *, seed: int) -> Learner:
    """The learner, fitted. Records of weight 0 are left out; a learner that ignores weights gets resampled records."""
    from copy import deepcopy

    records, weight = training.records, training.weight
    if records is None:
        raise ValueError(f"nothing to fit: {training.note}")
    if not getattr(learner, "weighted", True):
        records = repeated(records, resampled(weight, seed=seed))
        weight = np.ones(records.rows)
    elif (weight == 0).any():
        records, weight = records.take(weight > 0), weight[weight > 0]
    return deepcopy(learner).fit(records, purpose, weight=weight, seed=seed)


def resampled(weight: np.ndarray, *, seed: int) -> np.ndarray:
    """Positions that repeat each record in proportion to its weight (systematic resampling), as many as there are records."""
    if np.ptp(weight) == 0:
        return np.arange(len(weight))
    steps = np.cumsum(weight) / weight.sum() * len(weight)
    start = rng_at(seed, "resample").random()
    return np.searchsorted(steps, np.arange(len(weight)) + start, side="right").clip(max=len(weight) - 1)
