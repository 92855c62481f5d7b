"""The shape of single columns: how far each is from the real one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import absent, as_numbers, as_text
from complement.measure.drawn import drawn
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.nearness import MEASURED


@dataclass(frozen=True)
class Shape:
    """How far single columns are off.

    "shape_error": the mean over the columns of the distance between the synthetic and the train distribution, 0 to 1. Numbers:
    the Kolmogorov-Smirnov distance of what is present, or the difference of the missing shares if that is more. All other
    columns: total variation, missing being a value. "shape_error_base": the same of tune, of which at most as many records are
    taken as there are synthetic ones: what chance alone gives. "shape_worst" and "shape_worst_base": both of the one column in
    which they are farthest apart. How columns hang together is not seen. At most `most_rows` records of each side are looked at.
    No interval: a distance is never below 0, so that chance adds to it, and what chance adds is the base.
    """

    most_rows: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        apart = self.by_column(synthetic, context)
        if not apart:
            return []
        made = min(synthetic.rows, self.most_rows)
        sides = (("", made), ("_base", 0 if context.tune is None else min(made, context.tune.rows)))
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
        train = drawn(context.train, self.most_rows, self.seed, "shape", "train")
        others = [drawn(synthetic, self.most_rows, self.seed, "shape", "synthetic")]
        if context.tune is not None and context.tune.rows:
            others.append(drawn(context.tune, others[0].rows, self.seed, "shape", "tune"))
        return {column.name: tuple(_apart(one, train, column) for one in others) for column in columns}


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
