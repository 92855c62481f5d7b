"""Shards as Ray tasks: the work is sent once, results come back here, and what is lost with a node is made again."""

from __future__ import annotations

import pickle
import platform
import secrets
import sys
import time
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from complement.core.errors import ClusterError, ComplementError, RunError
from complement.engine.cluster import connected, cpus
from complement.engine.folder import table_bytes, write_shard_bytes
from complement.engine.workers import THREADED, Border, Made, Task, cannot_be_sent

RETRIES = 3  # how often Ray starts a task again whose worker or node died
RESUBMITS = 3  # how often we do, when Ray has given a result up for lost
AHEAD = 2  # tasks per core that are on their way: one runs, one waits, so that no core does
POLL = 2.0  # seconds after which a quiet cluster is asked whether it still has nodes
LOST = 300.0  # seconds without a node before we give up: a cluster that grows by itself may bring new ones
_BESIDE = 1 << 16  # bytes from which an Arrow buffer travels beside the pickle and is shared by the workers of a node


class Place(Protocol):
    """What is asked of an `Engine` here."""

    @property
    def workers(self) -> int: ...
    @property
    def address(self) -> str | None: ...
    @property
    def processes(self) -> int: ...


def run_on_ray(task: Task, shards: Sequence[int], *, engine: Place, folder: Path | None, made: Made) -> None:
    """Make the shards on a Ray cluster, `engine.workers` at once (0: as many as its nodes have cores).

    The task goes to the object store once, and every worker process unpacks it once. Results come back to this process,
    which writes them: the nodes need not share a disk. A task whose worker or node dies is started again. When a shard
    fails, nothing new is started, what runs may finish, and the error raised is that of the lowest shard. An interrupt
    ends the tasks at once. Call it inside `cluster.lasting`.
    """
    if not shards:
        return
    ray = connected(engine.address, cores=engine.processes)
    work = _Work(ray, task, folder, made, deque(shards))
    try:
        work.finish(engine.workers)
    finally:
        for reference in work.running:  # only after an error or an interrupt
            ray.cancel(reference, force=True)
    for _, failure in sorted(work.failures.items()):
        raise failure


class _Work:
    """The shards of one call: waiting, running, lost and failed."""

    def __init__(self, ray: Any, task: Task, folder: Path | None, made: Made, waiting: deque[int]) -> None:
        self.ray, self.task, self.folder, self.made, self.waiting = ray, task, folder, made, waiting
        self.running: dict[Any, int] = {}
        self.failures: dict[int, ComplementError] = {}
        self.lost: Counter[int] = Counter()
        self.alive = time.monotonic()
        self.remote = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=False)(_make_on_node)
        self.send()

    def send(self) -> None:
        """Put the task into the object store, under a name by which workers know that they have it."""
        self.name, self.payload = secrets.token_hex(8), self.ray.put(packed(self.task, self.ray.cloudpickle.dumps))

    def finish(self, workers: int) -> None:
        while self.running or (self.waiting and not self.failures):
            at_once = workers or AHEAD * cpus(self.ray) or 1
            while self.waiting and not self.failures and len(self.running) < at_once:
                shard = self.waiting.popleft()
                self.running[self.remote.remote(self.name, self.payload, shard)] = shard
            ready, _ = self.ray.wait(list(self.running), num_returns=1, timeout=POLL)
            for reference in ready:
                self.receive(reference, self.running.pop(reference))
            self.check_alive(bool(ready))

    def receive(self, reference: Any, shard: int) -> None:
        """One result that is ready: written, given on, counted as failed, or asked for again."""
        errors = self.ray.exceptions
        try:
            outcome = self.ray.get(reference)
        except errors.ObjectLostError as cause:
            self.lost[shard] += 1
            if self.lost[shard] > RESUBMITS:
                self.failures[shard] = _gone(shard, cause)
                return
            self.send()  # it may be the task itself that is lost
            self.waiting.appendleft(shard)
            return
        except errors.RayTaskError as cause:  # it never came to our code: that does not raise
            self.failures[shard] = _unusable(shard, cause)
            return
        except errors.RayError as cause:
            self.failures[shard] = _gone(shard, cause)
            return
        if isinstance(outcome, _Failure):
            self.failures[shard] = outcome.error
            outcome.error.__cause__ = _Elsewhere(outcome.trace)
        elif self.folder is None:
            # A copy: the object store is small, and Ray owns what lies in it.
            self.made(shard, pa.ipc.open_file(pa.py_buffer(outcome.to_pybytes())).read_all())
        else:
            write_shard_bytes(self.folder, shard, memoryview(outcome))
            self.made(shard, None)

    def check_alive(self, progress: bool) -> None:
        if progress or cpus(self.ray):
            self.alive = time.monotonic()
        elif time.monotonic() - self.alive > LOST:
            met = f"For {LOST:.0f} seconds the Ray cluster has had no node that could run a task."
            raise ClusterError("cluster-unreachable", met, help="Finished shards are kept: run the same again.")


