"""No real record, sealed or learnt from, stands in the report of a run with every section, or in a release beside its records."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from sklearn.datasets import load_breast_cancer

import complement
from complement.report.kept import rounded

COLUMNS = ("mean radius", "mean texture", "mean perimeter", "mean area", "worst area", "mean smoothness")
RECIPE = """\
complement: 1
real: real.csv
schema: {patient: {role: unit}, name: {role: personal}, note: {role: ignore}}
purpose:
  target: target
  learners: [tree]
  slices: [{name: large, where: mean_area > 600}]
split: {folds: 3}
gap: {find: 2}
generate: {generator: trees, requests: [{name: all}]}
measure: {collapse: 2}
prove: {weights: [0, 0.5], seeds: 2, curve: true}
"""
HEADINGS = (
    "Against real records alone",
    "How much synthetic data is best",
    "What more real records would give",
    "Slices",
    "Where the real data were weak",
    "How near to real records",
    "Column by column",
    "How columns go together",
    "How diverse",
    "What they give away",
    "If models learn from their own records",
    "What was left out",
    "A few of the synthetic records",
    "How to run it again",
)
DIGITS = 4  # a number with fewer is as round as a score or a count, and would be found by chance


def tumours() -> pa.Table:
    """Real tumours, with the words that real tables have: whose they are, what they are called, what was written down."""
    found = load_breast_cancer()
    names = [str(name) for name in found.feature_names]
    rows = len(found.target)
    wards = ["north", "south"] * (rows // 2) + ["ward of one person"]
    return pa.table(
        {
            "patient": [f"P-{row:05d}" for row in range(rows)],
            "name": [f"Person Nr{row:04d}" for row in range(rows)],
            "note": [f"came on day {row} with a cough" for row in range(rows)],
            "ward": wards,
            **{name.replace(" ", "_"): found.data[:, names.index(name)] for name in COLUMNS},
            "target": np.where(found.target == 1, "benign", "malignant"),
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of every stage."""
    folder = tmp_path_factory.mktemp("real")
    csv.write_csv(tumours(), folder / "real.csv")
    (folder / ".complement").mkdir()
    (folder / ".complement" / "salt").write_text("5" * 32)  # the same records are sealed in every run
    (folder / "recipe.yaml").write_text(RECIPE)
    done = complement.run(folder / "recipe.yaml")
    assert done.released == done.folder / "8-release"
    return done.folder


def told(run: Path) -> dict[str, str]:
    """Every text that leaves the house with a run: its report, and all of its release but the records."""
    files = [run / "report.html", *(file for file in (run / "8-release").rglob("*") if file.is_file())]
    return {str(file.relative_to(run)): file.read_text() for file in files if file.suffix != ".parquet"}


def alone(table: pa.Table, name: str) -> set[str]:
    """The values that one real record alone has, as texts."""
    found = {str(value) for value, times in Counter(table[name].to_pylist()).items() if times == 1}
    return {re.sub(r"\.0$", "", value) for value in found}


def telling(table: pa.Table) -> set[str]:
    """Numbers of one real record alone, with so many digits that no other number equals them by chance."""
    found = {value for name in COLUMNS for value in alone(table, name.replace(" ", "_"))}
    return {value for value in found if len(value.replace(".", "").strip("0")) >= DIGITS and float(value) > 1}


def numbers(text: str) -> set[str]:
    """The numbers that stand in a text, without commas between thousands."""
    return {word.replace(",", "") for word in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])", text)}


def shown(text: str) -> str:
    """What a page says, in words and in labels, without the places of what it draws."""
    if "<body" not in text:
        return text
    body = text[text.index("<body") :]
    return re.sub(r"<[^>]*>", " ", body) + " ".join(re.findall(r'(?:aria-label|title|data-label)="([^"]*)"', body))


def aggregates(run: Path) -> set[str]:
    """The two kinds of numbers near real ones that may be told: between which tenths of the records lie, and where a gap ends.

    Both part many records from many others, whatever single one may have the very value.
    """
    details = json.loads((run / "5-measure" / "details.json").read_text())
    gaps = json.loads((run / "2-gap" / "gaps.json").read_text())
    texts = [label for column in details["columns"] for label in column["bins"]]
    wheres = [str(one["where"]) for one in (*gaps["gaps"], *gaps["requests"])]
    texts += [*wheres, *(rounded(where) for where in wheres)]  # as they are, and as the page shortens them
    return {number for text in texts for number in numbers(text)}


def test_the_run_has_every_section_and_the_page_is_small_and_asks_for_nothing(run: Path) -> None:
    page = (run / "report.html").read_text()
    words = shown(page)
    assert [heading for heading in HEADINGS if heading not in words] == []
    assert not re.search(r"Not (measured|looked for|curated|shown:)|was not finished", words.replace("Not shown: the", ""))
    assert page.count("<svg") > 20
    assert len(page.encode()) < 2_000_000
    for file, text in told(run).items():
        if file.endswith(".html"):
            assert not re.search(r"<script|<iframe|<object|\bon\w+=|url\(|@import|https?://", text)
            assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', text)) <= {"data:,"}


def test_no_real_record_stands_in_any_text_however_its_cells_are_joined(run: Path) -> None:
    table = csv.read_csv(run.parents[1] / "real.csv")
    texts = {file: shown(text) + text for file, text in told(run).items()}
    rows = [[str(value) for value in row.values()] for row in table.to_pylist()]
    assert len(rows) == 569
    for cells in rows:  # learnt from, kept back and sealed in turn: all of them
        for begin in range(4, len(cells) - 2):  # three measures beside each other are one record's alone
            part = cells[begin : begin + 3]
            for sign in (",", ", ", "\t", " ", "</td><td>", '", "'):
                assert [file for file, text in texts.items() if sign.join(part) in text] == []


def test_no_word_of_one_person_alone_stands_in_any_text(run: Path) -> None:
    table = tumours()
    words = {value for name in ("patient", "name", "note", "ward") for value in alone(table, name)}
    assert len(words) == 3 * 569 + 1
    for file, text in told(run).items():
        assert [word for word in words if word in text] == [], file


def test_no_number_of_one_record_alone_stands_in_any_text(run: Path) -> None:
    known, allowed = telling(tumours()), aggregates(run)
    assert len(known) > 1000
    for file, text in told(run).items():
        assert sorted(known & numbers(shown(text)) - allowed) == [], file


def test_the_search_finds_what_is_there(run: Path) -> None:
    row: dict[str, Any] = tumours().to_pylist()[3]
    planted = f"<body>a tumour of {row['mean_area']:,} mm², that is {row['mean_perimeter']}</body>"
    assert {str(row["mean_area"]), str(row["mean_perimeter"])} & telling(tumours()) <= numbers(shown(planted))
    assert telling(tumours()) & numbers(shown(planted))
    assert row["name"] in alone(tumours(), "name")
