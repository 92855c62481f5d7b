"""What the tests of privacy share: the census table Adult in a random order."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pytest

from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at

NAMES = ["age", "work", "weight", "degree", "years", "marital", "job", "relation", "race", "sex", "gain", "loss", "hours"]
NAMES += ["country", "income"]
NUMBERS = ("age", "weight", "years", "gain", "loss", "hours")


@pytest.fixture(scope="module")
def adult(data_folder: Path) -> Dataset:
    path = data_folder / "adult" / "adult.data.gz"
    if not path.is_file():
        pytest.skip(f"no real data at {path}")
    with gzip.open(path) as file:
        text = file.read().replace(b", ", b",")
    table = csv.read_csv(pa.BufferReader(text), read_options=csv.ReadOptions(column_names=NAMES))
    columns = tuple(Column(name, "integer" if name in NUMBERS else "category") for name in NAMES)
    schema = Schema({RECORDS: columns}).assign(income="target")
    rows = rng_at(0, "adult").permutation(table.num_rows)
    return Dataset.of(table.take(pa.array(rows)), schema)
