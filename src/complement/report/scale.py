"""Scales of a chart: where a value lies between two ends, and the round numbers that are written beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

GROUPED = 10_000  # from here on digits are in threes: a year is none of these


@dataclass(frozen=True)
class Scale:
    """From `low` to `high` onto the places from `start` to `end`, in pixels or per cent."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 2)

    def clips(self, value: float) -> bool:
        """True when the value lies beyond the ends and is drawn at one of them."""
        slack = 1e-9 * (self.high - self.low)
        return value < self.low - slack or value > self.high + slack

    def ticks(self, about: int = 4) -> list[float]:
        """Round numbers within the ends: 1, 2 or 5 times a power of ten apart, `about` of them."""
        step = round_step((self.high - self.low) / max(1, about))
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(number * step, 12) + 0.0 for number in range(first, last + 1)]


def spanning(values: Iterable[float | None], start: float, end: float, *, room: float = 0.05, zero: bool = False) -> Scale:
    """A scale on which all these values have their place, with some room at both ends."""
    known = [value for value in values if value is not None and isfinite(value)]
    known = [*known, 0.0] if zero or not known else known
    low, high = min(known), max(known)
    if high - low <= 1e-12 * max(1.0, abs(low), abs(high)):
        half = abs(low) / 10 or 1.0
        low, high = low - half, high + half
    more = room * (high - low)
    under = 0.0 if zero and low == 0 else more
    return Scale(low - under, high + more, start, end)


def tick_text(value: float, ticks: list[float]) -> str:
    """The tick as text, with as many digits as tell it from its neighbours."""
    step = min((b - a for a, b in pairwise(ticks)), default=abs(value) or 1.0)
    size = abs(max(ticks, key=abs, default=0.0))
    if size >= 1e6:
        unit, word = (1e9, "bn") if size >= 1e9 else (1e6, "m")
        return f"{value / unit:,.{_places(step / unit)}f}{word if value else ''}".replace("-", "−")
    grouped = "," if size >= GROUPED else ""
    return f"{value:{grouped}.{_places(step)}f}".replace("-", "−")


def round_step(rough: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough))
    return next((times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9)), 10 * power)


def _places(step: float) -> int:
    return min(8, max(0, -floor(log10(step) + 1e-9)))
