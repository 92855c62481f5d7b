"""Hints: a column that tells the outcome is named, and honest ones are not suspected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.source.hints import foretelling, known_after
from complement.source.read import read
from complement.source.target import check_target

ROWS = 600


def found(table: pa.Table, *, rows: np.ndarray | None = None, unit: np.ndarray | None = None) -> dict[str, float]:
    real, purpose = of(table)
    rows = np.arange(real.rows) if rows is None else rows
    return foretelling(real, purpose, rows=rows, unit=np.arange(real.rows) if unit is None else unit)


def of(table: pa.Table) -> tuple[Dataset, Purpose]:
    real = read(table)
    task, classes, _ = check_target(real, "y")
    values = np.array(table.column("y").to_pylist(), float) if task == "regression" else np.ones(1)
    return real.with_schema(real.schema.with_target("y")), Purpose("y", task, classes, target_sd=float(values.std()) or 1.0)


@pytest.fixture(scope="module")
def patients() -> pa.Table:
    """Some died; of those alone the cause is known, and the day of the last visit is a late one for who lives."""
    rng = np.random.default_rng(0)
    died = rng.random(ROWS) < 0.1
    cause = [str(rng.choice(["heart", "lung", "other"])) if one else None for one in died]
    return pa.table(
        {
            "age": rng.normal(60 + 10 * died, 10),
            "ward": rng.choice(["a", "b", "c"], ROWS),
            "cause": cause,
            "last_day": np.where(died, rng.integers(1, 900, ROWS), rng.integers(890, 1800, ROWS)),
            "gap": pa.array(np.where(died, np.nan, rng.normal(0, 1, ROWS)), from_pandas=True),
            "y": died.astype(int),
        }
    )


def test_what_is_filled_only_after_the_outcome_is_named_and_nothing_else_is(patients: pa.Table) -> None:
    assert set(found(patients)) == {"cause", "last_day", "gap"}
    real, purpose = of(patients)
    notes = known_after(real, purpose, rows=np.arange(ROWS), unit=np.arange(ROWS))
    assert len(notes) == 3
    assert any(note.startswith("'cause' alone, missing or not, foretells 'y'") and "--ignore cause" in note for note in notes)


def test_only_records_that_may_be_learnt_from_are_looked_at(patients: pa.Table) -> None:
    # Among the first half the cause is written down for everybody: only the second half gives it away.
    half = ROWS // 2
    causes = ["heart"] * half + patients.column("cause").to_pylist()[half:]
    table = patients.set_column(2, "cause", pa.array(causes))
    assert "cause" not in found(table, rows=np.arange(half))
    assert "cause" in found(table, rows=np.arange(half, ROWS))


def test_a_value_that_belongs_to_a_unit_is_no_hint() -> None:
    # Twenty visits each: the street tells the patient, and so the outcome, but nothing of another patient.
    rng = np.random.default_rng(1)
    unit = np.arange(ROWS) // 20
    table = pa.table({"street": [f"street {one}" for one in unit], "y": (rng.random(ROWS // 20) < 0.4)[unit].astype(int)})
    assert found(table, unit=unit) == {}
    assert set(found(table)) == {"street"}, "records of one patient on both sides"


def test_of_text_it_counts_whether_there_is_any(patients: pa.Table) -> None:
    died = patients.column("y").to_pylist()
    letters = [f"the {n}th of many long letters about what was found in the end" if one else None for n, one in enumerate(died)]
    real, purpose = of(pa.table({"letter": letters, "y": died}))
    real = real.with_schema(real.schema.replace_column(replace(real.schema.column("letter"), kind="text")))
    assert set(foretelling(real, purpose, rows=np.arange(ROWS), unit=np.arange(ROWS))) == {"letter"}


def test_too_few_of_a_class_give_no_hint(patients: pa.Table) -> None:
    died = np.array(patients.column("y").to_pylist()) == 1
    few = np.concatenate([np.flatnonzero(~died), np.flatnonzero(died)[:9]])
    assert found(patients, rows=few) == {}


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes, load_iris])
def test_honest_columns_are_not_suspected(load) -> None:
    frame = load(as_frame=True).frame.rename(columns={"target": "y"})
    assert found(pa.Table.from_pandas(frame, preserve_index=False)) == {}


def test_a_number_that_is_the_target_with_a_little_noise_is_named() -> None:
    rng = np.random.default_rng(2)
    price = rng.lognormal(12, 0.5, 2000)
    table = pa.table({"rooms": rng.integers(1, 9, 2000), "paid": price * rng.normal(1, 0.01, 2000), "y": price})
    assert set(found(table)) == {"paid"}


def test_a_class_of_several_that_is_told_alone_is_not_enough(patients: pa.Table) -> None:
    rng = np.random.default_rng(3)
    kind = rng.choice(["a", "b", "c"], ROWS)
    table = pa.table({"is_a": np.where(kind == "a", "yes", "no"), "code": [f"k{one}" for one in kind], "y": kind})
    assert set(found(table)) == {"code"}
