"""Fingerprints: one number per value or record, equal for equal values, whatever their storage or order."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.values import as_numbers, as_text

BLOCK = 100_000  # records at a time
DIGITS = 4  # significant digits within which two numbers count as near copies
MISSING = 0x9AE16A3B2F90404F  # what a missing value hashes to: any constant that no value is mapped to on purpose


def fingerprints(table: pa.Table, names: list[str], *, near: bool = False) -> np.ndarray:
    """A number per record over these columns, shape (rows,), dtype uint64; two different records agree once in 2**64.

    `near`: records that agree to four significant digits, and in text but for case and blanks, agree, too.
    """
    total = np.zeros(table.num_rows, np.uint64)
    for start in range(0, table.num_rows, BLOCK):  # the codes of millions of records would take as much memory as they do
        part = table.slice(start, BLOCK)
        for name in names:
            total[start : start + BLOCK] += lanes(codes_of(part.column(name), near=near), name)[:, 0]
    return total


def codes_of(column: pa.ChunkedArray, *, near: bool) -> np.ndarray:
    """A number per value, shape (rows,), dtype uint64, equal where the values are equal (or nearly)."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = as_numbers(column)
        return _number_codes(_rounded(values) if near else values)
    if pa.types.is_temporal(kind) or pa.types.is_boolean(kind):
        return _number_codes(as_numbers(column))
    return _text_codes(column, near=near)


def lanes(codes: np.ndarray, name: str) -> np.ndarray:
    """Two independent 64-bit hashes of a column's codes, shape (rows, 2); sums over columns ignore their order."""
    return np.stack([_mix(codes ^ np.uint64(_hash(f"{lane}/{name}"))) for lane in (0, 1)], axis=1)


def _rounded(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.floor(np.log10(np.abs(values))) - (DIGITS - 1)
        scaled = np.round(values / 10.0**power)
    # mantissa and exponent together: 9.9996 and 10.000 round to the same 1000 * 10^-2 only after a carry
    carry = np.abs(scaled) >= 10**DIGITS
    scaled, power = np.where(carry, scaled / 10, scaled), np.where(carry, power + 1, power)
    plain = np.where(values == 0, 0.0, scaled * 4096.0 + power)
    return np.where(np.isnan(values), np.nan, plain)


def _number_codes(values: np.ndarray) -> np.ndarray:
    values = values + 0.0  # -0.0 becomes 0.0
    codes = np.ascontiguousarray(values).view(np.uint64).copy()
    codes[np.isnan(values)] = MISSING
    return codes


def _text_codes(column: pa.ChunkedArray, *, near: bool) -> np.ndarray:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    encoded = plain.combine_chunks().dictionary_encode()
    words = as_text(encoded.dictionary)
    if near:
        words = np.array([None if word is None else " ".join(word.casefold().split()) for word in words] + [None], object)[:-1]
    table = np.array([MISSING if word is None else _hash(word) for word in words] + [MISSING], np.uint64)
    return table[pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False)]


def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")


def _mix(bits: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014), applied to every element; wraps modulo 2**64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
