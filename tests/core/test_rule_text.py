"""The text of rules: what is read, and what a wrong rule is answered with."""

from __future__ import annotations

import pytest

from complement.core.errors import RuleError
from complement.core.rule_text import EXAMPLES, parse_rule, parse_rules
from complement.core.rules import Compare, MissingWhen, Range, Sum

BAD = {
    "": "empty",
    "end": "expected >, >=, <, <= or =, met 'the end'",
    "end >": "expected a column name, met 'the end'",
    "end >> start": "met '>'",
    "end > start > birth": "one comparison",
    "end != start": "met '!='",
    "end > end": "named twice",
    "end > 5": "range(end, 0, inf)",
    "end > start + 1": "an inequality compares two columns",
    "a + b = c + d": "one side of '='",
    "a = 5": "two columns or more",
    "a + b = total = c": "one comparison",
    "a * b = total": "'* b = total' cannot be read",
    "combinaton(city, state)": "did you mean 'combination'?",
    "combination(city)": "takes 2 or more columns, 1 are named",
    "one_to_one(a, b, c)": "takes 2 columns, 3 are named",
    "unique()": "expected a column name, met ')'",
    "unique(a, a)": "named twice",
    "unique(a, b": "expected ')', met 'the end'",
    "range(age, 100, 0)": "the low end 100.0 is above the high end 0.0",
    "range(age, 0)": "expected ',', met ')'",
    "range(age, low, 100)": "expected a number, inf or a date",
    "range(day, '2024-13-01', '2024-12-01')": "is no date",
    "range(day, 0, '2024-12-01')": "one end is a number and the other a date",
    "regex(code, '[A-Z')": "no regular expression",
    "regex(code, [A-Z])": "cannot be read",
    "regex('code', 'x')": "in backticks: `code`",
    "missing(discharge)": "expected 'when'",
    "missing(discharge) when status == ": "expected a value",
    "missing(discharge) when discharge > 3": "because of its own value",
    "end > start; a > b": "cannot be read",
    "x" * 2000: "2000 characters",
}


@pytest.mark.parametrize("text", BAD, ids=[text[:40] for text in BAD])
def test_a_wrong_rule_is_one_screen_that_says_what_was_met_and_how_to_write_it(text: str) -> None:
    with pytest.raises(RuleError) as met:
        parse_rule(text)
    error = met.value
    assert error.code == "rule-syntax"
    assert BAD[text] in error.text()
    assert error.help
    assert len(error.text().splitlines()) < 24


@pytest.mark.parametrize("text", EXAMPLES.values())
def test_the_examples_that_errors_show_are_rules(text: str) -> None:
    assert str(parse_rule(text)) == text


def test_an_inequality_is_known_by_its_larger_side() -> None:
    assert parse_rule("start < end") == Compare("start < end", "end", "start", True)
    assert parse_rule("end>=start") == Compare("end>=start", "end", "start", False)


def test_a_sum_knows_its_signs_its_constant_and_what_stands_alone() -> None:
    assert parse_rule("a + b = total") == Sum("a + b = total", ((1, "a"), (1, "b"), (-1, "total")), 0.0, "total")
    assert parse_rule("net = gross - tax - 2.5") == Sum(
        "net = gross - tax - 2.5", ((1, "net"), (-1, "gross"), (1, "tax")), -2.5, "net"
    )
    assert parse_rule("-a + b = 100") == Sum("-a + b = 100", ((-1, "a"), (1, "b")), 100.0, None)


def test_names_are_written_as_in_a_condition() -> None:
    rule = parse_rule('`net total` + "tax, due" = d.time')
    assert rule.columns() == ("net total", "tax, due", "d.time")
    assert parse_rule("range(range, -1e3, +inf)") == Range("range(range, -1e3, +inf)", "range", -1000.0, float("inf"))


def test_missing_when_takes_any_condition() -> None:
    rule = parse_rule("missing(a, `b c`) when not (d in ('x', 'y') or e > 3)")
    assert isinstance(rule, MissingWhen)
    assert rule.columns() == ("a", "b c", "d", "e")


def test_several_rules_are_read_once_each() -> None:
    assert [str(rule) for rule in parse_rules(["a > b", "unique(a)", "a > b"])] == ["a > b", "unique(a)"]
    assert len(parse_rules("a > b")) == 1
    with pytest.raises(RuleError, match="A rule is text, not int"):
        parse_rules([3])  # pyright: ignore[reportArgumentType]
