"""Attribute inference: who knows the rest of a person's record, does the synthetic file tell them the secret column?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.core.values import absent, as_numbers, as_text
from complement.measure.intervals import MIN_UNITS
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.measure.privacy.coordinates import Coordinates, nearest_without
from complement.measure.privacy.lift import difference
from complement.models.nearness import MEASURED

CLOSE = 0.05  # a number counts as guessed within so much of its range of 5 to 95 %: as sensitive as a class of twenty
BOTH = (-1.0, 1.0)


@dataclass(frozen=True)
class Attributes:
    """How much better the synthetic file guesses a secret column of train than of unseen people, beyond what a hold-out guesses.

    For each secret column an attacker knows all other compared columns of a person, looks for the nearest synthetic record and
    takes its value: right when equal, or within 5 % of a number's range. A second one does so with reference records, one half of
    tune, and knows the population alone. **Lift**: how much more often the first is right than the second, among train less among
    the other half of tune. What follows from the population (smokers cough) lifts both alike and does not count.

    "attribute_lift": mean over the secrets, -1 to 1, 0 without a leak. "attribute_lift_most": of the secret column with the
    greatest low end, with an interval that holds for all of them at once. Intervals: Agresti & Caffo (2000), over units; a unit
    counts once, by the mean of its records. `secrets`: names of columns; default: the target, then the others, at most
    `most_secrets`. At most `most_rows` records a side are attacked, with `most_synthetic` made ones and as many reference ones.
    Empty without tune, with fewer than 30 units on a side, or with fewer than 2 columns. Unknown secrets are not counted.
    """

    secrets: tuple[str, ...] = ()
    most_secrets: int = 16
    most_rows: int = 2000
    most_synthetic: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_secrets=self.most_secrets, most_rows=self.most_rows, most_synthetic=self.most_synthetic)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        sides = self._lifts(synthetic, context)
        if not sides:
            return []
        ours, theirs = (np.mean([lifts[side] for lifts in sides.values()], axis=0) for side in (0, 1))
        scores = [difference("attribute_lift", ours, theirs, span=BOTH)]
        most = max(self._by_column(sides).values(), key=lambda score: score.low or 0.0)
        return [*scores, most]

    def by_column(self, synthetic: Dataset, context: Context) -> Mapping[str, Score]:
        """The lift of each secret column, with intervals that hold for all of them at once."""
        return self._by_column(self._lifts(synthetic, context))

    @staticmethod
    def _by_column(sides: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Mapping[str, Score]:
        looks = len(sides)
        return {name: difference("attribute_lift_most", *lifts, span=BOTH, looks=looks) for name, lifts in sides.items()}

    def _secret(self, columns: list[Column]) -> list[int]:
        if self.secrets:
            return [place for place, column in enumerate(columns) if column.name in self.secrets]
        return sorted(range(len(columns)), key=lambda place: columns[place].role != "target")[: self.most_secrets]

    def _lifts(self, synthetic: Dataset, context: Context) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """By secret: per unit of members and of non-members how much oftener the synthetic file is right, shapes (units,)."""
        tune, columns = context.tune, compared(context.schema)
        if tune is None or not tune.rows or not context.train.rows or not synthetic.rows or len(columns) < 2:
            return {}
        unit = tune.units()
        units = int(unit.max()) + 1
        unseen = np.isin(unit, rng_at(self.seed, "attributes", "tune").permutation(units)[: units // 2])
        if not unseen.any() or unseen.all():
            return {}
        reference = self._drawn(tune.take(~unseen), self.most_synthetic, "reference")[0]
        made = synthetic.records.take(
            pa.array(rng_at(self.seed, "attributes", "made").permutation(synthetic.rows)[: self.most_synthetic], pa.int64())
        )
        people = [
            self._drawn(side, self.most_rows, name)
            for name, side in (("members", context.train), ("non-members", tune.take(unseen)))
        ]
        if min(int(numbers.max()) + 1 for _, numbers in people) < MIN_UNITS:
            return {}
        space = Coordinates.of(reference, columns)
        secrets = self._secret(columns)
        sources = [(records, space.blocks(records)) for records in (made, reference)]
        gains: list[np.ndarray] = []
        for records, numbers in people:
            right = [_right(records, space.blocks(records), source, secrets, space) for source in sources]
            count = np.bincount(numbers)
            gains.append(np.array([np.bincount(numbers, gain) / count for gain in right[0] - right[1]]))
        return {columns[place].name: (gains[0][turn], gains[1][turn]) for turn, place in enumerate(secrets)}

    def _drawn(self, records: Dataset, most: int, side: str) -> tuple[pa.Table, np.ndarray]:
        rows, unit = draw_whole_units(records.units(), most, self.seed, "attributes", side)
        return records.records.take(pa.array(rows, pa.int64())), unit


def _right(
    asked: pa.Table, blocks: list[np.ndarray], source: tuple[pa.Table, list[np.ndarray]], secrets: list[int], space: Coordinates
) -> np.ndarray:
    """1 where the source's nearest record tells the secret, 0 where not or where it is unknown, shape (secrets, records)."""
    found = nearest_without(blocks, source[1], secrets)
    right = np.zeros(found.shape)
    for turn, place in enumerate(secrets):
        column, known = space.columns[place], space.known[place]
        sides = (asked.column(column.name), source[0].column(column.name))
        if column.kind in MEASURED:
            low, high = np.quantile(known, (0.05, 0.95)) if len(known) else (0.0, 0.0)
            truth, said = (as_numbers(side) for side in sides)
            right[turn] = np.abs(truth - said[found[turn]]) <= CLOSE * float(high - low)
        else:
            truth, said = (as_text(side) for side in sides)
            right[turn] = (truth == said[found[turn]]) & ~absent(truth)
    return right
