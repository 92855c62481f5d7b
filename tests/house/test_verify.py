"""`complement verify`: exit codes, the digest in full, and faults that name their file, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from complement.cli import main
from complement.core.dataset import Dataset
from complement.core.lineage import of_synthetic
from complement.core.schema import Column, Schema
from complement.release import Facts, Release, bundle


@pytest.fixture
def release(tmp_path: Path) -> Release:
    records = Dataset.of(
        pa.table({"a": [1, 2, 3]}),
        Schema({"records": (Column("a", "integer"),)}),
        lineage=of_synthetic(3, generator="trees", request="all", seed=0),
    )
    return bundle(records, tmp_path / "release", Facts(name="three"))


def call(*words: object) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, words)])


def test_a_whole_release_is_verified_and_its_digest_is_printed_in_full(release: Release) -> None:
    alone = call(release.folder)
    assert alone.exit_code == 0
    assert "VERIFIED: 7 files, 3 synthetic records" in alone.stdout
    assert f"digest {release.digest}\n" in alone.stdout
    assert "--digest compares them" in alone.stdout
    meant = call(release.folder, "--digest", release.digest)
    assert (meant.exit_code, "it is the release that the digest names" in meant.stdout) == (0, True)


def test_a_changed_file_is_named_and_the_exit_code_is_1(release: Release) -> None:
    card = release.folder / "README.md"
    card.write_text(card.read_text("utf-8").replace("three", "threE"), "utf-8")
    result = call(release.folder)
    assert result.exit_code == 1
    assert result.stdout.startswith("NOT VERIFIED: 1 fault\n")
    assert "error[release-damaged]: README.md was changed" in result.stdout
    assert "help: Get the release again" in result.stdout


def test_another_digest_is_a_forgery_and_the_exit_code_is_1(release: Release) -> None:
    result = call(release.folder, "--digest", "0" * 64, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["passed"], found["compared"], found["digest"]) == (False, True, release.digest)
    assert [(error["code"], error["file"]) for error in found["errors"]] == [("release-forged", "manifest.json")]


def test_the_json_of_a_whole_release_has_the_keys_that_scripts_rely_on(release: Release) -> None:
    result = call(release.folder, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "schema": 1,
        "passed": True,
        "release": str(release.folder),
        "digest": release.digest,
        "rows": 3,
        "files": 7,
        "compared": False,
        "errors": [],
    }


def test_what_cannot_be_checked_is_a_usage_error(release: Release) -> None:
    for words in ((release.folder / "absent",), (release.folder, "--digest", "short")):
        result = call(*words, "--json")
        assert result.exit_code == 2
        assert json.loads(result.stdout)["error"]["code"] == "usage"


def test_a_name_that_would_steer_the_terminal_is_spelled(release: Release) -> None:
    (release.folder / "\x1b[2Jok").touch()
    result = call(release.folder)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\\x1b[2Jok is not of the release" in result.stdout
