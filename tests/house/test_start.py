"""The first recipe: it loads, says what was seen, and writes out nothing that stands for one person."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv

from complement.cli import main
from complement.recipe import Recipe

ROWS = 600


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with visits.csv: 100 patients of six visits each, with columns that name them."""
    draw = random.Random(1)
    columns = {
        "pid": [n // 6 + 100 for n in range(ROWS)],
        "email": [f"user{n // 6}@example.org" for n in range(ROWS)],
        "phone": [f"+49 30 {1000000 + n // 6 * 37}" for n in range(ROWS)],
        "ref": [f"K-{n // 6 + 1000}" for n in range(ROWS)],
        "age": [draw.randint(18, 90) if n % 3 else None for n in range(ROWS)],
        "disease": ["none" if n % 100 else f"rare{n}" for n in range(ROWS)],
        "remark": [f"a long remark that goes on and on and never ends {n}" for n in range(ROWS)],
        "shop_id": [draw.randint(1, 20) for _ in range(ROWS)],
        "gone": pa.nulls(ROWS, pa.string()),
        "kind": [draw.choice("ABC") for _ in range(ROWS)],
        "cost": [draw.random() for _ in range(ROWS)],
        "y": [int(draw.random() < 0.3) for _ in range(ROWS)],
    }
    csv.write_csv(pa.table(columns), tmp_path / "visits.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def line_of(name: str) -> str:
    return next(line for line in Path("recipe.yaml").read_text().splitlines() if line.startswith(f"  {name}: "))


def test_no_value_that_stands_for_one_person_is_written_out(here: Path) -> None:
    assert call("init", "visits.csv", "--target", "y").exit_code == 0
    text = Path("recipe.yaml").read_text()
    for secret in ("@example.org", "+49", "K-1", "rare0", "rare1", "100 to 199", "a long remark"):
        assert secret not in text
    assert "7 values: none and 6 rare" in line_of("disease")
    assert "personal" in line_of("email")


def test_comments_say_what_was_seen(here: Path) -> None:
    assert call("init", "visits.csv", "--target", "y").exit_code == 0
    assert "600 records" in Path("recipe.yaml").read_text()
    assert "33% missing" in line_of("age")
    assert "role: ignore" in line_of("gone")
    assert "every value is missing" in line_of("gone")
    assert "perhaps codes" in line_of("shop_id")
    assert "3 values: " in line_of("kind")
    assert "# gates:" in Path("recipe.yaml").read_text()


@pytest.mark.parametrize(
    ("target", "said", "unsaid"),
    [("y", "metric: auroc", "mae"), ("kind", "macro_f1", "positive:"), ("cost", "metric: rmse", "positive:")],
)
def test_hints_fit_the_task(here: Path, target: str, said: str, unsaid: str) -> None:
    assert call("init", "visits.csv", "--target", target).exit_code == 0
    text = Path("recipe.yaml").read_text()
    assert said in text
    assert unsaid not in text


def test_a_unit_is_asked_for_where_it_is_read(here: Path) -> None:
    result = call("init", "visits.csv", "--target", "y")
    assert "'pid' looks like a patient, an account or another unit: if it is, name it as split.unit" in result.stdout
    again = call("init", "visits.csv", "--target", "y", "--force", "--json")
    assert json.loads(again.stdout)["perhaps_unit"] == ["pid", "ref"]


def test_a_recipe_works_as_it_was_written_though_the_data_hold_text(here: Path) -> None:
    assert call("init", "visits.csv", "--target", "y").exit_code == 0
    assert Recipe.load("recipe.yaml").columns["remark"].role == "ignore"
    shown = call("preview", "recipe.yaml", "--rows", "1")
    assert shown.exit_code == 0, shown.stderr
    assert "note: made by trees: not protected for privacy; measure with complement audit" in shown.stdout


def test_the_data_are_never_replaced_by_a_recipe(here: Path) -> None:
    before = Path("visits.csv").read_bytes()
    result = call("init", "visits.csv", "--target", "y", "--out", "visits.csv", "--force", "--json")
    assert json.loads(result.stdout)["error"]["code"] == "usage"
    assert Path("visits.csv").read_bytes() == before


def test_a_column_that_alone_foretells_the_target_is_named(here: Path) -> None:
    visits = csv.read_csv("visits.csv")
    cause = pa.array(["flu" if y else None for y in visits.column("y").to_pylist()])
    csv.write_csv(visits.append_column("cause", cause), "visits.csv")
    found = call("init", "visits.csv", "--target", "y", "--json")
    assert json.loads(found.stdout)["perhaps_known_after"] == ["cause"]
    assert "# 'cause' alone foretells 'y' nearly perfectly: known only after" in Path("recipe.yaml").read_text()
    assert "'cause' alone foretells the target" in call("init", "visits.csv", "--target", "y", "--force").stdout
    Recipe.load("recipe.yaml")
