"""Trees: one CART per column given the columns before it. The default generator of one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from complement.core.seed import rng_at, seed_at
from complement.generate.codec import atoms, is_in, reach
from complement.generate.leaves import Leaves, Predictor, grow
from complement.generate.records import Training
from complement.generate.tabular import Ask, TableGenerator, check_whole


@dataclass(frozen=True, repr=False)
class Grown:
    """The records that trees are grown on: `name` keeps samples for different conditions apart."""

    name: str
    rows: np.ndarray
    weight: np.ndarray | None


@dataclass
class SequentialTrees(TableGenerator):
    """Draws column after column from the leaves of regression and classification trees.

    Columns go in file order, those that a condition speaks of first: these are drawn together from the real records
    that are under it, the others given them, so that conditions hold without rejection. Numbers are smoothed between
    neighbours in the leaf; values that many records share, missing among them, are emitted exactly. `min_leaf`: the
    fewest real records in a leaf; lower is closer to the real data and copies more of them. `most_rows`: trees are grown on
    at most so many records (those under the condition first, then a random sample that stands for the rest by weight).
    A tree is grown when a request first needs it, so that a condition pays for one order of columns, not for two.

    Reiter 2005, "Using CART to generate partially synthetic public use microdata"; Nowok, Raab & Dibben 2016
    (synthpop). No privacy is promised: categories and exact values come from real records.
    """

    name: ClassVar[str] = "trees"

    min_leaf: int = 20
    most_rows: int = 50_000

    _seed: int = field(default=0, init=False, repr=False, compare=False)
    _codes: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray], init=False, repr=False, compare=False)
    _predictors: dict[str, Predictor] = field(default_factory=dict[str, Predictor], init=False, repr=False, compare=False)
    _seen: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray], init=False, repr=False, compare=False)
    _leaves: dict[tuple[str, ...], Leaves] = field(
        default_factory=dict[tuple[str, ...], Leaves], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        check_whole("min_leaf", self.min_leaf, low=1)
        check_whole("most_rows", self.most_rows, low=2)

    def _learn(self, training: Training, seed: int) -> None:
        self._seed, self._leaves = seed, {}
        self._codes = training.encoded()
        self._predictors = {name: Predictor.of(training.codes[name], codes) for name, codes in self._codes.items()}
        self._seen = {name: self._predictors[name].seen(codes) for name, codes in self._codes.items()}

    def _column(self, training: Training, name: str, before: list[str], grown: Grown) -> Leaves:
        """The leaves of a column given those before it, fitted once; a condition asks for orders of its own."""
        before = [other for other in self._codes if other in before]  # file order: the same set is the same tree
        place = (grown.name, name, *before)
        if place not in self._leaves:
            coded = {n: len(c.levels) + 1 for n in before if (c := training.codes[n]).levels is not None}
            self._leaves[place] = grow(
                training.codes[name],
                self._codes[name][grown.rows],
                {other: self._seen[other][grown.rows] for other in before},
                coded,
                weight=grown.weight,
                min_leaf=self.min_leaf,
                seed=seed_at(self._seed, "trees", *place),
            )
        return self._leaves[place]

    def _grown_on(self, training: Training, among: np.ndarray, ask: Ask) -> Grown:
        """All records where there are few enough; else those under the condition and a sample of the others."""
        if training.rows <= self.most_rows:
            return Grown("", np.arange(training.rows), None if training.even else training.weight)
        text = "" if ask.where is None else ask.where.text
        rng = rng_at(self._seed, "rows", text)
        rest = np.setdiff1d(np.arange(training.rows), among) if text else np.arange(training.rows)
        kept = among if text else among[:0]
        if len(kept) > self.most_rows // 2:
            kept = rng.choice(kept, self.most_rows // 2, replace=False)
        drawn = rng.choice(rest, min(len(rest), self.most_rows - len(kept)), replace=False)
        weight = training.weight.copy()
        weight[drawn] *= len(rest) / max(len(drawn), 1)
        weight[kept] *= len(among) / max(len(kept), 1)
        rows = np.sort(np.concatenate([kept, drawn]))
        return Grown(text, rows, weight[rows])

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        asked = [name for name in self._codes if ask.where is not None and name in ask.where.columns()]
        made = draw_asked(training, self._codes, asked, rows, among, ask)
        seen = {name: self._predictors[name].seen(codes) for name, codes in made.items()}
        grown = self._grown_on(training, among, ask)
        for name in self._codes:
            if name not in made:
                made[name] = self._column(training, name, list(made), grown).draw(seen, rows, ask.rng)
                seen[name] = self._predictors[name].seen(made[name])
        return training.decoded(made)


def draw_asked(
    training: Training, codes: dict[str, np.ndarray], asked: list[str], rows: int, among: np.ndarray, ask: Ask
) -> dict[str, np.ndarray]:
    """The columns that a condition speaks of, drawn together from the real records under it: always met.

    Numbers are smoothed as in a leaf; a record that smoothing would take out of the condition keeps its real numbers.
    """
    if not asked or ask.where is None:
        return {}
    at = ask.rng.integers(0, len(among), rows) if training.even else np.searchsorted(among, training.pick(rows, ask.rng, among))
    exact = {name: codes[name][among[at]] for name in asked}
    smooth = dict(exact)
    for name in asked:
        code = training.codes[name]
        if code.numeric:
            order = np.argsort(codes[name][among], kind="stable")
            values = codes[name][among][order]
            low, high = reach(values, np.zeros(len(values)), is_in(values, atoms(codes[name])))
            place = np.empty(len(order), np.int64)
            place[order] = np.arange(len(order))
            low, high = low[place[at]], high[place[at]]
            smooth[name] = code.rounded(low + ask.rng.random(rows) * (high - low))
    if any(training.codes[name].numeric for name in asked):
        met = ask.where.mask(training.decoded(smooth))
        smooth = {name: np.where(met, smooth[name], exact[name]) for name in asked}
    return smooth
