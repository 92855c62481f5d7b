"""The engine ray: the same bytes in the same order as here, also when nodes die; nothing stays behind."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from loopback import add_node, wait_until
from shard_tasks import DiesOnce, Draw, FailsAt, Holds, Locked, Says, Slow, SumsBelow

from complement.core.errors import ClusterError, GenerateError, RunError, StorageError, UsageError
from complement.engine import files, folder
from complement.engine.ray_tasks import RESUBMITS, packed, unpacked
from complement.engine.shards import Engine, lasting, map_rounds, map_shards

if os.environ.get("COMPLEMENT_EXTRAS") == "cluster":  # there it must be installed: a test that is skipped shows nothing
    import ray
else:
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'complement[cluster]'")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals differ")


@pytest.fixture(scope="module")
def engine(three_nodes: Any) -> Iterator[Engine]:
    engine = Engine("ray", 0, three_nodes.address)
    with lasting(engine):
        yield engine
    assert not ray.is_initialized()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_three_nodes_give_the_bytes_of_one_process(tmp_path: Path, engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    alone = map_shards(Draw(), 7, folder=tmp_path / "a", plan="p")
    spread = map_shards(
        Draw(), 7, engine=engine, folder=tmp_path / "b", plan="p", on_done=lambda done, of: told.append((done, of))
    )
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert spread == alone == map_shards(Draw(), 7, engine=engine)
    assert told == [(done, 7) for done in range(1, 8)]
    rounds = map_rounds(SumsBelow(), [2, 3, 1], engine=engine)
    assert rounds == map_rounds(SumsBelow(), [2, 3, 1])


def test_a_node_that_is_killed_changes_nothing(tmp_path: Path, three_nodes: Any, engine: Engine) -> None:
    doomed = add_node(three_nodes)

    def kill(done: int, _: int) -> None:
        if done == 4:  # results of about 480 KB stay on the node that made them until they are fetched: some are lost with it
            three_nodes.remove_node(doomed, allow_graceful=False)

    killed = map_shards(Slow(), 18, engine=engine, folder=tmp_path / "killed", plan="p", on_done=kill)
    assert killed == map_shards(Slow(0), 18, folder=tmp_path / "calm", plan="p")
    assert contents(tmp_path / "killed") == contents(tmp_path / "calm")
    assert doomed not in three_nodes.worker_nodes


def test_a_node_that_comes_later_works_too(tmp_path: Path, three_nodes: Any, engine: Engine) -> None:
    late: list[Any] = []

    def grow(done: int, _: int) -> None:
        if done == 2:
            late.append(add_node(three_nodes))

    try:
        told = map_shards(Says(), 24, engine=engine, on_done=grow)
        assert len({table.column("node")[0].as_py() for table in told}) == 3
    finally:
        three_nodes.remove_node(late[0])


def test_a_worker_that_dies_is_replaced_and_one_that_always_dies_is_an_error(tmp_path: Path, engine: Engine) -> None:
    whole = map_shards(DiesOnce(tmp_path / "marks"), 4, engine=engine, folder=tmp_path / "once", plan="p")
    assert [table.column("shard")[0].as_py() for table in whole] == [0, 1, 2, 3]
    assert (tmp_path / "marks" / "1").exists()
    with pytest.raises(RunError, match=r"Shard 2 was lost with its worker") as met:
        map_shards(FailsAt(2, "killed"), 4, engine=engine, folder=tmp_path / "always", plan="p")
    assert met.value.code == "shard-failed"
    assert "fewer workers" in met.value.help
    assert len(map_shards(FailsAt(99), 4, engine=engine, folder=tmp_path / "always", plan="p")) == 4


def test_an_error_names_its_shard_and_the_finished_ones_stay(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(RunError, match=r"Shard 3 failed: ValueError: no such colour: beige") as met:
        map_shards(FailsAt(3), 6, engine=engine, folder=tmp_path, plan="p")
    assert met.value.code == "shard-failed"
    assert "shard_tasks.py" in str(met.value.__cause__), "--debug shows the place on the node"
    assert {f"shard-0000{n}.arrow" for n in range(3)} <= {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "manifest.json").exists()
    with pytest.raises(GenerateError, match="Cannot fit"):
        map_shards(FailsAt(1, "ours"), 2, engine=engine)
    with pytest.raises(RunError, match="instead of a pyarrow Table"):
        map_shards(lambda shard: [shard], 2, engine=engine)  # type: ignore[arg-type,return-value]
    with pytest.raises(UsageError, match="cannot be sent"):
        map_shards(Locked(), 2, engine=engine)


def test_a_large_task_is_unpacked_once_by_each_worker_and_may_write_into_what_it_holds(engine: Engine) -> None:
    tables = map_shards(Holds(1_000_000), 12, engine=engine)
    processes = set()
    for shard, table in enumerate(tables):
        assert table.column("unpacked")[0].as_py() == 1
        assert table.column("total")[0].as_py() == shard + 1
        processes.add(table.column("process")[0].as_py())
    assert len(processes) <= 2, "a worker stays from shard to shard; where shards are this quick, one may do them all"


def test_only_large_arrow_buffers_travel_beside_the_pickle() -> None:
    inside, *beside = packed(Holds(100_000), ray.cloudpickle.dumps)
    assert [array.nbytes for array in beside] == [800_000]
    assert 800_000 < inside.nbytes < 900_000, "the array of numpy stays in the pickle: beside it would be read-only"
    back = unpacked([inside, *beside])
    assert back.table == Holds(100_000).table  # type: ignore[attr-defined]
    assert len(packed(Holds(100), ray.cloudpickle.dumps)) == 1


def test_a_task_has_one_thread(engine: Engine) -> None:
    table = map_shards(Says(), 1, engine=engine)[0]
    assert table.column("threads")[0].as_py() == [1] * len(table.column("threads")[0])
    assert len(table.column("threads")[0]) >= 1


def test_what_a_script_defines_can_be_sent(engine: Engine) -> None:
    factor = 3
    tables = map_shards(lambda shard: pa.table({"x": [factor * shard]}), 3, engine=engine)
    assert [table.column("x")[0].as_py() for table in tables] == [0, 3, 6]


@pytest.mark.parametrize("workers", [1, 0])
def test_so_many_tasks_are_on_their_way_at_once(three_nodes: Any, engine: Engine, workers: int) -> None:
    with_workers = Engine("ray", workers, three_nodes.address)
    spans = [table.to_pylist()[0] for table in map_shards(Says(0.1), 6, engine=with_workers)]
    at_once = max(sum(one["begun"] <= other["begun"] < one["ended"] for one in spans) for other in spans)
    assert at_once == (workers or 2)


def test_an_interrupt_leaves_a_folder_that_resumes_and_no_task(tmp_path: Path, engine: Engine) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        map_shards(Slow(), 8, engine=engine, folder=tmp_path, plan="p", on_done=interrupt)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.arrow")}
    assert len(kept) == 2
    wait_until(lambda: ray.available_resources().get("CPU") == 2)
    whole = map_shards(Slow(), 8, engine=engine, folder=tmp_path, plan="p")
    assert whole == map_shards(Slow(0), 8)
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in kept} == kept


def test_a_full_disk_is_named(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: object) -> None:
        raise files.refused("write", path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(folder, "write_atomically", full)
    with pytest.raises(StorageError, match="No space left"):
        map_shards(Draw(), 4, engine=engine, folder=tmp_path, plan="p")
    wait_until(lambda: ray.available_resources().get("CPU") == 2)


def test_a_result_that_ray_gave_up_is_made_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[object] = []
    real = ray.get

    def loses(reference: Any, **settings: Any) -> Any:
        found = real(reference, **settings)
        if isinstance(found, pa.Buffer) and len(met) < most:
            met.append(reference)
            raise ray.exceptions.ObjectLostError(reference.hex(), None, "")
        return found

    monkeypatch.setattr(ray, "get", loses)
    most = 2
    assert map_shards(Draw(), 3, engine=engine) == map_shards(Draw(), 3)
    met.clear()
    most = 1000
    with pytest.raises(RunError, match="was lost"):
        map_shards(Draw(), 1, engine=engine)
    assert len(met) == RESUBMITS + 1


def test_a_node_without_the_code_of_a_task_is_named(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_here.py").write_text("def task(shard):\n    raise AssertionError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ClusterError, match="lacks what the work needs: No module named 'only_here'") as met:
        map_shards(import_module("only_here").task, 1, engine=engine)
    assert met.value.code == "cluster-nodes"
