"""The ledger: the salt by which records are sealed, and every opening of a sealed set. It lives in `.complement/`."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from complement.core.errors import RunError, StorageError
from complement.source.sketch import known_again

FOLDER = ".complement"
LINE_KEYS = ("sealed", "plan", "question")


@dataclass(frozen=True)
class Opening:
    """`count`: how many different plans have opened these sealed records, this one included. `reused`: another one opened them
    before. The same plan again is the same opening."""

    count: int
    reused: bool


class Ledger:
    """The salt and the openings of a folder, by default `.complement/` beside a recipe; made when first needed.

    `Ledger(folder)` takes the folder that holds (or will hold) `.complement/`, or that folder itself.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        self.folder = folder if folder.name == FOLDER else folder / FOLDER

    def __repr__(self) -> str:
        return f"Ledger({str(self.folder)!r})"

    def salt(self) -> str:
        """32 hexadecimal digits, made once at random; two processes that ask at the same time get the same ones.

        Raises RunError when the file is damaged, StorageError when the folder cannot be written to.
        """
        path = self.folder / "salt"
        try:
            if not path.exists():
                self._make_salt(path)
            text = path.read_text("ascii", errors="replace").strip()
        except OSError as cause:
            raise _refused(path, cause) from cause
        if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
            raise RunError(
                "run-damaged",
                "The salt is not 32 hexadecimal digits; what is sealed depends on it.",
                where=str(path),
                help="Restore the file. Without it, delete it: other records are sealed then, and earlier verdicts stand apart.",
            )
        return text

    def open(self, sealed_hash: str, *, plan: str, question: str, sketch: Sequence[Sequence[str]] = ()) -> Opening:
        """Write that `plan` opens the sealed set, and say how many plans have done so. Safe between processes.

        `sketch` (see sketch.py) tells that a set with another hash is the same records, more or fewer of them, with
        another column, or under other names: their openings count together. The line is on the disk before this returns. A
        torn last line (a crash while writing) is left out and repaired; damage anywhere else raises RunError "run-damaged".
        """
        path = self.folder / "openings.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as stream:
                _lock(stream.fileno())
                stream.seek(0)
                content = stream.read()
                whole, lines = _read_lines(content, path)
                plans = [str(line["plan"]) for line in lines if line["sealed"] == sealed_hash or _known(line, sketch)]
                if plan not in plans:
                    if whole < len(content):
                        stream.truncate(whole)
                    line: dict[str, object] = {"sealed": sealed_hash, "plan": plan, "question": question}
                    line |= {"at": int(time.time()), "sketch": [list(hashes) for hashes in sketch]}
                    stream.write(json.dumps(line, sort_keys=True).encode() + b"\n")
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError as cause:
            raise _refused(path, cause) from cause
        before = list(dict.fromkeys(plans))
        place = before.index(plan) if plan in before else len(before)
        return Opening(count=max(len(before), place + 1), reused=place > 0)

    def _make_salt(self, path: Path) -> None:
        # Written whole under a name of its own, then linked: the link fails when another process was first.
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".salt.{secrets.token_hex(6)}")
        try:
            with temporary.open("x", encoding="ascii") as stream:
                stream.write(secrets.token_hex(16) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _read_lines(content: bytes, path: Path) -> tuple[int, list[dict[str, object]]]:
    """The number of bytes that hold whole lines, and the openings in them."""
    whole = content.rfind(b"\n") + 1
    lines: list[dict[str, object]] = []
    for number, text in enumerate(content[:whole].splitlines(), 1):
        try:
            line = json.loads(text)
        except (json.JSONDecodeError, UnicodeDecodeError):
            line = None
        if not isinstance(line, dict) or not all(isinstance(line.get(key), str) for key in LINE_KEYS):
            raise RunError(
                "run-damaged",
                f"Line {number} of the ledger cannot be read, so the openings cannot be counted.",
                where=f"{path}:{number}",
                help="Restore the file from a copy. To start anew, seal other records: move the whole folder away.",
            )
        lines.append(line)
    return whole, lines


def _known(line: Mapping[str, object], mine: Sequence[Sequence[str]]) -> bool:
    """Whether an opening was of the same records by its sketch; lines of older versions have none."""
    theirs = line.get("sketch")
    if not isinstance(theirs, list):
        return False
    return known_again(mine, [[str(code) for code in hashes] for hashes in theirs if isinstance(hashes, list)])


def _lock(number: int) -> None:
    """Hold the file until it is closed, where the system can; elsewhere an append of one line is the best there is."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(number, fcntl.LOCK_EX)


def _refused(path: Path, cause: OSError) -> StorageError:
    return StorageError(
        "disk", f"The ledger cannot be written: {cause.strerror or cause}.", where=str(path), help="Make the folder writable."
    )
