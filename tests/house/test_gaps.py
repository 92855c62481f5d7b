"""The command `complement gaps` and the call behind it: a file, a frame, a recipe, expected records; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import csv
from sklearn.datasets import load_breast_cancer

from complement.cli import main
from complement.core.condition import Condition
from complement.core.errors import UsageError
from complement.core.seed import rng_at
from complement.find import find

KEYS = {
    "name",
    "where",
    "kind",
    "records",
    "units",
    "share",
    "loss",
    "excess",
    "p",
    "effects",
    "expected_share",
    "rows",
    "reason",
}


@pytest.fixture(scope="module")
def spoilt() -> pa.Table:
    """569 real tumours whose diagnoses are coin flips where the texture is coarse."""
    frame = load_breast_cancer(as_frame=True).frame
    texture = frame["mean texture"].to_numpy()
    words = np.where(frame["target"] == 1, "benign", "malignant").astype(object)
    coarse = texture > np.quantile(texture, 0.7)
    words[coarse] = rng_at(0, "coarse").choice(["benign", "malignant"], int(coarse.sum()))
    columns = {name.replace(" ", "_"): pa.array(frame[name]) for name in ("mean radius", "mean texture", "mean symmetry")}
    return pa.table({**columns, "diagnosis": pa.array(list(words))})


@pytest.fixture
def here(spoilt: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    csv.write_csv(spoilt, tmp_path / "real.csv")
    csv.write_csv(spoilt.drop_columns(["diagnosis"]), tmp_path / "later.csv")
    csv.write_csv(spoilt.filter(pa.array(spoilt.column("mean_radius").to_numpy() > 12)), tmp_path / "large.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_json_has_the_keys_that_scripts_rely_on(here: Path, spoilt: pa.Table) -> None:
    result = CliRunner().invoke(main, ["gaps", "real.csv", "--target", "diagnosis", "--top", "2", "--json"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found) == {"schema", "gaps", "tested", "notes"}
    assert 1 <= len(found["gaps"]) <= 2
    assert all(set(gap) == KEYS for gap in found["gaps"])
    inside = Condition.parse(found["gaps"][0]["where"]).mask(spoilt)
    assert spoilt.column("mean_texture").to_numpy()[inside].min() > np.quantile(spoilt.column("mean_texture"), 0.6)
    assert any("expected" in note for note in found["notes"])


def test_the_table_says_why_and_what_to_ask_for(here: Path) -> None:
    result = CliRunner().invoke(main, ["gaps", "real.csv", "--target", "diagnosis", "--where", "mean_radius > 20"])
    assert result.exit_code == 0, result.stderr
    assert "mean_texture >" in result.stdout
    assert "ask for" in result.stdout
    assert "mean_radius > 20: The learner loses" in " ".join(result.stdout.split())


def test_what_one_file_lacks_is_seen_beside_what_is_expected(here: Path) -> None:
    found = find("large.csv", target="diagnosis", expected="later.csv", most=3)
    first = found.found[0]
    assert (first.name, first.kind) == ("few-1", "few")
    assert "mean_radius <=" in first.where.text
    assert first.expected_share is not None
    assert first.share < first.expected_share / 3
    assert not any("one file" in note for note in found.notes)


def test_a_recipe_brings_target_and_seed(here: Path) -> None:
    (here / "recipe.yaml").write_text("complement: 1\nreal: real.csv\npurpose: {target: diagnosis}\nseed: 3\n")
    by_recipe = find("recipe.yaml", most=1)
    by_call = find("real.csv", target="diagnosis", most=1, seed=3)
    assert by_recipe.as_json()["gaps"] == by_call.as_json()["gaps"]


def test_a_frame_does_as_well_as_a_file(here: Path, spoilt: pa.Table) -> None:
    assert (
        find(spoilt, target="diagnosis", most=1).as_json()["gaps"]
        == find("real.csv", target="diagnosis", most=1).as_json()["gaps"]
    )


def test_without_a_target_it_says_what_to_do(here: Path) -> None:
    with pytest.raises(UsageError, match="none is named"):
        find("real.csv")
    assert CliRunner().invoke(main, ["gaps", "real.csv"]).exit_code == 2
