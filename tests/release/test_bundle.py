"""What bundle writes: the layout, the same bytes for the same input, one shard at a time, nothing that is not a stranger's."""

from __future__ import annotations

import gc
import json
import re
import socket
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from complement.core.dataset import Dataset
from complement.core.errors import RunError, SchemaError, UsageError
from complement.core.schema import Column, Schema
from complement.release import UNKNOWN, Facts, Release, bundle, shards, verify
from complement.release.mark import MARKS, marked

TEXTS = ("README.md", "croissant.json", "manifest.json", "privacy.json", "verdict.json", "report.html")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def cut(made: Dataset, rows: int) -> Iterator[Dataset]:
    return (made.take(np.arange(start, min(start + rows, made.rows))) for start in range(0, made.rows, rows))


def test_the_records_are_those_that_were_given_with_their_marks(released: Release, made: Dataset) -> None:
    table = parquet.read_table(released.folder / "data")
    assert table.select(made.records.column_names).to_pylist() == made.records.to_pylist()
    assert table.column_names == [*made.records.column_names, *MARKS]
    assert (
        table.select(list(MARKS)).to_pylist()
        == [{"_synthetic": True, "_generator": "trees", "_request": "all", "_depth": 1}] * 400
    )


def test_the_layout_is_that_of_hugging_face_and_has_one_split(released: Release) -> None:
    found = set(contents(released.folder))
    assert {f"data/train-0000{number}-of-00003.parquet" for number in range(3)} | {*TEXTS, "manifest.sha256"} == found
    assert [parquet.read_metadata(released.folder / name).num_rows for name in sorted(found) if name.endswith(".parquet")] == [
        150,
        150,
        100,
    ]


def test_the_same_input_gives_the_same_bytes(released: Release, made: Dataset, facts: Facts, tmp_path: Path) -> None:
    pieces = [made.take(np.arange(start, start + rows)) for start, rows in ((0, 150), (150, 150), (300, 100))]
    halves = [pieces[0].take(np.arange(70)).concat(pieces[0].take(np.arange(70, 150))), *pieces[1:]]  # other chunks, same records
    again = bundle(halves, tmp_path / "other" / "name", facts)
    assert contents(again.folder) == contents(released.folder)
    assert again.digest == released.digest


def test_what_a_clock_measured_is_left_out(released: Release, made: Dataset, facts: Facts, tmp_path: Path) -> None:
    verdict = {**(facts.verdict or {}), "spent": {"fits": 50, "seconds": 99.0, "seconds_by_stage": {"fits": 1.0}}}
    later = bundle(cut(made, 150), tmp_path / "later", replace(facts, verdict=verdict))
    assert later.digest == released.digest
    assert json.loads((later.folder / "verdict.json").read_bytes())["spent"] == {"fits": 50}


def test_another_fact_gives_another_digest(released: Release, made: Dataset, facts: Facts, tmp_path: Path) -> None:
    assert bundle(cut(made, 150), tmp_path / "other", replace(facts, openings=2)).digest != released.digest


