"""Hints: what a look at single columns says before anything is trained on all of them."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import Column
from complement.core.seed import rng_at
from complement.core.values import absent, as_numbers, as_text

NEARLY = 0.99  # of AUC, or of R2: hardly any single thing that is known before foretells so well
FEWEST = 10  # records of a class below which a single column may be right about all of them by chance
MOST = 5_000  # records of a class that are looked at: cheap on a large table, and the AUC does not depend on the classes' shares
FOLDS = 3
BINS, CLASS_BINS = 64, 16  # of a number: by quantiles of all records (regression), or of each class, so that rare ones have a say
SHOWN = 3


def empty_columns(real: Dataset) -> tuple[str, ...]:
    """A note where columns have no value at all."""
    empty = [name for name in real.schema.names() if real.column(name).null_count == real.rows]
    if not empty:
        return ()
    shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
    return (f"No record has a value in: {shown}; nothing can be learnt from it.",)


def known_after(real: Dataset, purpose: Purpose, *, rows: np.ndarray, unit: np.ndarray) -> tuple[str, ...]:
    """Notes on columns that may be known only after the outcome: see `foretelling`."""
    measure = "R2" if purpose.task == "regression" else "AUC"
    found = sorted(foretelling(real, purpose, rows=rows, unit=unit).items(), key=lambda pair: -pair[1])
    notes = [
        f"'{name}' alone, missing or not, foretells '{purpose.target}' nearly perfectly ({measure} {value:.3f}): is it known only"
        f" after the outcome? Then leave it out: --ignore {name}, or schema: {{{name}: {{role: ignore}}}}."
        for name, value in found[:SHOWN]
    ]
    rest = ", ".join(f"'{name}'" for name, _ in found[SHOWN:])
    return (*notes, f"The same holds of {rest}.") if rest else tuple(notes)


def foretelling(real: Dataset, purpose: Purpose, *, rows: np.ndarray, unit: np.ndarray) -> dict[str, float]:
    """Features that alone, missing cells included, foretell the target nearly perfectly, with their AUC (R2 of the target's ranks
    for a regression).

    By the mean of the target in each category or bin of a number, learnt from other units than it is judged on. With several
    classes the AUC is that of the class that is told worst. `rows`: positions of the records that may be learnt from; `unit`:
    the unit of each record of `real`, shape (records,).
    """
    rows, truth = _drawn(real, purpose, rows)
    if not truth.shape[1]:
        return {}
    records = real.take(rows)
    names = np.unique(unit[rows], return_inverse=True)[1]
    fold = (rng_at(0, "foretelling").permutation(int(names.max()) + 1) % FOLDS)[names]
    found: dict[str, float] = {}
    for column in real.schema.features():
        if column.name == purpose.target:
            continue
        told = _told(records, column, truth, fold, regression=purpose.task == "regression")
        value = _r2(truth[:, 0], told[:, 0]) if purpose.task == "regression" else _least_auc(truth, told)
        if value > NEARLY:
            found[column.name] = value
    return found


def _drawn(real: Dataset, purpose: Purpose, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which records are looked at, and the truth: the rank of a number, so that a few large ones do not decide, or for each
    class that is large enough whether it is that one."""
    from scipy.stats import rankdata

    order = rng_at(0, "foretelling", len(rows)).permutation(rows)
    if purpose.task == "regression":
        kept = np.sort(order[:MOST])
        return kept, rankdata(as_numbers(real.column(purpose.target).take(kept)))[:, None]
    labels = as_text(real.column(purpose.target))[order]
    classes = [np.flatnonzero(labels == name) for name in purpose.classes]
    kept = np.sort(np.concatenate([order[places[:MOST]] for places in classes]))
    large = [name for name, places in zip(purpose.classes, classes, strict=True) if len(places) >= FEWEST]
    told = as_text(real.column(purpose.target).take(kept))
    if len(large) < 2:
        return kept, np.zeros((len(kept), 0))
    return kept, np.stack([told == name for name in large[-1 if len(large) == 2 else 0 :]], axis=1).astype(float)


def _told(records: Dataset, column: Column, truth: np.ndarray, fold: np.ndarray, *, regression: bool) -> np.ndarray:
    """What the column says of each record by the records of other folds, shape of `truth` (records, classes)."""
    told = np.zeros_like(truth)
    numeric = column.kind in ("number", "integer", "date", "datetime")
    numbers = as_numbers(records.column(column.name)) if numeric else np.zeros(0)
    codes = np.zeros(0, int) if numeric else _codes(records, column)
    for one in range(FOLDS):
        train, test = fold != one, fold == one
        if not train.any() or not test.any():
            continue
        if numeric:
            codes = _bins(numbers, numbers[train], truth[train], regression=regression)
        size = int(codes.max()) + 1
        count = np.bincount(codes[train], minlength=size)
        for place in range(truth.shape[1]):
            mean = float(truth[train, place].mean())
            # One record of the mean: a value that few have says less than one that many have, and a new one nothing.
            sums = np.bincount(codes[train], truth[train, place], minlength=size)
            told[test, place] = ((sums + mean) / (count + 1))[codes[test]]
    return told


def _codes(records: Dataset, column: Column) -> np.ndarray:
    """A number per record for its category; of what is no category, such as text, only whether it is missing."""
    if column.kind not in ("category", "boolean"):
        return np.asarray(pc.is_null(records.column(column.name)).to_numpy(), int)
    words = as_text(records.column(column.name))
    missing = absent(words)
    return np.where(missing, 0, 1 + np.unique(np.where(missing, "", words).astype(str), return_inverse=True)[1])


def _bins(numbers: np.ndarray, known: np.ndarray, truth: np.ndarray, *, regression: bool) -> np.ndarray:
    """The bin of each number, by quantiles of the learnt ones; missing ones have their own."""
    parts = [np.ones(len(known), bool)] if regression else [truth[:, k] > 0 for k in range(truth.shape[1])]
    if not regression:
        parts.append(~np.any(parts, axis=0))
    edges: list[np.ndarray] = []
    for part in parts:
        values = known[part & ~np.isnan(known)]
        if len(values):
            edges.append(np.quantile(values, np.linspace(0, 1, (BINS if regression else CLASS_BINS) + 1)))
    found = np.unique(np.concatenate(edges)) if edges else np.zeros(1)
    return np.where(np.isnan(numbers), 0, 1 + np.searchsorted(found, numbers, side="left"))


def _least_auc(truth: np.ndarray, told: np.ndarray) -> float:
    from scipy.stats import rankdata

    least = 1.0
    for place in range(truth.shape[1]):
        met = truth[:, place] > 0
        ranks, inside = rankdata(told[:, place]), int(met.sum())
        least = min(least, float((ranks[met].sum() - inside * (inside + 1) / 2) / (inside * (len(met) - inside))))
    return least


def _r2(truth: np.ndarray, told: np.ndarray) -> float:
    spread = float(np.sum((truth - truth.mean()) ** 2))
    return 1 - float(np.sum((truth - told) ** 2)) / spread if spread > 0 else 0.0
