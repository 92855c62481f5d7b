"""Records that are trained on more than once bring their own rows of other tables along, under keys of their own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.schema import Column, Key, Schema
from complement.prove.repeats import repeated

ROWS = np.array([2, 0, 2, 1, 2])


def clinic(*, text: bool) -> Dataset:
    """Three patients with none, one and two visits."""
    named = [f"P{number}" for number in (1, 2, 3)] if text else [1, 2, 3]
    kind = "category" if text else "integer"
    patients = pa.table({"id": named, "age": [10, 20, 30]})
    visits = pa.table({"id": [named[1], named[2], named[2]], "dose": [21, 31, 32]})
    schema = Schema(
        {
            "patients": (Column("id", kind, "identifier"), Column("age", "integer")),
            "visits": (Column("id", kind, "identifier"), Column("dose", "integer")),
        },
        keys=(Key("patients", "id", "visits", "id"),),
        root="patients",
    )
    return Dataset.of({"patients": patients, "visits": visits}, schema)


@pytest.mark.parametrize("text", [False, True])
def test_every_repeat_has_its_own_descendants(text: bool):
    made = repeated(clinic(text=text), ROWS)
    assert made.column("age").to_pylist() == [30, 10, 30, 20, 30]
    keys = made.column("id").to_pylist()
    assert len(set(keys)) == 5
    doses = {key: [] for key in keys}
    for visit in made.tables["visits"].to_pylist():
        doses[visit["id"]].append(visit["dose"])
    assert [sorted(doses[key]) for key in keys] == [[31, 32], [], [31, 32], [21], [31, 32]]


def test_one_table_is_taken_as_it_is():
    one = Dataset.of(pa.table({"x": [1, 2, 3]}), Schema({"records": (Column("x", "integer"),)}))
    assert repeated(one, ROWS).column("x").to_pylist() == [3, 1, 3, 2, 3]
    assert repeated(clinic(text=False), ROWS[:0]).rows == 0
