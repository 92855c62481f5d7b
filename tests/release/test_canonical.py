"""Canonical JSON: one content has one form, and what is not in it is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complement.release.canonical import EXACT, canonical, digest_of, parse, plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same_and_in_the_same_bytes(value: object) -> None:
    text = canonical(value)
    assert canonical(parse(text)) == text
    assert json.dumps(parse(text), sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    "text", [b'{"b": 1}', b'{\n "b": 1\n}', b'{\n "b": 1.50\n}\n', b'{\n "b": 1,\n "a": 1\n}\n', b"NaN\n", b"\xff", b""]
)
def test_another_form_and_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="canonical"):
        parse(b'{\n "a": 1,\n "a": 1\n}\n')


def test_numbers_that_json_cannot_hold_are_spelled() -> None:
    assert plain({"a": float("nan"), "b": [float("-inf"), 2**60, 2**53, True], 3: (1,)}) == {
        "a": None,
        "b": [None, str(2**60), 2**53, True],
        "3": [1],
    }
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


def test_the_digest_is_the_sha256() -> None:
    assert digest_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
