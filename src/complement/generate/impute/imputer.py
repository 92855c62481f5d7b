"""Imputer: fit on real records, fill the cells that are missing, and say of every record which cells were made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Self, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, SchemaError, UsageError
from complement.core.schema import Column
from complement.core.seed import seed_at
from complement.generate.codec import Code
from complement.generate.impute.chain import Gaps, How, Pace, run_chain
from complement.generate.records import NEVER_LEARNT
from complement.generate.tabular import check_whole
from complement.models.openmp import one_thread

NAME = "impute"
_LEARNT = ("number", "integer", "category", "boolean", "date", "datetime")


@dataclass
class Imputer:
    """Fills missing cells from trees on all other columns (chained equations; `impute/chain.py` says how).

    `how`: "draw" gives each cell a value that a real record of the same leaf has, which keeps distributions and serves
    multiple imputation (van Buuren 2007; Doove, van Buuren & Dusseldorp 2014; how short its intervals are: bench/README.md);
    "centre" gives the best single guess, which narrows distributions. `only`: the columns to fill; `leave`: columns whose
    missing cells mean something and stay. `rounds` of the chain; `trees` per column and round (centre); `min_leaf`: fewest
    donors in a leaf; `most_rows`: donors per tree.

    Missing is taken to depend on what is seen in the record (MAR), not on the value that is hidden; the trees also see which
    cells are missing. Rules between columns are not enforced. Several tables: the root is filled, the others stay.
    """

    how: How = "draw"
    only: Collection[str] | None = None
    leave: Collection[str] = ()
    rounds: int = 5
    trees: int = 8
    min_leaf: int = 5
    most_rows: int = 50_000

    _real: Dataset | None = field(default=None, init=False, repr=False, compare=False)
    _code: dict[str, Code] = field(default_factory=dict[str, Code], init=False, repr=False, compare=False)
    _seed: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            raise UsageError("usage", f"how={self.how!r} is not one of {', '.join(get_args(How))}.")
        for name in ("rounds", "trees", "min_leaf", "most_rows"):
            check_whole(name, getattr(self, name), low=1)
        for name in ("only", "leave"):
            if isinstance(getattr(self, name), str):
                raise UsageError("usage", f"{name}={getattr(self, name)!r} is a text.", help="Give a list of column names.")

    def fit(self, real: Dataset, *, seed: int) -> Self:
        """Keep the donors: real records of weight above 0. The trees are grown by `fill`, in the rounds of its chain.

        Raises SchemaError: schema-column for a column that does not exist, impute-column for one in `only` that cannot be
        filled. Raises GenerateError impute-empty for a column that is to be filled and has no value at all; one that is ignored,
        as the profile ignores an empty one, is to be filled only when `only` names it.
        """
        for name in (*(self.only or ()), *self.leave):
            real.schema.column(name)
        donors = real.records.filter(pa.array(real.weight > 0))
        for column in real.schema.columns:
            _refuse_empty(column, donors, asked=self._asked(column.name), named=column.name in (self.only or ()))
        for name in self.only or ():
            if why := why_not(real, name):
                raise SchemaError("impute-column", f"The column '{name}' cannot be filled: {why}.")
        learnt = [c for c in real.schema.columns if not why_not(real, c.name) and donors.column(c.name).null_count < len(donors)]
        self._code = {column.name: Code.of(column, donors.column(column.name)) for column in learnt}
        self._real, self._seed = real, seed
        return self

    def fill(self, records: Dataset, *, seed: int) -> Dataset:
        """The same records with their missing cells filled; cells that are there stay as they are. Same seed, same bytes.

        A record with a made cell stays real. Its lineage names the columns in `imputed`, and says generator "impute", request
        `how`, the seed, and a depth of one more than the donors'. Raises GenerateError when called before `fit`.
        """
        if self._real is None:
            raise GenerateError("generate-fit", f"'{NAME}' was asked to fill before it was fitted.", help="Call fit.")
        cells = self._cells(records)
        if not cells:
            return records
        same = records is self._real
        first = 0 if same else self._real.rows
        gaps = self._gaps(self._real, None if same else records, {name: first + at for name, at in cells.items()})
        pace = Pace(self.rounds, self.trees, self.min_leaf, self.most_rows)
        with one_thread():
            made = run_chain(gaps, pace, how=self.how, seed=seed_at(self._seed, NAME, seed))
        table = records.records
        for name in cells:
            place = table.column_names.index(name)
            codes = made[name][-len(cells[name]) :]  # the donors' own cells stand before those of other records
            filled = _filled(table.column(name), cells[name], self._code[name].decode(codes))
            table = table.set_column(place, table.schema.field(name), filled)
        depth = lineages.depth_of(self._real.lineage) + 1
        lineage = lineages.with_imputed(records.lineage, cells, generator=NAME, request=self.how, seed=seed, depth=depth)
        return replace(records, tables={**records.tables, records.schema.root: table}, lineage=lineage)

    def _cells(self, records: Dataset) -> dict[str, np.ndarray]:
        """Positions of the cells to fill by column, those with the fewest first (van Buuren 2007)."""
        found: dict[str, np.ndarray] = {}
        for name in self._code:
            missing = np.flatnonzero(absent_cells(records.column(name))) if self._asked(name) else np.zeros(0, np.int64)
            if len(missing):
                found[name] = missing
        return dict(sorted(found.items(), key=lambda one: len(one[1])))

    def _gaps(self, real: Dataset, others: Dataset | None, cells: dict[str, np.ndarray]) -> Gaps:
        """Donors first, then other records to fill. What the donors lack is filled along: their trees look at it, too."""
        both = [real] if others is None else [real, others]
        codes = {name: np.concatenate([code.encode(one.column(name)) for one in both]) for name, code in self._code.items()}
        weight = real.weight if others is None else np.r_[real.weight, np.zeros(others.rows)]
        if others is not None:
            lacking = {name: np.flatnonzero(np.isnan(known[: real.rows])) for name, known in codes.items()}
            cells = {
                name: np.r_[lacking[name], cells.get(name, np.zeros(0, np.int64))]
                for name in self._code
                if self._asked(name) and (len(lacking[name]) or name in cells)
            }
            cells = dict(sorted(cells.items(), key=lambda one: len(one[1])))
        return Gaps(self._code, codes, cells, weight)

    def _asked(self, name: str) -> bool:
        return name not in self.leave and (self.only is None or name in self.only)


def why_not(records: Dataset, name: str) -> str:
    """Why a column cannot be filled: what it is for, or what it holds; empty where it can."""
    column, kind = records.schema.column(name), records.column(name).type
    if column.role in NEVER_LEARNT:
        return f"its role is {column.role}"
    if column.kind not in _LEARNT or pa.types.is_nested(kind) or pa.types.is_null(kind):
        return f"it holds {column.kind}"
    free = column.numeric or column.kind in ("date", "datetime")
    return "its values must differ" if column.constraints.unique and not free else ""


def absent_cells(column: pa.ChunkedArray) -> np.ndarray:
    """True where a value is null or NaN, shape (rows,)."""
    return np.asarray(pc.is_null(column, nan_is_null=True).to_numpy(), bool)


def _refuse_empty(column: Column, donors: pa.Table, *, asked: bool, named: bool) -> None:
    """An ignored column counts when it is named: an empty one is ignored by its profile."""
    empty = donors.num_rows > 0 and bool(absent_cells(donors.column(column.name)).all())
    spared = NEVER_LEARNT if not named else tuple(role for role in NEVER_LEARNT if role != "ignore")
    if empty and asked and column.role not in spared:
        raise GenerateError(
            "impute-empty", f"The column '{column.name}' has no value to learn from: all {donors.num_rows:,} cells are missing."
        )


def _filled(values: pa.ChunkedArray, cells: np.ndarray, made: pa.Array) -> pa.Array:
    """The values with those at `cells`, in ascending order, replaced; `made` has the shape (cells,)."""
    whole = values.combine_chunks()
    whole = whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
    made = made.dictionary_decode() if pa.types.is_dictionary(made.type) else made
    mask = np.zeros(len(whole), bool)
    mask[cells] = True
    filled = pc.replace_with_mask(whole, pa.array(mask), made.cast(whole.type, safe=False))
    return filled if filled.type == values.type else filled.dictionary_encode().cast(values.type)
