"""Bootstrap: real records again, and families of keyed tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.request import Request
from complement.core.schema import Column, Key, Schema
from complement.generate.bootstrap import Bootstrap


def test_every_record_is_a_real_one(adult: Dataset) -> None:
    made = Bootstrap().fit(adult, seed=1).generate(Request(500), seed=2).records
    known = {tuple(row.values()) for row in adult.records.to_pylist()}
    assert all(tuple(row.values()) in known for row in made.records.to_pylist())


def test_a_heavier_record_comes_more_often(wine: Dataset) -> None:
    heavy = np.array(wine.column("cultivar").to_numpy() == "B")
    made = Bootstrap().fit(wine.weighted(np.where(heavy, 20.0, 1.0)), seed=1).generate(Request(3000), seed=2).records
    expected = 20 * heavy.sum() / (20 * heavy.sum() + (~heavy).sum())
    assert abs(np.mean(made.column("cultivar").to_numpy() == "B") - expected) < 0.02


def test_text_and_nested_values_come_along(as_dataset: object) -> None:
    table = pa.table({"note": ["a long note", "another", "third"], "box": [[1.0, 2.0], [3.0], []]})
    real: Dataset = as_dataset(table, kinds={"note": "text", "box": "other"})  # pyright: ignore[reportCallIssue]
    made = Bootstrap().fit(real, seed=1).generate(Request(20), seed=2).records
    assert made.records.schema == table.schema
    known = {(row["note"], tuple(row["box"])) for row in table.to_pylist()}
    assert {(row["note"], tuple(row["box"])) for row in made.records.to_pylist()} <= known


@pytest.fixture(scope="module")
def hospital() -> Dataset:
    """Patients, their stays, a diagnosis that refers to both, and a dictionary of codes that nobody owns."""
    random = np.random.default_rng(0)
    patient = np.arange(40) * 7 + 3
    owner = random.integers(0, 40, 100)
    stay = np.arange(100) + 5000
    of_stay = random.integers(0, 100, 300)
    codes = ["I10", "E11", "N18"]
    tables = {
        "patients": pa.table(
            {"patient": patient, "sex": random.choice(["f", "m"], 40), "ssn": [f"{n:03d}-11" for n in range(40)]}
        ),
        "stays": pa.table({"stay": [f"S{n}" for n in stay], "patient": patient[owner], "days": random.integers(1, 9, 100)}),
        "diagnoses": pa.table(
            {
                "stay": [f"S{n}" for n in stay[of_stay]],
                "patient": patient[owner[of_stay]],
                "code": random.choice(codes, 300),
            }
        ),
        "dictionary": pa.table({"code": codes, "meaning": ["hypertension", "diabetes", "kidney"]}),
    }
    schema = Schema(
        {
            "patients": (
                Column("patient", "integer", "identifier"),
                Column("sex", "category"),
                Column("ssn", "category", "personal"),
            ),
            "stays": (
                Column("stay", "category", "identifier"),
                Column("patient", "integer", "identifier"),
                Column("days", "integer"),
            ),
            "diagnoses": (Column("stay", "category"), Column("patient", "integer"), Column("code", "category")),
            "dictionary": (Column("code", "category"), Column("meaning", "category")),
        },
        (
            Key("patients", "patient", "stays", "patient"),
            Key("stays", "stay", "diagnoses", "stay"),
            Key("stays", "patient", "diagnoses", "patient"),
            Key("dictionary", "code", "diagnoses", "code"),
        ),
        "patients",
    )
    return Dataset.of(tables, schema)


def test_families_come_whole_under_new_keys(hospital: Dataset) -> None:
    made = Bootstrap().fit(hospital, seed=1).generate(Request(120), seed=2).records
    assert made.rows == 120
    assert made.schema == hospital.schema
    patients, stays, diagnoses = (made.tables[name].to_pydict() for name in ("patients", "stays", "diagnoses"))
    assert len(set(patients["patient"])) == 120
    assert not set(patients["patient"]) & set(hospital.column("patient").to_pylist())
    assert not set(patients["ssn"]) & set(hospital.column("ssn").to_pylist())
    assert len(set(stays["stay"])) == len(stays["stay"])
    assert not set(stays["stay"]) & set(hospital.tables["stays"].column("stay").to_pylist())
    owner = dict(zip(stays["stay"], stays["patient"], strict=True))
    assert set(stays["patient"]) <= set(patients["patient"])
    assert [owner[stay] for stay in diagnoses["stay"]] == diagnoses["patient"]
    assert made.tables["dictionary"].equals(hospital.tables["dictionary"])
    for name, table in hospital.tables.items():
        assert made.tables[name].schema == table.schema


def test_families_have_the_sizes_of_real_ones(hospital: Dataset) -> None:
    def sizes(records: Dataset) -> set[tuple[str, int, int]]:
        stays, diagnoses = records.tables["stays"].to_pydict()["patient"], records.tables["diagnoses"].to_pydict()["patient"]
        root = records.tables["patients"].to_pydict()
        return {(sex, stays.count(p), diagnoses.count(p)) for p, sex in zip(root["patient"], root["sex"], strict=True)}

    made = Bootstrap().fit(hospital, seed=1).generate(Request(200), seed=2).records
    assert sizes(made) <= sizes(hospital)
    assert len(sizes(made)) > len(sizes(hospital)) / 2


def test_families_obey_a_condition_and_a_seed(hospital: Dataset) -> None:
    fitted = Bootstrap().fit(hospital, seed=1)
    asked = Request(30, where=Condition.parse("sex = 'f'"))
    made = fitted.generate(asked, seed=2).records
    assert set(made.column("sex").to_pylist()) == {"f"}
    again = fitted.generate(asked, seed=2).records
    assert all(table.equals(again.tables[name]) for name, table in made.tables.items())


def test_a_reference_to_its_own_table_stays_inside_the_family() -> None:
    tables = {
        "firms": pa.table({"firm": ["a", "b"]}),
        "people": pa.table({"person": [1, 2, 3], "firm": ["a", "a", "b"], "boss": pa.array([None, 1, 1])}),
    }
    columns = (Column("person", "integer"), Column("firm", "category"), Column("boss", "integer"))
    keys = (Key("firms", "firm", "people", "firm"), Key("people", "person", "people", "boss"))
    schema = Schema({"firms": (Column("firm", "category"),), "people": columns}, keys, "firms")
    real = Dataset.of({"firms": tables["firms"], "people": tables["people"]}, schema)
    people = Bootstrap().fit(real, seed=1).generate(Request(10), seed=2).records.tables["people"].to_pylist()
    firm_of = {row["person"]: row["firm"] for row in people}
    assert len(firm_of) == len(people)
    for row in people:
        # The boss of the person in firm b works in firm a, which is another family: the reference is gone.
        assert row["boss"] is None or firm_of[row["boss"]] == row["firm"]
    assert any(row["boss"] is not None for row in people)
