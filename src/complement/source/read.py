"""Read real data: files, folders of files, tables of a database, or anything that speaks Arrow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, SourceError, StorageError
from complement.core.schema import RECORDS, Column, Schema, nearest
from complement.source.delimited import check_width, read_delimited, text_bytes
from complement.source.infer import as_kind
from complement.source.origin import known_origin
from complement.source.profile import survey
from complement.source.write import write_table

__all__ = ["read", "read_table", "read_tables", "type_table", "widen", "write_table"]

TEXT_FORMATS = ("csv", "tsv", "jsonl", "ndjson")
BINARY_FORMATS = ("parquet", "pq", "feather", "arrow")
DATABASES = ("duckdb", "ddb", "sqlite", "sqlite3", "db")


def read(origin: object, *, schema: Schema | None = None, name: str = RECORDS) -> Dataset:
    """Real records from a path, a folder, `file.duckdb::table`, or any object with `__arrow_c_stream__`.

    Without a schema the columns are profiled (source/profile.py). With one, every column is read as the schema says: missing
    codes become null, and a value that does not fit its kind is an error; columns that the schema does not name are
    left out. `name` is the name of a single table. A Dataset is returned as it is, under the schema if one is given.
    Records that say of themselves that they were made are synthetic in the lineage: see source/origin.py.
    """
    if isinstance(origin, Dataset):
        return origin if schema is None else origin.with_schema(schema)
    tables = read_tables(origin, name=schema.root if schema else name)
    if schema is None:
        profile, typed = survey(tables)
        return known_origin(Dataset.of(typed, profile.schema), tables.get(profile.schema.root))
    lacking = sorted(set(schema.tables) - set(tables))
    if lacking:
        raise SchemaError("schema-mismatch", f"There is no table '{lacking[0]}'.", help=nearest(lacking[0], sorted(tables)))
    typed = {table: type_table(tables[table], columns) for table, columns in schema.tables.items()}
    return known_origin(Dataset.of(typed, schema), tables[schema.root])


def read_table(origin: object) -> pa.Table:
    """One table as its source stores it. Cells of CSV and TSV stay text, and the table is marked as untyped."""
    if isinstance(origin, Dataset):
        return origin.records
    tables = read_tables(origin)
    if len(tables) > 1:
        raise SourceError(
            "source-format", f"{origin} holds {len(tables)} tables, one is expected.", help="Name one of its files."
        )
    return next(iter(tables.values()))


def read_tables(origin: object, *, name: str = RECORDS) -> dict[str, pa.Table]:
    """Every table of the origin by name, untyped where the source is. A single table gets `name`."""
    if isinstance(origin, pa.Table):
        return {name: _checked(origin, "the table")}
    if isinstance(origin, Mapping):
        _refuse_columns(origin)
        return {str(key): read_table(value) for key, value in origin.items()}
    if isinstance(origin, str | Path):
        return _from_path(str(origin), name)
    if hasattr(origin, "__arrow_c_stream__"):
        return {name: _checked(_from_stream(origin), type(origin).__name__)}
    raise SourceError(
        "source-format",
        f"A {type(origin).__name__} cannot be read.",
        help="Give a path, a pandas or polars frame, a DuckDB relation or an Arrow table.",
    )


def _refuse_columns(tables: Mapping[Any, Any]) -> None:
    """A dict is read as tables by name; one of columns is said to be one, because the error of a list would mislead."""
    for name, value in tables.items():
        if isinstance(value, list | tuple | pa.Array | pa.ChunkedArray) or type(value).__name__ in ("ndarray", "Series"):
            met = f"A dict is read as tables by name; '{name}' holds {type(value).__name__} values, as if it were a column."
            raise SourceError(
                "source-format", met, help="Make one table of the columns: pyarrow.table(...) or pandas.DataFrame(...)."
            )


def type_table(table: pa.Table, columns: tuple[Column, ...]) -> pa.Table:
    """The table with exactly these columns, each in the Arrow type of its kind, missing codes as nulls."""
    arrays: dict[str, pa.Array] = {}
    for column in columns:
        if column.name not in table.column_names:
            raise SchemaError(
                "schema-mismatch", f"The column '{column.name}' is absent.", help=nearest(column.name, table.column_names)
            )
        codes = column.constraints.missing_codes
        arrays[column.name] = as_kind(column.name, table.column(column.name), column.kind, codes=codes)
    return pa.table(arrays)


def widen(schema: Schema, other: pa.Table) -> Schema:
    """The schema under which `other` can be read beside the real records: integer columns in which it has fractions become
    numbers. Read both under it. A maker of synthetic records that interpolates leaves ages such as 39.27."""
    for column in schema.columns:
        if column.kind != "integer" or column.name not in other.column_names:
            continue
        codes = column.constraints.missing_codes
        try:
            as_kind(column.name, other.column(column.name), "integer", codes=codes)
        except SourceError:
            as_kind(column.name, other.column(column.name), "number", codes=codes)
            constraints = replace(column.constraints, decimals=None)
            schema = schema.replace_column(replace(column, kind="number", constraints=constraints))
    return schema


def _from_path(text: str, name: str) -> dict[str, pa.Table]:
    if "::" in text:
        file, _, table = text.partition("::")
        return {name: _checked(_from_database(Path(file), table), text)}
    path = Path(text)
    if path.is_dir():
        return _from_folder(path, name)
    if not path.exists():
        raise SourceError("source-missing-file", "The file does not exist.", where=text, help=_neighbours(path))
    if _format(path) in DATABASES:
        return {name: _checked(_from_database(path, ""), text)}
    return {name: _from_file(path)}


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either."
    return nearest(path.name, sorted(entry.name for entry in path.parent.iterdir()))


def _format(path: Path) -> str:
    suffixes = [suffix.lower().lstrip(".") for suffix in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
        return suffixes[-2] if len(suffixes) > 1 and suffixes[-2] in TEXT_FORMATS else ""
    return suffixes[-1] if suffixes else ""


def _from_folder(folder: Path, name: str) -> dict[str, pa.Table]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and _format(path) in (*TEXT_FORMATS, *BINARY_FORMATS)]
    if not files:
        raise SourceError("source-missing-file", "The folder holds no table.", where=str(folder), help=_formats())
    names = [path.name.split(".")[0] for path in files]
    if len(set(names)) < len(names):
        raise SourceError(
            "source-format", "Two files of the folder would be the same table.", where=str(folder), help="Rename one."
        )
    if len(files) == 1:
        return {name: _from_file(files[0])}
    return {table: _from_file(path) for table, path in zip(names, files, strict=True)}


def _formats() -> str:
    return f"complement reads .{', .'.join(TEXT_FORMATS)} (also .gz), .{', .'.join(BINARY_FORMATS)}, and FILE.duckdb::TABLE."


def _from_file(path: Path) -> pa.Table:
    kind = _format(path)
    if kind in ("csv", "tsv"):
        return read_delimited(path, tabs=kind == "tsv")
    if kind in ("jsonl", "ndjson"):
        return _checked(_from_jsonl(path), str(path))
    if kind in BINARY_FORMATS:
        return _checked(_from_binary(path, kind), str(path))
    raise SourceError("source-format", f"'{path.name}' is not of a known format.", where=str(path), help=_formats())


def _from_jsonl(path: Path) -> pa.Table:
    from pyarrow import json as arrow_json

    content = text_bytes(path)
    if not content.strip():
        raise SourceError("source-empty", "The file is empty.", where=str(path))
    longest = max(1 << 20, 2 * max(map(len, content.split(b"\n"))))
    try:
        return arrow_json.read_json(pa.BufferReader(content), read_options=arrow_json.ReadOptions(block_size=longest))
    except pa.ArrowInvalid as cause:
        raise _broken_line(content, path, cause) from cause


def _broken_line(content: bytes, path: Path, cause: pa.ArrowInvalid) -> SourceError:
    """The error for a file that Arrow refuses: read once more, line by line, to learn the number of the line."""
    filled = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    for number, line in enumerate(content.split(b"\n"), 1):
        try:
            why = "" if not line.strip() or isinstance(json.loads(line), dict) else "it is no object"
        except (ValueError, RecursionError) as broken:
            why = str(broken)[:200]
        if why:
            met = f"Line {number} is no JSON object ({why}): {line[:60].decode(errors='replace')!r}."
            return SourceError("source-format", met, where=f"{path}:{number}", help="Write one JSON object per line.")
    met = str(cause).splitlines()[0]
    row = re.search(r" in row (\d+)$", met)
    where = f"{path}:{filled[int(row.group(1))]}" if row and int(row.group(1)) < len(filled) else str(path)
    code, help = "source-type" if "changed from" in met else "source-format", "Give a key the same kind of value in every line."
    return SourceError(code, f"The lines do not agree: {met}.", where=where, help=help)


def _from_binary(path: Path, kind: str) -> pa.Table:
    from pyarrow import feather, parquet

    try:
        table = parquet.read_table(path) if kind in ("parquet", "pq") else feather.read_table(path)
    except PermissionError as cause:
        raise StorageError("disk", f"The file cannot be read: {cause.strerror}.", where=str(path)) from cause
    except (pa.ArrowException, OSError) as cause:  # Arrow reports damaged pages as failures of reading
        met = str(cause).splitlines()[0]
        raise SourceError("source-format", f"The file is not sound {kind}: {met}", where=str(path)) from cause
    return table.select([column for column in table.column_names if not re.fullmatch(r"__index_level_\d+__", column)])


def _from_stream(origin: Any) -> pa.Table:
    try:
        table = pa.table(origin)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError) as cause:
        met = str(cause).strip().splitlines()[0]
        raise SourceError(
            "source-type", f"A column mixes types: {met}", help="Make each column one type, for example df[name].astype(str)."
        ) from cause
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    return table.select([column for column in table.column_names if column not in index])


def _from_database(path: Path, table: str) -> pa.Table:
    if not path.is_file():
        raise SourceError("source-missing-file", "The database does not exist.", where=str(path))
    with path.open("rb") as stream:
        sqlite = stream.read(15) == b"SQLite format 3"
    return _from_sqlite(path, table) if sqlite else _from_duckdb(path, table)


def _from_sqlite(path: Path, table: str) -> pa.Table:
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
            cursor = database.execute(f"SELECT * FROM {_quoted(_chosen(table, [row[0] for row in found], path))}")
            columns = [str(entry[0]) for entry in cursor.description]
            check_width(columns, str(path))
            cells = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(columns)
    except sqlite3.Error as cause:
        raise SourceError("source-format", f"The database cannot be read: {cause}.", where=str(path)) from cause
    arrays: dict[str, pa.Array] = {}
    for column, values in zip(columns, cells, strict=True):
        try:  # SQLite lets every cell have a type of its own
            arrays[column] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as cause:
            raise SourceError("source-type", f"Column '{column}' mixes types: {cause}", where=str(path)) from cause
    return pa.table(arrays)


def _from_duckdb(path: Path, table: str) -> pa.Table:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as database:
            found = database.execute("SELECT table_name FROM information_schema.tables ORDER BY table_name").fetchall()
            chosen = _quoted(_chosen(table, [row[0] for row in found], path))
            return database.sql(f"SELECT * FROM {chosen}").to_arrow_table()
    except duckdb.Error as cause:
        met = str(cause).splitlines()[0]
        raise SourceError("source-format", f"The file is not a DuckDB or SQLite database: {met}", where=str(path)) from cause


def _chosen(table: str, names: list[str], path: Path) -> str:
    if table in names or (not table and len(names) == 1):
        return table or names[0]
    met = f"There is no table '{table}'." if table else f"The database holds {len(names)} tables."
    raise SourceError("source-missing-file", met, where=str(path), help=f"Write {path.name}::TABLE. {nearest(table, names)}")


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


def _checked(table: pa.Table, where: str) -> pa.Table:
    check_width(table.column_names, where)
    if table.num_rows == 0:
        raise SourceError("source-empty", "There are no rows.", where=where)
    return table
