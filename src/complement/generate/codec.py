"""Codes: a column of any type as float64 numbers, and back to the very Arrow type it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.schema import Column

# Steps in which moments may be given, in nanoseconds: day, hour, minute, second, milli, micro, nano.
_STEPS = (86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1)
_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_LARGEST = 2.0**63 - 1024  # the largest float64 that is still an int64
ATOM_SHARE = 1 / 128  # half of a 64th of the rows: such a value would fill half a quantile bin on its own
ATOM_ROWS = 20  # a value that so many records share is a code of the column and nobody's own


@dataclass(frozen=True, repr=False)
class Code:
    """How one column is coded. NaN is missing in every column.

    `numeric`: the code is the number itself, or the moment counted from the earliest one (`origin`) in the coarsest step
    that loses nothing, so that dates stay dates. Else it is the position of the value in `levels`. Numbers, and steps
    between moments, beyond 2**53 are rounded to what a float64 holds. `decimals` None: not rounded.
    """

    column: Column
    type: pa.DataType
    numeric: bool
    levels: pa.Array | None
    step: int
    decimals: int | None
    origin: int = 0

    @staticmethod
    def of(column: Column, values: pa.ChunkedArray) -> Code:
        """The code of a column with these values."""
        kind, plain = values.type, _plain(values)
        if pa.types.is_temporal(plain.type):
            moments = _whole(plain).drop_null().to_numpy(zero_copy_only=False)
            origin = int(moments.min()) if len(moments) else 0
            return Code(column, kind, True, None, _step(plain.type, moments), 0, origin)
        number = pa.types.is_integer(plain.type) or pa.types.is_floating(plain.type) or pa.types.is_decimal(plain.type)
        if number and column.kind in ("number", "integer"):
            whole = pa.types.is_integer(plain.type) or column.kind == "integer"
            return Code(column, kind, True, None, 1, 0 if whole else column.constraints.decimals)
        levels = pc.unique(plain.drop_null())
        return Code(column, kind, False, levels, 1, None)

    def encode(self, values: pa.ChunkedArray) -> np.ndarray:
        """Codes, shape (rows,), float64; a value that is not among the levels becomes missing."""
        plain = _plain(values)
        if self.levels is not None:
            found = pc.index_in(plain, value_set=self.levels, skip_nulls=True)
            return found.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if pa.types.is_temporal(plain.type):
            codes = pc.divide(pc.subtract(_whole(plain), self.origin), self.step)
            return codes.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return plain.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)

    def rounded(self, codes: np.ndarray) -> np.ndarray:
        """Numeric codes with no more decimals than the column carries and inside its bounds."""
        if self.decimals is not None:
            codes = np.round(codes, self.decimals)
        limits = self.column.constraints
        if self.column.numeric and (limits.low is not None or limits.high is not None):
            codes = np.clip(codes, limits.low, limits.high)
        return codes

    def decode(self, codes: np.ndarray) -> pa.Array:
        """The values of these codes in the column's own Arrow type."""
        missing = np.isnan(codes)
        if self.levels is not None:
            if not len(self.levels):
                return pa.nulls(len(codes), self.type)
            index = pa.array(np.where(missing, 0, codes).astype(np.int64), mask=missing)
            return _typed(self.levels.take(index), self.type)
        safe = np.where(missing, 0.0, self.rounded(codes))
        plain = self.type.value_type if pa.types.is_dictionary(self.type) else self.type
        if pa.types.is_temporal(plain):
            moments = np.rint(safe).astype(np.int64) * self.step + self.origin
            made = pa.array(moments, mask=missing)
            return _typed((made.cast(pa.int32()) if plain.bit_width == 32 else made).cast(plain), self.type)
        if pa.types.is_integer(plain):
            whole = np.rint(np.clip(safe, -_LARGEST, _LARGEST)).astype(np.int64)
            return _typed(pa.array(whole, mask=missing).cast(plain), self.type)
        made = pa.array(safe, mask=missing)
        return _typed(made if pa.types.is_float64(plain) else made.cast(plain, safe=False), self.type)

    def unit(self) -> float:
        """The smallest step between two values of a numeric column; 0 when it carries any number of decimals."""
        return 0.0 if self.decimals is None else 10.0**-self.decimals


def _plain(values: pa.ChunkedArray) -> pa.Array:
    """One chunk without dictionary; NaN is null."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array


def _typed(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array if array.type == kind else array.cast(kind)


def _whole(plain: pa.Array) -> pa.Array:
    return plain.cast(pa.int32() if plain.type.bit_width == 32 else pa.int64()).cast(pa.int64())


def _step(kind: pa.DataType, moments: np.ndarray) -> int:
    """The coarsest step, in the type's own unit, in which every moment is whole."""
    if pa.types.is_date32(kind):
        return 1
    unit = 1_000_000 if pa.types.is_date64(kind) else _NANOSECONDS[kind.unit]
    for step in _STEPS:
        if step % unit == 0 and not (moments % (step // unit)).any():
            return step // unit
    return 1


def atoms(codes: np.ndarray, *, share: float = ATOM_SHARE, rows: int = ATOM_ROWS) -> np.ndarray:
    """The values that are points of mass (zero inflation, round numbers), sorted: emitted exactly, never smoothed.

    A value counts when it has this share of the records or is shared by so many of them; missing never does.
    """
    values, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    return values[(counts >= max(2.0, share * len(codes))) | (counts >= rows)]


def distinct(codes: np.ndarray) -> np.ndarray:
    """The values of these codes without missing, sorted. numpy's `unique` hashes, which takes numbers five times as long."""
    values = np.sort(codes[~np.isnan(codes)])
    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values


def is_in(values: np.ndarray, sorted_values: np.ndarray) -> np.ndarray:
    """True where a value is among the sorted ones, shape of `values`."""
    if not len(sorted_values):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(sorted_values, values), len(sorted_values) - 1)
    return sorted_values[at] == values


def reach(values: np.ndarray, group: np.ndarray, atom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each value may be smoothed: to the middle between it and its neighbours.

    `values` are sorted inside each `group` (equal numbers side by side, missing last); all three have the shape
    (rows,). Returns the lower and the upper end. An atom stays where it is, and nothing moves towards an atom.
    """
    low, high = values.copy(), values.copy()
    if len(values) > 1:
        free = ~atom & ~np.isnan(values)
        pair = (group[1:] == group[:-1]) & free[1:] & free[:-1]
        middle = (values[1:] + values[:-1]) / 2
        high[:-1] = np.where(pair, middle, high[:-1])
        low[1:] = np.where(pair, middle, low[1:])
    return low, high
