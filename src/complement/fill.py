"""Fill: impute the missing cells of real data, whoever holds them. What `complement impute` writes and shows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, Unpack

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import SourceError, UsageError
from complement.core.lineage import imputed_before
from complement.core.schema import nearest
from complement.core.values import as_text
from complement.deliver import refuse_overwrite
from complement.generate.impute import Imputer
from complement.generate.impute.chain import How
from complement.generate.impute.imputer import absent_cells, why_not
from complement.source.origin import refuse_made
from complement.source.read import read, read_table
from complement.source.write import write_atomically, write_table

MARK = "_imputed"  # the column of a written file that names, record by record, the columns whose cell was made
TEXT_FILES = (".csv", ".tsv")


class ImputeOptions(TypedDict, total=False):
    """What `complement.impute` takes besides the data and `times`."""

    only: Collection[str]
    leave: Collection[str]
    how: How
    seed: int


def fill(real: object, *, times: int | None = None, **options: Unpack[ImputeOptions]) -> list[Dataset]:
    """`times` completed tables (None: one); `complement.impute` says what they are.

    Raises UsageError, what reading raises, SchemaError schema-column and impute-column, GenerateError impute-empty.
    """
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise UsageError("usage", f"times={times!r} is not a whole number of at least 1.")
    how, seed = options.get("how", "draw"), options.get("seed", 0)
    unknown = [name for name in options if name not in ImputeOptions.__annotations__]
    if unknown:
        help = nearest(unknown[0], [*ImputeOptions.__annotations__])
        raise UsageError("usage", f"impute has no option '{unknown[0]}'.", help=help)
    if times is not None and times > 1 and how == "centre":
        met = "Best guesses hardly differ: several tables of them would say that nothing is uncertain."
        raise UsageError("usage", met, help="Use 'draw' for multiple imputation, or make one table.")
    records = read_marked(real)
    imputer = Imputer(how, only=options.get("only"), leave=options.get("leave", ())).fit(records, seed=seed)
    return [imputer.fill(records, seed=place) for place in range(times or 1)]


def fill_to(
    real: str, out: Path, *, times: int | None = None, replace: bool = False, **options: Unpack[ImputeOptions]
) -> dict[str, Any]:
    """`fill` into a file, or into `times` files with a number before the ending; what was filled, and what was not.

    The file has one more column, `_imputed`: a JSON list of the columns of this record whose cell was made, null where there
    is none. From CSV or TSV into CSV or TSV every cell that is there keeps its text. Raises UsageError before anything is
    computed when a file is the one that is read, or is there and not to be replaced.
    """
    places = [out] if times is None else [_numbered(out, number) for number in range(1, times + 1)]
    refuse_overwrite(places, reads=[real], replace=replace)
    made = fill(real, times=times, **options)
    source = read_table(real) if _as_text(out) and _as_text(Path(real)) else None
    for one, place in zip(made, places, strict=True):
        if source is None:
            write_table(with_mark(one), place)
        else:
            write_text(with_mark(one, source), place)
    return {"schema": 1, "out": [str(place) for place in places], "how": options.get("how", "draw"), **summary(made[0])}


def write_text(table: pa.Table, path: Path) -> None:
    """A table of text as CSV or TSV, with quotes only where a cell needs them, as most files have it."""
    tabs = ".tsv" in [ending.lower() for ending in path.suffixes]
    held = io.StringIO()
    writer = csv.writer(held, delimiter="\t" if tabs else ",", lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    content = held.getvalue().encode()
    packed = gzip.compress(content, mtime=0) if path.suffix.lower() == ".gz" else content

    def write(stream: BinaryIO) -> None:
        stream.write(packed)

    write_atomically(path, write)


def summary(made: Dataset) -> dict[str, Any]:
    """How many cells of which column were filled, and which columns still lack some, with the reason."""
    filled = Counter(name for names in made.lineage.column("imputed").to_pylist() for name in names or ())
    left: list[dict[str, Any]] = []
    for column in made.schema.columns:
        missing = int(absent_cells(made.column(column.name)).sum())
        if missing:
            empty = missing == made.rows and column.role == "ignore"
            why = "no record has a value" if empty else why_not(made, column.name) or "it was not to be filled"
            left.append({"column": column.name, "cells": missing, "why": why})
    names = [name for name in made.schema.names() if name in filled]
    share = {name: filled[name] / max(made.rows, 1) for name in names}
    return {
        "rows": made.rows,
        "cells": sum(filled.values()),
        "filled": [{"column": name, "cells": filled[name], "share": round(share[name], 6)} for name in names],
        "left": left,
    }


def told(facts: Mapping[str, Any]) -> str:
    """What `fill_to` gave, for a person to read."""
    kind = {"draw": "draws from donors", "centre": "best guesses"}[facts["how"]]
    lines = [f"{', '.join(facts['out'])}: {facts['rows']:,} records, {facts['cells']:,} cells filled by {kind}"]
    width = max((len(one["column"]) for one in facts["filled"]), default=0)
    lines += [f"  {one['column']:<{width}} {one['cells']:>8,} {one['share']:>7.1%}" for one in facts["filled"]]
    if facts["left"]:
        lines.append(
            "Still missing: " + "; ".join(f"{o['column']} ({o['cells']:,} cells: {o['why']})" for o in facts["left"]) + "."
        )
    if facts["cells"]:
        lines.append(f"They are not observations: the column {MARK} names them, record by record.")
    return "\n".join(lines)


def with_mark(made: Dataset, source: pa.Table | None = None) -> pa.Table:
    """The root table with the column `_imputed` added; given the `source` as text, with its text in every cell not made."""
    rows = made.lineage.column("imputed").to_pylist()
    table = made.records
    if source is not None:
        before = _marks(source.column(MARK)) if MARK in source.column_names else [None] * table.num_rows
        new = [set(names or ()) - set(old or ()) for names, old in zip(rows, before, strict=True)]
        cells = {name: np.array([name in names for names in new], bool) for name in table.column_names}
        columns = {
            name: _in_text(source.column(name), table.column(name), cells[name]) if cells[name].any() else source.column(name)
            for name in table.column_names
        }
        table = pa.table(columns)
    marks = [json.dumps(names, ensure_ascii=False) if names else None for names in rows]
    return table.append_column(MARK, pa.array(marks, pa.string()))


def read_marked(real: object) -> Dataset:
    """Records as read. Cells that an earlier imputation made are known again by its column."""
    records = refuse_made(read(real))
    if MARK not in records.records.column_names:
        return records
    marks = _marks(records.column(MARK))
    return replace(records.drop(MARK), lineage=imputed_before(records.lineage, marks))


def _marks(column: pa.ChunkedArray) -> list[list[str] | None]:
    """The filled columns of each record, as `with_mark` wrote them."""
    marks: list[list[str] | None] = []
    for row, text in enumerate(column.to_pylist(), 1):
        try:
            marks.append([str(name) for name in json.loads(text)] if text else None)
        except (ValueError, TypeError) as cause:
            met = f"Record {row} has {str(text)[:60]!r} in '{MARK}', which is no list of columns."
            raise SourceError("source-format", met, help=f"Rename '{MARK}': complement keeps there what it imputed.") from cause
    return marks


def _in_text(source: pa.ChunkedArray, filled: pa.ChunkedArray, cells: np.ndarray) -> pa.Array:
    """The cells of a text file, with made ones in the spelling that their value has elsewhere in the column."""
    words, known = as_text(filled), source.cast(pa.string()).to_pylist()
    spelling: dict[str, str] = {}
    for word, text, made in zip(words, known, cells, strict=True):
        if not made and word is not None and text is not None:
            spelling.setdefault(word, text)
    new = (spelling.get(word, word) if made else text for word, text, made in zip(words, known, cells, strict=True))
    return pa.array(list(new), pa.string())


def _as_text(path: Path) -> bool:
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    return bool(endings) and endings[-1] in TEXT_FILES


def _numbered(out: Path, number: int) -> Path:
    count = 2 if out.suffix.lower() == ".gz" else 1
    ending = "".join(out.suffixes[-count:])
    return out.with_name(f"{out.name.removesuffix(ending)}.{number}{ending}")
