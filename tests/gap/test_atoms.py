"""Atoms: every condition is read back by the language of conditions, and its mask is what that says."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Schema
from complement.core.written import quoted, write
from complement.gap.atoms import atoms_of
from complement.gap.widen import wider

ODD = "year's `end` no"


@pytest.fixture(scope="module")
def odd() -> Dataset:
    """Columns with signs, keywords, quotes, gaps, dates and booleans: all that a name or a value may be."""
    rows = 240
    table = pa.table(
        {
            "in": pa.array([k % 7 for k in range(rows)]),
            "a b": pa.array([None if k % 4 == 0 else k * 0.37 for k in range(rows)]),
            ODD: pa.array([["it's", "x", None][k % 3] for k in range(rows)]),
            "day": pa.array([date(2020, 1 + k % 12, 1 + k % 28) for k in range(rows)]),
            "yes": pa.array([k % 2 == 0 for k in range(rows)]),
            '`"': pa.array([str(k % 3) for k in range(rows)]),
        }
    )
    kinds = ("integer", "number", "category", "date", "boolean", "category")
    names = zip(table.column_names, kinds, strict=True)
    return Dataset.of(table, Schema({RECORDS: tuple(Column(name, kind) for name, kind in names)}))


def test_every_atom_and_its_opposite_part_the_records(odd: Dataset) -> None:
    atoms = atoms_of(odd, least=10)
    assert {"in", "a b", ODD, "day", "yes"} == set(atoms.columns)  # a name with both quotes cannot be written
    for k, (text, opposite) in enumerate(zip(atoms.texts, atoms.opposites, strict=True)):
        mask = Condition.parse(text).mask(odd.records)
        assert np.array_equal(mask, atoms.masks[:, k]), text
        assert np.array_equal(~mask, Condition.parse(opposite).mask(odd.records)), opposite
        assert 10 <= mask.sum() <= odd.rows - 10
    assert any("is missing" in text for text in atoms.texts)


def test_names_are_quoted_as_the_language_demands() -> None:
    assert quoted("age") == "age"
    assert quoted("default.payment.next.month") == "default.payment.next.month"
    assert quoted("Not") == "`Not`"
    assert quoted("two words") == "`two words`"
    assert quoted("tick ` inside") == '"tick ` inside"'
    assert quoted('`"') is None


@pytest.mark.parametrize(
    "text",
    [
        "`a b` > 3.5 and yes = true",
        "not (`in` <= 3) and (yes = true or `a b` is missing)",
        "day between '2020-02-01' and '2020-06-01'",
        "\"year's `end` no\" in ('it''s', 'x') and `in` > 2",
    ],
)
def test_a_written_condition_means_the_same(odd: Dataset, text: str) -> None:
    first = Condition.parse(text)
    again = Condition.parse(write(first.tree))
    assert np.array_equal(first.mask(odd.records), again.mask(odd.records))


def test_a_wider_condition_holds_wherever_the_narrow_one_does(odd: Dataset) -> None:
    narrow = Condition.parse("`a b` > 3.5 and yes = true")
    broad = wider(narrow)
    assert broad is not None
    assert broad.text == "`a b` > 3.5"
    assert not (narrow.mask(odd.records) & ~broad.mask(odd.records)).any()
    assert wider(broad) is None
