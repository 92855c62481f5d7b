"""Forest: the default engine of one table. Trees over codes, donors used evenly, dependencies kept, privacy searched for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa

from complement.core.condition import Condition
from complement.core.errors import RequestError, UsageError
from complement.core.seed import rng_at
from complement.generate.codec import Code
from complement.generate.forest.asked import drawn_under, model_under
from complement.generate.forest.column import Setting
from complement.generate.forest.dependencies import dependencies
from complement.generate.forest.model import Model
from complement.generate.forest.search import Known, Tried, searched
from complement.generate.forest.spans import Span, as_ends, as_spans, spans, told_by
from complement.generate.forest.suppress import nobody_shares, shared, suppressed
from complement.generate.forest.twins import Twins
from complement.generate.records import Training
from complement.generate.remake import Remaker
from complement.generate.tabular import Ask, TableGenerator, check_whole

Preset = Literal["private", "sharp"]
SHARP = Setting(5, window=0.002)
PRIVATE = Setting(20, folds=3, window=0.02, apart=True)  # where `min_leaf` is given and nothing is searched
RARE = {"private": 5, "sharp": 1}
MOST_CELLS, GROWN_ON = 600_000, (10_000, 50_000)  # records times columns that trees are grown on, and ends of the records
FEW = 50  # records: a smaller table hides nobody
MOST_DONORS = 300_000  # records that may give values; a larger file is represented by a random sample


@dataclass
class Forest(TableGenerator):
    """Autoregressive trees: each column is drawn from a leaf of its tree, given the columns drawn before it.

    `preset` "private" (default) searches, on three tenths of the real records that are kept aside, for the closest setting whose
    records do not show who was learnt from; nothing comes out as it is that fewer than `rare` units (5) share, exact copies are
    no more frequent than among real units, and a column whose every value is rare is made anew in its format. "sharp" is the
    closest and fastest, for data that need no privacy; `rare` is 1. `min_leaf` (records) and `folds` (see `column.Setting`) fix
    what would be searched; the rest of the preset holds. Trees are grown on at most `most_rows` records (None: 10,000 to
    50,000, fewer for more columns); all records up to 300,000 are donors, of more a random sample.

    Kept: points of mass, decimals, bounds, missing values with what they depend on, columns that follow from another one, the
    order of two dates, pairs of values that never go together, values that repeat another column's. Records under a condition
    come from a model of the real records under it. No formal privacy is promised; measure it (`complement audit`).

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
    _spans: tuple[Span, ...] = field(default=(), init=False, repr=False, compare=False)
    _twins: Twins | None = field(default=None, init=False, repr=False, compare=False)
    _under: dict[str, Model | None] = field(default_factory=dict[str, Model | None], init=False, repr=False, compare=False)
    _told: tuple[str, ...] = field(default=(), init=False, repr=False, compare=False)
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

    def _learn(self, training: Training, seed: int) -> None:
        rng = rng_at(seed, "forest")
        rows = np.arange(training.rows)
        if training.rows > MOST_DONORS:
            rows = np.sort(rng.choice(training.rows, MOST_DONORS, replace=False))
        least = self.rare or RARE[self.preset]
        table = training.table if len(rows) == training.rows else training.table.take(pa.array(rows))
        unit = np.unique(training.unit[rows], return_inverse=True)[1]
        raw = {name: training.codes[name].encode(table.column(name)) for name in table.column_names}
        self._spans = tuple(spans(raw, training.codes))
        codings = {**training.codes, **{span.high: span.code for span in self._spans}}
        raw = as_spans(raw, self._spans)
        named = [name for name, values in raw.items() if nobody_shares(codings[name], values, least, unit)]
        self._names = {name: Remaker.of(training.column(name), training.table.column(name)) for name in named}
        raw = {name: values for name, values in raw.items() if name not in named}
        codes = {name: suppressed(codings[name], values, least, unit, rng) for name, values in raw.items()}
        self._told = (*_changes(training, codings, raw, named, least, unit), *self._chosen(training, unit))
        self._model, self._under = None, {}
        self._twins = Twins.of(raw, unit) if raw and self.preset == "private" else None
        if not codes:  # every value is somebody's own
            return
        # What followed from a value that was exchanged follows from the new one.
        for one in dependencies(raw, codings, unit, least):
            codes[one.target] = one.restored(codes[one.source])
        known = Known(codings, codes, [training.column(name) for name in codes], self._decoder(training), unit)
        setting, self.tried = self._setting(known, least, seed)
        weight = None if training.even else training.weight[rows]
        most = self.most_rows or int(np.clip(MOST_CELLS // max(len(codes), 1), *GROWN_ON))
        target = next((c.name for c in training.schema.with_role("target") if c.name in codes), None)
        model = Model.of(codings, codes, weight, setting, unit=unit, most_rows=most, seed=seed)
        self._model = replace(model, target=target)

    def _setting(self, known: Known, least: int, seed: int) -> tuple[Setting, tuple[Tried, ...]]:
        tried: tuple[Tried, ...] = ()
        setting = replace(SHARP if self.preset == "sharp" else PRIVATE, least=least)
        if self.preset == "private" and self.min_leaf is None:
            setting, tried = searched(known, least=least, seed=seed)
        if self.min_leaf is not None:
            setting = replace(setting, min_leaf=self.min_leaf)
        if self.folds is not None:
            setting = replace(setting, folds=self.folds)
        return setting, tried

    def _decoder(self, training: Training) -> Callable[[Mapping[str, np.ndarray]], pa.Table]:
        return lambda codes: training.decoded(as_ends(codes, self._spans))

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        model = self._model
        codes: dict[str, np.ndarray] = {}
        if ask.where is not None:
            codes = self._asked(training, ask.where, rows, ask.rng)
        elif model is not None:
            codes = model.draw({}, rows, ask.rng)
        if model is not None and self._twins is not None:
            fixed = {name: codes[name] for name in self._columns_of(ask.where)}
            codes = self._twins.thinned(codes, fixed, lambda kept, few: model.draw(kept, few, ask.rng), ask.rng)
        drawn = training.decoded(as_ends(codes, self._spans))
        anew = {name: remaker.make(rows, ask.rng) for name, remaker in self._names.items()}
        return pa.table({name: anew[name] if name in anew else drawn.column(name) for name in training.table.column_names})

    def _columns_of(self, where: Condition | None) -> frozenset[str]:
        """The columns of a condition, and those without which they cannot be told."""
        columns = frozenset[str]() if where is None else frozenset(where.columns())
        return columns.union(*(told_by(name, self._spans) for name in columns))

    def _asked(self, training: Training, where: Condition, rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Codes of all columns under the condition."""
        decoded, least, model = self._decoder(training), self.rare or RARE[self.preset], self._model
        made: dict[str, np.ndarray] = {}
        if model is not None and where.columns() <= set(model.codes):
            among = np.flatnonzero(where.mask(decoded(model.codes)))
            if len(np.unique(model.known.unit[among])) >= least:
                if where.text not in self._under:
                    self._under[where.text] = model_under(model, among, where)
                under = self._under[where.text]
                if under is not None:
                    made = drawn_under(under, rows, lambda codes: where.mask(decoded(codes)), rng)
        if not made:
            raise RequestError(
                "request-impossible",
                f"Under the condition there are fewer than {least} real {'units' if self._units(training) else 'records'} whose "
                "values others share, too.",
                where=str(where),
                help="Widen the condition; preset 'private' makes nothing of so few, 'sharp' (--preset sharp) does.",
            )
        return made

    def _notes(self) -> tuple[str, ...]:
        return self._told

    def _units(self, training: Training) -> bool:
        return bool(training.schema.with_role("unit"))

    def _chosen(self, training: Training, unit: np.ndarray) -> tuple[str, ...]:
        """What the search found, and what a reader of these records must know of their units."""
        told: list[str] = []
        if self.preset == "private" and training.rows < FEW:
            told.append(f"{training.rows} real records are too few to hide anyone among; nothing could be measured.")
        if self._units(training) and int(unit.max(initial=0)) + 1 < len(unit):
            told.append("Every made record is of a unit of its own: what joins several records of one unit is not made.")
        return tuple(told)


def _changes(
    training: Training,
    codings: Mapping[str, Code],
    codes: Mapping[str, np.ndarray],
    named: Sequence[str],
    least: int,
    unit: np.ndarray,
) -> list[str]:
    """What privacy took from the columns, in words."""
    who = "units" if training.schema.with_role("unit") else "records"
    told = [f"'{name}': no value is shared by {least} {who}; it was made anew in its format." for name in named]
    for name, values in codes.items():
        if least > 1 and not codings[name].numeric:
            owners = shared(values, unit)[1]
            rare = int((owners < least).sum())
            if rare:
                told.append(
                    f"'{name}': {rare:,} of {len(owners):,} categories, shared by fewer than {least} {who}, were left out."
                )
    return told
