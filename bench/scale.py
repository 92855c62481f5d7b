"""The forest engine at size: CPU-seconds, rows a CPU-second and peak memory, on real and on repeated real records.

    python bench/scale.py cards|adult|rows|run [--rows N] --out bench/results/scale.json

`cards`: ulb_creditcard learnt whole, a million records made. `adult`: Adult's 32,561 rows, both presets. `rows`: Adult's
numbers widened to 30 columns and repeated with noise to `--rows` records, then as many made in batches that are thrown away;
one process per size, so that peaks do not add up. `run`: such a table as a file, and `complement run` from it to a release
that verifies, in a process of its own; the trial learns from 100,000 of the records.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from on_real_data import DATA, adult, dataset_of

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.request import Request

BATCH = 100_000  # records made at a time, as a run does


def measured(real: Dataset, preset: str, rows: int, min_leaf: int | None = None) -> dict[str, float]:
    """Fit and make: seconds of this process's CPU and of the clock, and its peak."""
    settings = {} if min_leaf is None else {"min_leaf": min_leaf}
    generator = catalog.generator("forest", preset=preset, **settings)
    begun, clock = time.process_time(), time.monotonic()
    generator.fit(real, seed=1)
    generator.generate(Request(1), seed=1)  # trees grow when they are first needed
    fitted = time.process_time()
    for start in range(0, rows, BATCH):
        generator.generate(Request(min(BATCH, rows - start)), seed=start)
    ended = time.process_time()
    return {
        "learnt": real.rows,
        "columns": len(real.schema.columns),
        "made": rows,
        "fit_cpu_seconds": fitted - begun,
        "make_cpu_seconds": ended - fitted,
        "rows_per_cpu_second": rows / (ended - fitted),
        "wall_seconds": time.monotonic() - clock,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def cards() -> Dataset:
    return dataset_of(pq.read_table(DATA / "ulb_creditcard" / "creditcard_minmax.parquet"), "Class")


def wide(rows: int) -> Dataset:
    """Thirty columns: Adult's fifteen, and its numbers and codes again with noise; records repeated."""
    base = adult().records
    rng = np.random.default_rng(0)
    at = rng.integers(base.num_rows, size=rows)
    columns = {name: base.column(name).combine_chunks().take(pa.array(at)) for name in base.column_names}
    numbers = [name for name in base.column_names if pa.types.is_integer(base.schema.field(name).type)]
    for turn in range(30 - len(columns)):
        source = numbers[turn % len(numbers)]
        noise = rng.normal(0, 1 + turn, rows)
        columns[f"{source}_{turn}"] = pa.array(np.round(base.column(source).to_numpy()[at] + noise, 1))
    return dataset_of(pa.table(columns), "income")


RECIPE = """\
complement: 1
real: wide.parquet
schema: {income: {role: target}}
purpose: {target: income, learners: [lightgbm]}
generate:
  generator: {forest: {preset: PRESET}}
prove: {weights: [0.5], seeds: 2, curve: false, most_rows: 100000}
"""


def whole_run(rows: int, preset: str, place: Path | None) -> dict[str, float]:
    """From file to release by the command line, and the check of the release: seconds, and the peak of one process.

    `place`: a folder that stays, with the file if it was made before; what ran there is run again.
    """
    with ExitStack() as stack:
        folder = place or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "wide.parquet").exists():
            make = "import sys; from pathlib import Path; import pyarrow.parquet as pq; from scale import wide;"
            make += "pq.write_table(wide(int(sys.argv[1])).records, Path(sys.argv[2]) / 'wide.parquet')"
            subprocess.run([sys.executable, "-c", make, str(rows), str(folder)], check=True, cwd=Path(__file__).parent)
        (folder / "recipe.yaml").write_text(RECIPE.replace("PRESET", preset))
        told = [_timed("run", str(folder / "recipe.yaml"), "--engine", "inline", "--json", "--quiet", "--fresh", "--debug")]
        told.append(_timed("verify", str(folder / "runs" / "recipe" / "8-release"), "--json"))
        events = (folder / "runs" / "recipe" / "events.jsonl").read_text().splitlines()
    stages = [json.loads(line) for line in events]
    print([(one.get("stage", one["event"]), one.get("seconds")) for one in stages if one["event"] in ("stage", "done")])
    names = ("run", "verify")
    return {f"{name}_{key}": value for name, one in zip(names, told, strict=True) for key, value in one.items()} | {"rows": rows}


def _timed(*words: str) -> dict[str, float]:
    clock = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.Popen([sys.executable, "-m", "complement", *words], stdout=said)
        _, status, used = os.wait4(done.pid, 0)
        if status:
            said.seek(0)
            raise SystemExit(f"complement {words[0]} ended with {os.waitstatus_to_exitcode(status)}: {said.read()[-2000:]}")
    seconds = {"cpu_seconds": used.ru_utime + used.ru_stime, "wall_seconds": time.monotonic() - clock}
    return seconds | {"peak_megabytes": used.ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("cards", "adult", "rows", "run"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--preset", default="sharp")
    parser.add_argument("--place", type=Path, help="run: a folder that stays")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "scale.json")
    asked = parser.parse_args()
    if asked.which == "cards":
        found = measured(cards(), asked.preset, asked.rows)
    elif asked.which == "run":
        found = whole_run(asked.rows, asked.preset, asked.place)
    elif asked.which == "adult":
        found = measured(adult(), asked.preset, asked.rows)
    else:
        found = measured(wide(asked.rows), asked.preset, asked.rows)
    results = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    results[f"{asked.which} {asked.preset} {asked.rows}"] = found
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1))
    print(asked.which, asked.preset, {name: round(value, 2) for name, value in found.items()})


if __name__ == "__main__":
    main()
