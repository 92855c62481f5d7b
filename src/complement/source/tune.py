"""Tune: real records that are kept back from the released generator, so that there is somebody it has never seen."""

from __future__ import annotations

import numpy as np

from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.seed import rng_at
from complement.source.split import strata

LEAST = 100  # records; with fewer the privacy gate cannot tell, and keeping them back would cost records for nothing


def held_back(real: Dataset, partition: Partition, purpose: Purpose, rows: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """Positions among `rows` that make up `share` of their units: whole units, every class in proportion, sorted.

    None at all where they would be fewer than 100 records.
    """
    units, first = np.unique(partition.unit[rows], return_index=True)
    stratum = strata(real, purpose)[rows][first]
    rng = rng_at(seed, "tune")
    chosen: list[np.ndarray] = []
    for one in np.unique(stratum):
        inside = rng.permutation(units[stratum == one])
        chosen.append(inside[: round(share * len(inside))])
    kept = rows[np.isin(partition.unit[rows], np.concatenate(chosen))]
    return np.sort(kept) if len(kept) >= LEAST else kept[:0]
