"""Events are readable line by line while a run goes on, and after it was killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from complement.core.errors import StorageError
from complement.engine.events import Events


def test_every_event_is_a_line_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.jsonl"
    with Events(path) as events:
        events.add("stage-started", stage="split", folder=tmp_path)
        assert json.loads(path.read_text())["stage"] == "split"
        events.add("stage-done", rows=3)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["event"], line["sequence"]) for line in lines] == [("stage-started", 0), ("stage-done", 1)]
    assert 0 <= lines[0]["seconds"] <= lines[1]["seconds"]


def test_a_line_cut_by_a_kill_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "a"}\n{"event": "b", "sequ')
    with Events(path) as events:
        events.add("c")
    assert json.loads(path.read_text().splitlines()[-1])["event"] == "c"
    assert json.loads(path.read_text().splitlines()[-1])["sequence"] == 2


def test_events_without_a_path_go_nowhere_and_a_bad_path_is_named(tmp_path: Path) -> None:
    with Events(None) as events:
        events.add("a")
    with pytest.raises(StorageError, match="refused to open"):
        Events(tmp_path)
