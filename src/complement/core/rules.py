"""Rules between the columns of one table: what each kind says, and which records obey it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.condition import Condition
from complement.core.errors import RuleError, SchemaError
from complement.core.values import as_numbers, as_text

if TYPE_CHECKING:
    from complement.core.schema import Schema

NUMBERS, DATES, WORDS = ("number", "integer"), ("date", "datetime"), ("category", "text")
NOISE, NOISE_32 = 1e-9, 1e-6  # of the largest operand: what adding floats of 64 and of 32 bits may lose
_WIDEST = 2**40  # codes of several columns are made dense again before they outgrow 64 bits


@dataclass(frozen=True)
class Rule(ABC):
    """Abstract: one rule over columns of the root table. `text` is what the user wrote; two rules of one text are equal."""

    text: str

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule speaks of, each once."""

    @abstractmethod
    def mask(self, table: pa.Table) -> np.ndarray:
        """True for each record that obeys, shape (rows,). What was not learnt is taken from the table itself."""

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Raise SchemaError for an unknown column, RuleError "rule-type" for a column of a kind that cannot be meant."""

    def learn(self, real: pa.Table) -> Self:
        """The same rule with what it needs of the real records; it can be pickled."""
        del real
        return self

    def known(self, schema: Schema, kinds: Sequence[str] = ()) -> set[str]:
        """The kinds of the columns; each must exist and, where `kinds` are given, be of one of them."""
        met: set[str] = set()
        for name in self.columns():
            try:
                column = schema.column(name)
            except SchemaError as unknown:
                glued = " With spaces, ' - ' is minus." if "-" in name else ""
                raise SchemaError(unknown.code, unknown.met, where=self.text, help=unknown.help + glued) from None
            if column.kind in ("image", "other") or (kinds and column.kind not in kinds):
                wanted = f"; the rule needs {' or '.join(kinds)}" if kinds else "; no rule can speak of it"
                raise self.unfit(f"The column '{name}' holds {column.kind}{wanted}.")
            met.add(column.kind)
        return met

    def unfit(self, met: str) -> RuleError:
        """The error of a rule that does not fit its columns."""
        return RuleError("rule-type", met, where=self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Compare(Rule):
    """`larger > smaller`, or >= when not strict: numbers with numbers, dates with dates. A missing operand obeys."""

    larger: str
    smaller: str
    strict: bool

    def columns(self) -> tuple[str, ...]:
        return (self.larger, self.smaller)

    def check(self, schema: Schema) -> None:
        kinds = self.known(schema, (*NUMBERS, *DATES))
        if not (kinds <= set(NUMBERS) or kinds <= set(DATES)):
            raise self.unfit(f"'{self.larger}' and '{self.smaller}' are a number and a date: they have no order.")

    def mask(self, table: pa.Table) -> np.ndarray:
        larger, smaller = plain(table.column(self.larger)), plain(table.column(self.smaller))
        try:
            found = (pc.greater if self.strict else pc.greater_equal)(larger, smaller)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as cause:  # such as moments with and without a time zone
            raise self.unfit(f"{larger.type} and {smaller.type} cannot be compared.") from cause
        return _true(found, when_missing=True)


@dataclass(frozen=True)
class Sum(Rule):
    """The signed `terms` add up to `constant`; `alone` is the column that stands alone on its side (a total).

    A record obeys when the sum is right to half of the last digit that `alone` carries, so that rounded totals do; a
    missing operand obeys.
    """

    terms: tuple[tuple[int, str], ...]
    constant: float = 0.0
    alone: str | None = None
    slack: float = field(default=0.0, compare=False)

    def columns(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.terms)

    def check(self, schema: Schema) -> None:
        self.known(schema, NUMBERS)

    def learn(self, real: pa.Table) -> Self:
        return self if self.alone is None else replace(self, slack=_half_unit(as_numbers(real.column(self.alone))))

    def mask(self, table: pa.Table) -> np.ndarray:
        parts = np.stack([sign * as_numbers(table.column(name)) for sign, name in self.terms])
        short = any(pa.types.is_float32(table.column(name).type) for name in self.columns())
        noise = np.maximum(np.abs(parts).max(axis=0), abs(self.constant)) * (NOISE_32 if short else NOISE)
        off = np.abs(parts.sum(axis=0) - self.constant)
        return np.isnan(off) | (off <= self.slack + noise)

    def solved(self, name: str, table: pa.Table) -> np.ndarray:
        """What the column must be, given the others; shape (rows,), NaN where one of them is missing."""
        found, own = np.full(table.num_rows, self.constant), 1
        for sign, other in self.terms:
            if other == name:
                own = sign
            else:
                found -= sign * as_numbers(table.column(other))
        return found * own


@dataclass(frozen=True)
class Seen(Rule):
    """Abstract: only the combinations of these columns that were seen in real records. Missing is a value like others.

    Learnt: `seen` holds each allowed combination once, shape (combinations, columns), `counts` its real records.
    """

    names: tuple[str, ...]
    seen: pa.Table | None = field(default=None, compare=False, repr=False)
    counts: np.ndarray | None = field(default=None, compare=False, repr=False)

    def columns(self) -> tuple[str, ...]:
        return self.names

    def check(self, schema: Schema) -> None:
        self.known(schema)

    def learn(self, real: pa.Table) -> Self:
        table = real.select(list(self.names)).combine_chunks()
        (codes,) = codes_of([table], self.names)
        _, first, counts = np.unique(codes, return_index=True, return_counts=True)
        seen = table.take(pa.array(first))
        allowed = self.allowed(seen, counts)
        return replace(self, seen=seen.filter(pa.array(allowed)), counts=counts[allowed])

    def mask(self, table: pa.Table) -> np.ndarray:
        if self.seen is None:
            return self.learn(table).mask(table)
        made, known = codes_of([table, self.seen], self.names)
        return np.isin(made, known)

    @abstractmethod
    def allowed(self, seen: pa.Table, counts: np.ndarray) -> np.ndarray:
        """True for each combination met that is allowed, shape (combinations,)."""


@dataclass(frozen=True)
class Combination(Seen):
    """`combination(city, state)`: every combination that was met is allowed, and no other."""

    def allowed(self, seen: pa.Table, counts: np.ndarray) -> np.ndarray:
        return np.ones(len(counts), bool)


@dataclass(frozen=True)
class OneToOne(Seen):
    """`one_to_one(code, name)`: each code goes with one name and each name with one code, those that most records say."""

    def allowed(self, seen: pa.Table, counts: np.ndarray) -> np.ndarray:
        best = np.ones(len(counts), bool)
        order = np.argsort(-counts, kind="stable")
        for name in self.names:
            (codes,) = codes_of([seen], (name,))
            first = np.zeros(len(counts), bool)
            first[order[np.unique(codes[order], return_index=True)[1]]] = True
            best &= first
        return best | missing_in(seen, self.names)  # a code without a name says nothing against the name


@dataclass(frozen=True)
class Unique(Rule):
    """`unique(a, b)`: no two records agree in all of these columns; of equal ones the first obeys. Missing never repeats."""

    names: tuple[str, ...]

    def columns(self) -> tuple[str, ...]:
        return self.names

    def check(self, schema: Schema) -> None:
        self.known(schema)

    def mask(self, table: pa.Table) -> np.ndarray:
        (codes,) = codes_of([table], self.names)
        first = np.zeros(len(codes), bool)
        first[np.unique(codes, return_index=True)[1]] = True
        return first | missing_in(table, self.names)


@dataclass(frozen=True)
class Range(Rule):
    """`range(x, 0, 100)`: both ends included; of dates the ends are text such as '2024-05-01'. Missing obeys."""

    name: str
    low: float | str
    high: float | str

    def columns(self) -> tuple[str, ...]:
        return (self.name,)

    def check(self, schema: Schema) -> None:
        self.known(schema, DATES if isinstance(self.low, str) else NUMBERS)

    def mask(self, table: pa.Table) -> np.ndarray:
        values = plain(table.column(self.name))
        low, high = self.ends(values.type)
        return _true(pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high)), when_missing=True)

    def ends(self, kind: pa.DataType) -> tuple[pa.Scalar, pa.Scalar]:
        """Both ends as scalars that a column of this type can be compared with."""
        if isinstance(self.low, str):
            try:
                return pa.scalar(self.low).cast(kind), pa.scalar(self.high).cast(kind)
            except pa.ArrowInvalid as cause:  # a time of day for a column of dates, a moment without its zone
                raise self.unfit(f"'{self.low}' or '{self.high}' is no value of '{self.name}', which holds {kind}.") from cause
        return pa.scalar(float(self.low)), pa.scalar(float(self.high))


@dataclass(frozen=True)
class Regex(Rule):
    """`regex(code, '[A-Z]{3}[0-9]+')`: the whole text matches, by the rules of Python's `re`. Missing obeys."""

    name: str
    pattern: str

    def columns(self) -> tuple[str, ...]:
        return (self.name,)

    def check(self, schema: Schema) -> None:
        self.known(schema, WORDS)

    def mask(self, table: pa.Table) -> np.ndarray:
        encoded = plain(table.column(self.name)).dictionary_encode()
        match = re.compile(self.pattern).fullmatch
        obeys = [word is None or match(word) is not None for word in as_text(encoded.dictionary)]
        return np.array([*obeys, True])[pc.fill_null(encoded.indices, len(obeys)).to_numpy(zero_copy_only=False)]


