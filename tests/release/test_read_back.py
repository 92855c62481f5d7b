"""Others read a release: Hugging Face `datasets` and `mlcroissant` give the same records. Neither is needed to use complement.

They stand in no environment of ours, for they bring much along: `.ci/extras` runs this file in one of its own.
"""

from __future__ import annotations

import importlib
import math
import os
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import complement
from complement.core.dataset import Dataset
from complement.core.schema import Column, Schema
from complement.release import Facts, Release, bundle, verify

pytestmark = pytest.mark.filterwarnings("default")  # what these libraries deprecate in one another is not ours


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": "hub",
        "HF_DATASETS_CACHE": "cache",
        "CROISSANT_CACHE": "croissant",
    }.items():
        monkeypatch.setenv(name, value if value == "1" else str(tmp_path / value))


def library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("COMPLEMENT_EXTRAS") == "readers":  # there it must be installed: a test that is skipped shows nothing
            raise
        pytest.skip(f"{name} is not installed here: .ci/extras runs this test in an environment that has it")


@pytest.fixture(scope="session")
def mixed(made: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Every kind of column, with missing cells, names that are hard to bear, and two shards."""
    table = pa.table(
        {
            "age (years)": pa.array([30, None, 50, 2**53 + 1], pa.int64()),
            "weight/kg": [70.25, None, float("nan"), -1e-300],
            "Ort, Straße": ["Köln", None, "", 'a "b"\n|c'],
            "alive": [True, None, False, True],
            "born": pa.array([date(1990, 2, 28), None, date(1899, 12, 31), date(2024, 2, 29)]),
            "seen": pa.array([datetime(2024, 1, 1, 12, 30, 15, 250), None, datetime(1970, 1, 1), datetime(2262, 1, 1)]),
            "nothing": pa.nulls(4, pa.float64()),
            "age_years_": [1, 2, 3, 4],
        }
    )
    kinds = ("integer", "number", "category", "boolean", "date", "datetime", "number", "integer")
    schema = Schema({"records": tuple(Column(name, kind) for name, kind in zip(table.column_names, kinds, strict=True))})
    records = Dataset.of(table, schema, lineage=made.lineage.slice(0, 4))
    pieces = [records.take(np.arange(3)), records.take(np.arange(3, 4))]
    return bundle(pieces, tmp_path_factory.mktemp("mixed") / "mixed", Facts(name="mixed", title="Mixed: «kinds»"))


@pytest.fixture(scope="session")
def adult(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """2,000 records made from 6,000 of Adult, in four shards."""
    from pyarrow import csv

    options = csv.ReadOptions(autogenerate_column_names=True)  # the file has no header; f14 is the income
    real = csv.read_csv(data_folder / "adult" / "adult.data.gz", options).slice(0, 6000)
    made = complement.generate(real, rows=2000, target="f14", generator="trees", seed=1)
    pieces = (made.take(np.arange(start, start + 500)) for start in range(0, 2000, 500))
    return bundle(
        pieces, tmp_path_factory.mktemp("adult") / "adult", Facts(name="adult", source={"task": "binary", "target": "f14"})
    )


def stored(release: Release) -> pa.Table:
    return parquet.read_table(release.folder / "data").replace_schema_metadata(None)


def read_by_datasets(release: Release) -> None:
    loaded = library("datasets").load_dataset(str(release.folder))
    assert list(loaded) == ["train"]
    table = pa.Table.from_batches(loaded["train"].data.table.to_batches()).replace_schema_metadata(None)
    want = stored(release)
    assert table.schema == want.schema, "datasets reads the very types that the card names"
    assert same(table.to_pylist(), want.to_pylist())


def read_by_mlcroissant(release: Release, caplog: pytest.LogCaptureFixture) -> None:
    found = library("mlcroissant").Dataset(jsonld=str(release.folder / "croissant.json"))
    assert found.metadata.ctx.issues.errors == set()
    assert "not standard" not in caplog.text
    want = stored(release)
    ids = [field.id for field in found.metadata.record_sets[0].fields]
    rows = [[plainly(row[one]) for one in ids] for row in found.records("records")]
    assert same(rows, [[plainly(value) for value in row.values()] for row in want.to_pylist()])


def same(one: Any, other: Any) -> bool:
    """Equal, where two that are not a number are."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other) and (isinstance(one, bool) == isinstance(other, bool))


def plainly(value: Any) -> Any:
    """mlcroissant gives text as bytes, dates as pandas timestamps, and both missing and not-a-number as None."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value:
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    return datetime(value.year, value.month, value.day) if type(value) is date else value


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["released", "mixed", "adult"])
def test_datasets_reads_the_same_records(name: str, request: pytest.FixtureRequest) -> None:
    library("datasets")
    release: Release = request.getfixturevalue(name)
    assert verify(release.folder, digest=release.digest).passed
    read_by_datasets(release)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["released", "mixed", "adult"])
def test_mlcroissant_reads_the_same_records(name: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    library("mlcroissant")
    release: Release = request.getfixturevalue(name)
    read_by_mlcroissant(release, caplog)


@pytest.mark.usefixtures("offline")
def test_the_hub_accepts_the_front_matter(released: Release) -> None:
    card = library("huggingface_hub").DatasetCard.load(released.folder / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert card.data.tags[0] == "synthetic"
    assert card.data.size_categories == ["n<1K"]
    assert card.data.task_categories == ["tabular-classification"]


def test_the_comparison_can_fail() -> None:
    assert same([{"a": [float("nan"), 1]}], [{"a": [float("nan"), 1]}])
    for other in ([{"a": [0.5, 1]}], [{"a": [float("nan"), True]}], [{"b": [float("nan"), 1]}], []):
        assert not same([{"a": [float("nan"), 1]}], other)
