"""The audit of two files: what is measured with and without unseen records, in every form, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer

import complement
from complement.assess import Audit, measure
from complement.cli import main
from complement.core.contracts import Context
from complement.core.errors import SchemaError, SourceError, SplitError, UsageError
from complement.show_audit import MEASURED

SCORE = {"name", "value", "low", "high", "n", "better"}


@pytest.fixture(scope="module")
def tumours() -> pa.Table:
    """569 real tumours: six measurements, the diagnosis, and a number for each."""
    found = load_breast_cancer(as_frame=True).frame
    names = [name for name in found.columns if name.startswith("mean")][:6]
    table = pa.table({name.replace(" ", "_"): found[name] for name in [*names, "target"]})
    word = np.where(table.column("target").to_numpy() == 1, "benign", "malignant")
    table = table.set_column(6, "diagnosis", pa.array(word))
    return table.append_column("record_id", pa.array([f"T{place:05}" for place in range(569)]))


@pytest.fixture
def here(tumours: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, start, rows in (("real", 0, 200), ("later", 200, 200), ("fresh", 400, 169)):
        csv.write_csv(tumours.slice(start, rows), tmp_path / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words])


def object_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr or result.stdout
    return json.loads(result.stdout)


def values(audit: Audit) -> dict[str, float]:
    return {score.name: score.value for score in audit.privacy}


def test_a_copy_fails_the_gate_and_a_fresh_file_does_not(here: Path) -> None:
    copied = complement.audit("real.csv", "real.csv", holdout="later.csv", target="diagnosis")
    assert copied.passed is False
    assert values(copied)["density_auc"] > 0.95
    fresh = complement.audit("real.csv", "fresh.csv", holdout="later.csv", target="diagnosis")
    assert fresh.passed is not False
    assert values(fresh)["copy_share"] == 0
    assert fresh.rows == (200, 169, 200)


def test_the_json_has_the_keys_that_scripts_rely_on(here: Path) -> None:
    found = object_of(call("real.csv", "real.csv", "--holdout", "later.csv", "--json"))
    assert list(found)[:5] == ["schema", "fidelity", "diversity", "privacy", "gate"]
    assert found["schema"] == 1
    assert found["gate"]["passed"] is False
    assert found["gate"]["why"].startswith("Copies:")
    assert all(set(score) == SCORE for part in ("fidelity", "diversity", "privacy") for score in found[part])
    assert {"copy_share", "membership_auc", "density_auc", "dcr_share"} <= {score["name"] for score in found["privacy"]}
    assert found["rows"] == {"real": 200, "synthetic": 200, "holdout": 200}


def test_without_unseen_records_only_copies_are_counted_and_it_is_said(here: Path) -> None:
    found = object_of(call("real.csv", "fresh.csv", "--json"))
    assert [score["name"] for score in found["privacy"]] == ["copy_share", "identity_repeated"]
    assert found["gate"]["passed"] is None
    assert any("--holdout" in note for note in found["notes"])


def test_every_score_is_on_the_screen_with_its_meaning(here: Path) -> None:
    result = call("real.csv", "fresh.csv", "--holdout", "later.csv")
    assert result.exit_code == 0
    audit = complement.audit("real.csv", "fresh.csv", holdout="later.csv")
    every = (*audit.fidelity, *audit.diversity, *audit.privacy)
    names = {score.name for score in every}
    for score in every:
        if score.name.endswith("_base") and score.name.removesuffix("_base") in names:
            continue  # it stands beside its score
        assert f" {score.name} " in result.stdout
        assert score.name in MEASURED
    assert all(f"\n{title}" in result.stdout for title in ("Fidelity", "Diversity", "Privacy"))
    assert "A classifier " in result.stdout
    assert "They cover " in result.stdout
    assert "the privacy gate" in result.stdout
    assert "Not compared: record_id" in result.stdout
    assert all(len(line) <= 80 and line == line.rstrip() for line in result.stdout.splitlines())
    failed = call("real.csv", "real.csv", "--holdout", "later.csv")
    assert (failed.exit_code, " FAILED " in failed.stdout) == (0, True), "no recipe asked for the gate"


def test_the_scores_are_written_and_nothing_is_overwritten(here: Path) -> None:
    printed = call("real.csv", "fresh.csv", "--json", "--out", "scores/audit.json")
    assert json.loads((here / "scores" / "audit.json").read_text()) == json.loads(printed.stdout)
    again = call("real.csv", "fresh.csv", "--out", "scores/audit.json")
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert call("real.csv", "fresh.csv", "--out", "scores/audit.json", "--force").exit_code == 0
    assert call("real.csv", "fresh.csv", "--out", "real.csv", "--force").exit_code == 2


def test_a_target_adds_what_a_model_learns_and_how_classes_look(here: Path, tumours: pa.Table) -> None:
    found = complement.audit("real.csv", "fresh.csv", holdout="later.csv", target="diagnosis")
    scores = {score.name: score for score in found.fidelity}
    assert scores["tstr_auroc"].value > 0.9
    assert scores["conditional_error"].value < 2 * scores["conditional_error_base"].value
    assert {score.name for score in found.diversity} >= {"coverage", "levels_kept", "distinct_records", "vendi"}
    without = complement.audit("real.csv", "fresh.csv", holdout="later.csv")
    assert not any(score.name.startswith(("tstr", "conditional")) for score in without.fidelity)
    single = [tumours.slice(start, 150).set_column(6, "diagnosis", pa.array(["benign"] * 150)) for start in (0, 150, 300)]
    told = complement.audit(single[0], single[1], holdout=single[2], target="diagnosis")
    assert any(note.startswith("No model was trained") for note in told.notes)


def test_records_that_were_read_already_score_the_same(here: Path) -> None:
    real, made, later = (complement.read(f"{name}.csv") for name in ("real", "fresh", "later"))
    by_file = complement.audit("real.csv", "fresh.csv", holdout="later.csv", seed=4)
    assert measure(made.with_schema(real.schema), Context(real, later.with_schema(real.schema), real.schema), seed=4) == by_file


def test_files_and_frames_of_every_kind_give_the_same(here: Path, tumours: pa.Table) -> None:
    parquet.write_table(tumours.slice(400, 169), "fresh.parquet")
    by_path = complement.audit("real.csv", "fresh.csv", holdout="later.csv")
    assert complement.audit("real.csv", "fresh.parquet", holdout="later.csv") == by_path
    frames = [pl.read_csv(f"{name}.csv") for name in ("real", "fresh", "later")]
    assert complement.audit(frames[0], frames[1], holdout=frames[2]) == by_path
    datasets = [complement.read(f"{name}.csv") for name in ("real", "fresh", "later")]
    assert complement.audit(datasets[0], datasets[1], holdout=datasets[2]) == by_path


def test_the_same_seed_gives_the_same_bytes(here: Path) -> None:
    words = ("real.csv", "fresh.csv", "--holdout", "later.csv", "--json")
    assert call(*words, "--seed", "3").stdout == call(*words, "--seed", "3").stdout
    assert call(*words, "--seed", "3").stdout != call(*words, "--seed", "4").stdout


def test_fractions_in_a_column_of_whole_numbers_are_read(here: Path) -> None:
    ages = np.arange(400) % 70
    real = pa.table({"age": ages[:200], "size": np.arange(200) / 7})
    made = pa.table({"age": ages[:200] + 0.25, "size": np.arange(200) / 7})
    later = pa.table({"age": ages[200:], "size": np.arange(200, 400) / 7})
    assert values(complement.audit(real, made, holdout=later))["density_auc"] > 0.9
    assert values(complement.audit(real, real, holdout=made))["copy_share"] == 1.0


def test_a_column_that_is_absent_or_of_another_kind_is_named_with_its_file(here: Path, tumours: pa.Table) -> None:
    with pytest.raises(SchemaError, match="'mean_radius' is absent") as met:
        complement.audit("real.csv", tumours.drop_columns(["mean_radius"]))
    assert (met.value.code, met.value.where) == ("schema-mismatch", "synthetic file")
    assert "leave it out of the real one" in met.value.help
    renamed = tumours.rename_columns([name.replace("mean_radius", "mean_radios") for name in tumours.column_names])
    with pytest.raises(SchemaError, match="Did you mean 'mean_radios'"):
        complement.audit("real.csv", renamed)
    words = tumours.set_column(0, "mean_radius", pa.array(["wide"] * 569))
    with pytest.raises(SourceError) as wrong:
        complement.audit("real.csv", "fresh.csv", holdout=words)
    assert (wrong.value.code, wrong.value.where) == ("source-type", "holdout file")
    assert "declare" not in wrong.value.help.lower(), "there is no recipe to declare it in"
    lacking = tumours.drop_columns(["record_id"]).slice(400)
    assert complement.audit("real.csv", lacking, holdout="later.csv").passed is not False, "what names somebody may be absent"


def test_names_that_do_not_exist_or_contradict_are_refused(here: Path) -> None:
    with pytest.raises(SchemaError, match="Did you mean 'diagnosis'") as met:
        complement.audit("real.csv", "fresh.csv", target="diagnose")
    assert met.value.code == "target-missing"
    with pytest.raises(SchemaError) as unknown:
        complement.audit("real.csv", "fresh.csv", unit="patient")
    assert unknown.value.code == "schema-column"
    with pytest.raises(SchemaError) as both:
        complement.audit("real.csv", "fresh.csv", target="diagnosis", unit="diagnosis")
    assert both.value.code == "schema-role"
    with pytest.raises(SchemaError) as nothing:
        complement.audit(pa.table({"who": ["a", "b"]}), pa.table({"who": ["a", "b"]}), unit="who")
    assert nothing.value.code == "schema-role"
    assert json.loads(call("nowhere.csv", "fresh.csv", "--json").stdout)["error"]["code"] == "source-missing-file"


def test_a_hold_out_that_the_maker_had_is_refused(here: Path, tumours: pa.Table) -> None:
    mixed = pa.concat_tables([tumours.slice(150, 50), tumours.slice(200, 200)])
    for holdout in (mixed, "real.csv"):
        with pytest.raises(SplitError, match="hold-out records also stand in the real file") as met:
            complement.audit("real.csv", "fresh.csv", holdout=holdout)
        assert met.value.code == "sealed-overlap"


def test_records_that_are_equal_by_nature_stay_in_the_hold_out() -> None:
    def coarse(start: int) -> pa.Table:
        rows = np.arange(start, start + 400)
        return pa.table({"age": (rows * 7919) % 40, "sex": np.where((rows * 104_729) % 3 == 0, "f", "m")})

    found = complement.audit(coarse(0), coarse(2000), holdout=coarse(1000))
    scores = values(found)
    assert found.rows == (400, 400, 400)
    assert scores["copy_share_base"] > 0.9
    assert found.passed is not False, found.why


def test_a_unit_is_one_person_and_stands_in_one_file(here: Path, tumours: pa.Table) -> None:
    visits = tumours.drop_columns(["record_id"]).append_column("person", pa.array(np.arange(569) // 4))
    real, made = visits.slice(0, 200), visits.slice(0, 200)
    later = pa.concat_tables([visits.slice(200, 200), visits.slice(0, 4)])
    found = complement.audit(real, made, holdout=later, unit="person")
    assert found.rows == (200, 200, 200)
    assert "person" not in found.columns
    assert next(score.n for score in found.privacy if score.name == "membership_auc") == 100
    assert any("4 hold-out records" in note for note in found.notes)
    with pytest.raises(SplitError) as met:
        complement.audit(real, made, holdout=visits.slice(0, 8), unit="person")
    assert met.value.code == "sealed-overlap"


def test_names_beside_fresh_records_fail_and_are_named(here: Path, tumours: pa.Table) -> None:
    rng = np.random.default_rng(0)
    ssn = pa.array([f"{a}-{b}-{c}" for a, b, c in rng.integers((100, 10, 1000), (999, 99, 9999), (569, 3))])
    people = tumours.append_column("ssn", ssn)
    made = people.slice(400).set_column(8, "ssn", ssn.slice(0, 169))
    found = complement.audit(people.slice(0, 200), made, holdout=people.slice(200, 200))
    assert found.passed is False
    assert found.why.startswith("Identities: in one column 169 of 200")
    assert any("repeated in: ssn (169 of 200)" in note for note in found.notes)
    fresh = complement.audit(people.slice(0, 200), people.slice(400), holdout=people.slice(200, 200))
    assert fresh.passed is not False, fresh.why
    assert values(fresh)["identity_repeated"] == 0.0


def test_records_made_under_a_condition_are_compared_with_real_ones_under_it(tumours: pa.Table) -> None:
    mixed = tumours.take(pa.array(np.random.default_rng(0).permutation(569)))
    real, later = mixed.slice(0, 300), mixed.slice(300)
    made = mixed.filter(pc.equal(mixed.column("diagnosis"), "malignant"))
    where = "diagnosis = 'malignant'"
    whole, part = complement.audit(real, made, holdout=later), complement.audit(real, made, holdout=later, where=where)
    of_real, of_later = (pc.sum(pc.equal(one.column("diagnosis"), "malignant")).as_py() for one in (real, later))
    assert part.rows == (of_real, made.num_rows, of_later)
    apart, near = ({one.name: one.value for one in found.fidelity}["shape_error"] for found in (whole, part))
    assert near < 0.1 < apart
    assert (part.where, part.every, whole.where) == (where, (300, made.num_rows, 269), None)
    assert part.as_json()["where"] == where
    with pytest.raises(UsageError, match="No synthetic record meets"):
        complement.audit(real, made, holdout=later, where="diagnosis = 'benign'")
    with pytest.raises(UsageError, match="cannot attack those made under one"):
        complement.audit(real, made, holdout=later, where=where, generator="copula")
    for strange in (5, "record_id = 'T00001'"):
        with pytest.raises(UsageError):
            complement.audit(real, made, where=strange)  # type: ignore[arg-type]


def test_whose_other_records_were_learnt_from_is_no_stranger_under_a_condition() -> None:
    rng = np.random.default_rng(0)
    people, visit = np.repeat(np.arange(600), 6), np.tile(np.arange(1, 7), 600)
    columns = {"pid": [f"p{one}" for one in people], "visit": visit, "age": rng.integers(20, 90, 600)[people]}
    columns |= {"dose": rng.normal(size=len(people)).round(3)}
    visits, learnt = pa.table(columns), visit % 2 == people % 2  # of every second person visit 1
    real, later = visits.filter(pa.array(learnt)), visits.filter(pa.array(~learnt))
    made = visits.filter(pa.array(rng.random(len(people)) < 0.3))
    with pytest.raises(SplitError, match="belong to units of the real file"):
        complement.audit(real, made, holdout=later, unit="pid", where="visit = 1")


def test_the_real_file_in_other_units_and_words_is_no_pass(tumours: pa.Table) -> None:
    mixed = tumours.take(pa.array(np.random.default_rng(0).permutation(569)))
    real, later = mixed.slice(0, 250), mixed.slice(250)
    columns = {name: real.column(name).to_numpy() * 100 + 7 for name in real.column_names if name.startswith("mean")}
    words = [word.upper() for word in real.column("diagnosis").to_pylist()]
    found = complement.audit(real, pa.table({**columns, "diagnosis": words}), holdout=later, target="diagnosis")
    assert (found.passed, "not comparable" in found.why) == (None, True)
    assert any("Other units or spellings" in note and "mean_radius" in note for note in found.notes)


def test_a_single_value_is_named_with_its_column(here: Path, tumours: pa.Table) -> None:
    pay = np.round(np.random.default_rng(0).lognormal(10, 1, 569), 6)
    paid = tumours.append_column("pay", pa.array(pay))
    made = paid.slice(400).set_column(8, "pay", pa.array(pay[:169]))
    found = complement.audit(paid.slice(0, 200), made, holdout=paid.slice(200, 200))
    assert (found.passed, found.why.startswith("Values:")) == (False, True)
    assert any("one real person has" in note and "pay (" in note for note in found.notes)


def test_a_file_that_is_the_real_one_fails_without_a_hold_out(here: Path, tumours: pa.Table) -> None:
    found = complement.audit("real.csv", "real.csv", target="diagnosis")
    assert (found.passed, "200 of 200 synthetic records equal a real one" in found.why) == (False, True)
    mostly = pa.concat_tables([tumours.slice(0, 195), tumours.slice(400, 5)])
    assert complement.audit("real.csv", mostly).passed is False
    half = pa.concat_tables([tumours.slice(0, 100), tumours.slice(400, 100)])
    assert complement.audit("real.csv", half).passed is None, "what chance gives is not known"
    coarse = pa.table({"age": np.arange(400) % 40, "sex": np.where(np.arange(400) % 3 == 0, "f", "m")})
    assert complement.audit(coarse, coarse).passed is None, "such records equal each other anyway"


def test_a_hold_out_of_other_people_or_other_words_shows_nothing(here: Path, tumours: pa.Table) -> None:
    mixed = tumours.take(pa.array(np.random.default_rng(0).permutation(569)))
    real, later, made = mixed.slice(0, 250), mixed.slice(250, 200), mixed.slice(450)
    dotted = later.set_column(6, "diagnosis", pa.array([f"{word}." for word in later.column("diagnosis").to_pylist()]))
    found = complement.audit(real, made, holdout=dotted, target="diagnosis")
    assert (found.passed, "o value of 'diagnosis' stands in both" in found.why) == (None, True)
    wide = later.set_column(0, "mean_radius", pa.array(later.column("mean_radius").to_numpy() + 1000))
    found = complement.audit(real, made, holdout=wide, target="diagnosis")
    assert (found.passed, "farthest apart is 'mean_radius'" in found.why) == (None, True)
    copied = complement.audit(real, real, holdout=dotted, target="diagnosis")
    assert (copied.passed, "250 of 250" in copied.why) == (False, True)


@pytest.mark.slow
def test_the_example_of_the_page_comes_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    page = (root / "docs" / "examples" / "audit.md").read_text(encoding="utf-8")
    commands = page.split("```sh\n")[1].split("```")[0].strip().splitlines()
    monkeypatch.chdir(tmp_path)
    screens: list[str] = []
    for command in commands:
        result = CliRunner().invoke(main, command.split()[1:])
        assert result.exit_code == 0, result.stderr
        screens.append(result.stdout)
    shown = [block.split("```")[0] for block in page.split("<!-- output -->\n```text\n")[1:]]
    for screen, block in zip(screens[-2:], shown, strict=True):
        # Not to the last digit: another build of LightGBM or numpy rounds otherwise.
        assert [line.split()[:1] for line in screen.splitlines()[:4]] == [line.split()[:1] for line in block.splitlines()[:4]]
        for line, other in zip(scores_on(screen), scores_on(block), strict=True):
            assert line[0] == other[0]
            assert line[1] == pytest.approx(other[1], abs=0.02, rel=0.02)
    assert [word in screen for word, screen in zip((" FAILED ", " PASSED "), screens[-2:], strict=True)] == [True, True]


def scores_on(screen: str) -> list[tuple[str, float]]:
    """Names and values of the lines that show a score."""
    found = re.findall(r"^ (\S+) +(-?[\d.,]+) ", screen, flags=re.MULTILINE)
    return [(name, float(value.replace(",", ""))) for name, value in found if name in MEASURED]


def test_the_generator_is_attacked_where_it_is_named(here: Path) -> None:
    words = ["real.csv", "fresh.csv", "--holdout", "later.csv", "--json"]
    told = object_of(call(*words, "--generator", "bootstrap"))
    (shadow,) = (score for score in told["privacy"] if score["name"] == "shadow_auc")
    assert shadow["low"] > 0.6, "a generator of copies is found out, though this very file holds none"
    assert told["gate"]["passed"] is False
    assert "Shadow models" in told["gate"]["why"]
    assert not any(score["name"] == "shadow_auc" for score in object_of(call(*words))["privacy"])
    few = complement.audit(csv.read_csv("real.csv").slice(0, 90), "fresh.csv", holdout="later.csv", generator="bootstrap")
    assert any("Shadow models were not run" in note for note in few.notes)
    assert call(*words, "--generator", "bootstrp").exit_code == 2
