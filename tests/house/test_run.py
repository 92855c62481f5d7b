"""The story of a run from Python: what is read, what is sealed, what is made from which records, and what is wrapped."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer, load_diabetes

import complement
from complement.core.errors import ComplementError, ProveError, RunError, UsageError
from complement.core.verdict import Effect, Judgement, Leak, Verdict
from complement.engine.shards import Engine
from complement.prepare import Inputs, Source, partition_of, plan_of, read_source, read_synthetic, sealed_share
from complement.ready import prepared
from complement.recipe import Recipe
from complement.run import check_gates
from complement.runfolder import RunFolder, finite

QUICK = {"learners": "tree", "weights": 0.5, "seeds": 2, "folds": 2, "curve": False, "generator": "shuffle"}


@pytest.fixture(scope="module")
def cancer() -> pa.Table:
    found = load_breast_cancer(as_frame=True).frame
    columns = {name.replace(" ", "_"): found[name] for name in ("mean radius", "mean texture", "mean smoothness", "target")}
    return pa.table(columns).append_column("patient", pa.array([f"P{n:04}" for n in range(len(found))]))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recipe(here: Path, table: pa.Table, **parts: object) -> Recipe:
    csv.write_csv(table, here / "real.csv")
    whole: dict[str, object] = {"complement": 1, "real": "real.csv", "purpose": {"target": "target", "learners": ["tree"]}}
    whole |= {
        "prove": {"weights": [0.5], "seeds": 2, "curve": False},
        "split": {"folds": 2},
        "generate": {"generator": "shuffle"},
    }
    return Recipe.of(whole | parts)


def released(done: complement.Run) -> pa.Table:
    """The released records, from all their files."""
    assert done.released is not None
    return pa.concat_tables([parquet.read_table(file) for file in sorted(done.released.glob("data/train-*.parquet"))])


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_tables_in_memory_are_judged_like_files(here: Path, cancer: pa.Table):
    csv.write_csv(cancer, "real.csv")
    of_file = complement.prove("real.csv", target="target", **QUICK)
    of_arrow = complement.prove(cancer, target="target", **QUICK)
    of_pandas = complement.prove(pd.DataFrame(cancer.to_pydict()), target="target", **QUICK)
    assert of_file.verdicts == of_arrow.verdicts == of_pandas.verdicts
    assert (of_file.question, of_file.verified, of_file.leaks) == ("in-hand", True, ())


def test_an_option_that_does_not_exist_is_refused_with_the_nearest(here: Path, cancer: pa.Table):
    with pytest.raises(UsageError, match="Did you mean 'learners'"):
        complement.prove(cancer, target="target", learner="tree")  # type: ignore[call-arg]
    with pytest.raises(ComplementError) as caught:
        complement.prove(cancer, target="target", margin=-1.0)
    assert caught.value.where == "--margin, or margin= in Python"


@pytest.mark.parametrize(
    ("rows", "positives", "rule", "share"),
    [
        (60_000, 6_000, "auto", 0.2),
        (60_000, 4_000, "auto", None),
        (40_000, 20_000, "auto", None),
        (60_000, 6_000, "cross-fit", None),
        (1_000, 500, 0.3, 0.3),
    ],
)
def test_one_set_is_sealed_only_where_it_is_large_enough(rows: int, positives: int, rule: object, share: float | None):
    table = pa.table({"x": np.arange(rows, dtype=float), "y": (np.arange(rows) < positives).astype(int)})
    asked = Recipe.of({"complement": 1, "real": "a", "purpose": {"target": "y"}, "split": {"sealed": rule}})
    source = read_source(asked, Inputs(real=table))
    assert sealed_share(asked, source) == share
    if share == 0.2:
        asked = Recipe.of(
            {"complement": 1, "real": "a", "purpose": {"target": "y", "primary": {"name": "few", "where": "x < 6100"}}}
        )
        assert sealed_share(asked, read_source(asked, Inputs(real=table))) is None


def test_what_is_released_was_made_without_the_sealed_records(here: Path, cancer: pa.Table):
    done = complement.run(recipe(here, cancer, split={"sealed": 0.4}), out=here / "out")
    assert done.released is not None
    assert "outside the sealed set" in done.manifest["released"]
    made = set(released(done)["mean_radius"].to_pylist())
    ready = prepared(done.recipe, Inputs(), lambda event, facts: None)
    assert len(ready.tune) == 0  # a fifth of 341 would be too few to attack with
    sealed, learnt = ready.source.real.take(ready.partition.test(0)), ready.source.real.take(ready.partition.train(0))
    only_sealed = set(sealed.column("mean_radius").to_pylist()) - set(learnt.column("mean_radius").to_pylist())
    assert len(only_sealed) > 50
    assert made.isdisjoint(only_sealed)
    assert json.loads((here / "out" / "1-source" / "source.json").read_text())["sealed_rows"] == sealed.rows


def test_what_is_released_was_made_without_the_records_kept_back_for_the_attacks(here: Path, cancer: pa.Table):
    done = complement.run(recipe(here, cancer), out=here / "out")
    made = set(released(done)["mean_radius"].to_pylist())
    ready = prepared(done.recipe, Inputs(), lambda event, facts: None)
    train, tune = ready.source.real.take(ready.train), ready.source.real.take(ready.tune)
    assert (train.rows, tune.rows) == (569 - tune.rows, pytest.approx(569 / 5, abs=1))
    only_tune = set(tune.column("mean_radius").to_pylist()) - set(train.column("mean_radius").to_pylist())
    assert len(only_tune) > 50
    assert made.isdisjoint(only_tune)
    source = json.loads((done.folder / "1-source" / "source.json").read_text())
    assert (source["train_rows"], source["tune_rows"]) == (train.rows, tune.rows)


def test_the_same_run_elsewhere_gives_the_same_release_to_the_byte(here: Path, cancer: pa.Table):
    asked = recipe(here, cancer, prove={"weights": [0, 0.5], "seeds": 2, "curve": True})
    one = complement.run(asked, out=here / "one")
    two = complement.run(asked, out=here / "two", engine=Engine("inline"))
    assert one.released is not None
    assert two.released is not None
    assert (one.released / "manifest.sha256").read_bytes() == (two.released / "manifest.sha256").read_bytes()
    assert bytes_of(one.released) == bytes_of(two.released)
    assert one.judgement.verdicts == two.judgement.verdicts
    assert (one.folder / "manifest.json").read_bytes() == (two.folder / "manifest.json").read_bytes()


def test_a_release_made_before_and_the_clock_change_nothing_of_the_next(here: Path, cancer: pa.Table):
    asked = recipe(here, cancer)
    first = complement.run(asked, out=here / "one")
    assert first.released is not None
    before, told = bytes_of(first.released), (first.folder / "report.html").read_text()
    (first.folder / "6-prove" / "released.json").unlink()
    (first.folder / "6-prove" / "stage.json").unlink()  # the trial is told anew, from shards that are there: in less time
    again = complement.run(asked, out=here / "one")
    assert again.judgement.spent["seconds"] != first.judgement.spent["seconds"]
    assert again.released is not None
    assert bytes_of(again.released) == before
    digest = (again.released / "manifest.sha256").read_text().split()[0]
    assert digest in (again.folder / "report.html").read_text()
    assert digest in told
    assert digest not in (again.released / "report.html").read_text()
    assert "processor time" not in (again.released / "report.html").read_text()
    assert "processor time" in told


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"gates": {"verdict": ["SUBSTITUTES"]}}, "A gate does not hold. The verdict for tree is"),
        ({"synthetic": "real.csv", "generate": None}, "A delivered file was judged"),
    ],
)
def test_where_nothing_is_released_run_and_report_say_why(here: Path, cancer: pa.Table, parts: dict[str, object], why: str):
    told: list[str] = []
    done = complement.run(
        recipe(here, cancer, **parts), out=here / "out", tell=lambda event, facts: told.append(str(facts.get("note")))
    )
    assert (done.released, (done.folder / "8-release").exists()) == (None, False)
    assert done.why_not.startswith(why)
    assert done.as_json()["released"] is None
    assert [note for note in done.notes if note.startswith("Nothing is released. ")] == [f"Nothing is released. {done.why_not}"]
    assert f"Nothing is released. {done.why_not}" in told
    assert f"<b>Nothing is released. </b>{why}" in (done.folder / "report.html").read_text()


def test_a_gate_that_comes_later_takes_the_release_away(here: Path, cancer: pa.Table):
    first = complement.run(recipe(here, cancer), out=here / "out")
    assert first.released == here / "out" / "8-release"
    later = complement.run(recipe(here, cancer, gates={"verdict": ["SUBSTITUTES"]}), out=here / "out")
    assert (later.released, first.released.exists()) == (None, False)
    assert complement.run(recipe(here, cancer), out=here / "out").released == first.released
    assert complement.verify(first.released).faults == ()


def test_records_without_a_target_are_left_out_with_a_note(here: Path, cancer: pa.Table):
    values = cancer["target"].to_pylist()
    holes = cancer.set_column(3, "target", pa.array([None if n % 10 == 0 else v for n, v in enumerate(values)], pa.int64()))
    csv.write_csv(holes.slice(400), "sealed.csv")
    source = read_source(recipe(here, holes.slice(0, 400), sealed="sealed.csv"))
    assert source.real.rows == 360 + 152
    assert source.sealed is not None
    assert int(source.sealed.sum()) == 152
    assert source.real.column("patient").to_pylist()[-1] == "P0568"
    assert any("57 records have no 'target'" in note for note in source.notes)


def test_the_positive_class_can_be_named(here: Path, cancer: pa.Table):
    asked = recipe(here, cancer, purpose={"target": "target", "positive": 0})
    assert read_source(asked).purpose.classes == ("1", "0")
    with pytest.raises(ComplementError, match="No record has the target '2'"):
        read_source(recipe(here, cancer, purpose={"target": "target", "positive": 2}))


def test_a_regression_knows_its_spread(here: Path):
    found = load_diabetes(as_frame=True).frame
    source = read_source(recipe(here, pa.table(dict(found[["age", "bmi", "bp", "target"]].items()))))
    assert (source.purpose.task, source.purpose.metric) == ("regression", "rmse")
    assert source.purpose.target_sd == pytest.approx(float(np.std(found["target"])))


def test_a_delivered_file_may_lack_what_no_model_sees(here: Path, cancer: pa.Table):
    csv.write_csv(cancer.drop_columns(["patient"]), "made.csv")
    asked = recipe(here, cancer, synthetic="made.csv", generate=None, schema={"patient": {"role": "identifier"}})
    made, _ = read_synthetic(asked, read_source(asked))
    assert made.schema.names() == cancer.column_names
    assert made.column("patient").null_count == made.rows
    assert made.synthetic.all()
    csv.write_csv(cancer.drop_columns(["mean_radius"]), "made.csv")
    with pytest.raises(ComplementError, match="'mean_radius' is absent"):
        read_synthetic(asked, read_source(asked))


def test_a_weight_column_weighs_the_records(here: Path, cancer: pa.Table):
    weighted = cancer.append_column("w", pa.array(np.arange(569) % 3 + 0.5))
    source = read_source(recipe(here, weighted, schema={"w": {"role": "weight"}}))
    assert source.real.weight[:3].tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize("role", ["identifier", "personal"])
def test_an_identifier_may_be_named_as_the_unit(here: Path, cancer: pa.Table, role: str):
    source = read_source(recipe(here, cancer, schema={"patient": {"role": role}}, split={"unit": "patient"}))
    assert source.real.schema.column("patient").role == "unit"


def test_an_identifier_that_repeats_is_noted_where_no_unit_is_named(here: Path, cancer: pa.Table):
    twice = pa.array([f"P{n // 2:04}" for n in range(cancer.num_rows)])
    visits = cancer.set_column(cancer.schema.get_field_index("patient"), "patient", twice)
    for split, noted in (({}, True), ({"unit": "patient"}, False)):
        asked = recipe(here, visits, schema={"patient": {"role": "identifier"}}, split=split)
        notes = partition_of(asked, read_source(asked), salt="s").cautions
        assert any("name it as the unit" in note for note in notes) is noted


@pytest.mark.parametrize(
    "parts",
    [
        {"split": {"unit": "target"}},
        {"split": {"unit": "patient", "time": "patient"}},
        {"split": {"unit": "patient"}, "schema": {"mean_radius": {"role": "unit"}}},
        {"schema": {"mean_radius": {"role": "target"}}},
    ],
)
def test_roles_that_contradict_each_other_are_refused(here: Path, cancer: pa.Table, parts: dict[str, object]):
    with pytest.raises(ComplementError) as caught:
        read_source(recipe(here, cancer, **parts))
    assert caught.value.code == "schema-role"


def test_metrics_slices_and_conditions_are_checked_before_anything_is_computed(here: Path, cancer: pa.Table):
    for purpose in (
        {"target": "target", "metric": "aurc"},
        {"target": "target", "guards": ["brir"]},
        {"target": "target", "metric": "rmse"},
        {"target": "target", "slices": [{"name": "s", "where": "no_such > 1"}]},
        {"target": "target", "primary": {"name": "s", "where": "mean_radius = 'x'"}},
    ):
        with pytest.raises(ComplementError) as caught:
            read_source(recipe(here, cancer, purpose=purpose))
        assert caught.value.code in ("unknown-name", "prove-metric", "schema-column", "where-type")


def test_a_substitute_is_judged_at_weight_one():
    asked = Recipe.of({"complement": 1, "real": "a", "purpose": {"target": "y"}, "prove": {"question": "substitute"}})
    assert plan_of(asked).weights == (1.0,)


def test_a_feature_that_repeats_the_target_stops_the_run(here: Path, cancer: pa.Table):
    copied = cancer.append_column("copy", pa.array([f"class {y}" for y in cancer["target"].to_pylist()]))
    with pytest.raises(ProveError, match="'copy' repeats the target"):
        read_source(recipe(here, copied))
    assert isinstance(read_source(recipe(here, copied, schema={"copy": {"role": "ignore"}})), Source)


def test_what_a_library_raises_becomes_an_error_of_ours(here: Path, cancer: pa.Table, monkeypatch: pytest.MonkeyPatch):
    def broken(*args: object, **keywords: object) -> Judgement:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(sys.modules["complement.run"], "judge", broken)
    with pytest.raises(RunError, match="ZeroDivisionError: deep inside") as caught:
        complement.prove(cancer, target="target", **QUICK)
    assert caught.value.code == "unexpected"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_generate_gives_exactly_the_rows_under_the_condition(cancer: pa.Table):
    made = complement.generate(cancer, rows=30, where="mean_radius > 15 and target = 0", target="target", seed=4)
    assert made.rows == 30
    assert made.synthetic.all()
    assert min(made.column("mean_radius").to_pylist()) > 15
    again = complement.generate(cancer, rows=30, where="mean_radius > 15 and target = 0", target="target", seed=4)
    assert made.records.equals(again.records)
    assert not made.records.equals(complement.generate(cancer, rows=30, target="target", seed=5).records)


VERDICT = Verdict(
    "tree", "HELPS", "helps", "h", "auroc", 0.005, 0.5, (0.5,), Effect(0.1, float("-inf"), 0.2, 9), Effect(0.8, 0.7, 0.9, 9),
    float("inf"), None, leaks=(Leak("reused-hold-out", "finding", "n"),),
)  # fmt: skip


def test_a_judgement_comes_back_as_it_was_kept(tmp_path: Path):
    judgement = Judgement("artifact", False, (VERDICT,), {"fits": 3}, {"seconds": 1.5})
    folder = RunFolder.open(tmp_path / "run")
    folder.write_judgement(judgement)
    assert folder.judgement() == judgement
    assert finite(judgement.as_json())["verdicts"][0]["effect"]["low"] is None  # type: ignore[index]


@pytest.mark.parametrize(
    ("gates", "verified", "where"),
    [
        ({"verdict": ["HELPS"], "verified": True}, True, None),
        ({"verdict": ["HURTS"]}, True, "gates.verdict"),
        ({"verified": True}, False, "gates.verified"),
        ({"leaks": True}, True, "gates.leaks"),
        ({}, False, None),
    ],
)
def test_gates_hold_or_say_which_did_not(gates: dict[str, object], verified: bool, where: str | None):
    asked = Recipe.of({"complement": 1, "real": "a", "purpose": {"target": "y"}, "gates": gates})
    run = complement.Run(Judgement("artifact", verified, (replace(VERDICT),), {}, {}), asked, Path("run"))
    gate = check_gates(run)
    assert (gate.where if gate else None) == where
    assert gate is None or gate.exit_code == 1


def test_sealed_labels_that_are_spelt_otherwise_are_refused_before_anything_is_fitted(here: Path, cancer: pa.Table):
    words = [["no", "yes"][value] for value in cancer.column("target").to_pylist()]
    table = cancer.set_column(3, "target", pa.array(words))
    dotted = table.slice(400).set_column(3, "target", pa.array([f"{word}." for word in words[400:]]))
    told: list[str] = []
    with pytest.raises(ComplementError, match=r"No sealed target is among.*'no\.' \(did you mean 'no'\?\)") as met:
        complement.prove(table.slice(0, 400), target="target", sealed=dotted, tell=lambda name, _: told.append(name), **QUICK)
    assert (met.value.code, told) == ("schema-mismatch", [])
    with pytest.raises(ComplementError, match="did you mean 'no'"):
        complement.prove(table.slice(0, 400), dotted, target="target", **{**QUICK, "generator": None})


def test_a_plan_that_differs_in_the_curve_or_prices_alone_is_the_same_look(here: Path, cancer: pa.Table):
    def codes(**proving: object) -> list[str]:
        asked = recipe(here, cancer, prove={"weights": [0.5], "seeds": 2, "curve": False, **proving})
        return [leak.code for leak in complement.run(asked, out=here / "out", fresh=True).judgement.leaks]

    assert codes() == codes(curve=True) == codes(prices={"real": 3}) == []
    assert codes(weights=[0.4]) == ["reused-hold-out"]


def test_a_column_known_only_after_the_outcome_is_a_caution_and_in_the_notes(here: Path, cancer: pa.Table):
    cause = pa.array([None if value else "lung" for value in cancer.column("target").to_pylist()])
    done = complement.run(recipe(here, cancer.append_column("cause", cause)), out=here / "out")
    (verdict,) = done.judgement.verdicts
    assert any(note.startswith("'cause' alone") for note in verdict.cautions)
    assert any("nearly perfect" in note for note in verdict.cautions)
    assert any(note.startswith("'cause' alone") for note in json.loads(Path("out/1-source/source.json").read_text())["notes"])
    assert complement.run(recipe(here, cancer), out=here / "two").judgement.verdicts[0].cautions == ()


def test_other_expected_records_are_another_plan(here: Path, cancer: pa.Table):
    features = cancer.drop_columns(["target", "patient"])
    plans: list[str] = []
    for rows in (100, 101):
        csv.write_csv(features.slice(0, rows), here / "expected.csv")
        asked = recipe(here, cancer, gap={"find": 1, "expected": "expected.csv"})
        plans.append(prepared(asked, Inputs(), lambda event, facts: None).plan)
    assert plans[0] != plans[1]


def test_a_run_attacks_its_generator_by_refitting_where_it_is_asked_to(here: Path, cancer: pa.Table):
    base = {"generate": {"generator": "bootstrap"}, "curate": {"steps": []}}
    asked = recipe(here, cancer, **base, measure={"shadow": True})
    done = complement.run(asked, out=here / "out")
    scores = json.loads((done.folder / "5-measure" / "scores.json").read_text("utf-8"))["privacy"]
    (shadow,) = (score for score in scores if score["name"] == "shadow_auc")
    assert shadow["low"] > 0.6
