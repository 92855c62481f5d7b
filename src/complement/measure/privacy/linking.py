"""Linkability: do two halves of a person's record, held by different hands, lead to the same synthetic record?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.measure.privacy.coordinates import Coordinates, nearest
from complement.measure.privacy.lift import difference, mean

HALVINGS = 3  # random ways to deal the columns to two hands


@dataclass(frozen=True)
class Linkability:
    """How much more often both halves of a train record have the same nearest synthetic record than those of unseen records.

    Linkability in the sense of the article 29 working party (WP216, 2014), measured beside people whom no generator saw, as Giomi
    et al. (2023) propose; own definition and code: the columns are dealt to two hands at random, three times over; each hand
    looks for the nearest synthetic record by its half; linked are the two when it is the same one.

    "linked": share of such links among train; "linked_base": among tune; "linked_lift": the first less the second, with
    the interval of Agresti & Caffo (2000) over units. A unit counts once, by the mean of its records and the dealings. At most
    `most_rows` records a side and `most_synthetic` made ones, drawn from `seed`. Empty without tune or with fewer than 4 columns.
    """

    most_rows: int = 2000
    most_synthetic: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows, most_synthetic=self.most_synthetic)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows or len(columns) < 4:
            return []
        rows = rng_at(self.seed, "linking", "synthetic").permutation(synthetic.rows)[: self.most_synthetic]
        made = synthetic.records.take(pa.array(rows, pa.int64()))
        sides = [self._drawn(real, side) for real, side in ((context.train, "members"), (context.tune, "non-members"))]
        space = Coordinates.of(pa.concat_tables([sides[0][0], sides[1][0].cast(sides[0][0].schema)]), columns)
        blocks = space.blocks(made)
        ours, theirs = (self._linked(space.blocks(records), blocks, unit) for records, unit in sides)
        return [mean("linked", ours), mean("linked_base", theirs), difference("linked_lift", ours, theirs)]

    def _drawn(self, real: Dataset, side: str) -> tuple[pa.Table, np.ndarray]:
        rows, unit = draw_whole_units(real.units(), self.most_rows, self.seed, "linking", side)
        return real.records.take(pa.array(rows, pa.int64())), unit

    def _linked(self, real: list[np.ndarray], made: list[np.ndarray], unit: np.ndarray) -> np.ndarray:
        """Of each unit the share of its records and dealings that are linked, shape (units,)."""
        found = np.zeros(len(unit))
        for turn in range(HALVINGS):
            order = rng_at(self.seed, "linking", "halves", turn).permutation(len(real))
            hands = [np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])]
            one, other = (nearest(_joined(real, hand), _joined(made, hand)) for hand in hands)
            found += one == other
        return np.bincount(unit, found / HALVINGS) / np.bincount(unit)


def _joined(blocks: list[np.ndarray], places: np.ndarray) -> np.ndarray:
    return np.concatenate([blocks[place] for place in places], axis=1)