def test_a_large_shard_is_cut_and_no_more_than_one_is_held(
    made: Dataset, facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MOST_ROWS", 60)
    alive: list[weakref.ref[Dataset]] = []
    most = 0

    def given() -> Iterator[Dataset]:
        nonlocal most
        for start in range(0, 400, 100):
            gc.collect()
            most = max(most, sum(one() is not None for one in alive))
            piece = made.take(np.arange(start, start + 100))
            alive.append(weakref.ref(piece))
            yield piece
            del piece

    released = bundle(given(), tmp_path / "cut", facts)
    assert [file for file in released.files if "00007" in file] == ["data/train-00007-of-00008.parquet"]
    assert most <= 1, "the former shard, at most, while the next one is made"
    assert verify(released.folder).passed


def test_what_differs_between_shards_is_unified_or_refused(made: Dataset, facts: Facts, tmp_path: Path) -> None:
    columns = (Column("a", "number"), Column("b", "category"), Column("c", "integer"))
    lineage = made.lineage.slice(0, 2)

    def shard(**values: pa.Array) -> Dataset:
        return Dataset.of(pa.table(values), Schema({"records": columns[: len(values)]}), lineage=lineage)

    first = shard(a=pa.nulls(2), b=pa.array(["x", None]).dictionary_encode(), c=pa.array([1, 2], pa.int8()))
    second = shard(a=pa.array([1.5, 2.5]), b=pa.array(["x", "y"]), c=pa.array([3, 4], pa.int64()))
    released = bundle([first, second], tmp_path / "unified", facts)
    assert parquet.read_table(released.folder / "data").select(["a", "b", "c"]).to_pydict() == {
        "a": [None, None, 1.5, 2.5],
        "b": ["x", None, "x", "y"],
        "c": [1, 2, 3, 4],
    }
    far = shard(a=pa.array([1.5, 2.5]), b=pa.array(["x", "y"]), c=pa.array([3, 400], pa.int64()))
    for wrong in (far, shard(a=pa.array([1.0, 2.0]), b=pa.array(["x", "y"]))):
        with pytest.raises(SchemaError, match="than the first one"):
            bundle([first, wrong], tmp_path / "refused", facts)


def test_real_records_none_and_several_tables_are_refused(made: Dataset, facts: Facts, tmp_path: Path) -> None:
    real = Dataset.of(made.records.slice(0, 5), made.schema)
    family = Dataset.of(
        {"records": pa.table({"a": [1]}), "more": pa.table({"b": [1]})},
        Schema({"records": (Column("a", "integer"),), "more": (Column("b", "integer"),)}),
        lineage=made.lineage.slice(0, 1),
    )
    image = Dataset.of(
        pa.table({"a": [{"x": 1}]}), Schema({"records": (Column("a", "other"),)}), lineage=made.lineage.slice(0, 1)
    )
    for given in (real, made.concat(real), [], made.take(np.arange(0)), family, image):
        with pytest.raises(SchemaError) as caught:
            bundle(given, tmp_path / "refused", facts)
        assert caught.value.code == "release-records"
    assert list(tmp_path.iterdir()) == [], "nothing is left of what was refused"


def test_a_column_with_the_name_of_a_mark_gives_way(made: Dataset) -> None:
    table = made.records.append_column("_synthetic", pa.array(["no"] * made.rows))
    posing = Dataset.of(
        table, replace(made.schema, tables={"records": (*made.schema, Column("_synthetic", "text"))}), lineage=made.lineage
    )
    assert marked(posing).column("_synthetic").to_pylist() == [True] * made.rows


def test_nothing_is_overwritten_but_a_release_that_may_be(made: Dataset, facts: Facts, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    bundle(made, folder, facts)
    with pytest.raises(RunError, match="stands there already"):
        bundle(made, folder, facts)
    assert bundle(made, folder, replace(facts, openings=7), replace=True).digest == verify(folder).digest
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    (tmp_path / "link").symlink_to(folder)
    for place in ("thesis", "thesis/thesis.txt", "link"):
        with pytest.raises(RunError) as caught:
            bundle(made, tmp_path / place, facts, replace=True)
        assert caught.value.code == "release-folder"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "release", "thesis"]


def test_a_failure_in_the_middle_leaves_what_was_there(made: Dataset, facts: Facts, tmp_path: Path) -> None:
    before = bundle(made, tmp_path / "release", facts)

    def broken() -> Iterator[Dataset]:
        yield made
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        bundle(broken(), tmp_path / "release", facts, replace=True)
    assert verify(tmp_path / "release", digest=before.digest).passed
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_no_file_names_a_folder_or_the_host(made: Dataset, facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "wards-laptop-7")
    monkeypatch.chdir(tmp_path)
    secret = f"{tmp_path}/ward/patients.csv"
    telling = replace(
        facts,
        title=f"From {secret}",
        description=f"Read from {secret} on wards-laptop-7.",
        notes=[f"{secret} has 3 empty columns."],
        recipe={"real": secret, "sealed": "/mnt/hospital/sealed.csv", "folders": {secret: "../ward/x.csv"}},
        source={"rows": 569, "file": secret},
        generator={"name": "trees", "settings": {"cache": secret}},
        verdict={**(facts.verdict or {}), "leaks": [{"code": "c", "severity": "finding", "note": f"in {secret}"}]},
        privacy={**(facts.privacy or {}), "notes": [f"{Path.home()}/x/y.csv"]},
        report_html=f"<p>{secret} wards-laptop-7 the-ward</p>",
        private=("the-ward",),
    )
    released = bundle(made, tmp_path / "out", telling)
    words = [str(tmp_path), "wards-laptop-7", "/mnt/hospital", "the-ward", f"{Path.home()}/", "../ward"]
    told = {(name, word) for name, text in contents(released.folder).items() for word in words if word.encode() in text}
    assert told == set()
    assert "patients.csv has 3 empty columns" in (released.folder / "README.md").read_text("utf-8")
    assert verify(released.folder).passed


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", text))


def test_no_text_holds_a_value_of_a_real_record(tumours: pa.Table, released: Release) -> None:
    # Five digits and more are no coincidence: of 17,000 cells in the table, about half have as many.
    telling = {
        text for name in tumours.column_names[:30] for text in map(str, tumours.column(name).to_pylist()) if len(text) >= 6
    }
    assert len(telling) > 5000
    texts = {name: (released.folder / name).read_text("utf-8") for name in TEXTS}
    assert {name: numbers_in(text) & telling for name, text in texts.items()} == {name: set() for name in TEXTS}
    assert numbers_in(f"a note on {sorted(telling)[0]}") & telling, "the search finds what is planted"


def test_of_a_recipe_neither_levels_nor_bounds_are_told(made: Dataset, facts: Facts, tmp_path: Path) -> None:
    column = {
        "kind": "category",
        "values": ["seen", "of-one-person"],
        "low": 3.25,
        "high": 97.75,
        "missing": ["-9"],
        "role": "feature",
    }
    recipe = {"schema": {"columns": {"town": column}}, "purpose": {"target": "town"}}
    released = bundle(made, tmp_path / "out", replace(facts, recipe=recipe))
    manifest = json.loads((released.folder / "manifest.json").read_bytes())
    assert manifest["recipe"] == {
        "schema": {"columns": {"town": {"kind": "category", "role": "feature"}}},
        "purpose": {"target": "town"},
    }
    assert [set(column) for column in manifest["columns"]] == [{"name", "kind", "role", "type"}] * 35


def test_the_manifest_says_what_the_release_rests_on(released: Release, facts: Facts) -> None:
    manifest = json.loads((released.folder / "manifest.json").read_bytes())
    assert manifest["counts"] == {"generator": {"trees": 400}, "request": {"all": 400}, "depth": {"1": 400}}
    assert (manifest["watermark"], manifest["synthetic"], manifest["sealed_openings"]) == ("none", True, 1)
    assert manifest["seeds"] == {"root": 0, "release": str(2**61)}, "a number that not every reader reads exactly is text"
    assert manifest["funnel"] == facts.funnel
    assert {file["path"] for file in manifest["files"]} == set(released.files) - {"manifest.json", "manifest.sha256"}


def test_the_card_says_what_is_harmed_what_is_not_and_what_a_score_means(released: Release) -> None:
    card = (released.folder / "README.md").read_text("utf-8")
    assert "harmed: Brier score\n" in card
    assert "not harmed: women\n" in card
    assert "harm neither shown nor ruled out: ECE\n" in card
    assert "| synthetic records that equal a real one | copy_share | 0 |" in card


def test_a_release_without_verdict_audit_report_and_licence_says_so(made: Dataset, tmp_path: Path) -> None:
    released = bundle(made, tmp_path / "bare", Facts(name="bare"))
    card = (released.folder / "README.md").read_text("utf-8")
    assert {"**NOT JUDGED.**", "**NOT MEASURED.**", UNKNOWN} <= {
        word for word in ("**NOT JUDGED.**", "**NOT MEASURED.**", UNKNOWN) if word in card
    }
    assert "report.html" not in released.files
    assert verify(released.folder, digest=released.digest).passed


@pytest.mark.parametrize("wrong", [{"name": "../up"}, {"name": ""}, {"name": "a b"}, {"name": "a", "published": "today"}])
def test_a_name_or_a_date_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Facts(**wrong)
