"""`complement impute` and its Python call: files whose cells keep their text, and which name every cell that was made."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

import complement
from complement.cli import main
from complement.core.errors import UsageError

LINES = ["id,age,pay,city,member,began,note"] + [
    f"p{n},{'' if n % 7 == 3 else 20 + n % 40},{'?' if n % 5 == 2 else f'{(20 + n % 40) * 1.5:.2f}'},"
    f"{'' if n % 6 == 1 else ['Rome', 'Oslo'][n % 40 > 20]},{['yes', 'no', ''][n % 3]},{1 + n % 28:02}/03/2020,"
    f"{'' if n == 9 else 'a long remark that nobody can learn from ' + str(n)}"
    for n in range(120)
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with staff.csv: numbers, words and dates as people write them, and cells that are empty or '?'."""
    (tmp_path / "staff.csv").write_text("\n".join(LINES) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def facts_of(*words: str) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.stdout
    return json.loads(result.stdout)


def cells_of(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_cells_that_are_there_keep_their_text_and_made_ones_are_named(here: Path):
    facts = facts_of("impute", "staff.csv", "--out", "full.csv")
    before, after = cells_of("staff.csv"), cells_of("full.csv")
    assert len(after) == len(before) == facts["rows"] == 120
    made = 0
    for old, new in zip(before, after, strict=True):
        named = json.loads(new["_imputed"] or "[]")
        made += len(named)
        for name, text in old.items():
            assert (new[name] == text) != (name in named)
            assert (text in ("", "?") and name != "note") == (name in named)
    assert made == facts["cells"] == sum(one["cells"] for one in facts["filled"])
    assert {one["column"] for one in facts["filled"]} == {"age", "pay", "city", "member"}
    assert [one["column"] for one in facts["left"]] == ["note"]
    assert {row["member"] for row in after} == {"yes", "no"}


def test_the_same_seed_writes_the_same_bytes(here: Path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        facts_of("impute", "staff.csv", "--out", f"{name}.csv", "--seed", seed)
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes() != (here / "c.csv").read_bytes()


def test_several_files_for_multiple_imputation_differ_in_made_cells_alone(here: Path):
    facts = facts_of("impute", "staff.csv", "--out", "full.parquet", "--times", "3")
    assert facts["out"] == ["full.1.parquet", "full.2.parquet", "full.3.parquet"]
    first, second = (parquet.read_table(name) for name in facts["out"][:2])
    assert not first.equals(second)
    assert first.column("_imputed").equals(second.column("_imputed"))
    assert first.column("began").equals(second.column("began"))
    assert first.column("age").null_count == 0


def test_columns_can_be_named_and_left(here: Path):
    assert [one["column"] for one in facts_of("impute", "staff.csv", "--out", "a.csv", "--only", "age")["filled"]] == ["age"]
    left = facts_of("impute", "staff.csv", "--out", "b.csv", "--leave", "age", "--how", "centre")["left"]
    assert {"column": "age", "cells": 17, "why": "it was not to be filled"} in left


def test_filling_a_filled_file_again_forgets_nothing(here: Path):
    facts_of("impute", "staff.csv", "--out", "a.csv", "--only", "age")
    facts_of("impute", "a.csv", "--out", "b.csv", "--only", "pay")
    facts_of("impute", "staff.csv", "--out", "c.csv", "--only", "age", "--only", "pay")
    names = {name: [json.loads(row["_imputed"] or "[]") for row in cells_of(f"{name}.csv")] for name in "abc"}
    assert names["b"] == names["c"] != names["a"]
    assert [row["age"] for row in cells_of("b.csv")] == [row["age"] for row in cells_of("a.csv")]


def test_no_model_sees_the_column_that_names_made_cells(here: Path):
    facts_of("impute", "staff.csv", "--out", "full.csv")
    assert complement.read("full.csv").schema.column("_imputed").role == "ignore"


def test_a_person_reads_what_was_made(here: Path):
    told = call("impute", "staff.csv", "--out", "full.csv").stdout
    assert told.startswith("full.csv: 120 records, ")
    assert "They are not observations: the column _imputed names them" in told
    assert "Still missing: note (1 cells: it holds text)." in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--out", "a.csv", "--only", "agee"], "schema-column"),
        (["--out", "a.csv", "--only", "note"], "impute-column"),
        (["--out", "a.csv", "--times", "2", "--how", "centre"], "usage"),
        (["--out", "a.csv", "--how", "mean"], "usage"),
        (["--out", "a.xyz"], "source-format"),
        ([], "usage"),
    ],
)
def test_what_cannot_be_done_is_said(here: Path, words: list[str], code: str):
    result = call("impute", "staff.csv", *words, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == code
    assert list(here.iterdir()) == [here / "staff.csv"]


def test_an_empty_column_is_left_and_is_an_error_only_when_it_is_named(here: Path):
    (here / "gone.csv").write_text("\n".join(["gone," + LINES[0], *("," + line for line in LINES[1:])]) + "\n")
    result = call("impute", "gone.csv", "--out", "a.csv", "--only", "gone", "--json")
    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["code"]) == (2, "impute-empty")
    assert "all 120 cells are missing" in error["met"]
    left = {"column": "gone", "cells": 120, "why": "no record has a value"}
    assert facts_of("impute", "gone.csv", "--out", "a.csv")["left"][0] == left
    assert facts_of("impute", "gone.csv", "--out", "b.csv", "--leave", "gone")["left"][0]["column"] == "gone"


def test_the_call_gives_one_table_or_a_list(here: Path):
    table = pa.table({"x": [1.0, None, 3.0, 4.0], "y": [2, 4, None, 8]})
    one = complement.impute(table, seed=1)
    assert one.column("x").null_count == one.column("y").null_count == 0
    assert one.lineage.column("imputed").to_pylist() == [None, ["x"], ["y"], None]
    several = complement.impute(table, times=2)
    assert [made.rows for made in several] == [4, 4]
    with pytest.raises(UsageError, match="no option 'hwo'"):
        complement.impute(table, hwo="draw")  # type: ignore[call-overload]
    for times in (0, True, 1.5):
        with pytest.raises(UsageError, match="whole number"):
            complement.impute(table, times=times)  # type: ignore[call-overload]
