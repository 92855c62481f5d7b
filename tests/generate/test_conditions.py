"""Conditions without support: what the error teaches."""

from __future__ import annotations

import pyarrow as pa
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ConditionError, RequestError, SchemaError
from complement.core.request import Request
from complement.core.written import write
from complement.generate.tabular import TableGenerator


def _refusal(generator: TableGenerator, real: Dataset, where: str) -> RequestError:
    fitted = generator.fit(real, seed=1)
    with pytest.raises(RequestError) as met:
        fitted.generate(Request(10, where=Condition.parse(where)), seed=2)
    return met.value


def test_a_value_beyond_the_real_range_names_the_range(generator: TableGenerator, adult: Dataset) -> None:
    refusal = _refusal(generator, adult, "sex = 'Male' and age = 99")
    assert refusal.code == "request-impossible"
    assert refusal.met == f"No real record has age = 99; '{generator.name}' can only combine values that were seen."
    assert refusal.help == "'age' runs from 17 to 90 in the real records."
    assert refusal.where == "sex = 'Male' and age = 99"


def test_a_misspelt_category_gets_the_nearest_one(generator: TableGenerator, adult: Dataset) -> None:
    assert "Did you mean 'Doctorate'?" in _refusal(generator, adult, "education = 'Doktorate'").help


def test_parts_that_never_meet_are_counted(generator: TableGenerator, adult: Dataset) -> None:
    refusal = _refusal(generator, adult, "relationship = 'Husband' and marital_status = 'Never-married'")
    assert "relationship = 'Husband': " in refusal.help
    assert "together they have none" in refusal.help


def test_missing_where_nothing_is_missing(generator: TableGenerator, adult: Dataset) -> None:
    assert _refusal(generator, adult, "age is missing").help == "'age' has no missing values."


def test_an_unknown_column_offers_the_nearest(generator: TableGenerator, adult: Dataset) -> None:
    fitted = generator.fit(adult, seed=1)
    with pytest.raises(SchemaError, match="Did you mean 'age'"):
        fitted.generate(Request(10, where=Condition.parse("agee > 3")), seed=2)


def test_a_literal_of_another_kind_is_an_error(generator: TableGenerator, adult: Dataset) -> None:
    fitted = generator.fit(adult, seed=1)
    with pytest.raises(ConditionError):
        fitted.generate(Request(10, where=Condition.parse("age = 'old'")), seed=2)


def test_a_condition_on_an_identifier_is_refused(generator: TableGenerator, as_dataset: object) -> None:
    table = pa.table({"id": [1, 2, 3, 4], "x": [1.0, 2.0, 3.0, 4.0]})
    real: Dataset = as_dataset(table, {"id": "identifier"})  # pyright: ignore[reportCallIssue]
    refusal = _refusal(generator, real, "id = 2")
    assert refusal.code == "generate-unsupported"
    assert "its role is identifier" in refusal.met


@pytest.mark.parametrize(
    "text",
    [
        "a = 1 and (b = 'it''s' or c is missing)",
        "not (a between 1 and 2)",
        "a in (1, 2.5, 'x') or (b != true and c < -3)",
        '`two words` = 1 and "and" > 2',
    ],
)
def test_a_written_condition_reads_back_as_the_same_tree(text: str) -> None:
    tree = Condition.parse(text).tree
    assert Condition.parse(write(tree)).tree == tree
