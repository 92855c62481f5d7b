"""Real records that break a rule: refused where there are many, set aside and named where there are few."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement.core.broken import broken, under, without_broken
from complement.core.dataset import Dataset
from complement.core.errors import ConditionError, RuleError
from complement.core.schema import RECORDS, Column, Schema

SCHEMA = Schema({RECORDS: (Column("start", "integer"), Column("end", "integer"))})


def stays(wrong: int, rows: int = 1000) -> Dataset:
    end = np.full(rows, 2)
    end[:wrong] = 0
    return Dataset.of(pa.table({"start": np.ones(rows, int), "end": end}), SCHEMA)


def test_records_without_rules_are_given_back_as_they_are() -> None:
    real = stays(3)
    assert under(real, ()) == (real, ())
    assert without_broken(real) == (real, ())


def test_few_that_break_a_rule_are_named_and_not_learnt() -> None:
    real, notes = under(stays(10), "end > start")
    assert notes == ("10 of 1,000 real records break the rule 'end > start': not learnt.",)
    kept, again = without_broken(real)
    assert again == notes
    assert np.flatnonzero(kept.weight == 0).tolist() == list(range(10))
    assert under(stays(1), "end > start")[1] == ("1 of 1,000 real records breaks the rule 'end > start': not learnt.",)


def test_many_that_break_a_rule_are_an_error_that_shows_the_first_three() -> None:
    with pytest.raises(RuleError) as met:
        under(stays(11), ["end > start"])
    assert met.value.code == "rule-broken-by-real"
    assert "11 of 1,000 real records (1.10%)" in met.value.met
    assert "record 1: end 0, start 1; record 2" in met.value.met
    assert "record 3" in met.value.met
    assert "record 4" not in met.value.met


def test_a_part_of_the_records_may_hold_a_few_more_by_chance_and_no_more_than_that() -> None:
    rule = under(stays(0), "end > start")[0].schema
    assert without_broken(stays(15).with_schema(rule))[1]
    with pytest.raises(RuleError):
        without_broken(stays(40).with_schema(rule))


def test_records_of_weight_0_do_not_count() -> None:
    real = stays(500)
    weight = np.where(np.arange(1000) < 500, 0.0, 1.0)
    assert not broken(under(real.weighted(weight), "end > start")[0])


def test_rules_are_added_to_those_that_the_schema_has() -> None:
    first, _ = under(stays(0), "end > start")
    second, _ = under(first, ["range(end, 0, 9)", "end > start"])
    assert [str(rule) for rule in second.schema.rules] == ["end > start", "range(end, 0, 9)"]


def test_a_condition_of_the_wrong_kind_is_told_before_anything_is_made() -> None:
    with pytest.raises(ConditionError, match="cannot be compared"):
        under(stays(0), "missing(end) when start = 'early'")