@dataclass(frozen=True)
class MissingWhen(Rule):
    """`missing(discharge) when status = 'in'`: no value stands in these columns of a record under the condition."""

    names: tuple[str, ...]
    when: Condition

    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.names, *sorted(self.when.columns()))))

    def check(self, schema: Schema) -> None:
        self.known(schema)

    def mask(self, table: pa.Table) -> np.ndarray:
        obeys = ~self.when.mask(table)
        absent = [pc.is_null(plain(table.column(name))).to_numpy(zero_copy_only=False) for name in self.names]
        return obeys | np.logical_and.reduce(absent)


def plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array without dictionary, NaN as null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array) if pa.types.is_floating(array.type) else array


def codes_of(tables: Sequence[pa.Table], names: Sequence[str]) -> list[np.ndarray]:
    """Whole numbers that are equal where records agree in all of these columns, over all tables; shape (rows,) each."""
    total, width = np.zeros(sum(table.num_rows for table in tables), np.int64), 1
    for name in names:
        kind = plain(tables[0].column(name).slice(0, 0)).type
        arrays = [plain(table.column(name)).cast(kind) for table in tables]
        encoded = pa.concat_arrays(arrays).dictionary_encode()
        codes = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
        levels = len(encoded.dictionary) + 1
        total, width = total * levels + codes, width * levels
        if width > _WIDEST:
            distinct, total = np.unique(total, return_inverse=True)
            width = len(distinct)
    ends = np.cumsum([table.num_rows for table in tables])[:-1]
    return np.split(total, ends)


def missing_in(table: pa.Table, names: Sequence[str]) -> np.ndarray:
    """True for each record that lacks a value in one of these columns, shape (rows,)."""
    return np.logical_or.reduce([pc.is_null(plain(table.column(name))).to_numpy(zero_copy_only=False) for name in names])


def _true(found: pa.Array, *, when_missing: bool) -> np.ndarray:
    return np.asarray(pc.fill_null(found, when_missing).to_numpy(zero_copy_only=False), bool)


def _half_unit(values: np.ndarray) -> float:
    """Half of the last digit that the numbers carry; 0 when they carry any number of them."""
    known = values[~np.isnan(values)]
    found = next((digits for digits in range(9) if np.array_equal(np.round(known, digits), known)), None)
    return 0.0 if found is None or not len(known) else 0.5 * 10.0**-found
