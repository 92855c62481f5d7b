"""The encoder: feature columns to a matrix of numbers, fitted on training records only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError
from complement.core.schema import Column
from complement.core.values import as_numbers, as_text

Style = Literal["scaled", "codes", "filled"]
LARGEST = 1e30  # trees of scikit-learn sum float32, whose largest value is 3.4e38
MAX_LEVELS = 50  # one-hot columns per category; a choice, so that one column of codes cannot outnumber all others
MISSING, OTHER = -1, -2


@dataclass(frozen=True)
class _Number:
    """A numeric feature: weighted mean and sd of its known training values, and whether any was missing."""

    name: str
    centre: float
    spread: float
    gaps: bool


@dataclass(frozen=True)
class _Levels:
    """A categorical feature: its kept values in order, and whether training had rarer ones or missing ones."""

    name: str
    values: tuple[str, ...]
    rarer: bool
    gaps: bool


@dataclass
class Encoder:
    """Turns the schema's features into a float64 matrix of shape (records, width).

    `style` "scaled": numbers are centred and scaled by weighted mean and sd, missing ones become the mean beside
    an indicator column, categories become one-hot columns (the `max_levels` heaviest, one for all rarer ones, one
    for missing). "codes": numbers stay as they are with NaN for missing, a category becomes its place among the
    sorted training values, -1 for missing, and one more than the last place for a value that training did not
    have. "filled": like "codes", but missing numbers become the mean beside an indicator, for learners that refuse
    NaN. Booleans count as 0 and 1, dates as seconds, infinite numbers as missing. Nothing is learnt from records of weight 0.
    """

    style: Style = "scaled"
    max_levels: int = MAX_LEVELS
    parts: tuple[_Number | _Levels, ...] = field(default=(), init=False, repr=False)

    def fit(self, train: Dataset, weight: np.ndarray | None = None) -> Self:
        """Learn means, spreads and levels from `train`. `weight`: shape (records,), >= 0, default all 1."""
        weight = np.ones(train.rows) if weight is None else np.asarray(weight, float)
        if len(weight) != train.rows:
            raise SchemaError("dataset-shape", f"{train.rows} records, {len(weight)} weights.")
        self.parts = tuple(self._part(column, train, weight) for column in train.schema.features())
        return self

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return sum(self._width(part) for part in self.parts)

    def transform(self, records: Dataset) -> np.ndarray:
        """The matrix of these records, shape (records, width), without NaN unless the style is "codes"."""
        matrix = np.zeros((records.rows, self.width))
        at = 0
        for part in self.parts:
            column = records.column(part.name)
            if isinstance(part, _Number):
                self._put_number(matrix, at, part, _numbers(column))
            else:
                self._put_levels(matrix, at, part, codes_of(column, part.values))
            at += self._width(part)
        return matrix

    def names(self) -> list[str]:
        """One name per matrix column."""
        found: list[str] = []
        for part in self.parts:
            if isinstance(part, _Number):
                found += [part.name] + ([f"{part.name} missing"] if self._indicates(part) else [])
            elif self.style == "scaled":
                found += [f"{part.name}={value}" for value in part.values]
                found += [f"{part.name} rarer"] * part.rarer + [f"{part.name} missing"] * part.gaps
            else:
                found.append(part.name)
        return found

    def _part(self, column: Column, train: Dataset, weight: np.ndarray) -> _Number | _Levels:
        if column.kind in ("category", "text") or _holds_text(train.column(column.name).type):
            return self._levels(column.name, train.column(column.name), weight)
        values = _numbers(train.column(column.name))
        known = np.isfinite(values) & (weight > 0)
        mass = weight[known]
        centre = float(np.average(values[known], weights=mass)) if len(mass) else 0.0
        spread = float(np.sqrt(np.average((values[known] - centre) ** 2, weights=mass))) if len(mass) else 0.0
        # A spread at the level of rounding is a constant column; dividing by it would blow noise up.
        small = spread <= 1e-12 * max(1.0, abs(centre))
        gaps = bool((~np.isfinite(values) & (weight > 0)).any())
        return _Number(column.name, centre, 1.0 if small else spread, gaps)

    def _levels(self, name: str, column: pa.ChunkedArray, weight: np.ndarray) -> _Levels:
        places, texts = _dictionary(column)
        mass = np.bincount(places + 1, weights=weight, minlength=len(texts) + 1)
        total: dict[str, float] = {}
        for text, share in zip(texts, mass[1:], strict=True):
            if text is not None and share > 0:
                total[text] = total.get(text, 0.0) + float(share)
        unknown = mass[0] + sum(share for text, share in zip(texts, mass[1:], strict=True) if text is None)
        kept = sorted(total, key=lambda text: (-total[text], text))
        if self.style == "scaled":
            kept = kept[: self.max_levels]
        return _Levels(name, tuple(_in_order(kept)), len(kept) < len(total), bool(unknown > 0))

    def _indicates(self, part: _Number) -> bool:
        return part.gaps and self.style != "codes"

    def _width(self, part: _Number | _Levels) -> int:
        if isinstance(part, _Number):
            return 1 + self._indicates(part)
        return len(part.values) + part.rarer + part.gaps if self.style == "scaled" else 1

    def _put_number(self, matrix: np.ndarray, at: int, part: _Number, values: np.ndarray) -> None:
        missing = ~np.isfinite(values)
        if self.style == "codes":
            matrix[:, at] = np.where(missing, np.nan, values)
            return
        filled = np.where(missing, part.centre, values)
        matrix[:, at] = (filled - part.centre) / part.spread if self.style == "scaled" else filled
        if part.gaps:
            matrix[:, at + 1] = missing

    def _put_levels(self, matrix: np.ndarray, at: int, part: _Levels, codes: np.ndarray) -> None:
        last = len(part.values)
        if self.style != "scaled":
            matrix[:, at] = np.where(codes == OTHER, last, codes)
            return
        # A value or a gap that training did not have gets no column of its own: all zeros, which no weight touches.
        place = np.where(codes == OTHER, last if part.rarer else -1, codes)
        place = np.where(codes == MISSING, last + part.rarer if part.gaps else -1, place)
        rows = np.flatnonzero(place >= 0)
        matrix[rows, at + place[rows]] = 1.0


def codes_of(column: pa.ChunkedArray, values: Sequence[str]) -> np.ndarray:
    """The place of each record's text among `values`, shape (records,); -1 for missing, -2 for any other value."""
    places, texts = _dictionary(column)
    place = {value: number for number, value in enumerate(values)}
    found = [MISSING if text is None else place.get(text, OTHER) for text in texts]
    return np.array([*found, MISSING], np.int64)[places]  # a null has the place -1: the last entry


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """The values of a column, NaN where missing; beyond the LARGEST they are cut off."""
    values = as_numbers(column)
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)


def _dictionary(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str | None]]:
    """Each record's place among the distinct values (-1: null), and these values as text.

    Only the distinct values become Python objects: this is what makes encoding cheap.
    """
    if pa.types.is_null(column.type):
        return np.full(len(column), -1), []
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.combine_chunks()
    places = pc.fill_null(array.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return places, list(as_text(pa.chunked_array([array.dictionary])))


def _holds_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _in_order(texts: list[str]) -> list[str]:
    """Sorted by number when every text is one, else by text: codes such as '2' and '10' keep their order."""
    try:
        return sorted(texts, key=lambda text: (float(text), text))
    except ValueError:
        return sorted(texts)
