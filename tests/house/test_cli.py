"""The command line: results on stdout, progress and errors on stderr, one JSON object with --json, and the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer

from complement.cli import main

QUICK = ["--learner", "tree", "--weight", "0.5", "--seeds", "2", "--folds", "2", "--no-curve", "--engine", "inline"]
RECIPE = """\
complement: 1
real: cancer.csv
purpose:
  target: target
  learners: [tree]
split: {folds: 2}
generate:
  generator: shuffle
prove: {weights: [0.5], seeds: 2, curve: false}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with real records in cancer.csv, and a ledger of its own."""
    found = load_breast_cancer(as_frame=True).frame
    table = pa.table(
        {name.replace(" ", "_"): found[name] for name in ("mean radius", "mean texture", "mean smoothness", "target")}
    )
    csv.write_csv(table, tmp_path / "cancer.csv")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def error_of(result: Result) -> dict[str, Any]:
    found = json.loads(result.stdout)
    assert set(found) == {"error"}
    assert set(found["error"]) == {"code", "met", "where", "help"}
    return found["error"]


@pytest.mark.parametrize(
    ("words", "code", "help"),
    [
        (["prov"], "usage", "Did you mean 'prove'?"),
        (["xyzzy"], "usage", "There are: audit, collapse, curate, doctor"),
        (["prove", "a.csv", "--targt", "y"], "usage", "Did you mean '--target'?"),
        (["prove", "a.csv"], "usage", "complement prove --help"),
        (["prove", "a.csv", "--target", "y", "--question", "artefact"], "usage", "complement prove --help"),
        (["generate", "a.csv", "--rows", "0", "--out", "b.csv"], "usage", "complement generate --help"),
    ],
)
def test_a_wrong_command_line_says_what_was_meant(words: list[str], code: str, help: str):
    result = call(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error[{code}]: ")
    assert help in result.stderr
    as_json = call(*words, "--json")
    assert as_json.exit_code == 2
    assert error_of(as_json)["code"] == code


def test_a_missing_file_is_one_screen_and_no_traceback(here: Path):
    result = call("prove", "canser.csv", "--target", "target")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith("error[source-missing-file]: ")
    assert lines[1].strip().startswith("where: ")
    assert lines[2].strip() == "help: Did you mean 'cancer.csv'?"
    assert error_of(call("run", "no.yaml", "--json"))["code"] == "recipe-missing"


def test_the_column_that_was_meant_is_offered(here: Path):
    error = error_of(call("prove", "cancer.csv", "--target", "traget", "--json"))
    assert (error["code"], error["help"]) == ("target-missing", "Did you mean 'target'?")


def test_debug_shows_the_traceback(here: Path):
    done = subprocess.run(
        [sys.executable, "-m", "complement.cli", "run", "no.yaml", "--debug"], capture_output=True, text=True, check=False
    )
    assert "Traceback" in done.stderr
    assert "Traceback" not in call("run", "no.yaml").stderr


def test_schema_prints_a_json_schema():
    assert json.loads(call("schema").stdout)["title"] == "A complement recipe"


def test_doctor_finds_this_installation_sound():
    result = call("doctor", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["fine"]) == (0, True)
    assert {"python", "numpy", "lightgbm", "cores"} <= {finding["name"] for finding in found["findings"]}


def test_an_example_is_written_and_previewed(here: Path):
    written = json.loads(call("example", "too-few", "--out", "few", "--json").stdout)["recipe"]
    assert call("preview", written, "--rows", "2").exit_code == 0
    assert error_of(call("example", "too-fwe", "--json"))["help"] == "Did you mean 'too-few'?"


def test_what_init_writes_loads_and_is_not_overwritten(here: Path):
    result = call("init", "cancer.csv", "--target", "target", "--out", "first.yaml")
    assert result.exit_code == 0, result.stderr
    from complement.recipe import Recipe

    recipe = Recipe.load("first.yaml")
    assert (recipe.real, recipe.purpose.target) == ("cancer.csv", "target")
    assert set(recipe.columns) == {"mean_radius", "mean_texture", "mean_smoothness", "target"}
    again = call("init", "cancer.csv", "--target", "target", "--out", "first.yaml", "--json")
    assert error_of(again)["code"] == "usage"
    assert call("init", "cancer.csv", "--target", "target", "--out", "first.yaml", "--force").exit_code == 0


def test_init_writes_no_recipe_that_could_not_run(here: Path):
    assert call("init", "cancer.csv", "--target", "nothing", "--out", "first.yaml").exit_code == 2
    assert sorted(path.name for path in here.iterdir()) == ["cancer.csv", "recipe.yaml"]


def test_init_writes_names_that_yaml_would_misread(here: Path):
    odd = {
        "no": [1.5, 2.5, 3.5] * 9,
        "a: b #c": [0, 1, 2] * 9,
        "'\"x\\": ["u", "v\n", "&w"] * 9,
        "é\x85\u2028": [1, 2, 3] * 9,
        "y": [0, 1, 1] * 9,
    }
    parquet.write_table(pa.table(odd), "odd.parquet")
    result = call("init", "odd.parquet", "--target", "y", "--out", "odd.yaml")
    assert result.exit_code == 2 if "target-copy" in result.stderr else result.exit_code == 0, result.stderr
    from complement.recipe import Recipe
    from complement.recipe.write import first_recipe
    from complement.source.profile import profile

    recipe = Recipe.parse(first_recipe(profile(pa.table(odd)), real="odd.parquet", target="y"))
    assert set(recipe.columns) == set(odd)


def test_generate_writes_exactly_the_rows_and_the_same_bytes(here: Path):
    words = [
        "generate",
        "cancer.csv",
        "--rows",
        "20",
        "--where",
        "mean_radius > 15",
        "--target",
        "target",
        "--seed",
        "3",
        "--json",
    ]
    one, two = call(*words, "--out", "one.csv"), call(*words, "--out", "two.csv")
    assert json.loads(one.stdout) == {"schema": 1, "out": "one.csv", "rows": 20, "generator": "forest", "notes": []}
    assert two.exit_code == 0
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
    made = csv.read_csv("one.csv")
    assert made.num_rows == 20
    assert min(made["mean_radius"].to_pylist()) > 15
    assert made.column_names[-4:] == ["_synthetic", "_generator", "_request", "_depth"]
    assert set(made["_depth"].to_pylist()) == {1}


@pytest.mark.parametrize(("out", "form", "written"), [("a.jsonl", None, "a.jsonl"), ("a", "parquet", "a.parquet")])
def test_generate_writes_the_format_that_is_asked_for(here: Path, out: str, form: str | None, written: str):
    result = call("generate", "recipe.yaml", "--rows", "5", "--out", out, *(["--format", form] if form else []))
    assert result.exit_code == 0, result.stderr
    assert (here / written).is_file()


def test_two_formats_for_one_file_are_refused(here: Path):
    words = ["generate", "recipe.yaml", "--rows", "5", "--out", "a.csv", "--format", "parquet", "--json"]
    assert error_of(call(*words))["code"] == "usage"


def test_a_recipe_that_judges_a_delivered_file_makes_nothing(here: Path):
    (here / "fixed.yaml").write_text(RECIPE.replace("generate:\n  generator: shuffle", "synthetic: cancer.csv"))
    assert error_of(call("preview", "fixed.yaml", "--json"))["code"] == "usage"
    assert error_of(call("generate", "fixed.yaml", "--rows", "5", "--out", "a.csv", "--json"))["code"] == "usage"


def test_a_condition_that_nothing_meets_is_refused(here: Path):
    error = error_of(call("generate", "cancer.csv", "--rows", "5", "--out", "a.csv", "--where", "mean_radius > 1000", "--json"))
    assert error["code"] == "request-impossible"
    assert not Path("a.csv").exists()


def test_preview_shows_a_few_records_of_every_request(here: Path):
    (here / "two.yaml").write_text(
        RECIPE.replace("generator: shuffle", "generator: shuffle\n  requests: [{name: a}, {name: b, where: target = 1}]")
    )
    result = call("preview", "two.yaml", "--rows", "3", "--json")
    assert result.exit_code == 0, result.stderr
    records = json.loads(result.stdout)["records"]
    assert len(records) == 6
    assert {record["target"] for record in records[3:]} == {1}
    assert call("preview", "two.yaml").stdout.count("mean_radius") == 2


def test_prove_gives_the_shape_that_scripts_rely_on(here: Path):
    result = call("prove", "cancer.csv", "--target", "target", "--generator", "shuffle", *QUICK, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert {"schema", "question", "verified", "verdicts", "spent", "planned", "leaks"} <= set(found)
    assert (found["schema"], found["question"], found["verified"]) == (1, "in-hand", True)
    (verdict,) = found["verdicts"]
    wanted = {"learner", "state", "code", "headline", "weight", "effect", "baseline", "detectable_effect"}
    assert wanted | {"real_rows_equivalent", "guards", "slices", "leaks"} <= set(verdict)
    assert {"value", "low", "high", "n"} == set(verdict["effect"])
    assert (verdict["screening"], verdict["curve"]) == ([], None)
    assert verdict["weight"] == 0.5
    assert "planned: " in result.stderr
    assert (here / ".complement" / "openings.jsonl").is_file()


def test_a_delivered_file_is_unverified_without_sealed_records(here: Path):
    table = csv.read_csv("cancer.csv")
    csv.write_csv(table.slice(0, 200), "synthetic.csv")
    csv.write_csv(table.slice(200, 200), "real.csv")
    csv.write_csv(table.slice(400), "sealed.csv")
    words = ["prove", "real.csv", "synthetic.csv", "--target", "target", *QUICK, "--json", "--quiet"]
    open_to_all, sealed = call(*words), call(*words, "--sealed", "sealed.csv")
    assert open_to_all.exit_code == sealed.exit_code == 0, open_to_all.stderr + sealed.stderr
    assert [json.loads(one.stdout)["verified"] for one in (open_to_all, sealed)] == [False, True]
    assert [json.loads(one.stdout)["question"] for one in (open_to_all, sealed)] == ["artifact", "artifact"]
    assert open_to_all.stderr == sealed.stderr == ""


def test_a_question_that_does_not_fit_is_refused(here: Path):
    words = ["prove", "cancer.csv", "cancer.csv", "--target", "target", "--json"]
    assert error_of(call(*words, "--question", "recipe"))["code"] == "prove-question"
    assert error_of(call(*words, "--generator", "trees"))["code"] == "usage"
    assert (
        error_of(call("prove", "cancer.csv", "--target", "target", "--question", "artifact", "--json"))["code"]
        == "prove-question"
    )


def test_a_copy_of_the_target_is_refused_until_it_is_ignored(here: Path):
    table = csv.read_csv("cancer.csv")
    csv.write_csv(
        table.append_column("diagnosis", pa.array(["b" if y else "m" for y in table["target"].to_pylist()])), "leaky.csv"
    )
    error = error_of(call("prove", "leaky.csv", "--target", "target", *QUICK, "--json"))
    assert error["code"] == "target-copy"
    assert "--ignore diagnosis" in error["help"]
    words = ["prove", "leaky.csv", "--target", "target", "--generator", "shuffle", "--ignore", "diagnosis", *QUICK, "--json"]
    assert call(*words).exit_code == 0


def test_a_run_is_a_folder_that_says_what_it_rests_on_and_is_not_computed_twice(here: Path):
    first = call("run", "recipe.yaml", "--engine", "inline", "--json")
    assert first.exit_code == 0, first.stderr
    found = json.loads(first.stdout)
    folder = Path(found["run"])
    assert folder == here / "runs" / "recipe"
    assert {path.name for path in folder.iterdir()} == {
        "1-source", "3-generate", "4-curate", "5-measure", "6-prove", "8-release",
        "recipe.yaml", "manifest.json", "verdict.json", "report.html", "events.jsonl",
    }  # fmt: skip
    assert (folder / "recipe.yaml").read_text() == RECIPE
    manifest = json.loads((folder / "manifest.json").read_text())
    kept_back = json.loads((folder / "1-source" / "source.json").read_text())["tune_rows"]
    assert f"refitted on all real records, but for {kept_back} that are kept back" in manifest["released"]
    assert kept_back > 100
    assert len(manifest["inputs"]["real"]) == 64
    salt = (here / ".complement" / "salt").read_text().strip()
    assert salt not in (folder / "manifest.json").read_text()
    assert found["released"] == str(folder / "8-release")
    (records,) = (folder / "8-release" / "data").iterdir()
    released = parquet.read_table(records)
    assert (released.num_rows, released.column_names[-4:]) == (569, ["_synthetic", "_generator", "_request", "_depth"])
    plain = call("run", "recipe.yaml", "--engine", "inline", "--quiet").stdout
    digest = plain.partition("\ndigest: ")[2].splitlines()[0]
    assert call("verify", found["released"], "--digest", digest).exit_code == 0
    assert call("verify", found["released"], "--digest", digest[::-1]).exit_code == 1
    written = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in (".arrow", ".parquet")}
    again = call("run", "recipe.yaml", "--engine", "inline", "--json")
    assert json.loads(again.stdout)["verdicts"] == found["verdicts"]
    for stage in ("4-curate", "5-measure", "6-prove", "8-release"):
        assert f"skipped: stage {stage}" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert [leak["code"] for leak in json.loads(again.stdout)["leaks"]] == []
    (folder / "4-curate" / "kept.arrow").write_bytes(b"changed by hand")
    assert error_of(call("run", "recipe.yaml", "--engine", "inline", "--json"))["code"] == "run-damaged"
    (here / "recipe.yaml").write_text(RECIPE + "seed: 1\n")
    assert error_of(call("run", "recipe.yaml", "--engine", "inline", "--json"))["code"] == "run-changed"
    assert (folder / "4-curate" / "kept.arrow").read_bytes() == b"changed by hand"
    assert (folder / "recipe.yaml").read_text() == RECIPE
    fresh = call("run", "recipe.yaml", "--fresh", "--engine", "inline", "--json")
    assert fresh.exit_code == 0, fresh.stderr
    assert [leak["code"] for leak in json.loads(fresh.stdout)["leaks"]] == ["reused-hold-out"]


def test_a_gate_that_does_not_hold_ends_with_1(here: Path):
    (here / "strict.yaml").write_text(RECIPE + "gates: {verdict: [SUBSTITUTES]}\n")
    result = call("run", "strict.yaml", "--engine", "inline", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["error"]["code"], found["error"]["where"]) == ("gate", "gates.verdict")
    assert found["verdicts"]


def test_a_folder_with_other_things_is_not_touched(here: Path):
    (here / "papers").mkdir()
    (here / "papers" / "thesis.txt").write_text("mine")
    (here / "papers" / "manifest.json").write_text("{}")
    result = call("run", "recipe.yaml", "--out", "papers", "--fresh", "--json")
    assert error_of(result)["code"] == "run-changed"
    assert sorted(path.name for path in (here / "papers").iterdir()) == ["manifest.json", "thesis.txt"]


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_an_interrupted_run_ends_with_130_and_goes_on(here: Path):
    words = [sys.executable, "-m", "complement.cli", "run", "recipe.yaml", "--engine", "inline", "--json"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events = here / "runs" / "recipe" / "events.jsonl"
    for _ in range(600):
        if events.is_file() and '"planned"' in events.read_text():
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    if running.returncode != 0:  # it may have been finished before the signal came
        assert running.returncode == 130, stderr
        assert json.loads(stdout)["error"]["code"] == "interrupted"
    assert call("run", "recipe.yaml", "--engine", "inline", "--json").exit_code == 0


def test_the_page_names_every_command_and_option(root: Path):
    page = (root / "docs" / "cli.md").read_text()
    for name, command in main.commands.items():
        assert f"complement {name}" in page
        for parameter in command.params:
            for option in (option for option in parameter.opts if option.startswith("--")):
                assert f"`{option}`" in page, f"{name} {option}"
