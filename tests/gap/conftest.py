"""What the tests of gaps share: real tables that scikit-learn brings, with a gap planted in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at

MEASURED = ("mean radius", "mean texture", "mean smoothness", "mean symmetry")


def tumours_of(times: int) -> Dataset:
    """569 real tumours: four measurements, which third of the texture, and the diagnosis; each `times` times, with a unit."""
    frame = load_breast_cancer(as_frame=True).frame
    columns = {name: pa.array(frame[name].round(3)) for name in MEASURED}
    third = np.digitize(frame["mean texture"], np.quantile(frame["mean texture"], [1 / 3, 2 / 3]))
    columns["who's lab"] = pa.array(np.array(["O'Neill", "north", "south"])[third])
    columns["diagnosis"] = pa.array(np.where(frame["target"] == 1, "benign", "malignant"))
    columns["patient"] = pa.array([f"P{row}" for row in range(len(frame))])
    table = pa.concat_tables([pa.table(columns)] * times)
    kinds = [Column(name, "number") for name in MEASURED]
    kinds += [Column("who's lab", "category"), Column("diagnosis", "category", "target"), Column("patient", "category", "unit")]
    return Dataset.of(table, Schema({RECORDS: tuple(kinds)}))


@pytest.fixture(scope="session")
def tumours() -> Dataset:
    return tumours_of(1)


@pytest.fixture(scope="session")
def diagnosis() -> Purpose:
    return Purpose("diagnosis", "binary", ("benign", "malignant"))


@pytest.fixture(scope="session")
def spoilt(tumours: Dataset) -> Dataset:
    """The tumours with diagnoses of one lab drawn at random: nobody can be good there."""
    words = np.array(tumours.column("diagnosis").to_pylist(), object)
    inside = np.array([lab == "O'Neill" for lab in tumours.column("who's lab").to_pylist()])
    words[inside] = rng_at(0, "spoilt").choice(["benign", "malignant"], int(inside.sum()))
    place = tumours.records.column_names.index("diagnosis")
    return Dataset.of(tumours.records.set_column(place, "diagnosis", pa.array(list(words))), tumours.schema)


@pytest.fixture(scope="session")
def progress() -> tuple[Dataset, Purpose]:
    """442 real diabetes patients and how far the disease went: a regression."""
    frame = load_diabetes(as_frame=True).frame
    columns = tuple(Column(name, "number", "target" if name == "target" else "feature") for name in frame.columns)
    table = pa.table({name: pa.array(frame[name]) for name in frame.columns})
    return Dataset.of(table, Schema({RECORDS: columns})), Purpose("target", "regression", target_sd=float(frame["target"].std()))
