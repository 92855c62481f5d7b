"""Progress on stderr: a line that moves where somebody watches, one plain line every 30 seconds where nobody does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

ALWAYS = ("planned", "skipped", "note", "learning", "making")  # told at once, however little time has passed
PLAIN_SECONDS = 30.0  # between two lines of a log that nobody watches


class Teller:
    """Called with what happens, `tell(event, facts)`; facts with `done` and `shards` move the bar of their `stage`.

    Leave it as a context manager, so that the bar is cleared before a result or an error is printed.
    """

    def __init__(
        self, *, quiet: bool = False, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from rich.console import Console

        self._console = console or Console(file=sys.stderr)
        self._quiet, self._clock = quiet, clock
        self._last = clock() - PLAIN_SECONDS  # the first event is told at once
        self._bar: Progress | None = None
        self._tasks: dict[str, Any] = {}
        self.told: set[str] = set()  # notes that a person has read on the terminal, and need not read again below

    def __call__(self, event: str, facts: Mapping[str, object]) -> None:
        if self._quiet:
            return
        if self._console.is_terminal:
            if event == "note":
                self.told.add(str(facts.get("note")))
            self._move(event, facts)
        elif event in ALWAYS or _begins(event, facts) or self._clock() - self._last >= PLAIN_SECONDS:
            self._last = self._clock()
            self._console.print(sentence(event, facts), highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _move(self, event: str, facts: Mapping[str, object]) -> None:
        done, total = facts.get("done"), facts.get("shards")
        if not isinstance(done, int) or not isinstance(total, int):
            (self._bar.console if self._bar else self._console).print(
                sentence(event, facts), style="dim", highlight=False, markup=False
            )
            return
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
        stage = str(facts.get("stage", event))
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total)


def sentence(event: str, facts: Mapping[str, object]) -> str:
    """An event as one line: its name, how far it is, and what else is known."""
    if set(facts) == {event}:
        return f"{event}: {facts[event]}"
    if event == "planned" and "fits" in facts:
        return _planned(facts)
    if event == "stage" and "shards" in facts:
        return f"stage: {facts['stage']}, {_shards(facts['shards'])}"
    parts = [text for name, value in facts.items() if name not in ("done", "shards") for text in _parts(name, value)]
    if "shards" in facts:
        shards = _shards(facts["shards"])
        parts.append(f"{facts['done']} of {shards}" if "done" in facts else shards)
    return f"{event}: {', '.join(parts)}" if parts else event


def _begins(event: str, facts: Mapping[str, object]) -> bool:
    """Whether a stage of the run begins, as against a step inside one: a log must not name the stage before for minutes."""
    return event == "stage" and "shards" not in facts


def _shards(count: object) -> str:
    return f"{count} shard" if count == 1 else f"{count} shards"


def _planned(facts: Mapping[str, object]) -> str:
    # What decides whether to wait: how much work it is, and what it could find at the end. The rest is in events.jsonl.
    effects = cast(Mapping[str, object], facts.get("detectable_effect") or {})
    known = [
        f"{value:.3g} ({name})" if value < 1000 else f"{value:,.0f} ({name})"
        for name, value in effects.items()
        if isinstance(value, float)
    ]
    found = f"; likely to find an effect of {', '.join(known)} or more" if known else ""
    return f"planned: {facts['fits']:,} model fits{found}"


def _parts(name: str, value: object) -> list[str]:
    name = name.replace("_", " ")
    if isinstance(value, Mapping):
        inner = cast(Mapping[object, object], value)
        return [text for key, part in inner.items() for text in _parts(f"{name} {key}", part)]
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return [f"{name} {text if len(text) <= 60 else text[:57] + '...'}"]
