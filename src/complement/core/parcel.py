"""Parcel: a whole Dataset as one Arrow table, so that a shard can hold it and a folder can keep it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.schema import Schema

WEIGHT, LINEAGE = "\0weight", "\0lineage"  # names that no table can have
SCHEMA = pa.schema([("name", pa.string()), ("content", pa.large_binary())])


def packed(records: Dataset) -> pa.Table:
    """One row per table, and one each for weights and lineage: its name and its content as an Arrow IPC stream."""
    parts = {**records.tables, WEIGHT: pa.table({"weight": records.weight}), LINEAGE: records.lineage}
    return pa.table([list(parts), [_bytes(table) for table in parts.values()]], schema=SCHEMA)


def unpacked(parcel: pa.Table, schema: Schema) -> Dataset:
    """The Dataset that was packed, under its schema."""
    contents = parcel.column("content")
    parts = {name: _table(contents[row].as_buffer()) for row, name in enumerate(parcel.column("name").to_pylist())}
    weight, lineage = parts.pop(WEIGHT), parts.pop(LINEAGE)
    return Dataset.of(parts, schema, weight=np.asarray(weight.column("weight")), lineage=lineage)


def _bytes(table: pa.Table) -> bytes:
    # `take` writes fresh buffers: nothing of what a slice has cut off, so that equal tables give equal bytes.
    fresh = table.unify_dictionaries().take(pa.array(np.arange(table.num_rows), pa.int64())).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, fresh.schema) as writer:
        writer.write_table(fresh)
    return sink.getvalue().to_pybytes()


def _table(content: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
