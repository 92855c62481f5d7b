"""Curation of a file: what the command and the call read, tag, write, tell and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet
from sklearn.datasets import load_breast_cancer

from complement.cli import main
from complement.core.errors import SchemaError, SourceError, UsageError
from complement.curation import curate


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
    """real.csv, test.csv, and made.csv: 200 others, 20 of them repeated, 20 copies of real and 10 of test records."""
    csv.write_csv(tumours.slice(0, 250), tmp_path / "real.csv")
    csv.write_csv(tumours.slice(250, 100), tmp_path / "test.csv")
    made = tumours.take(pa.array([*range(350, 550), *range(350, 370), *range(20), *range(250, 260)])).drop_columns(["record_id"])
    csv.write_csv(made, tmp_path / "made.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["curate", *words])


def object_of(*words: str) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.stderr or result.stdout
    return json.loads(result.stdout)


def test_the_files_are_the_input_with_reasons_the_kept_records_and_the_funnel(here: Path) -> None:
    found = object_of("made.csv", "--real", "real.csv", "--against", "test.csv", "--target", "diagnosis", "--out", "out")
    assert set(found) == {"schema", "made", "kept", "steps", "files", "notes"}
    assert found["made"] == 250
    tagged, kept = (parquet.read_table(f"out/{name}.parquet") for name in ("tagged", "kept"))
    assert tagged.schema.field("reasons").type == pa.list_(pa.string())
    assert tagged.num_rows == 250
    reasons = tagged.column("reasons").to_pylist()
    assert kept.equals(tagged.filter(pa.array([not one for one in reasons])).drop_columns(["reasons"]))
    assert found["kept"] == kept.num_rows
    assert all(one[0].startswith("copied: equals") for one in reasons[220:240])
    assert all(one == ["contaminated: equals a record that must stay unseen"] for one in reasons[240:] if "valid" not in one[0])
    assert sum(bool(one) for one in reasons[200:220]) >= 18
    assert sum(bool(one) for one in reasons[:200]) <= 14  # beyond the range of 250 records, in one of six columns
    funnel = json.loads(Path("out/funnel.json").read_text())
    assert funnel == {key: found[key] for key in ("made", "kept", "steps")}


def test_the_same_call_gives_the_same_bytes(here: Path) -> None:
    words = ("made.csv", "--real", "real.csv", "--target", "diagnosis")
    for out in ("one", "two"):
        assert call(*words, "--out", out).exit_code == 0
    for name in ("tagged.parquet", "kept.parquet", "funnel.json"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


def test_without_real_records_only_some_steps_run_and_it_is_said(here: Path) -> None:
    found = object_of("made.csv", "--out", "out", "--rule", "range(mean_area, 300, 9999)")
    assert [one["step"] for one in found["steps"]] == ["valid", "duplicates"]
    assert found["steps"][1]["left_out"] >= 15
    assert list(found["steps"][0]["reasons"]) == ["breaks the rule 'range(mean_area, 300, 9999)'"]
    assert any("copied (needs --real)" in note for note in found["notes"])
    assert "note: Not run: copied" in call("made.csv", "--out", "again").stdout


def test_cells_that_do_not_fit_their_kind_are_reasons_and_not_errors(here: Path) -> None:
    text = Path("made.csv").read_text().splitlines()
    cells = text[1].split(",")
    text[1] = ",".join(["n/k", *cells[1:]])
    Path("made.csv").write_text("\n".join([*text, ""]))
    found = curate("made.csv", real="real.csv", steps="valid")
    assert found.tagged.column("reasons").to_pylist()[0] == ["valid: mean_radius is not a number"]
    assert found.tagged.column("mean_radius").to_pylist()[0] == "n/k"  # the input is as it came
    assert found.funnel.steps[0].seen == found.funnel.made == 250
    with pytest.raises(SourceError, match="mean_radius"):
        curate("made.csv", real="real.csv", steps="duplicates")


def test_a_frame_goes_in_and_a_table_comes_out(tumours: pa.Table) -> None:
    real, made = tumours.slice(0, 250), tumours.take(pa.array([*range(300, 400), 5, 6]))
    found = curate(made.to_pandas(), real=real.to_pandas(), target="diagnosis", steps=["copied"])
    assert found.tagged.drop_columns(["reasons"]).column_names == made.column_names
    assert [len(one) for one in found.tagged.column("reasons").to_pylist()[-2:]] == [1, 1]
    assert found.kept.rows == found.funnel.kept
    assert found.out is None
    assert repr(found).startswith("Curated(")


def test_labels_and_outliers_run_when_they_are_asked_for(here: Path) -> None:
    words = ("made.csv", "--real", "real.csv", "--target", "diagnosis", "--step", "outliers", "--step", "labels", "--out", "out")
    assert [one["step"] for one in object_of(*words)["steps"]] == ["outliers", "labels"]


def test_a_file_that_was_tagged_before_is_tagged_anew(here: Path) -> None:
    object_of("made.csv", "--real", "real.csv", "--out", "one")
    again = object_of("one/tagged.parquet", "--real", "real.csv", "--out", "two")
    assert again["kept"] == json.loads(Path("one/funnel.json").read_text())["kept"]
    assert parquet.read_schema("two/tagged.parquet").names.count("reasons") == 1


def test_records_that_complement_made_keep_their_lineage(tumours: pa.Table) -> None:
    made = tumours.slice(300, 50)
    ours = {"_synthetic": [True] * 50, "_generator": ["forest"] * 50, "_request": ["all"] * 50, "_depth": [2] * 50}
    for name, values in ours.items():
        made = made.append_column(name, pa.array(values))
    found = curate(made, real=tumours.slice(0, 250))
    assert found.kept.synthetic.all()
    assert set(found.kept.lineage.column("depth").to_pylist()) == {2}
    assert set(ours) < set(found.tagged.column_names)


def test_nothing_that_is_read_or_there_is_overwritten(here: Path) -> None:
    assert call("made.csv", "--out", "out").exit_code == 0
    before = Path("out/kept.parquet").read_bytes()
    refused = call("made.csv", "--out", "out", "--json")
    assert refused.exit_code == 2
    assert "is there already" in json.loads(refused.stdout)["error"]["met"]
    read = call("out/kept.parquet", "--out", "out", "--force", "--json")
    assert "is read" in json.loads(read.stdout)["error"]["met"]
    assert Path("out/kept.parquet").read_bytes() == before
    assert call("made.csv", "--out", "out", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"steps": "copied"}, UsageError, "'copied' needs --real"),
        ({"steps": ["labels"], "real": True}, UsageError, "'labels' needs --target"),
        ({"steps": "contaminated"}, UsageError, "'contaminated' needs --against"),
        ({"steps": "duplicate"}, UsageError, "no step 'duplicate'"),
        ({"target": "size"}, SchemaError, "no column 'size'"),
        ({"target": "diagnosis", "unit": "diagnosis"}, SchemaError, "as unit and as target"),
    ],
)
def test_what_does_not_fit_is_said(tumours: pa.Table, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    real = tumours.slice(0, 100) if options.pop("real", False) else None
    with pytest.raises(kind, match=words):
        curate(tumours.slice(300, 50), real=real, **options)


def test_a_column_that_is_absent_is_an_error_unless_no_model_sees_it(tumours: pa.Table) -> None:
    real, made = tumours.slice(0, 100), tumours.slice(300, 50)
    assert curate(made.drop_columns(["record_id"]), real=real).funnel.made == 50
    with pytest.raises(SchemaError, match="mean_area"):
        curate(made.drop_columns(["mean_area"]), real=real)
