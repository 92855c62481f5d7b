"""What verify finds: any byte, any file, any contradiction; and what only a digest finds."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from complement.core.errors import UsageError
from complement.release import Release, verify
from complement.release.canonical import canonical, digest_of

FILES = (
    "README.md",
    "croissant.json",
    *(f"data/train-0000{number}-of-00003.parquet" for number in range(3)),
    "manifest.json",
    "manifest.sha256",
    "privacy.json",
    "report.html",
    "verdict.json",
)
SHARD = FILES[2]
FLIPS = 20  # of each file, beside its first and last byte; manifest.sha256 is flipped at every one
Forge = Callable[[Path], None]


def named(folder: Path, digest: str | None = None) -> set[str]:
    """The files that verify names, and those that its sentences name beside them."""
    faults = verify(folder, digest=digest).faults
    return {fault.file for fault in faults} | {file for file in FILES for fault in faults if file in fault.met}


def flip(file: Path, place: int, mask: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= mask
    file.write_bytes(bytes(content))


def rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """The same records, changed, written as Parquet with the mark of the former file."""
    table = parquet.read_table(file)
    parquet.write_table(change(table).replace_schema_metadata(table.schema.metadata), file)


def edit(file: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(file.read_bytes())
    change(content)
    file.write_bytes(canonical(content))


def test_a_release_passes_with_and_without_its_digest(released: Release) -> None:
    for digest in (None, released.digest, f" SHA256:{released.digest.upper()}\n".replace("SHA256", "sha256")):
        checked = verify(released.folder, digest=digest)
        assert (checked.passed, checked.faults, checked.rows, checked.digest) == (True, (), 400, released.digest)
        assert checked.compared is (digest is not None)
    assert set(released.files) == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_flipped_byte_is_found_and_its_file_named(copied: Path, file: str) -> None:
    place = random.Random(file)
    original = (copied / file).read_bytes()
    size = len(original)
    places = range(size) if size < 100 else sorted({0, size - 1, *(place.randrange(size) for _ in range(FLIPS))})
    for at in places:
        flip(copied / file, at, 1 << place.randrange(8))
        assert file in named(copied), f"byte {at} of {file}"
        (copied / file).write_bytes(original)
    assert verify(copied).passed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(file=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_no_change_of_one_byte_goes_unseen(copied: Path, file: str, where: float, mask: int) -> None:
    original = (copied / file).read_bytes()
    flip(copied / file, int(where * len(original)), mask)
    try:
        assert file in named(copied)
    finally:
        (copied / file).write_bytes(original)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_missing_cut_longer_renamed_or_a_link_is_named(copied: Path, tmp_path: Path, file: str) -> None:
    place, content = copied / file, (copied / file).read_bytes()
    for change in ("missing", "cut", "empty", "longer", "renamed", "link", "hard to read"):
        if change in ("missing", "link", "hard to read"):
            place.unlink()
        if change == "link":
            (tmp_path / "elsewhere").write_bytes(content)
            place.symlink_to(tmp_path / "elsewhere")
        elif change == "hard to read":
            os.mkfifo(place)
        elif change == "renamed":
            place.rename(copied / "renamed")
            assert "renamed" in named(copied) or file == "manifest.json"
        elif change != "missing":
            place.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "longer": content + b" "}[change])
        assert file in named(copied), change
        (copied / "renamed").unlink(missing_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(content)
    assert verify(copied).passed


@pytest.mark.parametrize(
    "name", [".DS_Store", "data/train-00003-of-00003.parquet", "data/test-00000-of-00001.parquet", "a\nb", "data/x/y"]
)
def test_a_file_too_many_is_named(copied: Path, name: str) -> None:
    (copied / name).parent.mkdir(exist_ok=True)
    shutil.copy(copied / SHARD, copied / name)
    assert name in named(copied)


def test_an_empty_folder_and_a_link_to_a_folder_are_named(copied: Path, tmp_path: Path) -> None:
    (copied / "more").mkdir()
    (copied / "data" / "elsewhere").symlink_to(tmp_path)
    assert {"more", "data/elsewhere"} <= named(copied)


def test_shards_that_changed_places_are_named(copied: Path) -> None:
    (copied / FILES[2]).rename(copied / "kept")
    (copied / FILES[3]).rename(copied / FILES[2])
    (copied / "kept").rename(copied / FILES[3])
    assert {FILES[2], FILES[3]} <= named(copied)


def test_a_forgery_with_new_hashes_passes_alone_and_fails_against_the_digest(
    released: Release, copied: Path, forge: Forge
) -> None:
    """Nothing inside a folder can tell that all of it was made anew: that is what the digest is for."""
    rewrite(copied / SHARD, lambda table: table.set_column(0, table.column_names[0], pc.add(table.column(0), 1.0)))
    assert SHARD in named(copied)
    forge(copied)
    assert verify(copied).passed
    checked = verify(copied, digest=released.digest)
    assert [fault.code for fault in checked.faults] == ["release-forged"]
    assert released.digest in checked.faults[0].met
    assert checked.digest in checked.faults[0].met


def test_another_release_is_not_the_one_of_the_digest(copied: Path) -> None:
    assert [fault.code for fault in verify(copied, digest="0" * 64).faults] == ["release-forged"]


LIES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a record that says it is real": (
        SHARD,
        lambda folder: rewrite(folder / SHARD, lambda t: t.set_column(31, t.field(31), pa.array([False] + [True] * 149))),
    ),
    "a record of depth 0": (
        SHARD,
        lambda folder: rewrite(folder / SHARD, lambda t: t.set_column(34, t.field(34), pa.array([0] + [1] * 149, pa.int16()))),
    ),
    "another generator": (
        SHARD,
        lambda folder: rewrite(folder / SHARD, lambda t: t.set_column(32, t.field(32), pa.array(["private"] * 150))),
    ),
    "a column without marks": (SHARD, lambda folder: rewrite(folder / SHARD, lambda t: t.drop_columns(["_depth"]))),
    "a file that does not say it is synthetic": (
        SHARD,
        lambda folder: parquet.write_table(parquet.read_table(folder / SHARD).replace_schema_metadata(None), folder / SHARD),
    ),
    "fewer records": (SHARD, lambda folder: rewrite(folder / SHARD, lambda t: t.slice(1))),
    "another type": (
        SHARD,
        lambda folder: rewrite(folder / SHARD, lambda t: t.set_column(0, t.column_names[0], t.column(0).cast(pa.string()))),
    ),
    "no Parquet": (SHARD, lambda folder: (folder / SHARD).write_bytes(b"PAR1 and no more PAR1") and None),
    "a verdict that the card does not tell": (
        "README.md",
        lambda folder: edit(folder / "verdict.json", lambda v: v["verdicts"][1].update(state="HELPS")),
    ),
    "a gate that the card does not tell": (
        "README.md",
        lambda folder: edit(folder / "privacy.json", lambda p: p["gate"].update(passed=True)),
    ),
    "a guarantee that the card does not tell": (
        "README.md",
        lambda folder: edit(folder / "privacy.json", lambda p: p.update(guarantee={"unit": "record", "epsilon": 1, "delta": 0})),
    ),
    "a verdict that is no verdict": ("README.md", lambda folder: edit(folder / "verdict.json", lambda v: v.pop("verdicts"))),
    "a verdict that is not canonical": ("verdict.json", lambda folder: (folder / "verdict.json").write_text("{ }") and None),
    "a card with another verdict": ("README.md", lambda folder: change_card(folder, "- **MIXED** for", "- **HELPS** for")),
    "a card with another state in its front": ("README.md", lambda folder: change_card(folder, "state: MIXED", "state: HELPS")),
    "a card with a verdict more": (
        "README.md",
        lambda folder: change_card(folder, "## Privacy", "- **HELPS** for everybody. Sure.\n\n## Privacy"),
    ),
    "a card that is silent on privacy": (
        "README.md",
        lambda folder: change_card(folder, "Differential privacy (in", "Privacy (in"),
    ),
    "a card with more records": ("README.md", lambda folder: change_card(folder, "num_examples: 400", "num_examples: 4000")),
    "a card with more records in its text": (
        "README.md",
        lambda folder: change_card(folder, "**400 synthetic records**", "**4,000 records**"),
    ),
    "a card with a test split": ("README.md", lambda folder: change_card(folder, "- split: train", "- split: test")),
    "a card without its tag": ("README.md", lambda folder: change_card(folder, "- synthetic\n", "- real\n")),
    "a card with another column": ("README.md", lambda folder: change_card(folder, "name: mean area", "name: mean volume")),
    "a card without a front": ("README.md", lambda folder: (folder / "README.md").write_text("# Tumours\n") and None),
    "a Croissant of other columns": (
        "croissant.json",
        lambda folder: edit(folder / "croissant.json", lambda c: c["recordSet"][0]["field"].pop()),
    ),
    "a Croissant of fewer files": (
        "croissant.json",
        lambda folder: edit(folder / "croissant.json", lambda c: c["distribution"].pop(0)),
    ),
    "a Croissant that is a list": (
        "croissant.json",
        lambda folder: edit(folder / "croissant.json", lambda c: c.pop("recordSet")),
    ),
}


def change_card(folder: Path, old: str, new: str) -> None:
    text = (folder / "README.md").read_text("utf-8")
    assert old in text
    (folder / "README.md").write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("lie", LIES)
def test_a_forgery_that_contradicts_itself_is_found_without_a_digest(copied: Path, forge: Forge, lie: str) -> None:
    file, tell = LIES[lie]
    tell(copied)
    forge(copied)
    assert file in {fault.file for fault in verify(copied).faults}


MANIFESTS: dict[str, Callable[[dict], object]] = {
    "of real records": lambda m: m.update(synthetic=False),
    "with a path that leads outside": lambda m: m["files"][-1].update(path="verdict.json/../../secret"),
    "with an absolute path": lambda m: m["files"][2].update(path="/etc/hostname"),
    "with a file twice": lambda m: m["files"].append(m["files"][-1]),
    "without a card": lambda m: m["files"].pop(0),
    "with a test split": lambda m: m.update(splits={"train": 300, "test": 100}),
    "with other rows": lambda m: m.update(rows=401),
    "with other counts": lambda m: m["counts"]["depth"].update({"1": 399}),
    "with rows that are text": lambda m: m.update(rows="400"),
    "of another form": lambda m: m.update(form="complement release 99"),
    "without files": lambda m: m.pop("files"),
}


@pytest.mark.parametrize("change", MANIFESTS)
def test_a_manifest_that_no_release_has_is_refused(copied: Path, change: str) -> None:
    edit(copied / "manifest.json", MANIFESTS[change])
    text = (copied / "manifest.json").read_bytes()
    (copied / "manifest.sha256").write_text(f"{digest_of(text)}  manifest.json\n")
    (fault,) = verify(copied).faults
    assert fault.file == "manifest.json"


def test_a_manifest_that_says_other_rows_of_a_file_or_another_verdict_names_the_file(copied: Path) -> None:
    def change(manifest: dict) -> None:
        manifest["files"][2]["rows"], manifest["files"][3]["rows"] = 149, 151
        manifest["verdict_sha256"] = "0" * 64

    edit(copied / "manifest.json", change)
    text = (copied / "manifest.json").read_bytes()
    (copied / "manifest.sha256").write_text(f"{digest_of(text)}  manifest.json\n")
    assert {fault.file for fault in verify(copied).faults} == {FILES[2], FILES[3], "verdict.json"}


def test_a_manifest_in_another_form_of_the_same_json_is_refused(copied: Path) -> None:
    text = json.dumps(json.loads((copied / "manifest.json").read_bytes()))
    (copied / "manifest.json").write_text(text)
    (copied / "manifest.sha256").write_text(f"{digest_of(text.encode())}  manifest.json\n")
    (fault,) = verify(copied).faults
    assert "canonical" in fault.met


def test_what_is_no_folder_and_what_is_no_digest_are_usage_errors(released: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        verify(tmp_path / "absent")
    with pytest.raises(UsageError, match="not a digest"):
        verify(released.folder, digest=released.digest[:-1])


def test_a_folder_that_is_no_release_lacks_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    checked = verify(tmp_path)
    assert {fault.file for fault in checked.faults} == {"manifest.json", "manifest.sha256"}
    assert checked.digest == ""


def test_the_digest_line_is_the_one_that_sha256sum_reads(released: Release) -> None:
    line = (released.folder / "manifest.sha256").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}  manifest\.json\n", line)
    assert digest_of((released.folder / "manifest.json").read_bytes()) == released.digest == line[:64]
