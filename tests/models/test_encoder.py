"""The encoder learns from training records only and turns whatever comes later into finite numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError
from complement.core.schema import Column, Schema
from complement.models.encoder import MISSING, OTHER, Encoder, codes_of

KINDS = {"size": "number", "colour": "category", "owner": "boolean", "day": "date", "note": "text"}


def records(**changes: list[object]) -> Dataset:
    values: dict[str, list[object]] = {
        "size": [1.0, 2.0, 3.0, None],
        "colour": ["red", "blue", "red", None],
        "owner": [True, False, None, True],
        "day": [dt.date(2020, 1, 1), dt.date(2020, 1, 2), dt.date(2020, 1, 3), dt.date(2020, 1, 4)],
        "note": ["a", "b", "a", "a"],
    }
    values.update(changes)
    columns = tuple(Column(name, kind) for name, kind in KINDS.items())
    table = pa.table({name: pa.array(values[name]) for name in KINDS})
    return Dataset.of(table, Schema({"records": columns}))


def column(encoder: Encoder, made: np.ndarray, name: str) -> np.ndarray:
    return made[:, encoder.names().index(name)]


def test_scaled_numbers_have_weighted_mean_0_and_sd_1():
    weight = np.array([1.0, 3.0, 0.5, 1.0])
    encoder = Encoder().fit(records(), weight)
    size = column(encoder, encoder.transform(records()), "size")[:3]
    mean = np.average(size, weights=weight[:3])
    assert mean == pytest.approx(0, abs=1e-12)
    assert np.average((size - mean) ** 2, weights=weight[:3]) == pytest.approx(1)


def test_a_missing_number_becomes_the_mean_beside_an_indicator():
    encoder = Encoder().fit(records())
    made = encoder.transform(records())
    assert column(encoder, made, "size")[3] == 0
    assert column(encoder, made, "size missing").tolist() == [0, 0, 0, 1]


def test_categories_become_one_column_each_and_missing_its_own():
    encoder = Encoder().fit(records())
    made = encoder.transform(records())
    assert column(encoder, made, "colour=red").tolist() == [1, 0, 1, 0]
    assert column(encoder, made, "colour missing").tolist() == [0, 0, 0, 1]


def test_rare_categories_share_one_column_beyond_the_cap():
    train = records(colour=["red", "red", "blue", "green"])
    encoder = Encoder(max_levels=1).fit(train)
    made = encoder.transform(train)
    assert [name for name in encoder.names() if name.startswith("colour")] == ["colour=red", "colour rarer"]
    assert column(encoder, made, "colour rarer").tolist() == [0, 0, 1, 1]


def test_the_cap_keeps_the_heaviest_categories_not_the_most_frequent():
    train = records(colour=["red", "red", "blue", "red"])
    encoder = Encoder(max_levels=1).fit(train, np.array([1.0, 1.0, 9.0, 1.0]))
    assert "colour=blue" in encoder.names()


@pytest.mark.parametrize("style", ["scaled", "filled"])
def test_unseen_categories_and_empty_columns_give_finite_numbers(style: str):
    encoder = Encoder(style).fit(records())
    odd = records(colour=["pink"] * 4, size=[None] * 4, owner=[None] * 4, day=[None] * 4, note=[None] * 4)
    made = encoder.transform(odd)
    assert made.shape == (4, encoder.width)
    assert np.isfinite(made).all()


def test_codes_keep_missing_numbers_as_nan_and_missing_categories_as_minus_1():
    encoder = Encoder("codes").fit(records())
    made = encoder.transform(records(colour=["red", "blue", "pink", None]))
    assert np.isnan(column(encoder, made, "size")[3])
    assert column(encoder, made, "colour").tolist() == [1, 0, 2, -1]


def test_codes_of_number_like_text_follow_the_numbers():
    encoder = Encoder("codes").fit(records(colour=["10", "9", "2", "10"]))
    assert encoder.transform(records(colour=["2", "9", "10", None]))[:, 1].tolist() == [0, 1, 2, -1]


def test_records_of_weight_0_teach_nothing():
    weight = np.array([1.0, 1.0, 0.0, 0.0])
    with_them = Encoder().fit(records(size=[1.0, 2.0, 1e9, None], colour=["red", "blue", "pink", None]), weight)
    without = Encoder().fit(records().take(np.array([0, 1])))
    assert with_them.parts == without.parts


def test_codes_are_the_same_for_integers_whole_floats_and_text():
    values = ["1", "2", "7"]
    as_float = codes_of(pa.chunked_array([pa.array([1.0, 7.0, None, 3.0, float("nan")])]), values)
    assert as_float.tolist() == [0, 2, MISSING, OTHER, MISSING]
    as_integer = pa.chunked_array([pa.array([1]), pa.array([7, None, 3])])
    assert codes_of(as_integer, values).tolist() == [0, 2, MISSING, OTHER]
    assert codes_of(pa.chunked_array([pa.array(["1", "7"]).dictionary_encode()]), values).tolist() == [0, 2]
    assert codes_of(pa.chunked_array([pa.nulls(2)]), values).tolist() == [MISSING, MISSING]


def test_a_target_is_never_encoded():
    train = records().with_schema(records().schema.with_target("size"))
    assert not any(name.startswith("size") for name in Encoder().fit(train).names())


def test_a_constant_column_is_not_blown_up():
    encoder = Encoder().fit(records(size=[0.1 + 0.2] * 4))
    assert np.abs(column(encoder, encoder.transform(records()), "size")).max() < 10


def test_weights_of_another_length_are_refused():
    with pytest.raises(SchemaError, match="4 records, 2 weights"):
        Encoder().fit(records(), np.ones(2))
