"""Shuffle: every column permuted on its own. The control that keeps the margins and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from complement.core.condition import Condition
from complement.generate.records import Training
from complement.generate.tabular import Ask, TableGenerator


@dataclass
class Shuffle(TableGenerator):
    """Real values, each column in an order of its own: whatever columns say of each other is gone.

    A part of a condition that speaks of one column narrows that column alone, which is exact because columns are
    independent here; parts across columns (`or`) are met by bounded rejection, and a shortfall is a failure. Values
    are real ones: a control, not private.
    """

    name: ClassVar[str] = "shuffle"
    any_kind: ClassVar[bool] = True

    def _learn(self, training: Training, seed: int) -> None:
        """There is nothing to learn."""

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        table = training.table
        allowed = dict.fromkeys(table.column_names, np.ones(training.rows, bool))
        for part in ask.where.conjuncts() if ask.where is not None else []:
            condition = Condition(str(ask.where), part)
            columns = condition.columns()
            if len(columns) == 1:
                name = columns.pop()
                allowed[name] = allowed[name] & condition.mask(table)
        return pa.table(
            {name: table.column(name).take(_order(training, rows, np.flatnonzero(allowed[name]), ask.rng)) for name in allowed}
        )


def _order(training: Training, rows: int, among: np.ndarray, rng: np.random.Generator) -> pa.Array:
    """Positions in random order: whole permutations one after another, or draws by weight where weights differ."""
    if not training.even:
        return pa.array(training.pick(rows, rng, among))
    rounds = max(1, -(-rows // len(among)))
    return pa.array(np.concatenate([rng.permutation(among) for _ in range(rounds)])[:rows])
