"""Every kind of rule: which records obey, what is learnt of real ones, and which columns it fits."""

from __future__ import annotations

import pickle
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complement.core.errors import RuleError, SchemaError
from complement.core.rule_text import parse_rule
from complement.core.rules import Rule
from complement.core.schema import RECORDS, Column, Schema

DAYS = [date(2024, 1, day) for day in (1, 2, 3)]


def obeys(text: str, **columns: object) -> list[bool]:
    return parse_rule(text).mask(pa.table(columns)).tolist()


def test_an_inequality_holds_between_numbers_and_between_dates_and_a_missing_operand_obeys() -> None:
    assert obeys("b > a", a=[1, 1, 2, None], b=[2, 1, 1.5, 3]) == [True, False, False, True]
    assert obeys("a <= b", a=[1, 1, 2, None], b=[2, 1, 1.5, float("nan")]) == [True, True, False, True]
    assert obeys("end >= start", start=DAYS, end=[DAYS[1], None, DAYS[0]]) == [True, True, False]
    moments = pa.array(DAYS).cast(pa.timestamp("us"))
    assert obeys("end > start", start=DAYS, end=moments) == [False] * 3


def test_a_sum_holds_to_the_last_digit_of_the_total_and_no_further() -> None:
    assert obeys("a + b = t", a=[1, 2, None], b=[2, 2, 1], t=[3, 5, 9]) == [True, False, True]
    assert obeys("a - b = t", a=[0.3], b=[0.1], t=[0.2]) == [True]
    assert obeys("t = a - b + c", a=[5], b=[1], c=[2], t=[6]) == [True]
    assert obeys("a + b = 100", a=[40, 60], b=[60, 30]) == [True, False]
    assert obeys("a = b", a=[1, 1], b=[1, 2]) == [True, False]
    rounded = pa.table({"a": [1.26, 2.2, 3.3], "b": [1.13, 2.2, 3.0], "t": [2.4, 4.4, 6.5]})
    assert parse_rule("a + b = t").learn(rounded).mask(rounded).tolist() == [True, True, False]


def test_single_precision_adds_up_as_well() -> None:
    tenth = pa.array([0.1, 123456.7], pa.float32())
    total = pa.array([0.2, 246913.4], pa.float32())
    assert parse_rule("a + b = t").mask(pa.table({"a": tenth, "b": tenth, "t": total})).all()


def test_a_combination_is_one_that_was_seen_missing_included() -> None:
    real = pa.table({"city": ["Rome", "Rome", "Oslo", None], "state": ["I", "I", "N", "N"], "n": [1, 1, 2, 3]})
    rule = parse_rule("combination(city, state)").learn(real)
    made = pa.table({"state": ["I", "N", "N", None, "N"], "city": ["Rome", "Rome", None, "Rome", "Bonn"]})
    assert rule.mask(made).tolist() == [True, False, True, False, False]
    assert rule.counts is not None  # pyright: ignore[reportAttributeAccessIssue]
    assert sorted(rule.counts.tolist()) == [1, 1, 2]  # pyright: ignore[reportAttributeAccessIssue]


def test_categories_of_any_storage_are_the_same_combination() -> None:
    real = pa.table({"a": pa.array(["x", "y"]).dictionary_encode(), "b": [1.5, float("nan")]})
    rule = parse_rule("combination(a, b)").learn(real)
    assert rule.mask(pa.table({"a": ["y", "x"], "b": pa.array([None, 1.5])})).all()


def test_one_to_one_keeps_what_most_records_say() -> None:
    table = pa.table({"code": [1, 1, 1, 2, 2, 3, None], "name": ["a", "a", "b", "b", "b", "a", "a"]})
    assert parse_rule("one_to_one(code, name)").mask(table).tolist() == [True, True, False, True, True, False, True]


def test_of_records_that_repeat_the_first_obeys_and_missing_never_repeats() -> None:
    assert obeys("unique(a)", a=[1, 1, None, None, 2]) == [True, False, True, True, True]
    assert obeys("unique(a, b)", a=[1, 1, 1], b=["x", "y", "x"]) == [True, True, False]


def test_a_range_has_both_ends_of_numbers_and_of_dates() -> None:
    assert obeys("range(a, -1, 2.5)", a=[-1, 2.5, 3, None]) == [True, True, False, True]
    assert obeys("range(a, 0, inf)", a=[10**15, -1]) == [True, False]
    assert obeys("range(a, '2024-01-02', '2024-01-02')", a=DAYS) == [False, True, False]
    assert obeys("range(a, '2024-01-02T10:00', '2024-01-03')", a=pa.array(DAYS).cast(pa.timestamp("s"))) == [False, False, True]


def test_a_pattern_matches_the_whole_text() -> None:
    assert obeys("regex(a, '[A-Z]{3}[0-9]+')", a=["ABC1", "ABC", "xABC1", None]) == [True, False, False, True]
    assert obeys("regex(a, 'it''s')", a=["it's", "its"]) == [True, False]


