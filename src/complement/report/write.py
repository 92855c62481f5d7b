"""Writing the report beside what it tells of."""

from __future__ import annotations

from pathlib import Path

from complement.core.errors import UsageError
from complement.engine.files import write_atomically
from complement.report.facts import facts_of, is_release
from complement.report.page import page

REPORT = "report.html"


def write(folder: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a run's folder, or of a release, to `out`, or into the run's folder; the file.

    Into a release nothing is written: its bytes are what its digest names. Raises UsageError "usage" when it is asked for, or
    when the folder is neither, RunError "run-damaged" when a file of it is not JSON, StorageError "disk".
    """
    place = Path(folder)
    file = Path(out) if out is not None else place / REPORT
    if is_release(place) and file.resolve().parent == place.resolve():
        raise UsageError("usage", f"'{place}' is a release: nothing is written into it.", help="Name another file with --out.")
    write_atomically(file, page(facts_of(place)).encode())
    return file
