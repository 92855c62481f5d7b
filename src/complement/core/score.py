"""A measured number with its interval: what the house gives instead of a bare float."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Better = Literal["low", "high", "target"]


@dataclass(frozen=True)
class Score:
    """`value` with a 95 % interval [low, high] over `n` independent units; low and high may equal None when unknown."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    better: Better = "high"

    def as_json(self) -> dict[str, object]:
        return asdict(self)
