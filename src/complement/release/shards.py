"""Shards: the records as Parquet files in the layout of Hugging Face, one after the other, whatever their number."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError
from complement.engine.files import refused
from complement.release.canonical import file_digest
from complement.release.columns import Released, columns_of, settled
from complement.release.mark import MARKS, marked

SPLIT = "train"  # the only one: synthetic records in a test split would be taken for evidence
DATA = "data"
MOST_ROWS = 250_000  # of one file; the unit of work of the house, some tens of megabytes
GROUP_ROWS = 1 << 16  # of one row group: what a reader has to hold at a time
COUNTED = ("_generator", "_request", "_depth")
FILE_MARK = {"synthetic": "true", "marks": ",".join(MARKS), "watermark": "none"}  # in the footer of every file


@dataclass(frozen=True)
class File:
    """One file of the release, by its path inside the folder. `rows` is None for what holds no records."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {"path": self.path, "sha256": self.sha256, "bytes": self.bytes}
        return found if self.rows is None else {**found, "rows": self.rows}


@dataclass
class Written:
    """What was written: files, columns, and how many records each generator, request and depth has."""

    files: tuple[File, ...] = ()
    columns: tuple[Released, ...] = ()
    rows: int = 0
    in_memory: int = 0  # bytes of the Arrow tables, what "dataset_size" means in a card
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in COUNTED})
    arrow: pa.Schema = field(default_factory=lambda: pa.schema([]))  # of the first shard; every other one is written like it


def write_shards(shards: Iterable[Dataset] | Dataset, folder: Path) -> Written:
    """Write the records into `folder/data`, at most `MOST_ROWS` to a file, and hold no more than one shard in memory.

    Files are named when their number is known. Equal shards give equal bytes. Raises SchemaError "release-records" for no
    record at all, real ones, several tables, or a shard of other columns; StorageError.
    """
    written, made = Written(), [shards] if isinstance(shards, Dataset) else shards
    parts: list[Path] = []
    for shard in made:
        for piece in _pieces(shard):
            place = folder / DATA / f"part-{len(parts):05d}"
            _write(_fitted(piece, written), place, written)
            parts.append(place)
    if not parts:
        raise SchemaError("release-records", "There is not a single record to release.")
    written.files = tuple(_named(place, number, len(parts)) for number, place in enumerate(parts))
    return written


def file_name(number: int, count: int) -> str:
    """`data/train-00003-of-00041.parquet`, numbered from 0."""
    return f"{DATA}/{SPLIT}-{number:05d}-of-{count:05d}.parquet"


def counted(column: pa.ChunkedArray) -> Counter[str]:
    """How many records have each value."""
    return Counter({str(row["values"]): row["counts"] for row in pc.value_counts(column).to_pylist()})


def _pieces(shard: Dataset) -> Iterator[Dataset]:
    if len(shard.tables) > 1:
        met = f"{len(shard.tables)} tables are given; a release holds one."
        raise SchemaError("release-records", met, help=f"Release the root table '{shard.schema.root}' alone.")
    if shard.rows <= MOST_ROWS:
        yield from [shard] if shard.rows else []
        return
    for start in range(0, shard.rows, MOST_ROWS):
        yield shard.take(np.arange(start, min(start + MOST_ROWS, shard.rows)))


def _fitted(piece: Dataset, written: Written) -> pa.Table:
    """The marked records in the types of the first shard, in one chunk of fresh buffers, so that only values make the bytes."""
    table = marked(piece)
    if not written.columns:
        written.arrow = settled(table, piece.schema)
        written.columns = columns_of(written.arrow, piece.schema)
    if table.column_names != written.arrow.names:
        lacking = sorted(set(table.column_names) ^ set(written.arrow.names))[:5] or ["the order of columns"]
        raise SchemaError("release-records", f"A shard has other columns than the first one: {', '.join(lacking)}.")
    try:
        table = table.replace_schema_metadata(None).cast(written.arrow)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as cause:
        raise SchemaError("release-records", f"A shard has other types than the first one: {cause}.") from cause
    return table.take(pa.array(np.arange(table.num_rows))).combine_chunks()


def _write(table: pa.Table, place: Path, written: Written) -> None:
    try:
        place.parent.mkdir(exist_ok=True)
        with place.open("xb") as file:
            parquet.write_table(
                table.replace_schema_metadata(FILE_MARK), file, compression="zstd", row_group_size=GROUP_ROWS, version="2.6"
            )
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        raise refused("write", place, cause) from cause
    written.rows += table.num_rows
    written.in_memory += table.nbytes
    for name, counts in written.counts.items():
        counts.update(counted(table.column(name)))


def _named(place: Path, number: int, count: int) -> File:
    name = file_name(number, count)
    target = place.parent.parent / name
    try:
        os.replace(place, target)
        rows = parquet.read_metadata(target).num_rows
        return File(name, file_digest(target), target.stat().st_size, rows)
    except OSError as cause:
        raise refused("write", target, cause) from cause
