"""Imputation of cells that were hidden: ours beside median and mode, and scikit-learn's iterative imputer.

    python bench/impute.py [--sets adult,support2,pima,default_credit] [--seeds 5] --out bench/results/impute.json

Of the observed cells 15 % are hidden, completely at random (mcar) or with a chance that rises with the person's age, which stays
(mar). Scored on the hidden cells: root mean squared error of numbers in units of the column's standard deviation,
accuracy of categories, both as means over columns; and how far the filled cells are from the true ones as distributions
(Kolmogorov-Smirnov or total variation, mean over columns), CPU-seconds beside them. Means over seeds with 95 % t intervals.
Settings were chosen on other sets (see README.md).

    python bench/impute.py --coverage

How often Rubin's 95 % interval, of ten tables filled by draws, covers the mean of a column that is missing at random.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tables_data
from scipy.stats import t as student

from complement.core.dataset import Dataset
from complement.core.schema import Column, Constraints, Schema
from complement.core.seed import rng_at
from complement.generate.impute import Imputer

SHARE = 0.15
ROWS = {"adult": 1500, "support2": 1000, "pima": 768, "default_credit": 1000}
DRIVER = {"adult": "age", "support2": "age", "pima": "age", "default_credit": "AGE"}
NOT_MEASURED = ("glucose", "pressure", "skin", "insulin", "bmi")  # pima writes 0 where it was not
ROUNDS, TREES = 3, 20  # of the iterative imputer on trees: capped, or one filling would take minutes
Filler = Callable[[Dataset, int], pa.Table]


def records_of(name: str) -> pa.Table:
    """A fixed random part of a real table, without columns that only name a unit."""
    table = tables_data.read(name)
    rows = np.sort(rng_at(0, "impute", "rows", name).permutation(table.num_rows)[: ROWS[name]])
    table = table.take(pa.array(rows)).combine_chunks()
    if name == "pima":
        for column in NOT_MEASURED:
            values = table.column(column)
            known = pc.if_else(pc.equal(values, 0), pa.scalar(None, values.type), values)
            table = table.set_column(table.column_names.index(column), column, known)
    return table


def hidden_cells(name: str, table: pa.Table, law: str, seed: int) -> dict[str, np.ndarray]:
    """Which observed cells are hidden, by column, bool of shape (rows,)."""
    rng, driver = rng_at(seed, "impute", "hide", name, law), DRIVER[name]
    ages = np.array(table.column(driver).cast(pa.float64()).fill_null(-1).to_numpy())
    rank = np.argsort(np.argsort(ages, kind="stable"), kind="stable") / len(ages)
    chance = np.full(len(ages), SHARE) if law == "mcar" else 2 * SHARE * rank
    hidden = {}
    for column in table.column_names:
        if law == "mcar" or column != driver:
            known = np.asarray(pc.is_valid(table.column(column)).to_numpy(), bool)
            hidden[column] = known & (rng.random(len(ages)) < chance)
    return hidden


def without(table: pa.Table, hidden: dict[str, np.ndarray]) -> Dataset:
    """The table with these cells missing, as a fitted profile would describe it."""
    arrays, columns = {}, []
    for name in table.column_names:
        values = table.column(name).combine_chunks()
        if name in hidden:
            values = pc.if_else(pa.array(hidden[name]), pa.scalar(None, values.type), values)
        arrays[name] = values
        if pa.types.is_string(values.type):
            columns.append(Column(name, "category"))
            continue
        numbers = values.drop_null().cast(pa.float64()).to_numpy()
        decimals = next((d for d in range(13) if np.array_equal(np.round(numbers, d), numbers)), None)
        kind = "integer" if pa.types.is_integer(values.type) else "number"
        columns.append(Column(name, kind, constraints=Constraints(float(numbers.min()), float(numbers.max()), decimals)))
    return Dataset.of(pa.table(arrays), Schema({"records": tuple(columns)}))


def as_matrix(table: pa.Table) -> tuple[np.ndarray, list[list[str] | None]]:
    """Numbers as they are, categories as positions in alphabetical order, NaN where missing; and the categories."""
    columns, levels = [], []
    for name in table.column_names:
        values = table.column(name).combine_chunks()
        words = sorted(pc.unique(values.drop_null()).to_pylist()) if pa.types.is_string(values.type) else None
        codes = values if words is None else pc.index_in(values, value_set=pa.array(words), skip_nulls=True)
        columns.append(np.array(codes.cast(pa.float64()).to_numpy(zero_copy_only=False), float))
        levels.append(words)
    return np.stack(columns, axis=1), levels


def as_table(matrix: np.ndarray, levels: list[list[str] | None], like: pa.Table) -> pa.Table:
    """Back: whole numbers and categories by rounding."""
    arrays = {}
    for at, name in enumerate(like.column_names):
        codes, words, kind = matrix[:, at], levels[at], like.schema.field(name).type
        if words is not None:
            arrays[name] = pa.array(words).take(pa.array(np.clip(np.rint(codes), 0, len(words) - 1).astype(int)))
        else:
            arrays[name] = pa.array(np.rint(codes).astype(int)).cast(kind) if pa.types.is_integer(kind) else pa.array(codes)
    return pa.table(arrays)


def middle(real: Dataset, seed: int) -> pa.Table:
    """Median and mode of the observed cells."""
    matrix, levels = as_matrix(real.records)
    for at, words in enumerate(levels):
        column = matrix[:, at]
        known = column[~np.isnan(column)]
        value = np.median(known) if words is None else np.bincount(known.astype(int)).argmax()
        column[np.isnan(column)] = value
    return as_table(matrix, levels, real.records)


def iterative(real: Dataset, seed: int) -> pa.Table:
    """IterativeImputer as it comes (BayesianRidge, 10 rounds); categories as numbers, which is how it is mostly used."""
    matrix, levels = as_matrix(real.records)
    return as_table(_iterated(matrix, None, 10, seed), levels, real.records)


def iterative_indicators(real: Dataset, seed: int) -> pa.Table:
    """The same on standardised numbers and one-hot categories, filled with the level of the highest prediction."""
    matrix, levels = as_matrix(real.records)
    parts: list[np.ndarray] = []
    for at, words in enumerate(levels):
        column = matrix[:, [at]]
        one = column if words is None else np.where(np.isnan(column), np.nan, column == np.arange(len(words)))
        parts.append(one.astype(float))
    wide = np.concatenate(parts, axis=1)
    mean, spread = np.nanmean(wide, axis=0), np.nanstd(wide, axis=0)
    spread[spread == 0] = 1.0
    filled = _iterated((wide - mean) / spread, None, 10, seed) * spread + mean
    ends = np.cumsum([part.shape[1] for part in parts])
    for at, (words, end) in enumerate(zip(levels, ends, strict=True)):
        missing = np.isnan(matrix[:, at])
        own = filled[missing, end - parts[at].shape[1] : end]
        matrix[missing, at] = own[:, 0] if words is None else own.argmax(axis=1)
    return as_table(matrix, levels, real.records)


def iterative_trees(real: Dataset, seed: int) -> pa.Table:
    """IterativeImputer with ExtraTrees (as in its user guide), 20 trees of leaf 3 and 3 rounds."""
    from sklearn.ensemble import ExtraTreesRegressor

    matrix, levels = as_matrix(real.records)
    trees = ExtraTreesRegressor(n_estimators=TREES, min_samples_leaf=3, random_state=seed)
    return as_table(_iterated(matrix, trees, ROUNDS, seed), levels, real.records)


def _iterated(matrix: np.ndarray, estimator: Any, rounds: int, seed: int) -> np.ndarray:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says each time that it would go on for more rounds
        return IterativeImputer(estimator, max_iter=rounds, random_state=seed).fit_transform(matrix)


def ours(how: str) -> Filler:
    """Imputer with its own settings."""
    return lambda real, seed: Imputer(how).fit(real, seed=seed).fill(real, seed=seed).records  # type: ignore[arg-type]


METHODS: dict[str, Filler] = {
    "median / mode": middle,
    "iterative, ridge, ordinal": iterative,
    "iterative, ridge, one-hot": iterative_indicators,
    "iterative, ExtraTrees": iterative_trees,
    "ours, centre": ours("centre"),
    "ours, draw": ours("draw"),
}


def scores_of(table: pa.Table, hidden: dict[str, np.ndarray], filled: pa.Table) -> dict[str, float]:
    """rmse, accuracy and distance over the hidden cells, each a mean over columns."""
    rmse, accuracy, distance = [], [], []
    for name, cells in hidden.items():
        truth, made = (one.column(name).combine_chunks().filter(pa.array(cells)) for one in (table, filled))
        if pa.types.is_string(truth.type):
            a, b = np.array(truth.to_pylist(), str), np.array(made.to_pylist(), str)
            accuracy.append(np.mean(a == b))
            distance.append(0.5 * sum(abs(np.mean(a == level) - np.mean(b == level)) for level in np.unique(np.r_[a, b])))
            continue
        a, b = (np.sort(one.cast(pa.float64()).to_numpy()) for one in (truth, made))
        spread = np.nanstd(table.column(name).cast(pa.float64()).to_numpy())
        error = truth.cast(pa.float64()).to_numpy() - made.cast(pa.float64()).to_numpy()
        rmse.append(np.sqrt(np.mean(error**2)) / (spread or 1.0))
        steps = np.r_[a, b]
        distance.append(np.max(np.abs(np.searchsorted(a, steps, "right") - np.searchsorted(b, steps, "right"))) / len(a))
    return {name: float(np.mean(one)) for name, one in (("rmse", rmse), ("accuracy", accuracy), ("distance", distance))}


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean with its 95 % t interval over seeds."""
    reach = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return {"value": float(values.mean()), "low": float(values.mean() - reach), "high": float(values.mean() + reach)}


