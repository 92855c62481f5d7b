"""Dataset: named Arrow tables (one of them the root), their schema, a weight per record, and lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core import lineage as lineages
from complement.core.errors import SchemaError
from complement.core.extras import need
from complement.core.schema import RECORDS, Schema, nearest
from complement.core.values import as_text


@dataclass(frozen=True, repr=False)
class Dataset:
    """Records and all that is known of them.

    `tables` are named Arrow tables whose columns stand in the order of `schema.tables`. The root's rows are the
    records: `weight` (float64, shape (records,), >= 0) and `lineage` (one row per record) belong to them.
    Immutable: every method gives a new Dataset, and `weight` is a copy that cannot be written to. Raises SchemaError when
    shapes, names or keys do not agree.
    """

    tables: Mapping[str, pa.Table]
    schema: Schema
    weight: np.ndarray
    lineage: pa.Table

    @staticmethod
    def of(
        tables: pa.Table | Mapping[str, pa.Table],
        schema: Schema,
        *,
        weight: np.ndarray | None = None,
        lineage: pa.Table | None = None,
    ) -> Dataset:
        """Real records with weight 1, unless weight and lineage are given."""
        if isinstance(tables, pa.Table):
            tables = {schema.root: tables}
        rows = tables[schema.root].num_rows if schema.root in tables else 0
        return Dataset(
            tables,
            schema,
            np.ones(rows) if weight is None else np.asarray(weight, float),
            lineages.of_real(rows) if lineage is None else lineage,
        )

    def __post_init__(self) -> None:
        if set(self.tables) != set(self.schema.tables):
            raise SchemaError(
                "schema-mismatch", f"Tables {sorted(self.tables)} are given, the schema has {sorted(self.schema.tables)}."
            )
        for name, table in self.tables.items():
            want = [column.name for column in self.schema.tables[name]]
            if table.column_names != want:
                lacking = [c for c in want if c not in table.column_names] or [c for c in table.column_names if c not in want]
                raise SchemaError(
                    "schema-mismatch", f"Table '{name}' and its schema differ at {lacking[:5] or 'the order of columns'}."
                )
        if not (len(self.weight) == len(self.lineage) == self.rows):
            raise SchemaError(
                "dataset-shape", f"{self.rows} records, {len(self.weight)} weights, {len(self.lineage)} lineage rows."
            )
        object.__setattr__(self, "weight", _sealed(self.weight))
        if len(self.weight) and not (np.isfinite(self.weight).all() and self.weight.min() >= 0):
            raise SchemaError("dataset-shape", "A record weight is negative or not finite.")

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickled or deeply copied array can be written to, whatever it was before.
        self.__dict__.update(state | {"weight": _sealed(state["weight"])})

    @property
    def records(self) -> pa.Table:
        """The root table."""
        return self.tables[self.schema.root]

    @property
    def rows(self) -> int:
        return self.records.num_rows

    def __len__(self) -> int:
        return self.rows

    @cached_property
    def synthetic(self) -> np.ndarray:
        """True for each record whose origin is synthetic, shape (records,)."""
        return np.asarray(self.lineage.column("origin").to_numpy() == "synthetic", bool)

    def column(self, name: str) -> pa.ChunkedArray:
        """A column of the root table; an unknown name is an error that offers the nearest one."""
        if name not in self.records.column_names:
            raise SchemaError("schema-column", f"There is no column '{name}'.", help=nearest(name, self.records.column_names))
        return self.records.column(name)

    def units(self) -> np.ndarray:
        """The number of each root record's unit, shape (rows,); without a unit column, or of no known unit, one of its own."""
        column = next(iter(self.schema.with_role("unit")), None)
        if column is None:
            return np.arange(self.rows)
        texts = as_text(self.column(column.name))
        own = np.array([text is None for text in texts], bool)
        texts[own] = [f"\0{row}" for row in np.flatnonzero(own)]
        return np.unique(texts.astype(str), return_inverse=True)[1]

    def take(self, rows: np.ndarray) -> Dataset:
        """The records at these positions (repeats allowed) or under this mask; descendants come along.

        A repeated root record of several keyed tables would repeat its key, so repeats are refused there.
        """
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        index = pa.array(rows, pa.int64())
        tables = {self.schema.root: self.records.take(index)}
        if len(self.tables) > 1:
            if len(np.unique(rows)) != len(rows):
                raise SchemaError("schema-key", "Records of several keyed tables cannot be repeated: their keys would be, too.")
            tables.update(self._descendants(tables[self.schema.root]))
        return Dataset(tables, self.schema, self.weight[rows], self.lineage.take(index))

    def _descendants(self, root: pa.Table) -> dict[str, pa.Table]:
        kept: dict[str, pa.Table] = {self.schema.root: root}
        waiting = [name for name in self.tables if name not in kept]
        while waiting:
            ready = [(n, k) for n in waiting for k in self.schema.keys if k.child == n and k.parent in kept]
            if not ready:  # a table without a path to the root is shared (a dictionary of codes): it stays whole
                kept.update({name: self.tables[name] for name in waiting})
                break
            name, key = ready[0]
            allowed = kept[key.parent].column(key.parent_column).combine_chunks()
            mask = pc.is_in(self.tables[name].column(key.column), value_set=allowed)
            kept[name] = self.tables[name].filter(mask)
            waiting.remove(name)
        return {name: table for name, table in kept.items() if name != self.schema.root}

    def weighted(self, weight: np.ndarray) -> Dataset:
        """The same records with other weights, shape (records,)."""
        return replace(self, weight=np.asarray(weight, float))

    def with_schema(self, schema: Schema) -> Dataset:
        """The same records under corrected roles or constraints; names must stay the same."""
        return replace(self, schema=schema)

    def drop(self, name: str) -> Dataset:
        """The same records without one column of the root table, such as the target before predicting, and without its rules."""
        columns = tuple(column for column in self.schema.columns if column.name != name)
        rules = tuple(rule for rule in self.schema.rules if name not in rule.columns())
        schema = replace(self.schema, tables={**self.schema.tables, self.schema.root: columns}, rules=rules)
        return replace(self, tables={**self.tables, self.schema.root: self.records.drop_columns([name])}, schema=schema)

    def concat(self, other: Dataset) -> Dataset:
        """These records, then the other's, whose columns must have the same names; types are unified safely."""
        tables = {name: pa.concat_tables([table, other.tables[name].cast(table.schema)]) for name, table in self.tables.items()}
        return Dataset(
            tables,
            self.schema,
            np.concatenate([self.weight, other.weight]),
            pa.concat_tables([self.lineage, other.lineage]).unify_dictionaries().combine_chunks(),
        )

    # Arrow in and out: pandas, polars and DuckDB accept any object with these two methods.
    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.records.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.records.schema.__arrow_c_schema__()

    def to_arrow(self, table: str | None = None) -> pa.Table:
        return self.tables[table or self.schema.root]

    def to_pandas(self, table: str | None = None) -> Any:
        """A pandas DataFrame; pandas is not a dependency and is imported by Arrow only here."""
        return self.to_arrow(table).to_pandas()

    def to_polars(self, table: str | None = None) -> Any:
        """A polars DataFrame; polars comes with the extra `[polars]` and is imported only here."""
        return need("polars", extra="polars", why="to_polars").DataFrame(self.to_arrow(table))

    def __repr__(self) -> str:
        made = int(self.synthetic.sum())
        tables = "" if list(self.tables) == [RECORDS] else f", tables={list(self.tables)}"
        return f"Dataset({self.rows} records x {len(self.schema.columns)} columns, {made} synthetic{tables})"


def _sealed(weight: np.ndarray) -> np.ndarray:
    """The same numbers where nobody can write to them: a generator that did would change what real only is trained on.

    A flag on the array alone could be turned back by whoever holds it; an array over bytes cannot.
    """
    return weight if isinstance(weight.base, bytes) else np.frombuffer(np.asarray(weight, float).tobytes())
