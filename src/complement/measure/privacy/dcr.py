"""Distance to the closest record (DCR, NNDR): are synthetic records nearer to train than to fresh real ones? Finds bugs only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import CONFIDENCE
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.nearness import Space


@dataclass(frozen=True)
class DcrShare:
    """Whether synthetic records lie nearer to train than to as many tune records.

    "dcr_share": the share of them that do; ties count half. "nndr_share": the share whose nearest train record is nearer,
    measured by the second nearest (nearest-neighbour distance ratio), than the nearest tune record is. Without copying both are
    .5. **A bug detector only: passing proves nothing.** Each is a mean over all synthetic records, so that a file which holds
    150 real outliers, slightly recoded, passes with .51 (measured on Adult; Yao et al. 2025, 2505.01524, have more such cases).
    The interval (Clopper & Pearson 1934, with half counts) speaks of the synthetic records, given these real ones. At most
    `most_rows` real records a side and `most_synthetic` made ones are compared. Empty without tune.
    """

    most_rows: int = 5000
    most_synthetic: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows, most_synthetic=self.most_synthetic)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        size = min(context.train.rows, context.tune.rows, self.most_rows)
        made = self._drawn(synthetic, self.most_synthetic, "synthetic")
        train, tune = self._drawn(context.train, size, "train"), self._drawn(context.tune, size, "tune")
        space = Space.of(train, compared(context.schema))
        to_train, to_tune = (space.neighbours(made, side, count=min(2, size)) for side in (train, tune))
        return [
            _interval("dcr_share", _nearer(to_train[:, 0], to_tune[:, 0]), made.num_rows),
            _interval("nndr_share", _nearer(_ratio(to_train), _ratio(to_tune)), made.num_rows),
        ]

    def _drawn(self, records: Dataset, most: int, side: str) -> pa.Table:
        rows = rng_at(self.seed, "dcr", side).permutation(records.rows)[:most]
        return records.records.take(pa.array(np.sort(rows), pa.int64()))


def _nearer(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float((ours < theirs).sum() + 0.5 * (ours == theirs).sum())


def _ratio(near: np.ndarray) -> np.ndarray:
    """The nearest distance in units of the second nearest, shape (records,); 1 where both are 0."""
    return np.divide(near[:, 0], near[:, -1], out=np.ones(len(near)), where=near[:, -1] > 0)


def _interval(name: str, count: float, of: int) -> Score:
    from scipy.stats import beta

    rest = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(rest, count, of - count + 1)) if count > 0 else 0.0
    high = float(beta.ppf(1 - rest, count + 1, of - count)) if count < of else 1.0
    return Score(name, count / of, low, high, of, "target")
