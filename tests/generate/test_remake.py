"""Identifiers, units and personal values: new ones of the same format."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.request import Request
from complement.core.schema import Column, Constraints
from complement.generate.remake import Remaker
from complement.generate.tabular import TableGenerator


def _make(values: pa.Array, role: str, rows: int, **limits: object) -> list[object]:
    column = Column("c", "category", role, Constraints(**limits))  # pyright: ignore[reportArgumentType]
    return Remaker.of(column, pa.chunked_array([values])).make(rows, np.random.default_rng(0)).to_pylist()


def test_increasing_integers_continue() -> None:
    assert _make(pa.array([10, 11, 12], pa.int32()), "identifier", 4) == [13, 14, 15, 16]


def test_large_integers_stay_exact() -> None:
    top = 2**63 - 10
    assert _make(pa.array([2**60 + 1, 2**60 + 3]), "identifier", 2) == [2**60 + 4, 2**60 + 5]
    assert _make(pa.array([5, top]), "identifier", 30) == [4 - at for at in range(30)]


def test_text_keeps_its_format_and_is_never_real_nor_repeated() -> None:
    real = [f"AB-{number:03d}/x" for number in range(400)]
    made = _make(pa.array(real), "identifier", 500)
    assert all(re.fullmatch(r"[A-Z]{2}-\d{3}/[a-z]", str(value)) for value in made)
    assert len(set(made)) == 500
    assert not set(made) & set(real)


def test_a_format_without_free_values_is_lengthened() -> None:
    real = [str(number) for number in range(10)]
    made = _make(pa.array(real), "unit", 200)
    assert len(set(made)) == 200
    assert not set(made) & set(real)


def test_personal_numbers_and_dates_stay_in_their_range_and_are_not_real() -> None:
    born = [date(1950, 1, 1) + timedelta(days=7 * at) for at in range(500)]
    made = _make(pa.array(born), "personal", 300)
    assert not set(made) & set(born)
    assert all(born[0] <= value <= born[-1] for value in made)  # pyright: ignore[reportOperatorIssue]


def test_personal_values_keep_their_share_of_missing() -> None:
    made = _make(pa.array(["Ann Lee", None] * 50), "personal", 2000)
    assert abs(made.count(None) / 2000 - 0.5) < 0.05


def test_a_full_type_is_an_error_that_says_so() -> None:
    with pytest.raises(GenerateError, match="no room") as met:
        _make(pa.array([-128, 127], pa.int8()), "identifier", 5)
    assert met.value.code == "generate-unsupported"


def test_no_generator_copies_an_identifier_a_unit_or_a_name(generator: TableGenerator, as_dataset: object) -> None:
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "id": np.arange(100, 300),
            "x": random.normal(size=200),
            "name": ["".join(random.choice(list("abcdefghij"), 8)).title() for _ in range(200)],
            "patient": [f"P{number:04d}" for number in random.integers(0, 50, 200)],
            "skipped": random.integers(0, 9, 200),
            "single": ["v1"] * 200,
            "w": random.uniform(1, 3, 200),
        }
    )
    roles = {"id": "identifier", "name": "personal", "patient": "unit", "skipped": "ignore", "single": "ignore", "w": "weight"}
    real: Dataset = as_dataset(table, roles)  # pyright: ignore[reportCallIssue]
    made = generator.fit(real, seed=1).generate(Request(150), seed=2).records
    assert made.records.schema == table.schema
    for name in ("id", "name", "patient"):
        assert not set(made.column(name).to_pylist()) & set(table.column(name).to_pylist())
    for name in ("id", "patient"):
        assert len(set(made.column(name).to_pylist())) == 150
    assert set(made.column("skipped").to_pylist()) == {0}
    assert set(made.column("single").to_pylist()) == {"v1"}
    assert len(set(made.column("w").to_pylist())) == 1
    assert made.column("w")[0].as_py() == pytest.approx(np.mean(table.column("w").to_numpy()), abs=1e-9)


def test_a_unique_feature_stays_unique(generator: TableGenerator) -> None:
    from complement.core.schema import RECORDS, Schema

    columns = (
        Column("rank", "integer", constraints=Constraints(unique=True, decimals=0)),
        Column("tag", "category", constraints=Constraints(unique=True)),
        Column("x", "number"),
    )
    table = pa.table({"rank": np.arange(50), "tag": [f"t{n:02d}" for n in range(50)], "x": np.arange(50.0)})
    real = Dataset.of(table, Schema({RECORDS: columns}))
    made = generator.fit(real, seed=1).generate(Request(120), seed=2).records
    assert len(set(made.column("rank").to_pylist())) == 120
    assert len(set(made.column("tag").to_pylist())) == 120
