"""Identifiers, units and personal values: never learnt and never copied, made anew in the format of the real ones."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.errors import GenerateError
from complement.core.schema import Column
from complement.generate.codec import Code, is_in

_ROUNDS = 20  # of redrawing what repeats; after that the format is lengthened
_DIGITS, _LOWER, _UPPER = (np.array(list(text)) for text in (string.digits, string.ascii_lowercase, string.ascii_uppercase))
_ALPHABETS = {"0": _DIGITS, "a": _LOWER, "A": _UPPER}


@dataclass(frozen=True, repr=False)
class Remaker:
    """Makes values of one column anew.

    Numbers and moments: an identifier continues after the largest real one; a personal value is drawn between the
    smallest and the largest. Text: a digit for a digit, a letter for a letter of the same case, all else as it is.
    Identifiers and units never repeat inside one answer; no value is a real one. Two answers may meet.
    """

    column: Column
    code: Code
    formats: tuple[str, ...]
    shares: np.ndarray
    known: frozenset[str]
    numbers: np.ndarray
    missing: float
    distinct: bool

    @staticmethod
    def of(column: Column, values: pa.ChunkedArray) -> Remaker:
        """Learn formats (not values) from a real column; the real values are kept only to be avoided."""
        as_kind = column if pa.types.is_boolean(values.type) else replace(column, kind="number")
        code = Code.of(as_kind, values)
        missing = values.null_count / max(1, len(values)) if column.role == "personal" else 0.0
        distinct = column.role in ("identifier", "unit") or column.constraints.unique
        formats: dict[str, int] = {}
        known: frozenset[str] = frozenset()
        numbers = np.empty(0)
        if pa.types.is_integer(values.type):
            numbers = np.unique(values.drop_null().cast(pa.int64(), safe=False).to_numpy())
        elif code.numeric:
            coded = code.encode(values)
            numbers = np.unique(coded[~np.isnan(coded)])
        elif _is_text(values.type):
            known = frozenset(str(value) for value in code.levels.to_pylist()) if code.levels is not None else known
            for value in sorted(known):
                shape = _shape(value)
                formats[shape] = formats.get(shape, 0) + 1
        counts = np.array(list(formats.values()), float)
        return Remaker(column, code, tuple(formats), counts / max(1.0, counts.sum()), known, numbers, missing, distinct)

    def with_fixed_letters(self) -> Remaker:
        """The same, but a letter that all real values of one format share stays: a prefix says of nobody who he is."""
        groups: dict[str, list[str]] = {}
        for value in sorted(self.known):
            groups.setdefault(_shape(value), []).append(value)
        fixed = {shape: _shape(values[0], _shared_letters(values)) for shape, values in groups.items()}
        return replace(self, formats=tuple(fixed[shape] for shape in self.formats))

    def make(self, rows: int, rng: np.random.Generator) -> pa.Array:
        """`rows` new values in the column's Arrow type."""
        gone = rng.random(rows) < self.missing
        if len(self.numbers):
            return self._typed(self._numbers(rows, rng), gone)
        if self.formats:
            texts = pa.array(self._texts(rows, rng), pa.string(), mask=gone)
            kind = self.code.type
            return texts.cast(kind.value_type).cast(kind) if pa.types.is_dictionary(kind) else texts.cast(kind)
        return pa.nulls(rows, self.code.type)  # no format to follow: booleans, nested values, nothing but missing

    def _typed(self, made: np.ndarray, gone: np.ndarray) -> pa.Array:
        try:
            if made.dtype.kind == "i":
                return pa.array(made, mask=gone).cast(self.code.type)
            free = replace(self.code, column=replace(self.column, kind="other"))  # the real bounds do not bind new values
            return free.decode(np.where(gone, np.nan, made))
        except (pa.ArrowInvalid, OverflowError) as cause:
            raise GenerateError(
                "generate-unsupported",
                f"Column '{self.column.name}' holds {self.code.type}, which has no room for new values.",
                help="Give the column a wider type, or the role ignore.",
            ) from cause

    def _numbers(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        whole = self.numbers.dtype.kind == "i"
        first, last = self.numbers[0], self.numbers[-1]
        unit = 1 if whole else self.code.unit() or 1.0
        steps = np.arange(1, rows + 1)
        full = whole and int(last) + rows > np.iinfo(np.int64).max
        outside = first - unit * steps if full else last + unit * steps
        if self.column.role != "personal":
            return outside
        room = min(float(last) - float(first), 2.0**62) / unit + 1
        made = outside.copy()
        again = np.arange(rows)
        for _ in range(_ROUNDS):
            place = rng.random(len(again))
            if whole or self.code.decimals is not None:
                made[again] = first + unit * np.floor(place * room).astype(made.dtype)
            else:  # as many decimals as there are: steps from the smallest would carry its own
                made[again] = first + place * (last - first)
            again = np.flatnonzero(is_in(made, self.numbers) | (self.distinct & _repeats(made)))
            if not len(again):
                return made
        made[again] = outside[: len(again)]  # the range has no free values left
        return made

    def _texts(self, rows: int, rng: np.random.Generator) -> list[str]:
        chosen = rng.choice(len(self.formats), rows, p=self.shares)
        made = np.empty(rows, object)
        waiting, seen, longer = np.arange(rows), set[str](), ""
        while len(waiting):
            for _ in range(_ROUNDS):
                for number in np.unique(chosen[waiting]):
                    rows_of = waiting[chosen[waiting] == number]
                    made[rows_of] = _fill(self.formats[number] + longer, len(rows_of), rng)
                again: list[int] = []
                for row in waiting:
                    value = made[row]
                    if value in self.known or (self.distinct and value in seen):
                        again.append(int(row))
                    else:
                        seen.add(value)
                waiting = np.array(again, int)
                if not len(waiting):
                    break
            longer += "0"  # the format has no free values left: one more digit
        return [str(value) for value in made]


def constant(column: Column, code: Code, rows: int) -> pa.Array:
    """What stands in a column that is ignored: missing where that is allowed, else one value that says nothing."""
    if column.constraints.nullable:
        return pa.nulls(rows, code.type)
    if code.numeric:
        return code.decode(code.rounded(np.zeros(rows)))
    plain = code.type.value_type if pa.types.is_dictionary(code.type) else code.type
    if _is_text(plain):
        value = column.constraints.values[0] if column.constraints.values else ""
        return pa.array([value] * rows, pa.string()).cast(plain).cast(code.type)
    if code.levels is not None and len(code.levels):
        return code.decode(np.zeros(rows))
    return pa.nulls(rows, code.type)


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(plain) or pa.types.is_large_string(plain)


def _shape(text: str, fixed: frozenset[int] = frozenset()) -> str:
    """The format of a text: 0 for a digit, a and A for letters, all else, and what is fixed, behind a backslash."""
    parts: list[str] = []
    for place, sign in enumerate(text):
        if place in fixed:
            parts.append("\\" + sign)
        elif sign.isdigit():
            parts.append("0")
        elif sign.isalpha():
            parts.append("A" if sign.isupper() else "a")
        else:
            parts.append("\\" + sign)
    return "".join(parts)


def _shared_letters(values: list[str]) -> frozenset[int]:
    """The places at which all these texts of one length have the same letter."""
    return frozenset(place for place, signs in enumerate(zip(*values, strict=True)) if len({*signs}) == 1 and signs[0].isalpha())


def _fill(shape: str, rows: int, rng: np.random.Generator) -> list[str]:
    """`rows` random texts of this format."""
    signs: list[np.ndarray] = []
    at = 0
    while at < len(shape):
        if shape[at] == "\\":
            signs.append(np.full(rows, shape[at + 1]))
            at += 2
        else:
            alphabet = _ALPHABETS[shape[at]]
            signs.append(alphabet[rng.integers(0, len(alphabet), rows)])
            at += 1
    if not signs:
        return [""] * rows
    return ["".join(row) for row in np.stack(signs, axis=1)]


def _repeats(values: np.ndarray) -> np.ndarray:
    """True for each value that stood before, shape (rows,)."""
    again = np.ones(len(values), bool)
    again[np.unique(values, return_index=True)[1]] = False
    return again
