"""Shards: the unit of work. Pure, resumable, and the same bytes wherever and in whatever order they run."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from complement.core.errors import UsageError
from complement.engine.folder import ShardFolder
from complement.engine.workers import Task, run_in_processes, run_inline

__all__ = ["Engine", "RoundTask", "Task", "lasting", "map_rounds", "map_shards"]

OnDone = Callable[[int, int], None]


@dataclass(frozen=True)
class Engine:
    """Where shards run: here, in processes of this machine, or on a Ray cluster (extra `[cluster]`).

    `workers`: how many at once, 0 meaning one per core that this process may use, or that the cluster has. `address`:
    which cluster, see `complement.engine.cluster.connected`; None: the variable RAY_ADDRESS, else one on this machine.
    """

    where: Literal["inline", "process", "ray"] = "inline"
    workers: int = 1
    address: str | None = None

    def __post_init__(self) -> None:
        if self.where not in ("inline", "process", "ray"):
            raise UsageError("usage", f"There is no engine '{self.where}'.", help="There are: inline, process, ray.")
        if isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 0:
            raise UsageError("usage", f"workers={self.workers!r} is not a whole number from 0 on.", help="0 uses all cores.")
        if self.address is not None and self.where != "ray":
            raise UsageError("usage", f"The engine '{self.where}' has no cluster to connect to.", help="Use the engine ray.")

    @property
    def processes(self) -> int:
        """How many processes work at once, 1 or more."""
        if self.workers:
            return self.workers
        # A container or a batch system often grants fewer cores than the machine has.
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def near(self) -> Engine:
        """The engine for shards that read files of this machine: a cluster's nodes have none of them, so not there but here."""
        return Engine() if self.where == "ray" else self


@contextmanager
def lasting(engine: Engine) -> Generator[None]:
    """What the engine starts inside serves every call until the end, and is ended there: a Ray cluster takes seconds to start.

    Raises MissingExtraError at once when the engine needs what is not installed. May be nested; without it every call of
    `map_shards` connects for itself.
    """
    if engine.where != "ray":
        yield
        return
    from complement.engine import cluster

    cluster.loaded()
    with cluster.lasting():
        yield


class RoundTask(Protocol):
    """The work of one shard of one round, which may read the finished rounds below its own."""

    def __call__(self, round: int, shard: int, earlier: list[list[pa.Table]]) -> pa.Table: ...


def map_shards(
    task: Task,
    count: int,
    *,
    engine: Engine = Engine(),
    folder: Path | None = None,
    plan: str = "",
    on_done: OnDone | None = None,
    load: bool = True,
) -> list[pa.Table]:
    """The tables of the shards 0 to count-1, in order.

    With a folder each result is written there as it is finished, and shards that stand there are not made again:
    the listing is the resume state. `plan` (from `plan_hash`) names what the work depends on. `on_done(done, count)`
    is called in this process after every shard, and once before when some were there already. Without `load` shards in a
    folder are checked one by one and none is given back: for what is larger than memory.
    Raises RunError "shard-failed" (a task's own ComplementError passes unchanged), "run-changed" when the folder
    belongs to another plan, "run-damaged" when a shard there is not what was written; StorageError "disk".
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise UsageError("usage", f"count={count!r} is not a whole number from 0 on.")
    store = ShardFolder.open(folder, count, plan) if folder is not None else None
    kept = {shard for shard in store.finished() if shard < count} if store else set[int]()
    missing = [shard for shard in range(count) if shard not in kept]
    tables: dict[int, pa.Table] = {}
    finished = len(kept)
    if on_done and finished:
        on_done(finished, count)

    def made(shard: int, table: pa.Table | None) -> None:
        nonlocal finished
        finished += 1
        if table is not None:
            tables[shard] = table
        if on_done:
            on_done(finished, count)

    # For one shard a worker would cost its start, seconds of imports, and gain nothing: the bytes are the same.
    if engine.where == "ray" and missing:
        from complement.engine.ray_tasks import run_on_ray

        with lasting(engine):
            run_on_ray(task, missing, engine=engine, folder=folder, made=made)
    elif engine.where == "process" and len(missing) > 1:
        run_in_processes(task, missing, workers=engine.processes, folder=folder, made=made)
    else:
        run_inline(task, missing, folder=folder, made=made)
    return store.collect(set(missing), load=load) if store else [tables[shard] for shard in range(count)]


def map_rounds(
    task: RoundTask,
    counts: Sequence[int],
    *,
    engine: Engine = Engine(),
    folder: Path | None = None,
    plan: str = "",
    on_done: OnDone | None = None,
) -> list[list[pa.Table]]:
    """The tables of every round, `counts[r]` shards in round r; a round starts when all below it are finished.

    A shard is given the finished rounds below its own and nothing of its own round, so that the result does not
    depend on the order in which shards finish. With a folder round r stands in `round-00000` and so on. Otherwise
    like `map_shards`.
    """
    rounds: list[list[pa.Table]] = []
    total = sum(counts)
    with lasting(engine):
        for number, count in enumerate(counts):
            before = sum(counts[:number])
            rounds.append(
                map_shards(
                    _OneRound(task, number, list(rounds)),
                    count,
                    engine=engine,
                    folder=folder / f"round-{number:05d}" if folder is not None else None,
                    plan=f"{plan} round {number} of {list(counts)}",
                    on_done=_shifted(on_done, before, total),
                )
            )
    return rounds


@dataclass(frozen=True)
class _OneRound:
    """A round's work as a plain task."""

    task: RoundTask
    round: int
    earlier: list[list[pa.Table]]

    def __call__(self, shard: int) -> pa.Table:
        return self.task(self.round, shard, [list(tables) for tables in self.earlier])


def _shifted(on_done: OnDone | None, before: int, total: int) -> OnDone | None:
    if on_done is None:
        return None
    return lambda done, _count: on_done(before + done, total)
