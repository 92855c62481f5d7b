"""Where records say that they come from: files that complement wrote are read as what they are, never silently as real.

A file of made records has the columns `_synthetic`, `_generator`, `_request` and `_depth` (complement.deliver). One that has at
least the first and the last says of each record whether it was made and in which generation, and that becomes its lineage.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import SourceError
from complement.core.lineage import SCHEMA, depth_of
from complement.core.values import as_text

MADE, GENERATOR, REQUEST, DEPTH = "_synthetic", "_generator", "_request", "_depth"
TELLING = (MADE, GENERATOR, REQUEST, DEPTH)
YES = ("true", "1", "yes")
DEEPEST = 32_767  # what a lineage can hold


def known_origin(records: Dataset, source: pa.Table | None = None) -> Dataset:
    """The records with the lineage that their own columns tell; as they are where `_synthetic` or `_depth` is absent.

    `source`: the root table as it was read, where the schema has left those columns out. A made record without a depth has
    depth 1. The four columns become ignored ones: no model sees them. Records that are known to be synthetic stay as they
    are. Raises SourceError "source-format" when a depth is no whole number from 0 on.
    """
    table = records.records if source is None else source
    if MADE not in table.column_names or DEPTH not in table.column_names or records.synthetic.any():
        return records
    schema = records.schema
    for column in (column for column in schema.columns if column.name in TELLING):
        schema = schema.replace_column(replace(column, role="ignore"))
    records = records.with_schema(schema)
    made = np.array([word is not None and word.lower() in YES for word in as_text(table.column(MADE))], bool)
    if not made.any():
        return records
    depth = np.where(made, np.maximum(_depths(table), 1), records.lineage.column("depth").to_numpy())
    arrays = {
        "origin": _marked(np.where(made, "synthetic", "real").astype(object), "origin"),
        "depth": pa.array(depth.astype(np.int16)),
        "generator": _told(table, GENERATOR, made, "generator"),
        "request": _told(table, REQUEST, made, "request"),
    }
    lineage = [arrays.get(name, records.lineage.column(name)) for name in SCHEMA.names]
    return replace(records, lineage=pa.Table.from_arrays(lineage, schema=SCHEMA).combine_chunks())


def refuse_made(records: Dataset, what: str = "real records") -> Dataset:
    """The records, when none of them is synthetic. Raises SourceError "source-synthetic": they would pass for real."""
    made = int(records.synthetic.sum())
    if not made:
        return records
    met = f"{_of(made, records.rows)} given as {what} say that they are synthetic (depth {depth_of(records.lineage)})."
    if made < records.rows:
        help = f"Keep those whose {MADE} is false; give the others as the synthetic file."
    else:
        help = "Give the records that they were made from. If they are real after all, take the column _synthetic out."
    raise SourceError("source-synthetic", met, help=help)


def refuse_unanchored(records: Dataset, *, asked: bool = False) -> tuple[str, ...]:
    """Notes on learning from these records, of which some may be synthetic.

    What learns from made records alone has depth 2 or more and no real anchor: training that way again and again collapses.
    Raises SourceError "source-unanchored" unless that is asked for.
    """
    made = int(records.synthetic.sum())
    if not made:
        return ()
    depth = depth_of(records.lineage) + 1
    if made < records.rows:
        return (f"{_of(made, records.rows)} to learn from are synthetic: what is made from them has generation depth {depth}.",)
    if asked:
        return (f"Every record to learn from is synthetic: what is made has generation depth {depth} and no real anchor.",)
    met = f"All {records.rows:,} records to learn from are synthetic: what is made would have depth {depth} and no real anchor."
    help = "Add the real records that they were made from. complement collapse shows what repeated training does."
    raise SourceError("source-unanchored", met, help=help)


def _of(made: int, rows: int) -> str:
    return f"All {rows:,} records" if made == rows else f"{made:,} of {rows:,} records"


def _depths(table: pa.Table) -> np.ndarray:
    words = as_text(table.column(DEPTH))
    depths = np.zeros(len(words), int)
    for row, word in enumerate(words):
        if not word:  # a text file has no other way to say that it is missing
            continue
        if not (word.isascii() and word.isdigit()) or int(word) > DEEPEST:
            met = f"Record {row + 1} has {word[:60]!r} in '{DEPTH}', which is no generation depth."
            raise SourceError(
                "source-format", met, help=f"Rename '{DEPTH}': complement keeps there which generation made a record."
            )
        depths[row] = int(word)
    return depths


def _told(table: pa.Table, name: str, made: np.ndarray, field: str) -> pa.Array:
    words = as_text(table.column(name)) if name in table.column_names else np.full(table.num_rows, None, object)
    words[~made] = None
    return _marked(words, field)


def _marked(words: np.ndarray, field: str) -> pa.Array:
    return pa.array(words, pa.string()).dictionary_encode().cast(SCHEMA.field(field).type)
