"""Singling out: does a description taken from the synthetic file fit exactly one real person of train?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.core.values import as_numbers, as_text
from complement.measure.intervals import share
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.measure.privacy.lift import paired
from complement.models.nearness import MEASURED

NEAR = 0.01  # a number is described within so much of its range of 5 to 95 %: "about 52", not "52.0"
MORE = 1  # columns added once the description fits one synthetic record only: it then fits a stranger more rarely


@dataclass(frozen=True)
class SinglingOut:
    """How often a description made from one synthetic record fits exactly one train unit, beside how often one of tune.

    Singling out in the sense of the article 29 working party (WP216, 2014), measured beside people whom no generator saw, as
    Giomi et al. (2023) propose; own definition and code. A description names values of a made record, column after column in
    random order (a number within 1 % of its range), until it fits no other made record, and one column more. It succeeds where
    it fits exactly one unit, and nobody described before.

    "singled_out": share of the descriptions that single out a train unit; "singled_out_base": a unit among as many of tune;
    "singled_out_lift": the first less the second, pairwise. At most `attempts` made records are described and `most_rows` real
    records a side and made ones looked through, drawn from `seed`. Empty without tune, or where no description can be made.
    """

    attempts: int = 3000
    most_rows: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(attempts=self.attempts, most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows or not columns:
            return []
        size = min(context.train.rows, context.tune.rows, self.most_rows)
        (train, unit), (tune, other) = (
            self._drawn(real, size, side) for real, side in ((context.train, "members"), (context.tune, "non-members"))
        )
        rows = rng_at(self.seed, "singling", "synthetic").permutation(synthetic.rows)[: self.most_rows]
        made = synthetic.records.take(pa.array(rows, pa.int64()))
        described = [_described(column, (made, train, tune)) for column in columns]
        ours, theirs = self._attempted(described, unit, other)
        if not len(ours):
            return []
        return [share("singled_out", ours), share("singled_out_base", theirs), paired("singled_out_lift", ours, theirs)]

    def _drawn(self, real: Dataset, size: int, side: str) -> tuple[pa.Table, np.ndarray]:
        rows, unit = draw_whole_units(real.units(), size, self.seed, "singling", side)
        return real.records.take(pa.array(rows, pa.int64())), unit

    def _attempted(self, described: list[_Described], unit: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each description whether it singles out a new unit of train, and one of tune, two shapes (descriptions,)."""
        rng = rng_at(self.seed, "singling", "order")
        found: tuple[set[int], set[int]] = (set(), set())
        hits: list[tuple[bool, bool]] = []
        for place in range(min(self.attempts, len(described[0].sides[0]))):
            chosen = _telling(described, place, rng.permutation(len(described)))
            if not len(chosen):
                continue
            met = [_fitting([(described[c], place) for c in chosen], side) for side in (1, 2)]
            new: list[bool] = []
            for people, numbers, known in zip(met, (unit, other), found, strict=True):
                fits = np.unique(numbers[people])
                new.append(len(fits) == 1 and int(fits[0]) not in known)
                known.update(fits.tolist() if new[-1] else [])
            hits.append((new[0], new[1]))
        both = np.array(hits, bool).reshape(len(hits), 2)
        return both[:, 0], both[:, 1]


@dataclass(frozen=True)
class _Described:
    """One column of made, train and tune records as numbers, and how far two may lie apart to be described alike."""

    sides: tuple[np.ndarray, np.ndarray, np.ndarray]
    width: float


def _telling(described: list[_Described], place: int, order: np.ndarray) -> np.ndarray:
    """The columns, in this order, that tell the made record from all other made ones, and one more; none if none do."""
    like = np.arange(len(described[0].sides[0]))
    for count, column in enumerate(order, start=1):
        values = described[column].sides[0]
        like = like[np.abs(values[like] - values[place]) <= described[column].width]
        if len(like) == 1:
            return order[: count + MORE]
    return order[:0]


def _fitting(description: list[tuple[_Described, int]], side: int) -> np.ndarray:
    """Positions of the records of a side that the description fits."""
    like: np.ndarray | None = None
    for column, place in description:
        values, wanted = column.sides[side], column.sides[0][place]
        fits = np.abs((values if like is None else values[like]) - wanted) <= column.width
        like = np.flatnonzero(fits) if like is None else like[fits]
    return np.arange(0) if like is None else like


def _described(column: Column, tables: tuple[pa.Table, pa.Table, pa.Table]) -> _Described:
    if column.kind in MEASURED:
        sides = [as_numbers(records.column(column.name)) for records in tables]
        known = np.concatenate(sides[1:])
        known = known[np.isfinite(known)]
        low, high = np.quantile(known, (0.05, 0.95)) if len(known) else (0.0, 0.0)
        # A missing value is described as such: it stands where no number does.
        absent = 2 * (float(np.abs(known).max()) if len(known) else 0.0) + 1e9
        filled = [np.where(np.isfinite(values), values, absent) for values in sides]
        return _Described((filled[0], filled[1], filled[2]), NEAR * float(high - low))
    words = [pa.array(as_text(records.column(column.name)), pa.string()) for records in tables]
    codes = pa.concat_arrays(words).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(float)
    cuts = np.cumsum([len(one) for one in words])
    return _Described((codes[: cuts[0]], codes[cuts[0] : cuts[1]], codes[cuts[1] :]), 0.0)
