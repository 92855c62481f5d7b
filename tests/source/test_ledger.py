"""The ledger: one salt per folder, and every opening of a sealed set counted."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from complement.core.errors import RunError, StorageError
from complement.source.ledger import Ledger, Opening


def test_the_salt_is_made_once_and_kept(tmp_path: Path) -> None:
    salt = Ledger(tmp_path).salt()
    assert len(salt) == 32
    assert Ledger(tmp_path).salt() == Ledger(tmp_path / ".complement").salt() == salt
    assert Ledger(tmp_path / "other").salt() != salt
    assert [entry.name for entry in (tmp_path / ".complement").iterdir()] == ["salt"]


def test_many_at_once_get_the_same_salt(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(Ledger(tmp_path).salt())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


def test_a_second_plan_reuses_and_the_same_plan_does_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.open("s", plan="p1", question="in-hand") == Opening(1, False)
    assert ledger.open("s", plan="p1", question="in-hand") == Opening(1, False)
    assert ledger.open("s", plan="p2", question="artifact") == Opening(2, True)
    assert ledger.open("s", plan="p1", question="in-hand") == Opening(2, False)
    assert ledger.open("t", plan="p2", question="in-hand") == Opening(1, False)
    assert Ledger(tmp_path).open("s", plan="p3", question="in-hand") == Opening(3, True)
    assert len((ledger.folder / "openings.jsonl").read_text().splitlines()) == 4


def test_many_plans_at_once_are_all_counted(tmp_path: Path) -> None:
    found: list[int] = []
    work = [
        threading.Thread(target=lambda n=n: found.append(Ledger(tmp_path).open("s", plan=f"p{n}", question="q").count))
        for n in range(12)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sorted(found) == list(range(1, 13))


def test_a_torn_last_line_is_repaired(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.open("s", plan="p1", question="q")
    path = ledger.folder / "openings.jsonl"
    path.write_bytes(path.read_bytes() + b'{"sealed": "s", "pl')
    assert ledger.open("s", plan="p2", question="q") == Opening(2, True)
    assert ledger.open("s", plan="p3", question="q") == Opening(3, True)


@pytest.mark.parametrize("line", [b"not json", b"{}", b"[1]", b'{"sealed": 1, "plan": "p", "question": "q"}', b"", b"\xff"])
def test_a_damaged_middle_is_an_error(tmp_path: Path, line: bytes) -> None:
    ledger = Ledger(tmp_path)
    ledger.open("s", plan="p1", question="q")
    path = ledger.folder / "openings.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(RunError) as met:
        ledger.open("s", plan="p2", question="q")
    assert met.value.code == "run-damaged"
    assert met.value.where.endswith("openings.jsonl:1")


def test_a_damaged_salt_is_an_error(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.salt()
    (ledger.folder / "salt").write_text("short")
    with pytest.raises(RunError, match="32 hexadecimal"):
        ledger.salt()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Ledger(tmp_path / "file").salt()
    with pytest.raises(StorageError):
        Ledger(tmp_path / "file").open("s", plan="p", question="q")