def test_missing_when_speaks_only_of_records_under_its_condition() -> None:
    text = "missing(end, bill) when status = 'in' and age > 5"
    columns = {"end": [1, None, 1], "bill": [None, None, 2], "status": ["in", "in", "out"], "age": [9, 9, 9]}
    assert obeys(text, **columns) == [False, True, True]


SCHEMA = Schema(
    {
        RECORDS: (
            Column("a", "number"),
            Column("b", "integer"),
            Column("day", "date"),
            Column("word", "category"),
            Column("scan", "image"),
        )
    }
)


@pytest.mark.parametrize(
    "text", ["a > b", "a + b = 3", "combination(word, day)", "unique(a)", "range(day, '2024-01-01', '2024-02-01')"]
)
def test_a_rule_that_fits_becomes_a_rule_of_the_schema_and_stays_one(text: str) -> None:
    rule = parse_rule(text)
    schema = SCHEMA.with_rules((rule,)).assign(a="target").with_target("b").replace_column(Column("word", "text"))
    assert schema.rules == (rule,)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("a > dya", "schema-column", "'day'"),
        ("a > day", "rule-type", "a number and a date"),
        ("word > a", "rule-type", "holds category"),
        ("a + day = b", "rule-type", "holds date"),
        ("range(word, 0, 1)", "rule-type", "number or integer"),
        ("range(a, '2024-01-01', '2024-02-01')", "rule-type", "date or datetime"),
        ("regex(a, 'x')", "rule-type", "category or text"),
        ("unique(scan)", "rule-type", "no rule can speak of it"),
        ("missing(a) when wrd = 'x'", "schema-column", "'word'"),
        ("a - b > a", "rule-syntax", ""),
        ("a-b = day", "schema-column", "spaces"),
    ],
)
def test_a_rule_that_does_not_fit_the_columns_says_so(text: str, code: str, said: str) -> None:
    with pytest.raises((RuleError, SchemaError)) as met:
        SCHEMA.with_rules((parse_rule(text),))
    assert met.value.code == code
    assert said in met.value.text()


def test_a_learnt_rule_crosses_processes_and_equals_the_one_that_was_written() -> None:
    table = pa.table({"a": [1, 2, 2], "b": ["x", "y", "y"], "c": [1.5, 2.5, 2.5]})
    for text in ("combination(a, b)", "one_to_one(a, b)", "a + c = 9", "a > c", "unique(a)", "missing(a) when b = 'x'"):
        rule: Rule = parse_rule(text).learn(table)
        copy = pickle.loads(pickle.dumps(rule))
        assert copy == rule == parse_rule(text)
        assert copy.mask(table).tolist() == rule.mask(table).tolist()


def test_a_column_that_is_dropped_takes_its_rules_along() -> None:
    from complement.core.dataset import Dataset

    table = pa.table({"a": [1.0], "b": [2], "c": [3]})
    schema = Schema({RECORDS: (Column("a", "number"), Column("b", "integer"), Column("c", "integer"))})
    real = Dataset.of(table, schema.with_rules((parse_rule("b > a"), parse_rule("c > b"))))
    assert [str(rule) for rule in real.drop("a").schema.rules] == ["c > b"]


cells = st.lists(st.tuples(st.sampled_from("abc") | st.none(), st.integers(0, 3) | st.none(), st.integers(0, 2)), max_size=30)


@given(cells, cells)
def test_combinations_are_those_that_a_set_of_tuples_holds(
    real: list[tuple[object, ...]], made: list[tuple[object, ...]]
) -> None:
    kinds = {"a": pa.string(), "b": pa.int64(), "c": pa.int64()}

    def table(rows: list[tuple[object, ...]]) -> pa.Table:
        return pa.table({name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds.items())})

    rule = parse_rule("combination(a, b, c)").learn(table(real))
    assert rule.mask(table(made)).tolist() == [row in set(real) for row in made]
    unique = parse_rule("unique(a, b, c)").mask(table(made)).tolist()
    assert unique == [None in row or row not in made[:at] for at, row in enumerate(made)]


def test_many_columns_of_many_values_do_not_outgrow_their_codes() -> None:
    random = np.random.default_rng(0)
    columns = {f"c{at}": random.integers(0, 2**60, 500) for at in range(12)}
    table = pa.table(columns)
    rule = parse_rule(f"unique({', '.join(columns)})")
    assert rule.mask(table).all()
    assert rule.mask(pa.concat_tables([table, table])).sum() == 500


def test_an_end_with_a_time_of_day_is_none_of_a_date() -> None:
    with pytest.raises(RuleError, match="no value of 'a'"):
        obeys("range(a, '2024-01-02T10:00', '2024-01-03')", a=DAYS)
