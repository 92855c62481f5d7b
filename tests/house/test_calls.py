"""Calls with keywords: what does not fit is said with what would, and help shows every option."""

from __future__ import annotations

import inspect
import json
import pydoc
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import csv

import complement
from complement.cli import main
from complement.core.errors import ComplementError, SchemaError, SourceError, UsageError

TABLE = pa.table({"a": [n * 0.5 for n in range(60)], "who": [n // 4 for n in range(60)], "y": [n % 2 for n in range(60)]})


@pytest.mark.parametrize(
    ("call", "help"),
    [
        (lambda: complement.generate(TABLE, row=3), "Did you mean 'rows'?"),
        (lambda: complement.generate(TABLE), "complement.generate(real, rows=...)"),
        (lambda: complement.prove(TABLE, targt="y"), "Did you mean 'target'?"),
        (lambda: complement.prove(TABLE, target="y", learner="tree"), "Did you mean 'learners'?"),
        (lambda: complement.audit(TABLE, TABLE, holdut=TABLE), "Did you mean 'holdout'?"),
        (lambda: complement.impute(TABLE, leeve=["a"]), "Did you mean 'leave'?"),
        (lambda: complement.run("r.yaml", frsh=True), "Did you mean 'fresh'?"),
        (lambda: complement.preview("r.yaml", row=1), "Did you mean 'rows'?"),
    ],
)
def test_a_keyword_that_does_not_exist_is_answered_with_the_nearest(call: Callable[[], Any], help: str) -> None:
    with pytest.raises(UsageError) as met:
        call()
    assert help in met.value.help


@pytest.mark.parametrize("verb", ["generate", "prove", "run"])
def test_help_shows_the_verb_and_every_option(verb: str) -> None:
    thing = getattr(complement, verb)
    home = import_module("complement.run" if verb == "run" else "complement.verbs")
    assert thing.__doc__.startswith(getattr(home, verb).__doc__.splitlines()[0])
    assert f"complement.{verb}(" in pydoc.render_doc(thing, renderer=pydoc.plaintext)
    assert not any(one.kind is one.VAR_KEYWORD for one in inspect.signature(thing).parameters.values())


def test_the_signature_names_the_options() -> None:
    assert {"where", "preset", "ignore", "unit"} <= set(inspect.signature(complement.generate).parameters)
    assert {"learners", "weights", "folds"} <= set(inspect.signature(complement.prove).parameters)
    assert {"only", "leave", "how", "times"} <= set(inspect.signature(complement.impute).parameters)


@pytest.mark.parametrize(
    ("words", "where", "help"),
    [
        (("--weight", "25"), "--weight", "0.25 for 25 %"),
        (("--seeds", "1"), "--seeds", "2 or more"),
        (("--folds", "1"), "--folds", "2 to 50"),
        (("--margin", "0"), "--margin", "above 0"),
        (("--draw-rows", "1"), "--draw-rows", "half of them"),
    ],
)
def test_a_number_out_of_range_is_said_of_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], where: str, help: str
) -> None:
    monkeypatch.chdir(tmp_path)
    csv.write_csv(TABLE, "real.csv")
    result = CliRunner().invoke(main, ["prove", "real.csv", "--target", "y", *words, "--json"])
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["where"].partition(",")[0]) == ("recipe-value", where)
    assert help in error["help"]


def test_a_preset_is_short_for_forest_and_belongs_to_it() -> None:
    short, long = (
        complement.generate(TABLE, rows=9, seed=1, **how).records
        for how in ({"preset": "sharp"}, {"generator": {"forest": {"preset": "sharp"}}})
    )
    assert short.equals(long)
    for wrong in ({"preset": "sharpp"}, {"preset": "sharp", "generator": "trees"}):
        with pytest.raises(UsageError, match="preset"):
            complement.generate(TABLE, rows=9, **wrong)


def test_columns_can_be_ignored_and_the_unit_named() -> None:
    text = TABLE.append_column(
        "remark", pa.array(["a remark that goes on and on and never comes to an end " + str(n) for n in range(60)])
    )
    with pytest.raises(ComplementError, match="--ignore remark"):
        complement.generate(text, rows=5, generator="trees")
    made = complement.generate(text, rows=5, generator="trees", ignore="remark", unit="who")
    assert made.column("remark").null_count == 5
    assert made.schema.column("who").role == "unit"
    for wrong in ({"ignore": ["y"], "target": "y"}, {"ignore": ["who"], "unit": "who"}, {"ignore": ["whoo"]}):
        with pytest.raises(SchemaError):
            complement.generate(text, rows=5, **wrong)


def test_the_command_line_ignores_columns_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv.write_csv(TABLE, "real.csv")
    words = ["generate", "real.csv", "--rows", "4", "--generator", "trees", "--ignore", "a", "--unit", "who"]
    result = CliRunner().invoke(main, [*words, "--out", "made.csv"])
    assert result.exit_code == 0, result.stderr
    assert csv.read_csv("made.csv").column("a").null_count == 4
    assert "learning: trees from 60 records" in result.stderr
    assert CliRunner().invoke(main, [*words, "--out", "quiet.csv", "--quiet"]).stderr == ""


def test_a_dict_of_lists_is_said_to_be_one() -> None:
    with pytest.raises(SourceError, match="'a' holds list values, as if it were a column"):
        complement.generate({"a": [1, 2]}, rows=5)


def test_records_go_out_to_polars() -> None:
    frame = complement.read(TABLE).to_polars()
    assert (type(frame).__module__.partition(".")[0], frame.shape) == ("polars", (60, 3))


def test_a_run_says_that_trees_do_not_protect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv.write_csv(TABLE, "real.csv")
    recipe = "complement: 1\nreal: real.csv\npurpose: {target: y, learners: [tree]}\nsplit: {folds: 2}\n"
    recipe += "generate: {generator: trees}\nprove: {weights: [0.5], seeds: 2, curve: false}\n"
    Path("recipe.yaml").write_text(recipe)
    result = CliRunner().invoke(main, ["run", "recipe.yaml", "--engine", "inline", "--quiet"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("note: made by trees: not protected for privacy") == 1
