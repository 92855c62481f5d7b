"""What the tests of curation share: two real tables from scikit-learn, and records with defects planted in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Constraints, Schema
from complement.core.seed import rng_at


@pytest.fixture(scope="session")
def tumours() -> Dataset:
    """569 real tumours in random order: ten measurements and the diagnosis, with the range of each."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True).frame
    names = [name for name in found.columns if name.startswith("mean")]
    columns = {name.replace(" ", "_"): pa.array(found[name].to_numpy()) for name in names}
    columns["diagnosis"] = pa.array(np.where(found["target"].to_numpy() == 1, "benign", "malignant"))
    table = pa.table(columns).take(pa.array(rng_at(0, "tumours").permutation(569)))
    return Dataset.of(table, _schema(table, "diagnosis"))


@pytest.fixture(scope="session")
def patients() -> Dataset:
    """442 real patients with diabetes in random order: ten measurements, and how far the disease had gone a year later."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes(as_frame=True, scaled=False).frame
    table = pa.table({name: pa.array(found[name].to_numpy().astype(float)) for name in found.columns})
    return Dataset.of(table.take(pa.array(rng_at(0, "patients").permutation(table.num_rows))), _schema(table, "target"))


@pytest.fixture(scope="session")
def context(tumours: Dataset) -> Context:
    """300 tumours to learn from; the others are candidates."""
    train = tumours.take(np.arange(300))
    return Context(train, None, train.schema, Purpose("diagnosis", "binary", classes=("benign", "malignant")))


def _schema(table: pa.Table, target: str) -> Schema:
    columns: list[Column] = []
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_string(values.type):
            columns.append(Column(name, "category", constraints=Constraints(values=tuple(sorted(set(values.to_pylist()))))))
        else:
            numbers = values.to_numpy()
            columns.append(Column(name, "number", constraints=Constraints(low=float(numbers.min()), high=float(numbers.max()))))
    return Schema({RECORDS: tuple(columns)}).with_target(target)
