"""What the values of a column mean: the kind that its text or its Arrow type stands for, and the column cast to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import SourceError
from complement.core.schema import Kind
from complement.core.values import as_text
from complement.source.dates import find_dates

# "None" is not among them: in real files it often says that something was not done, which is a value.
MISSING_WORDS = ("", "?", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "NaN", "nan", "-")
TEXT_LENGTH = 40  # characters on average from which strings are sentences, not names of categories
STRAY_SHARE = 0.01  # a column with fewer stray words than this is numeric with something to clear up
STRAY_WORDS = 5  # with more different words they are codes of their own (ICD-9: 250.83 beside V57)
MAX_DECIMALS = 12
SLIPS = 0.01  # share of a column's values that may carry more digits than the others: slips of the pen
LARGEST = 1e100  # nothing that was measured is larger, and means of its squares could no longer be computed
ARROW: dict[Kind, pa.DataType] = {  # how each kind is stored
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "text": pa.string(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Typed:
    """A column in the Arrow type of its kind, and why: `codes` are the missing codes that were met in it."""

    column: pa.Array
    kind: Kind
    codes: tuple[str, ...] = ()
    because: str = ""
    sure: float = 1.0


def infer(name: str, column: pa.ChunkedArray, *, untyped: bool, codes: Sequence[str] | None = None) -> Typed:
    """The column in the type of its most likely kind.

    `untyped`: its text comes from a file without types, so that numbers are looked for in it. `codes`: the missing
    codes, where the user named them. Raises SourceError "source-type" when almost all of an untyped column are
    numbers and a few words are not, and for types that no kind stands for; "source-infinite" for infinities.
    """
    array = plain(column)
    if not pa.types.is_string(array.type):
        return _typed(name, array, codes)
    if not untyped:  # the reader of CSV trims, and the same words must mean the same from a data frame
        array = pc.utf8_trim_whitespace(array)
    array, met = drop_codes(array, MISSING_WORDS if codes is None else (*codes, ""))
    if array.null_count == len(array):
        return Typed(array, "category", met, "every value is missing")
    found = (_numbers(name, array) or _booleans(array)) if untyped else None
    dated = None if found else find_dates(array)
    found = found or (Typed(dated.column, dated.kind, (), dated.because, dated.sure) if dated else _words(array))
    return Typed(found.column, found.kind, met, found.because, found.sure)


def usual_codes(column: pa.ChunkedArray) -> tuple[str, ...]:
    """The usual missing codes that stand in the column; none for a column that is not text."""
    return drop_codes(plain(column), MISSING_WORDS)[1] if pa.types.is_string(plain(column).type) else ()


def as_kind(name: str, column: pa.ChunkedArray, kind: Kind, *, codes: Sequence[str]) -> pa.Array:
    """The column in the Arrow type of a kind that is known; values equal to a missing code become null.

    Raises SourceError "source-type" that shows the first value which does not fit.
    """
    array = plain(column)
    if kind in ("other", "image"):
        return array
    if pa.types.is_string(array.type):
        array = pc.utf8_trim_whitespace(array)
    array, _ = drop_codes(array, (*codes, ""))
    if array.null_count == len(array):
        return pa.nulls(len(array), ARROW[kind])
    if kind in ("category", "text"):
        return _to_text(array)
    if not pa.types.is_string(array.type):
        typed = _typed(name, array, ()).column
        if kind == "number" and pa.types.is_integer(typed.type):
            return typed.cast(pa.float64(), safe=False)
        if kind == "integer" and pa.types.is_boolean(typed.type):
            return typed.cast(pa.int64())
        return _fitting(name, typed, kind)
    if kind == "boolean":
        return _truths(name, array)
    if kind in ("number", "integer"):
        numbers = _parse_numbers(array)
        if numbers is None:
            raise _misfit(name, array, pc.invert(_looks_numeric(array)), kind)
        _refuse_infinite(name, numbers)
        return _fitting(name, numbers, kind)
    dates = find_dates(array)
    if dates is None:
        raise _misfit(name, array, pc.invert(pc.match_substring_regex(array, r"^\d{4}-\d{2}-\d{2}")), kind)
    return _fitting(name, dates.column, kind)


def plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array without dictionary; every kind of string is `string`, and a DECIMAL the number or the digits it stands for."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_null(array.type) or array.type == pa.string_view():
        array = array.cast(pa.string())
    return _of_decimal(array) if pa.types.is_decimal(array.type) else array


def _of_decimal(array: pa.Array) -> pa.Array:
    """Whole numbers where the type has no digits behind the point, else the nearest doubles; what neither holds stays text."""
    if array.type.scale > 0:  # Arrow's own cast is a bit off for one number in seven, and no equal of the same in a CSV
        return array.cast(pa.string()).cast(pa.float64())
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        return array.cast(pa.string())


def drop_codes(array: pa.Array, codes: Sequence[str]) -> tuple[pa.Array, tuple[str, ...]]:
    """The array with missing codes as nulls, and the codes that were met ("" is not listed)."""
    if pa.types.is_string(array.type):
        met = pc.is_in(array, value_set=pa.array(list(codes), pa.string()))
        if not pc.any(met).as_py():
            return array, ()
        seen = tuple(sorted({str(word) for word in pc.unique(array.filter(met)).to_pylist() if word}))
        return pc.if_else(met, pa.scalar(None, pa.string()), array), seen
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        return array, ()
    worth = {float(code): code for code in codes if _is_number(code)}
    met = pc.is_in(array.cast(pa.float64(), safe=False), value_set=pa.array(list(worth), pa.float64()))
    if not worth or not pc.any(met).as_py():
        return array, ()
    return pc.if_else(met, pa.scalar(None, array.type), array), tuple(worth.values())


def decimals_of(values: np.ndarray) -> tuple[int | None, int]:
    """The digits after the point that finite numbers carry (the smallest d with round(x, d) == x; None beyond 12), and how many
    values carry more.

    One cell with 14 digits is a slip, and does not speak for its column: up to 1 % of the values may carry more. Values that
    equal the most frequent one are not counted, for 99 % of zeros say nothing of how the others are written.
    """
    shown, counts = np.unique(values, return_counts=True)
    apart = int(np.argmax(counts)) if len(shown) else 0
    others = len(values) - int(counts[apart]) if len(shown) else 0
    for decimals in range(MAX_DECIMALS + 1):
        longer = np.round(shown, decimals) != shown
        beyond = int(counts[longer].sum())
        if beyond <= SLIPS * others and not (longer.any() and longer[apart]):
            return decimals, beyond
    return None, 0


def _typed(name: str, array: pa.Array, codes: Sequence[str] | None) -> Typed:
    kind = array.type
    array, met = drop_codes(array, codes or ())
    if pa.types.is_boolean(kind):
        return Typed(array, "boolean", met, "it is stored as true and false")
    if pa.types.is_integer(kind):
        try:
            return Typed(array.cast(pa.int64()), "integer", met, "it is stored as whole numbers")
        except pa.ArrowInvalid as cause:
            raise SourceError("source-type", f"Column '{name}' holds whole numbers beyond 2**63.") from cause
    if pa.types.is_floating(kind):
        return _floats(name, array, met)
    if pa.types.is_date(kind):
        return Typed(array.cast(pa.date32()), "date", met, "it is stored as dates")
    if pa.types.is_timestamp(kind):
        return _times(array.cast(pa.timestamp("us"), safe=False), met)
    if pa.types.is_struct(kind) and {"bytes", "path"} <= {field.name for field in kind}:
        return Typed(array, "image", met, "it holds the bytes and the path of images")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return Typed(array, "other", met, f"it is stored as {kind}, which no learner of tables reads", sure=0.9)
    raise SourceError("source-type", f"Column '{name}' has the type {kind}, which complement does not know.")


def _times(times: pa.Array, met: tuple[str, ...]) -> Typed:
    # pandas and JSON know no dates, only times at midnight.
    days = _cast(times, pa.date32()) if times.null_count < len(times) else None
    if days is not None and days.cast(times.type).equals(times):
        return Typed(days, "date", met, "every time in it is midnight", sure=0.9)
    return Typed(times, "datetime", met, "it is stored as times")


def _floats(name: str, array: pa.Array, met: tuple[str, ...]) -> Typed:
    numbers = _doubles(array)
    if numbers.null_count == len(numbers):
        return Typed(numbers.cast(pa.string()), "category", met, "every value is missing")
    _refuse_infinite(name, numbers)
    whole = _whole(numbers)
    if whole is not None:
        return Typed(whole, "integer", met, "every number in it is whole", sure=0.9)
    return Typed(numbers, "number", met, "it is stored as numbers with fractions")


def _doubles(array: pa.Array) -> pa.Array:
    """float64 with nulls for NaN. What float32 rounded is written as the short decimal number that was meant."""
    if not pa.types.is_float32(array.type):
        numbers = array.cast(pa.float64())
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    short = array.to_numpy(zero_copy_only=False)
    missing = np.isnan(short)
    wide, finite = short.astype(np.float64), short[np.isfinite(short)]
    for decimals in range(8):  # float32 carries at most 7 significant digits surely
        if (np.round(finite.astype(np.float64), decimals).astype(np.float32) == finite).all():
            wide = np.round(wide, decimals)
            break
    return pa.array(wide, mask=missing)


def _whole(numbers: pa.Array) -> pa.Array | None:
    """The numbers as int64 when all are whole and small enough to be exact, else None."""
    values = numbers.drop_null().to_numpy(zero_copy_only=False)
    if not ((values == np.trunc(values)) & (np.abs(values) < 2.0**53)).all():
        return None
    return numbers.cast(pa.int64())


def _refuse_infinite(name: str, numbers: pa.Array) -> None:
    if not pa.types.is_floating(numbers.type):
        return
    values = numbers.to_numpy(zero_copy_only=False)
    beyond = np.flatnonzero(np.abs(values) > LARGEST)
    if len(beyond):
        first = values[beyond[0]]
        what = "infinite values" if np.isinf(first) else f"values beyond {LARGEST:g}, such as {first:g}"
        raise SourceError(
            "source-infinite",
            f"Column '{name}' holds {len(beyond)} {what}; the first stands in row {beyond[0] + 1}.",
            help="Replace them by a number or leave the cells empty. Where they mean 'not known', name them under `missing`.",
        )


def _numbers(name: str, array: pa.Array) -> Typed | None:
    numbers = _parse_numbers(array)
    if numbers is None:
        _refuse_strays(name, array)
        return None
    if pa.types.is_string(numbers.type):
        return Typed(array, "category", (), "its digits are codes: leading zeros, or more digits than a number holds", sure=0.95)
    _refuse_infinite(name, numbers)
    if pa.types.is_integer(numbers.type):
        return Typed(numbers, "integer", (), "every value is a whole number")
    return Typed(numbers, "number", (), "every value is a number")


def _parse_numbers(array: pa.Array) -> pa.Array | None:
    """int64 or float64; the text itself when its digits are codes; None when it holds something else than numbers."""
    if array.null_count == len(array):
        return array.cast(pa.float64())
    probe = _probe(array)  # a cast that fails on many values is slow, so it is tried on a few first
    if not pc.any(_looks_numeric(probe)).as_py() and _cast(probe, pa.float64()) is None:
        return None
    whole = None if _cast(probe, pa.int64()) is None else _cast(array, pa.int64())
    if whole is not None:
        return array if _leading_zero(array) else whole
    numbers = None if _cast(probe, pa.float64()) is None else _cast(array, pa.float64())
    if numbers is None:
        plainer = _without_commas(array)
        return None if plainer is None else _parse_numbers(plainer)
    if not pc.any(pc.match_substring_regex(array, r"[^0-9+-]")).as_py():  # only digits, and int64 is too small for them
        return array
    whole = None if pc.any(pc.is_inf(numbers)).as_py() else _whole(numbers)
    return numbers if whole is None else whole


def _probe(array: pa.Array) -> pa.Array:
    """Some 200 values, evenly spread."""
    present = array.drop_null()
    return present.take(pa.array(np.arange(0, len(present), max(1, len(present) // 200))))


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return array.cast(kind)
    except pa.ArrowInvalid:
        return None


def _leading_zero(array: pa.Array) -> bool:
    zeros = pc.and_(pc.starts_with(array, "0"), pc.greater(pc.binary_length(array), 1))
    return bool(pc.any(zeros).as_py())


def _without_commas(array: pa.Array) -> pa.Array | None:
    """Text without thousands commas (1,234.5) or with its decimal comma (3,75) as a point; None when it is neither."""
    if not pc.any(pc.match_substring(array, ",")).as_py():
        signed = pc.replace_substring_regex(array, r"^\+([0-9.])", r"\1")
        return None if signed.equals(array) else signed
    if pc.all(pc.match_substring_regex(array, r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$")).as_py():
        return pc.replace_substring(array, ",", "")
    if pc.all(pc.match_substring_regex(array, r"^[+-]?\d+(,\d+)?$")).as_py():
        return pc.replace_substring(array, ",", ".")
    return None


def _looks_numeric(array: pa.Array) -> pa.Array:
    return pc.match_substring_regex(array, r"^[+-]?(\d+\.?\d*|\.\d+|\d+(,\d+)+(\.\d+)?)([eE][+-]?\d+)?$")


def _refuse_strays(name: str, array: pa.Array) -> None:
    stray = array.filter(pc.invert(_looks_numeric(array)))
    present = len(array) - array.null_count
    words = pc.unique(stray.drop_null()).to_pylist()
    count = len(stray) - stray.null_count
    if not words or len(words) > STRAY_WORDS or count / present > STRAY_SHARE:
        return
    row = pc.index(array, words[0]).as_py()
    raise SourceError(
        "source-type",
        f"Column '{name}' holds {present - count:,} numbers and the words {', '.join(map(repr, words))}.",
        where=f"row {row + 1} (line {row + 2} of a file whose first line is the header)",
        help=f"In the recipe: schema: {{{name}: {{missing: [{words[0]!r}]}}}}, when they mean 'not known'; "
        f"or schema: {{{name}: {{kind: category}}}}.",
    )


def _booleans(array: pa.Array) -> Typed | None:
    words = {str(word) for word in pc.unique(array.drop_null()).slice(0, 5).to_pylist()}
    if not words <= {"true", "false", "True", "False", "TRUE", "FALSE"}:
        return None
    truth = pc.equal(pc.utf8_lower(array), "true")
    return Typed(truth, "boolean", (), "every value is true or false")


def _truths(name: str, array: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(array)
    yes = pc.is_in(lower, value_set=pa.array(["true", "1", "yes", "y", "t"]))
    no = pc.is_in(lower, value_set=pa.array(["false", "0", "no", "n", "f"]))
    known = pc.or_(pc.or_(yes, no), pc.is_null(array))
    if not pc.all(known).as_py():
        raise _misfit(name, array, pc.invert(known), "boolean")
    return pc.if_else(pc.is_null(array), pa.scalar(None, pa.bool_()), yes)


def _words(array: pa.Array) -> Typed:
    length = pc.mean(pc.utf8_length(array)).as_py()
    if length > TEXT_LENGTH and pc.count_distinct(array).as_py() > len(array) / 10:
        return Typed(array, "text", (), f"its strings are {length:.0f} characters long on average", sure=0.9)
    return Typed(array, "category", (), "it holds words or codes")


def _to_text(array: pa.Array) -> pa.Array:
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_floating(array.type):
        array = _doubles(array)
    return pa.array(as_text(array), pa.string())


def _fitting(name: str, array: pa.Array, kind: Kind) -> pa.Array:
    """The typed array in the type of the kind, or an error that shows the first value that does not fit."""
    wanted = ARROW[kind]
    if kind == "boolean" and (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        beyond = pc.invert(pc.is_in(array, value_set=pa.array([0, 1]).cast(array.type), skip_nulls=True))
        beyond = pc.and_(beyond, pc.is_valid(array))
        if pc.any(beyond).as_py():  # a cast would take every number but 0 for true
            raise _misfit(name, array, beyond, kind)
    if array.type == wanted:
        return array
    try:
        return array.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as cause:
        if kind == "integer" and pa.types.is_floating(array.type):
            broken = pc.not_equal(array, pc.trunc(array))
            raise _misfit(name, array, broken, kind) from cause
        raise SourceError(
            "source-type", f"Column '{name}' holds {array.type}; it cannot be read as {kind}.", help="Declare another kind."
        ) from cause


def _misfit(name: str, array: pa.Array, broken: pa.Array, kind: Kind) -> SourceError:
    rows = np.flatnonzero(pc.fill_null(broken, False).to_numpy(zero_copy_only=False))
    row = int(rows[0]) if len(rows) else 0
    first = array[row].as_py()
    return SourceError(
        "source-type",
        f"Column '{name}' is declared as {kind}; {len(rows):,} values are not, the first is {first!r} in row {row + 1}.",
        help="Declare the kind that fits (number for fractions, category for words), or name the value as a missing code.",
    )


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False
