"""Tables in which no slice is worse than another, made to tempt the gap finder: what it reports there is a false alarm.

Features are real ones (diamonds, adult, shoppers, diabetes130), targets are not. A world is a function of rows and a number that
gives records, a task and the unit of every record.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from gaps_data import part

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import RECORDS, Column, Schema
from complement.core.seed import rng_at
from complement.gap.losses import fit, scores_of
from complement.gap.weak import Task
from complement.prepare import owners

World = tuple[Dataset, Task, np.ndarray]
NOISE_COLUMNS = 200
RARE = 0.015
MOST_VISITS = 12


def coin(rows: int, number: int) -> World:
    """Adult with its own targets in random order."""
    records, _, purpose = part("adult", rows, number)
    texts = np.array(records.column(purpose.target).to_pylist(), object)
    return _world(records, purpose, rng_at(number, "coin").permutation(texts))


def calibrated(rows: int, number: int) -> World:
    """Adult with targets drawn by the probabilities of a model of other records: some slices are hard, and known to be."""
    records, others, purpose = part("adult", rows, number)
    model = fit(catalog.learner("lightgbm"), others, purpose, seed=number)
    drawn = rng_at(number, "drawn").random(rows) < scores_of(model, records, purpose)
    return _world(records, purpose, np.array(purpose.classes, object)[drawn.astype(int)])


def wide(rows: int, number: int) -> World:
    """Shoppers, its targets in random order, and 200 columns of noise."""
    records, _, purpose = part("shoppers", rows, number)
    rng = rng_at(number, "wide")
    texts = rng.permutation(np.array(records.column(purpose.target).to_pylist(), object))
    names = [f"noise_{k}" for k in range(NOISE_COLUMNS)]
    table = records.records
    for name in names:
        table = table.append_column(name, pa.array(rng.standard_normal(rows)))
    columns = (*records.schema.columns, *(Column(name, "number") for name in names))
    return _world(Dataset.of(table, Schema({RECORDS: columns})), purpose, texts)


def tails(rows: int, number: int) -> World:
    """Diamonds with prices drawn from a t distribution of 2 degrees: its variance is infinite."""
    records, _, purpose = part("diamonds", rows, number)
    drawn = rng_at(number, "tails").standard_t(2, rows)
    told = Purpose(purpose.target, "regression", metric="rmse", target_sd=float(drawn.std()))
    return _world(records, told, drawn)


def rare(rows: int, number: int) -> World:
    """Adult with a class of 1.5 % that nothing predicts."""
    records, _, purpose = part("adult", rows, number)
    drawn = rng_at(number, "rare").permutation(np.arange(rows) < round(RARE * rows))
    return _world(records, purpose, np.array(purpose.classes, object)[drawn.astype(int)])


def visits(rows: int, number: int) -> World:
    """Patients with 1 to 12 visits each, few of them with as many as another: features and target are the patient's, repeated."""
    records, _, purpose = part("diabetes130", rows, number)
    rng = rng_at(number, "visits")
    unit = np.repeat(np.arange(rows), rng.integers(1, MOST_VISITS + 1, rows))[:rows]
    texts = np.array(purpose.classes, object)[rng.integers(0, 2, rows)]
    return _world(records.take(unit), purpose, texts[unit], unit)


def few_patients(rows: int, number: int) -> World:
    """The same with some 60 patients, most of them with a number of visits of their own."""
    records, _, purpose = part("diabetes130", rows, number)
    rng = rng_at(number, "few patients")
    sizes = np.maximum(1, np.round(rng.lognormal(2.0, 1.0, rows)).astype(int))
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), rows)) + 1]
    unit = np.repeat(np.arange(len(sizes)), sizes)[:rows]
    texts = np.array(purpose.classes, object)[rng.integers(0, 2, rows)]
    return _world(records.take(unit), purpose, texts[unit], unit)


def repeats(rows: int, number: int) -> World:
    """Adult, targets in random order, half of the records there twice, and no unit that says so: the split finds the copies."""
    records, task, _ = coin(rows, number)
    once = np.arange(rows - rows // 3)
    twice = records.take(np.r_[once, once[: rows // 3]])
    return twice, task, owners(twice)


WORLDS: dict[str, Callable[[int, int], World]] = {
    "coin": coin,
    "wide": wide,
    "tails": tails,
    "rare": rare,
    "visits": visits,
    "few_patients": few_patients,
    "repeats": repeats,
    "calibrated": calibrated,
}


def _world(records: Dataset, purpose: Purpose, target: np.ndarray, unit: np.ndarray | None = None) -> World:
    place = records.records.column_names.index(purpose.target)
    table = records.records.set_column(place, purpose.target, pa.array(list(target)))
    made = Dataset.of(table, records.schema)
    return made, Task(purpose, catalog.learner("lightgbm")), np.arange(records.rows) if unit is None else unit