def measure(name: str, law: str, seeds: int) -> dict[str, Any]:
    """All methods on the same hidden cells, and the differences of ours to the others, seed by seed."""
    table = records_of(name)
    found: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for seed in range(seeds):
        hidden = hidden_cells(name, table, law, seed)
        real = without(table, hidden)
        for method, fill in METHODS.items():
            started = time.process_time()
            filled = fill(real, seed)
            found[method].append({**scores_of(table, hidden, filled), "cpu_seconds": time.process_time() - started})
    scores = {
        method: {what: np.array([run[what] for run in runs]) for what in ("rmse", "accuracy", "distance", "cpu_seconds")}
        for method, runs in found.items()
    }
    others = [method for method in METHODS if not method.startswith("ours")]
    return {
        "set": name,
        "law": law,
        "rows": table.num_rows,
        "columns": table.num_columns,
        "scores": {method: {what: interval(v) for what, v in one.items()} for method, one in scores.items()},
        "centre_less": {
            m: {what: interval(scores["ours, centre"][what] - scores[m][what]) for what in ("rmse", "accuracy")} for m in others
        },
        "draw_less": {m: {"distance": interval(scores["ours, draw"]["distance"] - scores[m]["distance"])} for m in others},
    }


def coverage(rows: int, runs: int) -> dict[str, float]:
    """y = x + noise of .5 with mean 0; y is missing with the chance logistic(x). Shares of runs whose interval holds 0."""
    columns = (Column("x", "number"), Column("y", "number"))
    held = {"ours, draw x 10": 0, "complete records": 0}
    error: list[float] = []
    for run in range(runs):
        rng = rng_at(run, "impute", "coverage")
        x = rng.normal(size=rows)
        y = np.where(rng.random(rows) < 1 / (1 + np.exp(-x)), np.nan, x + 0.5 * rng.normal(size=rows))
        real = Dataset.of(pa.table({"x": x, "y": pa.array(y, from_pandas=True)}), Schema({"records": columns}))
        imputer = Imputer(rounds=1).fit(real, seed=run)
        made = [imputer.fill(real, seed=seed).records.column("y").to_numpy() for seed in range(10)]
        means, within = np.array([one.mean() for one in made]), np.mean([one.var(ddof=1) / rows for one in made])
        between = means.var(ddof=1) * 1.1
        freedom = 9 * (1 + within / between) ** 2  # Rubin 1987
        held["ours, draw x 10"] += abs(means.mean()) < student.ppf(0.975, freedom) * np.sqrt(within + between)
        known = y[~np.isnan(y)]
        held["complete records"] += abs(known.mean()) < 1.96 * known.std(ddof=1) / np.sqrt(len(known))
        error.append(float(means.mean()))
    shares = {name: float(count) / runs for name, count in held.items()}
    return {"rows": rows, "runs": runs, **shares, "bias": float(np.mean(error)), "sd": float(np.std(error, ddof=1))}


