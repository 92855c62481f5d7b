"""Bootstrap: real records with replacement. The control that makes nothing new; it also carries several keyed tables."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.request import Answer, Request, Spent
from complement.core.seed import rng_at
from complement.generate.conditions import support
from complement.generate.keyed import Family
from complement.generate.records import Training, complete
from complement.generate.rules import Tally
from complement.generate.tabular import Ask, TableGenerator, answered


@dataclass
class Bootstrap(TableGenerator):
    """Real records drawn with replacement by weight, all of them under the request's condition.

    Identifiers, units and personal values are made anew; everything else is copied: a control, not private. Of several
    keyed tables the root is resampled, and each record brings its descendants under new keys.
    """

    name: ClassVar[str] = "bootstrap"
    any_kind: ClassVar[bool] = True
    many_tables: ClassVar[bool] = True

    _family: Family | None = field(default=None, init=False, repr=False, compare=False)

    def fit(self, real: Dataset, *, seed: int) -> Self:
        super().fit(real, seed=seed)
        self._family = Family.of(real) if len(real.tables) > 1 else None
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        if self._family is None:
            return super().generate(request, seed=seed)
        started = time.process_time()
        training = self._fitted(request)
        among = support(training, request.where, generator=self.name)
        rng = rng_at(seed, "generate", self.name, request.name)
        rows = training.pick(request.rows, rng, among)
        root = complete(training, training.table.take(pa.array(rows)), rng)
        tally = Tally()  # real records obey the rules, but what is drawn twice is not unique
        stays = tally.count(self._enforced.rules, root, request.where)
        rows, root = rows[stays], root.filter(pa.array(stays))
        tables = self._family.grow(training.places[rows], root, rng)
        spent = Spent(time.process_time() - started, request.rows, rejected=request.rows - len(rows))
        answer = answered(training, tables, request, seed=seed, generator=self.name, spent=spent, tally=tally)
        return replace(answer, notes=self._enforced.notes)

    def _learn(self, training: Training, seed: int) -> None:
        """There is nothing to learn."""

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        return training.table.take(pa.array(training.pick(rows, ask.rng, among)))
