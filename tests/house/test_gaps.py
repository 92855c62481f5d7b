"""The command `complement gaps` and the call behind it: a file, a frame, a recipe, expected records; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
from complement.run import run

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


def loop_in(folder: Path, left: int, *, rounds: int = 3) -> tuple[dict[str, Any], str, str]:
    """A real run on tumours of which those with a coarse texture were taken out, but for `left`: gaps.json, state and report."""
    frame = load_breast_cancer(as_frame=True).frame.iloc[rng_at(1, "loop").permutation(569)]
    names = ["mean radius", "mean texture", "mean smoothness", "mean symmetry"]
    table = frame[names].rename(columns=lambda name: name.replace(" ", "_"))
    table["coarse"] = np.where(table["mean_texture"] > 21, "yes", "no")
    table["diagnosis"] = np.where(frame["target"] == 1, "benign", "malignant")
    learnt, later, sealed = table[:220], table[220:360], table[360:]
    coarse = learnt[learnt["coarse"] == "yes"].index[left:]
    folder.mkdir()
    learnt.drop(coarse).to_csv(folder / "real.csv", index=False)
    later.drop(columns=["diagnosis"]).to_csv(folder / "later.csv", index=False)
    sealed.to_csv(folder / "sealed.csv", index=False)
    recipe = {
        "complement": 1,
        "real": "real.csv",
        "sealed": "sealed.csv",
        "purpose": {"target": "diagnosis", "learners": ["logistic"], "primary": {"name": "coarse", "where": "coarse = 'yes'"}},
        "gap": {"find": 2, "rounds": rounds, "expected": "later.csv"},
        "generate": {"generator": "copula"},
        "prove": {"weights": [0.25], "seeds": 2, "curve": False},
    }
    (folder / "recipe.yaml").write_text(json.dumps(recipe))  # JSON is YAML
    done = run(folder / "recipe.yaml")
    told = json.loads((done.folder / "2-gap" / "gaps.json").read_text())
    return told, done.judgement.verdicts[0].state, (done.folder / "report.html").read_text()


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_removed_part_is_found_and_the_report_says_why_nothing_can_fill_it(tmp_path: Path, rounds: int) -> None:
    told, state, report = loop_in(tmp_path / "removed", 0, rounds=rounds)
    first = told["gaps"][0]
    assert (first["records"], first["share"]) == (0, 0.0)  # the column `coarse` has one value left, and is looked at all the same
    assert first["expected_share"] > 0.2
    assert "collect some" in first["reason"]
    held, none, dropped = told["said"][:3]
    assert held.startswith("'coarse' (coarse = 'yes'), which is judged, is 0 of ")
    assert none.endswith("Collect some.")
    assert f"{first['where']}: nothing is asked for; no real record is there to learn from" in dropped
    assert state in ("HELPS", "HURTS", "NO DIFFERENCE", "MIXED", "INCONCLUSIVE")
    assert "No generator can learn what is true there" in report
    assert "nothing is asked for; no real record is there to learn from" in report


def test_a_thinned_part_is_asked_for_where_no_round_forbids_it(tmp_path: Path) -> None:
    told, _, report = loop_in(tmp_path / "thinned", 15, rounds=0)
    asked = told["requests"][0]
    assert asked["rows"] >= 50
    assert "is 15 of " in told["said"][0]
    assert told["said"][1].startswith(f"Requests whose records can fall there: {asked['rows']:,} under ")
    assert "untried; the recipe asks for no rounds" in report


def test_copies_of_a_record_count_once(spoilt: pa.Table) -> None:
    """Every record three times, and no unit that says so: the same gap, of as many units as there were records."""
    thrice = find(pa.concat_tables([spoilt] * 3), target="diagnosis", most=1).found[0]
    assert thrice.records == 3 * thrice.units
