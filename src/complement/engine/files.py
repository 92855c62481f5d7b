"""Writing files so that a reader meets the old file or the whole new one, never a part, whenever the power goes."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
from pathlib import Path

from complement.core.errors import StorageError

_HELP = {
    errno.ENOSPC: "Free some space, or choose a folder on another disk; what is finished is kept and will not be made again.",
    errno.EDQUOT: "The quota is used up: free some space, or choose another folder; what is finished is kept.",
    errno.EROFS: "The disk can only be read; choose a folder on another one.",
    errno.EACCES: "This user may not write there; choose another folder or mend its permissions.",
    errno.EPERM: "This user may not write there; choose another folder or mend its permissions.",
}
_TEMPORARY = re.compile(r"\.tmp-(\d+)-[0-9a-f]{8}$")  # after the dash: the process that writes it


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Put `content` at `path`: temporary name, flush, fsync, rename, fsync of the folder.

    After a crash at any moment `path` holds what it held before or all of `content`. Raises StorageError "disk".
    """
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # only there still when something went wrong
        _sync_folder(path.parent)
    except OSError as cause:
        raise refused("write", path, cause) from cause


def write_json(path: Path, content: object) -> None:
    """`write_atomically` of readable JSON with sorted keys; the same content gives the same bytes."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def make_folder(folder: Path) -> None:
    """The folder and its parents exist. Raises StorageError "disk"."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise refused("make the folder", folder, cause) from cause


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises StorageError "disk" when it cannot be read; FileNotFoundError when it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as cause:
        raise refused("read", path, cause) from cause


def is_temporary(name: str) -> bool:
    """True for the names under which files are written before they take their own."""
    return _TEMPORARY.search(name) is not None


def remove_leftovers(folder: Path) -> int:
    """Delete what killed processes left under temporary names; the number of files deleted.

    What a living process of this machine may be writing stays: two runs in one folder waste work and do no harm.
    """
    named = ((path, _TEMPORARY.search(path.name)) for path in folder.iterdir())
    leftovers = [path for path, match in named if match and not _lives(int(match.group(1)))]
    try:
        for path in leftovers:
            path.unlink(missing_ok=True)
    except OSError as cause:
        raise refused("clean", folder, cause) from cause
    return len(leftovers)


def refused(verb: str, path: Path, cause: OSError) -> StorageError:
    """The error to raise when the file system says no: which path, why, and what to do."""
    reason = cause.strerror or str(cause)
    help = _HELP.get(cause.errno or 0, "Choose a folder on another disk, or ask who looks after this one.")
    return StorageError("disk", f"The file system refused to {verb}: {reason}.", where=str(path), help=help)


def _lives(process: int) -> bool:
    if process == os.getpid() or os.name == "nt":  # on Windows asking with signal 0 would end the process
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is somebody else's
        return True
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """True for a process that was killed and whose parent has not asked how: in a container often nobody ever does."""
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):  # no Linux, or gone in the meantime
        return False


def _sync_folder(folder: Path) -> None:
    # Without this the rename itself may be lost in a crash. Windows cannot open folders, and needs no such call.
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
