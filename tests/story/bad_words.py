"""Bad recipes, conditions, options, and places where nothing can be written."""

from __future__ import annotations

import pyarrow as pa
from bad_calls import GENERATE, GOOD, PROVE, RECIPE, RUN, Bad, recipe, where
from spoilt_files import as_parquet, line_replaced, patients, text

RECIPES = [
    recipe("unknown key", RECIPE.replace("purpose:", "purpos:"), "recipe-unknown-key", "Did you mean 'purpose'?"),
    recipe("unknown key, its line", RECIPE.replace("learners", "lerners"), "recipe-unknown-key", "bad.yaml:8:purpose.lerners"),
    recipe("wrong value", RECIPE.replace("folds: 2", "folds: two"), "recipe-value", "bad.yaml:9:split.folds"),
    recipe("value out of range", RECIPE.replace("folds: 2", "folds: 1"), "recipe-value", "at least 2"),
    recipe("empty recipe", "", "recipe-value|recipe-syntax"),
    recipe("a list as recipe", "- a\n- b\n", "recipe-syntax", "bad.yaml:1"),
    recipe("not YAML", "complement: [1\nreal: {", "recipe-syntax", "bad.yaml:"),
    recipe("tabs", "complement: 1\npurpose:\n\ttarget: y\n", "recipe-syntax", "bad.yaml:3"),
    recipe("YAML bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "recipe-unsafe", "bad.yaml:1"),
    recipe("YAML tag", RECIPE + "seed: !!python/object/apply:os.system ['touch pwned']\n", "recipe-unsafe", "bad.yaml:13"),
    recipe("duplicated key", RECIPE + "real: other.csv\n", "recipe-syntax", "given twice"),
    recipe("recipe of more than a megabyte", RECIPE + "# " + "x" * 1_100_000 + "\n", "recipe-unsafe", "1,000,000"),
    recipe("recipe in latin-1", (RECIPE + "# größe\n").encode("latin-1"), "recipe-syntax", "UTF-8"),
    recipe("deep nesting", "a: " + "[" * 500 + "]" * 500, "recipe-unsafe", "nesting"),
    recipe("recipe for a version to come", RECIPE.replace("complement: 1", "complement: 2"), "recipe-value", "complement"),
    recipe("sealed twice", RECIPE + "sealed: good.csv\n", "recipe-value|sealed-overlap"),
    recipe("unknown column in the schema", RECIPE.replace("patient:", "pateint:"), "schema-column", "Did you mean 'patient'?"),
    Bad("missing recipe", "run nowhere.yaml", "recipe-missing", "nowhere.yaml"),
    Bad("a folder as recipe", "run empty --out RUN", "recipe-missing", "", {"empty/x": ""}),
    Bad("data as recipe", "run good.csv --out RUN", "recipe-syntax|recipe-value"),
]

WHERES = [
    where("code as condition", "__import__('os').system('touch pwned')", "where-syntax", "⟨here⟩"),
    where("SQL injection", "radius > 1; DROP TABLE people --", "where-syntax", "⟨here⟩"),
    where("an everlasting condition", " or ".join(["radius > 1"] * 500), "where-syntax", "4000"),
    where("deep parentheses", "(" * 1500 + "radius > 1" + ")" * 1500, "where-syntax", "nested"),
    where("an empty condition", "", "where-syntax"),
    where("an unclosed quote", "size = 'small", "where-syntax", "⟨here⟩"),
    where("unknown column in a condition", "radios > 1", "schema-column", "Did you mean 'radius'?"),
    where("text compared with a number", "size > 3", "where-type|request-impossible", "size"),
    where("number compared with text", "radius = 'large'", "where-type", "radius"),
    where("impossible condition", "radius > 1000000", "request-impossible"),
    where("contradiction", "radius > 20 and radius < 10", "request-impossible"),
    recipe(
        "bad condition in a recipe",
        RECIPE.replace("generator: shuffle", "generator: shuffle\n  requests: [{where: 'radius >'}]"),
        "recipe-value",
        "bad.yaml:12",
    ),
    recipe(
        "impossible condition in a recipe",
        RECIPE.replace("generator: shuffle", "generator: trees\n  requests: [{where: 'radius > 1e9'}]"),
        "request-impossible",
    ),
]

CALLS = [
    *(Bad(f"rows={rows}", GENERATE.replace("--rows 5", f"--rows {rows}"), "usage", "rows") for rows in ("0", "-5", "abc", "1.5")),
    Bad("rows=0 of a verdict", f"{GOOD} --rows 0", "recipe-value", "rows"),
    Bad("folds=1", f"{GOOD} --folds 1".replace("--folds 2", ""), "recipe-value", "at least 2"),
    Bad("seeds=0", f"{GOOD} --seeds 0".replace("--seeds 2", ""), "recipe-value", "seeds"),
    Bad("weight=2", f"{GOOD} --weight 2", "recipe-value", "weights"),
    Bad("weight=nan", f"{GOOD} --weight nan", "recipe-value", "weights"),
    Bad("margin=-1", f"{GOOD} --margin -1", "recipe-value", "margin"),
    Bad("a seed beyond 64 bits", f"{GOOD} --seed 99999999999999999999", "recipe-value|usage", "seed"),
    Bad("unknown generator", f"{GOOD} --generator tress", "unknown-name", "Did you mean 'trees'?"),
    Bad("unknown learner", GOOD.replace("tree ", "lightgmb "), "unknown-name", "Did you mean 'lightgbm'?"),
    Bad("unknown metric", f"{GOOD} --metric aurc", "unknown-name", "Did you mean 'auroc'?"),
    Bad("a metric of another task", f"{GOOD} --metric rmse", "prove-metric", "regression"),
    Bad("a metric twice", f"{GOOD} --metric auroc --metric auroc", "recipe-value", "auroc"),
    Bad("os:system as learner", GOOD.replace("tree ", "os:system "), "prove-learner", "os:system"),
    Bad("an expression as learner", GOOD.replace("tree ", "'os.system(\"id\")' "), "unknown-name", "import path"),
    Bad(
        "a learner of another task",
        GOOD.replace("tree ", "sklearn.linear_model:LinearRegression "),
        "prove-learner",
        "LinearRegression",
    ),
    Bad("a learner that is not installed", GOOD.replace("tree ", "nosuchpackage:Model "), "unknown-name", "nosuchpackage"),
    Bad("unknown option", f"{GOOD} --lerner x", "usage", "Did you mean '--learner'?"),
    Bad("unknown column to ignore", f"{GOOD} --ignore textur", "schema-column", "Did you mean 'texture'?"),
    Bad("the target ignored", f"{GOOD} --ignore y", "schema-role", "y"),
    Bad(
        "everything ignored",
        f"{GOOD} --ignore radius --ignore texture --ignore smooth --ignore size",
        "prove-too-few|schema-role|source-empty",
        "feature",
    ),
    Bad("a primary slice without a name", f"{GOOD} --primary radius>5", "usage", "NAME=EXPR"),
    Bad("a slice of nobody", f"{GOOD} --primary 'few=radius > 100000'", "prove-too-few|request-impossible|split-units", "few"),
    Bad("no rows asked for", "generate good.csv --out out.csv", "usage", "--rows"),
    Bad("an output of unknown kind", "generate good.csv --rows 5 --out out.docx", "source-format", ".csv"),
    Bad("rows=0 of a preview", "preview good.yaml --rows 0", "usage", "rows"),
    Bad("too few patients to judge", GOOD, "prove-too-few|split-units|target-single", "", {"good.csv": text(patients(6, 14))}),
]

BLOCKED = [
    Bad(
        "the output folder is a file",
        f"{RUN.replace('RUN', 'taken')}",
        "disk",
        "taken",
        {"taken": "x", "bad.yaml": RECIPE},
        exit=3,
    ),
    Bad("the output is a folder", "generate good.csv --rows 5 --out place.csv", "disk", "place.csv", {"place.csv/x": ""}, exit=3),
    Bad("the output lies in a file", "generate good.csv --rows 5 --out taken/out.csv", "disk", "taken", {"taken": "x"}, exit=3),
    Bad("the ledger is a file", GOOD, "disk", ".complement", {".complement": "x"}, exit=3),
    Bad("the salt is spoilt", GOOD, "run-damaged", "salt", {".complement/salt": "pepper\n"}),
    Bad("the ledger is spoilt", GOOD, "run-damaged", "openings.jsonl:1", {".complement/openings.jsonl": "no JSON\n"}),
    Bad(
        "the recipe to write lies in a file",
        "init good.csv --target y --out taken/recipe.yaml",
        "disk",
        "taken",
        {"taken": "x"},
        exit=3,
    ),
    Bad(
        "the run folder holds other things",
        RUN.replace("RUN", "papers"),
        "run-changed",
        "thesis.txt",
        {"papers/thesis.txt": "x", "bad.yaml": RECIPE},
    ),
    Bad("a run whose events are spoilt", f"{GOOD} --out taken", "disk", "taken", {"taken": "x"}, exit=3),
    Bad(
        "a huge cell", PROVE, "source-ragged|source-format", "never closed", {"bad.csv": line_replaced(4, '"' + "x" * 20_000_000)}
    ),
    Bad(
        "nested columns to write",
        "generate nested.parquet --rows 5 --out out.csv",
        "generate-unsupported|source-format|source-type",
        "",
        {"nested.parquet": as_parquet(patients().append_column("pair", pa.array([{"a": place} for place in range(200)])))},
    ),
]
