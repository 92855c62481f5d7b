"""Refill: as many kept records as were asked for, although steps leave some out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from complement.core.contracts import Context, Step
from complement.core.dataset import Dataset
from complement.curate.funnel import Funnel
from complement.curate.tag import prepared, tag

SPARE = 1.05  # asked for at first, of what is wanted: most generators lose less
TURNS = 4
MOST = 10  # times what is wanted: whoever loses nine in ten is not refilled but reported


@dataclass(frozen=True, repr=False)
class Refilled:
    """`records`: kept ones, as many as were wanted unless `short`; `funnel` of the last drawing; `drawn`: how many in all."""

    records: Dataset
    funnel: Funnel
    drawn: int
    short: int


def refilled(
    draw: Callable[[int, int], Dataset], rows: int, steps: Mapping[str, Step], context: Context, *, turns: int = TURNS
) -> Refilled:
    """`rows` records that every step keeps, drawn by `draw(rows, turn)`.

    A few more than wanted are drawn at once; where too few are kept, all are drawn anew, as many as the share kept suggests: keys
    and identifiers of two drawings would repeat each other. What is kept beyond `rows` is cut off at the end, which is no choice
    as long as the generator's records are in random order. `short` says how many are lacking after the last turn.
    """
    ready = prepared(steps, context)
    wanted, drawn, turn = ceil(rows * (SPARE if steps else 1)), 0, 0
    while True:
        made = draw(wanted, turn)
        drawn, turn = drawn + made.rows, turn + 1
        tagged = tag(made, ready, context)
        kept = tagged.kept
        if len(kept) >= rows or turn >= turns or wanted >= MOST * rows:
            records = made.take(np.sort(kept[:rows]))
            return Refilled(records, tagged.funnel, drawn, max(0, rows - len(kept)))
        wanted = min(MOST * rows, ceil(1.1 * rows * made.rows / max(1, len(kept))))
