"""Duplicates: candidates that repeat each other, exactly or nearly, more often than real records repeat each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from complement.core.condition import Condition
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.curate.prints import Nature, exact_prints, near_prints
from complement.curate.step import Found, Look, TableStep, compared

EQUAL = "equals another candidate, more often than real records do"
NEAR = "nearly equals another candidate, more often than real records do"


@dataclass(frozen=True)
class Duplicates(TableStep):
    """Tags the repeats beyond those that as many real records would show; the first of equal ones always stays.

    Near: equal to four significant digits, text but for case and blanks. How many repeats are natural is known from the real
    records (rarefaction and extrapolation, `Nature.repeats`); without any it is none. Of too many, those go first whose value is
    most over-represented against its share of the real records: a record that a generator repeats a hundred times, before two
    that agree as people do. All candidates are needed at once, 16 bytes of each. `where`: the condition under which they were
    asked for, so that they are held against the real records under it.
    """

    where: str | None = None
    learnt: tuple[Nature, Nature] | None = field(default=None, repr=False, compare=False)

    def prepared(self, context: Context) -> Self:
        if self.learnt is not None:
            return self
        columns, train = compared(context.schema), context.train
        if self.where is not None and train.rows:
            train = train.take(Condition.parse(self.where).mask(train.records))
        exact = Nature.of_records(train, exact_prints(train, columns))
        return replace(self, learnt=(exact, Nature.of_records(train, near_prints(train, columns))))

    def look(self, candidates: Dataset, context: Context) -> Look:
        columns = compared(context.schema)
        if not columns:
            prints = np.repeat(np.arange(candidates.rows, dtype=np.uint64)[:, None], 2, axis=1)
        else:
            prints = np.stack([exact_prints(candidates, columns), near_prints(candidates, columns)], axis=1)
        return Look(Found.nothing(candidates.rows), prints)

    def settle(self, prints: np.ndarray) -> Found:
        natures = self.learnt or (Nature.of(prints[:0, 0]),) * 2
        equal = _excess(prints[:, 0], natures[0])
        left = np.flatnonzero(~equal)
        near = np.zeros(len(prints), bool)
        near[left] = _excess(prints[left, 1], natures[1])
        return Found.where([(equal, EQUAL), (near, NEAR)], len(prints))


def _excess(prints: np.ndarray, nature: Nature) -> np.ndarray:
    """True for each repeat beyond what is natural, shape (records,)."""
    rows = len(prints)
    order = np.argsort(prints, kind="stable")
    ranked = prints[order]
    extra = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
    spare = len(extra) - round(nature.repeats(rows))
    tagged = np.zeros(rows, bool)
    if spare <= 0:
        return tagged
    nth = extra - np.searchsorted(ranked, ranked[extra])  # 1 for the second of equal ones
    over = (nth + 1) / (1 + rows * nature.share(ranked[extra]))
    worst = extra[np.lexsort((order[extra], -over))[:spare]]
    tagged[order[worst]] = True
    return tagged
