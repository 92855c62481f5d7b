"""Dates and times in text: which order of day and month they follow, and the column cast to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from complement.core.schema import Kind

SLASHED = r"^\d{1,2}([/.])\d{1,2}[/.]\d{4}$"
CLOCKED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$"


@dataclass(frozen=True)
class Dated:
    """A column of dates or times (or left as text, when its order is unclear), why, and how sure (0 to 1) that is."""

    column: pa.Array
    kind: Kind
    because: str
    sure: float


def find_dates(array: pa.Array) -> Dated | None:
    """The text as dates or times when every value is one, else None. Times with a zone become UTC."""
    first = array.drop_null().slice(0, 1)
    if not len(first) or not re.match(r"\d{1,4}[-/.]\d", str(first[0].as_py())):
        return None
    if pc.all(pc.match_substring_regex(array, r"^\d{4}-\d{2}-\d{2}$")).as_py():
        return _cast_dates(array, pa.date32(), "date", "every value is a date like 2024-05-31")
    if pc.all(pc.match_substring_regex(array, CLOCKED)).as_py():
        zoned = pc.any(pc.match_substring_regex(array, r"(Z|[+-]\d{2}:?\d{2})$")).as_py()
        # A minus sign also stands inside the date, hence the zone is looked for behind the clock only.
        zoned = zoned and pc.any(pc.match_substring_regex(array, r":\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$")).as_py()
        kind = pa.timestamp("us", tz="UTC") if zoned else pa.timestamp("us")
        return _cast_dates(array, kind, "datetime", "every value is a time like 2024-05-31 18:00")
    if pc.all(pc.match_substring_regex(array, SLASHED)).as_py():
        return _slashed(array)
    return None


def _cast_dates(array: pa.Array, kind: pa.DataType, name: Kind, because: str) -> Dated | None:
    try:
        column = array.cast(kind)
    except pa.ArrowInvalid:  # the 31st of February, or only some values with a zone
        return None
    return Dated(column.cast(pa.timestamp("us")) if name == "datetime" else column, name, because, sure=0.98)


def _slashed(array: pa.Array) -> Dated | None:
    """Dates like 31/05/2024 or 05/31/2024: which part is the day follows from values above 12, else it stays text."""
    parts = pc.extract_regex(array, r"^(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>\d{4})$")
    first, second = (pc.max(pc.struct_field(parts, place).cast(pa.int64())).as_py() for place in (0, 1))
    if first <= 12 and second <= 12 and "/" in str(array.drop_null()[0].as_py()):
        return Dated(array, "category", "it holds dates whose day and month cannot be told apart", sure=0.5)
    day_first = second <= 12
    order = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    try:
        column = pc.strptime(pc.replace_substring(array, ".", "/"), format=order, unit="s").cast(pa.date32())
    except pa.ArrowInvalid:
        return None
    return Dated(column, "date", f"every value is a date with the {'day' if day_first else 'month'} first", sure=0.9)
