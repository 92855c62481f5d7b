"""Keyed tables: records of a root drawn again bring their descendants along, every key made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.schema import Key, Schema
from complement.generate.codec import Code
from complement.generate.remake import Remaker, constant

Place = tuple[str, str]  # a table and one of its columns


@dataclass(frozen=True, repr=False)
class Family:
    """The real tables, the keys by which they hang on the root, and what makes their keys anew.

    `placed` says by which key each descendant table hangs on a table before it, in growing order. Tables without a path
    to the root are shared (a dictionary of codes) and stay whole. `refers` are the columns that repeat a key of another
    table; `remakers` makes all other keys, identifiers, units and personal columns.
    """

    schema: Schema
    tables: Mapping[str, pa.Table]
    placed: tuple[Key, ...]
    refers: Mapping[Place, Key]
    remakers: Mapping[Place, Remaker]

    @staticmethod
    def of(real: Dataset) -> Family:
        """Read the keys of the schema; the first key that reaches a table places it."""
        placed: list[Key] = []
        reached = {real.schema.root}
        while ready := [key for key in real.schema.keys if key.parent in reached and key.child not in reached]:
            placed.append(ready[0])
            reached.add(ready[0].child)
        inside = [key for key in real.schema.keys if key.parent in reached and key.child in reached]
        refers: dict[Place, Key] = {}
        for key in inside:
            refers.setdefault((key.child, key.column), key)
        keys = {(key.parent, key.parent_column) for key in inside}
        remakers: dict[Place, Remaker] = {}
        for table in [name for name in real.schema.tables if name in reached]:
            for column in real.schema.tables[table]:
                place = (table, column.name)
                personal = table != real.schema.root and column.role in ("identifier", "personal", "unit")
                if place not in refers and (place in keys or personal):
                    made = replace(column, role="identifier") if place in keys else column
                    remakers[place] = Remaker.of(made, real.tables[table].column(column.name))
        return Family(real.schema, dict(real.tables), tuple(placed), refers, remakers)

    def grow(self, rows: np.ndarray, root: pa.Table, rng: np.random.Generator) -> dict[str, pa.Table]:
        """All tables for these positions of the root (repeats allowed); `root` is its table as already made."""
        sources, owners = {self.schema.root: rows}, {self.schema.root: np.arange(len(rows))}
        for key in self.placed:
            parent, child = _joint(self._values(key.parent, key.parent_column), self._values(key.child, key.column))
            at, found = _matches(parent[sources[key.parent]], child)
            pairs = np.unique(np.stack([owners[key.parent][at], found]), axis=1)  # no child twice under one root
            owners[key.child], sources[key.child] = pairs[0], pairs[1]
        made = {name: self.tables[name].take(pa.array(source)) for name, source in sources.items()}
        old, made[self.schema.root] = dict(made), root
        for (table, name), remaker in self.remakers.items():
            made[table] = _put(made[table], name, remaker.make(made[table].num_rows, rng))
        self._empty_ignored(made)
        waiting = dict(self.refers)
        while waiting:
            # A reference to a reference waits for it; what waits in a circle is followed as it stands.
            free = [place for place, key in waiting.items() if (key.parent, key.parent_column) not in waiting]
            place = free[0] if free else next(iter(waiting))
            made[place[0]] = _put(made[place[0]], place[1], _follow(waiting.pop(place), old, owners, made))
        shared = {name: table for name, table in self.tables.items() if name not in made}
        return {name: made[name] if name in made else shared[name] for name in self.schema.tables}

    def _values(self, table: str, column: str) -> pa.ChunkedArray:
        return self.tables[table].column(column)

    def _empty_ignored(self, made: dict[str, pa.Table]) -> None:
        for table in made:
            for column in self.schema.tables[table]:
                kind = self._values(table, column.name).type
                touched = (table, column.name) in self.refers or (table, column.name) in self.remakers
                if table != self.schema.root and column.role == "ignore" and not touched and not pa.types.is_nested(kind):
                    code = Code.of(column, self._values(table, column.name))
                    made[table] = _put(made[table], column.name, constant(column, code, made[table].num_rows))


def _follow(
    key: Key, old: Mapping[str, pa.Table], owners: Mapping[str, np.ndarray], made: Mapping[str, pa.Table]
) -> pa.ChunkedArray:
    """The new value of the parent that stands under the same root for each child row; null where there is none."""
    parent, child = _joint(old[key.parent].column(key.parent_column), old[key.child].column(key.column))
    width = int(max(parent.max(initial=0), child.max(initial=0))) + 1
    whole_parent = np.where(parent < 0, -1, owners[key.parent] * width + parent)
    whole_child = np.where(child < 0, -2, owners[key.child] * width + child)
    order = np.argsort(whole_parent, kind="stable")
    if not len(order):
        return pa.chunked_array([pa.nulls(len(child), old[key.child].column(key.column).type)])
    at = np.minimum(np.searchsorted(whole_parent[order], whole_child), len(order) - 1)
    lacking = whole_parent[order][at] != whole_child
    return made[key.parent].column(key.parent_column).take(pa.array(order[at], mask=lacking))


def _joint(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Two columns as whole numbers that are equal where the values are equal; missing is -1."""
    plain = first.type.value_type if pa.types.is_dictionary(first.type) else first.type
    both = pa.chunked_array([*first.cast(plain).chunks, *second.cast(plain).chunks], plain).combine_chunks()
    codes = both.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes[: len(first)], codes[len(first) :]


def _matches(parent: np.ndarray, child: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (position among the parents, position among the children) with the same code."""
    order = np.argsort(child, kind="stable")
    first = np.searchsorted(child[order], parent, side="left")
    last = np.where(parent < 0, first, np.searchsorted(child[order], parent, side="right"))
    count = last - first
    at = np.repeat(np.arange(len(parent)), count)
    inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return at, order[np.repeat(first, count) + inside]


def _put(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    field = table.schema.field(name)
    return table.set_column(table.column_names.index(name), field, values.cast(field.type))
