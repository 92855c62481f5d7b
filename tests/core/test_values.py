"""Text and numbers of a column: one meaning whatever the storage."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from complement.core.errors import SchemaError
from complement.core.values import absent, as_numbers, as_text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([True, False, None], ["true", "false", None]),
        ([1, -7, None], ["1", "-7", None]),
        ([1.0, 2.5, float("nan"), None, -0.0], ["1", "2.5", None, None, "0"]),
        (["a", "", None], ["a", "", None]),
        ([date(2024, 5, 31)], ["2024-05-31"]),
        ([datetime(2024, 5, 31, 18)], ["2024-05-31T18:00:00"]),
        ([None, None], [None, None]),
        ([], []),
    ],
)
def test_every_kind_has_one_text(values: list[object], text: list[str | None]) -> None:
    assert as_text(pa.chunked_array([pa.array(values)])).tolist() == text


def test_storage_does_not_change_the_text() -> None:
    whole = pa.array([0, 1, 1])
    for other in (whole.cast(pa.float32()), whole.cast(pa.int8()), pa.array(["0", "1", "1"]).dictionary_encode()):
        assert as_text(other).tolist() == as_text(whole).tolist()


def test_chunks_do_not_change_the_text() -> None:
    assert as_text(pa.chunked_array([["a"], ["b", None], []], pa.string())).tolist() == ["a", "b", None]
    assert as_text(pa.chunked_array([], pa.string())).tolist() == []


def test_numbers_are_float64_with_nan_for_missing() -> None:
    numbers = as_numbers(pa.array([1, None, 3], pa.int8()))
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, [1, np.nan, 3])
    np.testing.assert_array_equal(as_numbers(pa.array([True, None])), [1, np.nan])
    np.testing.assert_array_equal(as_numbers(pa.array([date(1970, 1, 2)])), [86400])
    np.testing.assert_array_equal(as_numbers(pa.array([datetime(1970, 1, 1, 0, 1)], pa.timestamp("ms"))), [60])


def test_text_has_no_numbers() -> None:
    with pytest.raises(SchemaError, match="no numbers"):
        as_numbers(pa.array(["1"]))


def test_absent_marks_missing_text() -> None:
    assert absent(as_text(pa.array(["a", None]))).tolist() == [False, True]
