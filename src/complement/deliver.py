"""What a run hands over: records that say where they come from, and the manifest that says what they rest on."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.engine.plan import PACKAGES
from complement.source.write import write_table

RELEASED = "synthetic.parquet"
ADDED = ("_synthetic", "_generator", "_request", "_depth")


def with_origin(made: Dataset) -> pa.Table:
    """The root table with four more columns: `_synthetic` (true), `_generator`, `_request` and `_depth` of each record."""
    table = made.records
    lineage = made.lineage
    values = (
        pa.array(np.asarray(made.synthetic, bool)),
        lineage.column("generator").cast(pa.string()),
        lineage.column("request").cast(pa.string()),
        lineage.column("depth"),
    )
    for name, column in zip(ADDED, values, strict=True):
        # A real column of the same name gives way: it would be taken for ours.
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, column)
    return table


def write_records(made: Dataset, folder: Path) -> tuple[str, ...]:
    """Write the root as `synthetic.parquet` and every other table as `synthetic.NAME.parquet`; the names of the files."""
    names = [RELEASED]
    write_table(with_origin(made), folder / RELEASED)
    for name, table in made.tables.items():
        if name != made.schema.root:
            names.append(f"synthetic.{name}.parquet")
            write_table(table, folder / names[-1])
    return tuple(names)


def versions() -> dict[str, str]:
    """What the bytes of a result depend on: Python, the machine's kind, and the packages that compute."""
    found = {"python": sys.version.split()[0], "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an unpacked folder has no version
            found[name] = ""
    return found
