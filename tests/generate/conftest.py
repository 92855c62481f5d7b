"""Real tables for the tests of stage 3, and the small schema that they need."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Constraints, Role, Schema
from complement.generate.bootstrap import Bootstrap
from complement.generate.copula import GaussianCopula
from complement.generate.forest import Forest
from complement.generate.interpolate import Interpolate
from complement.generate.shuffle import Shuffle
from complement.generate.tabular import TableGenerator
from complement.generate.trees import SequentialTrees

sys.path.insert(0, str(Path(__file__).parent))  # so that the modules beside these tests are found by name

ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship"]
ADULT += ["race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]
GENERATORS = {kind.name: kind for kind in (Forest, SequentialTrees, GaussianCopula, Bootstrap, Shuffle, Interpolate)}
AsDataset = Callable[..., Dataset]


def _kind(values: pa.ChunkedArray) -> str:
    kind = values.type
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_temporal(kind):
        return "date" if pa.types.is_date(kind) else "datetime"
    if pa.types.is_integer(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else "category"


def _column(name: str, values: pa.ChunkedArray, role: Role, kind: str | None) -> Column:
    kind = kind or _kind(values)
    limits = Constraints(nullable=values.null_count > 0)
    if kind in ("number", "integer") and values.null_count < len(values):
        ends = pc.min_max(values).as_py()
        numbers = values.drop_null().cast(pa.float64()).to_numpy()
        decimals = next((d for d in range(13) if np.array_equal(np.round(numbers, d), numbers)), None)
        limits = Constraints(ends["min"], ends["max"], decimals, nullable=values.null_count > 0)
    return Column(name, kind, role, limits)  # pyright: ignore[reportArgumentType]


def _as_dataset(
    table: pa.Table,
    roles: Mapping[str, Role] | None = None,
    kinds: Mapping[str, str] | None = None,
    weight: np.ndarray | None = None,
) -> Dataset:
    columns = [
        _column(name, table.column(name), (roles or {}).get(name, "feature"), (kinds or {}).get(name))
        for name in table.column_names
    ]
    return Dataset.of(table, Schema({RECORDS: tuple(columns)}), weight=weight)


@pytest.fixture(scope="session")
def as_dataset() -> AsDataset:
    """A Dataset from an Arrow table: kinds from the types, roles as given."""
    return _as_dataset


@pytest.fixture(scope="session")
def wine() -> Dataset:
    found = load_wine()
    columns = {name.replace("/", "_"): found.data[:, at] for at, name in enumerate(found.feature_names)}
    columns["cultivar"] = np.array(["A", "B", "C"])[found.target]
    return _as_dataset(pa.table(columns), {"cultivar": "target"})


@pytest.fixture(scope="session")
def cancer() -> Dataset:
    found = load_breast_cancer()
    columns = {name.replace(" ", "_"): found.data[:, at] for at, name in enumerate(found.feature_names)}
    columns["benign"] = found.target.astype(bool)
    return _as_dataset(pa.table(columns), {"benign": "target"})


@pytest.fixture(scope="session")
def diabetes() -> Dataset:
    found = load_diabetes(scaled=False)
    columns = {name: found.data[:, at] for at, name in enumerate(found.feature_names)}
    return _as_dataset(pa.table({**columns, "progression": found.target}), {"progression": "target"})


@pytest.fixture(scope="session")
def adult(data_folder: Path) -> Dataset:
    """4,000 records of Adult, `?` as missing, income the target."""
    with gzip.open(data_folder / "adult" / "adult.data.gz") as file:
        text = file.read().replace(b", ", b",")
    table = csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(column_names=ADULT),
        convert_options=csv.ConvertOptions(null_values=["?"], strings_can_be_null=True),
    )
    rows = np.random.default_rng(0).permutation(table.num_rows)[:4000]
    return _as_dataset(table.take(pa.array(rows)).combine_chunks(), {"income": "target"})


@pytest.fixture(params=sorted(GENERATORS))
def generator(request: pytest.FixtureRequest) -> TableGenerator:
    """Each of the five generators, new and not fitted."""
    return GENERATORS[request.param]()
