"""Runs the command line in a process of its own that dies, without a last word, at a chosen moment of its writing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Moment:
    """`before` or `after` the file whose path ends in `file` takes its name; for a ledger, its line reaches the disk."""

    when: str
    file: str

    def __str__(self) -> str:
        return f"{self.when} {self.file}"


def live(words: list[str], folder: str, moment: Moment | None) -> None:
    """`complement WORDS` in the folder; the process kills itself at the moment, and exits like the command without one."""
    os.setsid()
    os.chdir(folder)
    said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if moment is not None:
        os.replace = _deadly(os.replace, lambda source, target, **_: str(target), moment)
        os.fsync = _deadly(os.fsync, lambda handle: os.readlink(f"/proc/self/fd/{handle}"), moment)
    from complement.cli import main

    sys.argv = ["complement", *words]
    main(words)


def _deadly(real: Callable[..., Any], path_of: Callable[..., str], moment: Moment) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        met = path_of(*given, **named).endswith(moment.file)
        if met and moment.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*given, **named)
        if met and moment.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return call


def state_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every finished shard under the folder: its inode, when it was written, and its bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("shard-*.arrow"))
    }
