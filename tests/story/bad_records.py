"""Bad files, targets, units, times, sealed sets and deliveries."""

from __future__ import annotations

from bad_calls import BY_TIME, BY_UNIT, DELIVERED, GOOD, NO_DAY, NO_PATIENT, PROVE, QUICK, RUN, SEALED, WEIGHED, Bad, table
from spoilt_files import (
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
    table("stray words among numbers", spoilt("radius", [str(v) for v in some("radius", "much", 100)]), "source-type", "schema:"),
    table("a name that clears the screen", header("radius,t\x1b[2J,smooth,size,patient,day,z\x1b[2J"), "target-missing", "x1b"),
    table("numbers beyond belief", spoilt("radius", some("radius", 1.7976931348623157e308)), "source-infinite", "1e+100"),
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
    table(
        "a date to predict", text(), "target-empty|target-copy", "day", f"prove bad.csv --target day {QUICK.replace(NO_DAY, '')}"
    ),
    table("the target twice", spoilt("diagnosis", [f"is {y}" for y in patients()["y"].to_pylist()]), "target-copy", "diagnosis"),
    table(
        "the target in another unit",
        spoilt("mm", [10 * v for v in patients()["radius"].to_pylist()]),
        "target-copy",
        "mm",
        f"prove bad.csv --target radius {QUICK}",
    ),
    Bad("a positive class that is not there", f"{GOOD} --positive yes", "recipe-value", "yes"),
]

SPLITS = [
    Bad(
        "folds larger than the units",
        f"{GOOD} --unit patient --folds 50".replace(NO_PATIENT, "").replace("--folds 2", ""),
        "split-units|prove-too-few",
        "units",
        {"good.csv": text(patients(60))},
    ),
    table("a unit that is always the same", spoilt("patient", "P1"), "split-units", "1 unit", BY_UNIT),
    table("an empty unit column", spoilt("patient", [None] * 200), "split-units|schema-column", "patient", BY_UNIT),
    table("times that are missing", spoilt("day", some("day", None)), "split-time", "day", BY_TIME),
    table("times that are no times", spoilt("day", some("day", "soon")), "split-time|source-type", "day", BY_TIME),
    table("one time only", spoilt("day", "2024-01-01"), "split-time", "day", BY_TIME),
    Bad("a time column that is not there", f"{GOOD} --time dya".replace(NO_DAY, ""), "schema-column", "Did you mean 'day'?"),
    Bad(
        "sealed and time",
        f"{SEALED} --time day".replace(NO_DAY, ""),
        "recipe-value|usage",
        "not both",
        {"later.csv": text(patients(80, 300))},
    ),
    Bad(
        "a unit cut by the sealed file",
        f"{SEALED} --unit patient".replace(NO_PATIENT, ""),
        "split-units",
        "both sides",
        {"later.csv": text(with_column("patient", "P0003", patients(80, 300)))},
    ),
    Bad("sealed rows among the others", SEALED, "sealed-overlap", "sealed record 1", {"later.csv": text(patients(60))}),
    Bad(
        "a sealed file without the target",
        SEALED,
        "schema-mismatch|target-missing",
        "y",
        {"later.csv": text(patients(80, 300).drop_columns(["y"]))},
    ),
    Bad(
        "a sealed file with one class",
        SEALED,
        "prove-too-few|target-single",
        "",
        {"later.csv": text(with_column("y", 1, patients(80, 300)))},
    ),
    Bad(
        "negative weights",
        RUN,
        "dataset-shape|schema-role",
        "w",
        {"bad.yaml": WEIGHED, "bad.csv": spoilt("w", [place % 7 - 3 for place in range(200)])},
    ),
    Bad(
        "weights that are words",
        RUN,
        "schema-role|schema-mismatch|dataset-shape",
        "w",
        {"bad.yaml": WEIGHED, "bad.csv": spoilt("w", ["much", "little"] * 100)},
    ),
    Bad("missing weights", RUN, "dataset-shape", "w", {"bad.yaml": WEIGHED, "bad.csv": spoilt("w", [None, 1.0] * 100)}),
]

DELIVERIES = [
    Bad("other columns", DELIVERED, "schema-mismatch", "", {"made.csv": "a,b\n1,2\n3,4\n"}),
    Bad("a column short", DELIVERED, "schema-mismatch", "texture", {"made.csv": text(patients().drop_columns(["texture"]))}),
    Bad("other types", DELIVERED, "source-type|schema-mismatch", "radius", {"made.csv": spoilt("radius", "wide")}),
    Bad(
        "other target values",
        DELIVERED,
        "schema-mismatch|target-missing|source-type",
        "benign",
        {"made.csv": spoilt("y", ["benign", "malignant"] * 100)},
    ),
    Bad("unknown classes", DELIVERED, "schema-mismatch|target-missing|source-type", "7", {"made.csv": spoilt("y", [7, 8] * 100)}),
    Bad(
        "no records of the target",
        DELIVERED,
        "target-empty|source-empty|prove-too-few",
        "y",
        {"made.csv": spoilt("y", [None] * 200)},
    ),
    Bad("no rows", DELIVERED, "source-empty", "made.csv", {"made.csv": text().splitlines()[0] + "\n"}),
    Bad("a delivered file and a generator", f"{DELIVERED} --generator trees", "usage", "", {"made.csv": text()}),
    Bad("a delivered file asked in hand", f"{DELIVERED} --question in-hand", "prove-question", "in-hand", {"made.csv": text()}),
    Bad("no file for the artifact", f"{GOOD} --question artifact", "prove-question", "artifact"),
]
