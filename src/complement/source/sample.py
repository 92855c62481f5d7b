"""Sample: fewer records of a partition, for a trial that need not learn from all of them."""

from __future__ import annotations

import numpy as np

from complement.core.partition import Partition
from complement.core.seed import rng_at


def sampled(partition: Partition, most: int, *, seed: int) -> np.ndarray:
    """Positions of about `most` records, sorted: whole units drawn at random, of every fold the same share.

    All positions where there are no more than `most`.
    """
    if partition.rows <= most:
        return np.arange(partition.rows)
    share, rng = most / partition.rows, rng_at(seed, "sample")
    units, first = np.unique(partition.unit, return_index=True)
    fold = partition.fold[first]
    chosen = np.zeros(len(units), bool)
    for one in np.unique(fold):
        inside = rng.permutation(np.flatnonzero(fold == one))
        chosen[inside[: max(1, round(share * len(inside)))]] = True
    return np.flatnonzero(np.isin(partition.unit, units[chosen]))
