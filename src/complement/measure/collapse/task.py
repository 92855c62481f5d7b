"""The work of one shard: one chain under one policy, every generation of it measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.seed import seed_at
from complement.measure.collapse.chain import chain
from complement.measure.collapse.policy import Policy
from complement.measure.collapse.yardstick import Yardstick
from complement.measure.privacy.attack import draw_whole_units

SCHEMA = pa.schema([("generation", pa.int32()), ("metric", pa.string()), ("value", pa.float64())])
Values = dict[str, np.ndarray]  # per metric, shape (chains, generations)


@dataclass(frozen=True)
class Drawn:
    """Real records to learn from, drawn by whole units out of a pool: `rows` of them for each chain and generation."""

    pool: Dataset
    rows: int
    seed: int

    def real(self, number: int, generation: int) -> Dataset:
        """The real records of one chain's generation; every policy has the same ones."""
        unit = self.pool.units()
        rows, _ = draw_whole_units(unit, self.rows, seed_at(self.seed, "real", number, generation), "collapse")
        return self.pool.take(np.sort(rows))


@dataclass(frozen=True)
class ChainTask:
    """Shard k is chain `k // policies` under policy `k % policies`: a table of generation, metric and value.

    Each shard seeds itself by its chain, policy and generation: what a policy gives does not depend on which others are asked
    for, and first generations of two policies are repeats of each other. "redraw" draws its real records apart from the others.
    """

    drawn: Drawn
    policies: tuple[Policy, ...]
    generator: Generator
    yardstick: Yardstick
    generations: int
    rows: int
    seed: int

    def reseeded(self, seed: int) -> ChainTask:
        """The same work with other real records out of the pool and other seeds, measured against the same hold-out."""
        return replace(self, drawn=replace(self.drawn, seed=seed), seed=seed)

    def __call__(self, shard: int) -> pa.Table:
        number, place = divmod(shard, len(self.policies))
        policy = self.policies[place]
        seed = seed_at(self.seed, "collapse", policy.name, number)
        apart = policy.kind == "redraw"

        def real(generation: int) -> Dataset:
            return self.drawn.real(number, -generation if apart else generation)

        found: list[dict[str, object]] = []
        steps = chain(policy, self.generator, real, generations=self.generations, rows=self.rows, seed=seed)
        for step in steps:
            values = self.yardstick.measured(step.made, seed=seed_at(seed, "measure", step.generation))
            found += [dict[str, object](generation=step.generation, metric=name, value=value) for name, value in values.items()]
        return pa.Table.from_pylist(found, SCHEMA)


def values_of(tables: list[pa.Table], policies: tuple[Policy, ...], generations: int) -> Mapping[str, Values]:
    """The shards' tables by policy and metric, one number per chain and generation."""
    chains = len(tables) // len(policies)
    found: dict[str, Values] = {}
    for shard, table in enumerate(tables):
        number, place = divmod(shard, len(policies))
        values = found.setdefault(policies[place].name, {})
        for row in table.to_pylist():
            held = values.setdefault(row["metric"], np.full((chains, generations), np.nan))
            held[number, row["generation"] - 1] = row["value"]
    return found
