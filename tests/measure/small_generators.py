"""Generators so small that theory says what becomes of them: a Gaussian and a linear regression, many chains side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.lineage import depth_of, of_synthetic
from complement.core.request import Answer, Request
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at


def table_of(values: np.ndarray) -> Dataset:
    """Real records that hold the rows of a matrix, shape (rows, columns): one column of vectors, for thousands would be slow."""
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), values.shape[1])
    return Dataset.of(pa.table({"x": vectors}), Schema({"records": (Column("x", "other"),)}))


def matrix_of(records: Dataset) -> np.ndarray:
    vectors = pa.concat_arrays(records.column("x").chunks)
    return vectors.values.to_numpy().reshape(records.rows, -1)


def answered(values: np.ndarray, name: str, depth: int, seed: int) -> Answer:
    made = table_of(values)
    return Answer(
        Dataset.of(
            made.records, made.schema, lineage=of_synthetic(len(values), generator=name, request="all", seed=seed, depth=depth)
        )
    )


@dataclass
class Gaussian:
    """The maximum-likelihood Gaussian of each column by itself; with `sd` only its mean is learnt."""

    sd: float | None = None
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    variance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    depth: int = 0

    def fit(self, real: Dataset, *, seed: int) -> Self:
        values, self.depth = matrix_of(real), 1 + depth_of(real.lineage)
        self.mean = np.average(values, axis=0, weights=real.weight)
        learnt = np.average((values - self.mean) ** 2, axis=0, weights=real.weight)
        self.variance = learnt if self.sd is None else np.full(values.shape[1], self.sd**2)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        drawn = rng_at(seed, "gaussian").standard_normal((request.rows, len(self.mean)))
        return answered(self.mean + np.sqrt(self.variance) * drawn, "gaussian", self.depth, seed)


@dataclass
class Regression:
    """Many linear regressions on `inputs` columns and one label each, unit noise: a block of columns is one of them."""

    inputs: int
    found: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    depth: int = 0

    def fit(self, real: Dataset, *, seed: int) -> Self:
        blocks, self.depth = blocks_of(matrix_of(real), self.inputs), 1 + depth_of(real.lineage)
        x, y = blocks[:, :, :-1], blocks[:, :, -1]
        gram, moment = np.einsum("bri,brj->bij", x, x), np.einsum("bri,br->bi", x, y)
        self.found = np.linalg.solve(gram, moment[..., None])[..., 0]
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        return answered(labelled(self.found, request.rows, rng_at(seed, "regression")), "regression", self.depth, seed)


def blocks_of(values: np.ndarray, inputs: int) -> np.ndarray:
    """The blocks of columns, shape (blocks, rows, inputs + 1)."""
    return values.reshape(len(values), -1, inputs + 1).transpose(1, 0, 2)


def labelled(weights: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Fresh inputs and labels by these weights, shape (rows, blocks * (inputs + 1))."""
    x = rng.standard_normal((len(weights), rows, weights.shape[1]))
    y = np.einsum("bri,bi->br", x, weights) + rng.standard_normal(x.shape[:2])
    return np.concatenate([x, y[..., None]], axis=2).transpose(1, 0, 2).reshape(rows, -1)
