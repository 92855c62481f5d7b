"""Donors: the real values in each leaf, how far each may be smoothed, and draws that use each of them as often as another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from complement.generate.codec import reach

TURNS = 4  # to the next donor of a leaf
OWN = -1  # a donor that gives its own value and no echo of another column


@dataclass(frozen=True, repr=False)
class Donors:
    """Donors leaf after leaf: `start` has the shape (leaves + 1,), the others (donors,).

    A draw lies between `low` and `high`. `record` is the number of the unit (without units, the record) that each donor
    belongs to. `echo` is the number of the column whose value is repeated, or OWN; None where no donor is one. `cumulated` are
    the weights added up, None when all are equal. Inside a leaf donors stand in random order.
    """

    start: np.ndarray
    record: np.ndarray
    low: np.ndarray
    high: np.ndarray
    echo: np.ndarray | None
    cumulated: np.ndarray | None

    def draw(self, leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The number of a donor for each record in these leaves, shape (records,)."""
        share = systematic(leaf, rng)
        first, last = self.start[leaf], self.start[leaf + 1]
        if self.cumulated is None:
            return np.minimum(first + (share * (last - first)).astype(np.int64), last - 1)
        floor = np.where(first > 0, self.cumulated[first - 1], 0.0)
        total = self.cumulated[last - 1] - floor
        return np.searchsorted(self.cumulated, floor + share * total, side="right").clip(first, last - 1)

    def apart(self, at: np.ndarray, leaf: np.ndarray, used: Sequence[np.ndarray]) -> np.ndarray:
        """The same donors, but the next of the leaf where a record took another column from the same real record.

        No real record, and no one with several, is then put together again column by column. Where a leaf has no one else,
        nothing can be done.
        """
        first, size = self.start[leaf], np.diff(self.start)[leaf]
        at = at.copy()
        clash = np.arange(len(at))
        for _ in range(TURNS):
            record = self.record[at[clash]]
            hit = np.zeros(len(clash), bool)
            for column in used:
                hit |= column[clash] == record
            clash = clash[hit]
            if not len(clash):
                break
            at[clash] = first[clash] + (at[clash] - first[clash] + 1) % size[clash]
        return at

    def values(self, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A value between the ends of each of these donors, shape of `at`."""
        low, high = self.low[at], self.high[at]
        if self.high is self.low:
            return low
        return low + rng.random(len(at)) * (high - low)


def systematic(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers in [0, 1) that are evenly spread inside each group, with a random start; shape of `group`.

    Each of m records of a leaf takes another m-th of its donors. Independent draws would take some donors twice and others
    never; the clumps that this makes are what gives synthetic records away (Madow & Madow 1944 on systematic sampling).
    """
    count = len(group)
    if not count:
        return np.zeros(0)
    narrow = group.astype(np.uint16) if group.max() < 2**16 else group  # numpy sorts 16 bits by radix
    order = np.argsort(narrow, kind="stable")
    ordered = group[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    size = np.diff(np.r_[first, count])
    turn = rng.random(len(first))
    place = np.arange(count, dtype=float)
    place -= np.repeat(first - turn, size)
    place /= np.repeat(size, size)
    share = np.empty(count)
    share[order] = place
    return np.minimum(share, np.nextafter(1.0, 0.0))


@dataclass(frozen=True, repr=False)
class Offer:
    """What the records give as donors: codes of the column, which of them are atoms (True), echoes, weights."""

    codes: np.ndarray
    unit: np.ndarray  # whose record it is, by number
    atom: np.ndarray | None  # None: a category, whose codes are never smoothed
    echo: np.ndarray | None
    weight: np.ndarray | None
    within: tuple[np.ndarray, np.ndarray] | None  # the ends that smoothing never leaves, by record
    beside: tuple[np.ndarray, np.ndarray] | None  # those that it always reaches: no one's own number is given away as it is


def gathered(offer: Offer, rows: np.ndarray, leaf: np.ndarray, leaves: int, rng: np.random.Generator) -> Donors:
    """The donors `rows` in leaves of these numbers; a record may stand in several leaves."""
    codes = offer.codes[rows]
    mixed = rng.random(len(rows))
    if offer.atom is None:
        order = np.lexsort((mixed, leaf))
        low = high = codes[order]
    else:
        by_value = np.lexsort((codes, leaf))
        held = offer.atom[rows] if offer.echo is None else offer.atom[rows] | (offer.echo[rows] != OWN)
        below, above = reach(codes[by_value], leaf[by_value], held[by_value])
        if offer.within is not None and offer.beside is not None:
            free, at = ~held[by_value], rows[by_value]
            narrow = np.maximum(below, offer.within[0][at]), np.minimum(above, offer.within[1][at])
            below = np.where(free, np.minimum(narrow[0], offer.beside[0][at]), below)
            above = np.where(free, np.maximum(narrow[1], offer.beside[1][at]), above)
        again = np.lexsort((mixed, leaf[by_value]))
        order, low, high = by_value[again], below[again], above[again]
    start = np.append(0, np.cumsum(np.bincount(leaf, minlength=leaves)))
    echo = None if offer.echo is None else offer.echo[rows][order]
    cumulated = None if offer.weight is None else np.cumsum(offer.weight[rows][order])
    return Donors(start, offer.unit[rows][order].astype(np.int32), low, high, echo, cumulated)
