"""Keys between the tables of a folder, and which table is the root."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import SchemaError
from complement.core.schema import Key


def find_keys(tables: Mapping[str, pa.Table]) -> tuple[Key, ...]:
    """Keys by equal column name: the parent is the one table in which the column is unique and complete.

    Every value of the child's column must stand in the parent's. A name that is unique in several tables (such as a
    row number) links nothing, because nobody can tell the parent from its name.
    """
    keys: list[Key] = []
    names = {column for table in tables.values() for column in table.column_names}
    for column in sorted(names):
        holders = [name for name, table in tables.items() if column in table.column_names]
        parents = [name for name in holders if _is_unique(tables[name].column(column))] if len(holders) > 1 else []
        if len(parents) != 1:
            continue
        allowed = tables[parents[0]].column(column)
        for child in holders:
            values = tables[child].column(column)
            if child != parents[0] and values.type == allowed.type and _is_within(values, allowed):
                keys.append(Key(parents[0], column, child, column))
    return tuple(keys)


def find_root(tables: Mapping[str, pa.Table], keys: tuple[Key, ...]) -> str:
    """The table that is nobody's child and has more descendants than any other such table.

    Raises SchemaError when two tables could be it: a schema then has to say.
    """
    if len(tables) == 1:
        return next(iter(tables))
    below = {name: len(_descendants(name, keys)) for name in tables if name not in {key.child for key in keys}}
    ranked = sorted(below, key=lambda name: -below[name])
    if len(ranked) == 1 or (ranked and below[ranked[0]] > below[ranked[1]]):
        return ranked[0]
    raise SchemaError(
        "schema-key",
        f"The root among the tables {', '.join(sorted(tables))} is not clear: which one's rows are the records?",
        help="Give one file instead of the folder; in Python, complement.read(folder, schema=Schema(tables, keys, root)).",
    )


def _is_unique(column: pa.ChunkedArray) -> bool:
    if pa.types.is_nested(column.type) or pa.types.is_floating(column.type) or column.null_count:
        return False
    return pc.count_distinct(column).as_py() == len(column) > 1


def _is_within(values: pa.ChunkedArray, allowed: pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.is_in(values.drop_null(), value_set=allowed.combine_chunks())).as_py())


def _descendants(name: str, keys: tuple[Key, ...]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        parent = waiting.pop()
        children = {key.child for key in keys if key.parent == parent} - found - {name}
        found |= children
        waiting.extend(children)
    return found
