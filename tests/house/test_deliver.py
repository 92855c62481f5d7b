"""What is written never destroys what is read, and anything else that is there only when it is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv

from complement.cli import main
from complement.core.errors import UsageError
from complement.deliver import refuse_overwrite

RECIPE = """\
complement: 1
real: real.csv
sealed: later.csv
purpose: {target: y}
generate: {generator: bootstrap}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = pa.table({"a": [n * 1.5 if n % 9 else None for n in range(60)], "note": ["x" * 60 + str(n) for n in range(60)]})
    table = table.append_column("y", pa.array([n % 2 for n in range(60)]))
    (tmp_path / "tables").mkdir()
    for name in ("real.csv", "later.csv", "tables/real.csv"):
        csv.write_csv(table, tmp_path / name)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "link.csv").symlink_to("real.csv")
    os.link(tmp_path / "real.csv", tmp_path / "twin.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


GENERATE = ("generate", "--rows", "3", "--generator", "bootstrap")


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ((*GENERATE, "real.csv"), "real.csv"),
        ((*GENERATE, "real.csv"), "tables/../real.csv"),
        ((*GENERATE, "real.csv"), "link.csv"),
        ((*GENERATE, "link.csv"), "real.csv"),
        ((*GENERATE, "real.csv"), "twin.csv"),
        ((*GENERATE, "tables"), "tables/real.csv"),
        ((*GENERATE, "recipe.yaml"), "real.csv"),
        ((*GENERATE, "recipe.yaml"), "later.csv"),
        (("impute", "real.csv"), "real.csv"),
        (("impute", "real.csv"), "link.csv"),
    ],
)
def test_no_option_overwrites_what_is_read(here: Path, words: tuple[str, ...], out: str) -> None:
    before = bytes_of(here)
    result = call(*words, "--out", out, "--force", "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (2, "usage"), result.stdout
    assert bytes_of(here) == before
    assert (here / "link.csv").is_symlink()


@pytest.mark.parametrize("words", [(*GENERATE, "real.csv"), ("impute", "real.csv", "--leave", "note")])
def test_what_is_there_is_replaced_only_when_it_is_asked_for(here: Path, words: tuple[str, ...]) -> None:
    (here / "mine.csv").write_text("my own work")
    error = json.loads(call(*words, "--out", "mine.csv", "--json").stdout)["error"]
    assert error["code"] == "usage"
    assert "--force" in error["help"]
    assert (here / "mine.csv").read_text() == "my own work"
    assert call(*words, "--out", "mine.csv", "--force").exit_code == 0
    assert (here / "mine.csv").read_text() != "my own work"


def test_every_numbered_file_is_looked_at(here: Path) -> None:
    (here / "full.2.csv").write_text("mine")
    assert call("impute", "real.csv", "--out", "full.csv", "--times", "3").exit_code == 2
    assert not (here / "full.1.csv").exists()


def test_a_table_of_a_database_is_the_database(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_bytes(b"")
    with pytest.raises(UsageError, match="is read"):
        refuse_overwrite([tmp_path / "a.duckdb"], reads=[f"{tmp_path}/a.duckdb::t"], replace=True)
    refuse_overwrite([tmp_path / "b.csv"], reads=[f"{tmp_path}/a.duckdb::t"], replace=False)
