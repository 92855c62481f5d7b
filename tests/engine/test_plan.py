"""The plan hash: equal for equal content, different for any difference that may change a result."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import RECORDS, Column, Schema
from complement.engine import plan
from complement.engine.plan import plan_hash, table_hash

SCHEMA = Schema({RECORDS: (Column("x", "number"), Column("c", "category"))})


@dataclass(frozen=True)
class Settings:
    leaf: int = 5


@dataclass(frozen=True)
class Others:
    leaf: int = 5


class Plain:
    def __init__(self, leaf: int) -> None:
        self.leaf = leaf


def table(rows: int = 5) -> pa.Table:
    return pa.table({"x": np.arange(float(rows)), "c": pa.array(["a", None, "b", "a", "c"][:rows])})


DIFFERENT = [
    None, 0, 1, True, "1", 1.0, -0.0, float("nan"), b"1", [], [1], [[1]], {}, {"a": 1}, {"a": 2}, {"b": 1}, {1}, {1, 2},
    Path("a"), Settings(), Settings(6), Others(), Plain(5), Plain(6), Settings, plan_hash, np.arange(3),
    np.arange(3.0), np.arange(4).reshape(2, 2), np.arange(4), np.array(["a", None], object), np.datetime64("2020-01-01"),
    table(), table(4), table().rename_columns(["x", "d"]), table().set_column(0, "x", pa.array([0, 1, 2, 3, 4])),
    table().schema, pa.string(), pa.array([1]), Dataset.of(table(), SCHEMA), Dataset.of(table(), SCHEMA, weight=np.full(5, 2.0)),
    SCHEMA, SCHEMA.assign(x="target"),
]  # fmt: skip


def test_different_content_gives_different_hashes() -> None:
    hashes = [plan_hash(value) for value in DIFFERENT]
    assert len(set(hashes)) == len(DIFFERENT)
    assert all(len(found) == 64 for found in hashes)
    assert plan_hash(1, 2) != plan_hash([1, 2]) != plan_hash(2, 1)


def test_the_hash_is_the_same_in_another_process() -> None:
    code = "from complement.engine.plan import plan_hash; print(plan_hash({'b', 'a', 'c'}, {'z': 1, 'y': [2.5]}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == plan_hash({"c", "a", "b"}, {"y": (np.float64(2.5),), "z": np.int32(1)})


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 40), max_size=4), missing=st.sets(st.integers(0, 39)))
def test_a_table_hash_does_not_see_chunks_slices_or_metadata(cuts: list[int], missing: set[int]) -> None:
    words = pa.array([None if i in missing else "abc"[i % 3] for i in range(40)])
    whole = pa.table({"n": pa.array([None if i in missing else i for i in range(40)]), "w": words})
    whole = whole.append_column("d", words.dictionary_encode())
    ends = [0, *sorted(cuts), 40]
    pieces = [whole.slice(low, high - low) for low, high in pairwise(ends)]
    padded = pa.concat_tables([whole, *pieces, whole]).slice(40, 40)
    assert table_hash(padded.replace_schema_metadata({"who": "pandas"})) == table_hash(whole)


def test_a_table_hash_does_not_see_what_lies_under_missing_values() -> None:
    mask = np.array([False, True, False])
    one = pa.table({"x": pa.array(np.array([1.0, 2.0, 3.0]), mask=mask)})
    other = pa.table({"x": pa.array(np.array([1.0, 99.0, 3.0]), mask=mask)})
    assert one.equals(other)
    assert table_hash(one) == table_hash(other)


def test_a_long_table_differs_in_its_last_value() -> None:
    numbers = np.zeros(70_000)
    before = table_hash(pa.table({"x": numbers}))
    numbers[-1] = 1
    assert table_hash(pa.table({"x": numbers})) != before


def test_another_version_is_another_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan_hash(1)
    monkeypatch.setattr(plan, "_version", lambda package: "99" if package == "lightgbm" else "1")
    assert plan_hash(1) != before


def test_what_has_no_stable_content_is_refused() -> None:
    with pytest.raises(UsageError, match="no content"):
        plan_hash(object())
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(UsageError, match="holds itself"):
        plan_hash(endless)
