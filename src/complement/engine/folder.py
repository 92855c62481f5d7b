"""A folder of finished shards: the listing is the resume state, the manifest says when it is complete and undamaged."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from complement.core.errors import RunError
from complement.engine.files import make_folder, read_bytes, remove_leftovers, write_atomically, write_json
from complement.engine.plan import unified

PLAN, MANIFEST = "plan.json", "manifest.json"
_SHARD = re.compile(r"shard-(\d{5,})\.arrow$")


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard stands: `folder/shard-00003.arrow`."""
    return folder / f"shard-{shard:05d}.arrow"


def write_shard(folder: Path, shard: int, table: pa.Table) -> None:
    """Write one finished shard, an Arrow IPC file, atomically. Equal tables give equal bytes. Raises StorageError."""
    write_shard_bytes(folder, shard, table_bytes(table))


def write_shard_bytes(folder: Path, shard: int, content: bytes | memoryview) -> None:
    """Write the bytes of a shard, as `table_bytes` gave them elsewhere, atomically. Raises StorageError."""
    write_atomically(shard_path(folder, shard), content)


def table_bytes(table: pa.Table) -> bytes:
    """The table as an Arrow IPC file; neither chunks nor what memory held under missing values shows in it."""
    # `take` writes fresh buffers: zeros where a value is missing, nothing of what a slice has cut off.
    fresh = unified(table).take(pa.array(np.arange(table.num_rows), pa.int64())).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, fresh.schema) as writer:
        writer.write_table(fresh)
    return sink.getvalue().to_pybytes()


def table_of(content: bytes) -> pa.Table:
    """The table that `table_bytes` wrote."""
    return pa.ipc.open_file(pa.BufferReader(content)).read_all()


@dataclass(frozen=True)
class ShardFolder:
    """The shards 0 to count-1 of one plan."""

    path: Path
    count: int
    plan: str

    @staticmethod
    def open(path: Path, count: int, plan: str) -> ShardFolder:
        """A folder ready for this plan: leftovers removed, plan noted.

        Raises RunError "run-changed" when it holds finished shards of another plan, StorageError when the disk
        refuses.
        """
        make_folder(path)
        remove_leftovers(path)
        folder = ShardFolder(path, count, plan)
        wanted = {"plan": plan, "count": count}
        if folder._json(PLAN) != wanted:
            if folder.finished():
                raise RunError(
                    "run-changed",
                    "The folder holds finished work of another recipe, input or version.",
                    where=str(path),
                    help="Start over with --fresh, or choose another folder with --out.",
                )
            (path / MANIFEST).unlink(missing_ok=True)
            write_json(path / PLAN, wanted)
        return folder

    def finished(self) -> list[int]:
        """The numbers of the shards that stand in the folder, in order."""
        matches = (_SHARD.match(path.name) for path in self.path.iterdir())
        return sorted(int(match.group(1)) for match in matches if match)

    def is_complete(self) -> bool:
        """True when the plan is this one, and the listing is exactly what the manifest says."""
        if not self.path.is_dir() or self._json(PLAN) != {"plan": self.plan, "count": self.count}:
            return False
        manifest = self._json(MANIFEST)
        return manifest is not None and len(self._digests(manifest)) == self.count and self._lacking() == []

    def collect(self, made_now: set[int], *, load: bool = True) -> list[pa.Table]:
        """Read and check every shard, and note the manifest. Call it when all are there. Without `load` none is given back.

        A shard that was not made now must match the manifest when there is one. Raises RunError "run-damaged" with
        the number of the shard.
        """
        lacking = self._lacking()
        if lacking:
            raise _damaged(self.path, f"The listing does not match the plan of {self.count} shards at {lacking[:5]}.")
        manifest = self._json(MANIFEST)
        known = self._digests(manifest) if manifest else []
        tables: list[pa.Table] = []
        rows: list[int] = []
        digests: list[str] = []
        for shard in range(self.count):
            content = read_bytes(shard_path(self.path, shard))
            digests.append(sha256(content).hexdigest())
            if shard not in made_now and shard < len(known) and known[shard] != digests[-1]:
                raise self._damaged_shard(shard, "its content is not what the manifest says")
            table = self._table(shard, content)
            rows.append(table.num_rows)
            tables += [table] if load else []
        fresh = {"count": self.count, "rows": rows, "sha256": digests}
        if manifest != fresh:
            write_json(self.path / MANIFEST, fresh)
        return tables

    def _lacking(self) -> list[int]:
        """Shards of the plan that are not there, and shards that are there and not of the plan."""
        return sorted(set(range(self.count)) ^ set(self.finished()))

    def _digests(self, manifest: dict[str, object]) -> list[str]:
        found = manifest.get("sha256")
        if manifest.get("count") != self.count or not isinstance(found, list) or len(found) != self.count:
            raise _damaged(self.path / MANIFEST, f"The manifest does not list {self.count} shards.")
        return [str(digest) for digest in cast(list[object], found)]

    def _json(self, name: str) -> dict[str, object] | None:
        try:
            found = json.loads(read_bytes(self.path / name))
        except FileNotFoundError:
            return None
        except ValueError as cause:
            raise _damaged(self.path / name, f"The file is not JSON: {cause}.") from cause
        if not isinstance(found, dict):
            raise _damaged(self.path / name, "The file does not hold a JSON object.")
        return cast(dict[str, object], found)

    def _table(self, shard: int, content: bytes) -> pa.Table:
        try:
            table = table_of(content)
            table.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as cause:
            raise self._damaged_shard(shard, f"it cannot be read ({cause})") from cause
        return table

    def _damaged_shard(self, shard: int, why: str) -> RunError:
        path = shard_path(self.path, shard)
        return RunError(
            "run-damaged",
            f"Shard {shard} is damaged: {why}.",
            where=str(path),
            help="Delete this file and run the same again: only this shard is made anew.",
        )


def _damaged(path: Path, met: str) -> RunError:
    return RunError("run-damaged", met, where=str(path), help="Start over with --fresh, or choose another folder with --out.")
