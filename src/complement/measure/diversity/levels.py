"""Categories: which of the real ones are still there, and how much room the rare ones have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import absent, as_text
from complement.measure.drawn import drawn, equal_sides
from complement.measure.means import mean_score
from complement.measure.privacy.attack import check_sizes, compared

LEAST = 5  # train records of a level; a rarer one may be somebody, and is better not repeated
RARE = 0.01  # share of train up to which a level is rare


class Kept(NamedTuple):
    """Of one column: how many levels train has, and how many of them are among the synthetic and the tune records."""

    levels: int
    synthetic: int
    tune: int | None


@dataclass(frozen=True)
class Levels:
    """Whether the values of categories are all there.

    "levels_kept": of the values that at least 5 train records have, the share that occurs among the synthetic records, over
    all columns of categories and booleans together. "tail_mass": the share of the cells of those columns that hold a rare value,
    one that at most 1 % of train, but at least 5 of its records have; columns without one are left out. Each with
    "_base", the same of as many tune records: chance, too, misses rare values. At most `most_rows` records a side. "tail_mass"
    has a normal interval over units; "levels_kept" none, as levels are no sample of anything. Whether a value stands in the
    right records is not seen. Empty without such columns; without rare values there is no "tail_mass".
    """

    most_rows: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        kept = self.by_column(synthetic, context)
        levels = sum(one.levels for one in kept.values())
        if not levels:
            return []
        sides = self._sides(synthetic, context)
        names = ("", "_base")[: len(sides)]
        counts = [sum(one.synthetic for one in kept.values()), sum(one.tune or 0 for one in kept.values())]
        scores = [
            Score(f"levels_kept{name}", count / levels, None, None, levels, "high")
            for name, count in zip(names, counts, strict=False)
        ]
        train = self._train(context)
        rare = {column.name: _frequent(train, column, most=RARE) for column in _named(context)}
        rare = {name: words for name, words in rare.items() if words}
        if rare:
            scores += [_tail(f"tail_mass{name}", side, rare) for name, side in zip(names, sides, strict=True)]
        return scores

    def by_column(self, synthetic: Dataset, context: Context) -> dict[str, Kept]:
        """Of each column of categories how many values are kept: counts only, never a value."""
        if not synthetic.rows or not context.train.rows:
            return {}
        train, sides = self._train(context), self._sides(synthetic, context)
        found: dict[str, Kept] = {}
        for column in _named(context):
            levels = _frequent(train, column)
            counts = [len(levels & set(as_text(side.column(column.name)))) for side in sides]
            found[column.name] = Kept(len(levels), counts[0], counts[1] if len(counts) > 1 else None)
        return found

    def _train(self, context: Context) -> Dataset:
        return drawn(context.train, self.most_rows, self.seed, "levels", "train")

    def _sides(self, synthetic: Dataset, context: Context) -> list[Dataset]:
        return equal_sides(synthetic, context, self.most_rows, self.seed, "levels")


def _named(context: Context) -> list[Column]:
    return [column for column in compared(context.schema) if column.kind in ("category", "boolean")]


def _frequent(train: Dataset, column: Column, *, most: float = 1.0) -> set[str]:
    """The values that at least 5 train records have, and at most the share `most` of them."""
    words = as_text(train.column(column.name))
    names, counts = np.unique(words[~absent(words)].astype(str), return_counts=True)
    return {str(name) for name in names[(counts >= LEAST) & (counts <= most * train.rows)]}


def _tail(name: str, side: Dataset, rare: dict[str, set[str]]) -> Score:
    held = [np.isin(as_text(side.column(column)), list(words)) for column, words in rare.items()]
    return mean_score(name, np.mean(held, axis=0), side.units(), better="target", most=1.0)
