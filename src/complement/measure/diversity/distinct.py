"""Repeats: how many different values and records there are among so many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import absent, as_text
from complement.measure.drawn import drawn, equal_sides
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.fingerprint import fingerprints

FEW = 2  # a column with fewer different values in train cannot lose any


@dataclass(frozen=True)
class Distinct:
    """Whether synthetic records repeat themselves more, or less, than real ones do.

    "distinct_values": the number of different values of a column over that among as many train records, the mean over the
    columns with at least two of them; 1 is as many as in train, more are possible. "distinct_records": the share of different
    records among the synthetic ones, over all compared columns. Each with "_base", the same of as many tune records. At
    most `most_rows` records a side. No interval: with resampled records there are always fewer different ones. Which values are
    repeated is not seen, and whether they are the right ones. Empty without records or columns.
    """

    most_rows: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        sides = equal_sides(synthetic, context, min(self.most_rows, context.train.rows), self.seed, "distinct")
        rows = sides[0].rows
        if not columns or not rows:
            return []
        train = drawn(context.train, rows, self.seed, "distinct", "train")
        before = {column.name: _values(train, column) for column in columns}
        counted = [column for column in columns if before[column.name] >= FEW]
        scores: list[Score] = []
        for name, side in zip(("", "_base"), sides, strict=False):
            if counted:
                ratio = float(np.mean([_values(side, column) / before[column.name] for column in counted]))
                scores.append(Score(f"distinct_values{name}", ratio, None, None, rows, "target"))
            different = len(np.unique(fingerprints(side.records, [column.name for column in columns]))) / rows
            scores.append(Score(f"distinct_records{name}", different, None, None, rows, "target"))
        return scores


def _values(records: Dataset, column: Column) -> int:
    words = as_text(records.column(column.name))
    return len(np.unique(words[~absent(words)].astype(str)))
