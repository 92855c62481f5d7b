"""Pool: where an arm's synthetic records come from. Refitted inside every fold, or a delivered file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from complement.core.condition import Condition
from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.request import Request
from complement.core.seed import seed_at


@dataclass(frozen=True)
class Ask:
    """A request whose size follows the data: `rows` for all real records, or `times` the number of real records.

    In a fold that learns from a share of the real records, the same share of `rows` is asked for.
    """

    where: Condition | None = None
    rows: int | None = None
    times: float | None = 1.0
    name: str = "all"

    def of(self, learnt: int, total: int) -> Request:
        size = self.rows * learnt / total if self.rows is not None else (self.times or 1.0) * learnt
        return Request(rows=max(1, round(size)), where=self.where, name=self.name)


@dataclass(frozen=True)
class Refit:
    """The generator is fitted anew on the learning part of every fold, with a seed of its own."""

    generator: Generator
    asks: tuple[Ask, ...] = (Ask(),)

    def make(self, train: Dataset, *, total: int, seed: int) -> Dataset:
        """The pool for one fold and seed. A short answer is an error: an arm with fewer records is another arm."""
        # A dataset of its own: whatever a generator does to what it was given, real only is trained on the records as they were.
        own = replace(train, tables=dict(train.tables))
        fitted = deepcopy(self.generator).fit(own, seed=seed_at(seed, "fit"))
        parts: list[Dataset] = []
        for number, ask in enumerate(self.asks):
            request = ask.of(train.rows, total)
            answer = fitted.generate(request, seed=seed_at(seed, "answer", number))
            if answer.records.rows < request.rows:
                reasons = "; ".join(failure.reason for failure in answer.failures) or "no reason given"
                raise GenerateError(
                    "generate-short",
                    f"{fitted!r} made {answer.records.rows} of {request.rows} records for '{request.name}': {reasons}.",
                    help="Widen the request's where, or use a generator that conditions, such as trees.",
                )
            parts.append(answer.records)
        pool = parts[0]
        for part in parts[1:]:
            pool = pool.concat(part)
        return pool

    def requested(self, train: Dataset, *, total: int) -> list[tuple[np.ndarray | None, int]]:
        """Per request: which real records meet its condition (None: all of them), and how many records are asked for."""
        return [
            (None if ask.where is None else ask.where.mask(train.records), ask.of(train.rows, total).rows) for ask in self.asks
        ]


@dataclass(frozen=True)
class Fixed:
    """A delivered file: the same records in every fold and for every seed."""

    records: Dataset

    def make(self, train: Dataset, *, total: int, seed: int) -> Dataset:
        del train, total, seed
        return self.records

    def requested(self, train: Dataset, *, total: int) -> list[tuple[np.ndarray | None, int]]:
        """Not known for a delivered file: no request came with it."""
        del train, total
        return []


Pool = Refit | Fixed