def show(one: dict[str, Any]) -> None:
    print(f"\n{one['set']}, {one['law']}: {one['rows']:,} x {one['columns']}", flush=True)
    print(f"{'':28}{'rmse / sd':>24}{'accuracy':>24}{'distance':>24}{'CPU s':>8}")
    for method, scores in one["scores"].items():
        cells = [f"{s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" for what, s in scores.items() if what != "cpu_seconds"]
        print(f"{method:28}{cells[0]:>24}{cells[1]:>24}{cells[2]:>24}{scores['cpu_seconds']['value']:>8.1f}", flush=True)


def keep(out: Path | None, **new: Any) -> None:
    """Write results beside those that are on file; a set and law that was measured again replaces its former figures."""
    if out is None:
        return
    facts = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"share": SHARE, "sets": []}
    again = {(one["set"], one["law"]) for one in new.get("sets", [])}
    new["sets"] = [one for one in facts["sets"] if (one["set"], one["law"]) not in again] + new.get("sets", [])
    out.write_text(json.dumps({**facts, **new}, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join(ROWS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.coverage:
        found = [coverage(rows, 100) for rows in (300, 1000)]
        print(json.dumps(found, indent=1))
        keep(given.out, coverage=found)
        return
    for name in given.sets.split(","):
        for law in ("mcar", "mar"):
            one = measure(name, law, given.seeds)
            show(one)
            keep(given.out, sets=[one], seeds=given.seeds)


if __name__ == "__main__":
    main()
