"""The bad inputs: what somebody gives, and the code, exit code and words with which complement must refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from spoilt_files import (
    Content,
    as_parquet,
    cut_gzip,
    duck,
    header,
    jsonl,
    line_replaced,
    patients,
    some,
    spoilt,
    sqlite,
    text,
    with_column,
)

QUICK = "--learner tree --weight 0.5 --seeds 2 --folds 2 --no-curve --engine inline --ignore patient --ignore day"
PROVE = f"prove bad.csv --target y {QUICK}"
GOOD = f"prove good.csv --target y {QUICK}"
DELIVERED = f"prove good.csv made.csv --target y {QUICK}"
SEALED = f"prove good.csv --sealed later.csv --target y {QUICK}"
GENERATE = "generate good.csv --rows 5 --out out.csv"
RECIPE = """\
complement: 1
real: good.csv
schema:
  patient: {role: ignore}
  day: {role: ignore}
purpose:
  target: y
  learners: [tree]
split: {folds: 2}
generate:
  generator: bootstrap
prove: {weights: [0.5], seeds: 2, curve: false}
"""
RUN = "run bad.yaml --out RUN --engine inline"


@dataclass(frozen=True)
class Bad:
    """One bad input. `call` is the command line, `says` must stand in the message, `code` may be one of several words."""

    name: str
    call: str
    code: str
    says: str = ""
    files: Mapping[str, Content] = field(default_factory=dict)
    exit: int = 2

    def __str__(self) -> str:
        return self.name


def table(name: str, content: Content, code: str, says: str = "", call: str = PROVE) -> Bad:
    return Bad(name, call, code, says, {"bad.csv": content})


def recipe(name: str, content: Content, code: str, says: str = "", call: str = RUN) -> Bad:
    return Bad(name, call, code, says, {"bad.yaml": content})


def where(name: str, condition: str, code: str, says: str = "") -> Bad:
    return Bad(name, f"{GENERATE} --where {_quoted(condition)}", code, says)


def _quoted(condition: str) -> str:
    return '"' + condition.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _classes(count: int) -> list[object]:
    return [f"c{place % count}" for place in range(patients().num_rows)]


FILES = [
    Bad("missing file", PROVE, "source-missing-file", "Did you mean"),
    Bad(
        "a folder without tables", f"prove empty --target y {QUICK}", "source-missing-file", "no table", {"empty/notes.txt": "x"}
    ),
    Bad("an unknown ending", f"prove data.xlsx --target y {QUICK}", "source-format", "data.xlsx", {"data.xlsx": b"PK\x03\x04"}),
    table("empty file", b"", "source-empty"),
    table("header only", header("a,b,y").splitlines()[0] + "\n", "source-empty", "no rows"),
    table("one row", "\n".join(text().splitlines()[:2]) + "\n", "target-single|prove-too-few|split-units"),
    table("duplicate header", header("radius,radius,smooth,size,patient,day,y"), "source-header", "radius"),
    table("empty header cell", header("radius,,smooth,size,patient,day,y"), "source-header", "Column 2"),
    table("ragged line", line_replaced(57, "1,2,3"), "source-ragged", "bad.csv:57"),
    table("long line", line_replaced(3, "1,2,3,4,5,6,7,8,9"), "source-ragged", "bad.csv:3"),
    table("latin-1 bytes", text().replace("small", "schmäl").encode("latin-1"), "source-encoding", "line "),
    table("UTF-16", text().encode("utf-16"), "source-encoding", "UTF-16"),
    table("NUL bytes", line_replaced(9, "1,2\x00,3,small,P1,2024-01-01,1"), "source-format|source-type", "NUL"),
    table("binary file", bytes(range(256)) * 40, "source-encoding|source-format"),
    table("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200), "source-encoding|source-format"),
    table(
        "5,000 columns",
        "\n".join(",".join(row) for row in ([f"c{n}" for n in range(5000)], ["1"] * 5000)),
        "source-wide",
        "5,000",
    ),
    table("infinite values", spoilt("radius", some("radius", float("inf"))), "source-infinite", "radius"),
    Bad(
        "corrupt parquet",
        f"prove bad.parquet --target y {QUICK}",
        "source-format",
        "bad.parquet",
        {"bad.parquet": as_parquet(patients())[:900]},
    ),
    Bad("not parquet", f"prove bad.parquet --target y {QUICK}", "source-format", "bad.parquet", {"bad.parquet": text()}),
    Bad("truncated gzip", f"prove bad.csv.gz --target y {QUICK}", "source-format", "gzip", {"bad.csv.gz": cut_gzip()}),
    Bad(
        "broken line of JSON",
        f"prove bad.jsonl --target y {QUICK}",
        "source-format",
        "bad.jsonl:18",
        {"bad.jsonl": "\n".join([*jsonl()[:17], '{"radius": 1,', *jsonl()[17:]])},
    ),
    Bad(
        "JSON that changes its type",
        f"prove bad.jsonl --target y {QUICK}",
        "source-type",
        "radius",
        {"bad.jsonl": "\n".join([*jsonl(), '{"radius": "wide", "y": 1}'])},
    ),
    Bad(
        "JSON lines that are lists", f"prove bad.jsonl --target y {QUICK}", "source-format", "", {"bad.jsonl": "[1, 2]\n[3, 4]\n"}
    ),
    Bad(
        "DuckDB without the table",
        f"prove store.duckdb::poeple --target y {QUICK}",
        "source-missing-file",
        "Did you mean 'people'?",
        {"store.duckdb": duck},
    ),
    Bad(
        "SQLite without the table",
        f"prove store.sqlite::poeple --target y {QUICK}",
        "source-missing-file",
        "Did you mean 'people'?",
        {"store.sqlite": sqlite},
    ),
    Bad(
        "not a database",
        f"prove store.duckdb --target y {QUICK}",
        "source-format",
        "",
        {"store.duckdb": b"nothing of the kind" * 50},
    ),
    Bad("sealed file is missing", SEALED, "source-missing-file", "later.csv"),
]

TARGETS = [
    Bad("wrong target", f"prove good.csv --target radios {QUICK}", "target-missing", "Did you mean 'radius'?"),
    table("single class", spoilt("y", 1), "target-single", "'1'"),
    table("empty target", spoilt("y", [None] * 199 + [None]), "target-empty", "missing"),
    table("60 classes", spoilt("y", _classes(60)), "target-empty", "60"),
    table("a date to predict", text(), "target-empty|target-copy", "day", f"prove bad.csv --target day {QUICK.replace('--ignore day', '')}"),
    table("the target twice", spoilt("diagnosis", [f"is {y}" for y in patients()["y"].to_pylist()]), "target-copy", "diagnosis"),
    table("the target in another unit", spoilt("mm", [10 * v for v in patients()["radius"].to_pylist()]), "target-copy", "mm", f"prove bad.csv --target radius {QUICK}"),
    Bad("a positive class that is not there", f"{GOOD} --positive yes", "recipe-value", "yes"),
]  # fmt: skip

SPLITS = [
    Bad("folds larger than the units", f"{GOOD} --unit patient --folds 50".replace("--ignore patient", "").replace("--folds 2", ""), "split-units|prove-too-few", "units", {"good.csv": text(patients(60))}),
    table("a unit that is always the same", spoilt("patient", "P1"), "split-units", "1 unit", f"{PROVE} --unit patient".replace("--ignore patient", "")),
    table("an empty unit column", spoilt("patient", [None] * 200), "split-units|schema-column", "patient", f"{PROVE} --unit patient".replace("--ignore patient", "")),
    table("times that are missing", spoilt("day", some("day", None)), "split-time", "day", f"{PROVE} --time day".replace("--ignore day", "")),
    table("times that are no times", spoilt("day", some("day", "soon")), "split-time|source-type", "day", f"{PROVE} --time day".replace("--ignore day", "")),
    table("one time only", spoilt("day", "2024-01-01"), "split-time", "day", f"{PROVE} --time day".replace("--ignore day", "")),
    Bad("a time column that is not there", f"{GOOD} --time dya".replace("--ignore day", ""), "schema-column", "Did you mean 'day'?"),
    Bad("sealed and time", f"{SEALED} --time day".replace("--ignore day", ""), "recipe-value|usage", "not both", {"later.csv": text(patients(80, 300))}),
    Bad("a unit cut by the sealed file", f"{SEALED} --unit patient".replace("--ignore patient", ""), "split-units", "both sides", {"later.csv": text(with_column("patient", "P0003", patients(80, 300)))}),
    Bad("sealed rows among the others", SEALED, "sealed-overlap", "sealed record 1", {"later.csv": text(patients(60))}),
    Bad("a sealed file without the target", SEALED, "schema-mismatch|target-missing", "y", {"later.csv": text(patients(80, 300).drop_columns(["y"]))}),
    Bad("a sealed file with one class", SEALED, "prove-too-few|target-single", "", {"later.csv": text(with_column("y", 1, patients(80, 300)))}),
    Bad("negative weights", RUN, "dataset-shape|schema-role", "w", {"bad.yaml": RECIPE.replace("good.csv", "bad.csv").replace("schema:\n", "schema:\n  w: {role: weight}\n"), "bad.csv": spoilt("w", [place % 7 - 3 for place in range(200)])}),
    Bad("weights that are words", RUN, "schema-role|schema-mismatch|dataset-shape", "w", {"bad.yaml": RECIPE.replace("good.csv", "bad.csv").replace("schema:\n", "schema:\n  w: {role: weight}\n"), "bad.csv": spoilt("w", ["much", "little"] * 100)}),
    Bad("missing weights", RUN, "dataset-shape", "w", {"bad.yaml": RECIPE.replace("good.csv", "bad.csv").replace("schema:\n", "schema:\n  w: {role: weight}\n"), "bad.csv": spoilt("w", [None, 1.0] * 100)}),
]  # fmt: skip

DELIVERIES = [
    Bad("other columns", DELIVERED, "schema-mismatch", "", {"made.csv": "a,b\n1,2\n3,4\n"}),
    Bad("a column short", DELIVERED, "schema-mismatch", "texture", {"made.csv": text(patients().drop_columns(["texture"]))}),
    Bad("other types", DELIVERED, "source-type|schema-mismatch", "radius", {"made.csv": spoilt("radius", "wide")}),
    Bad("other target values", DELIVERED, "schema-mismatch|target-missing|source-type", "benign", {"made.csv": spoilt("y", ["benign", "malignant"] * 100)}),
    Bad("unknown classes", DELIVERED, "schema-mismatch|target-missing|source-type", "7", {"made.csv": spoilt("y", [7, 8] * 100)}),
    Bad("no records of the target", DELIVERED, "target-empty|source-empty|prove-too-few", "y", {"made.csv": spoilt("y", [None] * 200)}),
    Bad("no rows", DELIVERED, "source-empty", "made.csv", {"made.csv": text().splitlines()[0] + "\n"}),
    Bad("a delivered file and a generator", f"{DELIVERED} --generator trees", "usage", "", {"made.csv": text()}),
    Bad("a delivered file asked in hand", f"{DELIVERED} --question in-hand", "prove-question", "in-hand", {"made.csv": text()}),
    Bad("no file for the artifact", f"{GOOD} --question artifact", "prove-question", "artifact"),
]  # fmt: skip

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
    recipe("bad condition in a recipe", RECIPE.replace("generator: bootstrap", "generator: bootstrap\n  requests: [{where: 'radius >'}]"), "recipe-value", "bad.yaml:12"),
    recipe("impossible condition in a recipe", RECIPE.replace("generator: bootstrap", "generator: trees\n  requests: [{where: 'radius > 1e9'}]"), "request-impossible"),
]  # fmt: skip

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
    Bad("a learner of another task", GOOD.replace("tree ", "sklearn.linear_model:LinearRegression "), "prove-learner", "LinearRegression"),
    Bad("a learner that is not installed", GOOD.replace("tree ", "nosuchpackage:Model "), "unknown-name", "nosuchpackage"),
    Bad("unknown option", f"{GOOD} --lerner x", "usage", "Did you mean '--learner'?"),
    Bad("unknown column to ignore", f"{GOOD} --ignore textur", "schema-column", "Did you mean 'texture'?"),
    Bad("the target ignored", f"{GOOD} --ignore y", "schema-role", "y"),
    Bad("everything ignored", f"{GOOD} --ignore radius --ignore texture --ignore smooth --ignore size", "prove-too-few|schema-role|source-empty", "feature"),
    Bad("a primary slice without a name", f"{GOOD} --primary radius>5", "usage", "NAME=EXPR"),
    Bad("a slice of nobody", f"{GOOD} --primary 'few=radius > 100000'", "prove-too-few|request-impossible|split-units", "few"),
    Bad("no rows asked for", "generate good.csv --out out.csv", "usage", "--rows"),
    Bad("an output of unknown kind", "generate good.csv --rows 5 --out out.docx", "source-format", ".csv"),
    Bad("rows=0 of a preview", "preview good.yaml --rows 0", "usage", "rows"),
    Bad("too few patients to judge", GOOD, "prove-too-few|split-units|target-single", "", {"good.csv": text(patients(4, 17))}),
]  # fmt: skip

BLOCKED = [
    Bad("the output folder is a file", f"{RUN.replace('RUN', 'taken')}", "disk", "taken", {"taken": "x", "bad.yaml": RECIPE}, exit=3),
    Bad("the output is a folder", "generate good.csv --rows 5 --out place.csv", "disk", "place.csv", {"place.csv/x": ""}, exit=3),
    Bad("the output lies in a file", "generate good.csv --rows 5 --out taken/out.csv", "disk", "taken", {"taken": "x"}, exit=3),
    Bad("the ledger is a file", GOOD, "disk", ".complement", {".complement": "x"}, exit=3),
    Bad("the salt is spoilt", GOOD, "run-damaged", "salt", {".complement/salt": "pepper\n"}),
    Bad("the ledger is spoilt", GOOD, "run-damaged", "openings.jsonl:1", {".complement/openings.jsonl": "no JSON\n"}),
    Bad("the recipe to write lies in a file", "init good.csv --target y --out taken/recipe.yaml", "disk", "taken", {"taken": "x"}, exit=3),
    Bad("the run folder holds other things", RUN.replace("RUN", "papers"), "run-changed", "thesis.txt", {"papers/thesis.txt": "x", "bad.yaml": RECIPE}),
    Bad("a run whose events are spoilt", f"{GOOD} --out taken", "disk", "taken", {"taken": "x"}, exit=3),
    Bad("a huge cell", PROVE, "source-ragged|source-format", "never closed", {"bad.csv": line_replaced(4, '"' + "x" * 20_000_000)}),
    Bad("nested columns to write", "generate nested.parquet --rows 5 --out out.csv", "generate-unsupported|source-format|source-type", "", {"nested.parquet": as_parquet(patients().append_column("pair", pa.array([{"a": place} for place in range(200)])))}),
]  # fmt: skip

BAD = [*FILES, *TARGETS, *SPLITS, *DELIVERIES, *RECIPES, *WHERES, *CALLS, *BLOCKED]
