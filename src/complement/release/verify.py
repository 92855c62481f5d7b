"""Verify: whether a release is, byte for byte and word for word, what its manifest says, and the one that was meant."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from complement.core.errors import UsageError
from complement.engine.files import refused
from complement.release.agree import agree
from complement.release.canonical import digest_of, file_digest
from complement.release.manifest import DIGEST, MANIFEST, digest_line
from complement.release.shards import DATA
from complement.release.stated import Stated, StatedFile, read_manifest

DAMAGED, FORGED = "release-damaged", "release-forged"
OF_RUN = "8-release"  # the release in the folder of a run


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be: its code, the file by its path inside the release, and what was met."""

    code: str
    file: str
    met: str


@dataclass(frozen=True)
class Checked:
    """What `verify` found. `digest` is that of the manifest that stands there, "" where none does."""

    folder: Path
    digest: str
    rows: int
    files: int
    faults: tuple[Fault, ...]
    compared: bool = False

    @property
    def passed(self) -> bool:
        """True when nothing at all is wrong."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """What `complement verify --json` prints. `compared`: a digest was given, so that new hashes would have been found."""
        errors = [asdict(fault) for fault in self.faults]
        numbers = {"digest": self.digest, "rows": self.rows, "files": self.files, "compared": self.compared}
        return {"schema": 1, "passed": self.passed, "release": str(self.folder), **numbers, "errors": errors}


def verify(folder: Path | str, *, digest: str | None = None) -> Checked:
    """Compare every file of a release with its manifest, and manifest, card, Croissant and records with one another.

    Without `digest` a folder whose hashes were all made anew agrees with itself and passes; with the digest that the maker gave
    by another way it does not. Never reads outside the folder, follows no link, and holds one row group in memory. Raises
    UsageError "usage" when there is no folder, or the digest is none; StorageError.
    """
    folder, wanted = Path(folder), _wanted(digest)
    if not folder.is_dir():
        raise UsageError("usage", "There is no such folder.", where=str(folder), help="Name the folder of a release.")
    if (folder / OF_RUN / MANIFEST).is_file() and not (folder / DIGEST).exists():
        met = "This is the folder of a run; its release is a folder in it."
        raise UsageError("usage", met, where=str(folder), help=f"Name {folder / OF_RUN}.")
    try:
        return _checked(folder, wanted)
    except OSError as cause:
        raise refused("read", folder, cause) from cause


def _checked(folder: Path, wanted: str | None) -> Checked:
    there, faults = _listing(folder)
    missing = [name for name in (MANIFEST, DIGEST) if name not in there]
    faults += [Fault(DAMAGED, name, "is missing.") for name in missing]
    if MANIFEST in missing:
        return Checked(folder, "", 0, len(there), tuple(faults), wanted is not None)
    text = (folder / MANIFEST).read_bytes()
    found = digest_of(text)
    if DIGEST in there and (folder / DIGEST).read_bytes() != digest_line(found):
        met = f"is not the line that {MANIFEST} has the sha256 {found}: one of the two was changed."
        faults.append(Fault(DAMAGED, DIGEST, met))
    if wanted is not None and found != wanted:
        met = (
            f"has the sha256 {found}, which is not the digest {wanted} that was given: this is another release, or a forged one."
        )
        faults.append(Fault(FORGED, MANIFEST, met))
    try:
        stated = read_manifest(text)
    except ValueError as cause:
        faults.append(Fault(DAMAGED, MANIFEST, f"cannot be relied on: {cause}."))
        return Checked(folder, found, 0, len(there), tuple(faults), wanted is not None)
    faults += [*_strangers(stated, there), *_contents(folder, stated, there)]
    return Checked(folder, found, stated.rows, len(there), tuple(faults), wanted is not None)


def _wanted(digest: str | None) -> str | None:
    if digest is None:
        return None
    found = digest.strip().lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        help = "It is what the maker's run printed: 64 digits and letters a to f."
        raise UsageError("usage", f"{digest[:80]!r} is not a digest.", help=help)
    return found


def _listing(folder: Path) -> tuple[set[str], list[Fault]]:
    """The ordinary files by their path inside the folder; links, pipes and other folders are faults."""
    there: set[str] = set()
    faults: list[Fault] = []
    for name, mode in _walk(folder, ""):
        if stat.S_ISREG(mode):
            there.add(name)
        elif stat.S_ISDIR(mode):
            if name != DATA:
                faults.append(Fault(DAMAGED, name, "is a folder that no release has."))
        else:
            what = "is a link; a release holds the files themselves." if stat.S_ISLNK(mode) else "is not an ordinary file."
            faults.append(Fault(DAMAGED, name, what))
    return there, faults


def _walk(folder: Path, inside: str) -> Iterator[tuple[str, int]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        mode = entry.stat(follow_symlinks=False).st_mode
        yield inside + entry.name, mode
        if stat.S_ISDIR(mode):
            yield from _walk(folder / entry.name, f"{inside}{entry.name}/")


def _strangers(stated: Stated, there: set[str]) -> list[Fault]:
    listed = {file.path for file in stated.files}
    missing = [Fault(DAMAGED, path, "is missing.") for path in sorted(listed - there)]
    more = sorted(there - listed - {MANIFEST, DIGEST})
    return missing + [Fault(DAMAGED, path, f"is not of the release: {MANIFEST} does not list it.") for path in more]


def _contents(folder: Path, stated: Stated, there: set[str]) -> list[Fault]:
    """Files that are not what the manifest says; if all are there and are, where they contradict one another."""
    named = ((file.path, _changed(folder, file)) for file in stated.files if file.path in there)
    faults = [Fault(DAMAGED, path, why) for path, why in named if why]
    if faults or not {file.path for file in stated.files} <= there:
        return faults
    return [Fault(DAMAGED, path, met) for path, met in agree(folder, stated)]


def _changed(folder: Path, file: StatedFile) -> str:
    size = (folder / file.path).stat().st_size
    if size != file.bytes:
        return f"has {size:,} bytes, and {file.bytes:,} in {MANIFEST}."
    found = file_digest(folder / file.path)
    return "" if found == file.sha256 else f"was changed: its sha256 is {found}, and {file.sha256} in {MANIFEST}."
