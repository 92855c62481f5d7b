"""Near copies: real records that a made one repeats in all but two columns, or in any four, told from coincidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import share
from complement.measure.privacy.agreement import Agreement, Sides, above, rates
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.measure.privacy.groups import groups

LEFT_OUT = 2  # columns in which a near copy may differ: one that was changed, and one that follows from it
MOST_SETS = 600  # sets of columns that are left out; all pairs of 34 columns are fewer
KEPT = 4  # columns that a part of a record agrees in: of two records dealt out at random each keeps four together in one of 16
PARTS = 100  # sets of four; of records dealt out over two others, twelve of them or so hold, for each person
WIDE = KEPT + LEFT_OUT  # with no more columns parts are near copies


@dataclass(frozen=True)
class NearCopies:
    """How many train records are repeated so tellingly, in most columns or in a few, as no unseen record is.

    **near**: left out in turn are no column, each one, and each two. **part**: kept are four at a time, 100 sets drawn at random.
    Where a made record agrees with a real one, and with no other real unit, the real one has gained **evidence**: -log2 of the
    share of real records, of train and tune, which a made one meets so. What chance meets easily counts little, and a copy with
    one column changed is met in many ways. Values agree exactly and, in a second pass, with numbers in steps of 1/25 of their
    range; the pass in which a record stands higher counts.

    "near_tpr": share of train with more evidence than all but 3 tune records; "near_fpr": of tune. "near_tpr_at_0.001",
    "near_fpr_at_0.001", and "_at_0.003": the same where .1 and .3 % of tune are more than 3. "part_tpr" and so on: by parts, from
    7 columns on. "near_rare_tpr", "near_busy_tpr" and "_fpr": near_tpr among a group (see `groups`), by the same threshold.
    Intervals are exact binomial. A unit counts once, by the best of its records. At most `most_rows` records of each file, drawn
    from `seed`, are held against all others by hashes: time goes with n log n, so that few leaked people are met in large files,
    too. Empty without tune, or with fewer than 3 columns.
    """

    most_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        if len(columns) <= LEFT_OUT:
            return []
        train, tune = self._drawn(context.train, "members"), self._drawn(context.tune, "non-members")
        order = rng_at(self.seed, "near", "synthetic").permutation(synthetic.rows)[: self.most_rows]
        made = synthetic.records.take(pa.array(np.sort(order), pa.int64()))
        units = (train.units(), tune.units())
        agreement = Agreement.of(train.records, tune.records, units, made, columns)
        near = agreement.places(self._left_out(len(columns)), kept=False)
        scores = [*rates("near", near), *_of_groups(near, units, groups(train, tune))]
        if len(columns) > WIDE:
            scores += rates("part", agreement.places(self._kept(len(columns)), kept=True))
        return scores

    def _drawn(self, real: Dataset, side: str) -> Dataset:
        rows, _ = draw_whole_units(real.units(), self.most_rows, self.seed, "near", side)
        return real.take(rows)

    def _left_out(self, columns: int) -> list[tuple[int, ...]]:
        pairs = list(combinations(range(columns), LEFT_OUT))
        if len(pairs) > MOST_SETS:
            pairs = [pairs[place] for place in np.sort(rng_at(self.seed, "near", "pairs").permutation(len(pairs))[:MOST_SETS])]
        return [(), *((place,) for place in range(columns)), *pairs]

    def _kept(self, columns: int) -> list[tuple[int, ...]]:
        rng = rng_at(self.seed, "near", "parts")
        return sorted({tuple(sorted(rng.permutation(columns)[:KEPT].tolist())) for _ in range(PARTS)})


def _of_groups(found: Sides, units: Sides, masks: Mapping[str, Sides]) -> list[Score]:
    """The share of each group that is above the threshold for all, of members and of non-members."""
    least, scores = above(found[1]), list[Score]()
    for name, within in masks.items():
        for rate, place, unit, mask in zip(("tpr", "fpr"), found, units, within, strict=True):
            scores.append(share(f"near_{name}_{rate}", place[np.unique(unit[mask])] > least))
    return scores
