"""Rules from short text: one strict parser, and errors that show how a rule is written.

Grammar (names as in a condition; `-` between columns stands between spaces):
    rule  = name (">" | ">=" | "<" | "<=") name
          | terms "=" terms                         one side is a single name or number:  a + b = total
          | "combination" "(" name "," name … ")"   | "unique" "(" name … ")"      | "one_to_one" "(" name "," name ")"
          | "range" "(" name "," end "," end ")"    | "regex" "(" name "," text ")" | "missing" "(" name … ")" "when" condition
    terms = ["-"] term (("+" | "-") term)*            term = name | number
    end   = number | inf | 'date'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from difflib import get_close_matches

from complement.core.condition import Condition
from complement.core.errors import ConditionError, RuleError
from complement.core.rules import Combination, Compare, MissingWhen, OneToOne, Range, Regex, Rule, Sum, Unique

MAX_LENGTH = 1000  # a rule is a line that a person wrote
EXAMPLES = {
    "combination": "combination(city, state)",
    "unique": "unique(patient, day)",
    "one_to_one": "one_to_one(code, name)",
    "range": "range(age, 0, 110)",
    "regex": "regex(code, '[A-Z]{3}[0-9]+')",
    "missing": "missing(discharge) when status = 'in'",
}
_OTHERS = "end > start; a + b = total"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|'(?P<text>(?:[^']|'')*)'|`(?P<tick>[^`]+)`|\"(?P<quoted>[^\"]+)\""
    r"|(?P<symbol><=|>=|<>|!=|==|[=<>(),+\-])|(?P<word>[^\W\d][\w.\-]*))"
)
_ORDER = ("<", "<=", ">", ">=")


def parse_rule(text: object) -> Rule:
    """Read a rule. Raises RuleError "rule-syntax" that points at the place where reading stopped."""
    if not isinstance(text, str) or not text.strip():
        met = "An empty text is no rule." if isinstance(text, str) else f"A rule is text, not {type(text).__name__}."
        raise RuleError("rule-syntax", met, help=_how(""))
    if len(text) > MAX_LENGTH:
        raise RuleError("rule-syntax", f"The rule has {len(text)} characters; {MAX_LENGTH} are allowed.", where=text)
    return _Parser(text.strip()).whole()


def parse_rules(rules: str | Iterable[str | Rule]) -> tuple[Rule, ...]:
    """Every rule read, repeats left out; a single text is one rule."""
    given = [rules] if isinstance(rules, str) else list(rules)
    return tuple(dict.fromkeys(rule if isinstance(rule, Rule) else parse_rule(rule) for rule in given))


def _how(kind: str) -> str:
    if kind in EXAMPLES:
        return f"Write it like: {EXAMPLES[kind]}"
    return f"Rules look like: {_OTHERS}; {'; '.join(EXAMPLES.values())}"


class _Parser:
    """Recursive descent; tokens are read when they are needed, because what follows `when` is a condition's text."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.kind = text, 0, ""

    def error(self, what: str, at: int) -> RuleError:
        shown = f"{self.text[:at]}⟨here⟩{self.text[at:]}"[:300]
        return RuleError("rule-syntax", f"The rule cannot be read: {what}.", where=shown, help=_how(self.kind))

    def peek(self) -> tuple[str, str, int, int]:
        """Kind, value, start and end of the next token."""
        if not self.text[self.at :].strip():
            return "end", "", len(self.text), len(self.text)
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            start = len(self.text) - len(self.text[self.at :].lstrip())
            raise self.error(f"'{self.text[start : start + 12]}' cannot be read", start)
        group = str(match.lastgroup)
        kind = "name" if group in ("word", "tick", "quoted") else group
        return kind, match.group(group), match.start(group), match.end()

    def next(self) -> tuple[str, str, int]:
        kind, value, start, self.at = self.peek()
        return kind, value, start

    def accept(self, *symbols: str) -> str:
        kind, value, _, end = self.peek()
        if kind == "symbol" and value in symbols:
            self.at = end
            return value
        return ""

    def expect(self, symbol: str) -> None:
        _, met, start, _ = self.peek()
        if not self.accept(symbol):
            raise self.error(f"expected '{symbol}', met '{met or 'the end'}'", start)

    def name(self) -> str:
        kind, value, start = self.next()
        if kind == "name":
            return value
        hint = f"; a column stands bare or in backticks: `{value}`" if kind == "text" else ""
        raise self.error(f"expected a column name, met '{value or 'the end'}'{hint}", start)

    def end(self) -> None:
        kind, value, start, _ = self.peek()
        if kind == "symbol" and value in (*_ORDER, "="):
            raise self.error("a rule has one comparison; write two rules, such as 'a < b' and 'b < c'", start)
        if kind != "end":
            raise self.error(f"'{value}' comes after the end of the rule", start)

    def whole(self) -> Rule:
        kind, value, start, end = self.peek()
        if kind == "name" and self.text[end:].lstrip().startswith("("):
            if value not in EXAMPLES:
                close = get_close_matches(value, EXAMPLES, n=1, cutoff=0.5)
                raise self.error(f"there is no rule '{value}'" + (f"; did you mean '{close[0]}'?" if close else ""), start)
            self.kind, self.at = value, end
            self.expect("(")
            made: Callable[[], Rule] = getattr(self, f"_{value}")
            rule = made()
        else:
            rule = self._equation()
        self.end()
        return rule

    def _names(self, *, least: int, most: int = 1000) -> tuple[str, ...]:
        found, start = [self.name()], self.at
        while self.accept(","):
            start = self.at
            found.append(self.name())
        self.expect(")")
        if len(set(found)) < len(found):
            raise self.error("a column is named twice", start)
        if not least <= len(found) <= most:
            wanted = f"{least}" if most == least else f"{least} or more"
            raise self.error(f"{self.kind} takes {wanted} columns, {len(found)} are named", start)
        return tuple(found)

    def _combination(self) -> Rule:
        return Combination(self.text, self._names(least=2))

    def _unique(self) -> Rule:
        return Unique(self.text, self._names(least=1))

    def _one_to_one(self) -> Rule:
        return OneToOne(self.text, self._names(least=2, most=2))

    def _range(self) -> Rule:
        name = self.name()
        self.expect(",")
        low = self._end()
        self.expect(",")
        start = self.peek()[2]
        high = self._end()
        self.expect(")")
        if isinstance(low, str) != isinstance(high, str):
            raise self.error("one end is a number and the other a date", start)
        if not low <= high:  # pyright: ignore[reportOperatorIssue]  # both are of one type, see above
            raise self.error(f"the low end {low} is above the high end {high}", start)
        return Range(self.text, name, low, high)

    def _end(self) -> float | str:
        sign = -1.0 if self.accept("-", "+") == "-" else 1.0
        kind, value, start = self.next()
        if kind == "number":
            return sign * float(value)
        if kind == "name" and value.lower() == "inf":
            return sign * float("inf")
        if kind == "text":
            try:
                datetime.fromisoformat(value)
            except ValueError:
                raise self.error(f"'{value}' is no date; write it like '2024-05-01'", start) from None
            return value
        raise self.error(f"expected a number, inf or a date in single quotes, met '{value or 'the end'}'", start)

    def _regex(self) -> Rule:
        name = self.name()
        self.expect(",")
        kind, value, start = self.next()
        if kind != "text":
            raise self.error(f"expected a pattern in single quotes, met '{value or 'the end'}'", start)
        pattern = value.replace("''", "'")
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as cause:
            raise self.error(f"the pattern is no regular expression: {cause}", start) from None
        self.expect(")")
        return Regex(self.text, name, pattern)

    def _missing(self) -> Rule:
        names = self._names(least=1)
        _, value, start, end = self.peek()
        if value.lower() != "when":
            raise self.error(f"expected 'when' and a condition, met '{value or 'the end'}'", start)
        try:
            when = Condition.parse(self.text[end:])
        except ConditionError as cause:
            raise RuleError("rule-syntax", cause.met, where=self.text[:end] + " " + cause.where, help=cause.help) from None
        both = [name for name in names if name in when.columns()]
        if both:
            raise self.error(f"'{both[0]}' would be missing because of its own value", end)
        self.at = len(self.text)
        return MissingWhen(self.text, names, when)

    def _equation(self) -> Rule:
        left = self._terms()
        kind, symbol, start = self.next()
        if kind != "symbol" or symbol not in (*_ORDER, "=", "=="):
            raise self.error(f"expected >, >=, <, <= or =, met '{symbol or 'the end'}'", start)
        right = self._terms()
        names = [name for _, name in (*left, *right) if isinstance(name, str)]
        if len(set(names)) < len(names):
            raise self.error("a column is named twice", start)
        if symbol in _ORDER:
            return self._compare(left, symbol, right, start)
        if len(left) > 1 and len(right) > 1:
            raise self.error("one side of '=' is a single column or number, such as a total", start)
        if len(names) < 2:
            raise self.error("a sum has two columns or more; for one column write range(x, 5, 5)", start)
        alone = [side[0][1] for side in (right, left) if len(side) == 1 and isinstance(side[0][1], str)]
        terms = tuple((sign, name) for sign, name in (*left, *((-s, n) for s, n in right)) if isinstance(name, str))
        constant = sum(sign * part for sign, part in right if not isinstance(part, str))
        constant -= sum(sign * part for sign, part in left if not isinstance(part, str))
        return Sum(self.text, terms, float(constant), str(alone[0]) if alone else None)

    def _compare(self, left: list[tuple[int, str | float]], symbol: str, right: list[tuple[int, str | float]], at: int) -> Rule:
        first, second = left[0][1], right[0][1]
        if len(left) > 1 or len(right) > 1 or min(left[0][0], right[0][0]) < 0:
            raise self.error("an inequality compares two columns; sums go with '='", at)
        if not (isinstance(first, str) and isinstance(second, str)):
            name = first if isinstance(first, str) else second
            raise self.error(f"an inequality compares two columns; for a number write range({name}, 0, inf)", at)
        larger, smaller = (first, second) if symbol[0] == ">" else (second, first)
        return Compare(self.text, larger, smaller, len(symbol) == 1)

    def _terms(self) -> list[tuple[int, str | float]]:
        terms = [self._term(-1 if self.accept("-") else 1)]
        while symbol := self.accept("+", "-"):
            terms.append(self._term(1 if symbol == "+" else -1))
        return terms

    def _term(self, sign: int) -> tuple[int, str | float]:
        if self.peek()[0] == "number":
            return sign, float(self.next()[1])
        return sign, self.name()
