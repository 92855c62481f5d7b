"""Rules at the edge: a call, the command line and a recipe give them, and what is wrong with one is said where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet

import complement
from complement.cli import main
from complement.core.errors import ComplementError, RecipeError, UsageError
from complement.recipe import Recipe

RULES = ["high > low", "part + rest = whole"]
RECIPE = """\
complement: 1
real: real.csv
rules:
  - high > low
  - part + rest = whole
purpose:
  target: y
  learners: [tree]
split: {folds: 2}
generate:
  generator: shuffle
prove: {weights: [0.5], seeds: 2, curve: false}
"""


def table(rows: int = 400, wrong: int = 2) -> pa.Table:
    random = np.random.default_rng(1)
    low = random.normal(50, 10, rows).round(1)
    high = (low + random.gamma(2, 5, rows) + 0.1).round(1)
    high[:wrong] = low[:wrong]
    part, rest = random.integers(0, 50, rows), random.integers(0, 90, rows)
    y = np.where(random.random(rows) < 0.4 + 0.005 * (high - low), "yes", "no")
    return pa.table({"low": low, "high": high, "part": part, "rest": rest, "whole": part + rest, "y": y})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    csv.write_csv(table(), tmp_path / "real.csv")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def obeyed(made: pa.Table) -> bool:
    found = made.to_pydict()
    columns = [np.array(found[name]) for name in ("low", "high", "part", "rest", "whole")]
    return bool((columns[1] > columns[0]).all() and (columns[2] + columns[3] == columns[4]).all())


def test_a_call_takes_rules_and_every_record_obeys(here: Path) -> None:
    made = complement.generate("real.csv", rows=500, rules=RULES, generator="shuffle", where="y = 'yes'")
    assert made.rows == 500
    assert obeyed(made.records)
    assert set(made.column("y").to_pylist()) == {"yes"}
    assert not obeyed(complement.generate("real.csv", rows=500, generator="shuffle").records)
    one = complement.generate(table(), rows=50, rules="high > low", generator="shuffle").records
    assert min(np.array(one.column("high")) - np.array(one.column("low"))) > 0


def test_the_command_line_takes_rules_and_tells_what_they_cost(here: Path) -> None:
    words = ["generate", "real.csv", "--rows", "200", "--generator", "shuffle", "--rule", RULES[0], "--rule", RULES[1]]
    done = call(*words, "--out", "made.parquet")
    assert done.exit_code == 0, done.output
    assert "2 of 400 real records break the rule 'high > low': not learnt." in done.stdout
    assert "rules changed" in done.stdout
    assert obeyed(parquet.read_table("made.parquet"))
    told = json.loads(call(*words, "--out", "again.parquet", "--json").stdout)
    assert len(told["notes"]) == 3
    assert "made by shuffle: not protected for privacy" in told["notes"][-1]


def test_a_recipe_brings_its_rules_and_a_call_may_add_one(here: Path) -> None:
    made = complement.generate("recipe.yaml", rows=300, rules="combination(part, y)").records
    assert obeyed(made)
    pairs = [set(zip(one.column("part").to_pylist(), one.column("y").to_pylist(), strict=True)) for one in (made, table())]
    assert pairs[0] <= pairs[1]


def test_a_run_makes_and_judges_records_that_obey_and_notes_those_that_do_not(here: Path) -> None:
    done = complement.run("recipe.yaml")
    assert done.released is not None
    assert obeyed(pa.concat_tables([parquet.read_table(file) for file in done.released.glob("data/train-*.parquet")]))
    assert any(
        "break the rule 'high > low'" in note for note in json.loads((done.folder / "1-source/source.json").read_text())["notes"]
    )
    assert obeyed(complement.preview("recipe.yaml", rows=20).records)


def test_other_rules_are_another_plan(here: Path) -> None:
    complement.run("recipe.yaml", out="out")
    (here / "recipe.yaml").write_text(RECIPE.replace("  - high > low\n", ""))
    with pytest.raises(ComplementError) as met:
        complement.run("recipe.yaml", out="out")
    assert met.value.code == "run-changed"


def test_prove_takes_rules_for_a_generator_and_refuses_them_for_a_delivered_file(here: Path) -> None:
    quick = {"learners": "tree", "weights": 0.5, "seeds": 2, "folds": 2, "curve": False, "generator": "shuffle"}
    assert complement.prove("real.csv", target="y", rules=RULES, **quick).verdicts
    assert call("prove", "real.csv", "--target", "y", "--rule", "high >> low").exit_code == 2
    with pytest.raises(UsageError, match="rules are for making one"):
        complement.prove("real.csv", "real.csv", target="y", rules=RULES)
    with pytest.raises(RecipeError, match="`rules` or `synthetic`"):
        Recipe.parse(RECIPE.replace("generate:\n  generator: shuffle\n", "synthetic: made.csv\n"))


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("high >> low", "recipe-value", "met '>'"),
        ("high > lwo", "schema-column", "Did you mean 'low'?"),
        ("high > y", "rule-type", "holds"),
        ("high > whole", "rule-broken-by-real", "record 1: "),
        ("missing(part) when y = 3.5", "where-type", "cannot be compared"),
    ],
)
def test_what_is_wrong_with_a_rule_of_a_recipe_is_said_with_its_line(here: Path, rule: str, code: str, said: str) -> None:
    (here / "recipe.yaml").write_text(RECIPE.replace("high > low", rule))
    done = call("preview", "recipe.yaml", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"]) == (2, code)
    assert error["where"] == "recipe.yaml:4:rules[0]"
    assert said in error["met"] + error["help"]


def test_what_is_wrong_with_a_rule_of_a_call_is_said_with_the_rule(here: Path) -> None:
    for rule, code in (("high > lwo", "schema-column"), ("high", "rule-syntax"), ("high > whole", "rule-broken-by-real")):
        with pytest.raises(ComplementError) as met:
            complement.generate("real.csv", rows=5, rules=[rule])
        assert met.value.code == code
        assert "high" in met.value.where


def test_rules_that_cannot_be_met_are_an_error_that_names_the_rule() -> None:
    with pytest.raises(ComplementError) as met:
        complement.generate(complement.Dataset.of(*_words()), rows=100, rules="unique(word)", generator="bootstrap")
    assert met.value.code == "generate-short"
    assert "unique(word)" in met.value.met


def _words() -> tuple[pa.Table, complement.Schema]:
    from complement.core.schema import RECORDS, Column

    words = pa.table({"word": [f"w{at}" for at in range(90)], "x": [1.5 * at for at in range(90)]})
    return words, complement.Schema({RECORDS: (Column("word", "category"), Column("x", "number"))})
