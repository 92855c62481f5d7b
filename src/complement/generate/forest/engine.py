"""Forest: the default engine of one table. Trees over codes, donors used evenly, dependencies kept, privacy searched for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RequestError, UsageError
from complement.core.seed import rng_at
from complement.generate.forest.column import Setting
from complement.generate.forest.model import Model
from complement.generate.forest.search import Known, Tried, searched
from complement.generate.forest.suppress import nobody_shares, suppressed
from complement.generate.records import Training
from complement.generate.remake import Remaker
from complement.generate.tabular import Ask, TableGenerator, check_whole
from complement.generate.trees import draw_asked

Preset = Literal["private", "sharp"]
SHARP = Setting(5, window=0.002)
PRIVATE = Setting(20, folds=3, window=0.005, apart=True)  # where `min_leaf` is given and nothing is searched
RARE = {"private": 5, "sharp": 1}
MOST_CELLS, GROWN_ON = 600_000, (10_000, 50_000)  # records times columns that trees are grown on, and ends of the records
MOST_DONORS = 300_000  # records that may give values; a larger file is represented by a random sample


@dataclass
class Forest(TableGenerator):
    """Autoregressive trees: each column is drawn from a leaf of its tree, given the columns drawn before it.

    `preset` "private" (default) searches, on three tenths of the real records that are kept aside, for the closest setting whose
    records do not show who was learnt from; categories of fewer than `rare` records (5) and the extremes of numbers do not
    come out, and a column whose every value is rare is made anew in its format. "sharp" is the closest and fastest, for data
    that need no privacy; `rare` is 1. `min_leaf` (records) and `folds` (see `column.Setting`) fix what would be searched; the
    rest of the preset holds. Trees are grown on at most `most_rows` records (None: 10,000 to 50,000, fewer for more columns);
    all records up to 300,000 are donors, of more a random sample.

    Kept: points of mass, decimals, bounds, missing values with what they depend on, columns that follow from another one,
    pairs of values that never go together, values that repeat another column's. Conditions are met exactly: their columns
    come first. No formal privacy is promised; measure it (`complement audit`).

    Reiter 2005 and Nowok, Raab & Dibben 2016 for trees; even use of donors, cross-fitted leaves and echoes are our own
    (docs/forest.md says what each gave).
    """

    name: ClassVar[str] = "forest"

    preset: Preset = "private"
    min_leaf: int | None = None
    folds: int | None = None
    rare: int | None = None
    most_rows: int | None = None

    tried: tuple[Tried, ...] = field(default=(), init=False, repr=False, compare=False)
    _model: Model | None = field(default=None, init=False, repr=False, compare=False)
    _unit: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False, compare=False)
    _names: dict[str, Remaker] = field(default_factory=dict[str, Remaker], init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.preset not in RARE:
            raise UsageError("usage", f"preset={self.preset!r} is neither 'private' nor 'sharp'.")
        for name, low in (("min_leaf", 1), ("folds", 1), ("rare", 1), ("most_rows", 2)):
            value = getattr(self, name)
            if value is not None:
                check_whole(name, value, low=low)

    @property
    def setting(self) -> Setting | None:
        """How the columns are grown; None before `fit`."""
        return None if self._model is None else self._model.setting

    def fit(self, real: Dataset, *, seed: int) -> Self:
        """Learn from real records; with a unit column, whole units are kept aside and never put together again."""
        self._unit = real.units()
        return super().fit(real, seed=seed)

    def _learn(self, training: Training, seed: int) -> None:
        rng = rng_at(seed, "forest")
        rows = np.arange(training.rows)
        if training.rows > MOST_DONORS:
            rows = np.sort(rng.choice(training.rows, MOST_DONORS, replace=False))
        least = self.rare or RARE[self.preset]
        table = training.table if len(rows) == training.rows else training.table.take(pa.array(rows))
        codes = {name: training.codes[name].encode(table.column(name)) for name in table.column_names}
        named = [name for name, values in codes.items() if nobody_shares(training.codes[name], values, least)]
        self._names = {name: Remaker.of(training.column(name), training.table.column(name)) for name in named}
        codes = {
            name: suppressed(training.codes[name], values, least, rng) for name, values in codes.items() if name not in named
        }
        unit = np.unique(self._unit[training.places][rows], return_inverse=True)[1]
        setting, self.tried = self._setting(training, codes, unit, seed)
        weight = None if training.even else training.weight[rows]
        most = self.most_rows or int(np.clip(MOST_CELLS // max(len(codes), 1), *GROWN_ON))
        target = next((c.name for c in training.schema.with_role("target") if c.name in codes), None)
        self._model = Model.of(training.codes, codes, weight, setting, unit=unit, most_rows=most, seed=seed, target=target)

    def _setting(
        self, training: Training, codes: dict[str, np.ndarray], unit: np.ndarray, seed: int
    ) -> tuple[Setting, tuple[Tried, ...]]:
        tried: tuple[Tried, ...] = ()
        setting = SHARP if self.preset == "sharp" else PRIVATE
        if self.preset == "private" and self.min_leaf is None:
            columns = [training.column(name) for name in codes]
            setting, tried = searched(Known(training.codes, codes, columns, training.decoded, unit), seed=seed)
        if self.min_leaf is not None:
            setting = replace(setting, min_leaf=self.min_leaf)
        if self.folds is not None:
            setting = replace(setting, folds=self.folds)
        return setting, tried

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        model = self._model
        if model is None:
            raise GenerateError("generate-fit", f"'{self.name}' was asked for records before it was fitted.", help="Call fit.")
        made: dict[str, np.ndarray] = {}
        if ask.where is not None:
            asked = model.together([name for name in model.codes if name in ask.where.columns()])
            if ask.where.columns() <= set(asked):
                among = np.flatnonzero(ask.where.mask(training.decoded({name: model.codes[name] for name in asked})))
            else:
                among = among[:0]
            if not len(among):
                raise RequestError(
                    "request-impossible",
                    f"Every real record under the condition has a value that fewer than {self.rare or RARE[self.preset]} share.",
                    where=str(ask.where),
                    help="Widen the condition, or lower rare= (private makes no one's rare values).",
                )
            made = draw_asked(training, dict(model.codes), asked, rows, among, ask)
        table = training.decoded(model.draw(made, rows, ask.rng))
        for name, remaker in self._names.items():
            table = table.append_column(name, remaker.make(rows, ask.rng))
        return table
