"""A Dataset that is packed and unpacked is the same, whatever it holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.lineage import of_synthetic
from complement.core.parcel import packed, unpacked
from complement.core.schema import Column, Key, Schema
from complement.testing.sample import as_synthetic, sample_records


def test_everything_comes_back():
    made = as_synthetic(sample_records(50, seed=3))
    weighted = Dataset.of(made.tables, made.schema, weight=np.linspace(0, 2, 50), lineage=made.lineage)
    back = unpacked(packed(weighted), made.schema)
    assert back.records.equals(made.records)
    assert back.lineage.equals(made.lineage)
    assert back.weight.tolist() == weighted.weight.tolist()


def test_several_tables_come_back():
    parent, child = Column("id", "integer", "identifier"), Column("value", "number")
    schema = Schema({"a": (parent,), "b": (parent, child)}, keys=(Key("a", "id", "b", "id"),), root="a")
    tables = {"a": pa.table({"id": [1, 2]}), "b": pa.table({"id": [1, 1], "value": [0.5, None]})}
    whole = Dataset.of(tables, schema, lineage=of_synthetic(2, generator="g", request="r", seed=1))
    back = unpacked(packed(whole), schema)
    assert {name: table.to_pydict() for name, table in back.tables.items()} == {n: t.to_pydict() for n, t in tables.items()}
    assert back.synthetic.all()


def test_equal_records_give_equal_bytes_whatever_was_cut_off():
    whole = as_synthetic(sample_records(60, seed=3))
    one = whole.take(np.arange(20, 40))
    other = whole.take(np.arange(10, 60)).take(np.arange(10, 30))
    assert packed(one).equals(packed(other))
