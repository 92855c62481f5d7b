"""Progress: a plain line now and then for a log, nothing when quiet."""

from __future__ import annotations

import io

from rich.console import Console

from complement.progress import Teller, sentence


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def told(*, quiet: bool = False, terminal: bool = False, seconds: float = 1.0) -> list[str]:
    clock, held = Clock(), io.StringIO()
    with Teller(quiet=quiet, console=Console(file=held, force_terminal=terminal, width=80), clock=clock) as tell:
        tell("planned", {"fits": 100, "detectable_effect": {"tree": 0.0123456}})
        for done in range(100):
            clock.now += seconds
            tell("shard", {"stage": "fits", "done": done + 1, "shards": 100})
    return held.getvalue().splitlines()


def test_a_log_gets_one_line_in_thirty_seconds():
    lines = told()
    assert lines[0] == "planned: 100 model fits; likely to find an effect of 0.0123 (tree) or more"
    assert lines[1:] == [f"shard: stage fits, {done} of 100 shards" for done in (30, 60, 90)]


def test_a_log_names_every_stage_as_it_begins():
    clock, held = Clock(), io.StringIO()
    with Teller(console=Console(file=held, width=80), clock=clock) as tell:
        for stage in ("2-gap", "3-generate"):
            tell("stage", {"stage": stage})
        tell("stage", {"stage": "curate", "shards": 1})  # a step inside a stage waits for its turn
        tell("stage", {"stage": "5-measure"})
    assert held.getvalue().splitlines() == ["stage: 2-gap", "stage: 3-generate", "stage: 5-measure"]


def test_one_shard_is_one():
    assert sentence("shard", {"stage": "fits", "done": 1, "shards": 1}) == "shard: stage fits, 1 of 1 shard"
    assert sentence("stage", {"stage": "pilot", "shards": 1}) == "stage: pilot, 1 shard"


def test_a_note_that_was_read_on_a_terminal_is_known():
    for terminal in (True, False):
        with Teller(console=Console(file=io.StringIO(), force_terminal=terminal)) as tell:
            tell("note", {"note": "9 records repeat others."})
        assert tell.told == ({"9 records repeat others."} if terminal else set())


def test_quiet_says_nothing():
    assert told(quiet=True) == []


def test_a_terminal_gets_a_bar_that_goes_away():
    assert any("fits" in line for line in told(terminal=True))


def test_a_note_is_told_as_it_is_written():
    assert sentence("note", {"note": "The positive class is '1'."}) == "note: The positive class is '1'."
