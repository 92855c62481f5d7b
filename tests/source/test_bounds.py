"""A schema that shuts out real records is refused: it would be a request that no competitor is told of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv

from complement.core.errors import RuleError
from complement.prepare import read_source
from complement.recipe import Recipe

TABLE = pa.table(
    {"x": [n % 50 / 10 for n in range(400)], "g": ["abcd"[n % 4] for n in range(400)], "y": [n % 2 for n in range(400)]}
)


def source(folder: Path, **schema: object) -> None:
    csv.write_csv(TABLE, folder / "real.csv")
    read_source(Recipe.of({"complement": 1, "real": str(folder / "real.csv"), "purpose": {"target": "y"}, "schema": schema}))


@pytest.mark.parametrize(
    ("name", "note"), [("g", {"values": ("d",)}), ("x", {"low": 1.0}), ("x", {"high": 4.0})], ids=["values", "low", "high"]
)
def test_bounds_that_real_records_break_are_refused(tmp_path: Path, name: str, note: dict[str, object]):
    with pytest.raises(RuleError, match=r"of 400 real records lie outside what the schema allows") as met:
        source(tmp_path, **{name: note})
    assert (met.value.code, met.value.where) == ("rule-broken-by-real", f"schema.{name}")


def test_bounds_that_are_real_are_fine(tmp_path: Path):
    source(tmp_path, g={"values": ("a", "b", "c", "d", "e")}, x={"low": 0.0, "high": 4.9})
