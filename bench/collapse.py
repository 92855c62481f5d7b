"""Does repeated training on made records ruin a generator? Measured on real tables, with the rate of false alarms.

    python bench/collapse.py adult default_credit --generators forest:sharp trees copula forest
    python bench/collapse.py --false-alarms 100 --rows 300
    python bench/collapse.py --show

Protocol: a random 24,000 rows of a table at most; a third held out, at most --rows of them; five chains of --rows real records
each. False alarms: generations that each learn from fresh real records ("redraw"), or from the same ones again
("refit"), judged against a null band of their own; every run draws its records anew.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from tables_data import split_of

from complement.core.dataset import Dataset
from complement.engine.shards import Engine, map_shards
from complement.measure.collapse import NULL, Policy, alarms_of
from complement.measure.collapse.task import values_of
from complement.repeat import CollapseOptions, chains_of, collapse, told
from complement.runfolder import finite

RESULTS = Path(__file__).parent / "results" / "collapse.json"
MOST_ROWS = 30_000  # of which train and fresh rows, four fifths, are used


def records_of(name: str) -> tuple[Dataset, str]:
    """A table's rows as complement sees them, and its target."""
    split = split_of(name, half="all", rows=MOST_ROWS)
    return split.dataset(split.train).concat(split.dataset(split.fresh)), split.source.target


def maker_of(text: str) -> str | dict[str, Any]:
    name, _, preset = text.partition(":")
    return {name: {"preset": preset}} if preset else name


def stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.is_file() else {"schema": 1, "runs": {}, "false_alarms": {}}


def store(path: Path, held: dict[str, Any]) -> None:
    path.write_text(json.dumps(finite(held), indent=1, sort_keys=True) + "\n")


def measured(asked: argparse.Namespace) -> None:
    engine = Engine("process", asked.workers) if asked.workers > 1 else Engine()
    for table in asked.tables:
        records, target = records_of(table)
        for text in asked.generators:
            options: CollapseOptions = {"generations": asked.generations, "chains": asked.chains, "rows": asked.rows}
            options |= {"target": target, "generator": maker_of(text), "policies": asked.policies, "seed": asked.seed}
            began = time.monotonic()
            found = collapse(records, engine=engine, **options)
            held = stored(asked.out)
            held["runs"][f"{table} {text}"] = {
                **found.as_json(),
                "seconds": round(time.monotonic() - began, 1),
                "seed": asked.seed,
            }
            store(asked.out, held)
            print(f"== {table} {text}, {held['runs'][f'{table} {text}']['seconds']} s\n{told(found)}\n", flush=True)


def false_alarms(asked: argparse.Namespace) -> None:
    """How often a policy without collapse alarms anywhere, of `asked.false_alarms` runs."""
    judged = (Policy("redraw"), Policy("refit"))
    hits = {policy.name: 0 for policy in judged}
    blamed: dict[str, int] = {}
    records, target = records_of(asked.tables[0])
    for number in range(asked.false_alarms):
        options: CollapseOptions = {
            "generations": asked.generations,
            "chains": asked.chains,
            "rows": asked.rows,
            "target": target,
        }
        options |= {"generator": maker_of(asked.generators[0]), "seed": asked.seed + 2 * number}
        found = []
        for policies, seed in ((judged, 0), ((NULL,), 1)):
            task = chains_of(records, policies, {**options, "seed": asked.seed + 2 * number})
            task = task.reseeded(asked.seed + 2 * number + seed)
            tables = map_shards(task, asked.chains * len(policies))
            found.append(values_of(tables, policies, asked.generations))
        for policy in judged:
            worse, resolution = task.yardstick.worse, task.yardstick.resolution
            alarms = alarms_of(found[0][policy.name], found[1][NULL.name], worse, resolution=resolution)
            hits[policy.name] += alarms.first is not None
            for name in {name for g in range(2, asked.generations + 1) for name in alarms.in_generation(g)}:
                blamed[name] = blamed.get(name, 0) + 1
        if (number + 1) % 10 == 0:
            print(number + 1, hits, blamed, flush=True)
    held = stored(asked.out)
    for name, count in hits.items():
        ends = binomtest(count, asked.false_alarms).proportion_ci(0.95, method="exact")
        facts = {
            "alarms": count,
            "runs": asked.false_alarms,
            "low": float(ends.low),
            "high": float(ends.high),
            "rows": asked.rows,
        }
        key = f"{asked.tables[0]} {asked.generators[0]} {name}"
        held["false_alarms"][key] = {**facts, "generations": asked.generations, "chains": asked.chains}
        print(key, held["false_alarms"][key])
    store(asked.out, held)


def shown(path: Path) -> None:
    held = stored(path)
    print("| table | generator | policy | result | first to leave | C2ST leaves in | C2ST | kNN coverage |")
    print("|---|---|---|---|---|---|---|---|")
    for key, run in held["runs"].items():
        table, generator = key.split(" ")
        for policy in run["policies"]:
            first = policy["first"]
            alarms = next((g["alarms"] for g in policy["generations"] if g["generation"] == first), [])
            cells = [_way(policy, metric) for metric in ("c2st_auc", "knn_coverage")]
            result = policy["state"] + (f", from generation {first}" if first else "")
            when = next((str(g["generation"]) for g in policy["generations"] if "c2st_auc" in g["alarms"]), "")
            row = [table, generator, policy["policy"], result, ", ".join(alarms), when, *cells]
            print(f"| {' | '.join(row)} |")
    for key, facts in held["false_alarms"].items():
        print(f"| {key} | {facts['alarms']} of {facts['runs']} | {facts['low']:.3f} to {facts['high']:.3f} |")


def _way(policy: dict[str, Any], metric: str) -> str:
    return " ".join(f"{g['metrics'][metric]['value']:.3f}".lstrip("0") for g in policy["generations"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=["adult"])
    parser.add_argument("--generators", nargs="+", default=["copula"])
    parser.add_argument("--policies", nargs="+", default=["replace", "accumulate", "anchor", "refit"])
    parser.add_argument("--generations", type=int, default=4)
    parser.add_argument("--chains", type=int, default=5)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--false-alarms", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    np.seterr(all="ignore")
    if asked.show:
        shown(asked.out)
    elif asked.false_alarms:
        false_alarms(asked)
    else:
        measured(asked)


if __name__ == "__main__":
    main()
