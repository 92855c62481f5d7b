"""Ask: what a generator is asked for to close a gap."""

from __future__ import annotations

from collections.abc import Sequence

from complement.core.gap import Gap
from complement.core.request import Request

FEWEST_ROWS = 50  # fewer move no learner whose leaves hold 20 records
MOST_SHARE = 0.5  # of the real records: one request does not outweigh the real ones


def rows_to_double(inside: int, total: int) -> int:
    """As many records as the slice has: twice as many shrink the error of what is learnt there by the root of two.

    At least 50, at most half of all real records.
    """
    return _within(inside, total)


def rows_to_reach(inside: int, total: int, share: float) -> int:
    """As many records as bring the slice to this share of all records, real and made; within the same ends."""
    lacking = (share * total - inside) / (1 - share) if share < 1 else total
    return _within(round(lacking), total)


def requests_of(gaps: Sequence[Gap]) -> list[Request]:
    """One request per gap: its rows under its condition, with its name and reason."""
    return [Request(rows=gap.rows, where=gap.where, gap=gap.name, reason=gap.reason, name=gap.name) for gap in gaps]


def _within(rows: int, total: int) -> int:
    return max(1, min(max(rows, FEWEST_ROWS), round(MOST_SHARE * total)))
