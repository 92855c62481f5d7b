"""Conditions: a `where` parsed once into a tree over columns. Whitelisted; never handed on as a string.

Grammar, keywords in any case:
    condition  = and-part ("or" and-part)*          and-part = not-part ("and" not-part)*
    not-part   = "not" not-part | "(" condition ")" | test
    test       = column ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") literal
               | column ["not"] "in" "(" literal ("," literal)* ")"
               | column ["not"] "between" literal "and" literal
               | column "is" ["not"] ("null" | "missing")
    column     = name | `name with spaces` | "name with spaces"
    literal    = number | 'text' | true | false
A comparison with a missing value is false, whatever the comparison; use `is missing` to ask for missing values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import ConditionError
from complement.core.schema import nearest

Literal = str | float | int | bool
MAX_LENGTH = 4000  # a condition is a line that a person wrote, not a program
FEW = 5  # numbers of a column that an error writes out
MAX_DEPTH = 50  # of nested parentheses and `not`, far below Python's own limit
COMPARISONS = {
    "=": "equal",
    "==": "equal",
    "!=": "not_equal",
    "<>": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}


@dataclass(frozen=True)
class Test:
    """One column against literals: `operator` is =, !=, <, <=, >, >=, in, between or missing."""

    column: str
    operator: str
    values: tuple[Literal, ...] = ()


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


Node = Test | Not | And | Or


@dataclass(frozen=True)
class Condition:
    """A parsed condition; `text` is what the user wrote."""

    text: str
    tree: Node

    @staticmethod
    def parse(text: str) -> Condition:
        """Read a condition. Raises ConditionError that points at the place where reading stopped."""
        return Condition(text.strip(), _Parser(text).whole())

    def columns(self) -> set[str]:
        """The columns that the condition speaks of."""
        return {test.column for test in _tests(self.tree)}

    def mask(self, table: pa.Table) -> np.ndarray:
        """True for each row under the condition, shape (rows,). Unknown columns and unfit literals are errors."""
        return _mask(self.tree, table, self.text)

    def conjuncts(self) -> list[Node]:
        """The parts that must all hold; a condition without `and` is its own only part."""
        return list(self.tree.parts) if isinstance(self.tree, And) else [self.tree]

    def __str__(self) -> str:
        return self.text


_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|'(?P<text>(?:[^']|'')*)'|`(?P<tick>[^`]+)`|\"(?P<quoted>[^\"]+)\""
    r"|(?P<symbol><=|>=|<>|!=|==|[=<>(),])|(?P<word>[^\W\d][\w.\-]*))"
)
KEYWORDS = {"and", "or", "not", "in", "between", "is", "null", "missing", "true", "false"}


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ConditionError("where-syntax", f"The condition has {len(text)} characters; {MAX_LENGTH} are allowed.")
        self.text, self.at, self.depth = text, 0, 0
        self.tokens: list[tuple[str, str, int]] = list(self._scan())

    def _scan(self) -> Iterator[tuple[str, str, int]]:
        at = 0
        while at < len(self.text) and not self.text[at:].isspace():
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self._error(f"'{self.text[at:].strip()[:12]}' cannot be read", at)
            kind = group = str(match.lastgroup)
            value = match.group(group)
            if kind == "word" and value.lower() in KEYWORDS:
                kind, value = "keyword", value.lower()
            yield ("name" if kind in ("word", "tick", "quoted") else kind), value, match.start(group)
            at = match.end()

    def _error(self, what: str, at: int) -> ConditionError:
        return ConditionError(
            "where-syntax",
            f"The condition cannot be read: {what}.",
            where=f"{self.text[:at]}⟨here⟩{self.text[at:]}"[:300],
            help="Write it like: age > 60 and city in ('Rome', 'Oslo') and income is not missing",
        )

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text))

    def _next(self) -> tuple[str, str, int]:
        token = self._peek()
        self.at += 1
        return token

    def _accept(self, *values: str) -> bool:
        kind, value, _ = self._peek()
        if kind in ("keyword", "symbol") and value in values:
            self.at += 1
            return True
        return False

    def _expect(self, value: str) -> None:
        _, met, at = self._peek()
        if not self._accept(value):
            raise self._error(f"expected '{value}', met '{met or 'the end'}'", at)

    def whole(self) -> Node:
        tree = self._or()
        kind, value, at = self._peek()
        if kind != "end":
            raise self._error(f"'{value}' comes after the end of the condition", at)
        return tree

    def _or(self) -> Node:
        parts = [self._and()]
        while self._accept("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._accept("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels are nested", self._peek()[2])
        try:
            if self._accept("not"):
                return Not(self._not())
            if self._accept("("):
                inside = self._or()
                self._expect(")")
                return inside
            return self._test()
        finally:
            self.depth -= 1

    def _test(self) -> Node:
        kind, column, at = self._next()
        if kind != "name":
            raise self._error(f"expected a column name, met '{column or 'the end'}'", at)
        if self._accept("is"):
            negated = self._accept("not")
            if not self._accept("null", "missing"):
                raise self._error("expected 'missing' after 'is'", self._peek()[2])
            test: Node = Test(column, "missing")
            return Not(test) if negated else test
        negated = self._accept("not")
        if self._accept("in"):
            return self._negate(Test(column, "in", self._list()), negated)
        if self._accept("between"):
            low = self._literal()
            self._expect("and")
            return self._negate(Test(column, "between", (low, self._literal())), negated)
        kind, symbol, at = self._next()
        if negated or symbol not in COMPARISONS:
            raise self._error(f"expected a comparison after '{column}', met '{symbol or 'the end'}'", at)
        operator = {"==": "=", "<>": "!="}.get(symbol, symbol)
        return Test(column, operator, (self._literal(),))

    @staticmethod
    def _negate(test: Test, negated: bool) -> Node:
        # `x not in (...)` of a missing x is false, like every comparison; a bare Not would make it true.
        return And((Not(test), Not(Test(test.column, "missing")))) if negated else test

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _literal(self) -> Literal:
        kind, value, at = self._next()
        if kind == "number":
            return int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
        if kind == "text":
            return value.replace("''", "'")
        if kind == "keyword" and value in ("true", "false"):
            return value == "true"
        hint = f"; put text in single quotes: '{value}'" if kind == "name" else ""
        raise self._error(f"expected a value, met '{value or 'the end'}'{hint}", at)


def _tests(node: Node) -> Iterator[Test]:
    if isinstance(node, Test):
        yield node
    elif isinstance(node, Not):
        yield from _tests(node.part)
    else:
        for part in node.parts:
            yield from _tests(part)


def _mask(node: Node, table: pa.Table, text: str) -> np.ndarray:
    if isinstance(node, Not):
        return ~_mask(node.part, table, text)
    if isinstance(node, And):
        return np.logical_and.reduce([_mask(part, table, text) for part in node.parts])
    if isinstance(node, Or):
        return np.logical_or.reduce([_mask(part, table, text) for part in node.parts])
    return _test_mask(node, table, text)


def _test_mask(test: Test, table: pa.Table, text: str) -> np.ndarray:
    if test.column not in table.column_names:
        raise ConditionError(
            "schema-column", f"There is no column '{test.column}'.", where=text, help=nearest(test.column, table.column_names)
        )
    column = table.column(test.column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if test.operator == "missing":
        found = pc.is_null(column, nan_is_null=True)
    else:
        values = [_fit(value, column, test, text) for value in test.values]
        if test.operator == "in":
            found = pc.is_in(column, value_set=pa.array(values))
        elif test.operator == "between":
            found = pc.and_(pc.greater_equal(column, values[0]), pc.less_equal(column, values[1]))
        else:
            found = getattr(pc, COMPARISONS[test.operator])(column, values[0])
            if test.operator == "!=" and pa.types.is_floating(column.type):
                found = pc.and_(found, pc.invert(pc.is_nan(column)))
    return np.asarray(
        pc.fill_null(found, False).to_numpy(zero_copy_only=False)
        if isinstance(found, pa.Array)
        else pc.fill_null(found, False).to_numpy(),
        bool,
    )


def _fit(value: Literal, column: pa.ChunkedArray, test: Test, text: str) -> pa.Scalar:
    """The literal as a scalar that the column can be compared with, losing nothing."""
    fits, kind = False, column.type
    if pa.types.is_boolean(kind):
        fits = isinstance(value, bool) or value in (0, 1)
        value = bool(value) if fits else value
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        kind = pa.float64() if isinstance(value, float) else (kind if not pa.types.is_decimal(kind) else pa.float64())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        fits = isinstance(value, str)
        # Codes such as '0' and '1' are often text in a file: a number that is written the same way is meant.
        # Text has no order that a number would fit into: '9' comes after '10'.
        if isinstance(value, int) and not isinstance(value, bool) and test.operator in ("=", "!=", "in"):
            fits, value = True, str(value)
    elif pa.types.is_temporal(kind):
        fits = isinstance(value, str)
    if fits:
        try:
            return pa.scalar(value, pa.string()).cast(kind) if pa.types.is_temporal(kind) else pa.scalar(value, kind)
        except (pa.ArrowInvalid, OverflowError):
            fits = False
    held, example = _held(column)
    met = f"Column '{test.column}' holds {held}; it cannot be compared with {value!r}."
    name = test.column if re.fullmatch(r"[^\W\d][\w.\-]*", test.column) else f"`{test.column}`"
    raise ConditionError("where-type", met, where=text, help=f"Write it like: {name} {example}")


def _held(column: pa.ChunkedArray) -> tuple[str, str]:
    """What a column holds, in words, and how it is asked for; the numbers themselves where they are few."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return "true and false", "= true"
    if pa.types.is_temporal(kind):
        return "dates" if pa.types.is_date(kind) else "times", "> '2024-05-01'"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        few = sorted(one for one in pc.unique(column.drop_null()).slice(0, FEW + 1).to_pylist() if one == one)
        if 0 < len(few) <= FEW:
            shown = [f"{one:g}" for one in few]
            return (
                f"the number{'s' * (len(few) > 1)} {' and '.join(filter(None, [', '.join(shown[:-1]), shown[-1]]))}",
                f"= {shown[-1]}",
            )
        return "numbers", "> 60"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text", "= 'Rome'"
    return str(kind), "is not missing"
