"""Repeats: records trained on more than once, also where each of them brings rows of other tables along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.dataset import Dataset


def repeated(records: Dataset, rows: np.ndarray) -> Dataset:
    """The records at these positions, as often as they stand there, in this order.

    Of several keyed tables each repeat has descendants of its own, under keys that no other has: a model that looks at them
    meets as many as the real record has.
    """
    if len(records.tables) == 1:
        return records.take(rows)
    turn = _turns(rows)
    places = [np.flatnonzero(turn == number) for number in range(int(turn.max(initial=-1)) + 1)]
    whole: Dataset | None = None
    for number, place in enumerate(places):
        part = _under_new_keys(records.take(rows[place]), number, _spans(records))
        whole = part if whole is None else whole.concat(part)
    return records.take(rows) if whole is None else whole.take(np.argsort(np.concatenate(places), kind="stable"))


def _turns(rows: np.ndarray) -> np.ndarray:
    """How often the position of each entry stood before it, shape of `rows`."""
    order = np.argsort(rows, kind="stable")
    met = rows[order]
    first = np.searchsorted(met, met, side="left")
    turns = np.empty(len(rows), int)
    turns[order] = np.arange(len(rows)) - first
    return turns


def _family(records: Dataset) -> list[tuple[str, str]]:
    """The columns that link tables with a path to the root; what only shared tables (a dictionary of codes) use is none."""
    reached = {records.schema.root}
    while more := {key.child for key in records.schema.keys if key.parent in reached} - reached:
        reached |= more
    inside = [key for key in records.schema.keys if key.parent in reached and key.child in reached]
    return sorted({place for key in inside for place in ((key.parent, key.parent_column), (key.child, key.column))})


def _spans(records: Dataset) -> dict[tuple[str, str], int | None]:
    """By how much whole numbers of each linking column must move so that none meets another; None for what is no number."""
    columns = {place: records.tables[place[0]].column(place[1]) for place in _family(records)}
    ends = [pc.min_max(column) for column in columns.values() if pa.types.is_integer(column.type)]
    known = [(one["min"].as_py(), one["max"].as_py()) for one in ends if one["min"].is_valid]
    span = max((high for _, high in known), default=0) - min((low for low, _ in known), default=0) + 1
    return {place: span if pa.types.is_integer(column.type) else None for place, column in columns.items()}


def _under_new_keys(part: Dataset, number: int, spans: dict[tuple[str, str], int | None]) -> Dataset:
    tables = dict(part.tables)
    for (table, name), span in spans.items():
        column = tables[table].column(name)
        if span is None:
            made = pc.binary_join_element_wise(column.cast(pa.string()), pa.scalar(f" {number}"), "")
        else:
            made = pc.add(column.cast(pa.int64()), number * span)
        tables[table] = tables[table].set_column(tables[table].column_names.index(name), name, made)
    return replace(part, tables=tables)
