"""As many records of each side: what is counted among few must not be compared with what is counted among many."""

from __future__ import annotations

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.seed import Place, rng_at


def drawn(records: Dataset, rows: int, seed: int, *place: Place) -> Dataset:
    """At most `rows` of the records, in their order; all of them where there are no more."""
    if records.rows <= rows:
        return records
    return records.take(np.sort(rng_at(seed, *place).permutation(records.rows)[:rows]))


def equal_sides(synthetic: Dataset, context: Context, most_rows: int, seed: int, *place: Place) -> list[Dataset]:
    """Synthetic records, and as many tune records where there are any: at most `most_rows` of each."""
    sides = [synthetic] if context.tune is None or not context.tune.rows else [synthetic, context.tune]
    rows = min(most_rows, *(side.rows for side in sides))
    return [drawn(side, rows, seed, *place, number) for number, side in enumerate(sides)]
