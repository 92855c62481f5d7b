"""`complement collapse` and its Python call, and made records that are given as real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner, Result
from sklearn.datasets import load_breast_cancer

import complement
from complement.assess import assess
from complement.calls import called
from complement.cli import main
from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, ProveError, RunError, SchemaError, SourceError, UsageError
from complement.core.lineage import depth_of
from complement.deliver import ADDED, with_origin
from complement.fill import fill
from complement.make import answer
from complement.prepare import read_source
from complement.repeat import collapse, told
from complement.source.origin import TELLING

QUICK = ["--generator", "bootstrap", "--policy", "replace", "--generations", "3", "--rows", "60", "--engine", "inline", "--quiet"]


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def tumours() -> pa.Table:
    found = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names[:6]]
    columns = {name: found.data[:, place] for place, name in enumerate(names)}
    return pa.table({"case": [f"c{n}" for n in range(569)], **columns, "finding": found.target.astype(str)})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tumours: pa.Table) -> Path:
    csv.write_csv(tumours, tmp_path / "real.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def found(tumours: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What the command says of bootstrap, whose generations are copies of copies, and the folder it kept."""
    folder = tmp_path_factory.mktemp("collapse")
    csv.write_csv(tumours, folder / "real.csv")
    result = call("collapse", str(folder / "real.csv"), *QUICK, "--target", "finding", "--out", str(folder / "kept"), "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), folder


def test_copies_of_copies_collapse_at_once(found: tuple[dict[str, Any], Path]):
    facts, folder = found
    (one,) = facts["policies"]
    assert (one["policy"], one["state"], one["first"], one["safe"]) == ("replace", "alarm", 2, 1)
    assert "distinct_values" in one["generations"][1]["alarms"]
    assert one["trends"]["distinct_values"]["kind"] == "factor"
    assert one["trends"]["distinct_values"]["high"] < 0.9
    assert [g["generation"] for g in one["generations"]] == [1, 2, 3]
    assert {"c2st_auc", "auroc", "log_loss", "ece", "variance_ratio", "tail_mass"} <= set(one["generations"][0]["metrics"])
    assert facts["rows"] == {"real": 60, "made": 60, "holdout": 189}
    assert json.loads((folder / "kept" / "collapse.json").read_text()) == facts


def test_a_kept_folder_is_taken_up_again_and_refused_to_another_call(found: tuple[dict[str, Any], Path]):
    facts, folder = found
    shards = {path: path.stat().st_mtime_ns for path in (folder / "kept" / "shards").iterdir()}
    given: dict[str, Any] = {"generator": "bootstrap", "policies": "replace", "generations": 3, "rows": 60, "target": "finding"}
    again = collapse(str(folder / "real.csv"), out=folder / "kept", **given)
    assert again.as_json()["policies"] == facts["policies"]
    assert {path: path.stat().st_mtime_ns for path in (folder / "kept" / "shards").iterdir()} == shards
    with pytest.raises(RunError) as error:
        collapse(str(folder / "real.csv"), out=folder / "kept", **{**given, "seed": 1})
    assert error.value.code == "run-changed"


def test_a_person_reads_the_sentence_first(here: Path):
    given: dict[str, Any] = {"generator": "bootstrap", "policies": "replace", "generations": 2, "rows": 60}
    found = collapse("real.csv", **given, target="finding")
    lines = told(found).splitlines()
    assert lines[0] == "bootstrap, 5 chains of 60 real records, 189 held out"
    assert lines[2].startswith("replace  alarm; safe for 1 generation: ")
    assert max(map(len, lines)) <= 130
    assert any(line.startswith("auroc ") for line in lines), "what a model loses is told, whatever else is"
    assert any(line.startswith("note: Left out, because no generator learns it as it is: case") for line in lines)


def test_a_generator_of_ones_own_is_taken(here: Path):
    from complement.generate.bootstrap import Bootstrap

    found = collapse("real.csv", generator=Bootstrap(), policies="anchor", generations=2, chains=2, rows=60)
    assert found.generator == "bootstrap"
    assert found.of("anchor").headline == "cannot say: 2 chains, and a null band needs 5"


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        ({"policies": "repeat"}, UsageError, "unknown-name"),
        ({"policies": "anchor:1.5"}, UsageError, "usage"),
        ({"policies": "redraw"}, UsageError, "usage"),
        ({"generations": 1}, UsageError, "usage"),
        ({"generator": "gan"}, UsageError, "unknown-name"),
        ({"generator": 3}, UsageError, "usage"),
        ({"rows": 500}, ProveError, "prove-too-few"),
        ({"chain": 5}, UsageError, "usage"),
        ({"target": "outcome"}, SchemaError, "schema-column"),
        ({"target": "finding", "ignore": "finding"}, SchemaError, "schema-role"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is(here: Path, options: dict[str, Any], kind: type, code: str):
    with pytest.raises(kind) as error:
        collapse("real.csv", **options)
    assert error.value.code == code


# Made records as real ones


def generated(real: object, **options: Any) -> Dataset:
    return answer(real, **options).records


def sources(real: object, synthetic: object = None, *, sealed: object = None) -> object:
    """What `complement.prove` reads before it judges."""
    return read_source(*called(real, synthetic, target="finding", sealed=sealed, options={"ignore": "case"}))


@pytest.fixture
def made(here: Path, tumours: pa.Table) -> Path:
    """real.csv, made.parquet and made.csv with the columns of complement, and both.csv with real and made records."""
    records = generated("real.csv", rows=120, generator="trees", ignore="case", target="finding")
    table = with_origin(records)
    parquet.write_table(table, here / "made.parquet")
    csv.write_csv(table, here / "made.csv")
    words = (here / "made.csv").read_text().splitlines()
    real = (here / "real.csv").read_text().splitlines()
    both = [words[0], *(f"{line},false,,," for line in real[1:]), *words[1:]]
    (here / "both.csv").write_text("\n".join(both) + "\n")
    return here


def test_the_columns_are_those_that_a_release_has():
    assert TELLING == ADDED


@pytest.mark.parametrize("name", ["made.parquet", "made.csv"])
def test_a_file_of_made_records_is_read_as_synthetic_of_its_depth(made: Path, name: str):
    records = complement.read(name)
    assert records.synthetic.all()
    assert depth_of(records.lineage) == 1
    assert records.lineage.column("generator")[0].as_py() == "trees"
    assert {records.schema.column(one).role for one in TELLING} == {"ignore"}


def test_in_a_mixed_file_each_record_is_what_it_says(made: Path):
    records = complement.read("both.csv")
    assert int(records.synthetic.sum()) == 120
    assert set(records.lineage.column("depth").to_pylist()) == {0, 1}


@pytest.mark.parametrize("name", ["made.parquet", "both.csv"])
@pytest.mark.parametrize(
    "use",
    [
        lambda file: sources(file),
        lambda file: sources("real.csv", "made.csv", sealed=file),
        lambda file: assess(file, "made.csv"),
        lambda file: assess("real.csv", "made.csv", holdout=file),
        lambda file: fill(file),
        lambda file: collapse(file),
    ],
    ids=["prove", "sealed", "audit", "holdout", "impute", "collapse"],
)
def test_where_real_records_judge_or_are_judged_made_ones_are_refused(made: Path, name: str, use: Any):
    with pytest.raises(SourceError) as error:
        use(name)
    assert error.value.code == "source-synthetic"
    assert "synthetic (depth 1)" in error.value.met


def test_made_records_alone_are_learnt_from_only_when_that_is_asked_for(made: Path):
    given: dict[str, Any] = {"rows": 20, "generator": "trees", "ignore": "case"}
    with pytest.raises(ComplementError) as error:
        generated("made.csv", **given)
    assert error.value.code == "source-unanchored"
    assert "depth 2" in error.value.met
    assert depth_of(generated("made.csv", from_synthetic=True, **given).lineage) == 2
    result = call(
        "generate", "made.csv", "--rows", "20", "--out", "more.csv", "--generator", "trees", "--ignore", "case", "--json"
    )
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (2, "source-unanchored")


def test_beside_real_records_made_ones_may_be_learnt_from_and_the_depth_is_said(made: Path):
    result = call(
        "generate", "both.csv", "--rows", "20", "--out", "more.csv", "--generator", "trees", "--ignore", "case", "--json"
    )
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert "120 of 689 records to learn from are synthetic: what is made from them has generation depth 2." in facts["notes"]
    assert set(complement.read("more.csv").lineage.column("depth").to_pylist()) == {2}


def test_records_that_were_made_in_this_process_are_refused_as_well(made: Path):
    records = generated("real.csv", rows=50, generator="trees", ignore="case")
    with pytest.raises(SourceError) as error:
        assess(records, "made.csv")
    assert error.value.code == "source-synthetic"


def test_a_depth_that_is_none_is_said(made: Path):
    text = (made / "made.csv").read_text()
    (made / "bad.csv").write_text(text.replace(",1\n", ",-1\n", 1))
    with pytest.raises(SourceError) as error:
        complement.read("bad.csv")
    assert (error.value.code, "'-1'" in error.value.met) == ("source-format", True)


def test_a_column_that_is_only_called_like_ours_stays_what_it_is(here: Path):
    (here / "own.csv").write_text("_synthetic,x\n" + "\n".join(f"{['true', 'false'][n % 2]},{n}" for n in range(30)) + "\n")
    records = complement.read("own.csv")
    assert not records.synthetic.any()
    assert records.schema.column("_synthetic").role == "feature"
