"""Spans: a column that never lies below another one, as the distance between them. Sums keep the order by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.generate.codec import Code
from complement.generate.forest.dependencies import SURPRISE

SHARE = 0.01  # of pairs put together at random that must be out of order, or the order says nothing
NARROW = 0.5  # the spread of numbers' distance beside the spread of the numbers themselves; moments are always distances
FEWEST = 50  # records that show an order


@dataclass(frozen=True, repr=False)
class Span:
    """`high` is never below `low`: discharged and admitted. `shift` is where their codes begin; `code` that of the distance."""

    low: str
    high: str
    shift: float
    code: Code

    @property
    def of_moments(self) -> bool:
        return pa.types.is_temporal(self.code.type)

    def between(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The distance of these codes, shape of both."""
        return self.code.rounded(high - low + self.shift)

    def ended(self, low: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """The codes of the higher column again."""
        return low + distance - self.shift


def spans(codes: Mapping[str, np.ndarray], codings: Mapping[str, Code]) -> list[Span]:
    """At most one span for each column that lies above another, the narrowest; a column comes behind those that it is told by.

    Moments make chains (admitted, discharged, billed); a number that ends a span begins no other.
    """
    found: list[tuple[float, Span]] = []
    for high in codes:
        for low in codes:
            if low != high and (span := _span(low, high, codings)) is not None:
                width = _width(span, codes[low], codes[high])
                if width is not None:
                    found.append((width, span))
    kept: dict[str, Span] = {}
    for _, span in sorted(found, key=lambda one: one[0]):
        chained = span.low in kept or any(one.low == span.high for one in kept.values())
        if span.high not in kept and not (chained and not span.of_moments) and span.high not in _below(span.low, kept):
            kept[span.high] = span
    return sorted(kept.values(), key=lambda span: len(_below(span.low, kept)))


def told_by(name: str, found: Sequence[Span]) -> list[str]:
    """The columns without which this one cannot be told: those below it, the nearest first."""
    return _below(name, {one.high: one for one in found})[1:]


def _below(name: str, kept: Mapping[str, Span]) -> list[str]:
    chain = [name]
    while chain[-1] in kept:
        chain.append(kept[chain[-1]].low)
    return chain


def as_spans(codes: Mapping[str, np.ndarray], found: Sequence[Span]) -> dict[str, np.ndarray]:
    """The codes with the distance in the place of each higher column whose lower one is there."""
    return {**codes, **{one.high: one.between(codes[one.low], codes[one.high]) for one in found if _both(one, codes)}}


def as_ends(codes: Mapping[str, np.ndarray], found: Sequence[Span]) -> dict[str, np.ndarray]:
    """The opposite of `as_spans`."""
    ends = dict(codes)
    for one in found:  # in the order of `spans`: what begins one is told before it
        if _both(one, codes):
            ends[one.high] = one.ended(ends[one.low], ends[one.high])
    return ends


def _both(span: Span, codes: Mapping[str, np.ndarray]) -> bool:
    return span.low in codes and span.high in codes


def _span(low: str, high: str, codings: Mapping[str, Code]) -> Span | None:
    one, other = codings[low], codings[high]
    if not (one.numeric and other.numeric):
        return None
    moments = [pa.types.is_temporal(code.type) for code in (one, other)]
    if moments[0] != moments[1] or (moments[0] and (one.type != other.type or one.step != other.step)):
        return None
    decimals = None if one.decimals is None or other.decimals is None else max(one.decimals, other.decimals)
    free = replace(other.column, kind="other")  # the bounds of the column are not those of the distance
    shift = (other.origin - one.origin) / one.step if moments[0] else 0.0
    return Span(low, high, shift, Code(free, other.type, True, None, other.step, decimals))


def _width(span: Span, low: np.ndarray, high: np.ndarray) -> float | None:
    """The spread of the distance beside that of the column; None where there is no order, or none worth keeping."""
    known = ~np.isnan(high)
    if known.sum() < FEWEST or np.isnan(low[known]).any():
        return None
    below, above = low[known], high[known] + span.shift
    if (below > above).any():
        return None
    mixed = np.random.default_rng(0).permutation(above)
    if (below > mixed).sum() < max(SURPRISE, SHARE * len(below)):
        return None
    width = _spread(above - below) / max(_spread(above), 1e-300)
    return width if width <= NARROW or pa.types.is_temporal(span.code.type) else None


def _spread(values: np.ndarray) -> float:
    return float(np.subtract(*np.quantile(values, [0.9, 0.1])))
