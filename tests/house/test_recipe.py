"""The recipe: what it accepts, what it refuses, and where it points when it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from complement.core.errors import RecipeError
from complement.recipe import Recipe, recipe_schema

LEAST = "complement: 1\nreal: cancer.csv\npurpose:\n  target: y\n"


def refused(text: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(text)
    return caught.value


def test_the_shortest_recipe_has_every_default():
    recipe = Recipe.parse(LEAST)
    assert recipe.question == "in-hand"
    assert recipe.generate.generator.name == "trees"
    assert [learner.name for learner in recipe.purpose.learners] == ["lightgbm"]
    assert recipe.prove.weights[0] == 0
    assert recipe.prove.weights[-1] == 1
    assert (recipe.split.folds, recipe.prove.seeds, recipe.seed) == (5, 5, 0)


def test_a_delivered_file_is_asked_the_question_artifact():
    assert Recipe.parse(LEAST + "synthetic: made.csv\n").question == "artifact"


def test_names_may_carry_settings():
    recipe = Recipe.parse(LEAST + "  learners: [lightgbm, {logistic: {strength: 0.5}}]\n")
    assert [(one.name, one.settings) for one in recipe.purpose.learners] == [("lightgbm", {}), ("logistic", {"strength": 0.5})]


def test_codes_written_bare_are_the_text_of_the_file():
    recipe = Recipe.parse(LEAST + "  positive: 1\nschema:\n  age: {missing: [-1, '?', true]}\n")
    assert recipe.purpose.positive == "1"
    assert recipe.columns["age"].missing == ("-1", "?", "true")


@pytest.mark.parametrize("word", ["no", "NO", "off", "yes", "2024-05-01", "1:30", "0x1F"])
def test_words_that_older_yaml_would_convert_stay_text(word: str):
    assert Recipe.parse(LEAST + f"  positive: {word}\n").purpose.positive == word


def test_a_column_may_be_called_by_a_number():
    assert set(Recipe.parse(LEAST + "schema: {1: {role: ignore}, true: {role: ignore}}\n").columns) == {"1", "true"}


@pytest.mark.parametrize(
    ("added", "code", "where", "said"),
    [
        ("prupose: 1\n", "recipe-unknown-key", "recipe:5:prupose", "Did you mean 'purpose'?"),
        ("  metrc: auroc\n", "recipe-unknown-key", "recipe:5:purpose.metrc", "Did you mean 'metric'?"),
        ("schema:\n  age:\n    kin: number\n", "recipe-unknown-key", "recipe:7:schema.age.kin", "Did you mean 'kind'?"),
        (
            "generate:\n  requests:\n  - {row: 3}\n",
            "recipe-unknown-key",
            "recipe:7:generate.requests[0].row",
            "Did you mean 'rows'?",
        ),
        ("  margin: -1\n", "recipe-value", "recipe:5:purpose.margin", "allowed: more than 0"),
        ("  margin: .inf\n", "recipe-value", "recipe:5:purpose.margin", "allowed: a number"),
        ("schema: {age: {kind: nmber}}\n", "recipe-value", "recipe:5:schema.age.kind", "Did you mean 'number'?"),
        ("schema: {age: {low: 9, high: 1}}\n", "recipe-value", "recipe:5:schema.age", "low (9) is above high (1)"),
        ("prove: {question: artefact}\n", "recipe-value", "recipe:5:prove.question", "Did you mean 'artifact'?"),
        ("prove: {weights: [0.5, 0.1]}\n", "recipe-value", "recipe:5:prove.weights", "weights must rise"),
        ("prove: {seeds: true}\n", "recipe-value", "recipe:5:prove.seeds", "allowed: a whole number"),
        ("split: {sealed: 0.9}\n", "recipe-value", "recipe:5:split.sealed", "'auto' or 'cross-fit' or at most 0.5"),
        ("  learners: []\n", "recipe-value", "recipe:5:purpose.learners", "at least one"),
        ("  learners: [knn, knn]\n", "recipe-value", "recipe:5:purpose.learners", "named twice"),
        ("generate: {requests: [{rows: 3, times: 2}]}\n", "recipe-value", "recipe:5:generate.requests[0]", "rows or times"),
        ("generate: {requests: [{where: 'a >> 3'}]}\n", "recipe-value", "recipe:5:generate.requests[0].where", "met '>'"),
        ("gates: {verdict: [HELPS, HARMS]}\n", "recipe-value", "recipe:5:gates.verdict[1]", "'HURTS'"),
        ("synthetic: b.csv\ngenerate: {generator: trees}\n", "recipe-value", "recipe:1", "not both"),
        ("seed:\n", "recipe-value", "recipe:5:seed", "is empty"),
        ("real: other.csv\n", "recipe-syntax", "recipe:5:real", "line 2 already"),
        ("x: [1\n", "recipe-syntax", "recipe:6", "not YAML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_line_and_key(added: str, code: str, where: str, said: str):
    error = refused(LEAST + added)
    assert (error.code, error.where) == (code, where)
    assert said in error.text()


def test_what_is_lacking_is_named():
    error = refused("complement: 1\nreal: a.csv\npurpose: {}\n")
    assert (error.code, error.where) == ("recipe-value", "recipe:3:purpose.target")


def test_another_version_of_the_shape_is_refused():
    assert refused(LEAST.replace("complement: 1", "complement: 2")).where == "recipe:1:complement"


@pytest.mark.parametrize(
    "attack",
    [
        "real: !!python/object/apply:os.system [ls]\n",
        "real: !!python/name:os.system\n",
        "real: !anything x\n",
        "a: &a [x, x]\nb: *a\n",
        "a: &a x\n",
        "complement: 1\n---\ncomplement: 1\n",
        "a: " + "[" * 100 + "]" * 100 + "\n",
        "a: " + "{b: " * 100 + "}" * 100 + "\n",
        "a: " + "[" * 100_000,
    ],
    ids=["call", "name", "tag", "alias", "anchor", "documents", "lists", "maps", "open-lists"],
)
def test_what_a_recipe_never_needs_is_refused(attack: str):
    assert refused(attack).code == "recipe-unsafe"


def test_a_billion_laughs_is_refused_before_it_grows():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert refused("l0: &l0 lol\n" + levels).where == "recipe:1"


def test_a_number_without_end_is_refused():
    assert refused(LEAST + "seed: " + "9" * 5000 + "\n").code == "recipe-syntax"


def test_a_file_of_megabytes_is_not_read(tmp_path: Path):
    large = tmp_path / "large.yaml"
    large.write_text("# " + "x" * 1_000_000)
    with pytest.raises(RecipeError, match="larger than 1,000,000 bytes"):
        Recipe.load(large)


@pytest.mark.parametrize(("content", "where"), [(b"real: \xff\n", ":1"), (b"a: 1\nb: \x01\n", "")])
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes, where: str):
    path = tmp_path / "bytes.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        Recipe.load(path)
    assert caught.value.code == "recipe-syntax"
    assert caught.value.where == f"bytes.yaml{where}"


def test_a_recipe_that_is_not_there_is_said_so(tmp_path: Path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RecipeError) as caught:
            Recipe.load(path)
        assert caught.value.code == "recipe-missing"


def test_paths_start_beside_the_recipe(tmp_path: Path):
    path = tmp_path / "recipe.yaml"
    path.write_text(LEAST.replace("cancer.csv", "store.duckdb::patients"))
    recipe = Recipe.load(path)
    assert recipe.place(recipe.real) == f"{tmp_path}/store.duckdb::patients"
    assert recipe.place("/elsewhere/a.csv") == "/elsewhere/a.csv"


def test_a_recipe_is_a_serialised_call():
    text = LEAST + "prove: {seeds: 3, weights: [0.0, 0.5]}\n"
    called = Recipe.of(
        {"complement": 1, "real": "cancer.csv", "purpose": {"target": "y"}, "prove": {"seeds": 3, "weights": [0.0, 0.5]}}
    )
    assert called == Recipe.parse(text)
    assert json.loads(json.dumps(called.as_plain())) == called.as_plain()


def test_the_schema_describes_every_key():
    schema = recipe_schema()
    parts = [schema, *schema["$defs"].values()]
    described = {
        name: "description" in field or "$ref" in field for part in parts for name, field in part.get("properties", {}).items()
    }
    assert {
        "complement",
        "real",
        "sealed",
        "synthetic",
        "schema",
        "purpose",
        "split",
        "generate",
        "prove",
        "gates",
        "seed",
    } <= set(described)
    assert all(described.values())


def test_the_page_names_every_key_and_its_example_loads(root: Path):
    page = (root / "docs" / "recipe.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.S)
    recipes = [Recipe.parse(example) for example in examples if example.startswith("complement:")]
    assert len(recipes) >= 2
    schema = recipe_schema()
    keys = {name for part in [schema, *schema["$defs"].values()] for name in part.get("properties", {})}
    assert [key for key in sorted(keys) if f"`{key}`" not in page and f".{key}`" not in page] == []
