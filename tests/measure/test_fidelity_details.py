"""What a report draws: coarse enough for nobody to stand in it, and true."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at
from complement.measure.marginals import LEAST, MOST_COLUMNS, details
from complement.testing import sample_records


def test_bars_add_up_and_stand_for_ten_real_records() -> None:
    train = sample_records(400, seed=1)
    found = details(sample_records(300, seed=2), Context(train, sample_records(200, seed=3), train.schema))
    json.dumps(found, allow_nan=False)
    assert [one["name"] for one in found["columns"]] == train.schema.names()
    for one in found["columns"]:
        assert len(one["bins"]) == len(one["real"]) == len(one["synthetic"])
        assert abs(sum(one["real"]) - 1) < 0.01 * len(one["bins"])
        assert abs(sum(one["synthetic"]) - 1) < 0.01 * len(one["bins"])
        assert all(share == 0 or share * 400 >= LEAST - 0.5 for share in one["real"]), one["name"]
        assert one["base"] is not None
    names = found["pairs"]["names"]
    assert len(found["pairs"]["real"]) == len(names) == 6
    assert all(found["pairs"]["real"][place][place] == 1.0 for place in range(6))


def test_no_rare_value_and_no_extreme_one_is_named() -> None:
    rng = rng_at(0, "details")
    pay = np.round(rng.lognormal(10, 1, 500), 2)
    pay[7] = 98_765_432.1
    town = np.where(rng.random(500) < 0.5, "Lima", "Oslo").astype(object)
    town[3:11] = "Ushuaia"
    schema = Schema({RECORDS: (Column("pay", "number"), Column("town", "category"))})
    real = Dataset.of(pa.table({"pay": pay, "town": town}), schema)
    text = json.dumps(details(real, Context(real, None, schema)))
    assert "Ushuaia" not in text
    assert "98765432" not in text
    assert "Lima or other" in text or "Oslo or other" in text
    assert "Lima" in text
    assert "Oslo" in text
    edges = {word for one in json.loads(text)["columns"][0]["bins"] for word in one.split() if word[0].isdigit()}
    assert edges
    assert not edges & {f"{value:.10g}" for value in pay}


def test_few_records_show_nothing_and_many_columns_are_left_out() -> None:
    train = sample_records(200, seed=1)
    few = details(train, Context(train.take(np.arange(LEAST - 1)), None, train.schema))
    assert (few["columns"], few["pairs"]["names"], few["left_out"]) == ([], [], 6)
    rng = rng_at(0, "wide")
    columns = tuple(Column(f"c{place}", "number", "target" if place == 69 else "feature") for place in range(70))
    schema = Schema({RECORDS: columns})
    real = Dataset.of(pa.table({column.name: rng.normal(size=100) for column in columns}), schema)
    moved = real.records.set_column(65, "c65", pa.array(real.column("c65").to_numpy() + 9))
    found = details(Dataset.of(moved, schema), Context(real, None, schema))
    names = [one["name"] for one in found["columns"]]
    assert len(names) == MOST_COLUMNS
    assert {"c65", "c69"} <= set(names), "the farthest off, and the target"
    assert found["left_out"] == 10
