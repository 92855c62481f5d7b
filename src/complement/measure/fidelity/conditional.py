"""Columns within each class: whether those of a class look as real records of that class do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.coded import Table, learn
from complement.measure.drawn import drawn, equal_sides
from complement.measure.privacy.attack import check_sizes, compared

LEAST = 10  # real records of a class; below it, its columns have no distribution to speak of
PARTS = 5  # of a target that is a number, each with as many real records
MOST_CLASSES = 50  # as many as a purpose may have


@dataclass(frozen=True)
class Conditional:
    """How far the columns are off within each class of the target, or within each fifth of a target that is a number.

    "conditional_error": the total variation distance between the synthetic and the train distribution of a column within a
    class, 0 to 1, as a mean over columns and classes, each class counting the same: a rare class that is made badly shows, and
    one that is not made at all is 1 off. "conditional_worst": of the class that is farthest off. Each with "_base", the
    same of as many tune records: what chance alone gives, more for rarer classes. Numbers are cut into 10 bins of train.
    Classes with fewer than 10 train records are left out. At most `most_rows` records a side. No interval, as none of
    `Shape`. How columns hang together within a class is not seen. Empty without a target, another column, and a class.
    """

    most_rows: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        scores: list[Score] = []
        for side, (apart, rows) in zip(("", "_base"), self._apart(synthetic, context), strict=False):
            scores += [
                Score(f"conditional_error{side}", float(apart.mean()), None, None, rows, "low"),
                Score(f"conditional_worst{side}", float(apart.max()), None, None, rows, "low"),
            ]
        return scores

    def _apart(self, synthetic: Dataset, context: Context) -> list[tuple[np.ndarray, int]]:
        """Of each side the distance of each class, shape (classes,), a mean over columns, and how many records it has."""
        target = context.schema.target
        others = [column for column in compared(context.schema) if target is not None and column.name != target.name]
        if target is None or not others or not synthetic.rows or not context.train.rows:
            return []
        train = drawn(context.train, self.most_rows, self.seed, "conditional", "train")
        codes = [*learn(train, [target], bins=PARTS, most_levels=MOST_CLASSES), *learn(train, others)]
        real = Table.of(train, codes)
        classes = np.flatnonzero(np.diag(real.block(0, 0)) >= LEAST)
        if not len(classes):
            return []
        sides = equal_sides(synthetic, context, self.most_rows, self.seed, "conditional")
        found = [np.zeros((len(others), len(classes))) for _ in sides]
        for apart, side in zip(found, sides, strict=True):
            made = Table.of(side, codes)
            for place in range(len(others)):
                shares = [_within(table.block(0, place + 1)[classes]) for table in (real, made)]
                apart[place] = np.abs(shares[0] - shares[1]).sum(axis=1) / 2
            apart[:, np.diag(made.block(0, 0))[classes] == 0] = 1.0
        return [(apart.mean(axis=0), side.rows) for apart, side in zip(found, sides, strict=True)]


def _within(counts: np.ndarray) -> np.ndarray:
    """Shares within each class (row); of a class that is not there all are 0."""
    return counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
