"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from complement.core.errors import StorageError
from complement.engine import files
from complement.engine.files import read_bytes, remove_leftovers, write_atomically, write_json

NOBODY = 99_999_999  # more than the largest process number of Linux


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def refuse(source: object, target: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(StorageError, match="Permission denied") as met:
        write_atomically(path, b"new")
    assert met.value.where == str(path)
    assert os.listdir(tmp_path) == ["a.json"]
    assert read_bytes(path) == b"old"


def test_json_is_the_same_bytes_for_the_same_content(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"b": 1, "a": "é"})
    write_json(tmp_path / "b", {"a": "é", "b": 1})
    assert read_bytes(tmp_path / "a") == read_bytes(tmp_path / "b")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "c", float("nan"))


def test_only_temporary_names_of_dead_processes_are_leftovers(tmp_path: Path) -> None:
    living = f"c.arrow.tmp-{os.getppid()}-0a1b2c3d"
    for name in (f"a.arrow.tmp-{NOBODY}-0a1b2c3d", f"a.arrow.tmp-{os.getpid()}-0a1b2c3d", "a.arrow", "b.tmp-x", living):
        (tmp_path / name).write_bytes(b"")
    assert remove_leftovers(tmp_path) == 2
    assert sorted(os.listdir(tmp_path)) == ["a.arrow", "b.tmp-x", living]


def test_a_missing_file_is_told_from_an_unreadable_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="refused to read"):
        read_bytes(tmp_path)
