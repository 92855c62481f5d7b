"""Made tables against real ones: every generator, ours and the installed peers', on every real table, by one protocol.

    python bench/tables.py --install-peers /tmp/peers       environments for the bench itself and for each peer
    python bench/tables.py --tables adult shoppers --generators trees smotenc --seeds 1 --half development
    python bench/tables.py --show                           prints what is on file and draws the plot, runs nothing

40/40/20 train, fresh real rows (never shown to a generator) and test, by unit; on one half of the rows. "real test" scores the
test rows as if they were made (a perfect generator), "train itself" the train rows (perfect quality, no privacy).
`--protocol papers`: full tables, the papers' splits. Results are merged by key into bench/results/tables.json.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REAL = ("real test", "train itself")
RESULTS = HERE / "results" / "tables.json"
# XGB detection score, TabPC paper (arXiv 2603.23016), its authors' re-runs on GPUs, full tables.
PUBLISHED = {
    "TabSyn": {"adult": 0.794, "default_credit": 0.402, "shoppers": 0.655},
    "TabDiff": {"adult": 0.841, "default_credit": 0.591, "shoppers": 0.736},
    "TabPC": {"adult": 0.855, "default_credit": 0.262, "shoppers": 0.894},
}
# Heading, name of the value, how it is printed, factor.
COLUMNS = (
    ("fit s", "fit_seconds", "{:.1f}", 1),
    ("rows/CPU-s", "rows_per_second", "{:,.0f}", 1),
    ("peak MB", "peak_megabytes", "{:,.0f}", 1),
    ("C2ST AUC", "c2st", "{:.3f}", 1),
    ("XGB detection (1 best)", "xgb_detection", "{:.3f}", 1),
    ("XGB vs held-out", "xgb_held_out", "{:.3f}", 1),  # of the papers' protocol only
    ("shape err %", "shape_error", "{:.2f}", 100),
    ("trend err %", "trend_error", "{:.2f}", 100),
    ("TSTR AUC", "tstr", "{:.3f}", 1),
    ("DCR share", "dcr_share", "{:.3f}", 1),
    ("attack AUC", "attack_auc", "{:.3f}", 1),
    ("density attack", "density_auc", "{:.3f}", 1),
    ("exact copies %", "copies", "{:.2f}", 100),
)
SPREAD = ("c2st", "xgb_detection", "attack_auc")  # printed with their standard deviation over seeds


def columns_of(asked: argparse.Namespace) -> tuple[tuple[str, str, str, int], ...]:
    return tuple(column for column in COLUMNS if asked.protocol == "papers" or column[1] != "xgb_held_out")


def key_of(asked: argparse.Namespace, table: str, generator: str, seed: int) -> str:
    half = "full" if asked.protocol == "papers" else asked.half
    rows = f" | {asked.rows} rows" if asked.rows else ""
    return f"{asked.protocol} | {half} | {table} | {generator} | seed {seed}{rows}"


def run_table(asked: argparse.Namespace, table: str) -> None:
    """Every generator and seed on one table, each merged into the results as it ends; the real rows where they lack."""
    import tables_data
    from tables_peers import make

    papers = asked.protocol == "papers"
    if papers and table not in tables_data.PAPERS:
        print(f"{table}: the papers have no split of it", flush=True)
        return
    of_papers, own = tables_data.split_of_papers, tables_data.split_of
    split = of_papers(table, rows=asked.rows) if papers else own(table, half=asked.half, rows=asked.rows)
    known = read_results(asked.out)
    for generator in REAL:
        key = key_of(asked, table, generator, 0)
        if asked.again or key not in known:
            test = generator == "real test"
            row = {**measured(split.test if test else split.train, split, papers, test=test), "note": split.note}
            merge(asked.out, key, row, asked, table, generator, 0)
    for generator in asked.generators:
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            key = key_of(asked, table, generator, seed)
            if asked.missing and known.get(key, {}).get("error") == "":
                continue
            ran = make(generator, split, seed=seed, cap=asked.cap, peers=asked.peers)
            row = {**ran.cost, "note": ran.note, "error": ran.error, "cap": asked.cap}
            if ran.rows is not None:
                row["rows_per_second"] = ran.rows.num_rows / max(ran.cost["sample_seconds"], 1e-4)
                row.update(measured(ran.rows, split, papers))
            merge(asked.out, key, row, asked, table, generator, seed)


def measured(made, split, papers: bool, *, test: bool = False) -> dict[str, object]:
    """The columns, or the error that kept them from being measured; the row then says so. `test`: made is the real test."""
    from tables_measures import measure

    started = time.process_time()
    try:
        found = measure(made, split, papers=papers)
    except (ValueError, TypeError, KeyError, ArithmeticError, RuntimeError) as cause:
        return {"error": f"not measured: {type(cause).__name__}: {cause}"[:300]}
    # On itself a classifier says nothing; nor do attacks where test stands for the fresh rows.
    void = ["tstr"]
    void += ["xgb_held_out", "dcr_share", "attack_auc", "attack_tpr", "density_auc", "density_isolated_auc"] if papers else []
    found = {name: value for name, value in found.items() if not (test and name in void)}
    return {**found, "error": "", "measuring_seconds": round(time.process_time() - started, 1)}


def read_results(path: Path) -> dict[str, dict]:
    return json.loads(path.read_text()) if path.exists() else {}


def merge(path: Path, key: str, row: dict, asked: argparse.Namespace, table: str, generator: str, seed: int) -> None:
    """Writes one row into the file, which other runs may be writing, too."""
    half = "full" if asked.protocol == "papers" else asked.half
    place = {"protocol": asked.protocol, "half": half, "table": table, "generator": generator, "seed": seed}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock.tmp").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = read_results(path)
        results[key] = {
            **place,
            "rows_cap": asked.rows,
            **{n: round(v, 5) if isinstance(v, float) else v for n, v in row.items()},
        }
        fresh = path.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps(dict(sorted(results.items())), indent=1))
        fresh.replace(path)
    said = row.get("error") or ", ".join(
        f"{name} {row[name]:.3f}" for name in ("c2st", "xgb_detection", "attack_auc") if name in row
    )
    print(f"{key}: {said}", flush=True)


def show(results: dict[str, dict], asked: argparse.Namespace, tables: list[str]) -> list[dict]:
    """Prints a table per real table; gives the rows that were printed, averaged over seeds."""
    half, shown = "full" if asked.protocol == "papers" else asked.half, []
    for table in tables:
        rows = [row for row in results.values() if (row["protocol"], row["half"], row["table"]) == (asked.protocol, half, table)]
        rows = [row for row in rows if row.get("rows_cap") == asked.rows]
        if not rows:
            continue
        columns = columns_of(asked)
        by_name: dict[str, list[dict]] = {}
        for row in rows:
            by_name.setdefault(row["generator"], []).append(row)
        note = next((row["note"] for row in rows if row["generator"] in REAL), "")
        base = next((row.get("copies_base") for row in rows if row.get("copies_base") is not None), None)
        base = "" if base is None else f"; {100 * base:.2f} % of the fresh real rows repeat a train row"
        print(f"\n**{table}** ({asked.protocol}; {note}{base})\n")
        print("| | seeds |" + "|".join(f" {heading} " for heading, *_ in columns) + "|")
        print("|---|--:|" + "--:|" * len(columns))
        named = sorted(by_name, key=lambda name: (name not in REAL, REAL.index(name) if name in REAL else 0, best(by_name[name])))
        for name in named:
            print(line(name, by_name[name], columns))
            shown.append(averaged(table, name, by_name[name]))
        published(asked, table)
        notes(by_name)
    return shown


def best(rows: list[dict]) -> float:
    found = [row["xgb_detection"] for row in rows if "xgb_detection" in row]
    return -sum(found) / len(found) if found else 1.0


def line(name: str, rows: list[dict], columns: tuple[tuple[str, str, str, int], ...]) -> str:
    """One row of a printed table; a generator that failed at every seed says so in place of its figures."""
    fine = [row for row in rows if not row["error"]]
    label = f"*{name}*" if name in REAL else name
    if not fine:
        return f"| {label} | FAILED, see below |" + " |" * len(columns)
    seeds = f"{len(fine)}" + (f" of {len(rows)}" if len(fine) < len(rows) else "")
    return f"| {label} | {'' if name in REAL else seeds} |" + "|".join(f" {cell(fine, *c[1:])} " for c in columns) + "|"


def cell(rows: list[dict], name: str, form: str, factor: float) -> str:
    values = [factor * row[name] for row in rows if name in row]
    if not values:
        return ""
    mean = sum(values) / len(values)
    spread = (sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)) ** 0.5
    return form.format(mean) + (f" ±{form.format(spread)}" if len(values) > 1 and name in SPREAD else "")


def averaged(table: str, name: str, rows: list[dict]) -> dict:
    values = {column: [row[column] for row in rows if column in row] for column in ("xgb_detection", "attack_auc", "c2st")}
    return {"table": table, "generator": name, **{c: sum(v) / len(v) for c, v in values.items() if v}}


def published(asked: argparse.Namespace, table: str) -> None:
    place = [heading for heading, *_ in columns_of(asked)].index("XGB detection (1 best)")
    for name, scores in PUBLISHED.items() if asked.protocol == "papers" else ():
        cells = [""] * len(columns_of(asked))
        cells[place] = f"{scores[table]:.3f}"
        print(f"| {name}, published (2603.23016) | |" + "|".join(f" {one} " for one in cells) + "|")


def notes(by_name: dict[str, list[dict]]) -> None:
    said = [f"{name}: {rows[0]['note']}" for name, rows in by_name.items() if name not in REAL and rows[0].get("note")]
    said += [
        f"{name}, seed {row['seed']}, FAILED: {row['error']}" for name, rows in by_name.items() for row in rows if row["error"]
    ]
    if said:
        print("\n" + "; ".join(said))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[], help="of bench/tables_data.py; none: all")
    parser.add_argument("--generators", nargs="*", help="ours (name:preset,setting=value) and peers; none: all")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--half", choices=("development", "confirmation", "all"), default="development")
    parser.add_argument("--protocol", choices=("own", "papers"), default="own")
    parser.add_argument("--cap", type=float, default=180, help="CPU-seconds of a peer's fit, where it can be ended")
    parser.add_argument("--rows", type=int, help="at most so many rows of a table, before the split")
    parser.add_argument("--missing", action="store_true", help="only what is not on file yet, or failed")
    parser.add_argument("--again", action="store_true", help="measure the two real rows anew")
    parser.add_argument("--peers", type=Path, default=Path("/tmp/peers"), help="where the peers' environments are")
    parser.add_argument("--install-peers", type=Path, metavar="FOLDER")
    parser.add_argument("--only", nargs="*", default=[], help="with --install-peers: these environments")
    parser.add_argument("--show", action="store_true", help="run nothing: print and draw what is on file")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if asked.install_peers:
        from tables_peers import install

        install(asked.install_peers, tuple(asked.only))
        return
    from tables_data import named
    from tables_peers import OURS, PEERS
    from tables_plot import frontier

    asked.generators = [*OURS, *PEERS] if asked.generators is None else asked.generators
    tables = named(asked.tables)
    for table in tables if not asked.show else ():
        run_table(asked, table)
    shown = show(read_results(asked.out), asked, tables)
    if any("attack_auc" in row for row in shown):
        frontier(shown, asked.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
