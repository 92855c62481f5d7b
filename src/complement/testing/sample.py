"""A small table of every kind of column, made from a seed: what the conformance suite tries plug-ins on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose, Task
from complement.core.schema import Column, Constraints, Schema
from complement.core.seed import rng_at

TARGET = "outcome"
CITIES = ("Bergen", "Lima", "Oslo", "Rome")
METRIC = {"binary": "auroc", "multiclass": "macro_f1", "regression": "rmse"}
CLASSES: dict[str, tuple[str, ...]] = {"binary": ("no", "yes"), "multiclass": ("high", "low", "middle"), "regression": ()}


def sample_records(rows: int = 200, *, task: Task = "binary", seed: int = 0) -> Dataset:
    """Records of the columns amount (number, 2 decimals), visits (integer, many zeros), city (category), member
    (boolean), joined (date) and the target outcome. Amount and city have missing values. The target depends on
    amount and city, so that there is something to learn. Same arguments: same bytes."""
    rng = rng_at(seed, "testing", task, rows)
    amount = np.round(rng.lognormal(3.0, 0.6, rows), 2)
    city = rng.choice(len(CITIES), rows, p=[0.1, 0.2, 0.3, 0.4])
    visits = np.where(rng.random(rows) < 0.4, 0, rng.poisson(3.0, rows))
    member = rng.random(rows) < 0.3
    joined = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows)
    strength = np.log(amount) - 3.0 + 0.8 * (city == 3) - 0.3 + 0.3 * rng.standard_normal(rows)
    table = pa.table(
        {
            "amount": pa.array(amount, mask=rng.random(rows) < 0.06),
            "visits": pa.array(visits.astype(np.int64)),
            "city": pa.array(np.array(CITIES, object)[city], pa.string(), mask=rng.random(rows) < 0.04),
            "member": pa.array(member),
            "joined": pa.array(joined, pa.date32()),
            TARGET: _target(strength, task),
        }
    )
    return Dataset.of(table, _schema(task))


def sample_purpose(task: Task = "binary", *, metric: str | None = None) -> Purpose:
    """The purpose that goes with `sample_records(task=...)`."""
    return Purpose(TARGET, task, classes=CLASSES[task], metric=metric or METRIC[task])


def as_synthetic(records: Dataset, *, depth: int = 1) -> Dataset:
    """The same records with the lineage of made ones, as a generator of that depth would give it."""
    made = lineages.of_synthetic(records.rows, generator="sample", request="all", seed=0, depth=depth)
    return Dataset(records.tables, records.schema, records.weight, made)


def replace_values(records: Dataset, name: str, values: pa.Array | pa.ChunkedArray) -> Dataset:
    """The same records with the values of one root column replaced; the column keeps its Arrow type."""
    table = records.records
    place = table.column_names.index(name)
    table = table.set_column(place, table.schema.field(name), values.cast(table.schema.field(name).type))
    return Dataset({**records.tables, records.schema.root: table}, records.schema, records.weight, records.lineage)


def fingerprint(records: Dataset) -> str:
    """All that is known of the records as one text: equal texts mean equal values, types, weights and lineage."""
    tables = {name: (str(table.schema), table.to_pylist()) for name, table in records.tables.items()}
    return repr((tables, records.weight.tolist(), records.lineage.to_pylist()))


def category_of(records: Dataset) -> tuple[str, list[str]] | None:
    """The first categorical feature and its values, the most frequent first; None when there is none."""
    for column in records.schema.features():
        kind = records.column(column.name).type
        if column.kind == "category" and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            counts = pc.value_counts(records.column(column.name).drop_null()).to_pylist()
            counts.sort(key=lambda pair: (-pair["counts"], pair["values"]))
            if counts:
                return column.name, [pair["values"] for pair in counts]
    return None


def numbers_of(records: Dataset) -> tuple[str, np.ndarray] | None:
    """The first numeric feature and its known values; None when there is none."""
    for column in records.schema.features():
        if column.numeric:
            return column.name, records.column(column.name).drop_null().to_numpy().astype(float)
    return None


def _target(strength: np.ndarray, task: Task) -> pa.Array:
    if task == "regression":
        return pa.array(np.round(10.0 + 4.0 * strength, 2))
    cuts = np.quantile(strength, [0.7]) if task == "binary" else np.quantile(strength, [0.35, 0.75])
    words = ("no", "yes") if task == "binary" else ("low", "middle", "high")
    return pa.array(np.array(words, object)[np.searchsorted(cuts, strength)], pa.string())


def _schema(task: Task) -> Schema:
    whole = Constraints(nullable=False)
    target = Column(TARGET, "number", "target", Constraints(decimals=2, nullable=False))
    if task != "regression":
        target = Column(TARGET, "category", "target", Constraints(values=CLASSES[task], nullable=False))
    return Schema(
        {
            "records": (
                Column("amount", "number", constraints=Constraints(low=0.0, decimals=2)),
                Column("visits", "integer", constraints=Constraints(low=0.0, decimals=0, nullable=False)),
                Column("city", "category", constraints=Constraints(values=CITIES)),
                Column("member", "boolean", constraints=whole),
                Column("joined", "date", constraints=whole),
                target,
            )
        }
    )
