"""Pool: where an arm's synthetic records come from. Refitted inside every fold, or a delivered file."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from math import ceil

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


# Per request: which real records meet its condition (None: all of them), and how many made ones there are of it.
Lots = list[tuple[np.ndarray | None, int]]
Finder = Callable[[Dataset], tuple[Ask, ...]]  # learning records -> requests for their gaps
# Made records, learning records, the condition under which they were asked for -> positions of those that are kept.
Keeper = Callable[[Dataset, Dataset, Condition | None], np.ndarray]
TURNS = 4  # of drawing, where the keeper leaves records out
SPARE = 1.1  # of what the share kept suggests
MOST = 10  # times the request: what loses nine in ten is not refilled


@dataclass(frozen=True)
class Refit:
    """The generator is fitted anew on the learning part of every fold, with a seed of its own.

    `finder` adds requests for the gaps of that part; `keeper` names the made records that are kept. Both see the learning part
    and nothing else, so that what they choose is inside what is judged. What is left out is made again, in up to four turns.
    """

    generator: Generator
    asks: tuple[Ask, ...] = (Ask(),)
    finder: Finder | None = None
    keeper: Keeper | None = None
    refill: bool = True

    def make(self, train: Dataset, *, total: int, seed: int) -> Dataset:
        """The pool for one fold and seed. A short answer is an error: an arm with fewer records is another arm."""
        return self.drawn(train, total=total, seed=seed)[0]

    def drawn(self, train: Dataset, *, total: int, seed: int) -> tuple[Dataset, Lots]:
        """The pool, and which real records each part of it gives more of: what was kept of a request, not what was asked for,
        so that copies of the requested records are dealt as the made ones are."""
        # A dataset of its own: whatever a generator does to what it was given, real only is trained on the records as they were.
        own = replace(train, tables=dict(train.tables))
        fitted = deepcopy(self.generator).fit(own, seed=seed_at(seed, "fit"))
        asks = self.asked(train)
        parts = [
            self._filled(fitted, ask.of(train.rows, total), own, seed_at(seed, "answer", number))
            for number, ask in enumerate(asks)
        ]
        pool = parts[0]
        for part in parts[1:]:
            pool = pool.concat(part)
        met = [None if ask.where is None else ask.where.mask(train.records) for ask in asks]
        return pool, [(mask, part.rows) for mask, part in zip(met, parts, strict=True)]

    def asked(self, train: Dataset) -> tuple[Ask, ...]:
        """What the generator is asked for when it learns from these records: the requests, and the gaps that are found."""
        found = self.finder(train) if self.finder is not None else ()
        # Where nothing lacks, more of everything is the only request that is left.
        return (*self.asks, *found) or (Ask(),)

    def scaled(self, share: float) -> Refit:
        """The same pool when only this share of the real records takes part: `rows` of a request shrink with them."""
        return replace(
            self, asks=tuple(ask if ask.rows is None else replace(ask, rows=max(1, round(ask.rows * share))) for ask in self.asks)
        )

    def _filled(self, fitted: Generator, request: Request, train: Dataset, seed: int) -> Dataset:
        """The request's records after the keeper. Where too few are kept, all are drawn anew, more of them: identifiers of two
        drawings would repeat each other. What is beyond the request is cut off: no choice, as records are in random order."""
        if self.keeper is None:
            return _answered(fitted, request, seed)
        wanted, most = request.rows, MOST * request.rows
        turn = 0
        while True:
            made = _answered(fitted, replace(request, rows=wanted), seed_at(seed, "turn", turn) if turn else seed)
            kept = self.keeper(made, train, request.where)
            turn += 1
            if len(kept) >= request.rows or wanted >= most or not self.refill or turn == TURNS:
                break
            wanted = min(most, ceil(SPARE * request.rows * made.rows / max(1, len(kept))))
        if not len(kept):
            met = f"Curation leaves out every record that {fitted!r} made for '{request.name}'."
            raise GenerateError("generate-short", met, help="Look at the funnel of complement curate, and drop a step or a rule.")
        return made.take(np.sort(kept[: request.rows]))


def _answered(fitted: Generator, request: Request, seed: int) -> Dataset:
    answer = fitted.generate(request, seed=seed)
    if answer.records.rows < request.rows:
        reasons = "; ".join(failure.reason for failure in answer.failures) or "no reason given"
        raise GenerateError(
            "generate-short",
            f"{fitted!r} made {answer.records.rows} of {request.rows} records for '{request.name}': {reasons}.",
            help="Widen the request's where, or use a generator that conditions, such as trees.",
        )
    return answer.records


@dataclass(frozen=True)
class Fixed:
    """A delivered file: the same records in every fold and for every seed."""

    records: Dataset

    def make(self, train: Dataset, *, total: int, seed: int) -> Dataset:
        del train, total, seed
        return self.records

    def drawn(self, train: Dataset, *, total: int, seed: int) -> tuple[Dataset, Lots]:
        """The file; no request came with it."""
        return self.make(train, total=total, seed=seed), []


Pool = Refit | Fixed
