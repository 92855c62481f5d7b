"""Membership by distance: members are nearer to their nearest synthetic record than people whom no generator saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import area, share
from complement.measure.privacy.attack import FPR, check_sizes, compared, draw_whole_units, most_of_units, threshold
from complement.models.nearness import Space


@dataclass(frozen=True)
class Membership:
    """How well the distance to the nearest synthetic record tells train (members) from tune (never seen).

    "membership_auc": .5 is chance; interval of DeLong et al. (1988), None below 30 on a side. "membership_tpr": share of
    members found at a false-positive rate of at most 1 %; "membership_fpr": of non-members, from whom the threshold
    comes. Both intervals are exact binomial; the upper end of the latter holds although the threshold was chosen on
    these records (an order statistic follows the same beta distribution). A unit with several records counts once,
    by the nearest of them. At most `most_rows` records a side and `most_synthetic` made ones are compared, drawn at
    random from `seed`. Empty without tune.
    """

    most_rows: int = 5000
    most_synthetic: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows, most_synthetic=self.most_synthetic)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        space = Space.of(context.train.records, compared(context.schema))
        rows = rng_at(self.seed, "membership", "synthetic").permutation(synthetic.rows)[: self.most_synthetic]
        made = synthetic.records.take(pa.array(np.sort(rows), pa.int64()))
        members = self._nearness(context.train, made, space, "members")
        others = self._nearness(context.tune, made, space, "non-members")
        least = threshold(others, FPR)
        return [
            area("membership_auc", members, others),
            share("membership_tpr", members > least),
            share("membership_fpr", others > least),
        ]

    def _nearness(self, real: Dataset, made: pa.Table, space: Space, side: str) -> np.ndarray:
        """Of each unit of a sample, minus the distance of its nearest record to the nearest made one, shape (units,)."""
        rows, unit = draw_whole_units(real.units(), self.most_rows, self.seed, "membership", side)
        return most_of_units(-space.nearest(real.records.take(pa.array(rows, pa.int64())), made), unit)
