"""Write a table so that a reader sees either the whole file or the file that was there before."""

from __future__ import annotations

import gzip
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import SourceError, StorageError


def write_table(table: pa.Table, path: str | Path) -> Path:
    """The table as CSV, TSV, JSONL, Parquet or Feather, by the suffix of `path`; text formats also as .gz.

    Written under a temporary name in the same folder, flushed to the disk, then renamed. The same table gives the
    same bytes. Raises SourceError for an unknown suffix, StorageError when the file system refuses.
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    kind = "".join(suffixes[-2:-1] if packed else suffixes[-1:])
    writer = WRITERS.get(kind)
    if writer is None or (packed and kind not in (".csv", ".tsv", ".jsonl", ".ndjson")):
        raise SourceError(
            "source-format", f"No table can be written as '{path.name}'.", help=f"Use one of {', '.join(sorted(WRITERS))}."
        )

    def write(stream: BinaryIO) -> None:
        if packed:
            with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="") as unpacked:
                writer(table, unpacked)  # pyright: ignore[reportArgumentType]
        else:
            writer(table, stream)

    write_atomically(path, write)
    return path


def write_atomically(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Call `write` with a temporary file beside `path`, flush it to the disk and rename it to `path`."""
    # A name of its own for every writer: two processes never share a temporary file.
    # It is spelled like those of engine/files.py, which removes what killed processes leave in a run.
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as cause:
        raise StorageError(
            "disk",
            f"The file cannot be written: {cause.strerror or cause}.",
            where=str(path),
            help="Free some space or choose a folder that can be written to.",
        ) from cause
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _csv(table: pa.Table, stream: BinaryIO, delimiter: str = ",") -> None:
    from pyarrow import csv as arrow_csv

    columns = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in _flat(table)]
    options = arrow_csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
    arrow_csv.write_csv(pa.table(columns, names=table.column_names), stream, write_options=options)


def _flat(table: pa.Table) -> list[pa.ChunkedArray]:
    columns: list[pa.ChunkedArray] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            raise SourceError("source-format", f"Column '{name}' holds {column.type}, which CSV cannot.", help="Write Parquet.")
        columns.append(pc.cast(column, pa.string()) if pa.types.is_null(column.type) else column)
    return columns


def _tsv(table: pa.Table, stream: BinaryIO) -> None:
    _csv(table, stream, "\t")


def _jsonl(table: pa.Table, stream: BinaryIO) -> None:
    for batch in table.to_batches(max_chunksize=10_000):
        lines = (json.dumps(record, ensure_ascii=False, default=_plain) for record in batch.to_pylist())
        stream.write("".join(f"{line}\n" for line in lines).encode())


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)  # pyright: ignore[reportAttributeAccessIssue]


def _parquet(table: pa.Table, stream: BinaryIO) -> None:
    from pyarrow import parquet

    parquet.write_table(table, stream)


def _feather(table: pa.Table, stream: BinaryIO) -> None:
    from pyarrow import feather

    feather.write_feather(table, stream)


WRITERS: dict[str, Callable[[pa.Table, BinaryIO], None]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
}
