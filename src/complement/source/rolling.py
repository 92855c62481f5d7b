"""Rolling origin: contiguous blocks of time, each judged by what was learnt from the blocks before it."""

from __future__ import annotations

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import ProveError, SchemaError, SplitError
from complement.core.partition import ALWAYS_TRAIN
from complement.core.purpose import Purpose
from complement.core.values import as_numbers, as_text

# Time blocks per fold within which errors may go together. Between 10 and 20: enough of them for a variance, and each
# long enough to hold what neighbours share (Kunsch 1989 lets both grow; Lahiri 2003 for the choice).
BLOCKS = 15


def roll(
    real: Dataset, purpose: Purpose, unit: np.ndarray, *, time: str | bool, folds: int
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The fold and the time block of each record, both of shape (records,), and notes.

    Time is cut into folds + 1 blocks of about equal size; equal times are never cut. The first is always train (-1),
    then come folds 0 to folds - 1. A unit that stretches over a cut stands wholly in its last block: no fold then learns
    from a unit that it is judged on, and nothing later than its own block is ever learnt. `time` True: the order of rows.
    """
    when = _times(real, time)
    part = _cut(when, folds + 1, str(time))
    last = np.full(int(unit.max()) + 1, -1)
    np.maximum.at(last, unit, part)
    moved = len(np.unique(unit[part < last[unit]]))
    fold = last[unit] + ALWAYS_TRAIN
    _check_parts(real, purpose, fold, folds)
    notes = ["The order of rows was taken as the order of time."] if time is True else []
    if moved:
        notes.append(f"{moved:,} units stretch over a cut in time; each stands wholly in its last block.")
    return fold, _blocks(when, unit, fold), tuple(notes)


def _times(real: Dataset, time: str | bool) -> np.ndarray:
    if isinstance(time, bool):
        return np.arange(real.rows, dtype=np.float64)
    try:
        when = as_numbers(real.column(time))
    except SchemaError as cause:
        if cause.code == "schema-column":
            raise
        raise SplitError(
            "split-time", f"The time column '{time}' holds text.", help="Write times like 2024-05-31 18:00, or as numbers."
        ) from cause
    missing = np.flatnonzero(np.isnan(when))
    if len(missing):
        raise SplitError(
            "split-time",
            f"{len(missing):,} records have no '{time}'; the first is record {missing[0] + 1}.",
            help="Leave these records out or fill in their time.",
        )
    return when


def _cut(when: np.ndarray, parts: int, name: str) -> np.ndarray:
    """The block of time of each record, 0 to parts - 1: equal counts as far as equal times stay together."""
    distinct, inverse, counts = np.unique(when, return_inverse=True, return_counts=True)
    if len(distinct) < parts:
        raise SplitError(
            "split-time", f"'{name}' has {len(distinct)} different times; {parts} blocks need as many.", help="Use fewer folds."
        )
    middle = (np.cumsum(counts) - counts / 2) / len(when)
    block = np.minimum((middle * parts).astype(int), parts - 1)
    # Large ties can leave a block empty: move up to the smallest assignment that skips none.
    for at in range(len(block)):
        lowest = parts - (len(block) - at)
        before = block[at - 1] if at else -1
        block[at] = min(max(block[at], lowest), before + 1) if block[at] > before else before
    return block[inverse]


def _check_parts(real: Dataset, purpose: Purpose, fold: np.ndarray, folds: int) -> None:
    for number in range(ALWAYS_TRAIN, folds):
        inside = fold == number
        name = "the first block, from which fold 0 learns," if number == ALWAYS_TRAIN else f"fold {number}"
        if not inside.any():
            raise SplitError(
                "split-time", f"No unit ends in {name.rstrip(',')}: units stretch over too much time.", help="Use fewer folds."
            )
        if purpose.task != "binary":
            continue
        words = as_text(real.column(purpose.target))[inside]
        for label in purpose.classes:
            if not (words == label).any():
                raise ProveError(
                    "prove-too-few",
                    f"In {name} no record of {len(words):,} has the class '{label}' of '{purpose.target}'.",
                    help="Use fewer folds: each block of time then holds more.",
                )


def _blocks(when: np.ndarray, unit: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """About 15 contiguous blocks of time inside each fold; a unit stands in the block of its last record."""
    latest = np.full(int(unit.max()) + 1, -np.inf)
    np.maximum.at(latest, unit, when)
    order = np.lexsort((unit, latest[unit], fold))
    block = np.empty(len(unit), np.int64)
    start = 0
    for number in np.unique(fold):
        rows = order[fold[order] == number]
        heads = np.append(True, unit[rows][1:] != unit[rows][:-1])
        place = np.maximum.accumulate(np.where(heads, np.arange(len(rows)), 0))  # of the first record of the same unit
        local = np.unique(place * BLOCKS // len(rows), return_inverse=True)[1]
        block[rows] = local + start
        start += int(local.max()) + 1
    return block
