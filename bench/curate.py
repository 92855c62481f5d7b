"""Curation measured: planted defects found and fresh real records left alone, its cost, and whether it helps a learner.

`python bench/curate.py defects|helps|cost [--sets NAME]... [--seeds N]`: prints a table and writes bench/results/curate.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tables_data import split_of

from complement import catalog
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.request import Request
from complement.core.schema import Column, Constraints
from complement.core.seed import rng_at
from complement.core.values import as_text
from complement.curate.tag import prepared, tag
from complement.curation import DEFAULT, steps_of

RESULTS = Path(__file__).parent / "results" / "curate.json"
SETS = ("adult", "default_credit", "shoppers")
EVERY = ("valid", "duplicates", "copied", "outliers", "labels")
SHARE = 0.05  # of the fresh records are planted with a defect
TARGET_STEP = {
    "copies": "copied",
    "near copies, .1 % noise": "copied",
    "near copies, 1 % noise": "copied",
    "near copies, 5 % noise": "copied",
    "copies, one category changed": "copied",
    "repeated": "duplicates",
    "repeated, .001 % noise": "duplicates",
    "repeated, 1 % noise": "duplicates",
    "labels swapped": "labels",
    "beyond the range": "valid",
    "strange category": "valid",
    "columns drawn at random": "outliers",
    "even over the ranges": "outliers",
}


def parts(name: str) -> tuple[Dataset, Dataset, Dataset, Dataset]:
    """Train, tune (half of the fresh rows), fresh rows to plant in, and test, under the constraints of train."""
    split = split_of(name, half="all", rows=None)
    train = split.dataset(split.train)
    schema = train.schema
    for column in schema.columns:
        values = train.column(column.name)
        if column.numeric:
            known = values.drop_null().to_numpy()
            limits = Constraints(low=float(known.min()), high=float(known.max()), nullable=values.null_count > 0)
        else:
            words = tuple(sorted({word for word in as_text(values) if word is not None}))
            limits = Constraints(values=words, nullable=values.null_count > 0)
        schema = schema.replace_column(replace(column, constraints=limits))
    fresh = split.dataset(split.fresh).with_schema(schema)
    half = fresh.rows // 2
    tune, planted = fresh.take(np.arange(half)), fresh.take(np.arange(half, fresh.rows))
    return train.with_schema(schema), tune, planted, split.dataset(split.test).with_schema(schema)


def put(records: Dataset, name: str, rows: np.ndarray, values: np.ndarray | list[Any]) -> Dataset:
    """The records with other values in a column at these positions."""
    table = records.records
    place = table.column_names.index(name)
    plain = table.column(name).to_pylist()
    for row, value in zip(rows.tolist(), list(values), strict=True):
        plain[row] = value
    return replace(records, tables={records.schema.root: table.set_column(place, name, pa.array(plain, table.column(name).type))})


def noisy(records: Dataset, share: float, rng: np.random.Generator) -> Dataset:
    """Every number multiplied by 1 + noise of this standard deviation; whole numbers are rounded."""
    for column in records.schema.features():
        if column.numeric:
            values = records.column(column.name).to_numpy().astype(float)
            values = values * (1 + share * rng.standard_normal(len(values)))
            values = np.round(values) if column.kind == "integer" else values
            of = records.records.schema.field(column.name).type
            whole = [None if np.isnan(one) else one for one in values]
            array = pa.array(whole, pa.float64()).cast(of, safe=False)
            records = put(records, column.name, np.arange(len(values)), array.to_pylist())
    return records


def joined(one: Dataset, other: Dataset) -> Dataset:
    return Dataset.of(pa.concat_tables([one.records, other.records.cast(one.records.schema)]), one.schema)


def planted(kind: str, fresh: Dataset, train: Dataset, rng: np.random.Generator) -> tuple[Dataset, np.ndarray]:
    """Fresh records with a share of defects, and which they are."""
    count = int(SHARE * fresh.rows)
    rows = np.sort(rng.choice(fresh.rows, count, replace=False))
    whole = np.arange(fresh.rows)
    if kind.startswith(("copies", "near copies", "repeated")):
        base = fresh.take(np.setdiff1d(whole, rows))
        source = base if kind.startswith("repeated") else train
        extra = source.take(rng.choice(source.rows, count, replace=False))
        noise = {".001 %": 1e-5, ".1 %": 1e-3, " 1 %": 1e-2, "5 %": 5e-2}
        share = next((value for text, value in noise.items() if text in kind), 0.0)
        extra = noisy(extra, share, rng) if share else extra
        if "category" in kind:
            names = [c.name for c in extra.schema.features() if not c.numeric]
            for at in range(extra.rows):
                name = names[at % len(names)]
                extra = put(extra, name, np.array([at]), [rng.choice(list(extra.schema.column(name).constraints.values or ()))])
        return joined(base, extra), np.r_[np.zeros(base.rows, bool), np.ones(count, bool)]
    mask = np.zeros(fresh.rows, bool)
    mask[rows] = True
    if kind == "labels swapped":
        target = fresh.schema.target
        words = fresh.column(target.name).to_pylist()
        classes = list(target.constraints.values or sorted({word for word in words if word is not None}))
        return put(fresh, target.name, rows, [rng.choice([c for c in classes if c != words[row]]) for row in rows]), mask
    numbers = [c for c in fresh.schema.features() if c.numeric]
    if kind == "beyond the range":
        for at, row in enumerate(rows):
            column = numbers[at % len(numbers)]
            fresh = put(fresh, column.name, np.array([row]), [int(2 * (column.constraints.high or 0) + 10)])
        return fresh, mask
    if kind == "strange category":
        names = [c.name for c in fresh.schema.features() if not c.numeric]
        for at, row in enumerate(rows):
            fresh = put(fresh, names[at % len(names)], np.array([row]), ["never seen"])
        return fresh, mask
    for column in fresh.schema.features():  # each column's value that of another record, or any that is allowed
        if "even" in kind:
            fresh = put(fresh, column.name, rows, even(column, count, rng))
            continue
        values = train.column(column.name).to_pylist()
        fresh = put(fresh, column.name, rows, [values[place] for place in rng.integers(0, train.rows, count)])
    return fresh, mask


def even(column: Column, count: int, rng: np.random.Generator) -> list[Any]:
    """Values of a column drawn evenly from its range, or from its categories."""
    if not column.numeric:
        return rng.choice(list(column.constraints.values or ()), count).tolist()
    values = rng.uniform(column.constraints.low, column.constraints.high, count)
    return values.astype(int).tolist() if column.kind == "integer" else values.tolist()


def purpose_for(train: Dataset) -> Purpose:
    target = train.schema.target
    return Purpose(target.name, "binary", classes=tuple(sorted(target.constraints.values or ())))


def defects(sets: tuple[str, ...], seeds: int) -> list[dict[str, Any]]:
    """Recall, precision and false tags of each step on each planted defect, and false tags of all on untouched records."""
    found: list[dict[str, Any]] = []
    for name in sets:
        train, tune, fresh, _ = parts(name)
        context = Context(train, tune, train.schema, purpose_for(train))
        for with_tune in (True, False):
            ready = prepared(steps_of(EVERY), context if with_tune else replace(context, tune=None))
            for step in EVERY:
                tags = tag(fresh, {step: ready[step]}, context)
                false = float((tags.codes > 0).mean())
                found.append({"set": name, "tune": with_tune, "defect": "none", "step": step, "false": false, "rows": fresh.rows})
            for kind, step in TARGET_STEP.items():
                if not with_tune and step != "copied":
                    continue
                sums = np.zeros(4)
                for seed in range(seeds):
                    made, mask = planted(kind, fresh, train, rng_at(seed, "bench", kind))
                    hit = tag(made, {step: ready[step]}, context).codes > 0
                    sums += [(hit & mask).sum(), mask.sum(), hit.sum(), (~mask).sum()]
                met, of, all_hits, clean = sums
                row = {
                    "set": name,
                    "tune": with_tune,
                    "defect": kind,
                    "step": step,
                    "recall": met / of,
                    "precision": met / max(1, all_hits),
                }
                found.append({**row, "false": (all_hits - met) / clean, "rows": int(of / seeds)})
                print(*(f"{value:.3f}" if isinstance(value, float) else value for value in found[-1].values()), flush=True)
    return found


def helps(sets: tuple[str, ...], seeds: int) -> list[dict[str, Any]]:
    """AUROC on test of a learner of half real, half made mass, without curation, and with each set of steps."""
    plans: dict[str, tuple[str, ...]] = {"none": (), "default": DEFAULT, "+ outliers": (*DEFAULT, "outliers")}
    plans |= {"+ labels": (*DEFAULT, "labels"), "all": EVERY}
    found: list[dict[str, Any]] = []
    for name in sets:
        train, _, _, test = parts(name)
        for generator in ("forest", "trees", "interpolate"):
            for seed in range(seeds):
                real = train.take(rng_at(seed, "bench", "draw").permutation(train.rows)[:2000])
                purpose = purpose_for(train)
                maker = catalog.generator(generator).fit(real, seed=seed)
                pool = maker.generate(Request(rows=4000), seed=seed).records
                context = Context(real, None, real.schema, purpose)
                for plan, steps in plans.items():
                    kept = tag(pool, steps_of(steps), context)
                    row = {"set": name, "generator": generator, "seed": seed, "plan": plan, "kept": len(kept.kept) / pool.rows}
                    arm = pool.take(kept.kept[:2000])
                    for learner in ("lightgbm", "logistic"):
                        row[learner] = score(real, arm, test, purpose, learner)
                    found.append(row)
            for plan in plans:
                rows = [r for r in found if (r["set"], r["generator"], r["plan"]) == (name, generator, plan)]
                base = [r for r in found if (r["set"], r["generator"], r["plan"]) == (name, generator, "none")]
                told = [f"kept {np.mean([r['kept'] for r in rows]):.3f}"]
                for learner in ("lightgbm", "logistic"):
                    gap = np.array([r[learner] - b[learner] for r, b in zip(rows, base, strict=True)])
                    spread = gap.std(ddof=1) / np.sqrt(len(gap)) if len(gap) > 1 else float("nan")
                    told.append(f"{learner} {np.mean([r[learner] for r in rows]):.4f} ({gap.mean():+.4f} ± {spread:.4f})")
                print(name, generator, plan, *told, flush=True)
    return found


def score(real: Dataset, made: Dataset, test: Dataset, purpose: Purpose, learner: str) -> float:
    both = real.concat(made)
    weight = np.r_[np.full(real.rows, 0.5), np.full(made.rows, 0.5 * real.rows / made.rows)]
    model = catalog.learner(learner).fit(both, purpose, weight=weight, seed=0)
    return float(catalog.metric("auroc", purpose).score(test, model.predict(test), weight=np.ones(test.rows)))


def cost(sets: tuple[str, ...], seeds: int) -> list[dict[str, Any]]:
    """CPU-seconds per 100,000 candidates and step, the seconds that learning from the real records takes, and peak memory."""
    found: list[dict[str, Any]] = []
    for name in sets:
        train, tune, fresh, _ = parts(name)
        many = fresh.take(rng_at(0, "cost").integers(0, fresh.rows, 100_000 * seeds))
        context = Context(train, tune, train.schema, purpose_for(train))
        for step in EVERY:
            start = time.process_time()
            ready = prepared(steps_of((step,)), context)
            learnt = time.process_time()
            tag(many, ready, context)
            learn, seconds = learnt - start, (time.process_time() - learnt) / seeds
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            found.append(
                {"set": name, "step": step, "learn_s": learn, "s_per_100k": seconds, "peak_gib": peak, "real_rows": train.rows}
            )
            print(*(f"{value:.2f}" if isinstance(value, float) else value for value in found[-1].values()), flush=True)
    return found


def main() -> None:
    """Run one part, print its table, and keep it beside the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("defects", "helps", "cost"))
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    part = {"defects": defects, "helps": helps, "cost": cost}[asked.part]
    rows = part(tuple(asked.sets), asked.seeds)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, asked.part: rows}, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
