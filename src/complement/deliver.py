"""What a run hands over: records that say where they come from, and the manifest that says what they rest on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.engine.plan import PACKAGES
from complement.models.fingerprint import fingerprints

PLAIN = (str, int, float, bool, type(None))
ADDED = ("_synthetic", "_generator", "_request", "_depth")


def with_origin(made: Dataset) -> pa.Table:
    """The root table with four more columns: `_synthetic` (true), `_generator`, `_request` and `_depth` of each record."""
    table = made.records
    lineage = made.lineage
    values = (
        pa.array(np.asarray(made.synthetic, bool)),
        lineage.column("generator").cast(pa.string()),
        lineage.column("request").cast(pa.string()),
        lineage.column("depth"),
    )
    for name, column in zip(ADDED, values, strict=True):
        # A real column of the same name gives way: it would be taken for ours.
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, column)
    return table


def discreet_sample(made: Dataset, real: Dataset, most: int) -> list[dict[str, object]]:
    """At most so many made records to be shown, as plain values: none that equals a real one, no identifier, no name."""
    shown = [column.name for column in made.schema if column.role in ("feature", "target")]
    prints = fingerprints(made.records, shown)
    met = np.unique(fingerprints(real.records, shown))
    place = np.minimum(np.searchsorted(met, prints), max(0, len(met) - 1))
    fresh = np.flatnonzero(met[place] != prints if len(met) else np.ones(len(prints), bool))[:most]
    rows = made.records.select(shown).take(pa.array(fresh, pa.int64())).to_pylist()
    return [{name: value if isinstance(value, PLAIN) else str(value) for name, value in row.items()} for row in rows]


def refuse_overwrite(places: Iterable[Path], *, reads: Iterable[str | Path], replace: bool) -> None:
    """Raise UsageError before anything is computed when writing to one of these places would destroy something.

    A file that is read (also one of a folder that is, or the same file by another name or a link) is never written to; any
    other file that is there is replaced only when `replace` says so. `reads` are paths; `::table` behind them is passed over.
    """
    origins = [Path(str(origin).partition("::")[0]).expanduser() for origin in reads]
    for place in places:
        for origin in origins:
            if _is_of(place, origin):
                what = (
                    "is read"
                    if place.resolve() == origin.resolve() and place.name == origin.name
                    else f"is of '{origin}', which is read"
                )
                met = f"'{place}' {what}: writing there would destroy it."
                raise UsageError("usage", met, help="Choose another --out. No option overwrites what is read.")
        if not replace and (place.is_file() or place.is_symlink()):
            raise UsageError("usage", f"'{place}' is there already.", help="Choose another --out, or replace it with --force.")


def _is_of(place: Path, origin: Path) -> bool:
    """True when the place is the file that is read, or a file that stands in the folder that is read."""
    if place.resolve() == origin.resolve():
        return True
    if not (place.exists() and origin.exists()):
        return False
    return place.samefile(origin) or (origin.is_dir() and place.is_file() and place.resolve().parent == origin.resolve())


def versions() -> dict[str, str]:
    """What the bytes of a result depend on: Python, the machine's kind, and the packages that compute."""
    found = {"python": sys.version.split()[0], "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an unpacked folder has no version
            found[name] = ""
    return found
