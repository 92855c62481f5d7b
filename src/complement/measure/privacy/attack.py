"""What the attacks share: which columns and units are compared, how many of them, and where the threshold lies."""

from __future__ import annotations

import numpy as np

from complement.core.errors import UsageError
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at

FPR = 0.01  # Carlini et al. 2022: an attack counts by what it finds while it is almost never wrong
LOW_FPR = 0.001  # Carlini et al. 2022 report both; shown where one non-member in so many exists


def compared(schema: Schema) -> list[Column]:
    """The columns that records are compared over: features and target. Identifiers and names are made anew anyway."""
    return [*schema.features(), *schema.with_role("target")]


def draw_whole_units(unit: np.ndarray, most_rows: int, seed: int, *place: str) -> tuple[np.ndarray, np.ndarray]:
    """Records of whole units, in random order, until they are enough: their positions, and their units counted from 0.

    `unit`: the number of each record's unit, shape (records,). Both results have the shape (drawn,). The last unit that
    does not fit into `most_rows` is left out, unless it is the only one.
    """
    order = rng_at(seed, *place).permutation(int(unit.max()) + 1)
    rank = np.argsort(order)[unit]
    rows = np.argsort(rank, kind="stable")[:most_rows]
    last = rank[rows[-1]]
    if (rank == last).sum() > (rank[rows] == last).sum() and (rank[rows] != last).any():
        rows = rows[rank[rows] != last]
    return rows, np.unique(unit[rows], return_inverse=True)[1]


def most_of_units(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The highest value among the records of each unit, shape (units,); `unit` counts from 0."""
    most = np.full(int(unit.max()) + 1, -np.inf)
    np.maximum.at(most, unit, values)
    return most


def threshold(others: np.ndarray, fpr: float) -> float:
    """The value above which at most a share `fpr` of the non-members lies, shape of `others` (non-members,)."""
    return float(np.sort(others)[::-1][int(fpr * len(others))])


def check_sizes(**sizes: object) -> None:
    """Raises UsageError "usage" for a size that is not a positive whole number."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError("usage", f"{name}={value!r} is not a positive whole number.")
