"""Real records that the tests of models share: census income, and scikit-learn's built-in sets."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema

ADULT = "age workclass fnlwgt education years marital occupation relation race sex gain loss hours country income"
Case = tuple[Dataset, Purpose]


def dataset(table: pa.Table, target: str) -> Dataset:
    """A table as a Dataset: strings are categories, everything else numbers, `target` the target."""
    columns = [
        Column(name, "category" if pa.types.is_string(kind) else "number", "target" if name == target else "feature")
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
    ]
    return Dataset.of(table, Schema({"records": tuple(columns)}))


@pytest.fixture(scope="session")
def adult(data_folder: Path) -> Callable[[int], Case]:
    """The first n rows of census income, missing cells as null."""
    text = gzip.decompress((data_folder / "adult" / "adult.data.gz").read_bytes()).replace(b", ", b",")
    table = csv.read_csv(
        BytesIO(text),
        read_options=csv.ReadOptions(column_names=ADULT.split()),
        convert_options=csv.ConvertOptions(null_values=["?"], strings_can_be_null=True),
    )
    return lambda rows: (dataset(table.slice(0, rows), "income"), Purpose("income", "binary", ("<=50K", ">50K")))


@pytest.fixture(scope="session")
def built_in() -> Callable[[str], Case]:
    """breast_cancer (binary), wine (three classes) or diabetes (regression), rows in a fixed mixed order."""
    from sklearn import datasets

    def load(name: str) -> Case:
        found = getattr(datasets, f"load_{name}")()
        order = np.random.default_rng(0).permutation(len(found.target))
        columns = {f"x{place}": pa.array(values[order]) for place, values in enumerate(found.data.T)}
        target = found.target[order] if name == "diabetes" else found.target[order].astype(int)
        task = {"breast_cancer": "binary", "wine": "multiclass", "diabetes": "regression"}[name]
        classes = () if task == "regression" else tuple(str(value) for value in np.unique(target))
        return dataset(pa.table({**columns, "y": pa.array(target)}), "y"), Purpose("y", task, classes)

    return load
