"""Pairs of columns: whether they hang together as in real records, by one number each and by all of their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.associations import associations
from complement.measure.coded import Table, learn
from complement.measure.drawn import drawn, equal_sides
from complement.measure.privacy.attack import check_sizes, compared


@dataclass(frozen=True)
class Pairs:
    """How far each two columns are from hanging together as they do in train.

    "pairs_error": the mean over all pairs of |association of the synthetic records - that of train|, 0 to 2 (0 to 1 but for
    two numbers of opposite sign); the associations are those of `measure.associations`. "pairs_worst": of the pair farthest
    off. "joint_error": the mean over all pairs of the total variation distance between both distributions of the two
    columns together, 0 to 1, numbers in 10 bins of train and categories in their 30 most frequent values: it also sees values
    that were swapped. Each with "_base", the same of as many tune records: what chance alone gives; "pairs_worst_base" is of
    the pair farthest off there, another one. At most `most_rows` records a side. No interval, as none of `Shape`. What only
    three columns together show is not seen. Empty with fewer than two columns or records.
    """

    most_rows: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        scores: list[Score] = []
        for side, (hang, joint, rows) in zip(("", "_base"), self._apart(synthetic, context), strict=False):
            one_each = np.triu_indices(len(hang), 1)
            scores += [
                Score(f"pairs_error{side}", float(hang[one_each].mean()), None, None, rows, "low"),
                Score(f"pairs_worst{side}", float(hang[one_each].max()), None, None, rows, "low"),
                Score(f"joint_error{side}", float(joint[one_each].mean()), None, None, rows, "low"),
            ]
        return scores

    def worst(self, synthetic: Dataset, context: Context) -> tuple[str, str, int] | None:
        """The names of the two columns whose association is farthest off, beyond that of tune, and among how many records a
        side; None without a pair."""
        told = self._apart(synthetic, context)
        found = [hang for hang, *_ in told]
        if not found:
            return None
        beyond = np.triu(found[0] - (found[1] if len(found) > 1 else 0), 1)
        if not (beyond > 0).any():
            return None
        one, other = np.unravel_index(int(beyond.argmax()), beyond.shape)
        names = [column.name for column in compared(context.schema)]
        return names[int(one)], names[int(other)], told[0][2]

    def _apart(self, synthetic: Dataset, context: Context) -> list[tuple[np.ndarray, np.ndarray, int]]:
        """Of each side the differences of the associations and of the joint distributions, (columns, columns), and its rows."""
        columns = compared(context.schema)
        if len(columns) < 2 or min(synthetic.rows, context.train.rows) < 2:
            return []
        train = drawn(context.train, self.most_rows, self.seed, "pairs", "train")
        codes = learn(train, columns)
        hang, table = associations(train, codes), Table.of(train, codes)
        found: list[tuple[np.ndarray, np.ndarray, int]] = []
        for side in equal_sides(synthetic, context, self.most_rows, self.seed, "pairs"):
            joint = Table.of(side, codes).apart(table)
            found.append((np.abs(associations(side, codes) - hang), joint, side.rows))
        return found
