"""Rare values: words that only one person of train has, met again in made records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import as_text
from complement.measure.intervals import share
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.models.nearness import MEASURED


@dataclass(frozen=True)
class RareValues:
    """Share of the words (diagnoses, towns) that one train unit has and no tune one, which a made record holds.

    "rare_repeated": over all compared columns of categories or text; "rare_repeated_base": the same of the words that one tune
    unit has and no train one: how often anybody's rare word is met by chance. As many units of both are compared, drawn from
    `seed`, and all made records. Intervals: Clopper & Pearson (1934), over words. Empty without tune or such a column.
    """

    most_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = [column for column in compared(context.schema) if column.kind not in MEASURED]
        if context.tune is None or not context.tune.rows or not context.train.rows or not columns:
            return []
        most = min(context.train.rows, context.tune.rows, self.most_rows)
        sides = [self._drawn(real, most, side) for real, side in ((context.train, "members"), (context.tune, "non-members"))]
        found: tuple[list[bool], list[bool]] = ([], [])
        for column in columns:
            words = [_units_by_word(real, column) for real in sides]
            made = {word for word in as_text(synthetic.column(column.name)) if word is not None}
            for side, own, other in ((found[0], *words), (found[1], *reversed(words))):
                side += [word in made for word, units in own.items() if units == 1 and word not in other]
        return [share("rare_repeated", np.array(found[0], bool)), share("rare_repeated_base", np.array(found[1], bool))]

    def _drawn(self, real: Dataset, most: int, side: str) -> Dataset:
        rows, _ = draw_whole_units(real.units(), most, self.seed, "rare", side)
        return real.take(np.sort(rows))


def _units_by_word(real: Dataset, column: Column) -> dict[str, int]:
    """How many units have each word."""
    words = pa.array(as_text(real.column(column.name)), pa.string())
    pairs = pa.table({"word": words, "unit": real.units()}).filter(words.is_valid())
    counts = pairs.group_by("word").aggregate([("unit", "count_distinct")])
    return dict(zip(counts.column("word").to_pylist(), counts.column("unit_count_distinct").to_pylist(), strict=True))
