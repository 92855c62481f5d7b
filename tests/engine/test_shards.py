"""Shards: same bytes anywhere, resume from the listing, and errors that name the shard."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from shard_tasks import Draw, FailsAt, SumsBelow

from complement.core.errors import GenerateError, MissingExtraError, RunError, StorageError, UsageError
from complement.engine import files
from complement.engine.folder import table_bytes
from complement.engine.shards import Engine, lasting, map_rounds, map_shards

PROCESSES = Engine("process", 2)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_process_or_two_give_the_same_bytes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    alone = map_shards(Draw(), 5, folder=tmp_path / "a", plan="p", on_done=lambda done, of: told.append((done, of)))
    several = map_shards(Draw(), 5, engine=PROCESSES, folder=tmp_path / "b", plan="p")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert alone == several == map_shards(Draw(), 5) == map_shards(Draw(), 5, engine=PROCESSES)
    assert told == [(done, 5) for done in range(1, 6)]
    assert map_shards(Draw(8), 5) != alone


def test_no_shards_give_no_tables(tmp_path: Path) -> None:
    assert map_shards(Draw(), 0, engine=PROCESSES) == []
    assert map_shards(Draw(), 0, folder=tmp_path) == []
    with pytest.raises(UsageError, match="count"):
        map_shards(Draw(), -1)


def test_finished_shards_are_not_made_again(tmp_path: Path) -> None:
    map_shards(Draw(), 4, folder=tmp_path, plan="p")
    whole = contents(tmp_path)
    (tmp_path / "shard-00002.arrow").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "shard-00001.arrow.tmp-99999999-0123abcd").write_bytes(b"half")
    told: list[int] = []
    map_shards(Draw(), 4, folder=tmp_path, plan="p", on_done=lambda done, _: told.append(done))
    assert told == [3, 4]
    assert contents(tmp_path) == whole, "the missing shard came back, the leftover is gone"
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == set()


def test_another_plan_is_refused_where_work_is_finished(tmp_path: Path) -> None:
    map_shards(Draw(), 2, folder=tmp_path, plan="p")
    for plan, count in (("q", 2), ("p", 3)):
        with pytest.raises(RunError) as met:
            map_shards(Draw(), count, folder=tmp_path, plan=plan)
        assert met.value.code == "run-changed"
        assert "--fresh" in met.value.help
    for shard in tmp_path.glob("*.arrow"):
        shard.unlink()
    assert len(map_shards(Draw(), 3, folder=tmp_path, plan="q")) == 3


@pytest.mark.parametrize("harm", ["cut", "empty", "flipped"])
def test_a_damaged_shard_is_found_and_named(tmp_path: Path, harm: str) -> None:
    map_shards(Draw(), 3, folder=tmp_path, plan="p")
    path = tmp_path / "shard-00001.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": path.read_bytes()[:-40], "empty": b"", "flipped": bytes(content)}[harm])
    with pytest.raises(RunError, match="Shard 1 is damaged") as met:
        map_shards(Draw(), 3, folder=tmp_path, plan="p")
    assert met.value.code == "run-damaged"
    path.unlink()
    assert map_shards(Draw(), 3, folder=tmp_path, plan="p") == map_shards(Draw(), 3)


def test_an_unreadable_shard_is_found_before_there_is_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        map_shards(FailsAt(2), 3, folder=tmp_path, plan="p")
    (tmp_path / "shard-00000.arrow").write_bytes(b"ARROW1")
    with pytest.raises(RunError, match="Shard 0 is damaged"):
        map_shards(FailsAt(9), 3, folder=tmp_path, plan="p")
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("engine", [Engine(), PROCESSES], ids=["inline", "process"])
def test_an_error_names_its_shard_and_the_finished_ones_stay(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(RunError, match=r"Shard 3 failed: ValueError: no such colour: beige") as met:
        map_shards(FailsAt(3), 6, engine=engine, folder=tmp_path, plan="p")
    assert met.value.code == "shard-failed"
    assert {f"shard-0000{n}.arrow" for n in range(3)} <= {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "manifest.json").exists()
    with pytest.raises(GenerateError, match="Cannot fit"):
        map_shards(FailsAt(1, "ours"), 2, engine=engine)


def test_a_worker_that_dies_is_an_error_not_a_hang(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="died") as met:
        map_shards(FailsAt(2, "killed"), 4, engine=PROCESSES, folder=tmp_path, plan="p")
    assert met.value.code == "shard-failed"
    assert "fewer workers" in met.value.help
    assert len(map_shards(FailsAt(99), 4, engine=PROCESSES, folder=tmp_path, plan="p")) == 4


def test_an_interrupt_leaves_a_folder_that_resumes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        map_shards(FailsAt(2, "interrupted"), 4, folder=tmp_path, plan="p")
    assert len(list(tmp_path.glob("*.arrow"))) == 2
    assert [t.column("shard")[0].as_py() for t in map_shards(FailsAt(99), 4, folder=tmp_path, plan="p")] == [0, 1, 2, 3]


def test_what_cannot_be_sent_to_a_process_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be sent"):
        map_shards(lambda shard: pa.table({"x": [shard]}), 2, engine=PROCESSES)
    with pytest.raises(RunError, match="instead of a pyarrow Table"):
        map_shards(lambda shard: [shard], 2)  # type: ignore[arg-type,return-value]
    for where, workers, address in (("cloud", 1, None), ("process", -1, None), ("process", 2, "auto")):
        with pytest.raises(UsageError):
            Engine(where, workers, address)  # type: ignore[arg-type]


def test_without_ray_the_error_is_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed, wherever this runs
    for asked in (lambda: map_shards(Draw(), 1, engine=Engine("ray")), lambda: lasting(Engine("ray")).__enter__()):
        with pytest.raises(MissingExtraError) as met:
            asked()
        assert met.value.help == "pip install 'complement[cluster]'"
    with lasting(PROCESSES):
        assert len(map_shards(FailsAt(99), 1, engine=PROCESSES)) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_named_and_nothing_half_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    calls = 0
    real = os.fsync

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 6:  # the plan and two shards take two calls each: file and folder
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError) as met:
        map_shards(Draw(), 4, folder=tmp_path, plan="p")
    assert met.value.code == "disk"
    assert "shard-00002.arrow" in met.value.where
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "shard-00000.arrow", "shard-00001.arrow"]
    monkeypatch.undo()
    assert map_shards(Draw(), 4, folder=tmp_path, plan="p") == map_shards(Draw(), 4)


def test_a_truly_full_disk_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0
    if mounted:
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not mounted:
        pytest.skip("a tiny file system cannot be mounted here: it takes root")
    try:
        with pytest.raises(StorageError, match="No space left") as met:
            map_shards(Draw(), 30, engine=PROCESSES, folder=folder / "run", plan="p")
        assert "Free some space" in met.value.help
        assert not list((folder / "run").glob("*.tmp-*"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="refused to make the folder"):
        map_shards(Draw(), 1, folder=tmp_path / "file" / "run")


@pytest.mark.parametrize("engine", [Engine(), PROCESSES], ids=["inline", "process"])
def test_a_round_reads_the_rounds_below_it_and_nothing_else(tmp_path: Path, engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    rounds = map_rounds(
        SumsBelow(), [2, 3, 1], engine=engine, folder=tmp_path, plan="p", on_done=lambda done, of: told.append((done, of))
    )
    assert [len(tables) for tables in rounds] == [2, 3, 1]
    assert [[t.column("total")[0].as_py() for t in tables] for tables in rounds] == [[1, 1], [3, 3, 3], [12]]
    assert [[t.column("shown")[0].as_py() for t in tables] for tables in rounds] == [[0, 0], [2, 2, 2], [5]]
    assert told == [(done, 6) for done in range(1, 7)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["round-00000", "round-00001", "round-00002"]
    assert map_rounds(SumsBelow(), [2, 3, 1], folder=tmp_path, plan="p") == rounds


def test_the_settings_of_this_process_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    map_shards(Draw(), 2, engine=PROCESSES)
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ


SCRIPT = """
import sys, time
from dataclasses import dataclass
from pathlib import Path
import pyarrow as pa
from complement.core.seed import rng_at
from complement.engine.folder import table_bytes
from complement.engine.shards import Engine, map_shards

