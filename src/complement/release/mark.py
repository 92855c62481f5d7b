"""Mark: every released record says of itself that it is synthetic, who made it, for which request, and at which depth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError

MARKS: dict[str, pa.DataType] = {
    "_synthetic": pa.bool_(),
    "_generator": pa.string(),
    "_request": pa.string(),
    "_depth": pa.int16(),
}


def marked(made: Dataset) -> pa.Table:
    """The root table with the four columns of `MARKS`. A column of the same name gives way: it would be taken for ours.

    Raises SchemaError "release-records" for a record that is not synthetic, or has no depth: a release holds no real one.
    """
    depth = made.lineage.column("depth").to_numpy()
    real = np.flatnonzero(~made.synthetic | (depth < 1))
    if len(real):
        met = f"{len(real):,} of {made.rows:,} records are real or have depth 0, the first at position {real[0]}."
        raise SchemaError("release-records", met)
    table = made.records.drop_columns([name for name in made.records.column_names if name in MARKS])
    values = {"_synthetic": pa.array(made.synthetic), **{f"_{name}": made.lineage.column(name) for name in _LINEAGE}}
    for name, kind in MARKS.items():
        table = table.append_column(name, values[name].cast(kind))
    return table


_LINEAGE = ("generator", "request", "depth")
