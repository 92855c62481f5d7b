"""Tasks for the tests of the engine; a module of its own, because spawned processes import it by name."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from complement.core.errors import GenerateError
from complement.core.seed import rng_at


@dataclass(frozen=True)
class Draw:
    """Random numbers, a matrix product (threads may change its last bits) and missing values."""

    seed: int = 7

    def __call__(self, shard: int) -> pa.Table:
        rng = rng_at(self.seed, "draw", shard)
        matrix = rng.normal(size=(300, 300))
        words = pa.array([None if x < 0.3 else str(int(x * 9)) for x in rng.random(300)]).dictionary_encode()
        return pa.table({"x": (matrix @ matrix.T).sum(axis=1), "word": words})


@dataclass(frozen=True)
class FailsAt:
    shard: int
    how: str = "value"

    def __call__(self, shard: int) -> pa.Table:
        if shard == self.shard and self.how == "value":
            raise ValueError("no such colour: beige")
        if shard == self.shard and self.how == "ours":
            raise GenerateError("generate-fit", "Cannot fit.", help="Try another.")
        if shard == self.shard and self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if shard == self.shard and self.how == "interrupted":
            raise KeyboardInterrupt
        return pa.table({"shard": [shard]})


@dataclass(frozen=True)
class SumsBelow:
    """Counts what it was shown of earlier rounds."""

    def __call__(self, round: int, shard: int, earlier: list[list[pa.Table]]) -> pa.Table:
        shown = [table.column("total")[0].as_py() for tables in earlier for table in tables]
        return pa.table({"total": [1 + sum(shown)], "rounds": [len(earlier)], "shown": [len(shown)], "shard": [shard]})


@dataclass(frozen=True)
class Slow:
    """Takes its time, so that something can happen meanwhile."""

    seconds: float = 0.3

    def __call__(self, shard: int) -> pa.Table:
        time.sleep(self.seconds)
        return pa.table({"x": rng_at(1, shard).normal(size=40_000), "shard": pa.array([shard] * 40_000, pa.int32())})


class Holds:
    """A large task: a table and an array; tells in which process it was unpacked, and how often there."""

    unpacked = 0

    def __init__(self, rows: int) -> None:
        self.table = pa.table({"x": np.arange(rows, dtype=np.float64)})
        self.array = np.zeros(rows)

    def __setstate__(self, state: dict[str, object]) -> None:
        type(self).unpacked += 1
        self.__dict__.update(state)

    def __call__(self, shard: int) -> pa.Table:
        self.array[shard] += 1  # what could be written here can be written there
        total = self.table.column("x")[shard].as_py() + self.array[shard]
        return pa.table({"total": [total], "process": [os.getpid()], "unpacked": [type(self).unpacked]})


@dataclass(frozen=True)
class Says:
    """Says where and when it ran, and how many threads each numeric library has there."""

    seconds: float = 0.3

    def __call__(self, shard: int) -> pa.Table:
        import ray
        from threadpoolctl import threadpool_info

        begun = time.time()
        time.sleep(self.seconds)
        threads = [library["num_threads"] for library in threadpool_info()]
        node = ray.get_runtime_context().get_node_id()
        return pa.table({"node": [node], "threads": [threads], "begun": [begun], "ended": [time.time()]})


@dataclass(frozen=True)
class DiesOnce:
    """Kills its process at the first try of shard 1."""

    marks: Path

    def __call__(self, shard: int) -> pa.Table:
        self.marks.mkdir(exist_ok=True)
        mark = self.marks / str(shard)
        if shard == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return pa.table({"shard": [shard]})


class Locked:
    """Holds what cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, shard: int) -> pa.Table:
        return pa.table({"shard": [shard]})