@dataclass(frozen=True)
class _Failure:
    """An error of a task, as it travels: exceptions that Ray carries lose their class's own ways."""

    error: ComplementError
    trace: str


class _Elsewhere(Exception):
    """The traceback of another machine; --debug shows it as the cause."""


def packed(task: Task, dumps: Any) -> list[np.ndarray]:
    """The task as byte arrays: its pickle, then the large Arrow buffers beside it.

    Ray maps an array into every worker of a node without a copy, so that a large table takes its memory once. Only
    Arrow's buffers go beside, because nobody writes into them; a numpy array would come out read-only.
    """
    beside: list[np.ndarray] = []

    def keep_inside(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if not isinstance(view.obj, pa.Buffer) or view.nbytes < _BESIDE:
            return True
        beside.append(np.frombuffer(view, np.uint8))
        return False

    try:
        inside = dumps(task, protocol=5, buffer_callback=keep_inside)
    except (pickle.PicklingError, AttributeError, TypeError) as cause:
        raise cannot_be_sent(task, cause) from cause
    return [np.frombuffer(inside, np.uint8), *beside]


def unpacked(payload: list[np.ndarray]) -> Task:
    """The task again. The bytes come from the process that started the work, over Ray's own connections."""
    return pickle.loads(payload[0].data, buffers=[pa.py_buffer(array) for array in payload[1:]])


# The task that this worker process was last sent, by its name; in a worker only. One: the next replaces it.
_held: dict[str, Task] = {}


def _make_on_node(name: str, payload: list[np.ndarray], shard: int) -> pa.Buffer | _Failure:
    from threadpoolctl import threadpool_limits

    for library in THREADED:  # the limit reaches only what is loaded
        import_module(library)
    try:
        if name not in _held:
            _held.clear()
            _held[name] = _fetched(payload)
        with threadpool_limits(1), Border(shard):
            table = _held[name](shard)
            if not isinstance(table, pa.Table):
                raise TypeError(f"the task gave a {type(table).__name__} instead of a pyarrow Table")
            return pa.py_buffer(table_bytes(table))
    except ComplementError as error:
        return _Failure(error, traceback.format_exc())


def _fetched(payload: list[np.ndarray]) -> Task:
    try:
        return unpacked(payload)
    except (ImportError, AttributeError) as cause:
        place = f"{platform.node()} ({sys.executable})"
        raise ClusterError("cluster-nodes", f"The node {place} lacks what the work needs: {cause}.", where=place) from cause


def _gone(shard: int, cause: Exception) -> RunError:
    return RunError(
        "shard-failed",
        f"Shard {shard} was lost with its worker or node again and again (killed, or out of memory): "
        f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0][:500]}",
        where=f"shard {shard}",
        help="Finished shards are kept: run the same again, with fewer workers or on nodes with more memory.",
    )


def _unusable(shard: int, cause: Exception) -> ClusterError:
    reason = str(cause).strip().splitlines()
    return ClusterError(
        "cluster-nodes",
        f"A node could not start shard {shard}: {reason[-1] if reason else type(cause).__name__}",
        where=f"shard {shard}",
    )
