"""Outliers: candidates that no real neighbour supports."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.curate.nearest import Nearest
from complement.curate.step import Found, Look, TableStep, compared, no_prints

FAR = "lies farther from every real record than real records lie from each other"


@dataclass(frozen=True)
class Outliers(TableStep):
    """Tags each candidate whose nearest real record is farther than all but a share `alpha` of real records are from theirs.

    The distances are those of `Nearest`, over features and target, among at most `most_rows` real records drawn from `seed`. Of
    fresh real records about `alpha` are tagged, whatever the data: the rare, which models need most, are among them. That is why
    this step runs only when it is asked for.
    """

    alpha: float = 0.01
    most_rows: int = 50_000
    seed: int = 0
    needs = ("real",)
    learnt: tuple[Nearest, float] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise UsageError("usage", f"alpha={self.alpha!r} is not between 0 and 1.")

    def prepared(self, context: Context) -> Self:
        columns = compared(context.schema)
        if self.learnt is not None or not columns or context.train.rows < 1 / self.alpha:
            return self  # of fewer records nobody knows how far the farthest of so many lies
        nearest = Nearest.of(context.train, columns, most_rows=self.most_rows, seed=self.seed)
        loose = nearest.loose[np.isfinite(nearest.loose)]
        limit = float(np.quantile(loose, 1 - self.alpha)) if len(loose) else np.inf
        return replace(self, learnt=(nearest, limit))

    def look(self, candidates: Dataset, context: Context) -> Look:
        rows = candidates.rows
        if self.learnt is None or not rows:
            return Look(Found.nothing(rows), no_prints(rows))
        nearest, limit = self.learnt
        return Look(Found.where([(nearest.of_records(candidates)[0] > limit, FAR)], rows), no_prints(rows))
