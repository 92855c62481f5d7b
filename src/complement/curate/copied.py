"""Copied: candidates that repeat a real record, exactly or nearly, more often than fresh real records do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.seed import rng_at, seed_at
from complement.curate.nearest import Nearest
from complement.curate.prints import Nature, exact_prints, shuffled
from complement.curate.step import Found, Look, TableStep, compared

EQUAL = "equals a real record, more often than fresh real records do"
NEAR = "is nearer to a real record than other real records are, more often than fresh ones"
ALONE_EQUAL = "equals a real record that no other resembles"
ALONE_NEAR = "nearly equals a real record that no other resembles"
# So many times nearer than any other real record is. From five on (as in measure/privacy/twins.py) are 1 to 5 % of fresh real
# records, and of copies with 1 % of noise more than 92 % (docs/curate.md). Each level is held to its own rate: what lies fifty
# times nearer hardly ever happens, and must not hide among what happens to one in thirty.
NEARER = (5, 10, 20, 50)
ISOLATED = 0.05  # of the real records count as unlike all others: those with the emptiest surroundings (as in the privacy gate)
MOST_FRESH = 100_000  # unseen records by which the rates are told: to a thousandth, and more take minutes
_EQUAL, _NEAR, _BITS = 1, 2, 3  # in the lowest bits of a print: equal, or near, by level from _NEAR on


@dataclass(frozen=True, repr=False)
class Learnt:
    """What is kept of the real records: prints, the index of near ones, and the share of fresh ones that hit, by kind."""

    nature: Nature
    nearest: Nearest | None
    isolated: float  # of its nearest neighbour: from this distance on a real record is unlike all others
    rates: tuple[float, ...] = ()


@dataclass(frozen=True)
class Copied(TableStep):
    """Tags copies of real train records beyond the rate at which real records that were never learnt from repeat them.

    Equal: in all features and the target. Near: at least five times nearer to a real record than that one's nearest other real
    record (of another unit). The rate of both is measured on `context.tune`, and without it on train against itself, each record
    left out once. So many hits stay, chosen at random: were all taken out, what is never made would name the real records. A
    record that copies one of the 5 % with the emptiest surroundings is always tagged: real people do not coincide there.

    All train records are known for equal ones (12 bytes of each); near ones are looked for among `most_rows` of them, drawn
    from `seed`. A copy with a changed category is not near: it is as far as a neighbour.
    """

    most_rows: int = 100_000
    seed: int = 0
    needs = ("real",)
    learnt: Learnt | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.most_rows, bool) or not isinstance(self.most_rows, int) or self.most_rows < 2:
            raise UsageError("usage", f"most_rows={self.most_rows!r} is not a whole number from 2 on.")

    def prepared(self, context: Context) -> Self:
        if self.learnt is not None:
            return self
        columns, train = compared(context.schema), context.train
        nature = Nature.of_records(train, exact_prints(train, columns))
        if not columns or train.rows < 3:
            return replace(self, learnt=Learnt(nature, None, np.inf))
        nearest = Nearest.of(train, columns, most_rows=self.most_rows, seed=self.seed)
        loose = nearest.loose[np.isfinite(nearest.loose)]
        isolated = float(np.quantile(loose, 1 - ISOLATED)) if len(loose) else np.inf
        learnt = Learnt(nature, nearest, isolated)
        fresh = context.tune
        if fresh is not None and fresh.rows > MOST_FRESH:
            fresh = fresh.take(np.sort(rng_at(self.seed, "curate", "fresh").permutation(fresh.rows)[:MOST_FRESH]))
        kind = _hits(learnt, fresh, context)[0] if fresh is not None and fresh.rows else _left_out(learnt)
        rates = np.bincount(kind, minlength=_NEAR + len(NEARER)) / max(1, len(kind))
        return replace(self, learnt=replace(learnt, rates=tuple(rates.tolist())))

    def look(self, candidates: Dataset, context: Context) -> Look:
        if self.learnt is None or not candidates.rows:
            return Look(Found.nothing(candidates.rows), np.zeros((candidates.rows, 1), np.uint64))
        kind, alone, who = _hits(self.learnt, candidates, context)
        found = Found.where([(alone & (kind == _EQUAL), ALONE_EQUAL), (alone & (kind >= _NEAR), ALONE_NEAR)], candidates.rows)
        prints = np.where(kind > 0, (who << np.uint64(_BITS)) | kind.astype(np.uint64), np.uint64(0))
        return Look(found, prints[:, None])

    def settle(self, prints: np.ndarray) -> Found:
        learnt = self.learnt
        if learnt is None or not learnt.rates:
            return Found.nothing(len(prints))
        lot = shuffled(prints[:, 0], seed_at(self.seed, "curate", "copied"))
        kinds = (prints[:, 0] & np.uint64(2**_BITS - 1)).astype(np.int64)
        spare = [_excess(kinds == kind, rate, lot) for kind, rate in enumerate(learnt.rates) if kind >= _EQUAL]
        return Found.where([(spare[0], EQUAL), (np.logical_or.reduce(spare[1:]), NEAR)], len(prints))


def _hits(learnt: Learnt, candidates: Dataset, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each candidate: 0, _EQUAL or the level of _NEAR; whether the real record is unlike all others; a number of that one."""
    prints = exact_prints(candidates, compared(context.schema))
    times = learnt.nature.count(prints)
    kind = np.where(times > 0, _EQUAL, 0)
    if learnt.nearest is None:
        return kind, np.zeros(len(kind), bool), prints
    far, who = learnt.nearest.of_records(candidates)
    # The real record that a candidate equals may not be among those looked at: then what is nearest to both says how alone it is.
    room = np.where((kind == _EQUAL) & (far > 0), far, learnt.nearest.loose[who])
    kind = np.where(kind == _EQUAL, kind, _level(far, room))
    alone = (kind > 0) & (times < 2) & (room > 0) & (room >= learnt.isolated)
    return kind, alone, np.where(kind >= _NEAR, who.astype(np.uint64), prints)


def _level(far: np.ndarray, room: np.ndarray) -> np.ndarray:
    """0, or _NEAR and more: by which of the numbers NEARER a record is nearer than others are; shape of both."""
    level = np.zeros(len(far), np.int64)
    for number, times in enumerate(NEARER):
        level[(room > 0) & np.isfinite(room) & (far * times <= room)] = _NEAR + number
    return level


def _left_out(learnt: Learnt) -> np.ndarray:
    """The kind of hit that each train record would be, had it not been learnt from; shape (records looked at,)."""
    nearest = learnt.nearest
    if nearest is None:
        return np.zeros(0, np.int64)
    rows = np.arange(len(nearest))
    # Were a unit not there, the record nearest to it might have another for its own nearest.
    own = nearest.unit[nearest.first[nearest.first]] == nearest.unit[rows]
    room = np.where(own, nearest.second[nearest.first], nearest.loose[nearest.first])
    return np.where(nearest.loose == 0, _EQUAL, _level(nearest.loose, room))


def _excess(hit: np.ndarray, rate: float, lot: np.ndarray) -> np.ndarray:
    """True for each hit beyond the natural number, by lot; shape (records,)."""
    rows = np.flatnonzero(hit)
    spare = len(rows) - round(rate * len(hit))
    tagged = np.zeros(len(hit), bool)
    if spare > 0:
        tagged[rows[np.argsort(lot[rows], kind="stable")[:spare]]] = True
    return tagged