@dataclass(frozen=True)
class Slow:
    def __call__(self, shard: int) -> pa.Table:
        time.sleep(0.04)
        return pa.table({"x": rng_at(1, shard).normal(size=20_000)})

if __name__ == "__main__":
    map_shards(Slow(), 24, engine=Engine("process", 2), folder=Path(sys.argv[1]), plan="kill")
"""


def test_killing_everything_at_any_moment_loses_no_finished_shard(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script)]
    subprocess.run([*command, str(tmp_path / "calm")], check=True)
    folder = tmp_path / "killed"
    cut_short = 0
    for shards_to_wait, pause in ((0, 0.0), (1, 0.013), (7, 0.029), (15, 0.007)):
        running = subprocess.Popen([*command, str(folder)], start_new_session=True, stderr=subprocess.DEVNULL)
        while running.poll() is None and len(list(folder.glob("*.arrow"))) < shards_to_wait:
            time.sleep(0.002)
        time.sleep(pause)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            cut_short += 1
        running.wait()
        kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.arrow")}
        calm = contents(tmp_path / "calm")
        assert {name: (folder / name).read_bytes() for name in kept} == {name: calm[name] for name in kept}
    assert cut_short >= 2
    subprocess.run([*command, str(folder)], check=True)
    assert contents(folder) == contents(tmp_path / "calm")
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept


@pytest.mark.skipif(sys.platform != "linux", reason="reads the processes from /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(tmp_path: Path, how: int) -> None:
    script = tmp_path / "work.py"
    script.write_text(SCRIPT.replace("0.04", "60"))
    running = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "run")], start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: len(group(running.pid)) >= 4)  # parent, resource tracker, two workers
        time.sleep(0.5)
        os.kill(running.pid, how)  # the parent only
        running.wait(timeout=30)
        wait_until(lambda: group(running.pid) == [])
    finally:
        if group(running.pid):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def group(leader: int) -> list[int]:
    """The living processes of a process group."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, of = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(of) == leader and state not in "ZX":
                found.append(int(entry.name))
    return found


def wait_until(condition: object, patience: float = 15) -> None:
    ends = time.monotonic() + patience
    while not condition():  # type: ignore[operator]
        if time.monotonic() > ends:
            pytest.fail("what was waited for did not come")
        time.sleep(0.05)


def test_a_table_means_its_values_not_its_chunks(tmp_path: Path) -> None:
    whole = pa.table({"x": np.arange(6.0)})
    map_shards(lambda shard: pa.concat_tables([whole.slice(0, 2), whole.slice(2)]), 1, folder=tmp_path / "a")
    map_shards(lambda shard: whole, 1, folder=tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_column_without_any_value_is_kept_with_its_kind() -> None:
    empty = pa.array([None, None]).dictionary_encode()
    table = pa.table({"x": pa.chunked_array([empty, pa.DictionaryArray.from_arrays(pa.nulls(1, pa.int32()), pa.nulls(1))])})
    read = pa.ipc.open_file(pa.py_buffer(table_bytes(table))).read_all()
    assert read.schema == table.schema
    assert read.column("x").to_pylist() == [None] * 3
