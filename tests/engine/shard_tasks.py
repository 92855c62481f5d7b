"""Tasks for the tests of the engine; a module of its own, because spawned processes import it by name."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

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
