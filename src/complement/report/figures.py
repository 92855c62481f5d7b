"""Numbers as people read them: as many digits as say something, with their interval, and never a bare nan."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10

from complement.report.facts import at, number

UNKNOWN = "not known"


@dataclass(frozen=True)
class Digits:
    """Numbers with as many digits after the point as a margin makes worth reading: two more than its size."""

    after: int

    @staticmethod
    def of(margin: float | None) -> Digits:
        size = floor(log10(margin)) if margin is not None and margin > 0 and isfinite(margin) else -3
        return Digits(min(8, max(0, 1 - size)))

    def plain(self, value: float | None) -> str:
        return UNKNOWN if value is None else f"{value:,.{self.after}f}".replace("-", "−")

    def signed(self, value: float | None) -> str:
        return UNKNOWN if value is None else f"{value:+,.{self.after}f}".replace("-", "−")

    def span(self, low: float | None, high: float | None, *, signed: bool = True) -> str:
        """The interval in brackets, or "" where it is not known."""
        if low is None or high is None:
            return ""
        one = self.signed if signed else self.plain
        return f"[{one(low)}, {one(high)}]"


def percent(share: float | None) -> str:
    """A share as per cent: 12 %, 1.2 %, .3 %; below a tenth it says so."""
    if share is None:
        return UNKNOWN
    hundred = 100 * share
    if 0 < abs(hundred) < 0.1:
        return "under 0.1 %" if hundred > 0 else "above −0.1 %"
    return f"{hundred:.0f} %" if abs(hundred) >= 10 or hundred == 0 else f"{hundred:.1f} %".replace("-", "−")


def count(value: float | None) -> str:
    """A number of things: 12,345."""
    return UNKNOWN if value is None else f"{round(value):,}".replace("-", "−")


def brief(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that say something: 0.0123, 12.3, 12,300. No single record shows through it."""
    if value is None:
        return UNKNOWN
    rounded = float(f"{value:.{digits}g}")
    places = 0 if rounded == 0 else max(0, digits - 1 - floor(log10(abs(rounded))))
    shown = f"{rounded:,.{min(places, 8)}f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown).replace("-", "−")


@dataclass(frozen=True)
class Span:
    """A value with its interval, each None where it is not known."""

    value: float | None
    low: float | None
    high: float | None
    n: float | None = None

    @staticmethod
    def of(node: object) -> Span:
        value, low, high, n = (number(at(node, key)) for key in ("value", "low", "high", "n"))
        return Span(value, low, high, n)

    def over(self, unit: float) -> Span:
        """The same, in this unit."""
        value, low, high = (None if one is None else one / unit for one in (self.value, self.low, self.high))
        return Span(value, low, high, self.n)
