"""Values of a column in the two forms in which numpy works: text and float64. One meaning of "1" in the whole house."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import SchemaError

LARGEST_EXACT = 2.0**53  # beyond it a float64 no longer tells neighbouring whole numbers apart
SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def as_text(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Every value as text, shape (rows,), dtype object; None where the value is missing (null or NaN).

    Booleans are "true" and "false"; whole numbers "1", also when they are stored as 1.0; other numbers their shortest exact
    form; dates and datetimes ISO 8601; text is left as it is. The same value gives the same text whatever its
    storage, so that labels agree between a CSV and a Parquet file.
    """
    array = _plain(column)
    if pa.types.is_null(array.type):
        return np.full(len(array), None, object)
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return np.array([None if value is None else str(value) for value in array.to_pylist()] + [None], object)[:-1]
    encoded = array.dictionary_encode()
    words = _words(encoded.dictionary)
    places = pc.fill_null(encoded.indices, len(words) - 1).to_numpy(zero_copy_only=False)
    return words[places]


def absent(words: np.ndarray) -> np.ndarray:
    """True where `as_text` found a missing value, bool of the same shape."""
    return np.fromiter((word is None for word in words), bool, len(words))


def as_numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Every value as float64, shape (rows,); NaN where it is missing.

    Booleans are 0 and 1, dates and datetimes seconds since 1970-01-01. Raises SchemaError for text: what a word is worth
    as a number is nobody's guess here.
    """
    array = _plain(column)
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan)
    if pa.types.is_date(kind):
        array, kind = array.cast(pa.timestamp("ms")), pa.timestamp("ms")
    if pa.types.is_timestamp(kind):
        return array.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) / SECONDS[kind.unit]
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise SchemaError("schema-mismatch", f"A column of {kind} has no numbers.", help="Declare it a category, or ignore it.")
    return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # some versions of pyarrow keep chunks when they are too long for one array
        array = pa.concat_arrays(array.chunks)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _words(values: pa.Array) -> np.ndarray:
    """The text of distinct values, shape (values + 1,), dtype object; the last place serves the missing ones."""
    words = np.full(len(values) + 1, None, object)
    for place, value in enumerate(values.to_pylist()):
        words[place] = _word(value)
    return words


def _word(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return None
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST_EXACT else repr(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())  # pyright: ignore[reportAttributeAccessIssue]
    return str(value)
