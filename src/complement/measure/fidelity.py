"""Fidelity: how far synthetic records are from real ones, column by column, and to a classifier that looks at all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at, seed_at
from complement.core.values import absent, as_numbers, as_text
from complement.measure.intervals import area
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.learners import LightGBM
from complement.models.nearness import MEASURED

LEAST = 10  # records a side: two in each fold
ORIGIN, ANSWERS = "\0origin", ("real", "synthetic")  # a name that no file can give a column


@dataclass(frozen=True)
class Shape:
    """How far single columns are off.

    "shape_error": the mean over the columns of the distance between the synthetic and the train distribution, 0 to 1. Numbers:
    the Kolmogorov-Smirnov distance of what is present, or the difference of the missing shares if that is more. All other
    columns: total variation, missing being a value. "shape_error_base": the same of tune, of which at most as many records are
    taken as there are synthetic ones: what chance alone gives. "shape_worst" and "shape_worst_base": both of the one column in
    which they are farthest apart. How columns hang together is not seen. No interval.
    """

    seed: int = 0

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        apart = self.by_column(synthetic, context)
        if not apart:
            return []
        sides = (("", synthetic.rows), ("_base", 0 if context.tune is None else min(synthetic.rows, context.tune.rows)))
        means = [float(np.mean(distances)) for distances in zip(*apart.values(), strict=True)]
        scores = [
            Score(f"shape_error{side}", mean, None, None, rows, "low") for mean, (side, rows) in zip(means, sides, strict=False)
        ]
        if len(means) < 2:  # which column is off by more than chance, only tune tells
            return scores
        worst = max(apart.values(), key=lambda distances: distances[0] - distances[1])
        return scores + [
            Score(f"shape_worst{side}", far, None, None, rows, "low") for far, (side, rows) in zip(worst, sides, strict=True)
        ]

    def by_column(self, synthetic: Dataset, context: Context) -> dict[str, tuple[float, ...]]:
        """Of each column the distance of the made records from train and, where there is tune, that of tune."""
        columns = compared(context.schema)
        if not columns or not synthetic.rows or not context.train.rows:
            return {}
        others = [synthetic]
        if context.tune is not None and context.tune.rows:
            rows = rng_at(self.seed, "shape", "tune").permutation(context.tune.rows)[: synthetic.rows]
            others.append(context.tune.take(np.sort(rows)))
        return {column.name: tuple(_apart(one, context.train, column) for one in others) for column in columns}


@dataclass(frozen=True)
class C2st:
    """How well a classifier tells synthetic records from tune (Lopez-Paz & Oquab 2017, 1610.06545).

    "c2st_auc": LightGBM with its defaults, in 5-fold cross-validation over as many real as synthetic records, at most
    `most_rows` a side. .5: not told apart. "c2st_auc_base": the same of train beside tune; far from .5, these are not of
    one population, and the attacks measure that, too. Intervals of DeLong et al. (1988), as if the folds' scores were of one
    classifier; None below 30 a side. Empty without tune, or with fewer than 10 records a side: beside train itself, a copy in
    another fold would teach the classifier the wrong answer (AUC .06 for a copy of Adult).
    """

    most_rows: int = 5000
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows, folds=self.folds)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        if context.tune is None or not columns:
            return []
        pairs = (("c2st_auc", synthetic), ("c2st_auc_base", context.train))
        return [score for name, other in pairs for score in self._told(name, context.tune, other, columns)]

    def _told(self, name: str, real: Dataset, other: Dataset, columns: list[Column]) -> list[Score]:
        rows = min(real.rows, other.rows, self.most_rows)
        if rows < max(LEAST, self.folds):
            return []
        both = _labelled(self._drawn(real, rows, "real"), self._drawn(other, rows, name), columns)
        fold = np.tile(np.arange(rows) % self.folds, 2)  # both parts are in random order
        purpose = Purpose(ORIGIN, "binary", ANSWERS)
        told = np.zeros(2 * rows)
        for number in range(self.folds):
            train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            seed = seed_at(self.seed, "c2st", number)
            model = LightGBM().fit(both.take(train), purpose, weight=np.ones(len(train)), seed=seed)
            told[test] = model.predict(both.take(test)).column("score").to_numpy()
        return [replace(area(name, told[rows:], told[:rows]), better="target")]

    def _drawn(self, records: Dataset, rows: int, side: str) -> pa.Table:
        order = rng_at(self.seed, "c2st", side).permutation(records.rows)[:rows]
        return records.records.take(pa.array(order, pa.int64()))


def _labelled(real: pa.Table, made: pa.Table, columns: list[Column]) -> Dataset:
    """Real records, then made ones, with the column that says which; every other column is a feature."""
    names = [column.name for column in columns]
    real, made = real.select(names), made.select(names)
    both = pa.concat_tables([real, made.cast(real.schema)])
    origin = pa.array(np.repeat(ANSWERS, [real.num_rows, made.num_rows]))
    features = tuple(replace(column, role="feature") for column in columns)
    schema = Schema({"records": (*features, Column(ORIGIN, "category", "target"))})
    return Dataset.of(both.append_column(ORIGIN, origin), schema)


def _apart(one: Dataset, other: Dataset, column: Column) -> float:
    """The distance between two samples of one column, 0 to 1."""
    if column.kind not in MEASURED:
        return _variation(one, other, column)
    left, right = as_numbers(one.column(column.name)), as_numbers(other.column(column.name))
    known = [np.sort(values[~np.isnan(values)]) for values in (left, right)]
    missing = abs(len(known[0]) / len(left) - len(known[1]) / len(right))
    if not len(known[0]) or not len(known[1]):
        return missing
    every = np.concatenate(known)
    below = [np.searchsorted(values, every, side="right") / len(values) for values in known]
    return float(max(missing, np.abs(below[0] - below[1]).max()))


def _variation(one: Dataset, other: Dataset, column: Column) -> float:
    words = [as_text(side.column(column.name)) for side in (one, other)]
    # A sign in front, so that a missing value is none of the words.
    plain = [np.where(absent(part), "", np.char.add("=", np.where(absent(part), "", part).astype(str))) for part in words]
    values, places = np.unique(np.concatenate(plain), return_inverse=True)
    counts = [np.bincount(part, minlength=len(values)) / len(part) for part in (places[: one.rows], places[one.rows :])]
    return float(np.abs(counts[0] - counts[1]).sum() / 2)
