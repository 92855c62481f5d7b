"""Real records in small tables, and the ways to spoil their files."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer

ROWS = 200
Content = str | bytes | Callable[[Path], None]


@cache
def patients(rows: int = ROWS, start: int = 0) -> pa.Table:
    """Real tumours (Wisconsin): three measurements, a class of size, who and when (numbered), and the diagnosis `y`."""
    found = load_breast_cancer(as_frame=True).frame.iloc[start : start + rows]
    radius = found["mean radius"].to_numpy()
    place = range(start, start + len(found))
    return pa.table(
        {
            "radius": radius,
            "texture": found["mean texture"].to_numpy(),
            "smooth": found["mean smoothness"].to_numpy(),
            "size": pa.array(["large" if value > 14 else "small" for value in radius]),
            "patient": pa.array([f"P{n // 2:04}" for n in place]),
            "day": pa.array([f"2024-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in place]),
            "y": found["target"].to_numpy(),
        }
    )


def text(table: pa.Table | None = None) -> str:
    """The table as CSV."""
    sink = pa.BufferOutputStream()
    csv.write_csv(patients() if table is None else table, sink)
    return sink.getvalue().to_pybytes().decode()


def with_column(name: str, values: object, table: pa.Table | None = None) -> pa.Table:
    """The patients with one more column, or with this one replaced; `values` is one value for all, or a list."""
    table = patients() if table is None else table
    column = pa.array(values if isinstance(values, list) else [values] * table.num_rows)
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def spoilt(name: str, values: object) -> str:
    """CSV of the patients with one column so."""
    return text(with_column(name, values))


def some(name: str, value: object, every: int = 10) -> list[object]:
    """The column's values with every tenth (the first of each ten) replaced."""
    return [value if place % every == 0 else old for place, old in enumerate(patients()[name].to_pylist())]


def line_replaced(number: int, line: str, whole: str | None = None) -> str:
    """The CSV with one line (from 1) replaced."""
    lines = (text() if whole is None else whole).splitlines()
    return "\n".join([*lines[: number - 1], line, *lines[number:]]) + "\n"


def header(line: str) -> str:
    """The CSV under another header."""
    return line_replaced(1, line)


def jsonl(rows: int = ROWS) -> list[str]:
    import json

    return [json.dumps(record) for record in patients(rows).to_pylist()]


def as_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def cut_gzip() -> bytes:
    """A gzip file whose last third never arrived."""
    whole = gzip.compress(text().encode())
    return whole[: len(whole) * 2 // 3]


def duck(path: Path) -> None:
    """A DuckDB file with the table `people`."""
    records = patients()
    with duckdb.connect(str(path)) as database:
        database.register("records", records)
        database.execute("CREATE TABLE people AS SELECT * FROM records")


def sqlite(path: Path) -> None:
    """An SQLite file with the table `people`."""
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE people (x REAL, y INTEGER)")
    database.executemany("INSERT INTO people VALUES (?, ?)", [(place * 0.5, place % 2) for place in range(ROWS)])
    database.commit()
    database.close()


def lay_out(folder: Path, files: Mapping[str, Content]) -> None:
    """Write the files, by their names, into the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
