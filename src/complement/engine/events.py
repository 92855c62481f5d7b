"""What happened in a run, one JSON line per event, readable while the run goes on and after it was killed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from complement.engine.files import make_folder, refused


class Events:
    """Appends events to a file; with `path` None they go nowhere.

    A line holds `event` (its name), `sequence` (from 0, going on where an earlier run stopped), `seconds`
    (monotonic, since this object was made), `at` (wall clock, seconds since 1970) and the fields. Events tell
    times and are excluded from the promise of equal bytes.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._started = time.monotonic()
        self._sequence = 0
        self._file: IO[bytes] | None = None
        if path is None:
            return
        make_folder(path.parent)
        try:
            earlier = path.read_bytes() if path.exists() else b""
            self._file = path.open("ab")
            if earlier and not earlier.endswith(b"\n"):  # the last writer was killed in the middle of a line
                self._file.write(b"\n")
        except OSError as cause:
            raise refused("open", path, cause) from cause
        self._sequence = len(earlier.splitlines())

    def add(self, event: str, **fields: object) -> None:
        """Append one event at once. Raises StorageError "disk"; fields that JSON does not know are written as text."""
        line = {
            "event": event,
            "sequence": self._sequence,
            "seconds": round(time.monotonic() - self._started, 6),
            "at": round(time.time(), 3),
            **fields,
        }
        self._sequence += 1
        if self._file is None or self.path is None:
            return
        try:
            # One write per line: lines of several writers do not mix.
            self._file.write((json.dumps(line, ensure_ascii=False, default=str) + "\n").encode())
            self._file.flush()
        except OSError as cause:
            raise refused("write", self.path, cause) from cause

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Events({self.path!s}, {self._sequence} written)"
