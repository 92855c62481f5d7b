"""Whether the privacy attacks have teeth, and whether the gate cries wolf.

    python bench/privacy.py leaks --out bench/results/privacy.json     # copies, generators, outliers: what the gate says
    python bench/privacy.py few --out ...                              # 10 to 300 people among 10,000, changed a little
    python bench/privacy.py alarms [--splits 60] --out ...             # harmless files: how often the gate fails them
    python bench/privacy.py shadow --out ...                           # refitted generators, and one that never saw its records
    python bench/privacy.py cost --out ...                             # CPU-seconds on all of Adult, 32,561 and 16,281 rows

Real rows of Adult (both files), shoppers and default_credit in an order drawn from the number of the split. A harmless file is
fresh real rows, or what a generator made that learnt fresh real rows; members and non-members are others. The rate at which
the gate fails it has an exact binomial interval.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tables_data

from complement import catalog
from complement.core.contracts import Context, Generator
from complement.core.dataset import Dataset
from complement.core.request import Answer, Request
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import share
from complement.measure.privacy import DcrShare, Shadow, attacked, compared, gate
from complement.models.nearness import Space
from complement.source.read import read

TARGETS = {"adult": "income", "shoppers": "Revenue", "default_credit": "default.payment.next.month"}
SIDE = {"adult": 1500, "shoppers": 1500, "default_credit": 1500}
BIG = 10_000  # members, non-members and made rows of the leaks
ADULT_TRAIN = 32_561
Leak = Callable[[Dataset, Dataset], Dataset]


def real(name: str) -> Dataset:
    """All rows of the table, Adult's with those of its test file behind."""
    found = read(tables_data.read(name))
    return found.with_schema(found.schema.with_target(TARGETS[name]))


def shuffled(records: Dataset, split: int) -> Dataset:
    return records.take(rng_at(split, "bench", "privacy").permutation(records.rows))


def part(records: Dataset, start: int, rows: int) -> Dataset:
    return records.take(np.arange(start, min(start + rows, records.rows)))


def made_by(name: str, learnt: Dataset, **settings: object) -> Dataset:
    fitted = catalog.generator(name, **settings).fit(learnt, seed=0)
    return fitted.generate(Request(rows=learnt.rows), seed=0).records


def with_column(records: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = records.column_names.index(name)
    return records.set_column(place, name, pa.array(values).cast(records.schema.field(name).type))


def one_changed(people: Dataset, all_real: Dataset) -> Dataset:
    """Each record with one column, another one each time, changed to a stranger's value."""
    rng, records = rng_at(0, "bench", "one"), people.records
    pick = rng.integers(len(records.column_names), size=people.rows)
    for place, name in enumerate(records.column_names):
        values, others = records.column(name).to_pylist(), all_real.column(name).to_pylist()
        for row in np.flatnonzero(pick == place):
            strange = [other for other in others[:: max(1, len(others) // 5000)] if other != values[row]]
            values[row] = strange[rng.integers(len(strange))]
        records = with_column(records, name, values)
    return Dataset.of(records, people.schema)


def noisy(people: Dataset, all_real: Dataset) -> Dataset:
    """Every number that is not 0 moved by a normal error of 5 % of the column's standard deviation, at most 5 % of its range."""
    rng, records = rng_at(0, "bench", "noise"), people.records
    for column in people.schema:
        if column.numeric:
            values = np.asarray(records.column(column.name).to_numpy(), float)
            moved = values + rng.normal(0, 0.05 * float(np.std(all_real.column(column.name).to_numpy())), people.rows)
            moved = np.where(values == 0, 0, moved)
            records = with_column(records, column.name, (np.rint(moved) if column.kind == "integer" else moved).tolist())
    return Dataset.of(records, people.schema)


def rounded(people: Dataset, all_real: Dataset) -> Dataset:
    """Every number rounded to a twentieth of its range of 5 to 95 %."""
    records = people.records
    for column in people.schema:
        if column.numeric:
            low, high = np.quantile(all_real.column(column.name).to_numpy(), (0.05, 0.95))
            step = max(1.0, float(np.rint((high - low) / 20)))
            records = with_column(records, column.name, (np.rint(records.column(column.name).to_numpy() / step) * step).tolist())
    return Dataset.of(records, people.schema)


def halved(people: Dataset, all_real: Dataset) -> Dataset:
    """Two records for each person: a random half of the columns is theirs, the other half of the columns a stranger's."""
    order = rng_at(0, "bench", "halves").permutation(len(people.schema.columns))
    first, names = set(order[: len(order) // 2].tolist()), people.records.column_names
    others = all_real.take(rng_at(0, "bench", "strangers").permutation(all_real.rows)[: people.rows]).records
    sides = [
        [(people.records if (place in first) == own else others).column(name) for place, name in enumerate(names)]
        for own in (True, False)
    ]
    tables = [pa.table(dict(zip(names, side, strict=True))).cast(people.records.schema) for side in sides]
    return Dataset.of(pa.concat_tables(tables), people.schema)


def copied(people: Dataset, all_real: Dataset) -> Dataset:
    return people


def recoded_outliers(train: Dataset, tune: Dataset, fresh: Dataset, count: int) -> Dataset:
    """Fresh records, and the train records farthest from tune: numbers nudged, two categories named otherwise."""
    distance = Space.of(tune.records, compared(train.schema)).nearest(part(train, 0, 4000).records, part(tune, 0, 4000).records)
    records, rng = train.take(np.argsort(-distance)[:count]).records, rng_at(0, "bench", "recoded")
    for name in ("age", "hours"):
        records = with_column(records, name, (records.column(name).to_numpy() + rng.integers(-1, 2, count)).tolist())
    records = with_column(
        records, "fnlwgt", np.rint(records.column("fnlwgt").to_numpy() * rng.uniform(0.99, 1.01, count)).tolist()
    )
    for name in ("workclass", "country"):
        records = with_column(records, name, ["Other"] * count)
    return Dataset.of(records, train.schema).concat(part(fresh, 0, fresh.rows - count))


def with_diagnosis(records: Dataset, start: int) -> Dataset:
    """The same people with a diagnosis for their country: every fiftieth has one of their own, numbered from `start`."""
    common = rng_at(start, "bench", "diagnosis").integers(20, size=records.rows)
    codes = [f"D{start + row}" if row % 50 == 0 else f"C{code}" for row, code in enumerate(common)]
    return Dataset.of(with_column(records.records, "country", codes), records.schema)


def judged(made: Dataset, context: Context) -> dict[str, Any]:
    """The gate's answer and the scores."""
    scores = [*attacked(made, context), *DcrShare().score(made, context)]
    passed, why = gate(scores)
    return {
        "passed": passed,
        "why": why,
        "scores": {score.name: [score.value, score.low, score.high, score.n] for score in scores},
    }


def leaks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Planted leaks on Adult: what a copy and generators give away, and few people hidden among fresh records."""
    adult = shuffled(real("adult"), 0)
    train, tune = part(adult, 0, 3000), part(adult, 3000, 9000)  # of tune 4,500 are reference, 4,500 non-members
    context = Context(train, tune, adult.schema)
    yield "copy of train", judged(train, context)
    for name, settings in (("interpolate", {}), ("trees", {"min_leaf": 1}), ("trees", {}), ("copula", {}), ("forest", {})):
        yield f"{name} {settings or ''}".strip(), judged(made_by(name, train, **settings), context)
    for name in ("interpolate", "trees"):
        yield f"{name} of hold-out rows", judged(made_by(name, part(adult, 12_000, 3000)), context)
    train, tune, fresh = part(adult, 0, 4000), part(adult, 4000, 4000), part(adult, 8000, 4000)
    yield "150 recoded outliers of 4,000", judged(recoded_outliers(train, tune, fresh, 150), Context(train, tune, adult.schema))


def few() -> Iterator[tuple[str, dict[str, Any]]]:
    """Few people of Adult, changed a little, hidden among 10,000 records of people whom no generator saw."""
    adult = shuffled(real("adult"), 0)
    train, tune, fresh = (part(adult, start, BIG) for start in (0, BIG, 2 * BIG))
    context = Context(train, tune, adult.schema)
    ways: dict[str, Leak] = {"copied": copied, "one column changed": one_changed, "numbers moved": noisy}
    ways |= {"numbers rounded": rounded, "halves swapped": halved}
    for count in (100, 300, 30, 10):
        for told, leak in ways.items():
            planted = leak(part(train, 100, count), adult)
            made = planted.concat(part(fresh, 0, BIG - planted.rows))
            yield f"{count} of 10,000: {told}", judged(made, context)
    for count in (0, 10, 20, 50):
        sick, others, made = (with_diagnosis(side, BIG * place) for place, side in enumerate((train, tune, fresh)))
        codes = made.column("country").to_pylist()
        codes[1 : 1 + count] = [f"D{50 * row}" for row in range(count)]
        told = Dataset.of(with_column(made.records, "country", codes), made.schema)
        yield f"{count} of 200 rare diagnoses", judged(told, Context(sick, others, adult.schema))


def alarms(splits: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Files of people other than members and non-members: how often the gate fails them, passes them, or cannot tell."""
    for name, rows in SIDE.items():
        records = real(name)
        for kind in ("fresh", "interpolate"):
            answers: list[bool | None] = []
            why: list[str] = []
            beside: dict[str, list[bool]] = {}
            for split in range(splits):
                mixed = shuffled(records, split)
                train, tune, fresh = (part(mixed, start, rows) for start in (0, rows, 2 * rows))
                made = fresh if kind == "fresh" else made_by(kind, fresh)
                scores = attacked(made, Context(train, tune, records.schema))
                passed, said = gate(scores)
                answers.append(passed)
                why += [said] if passed is False else []
                for score in scores:
                    if score.name.endswith(("_auc", "_lift", "_lift_most")) and score.low is not None:
                        beside.setdefault(score.name, []).append(score.low > (0.5 if score.name.endswith("_auc") else 0.0))
            failed = share("failed", np.array([answer is False for answer in answers]))
            yield (
                f"{name}, {kind}",
                {
                    "splits": splits,
                    "failed": [failed.value, failed.low, failed.high],
                    "passed": answers.count(True),
                    "not shown": answers.count(None),
                    "why": why,
                    "shown above chance by its own interval": {score: float(np.mean(hits)) for score, hits in beside.items()},
                },
            )


@dataclass
class Blind:
    """A generator that learnt fixed records beforehand, whatever it is fitted on."""

    inner: Generator

    def fit(self, real: Dataset, *, seed: int) -> Blind:
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        return deepcopy(self.inner).generate(request, seed=seed)


def shadow() -> Iterator[tuple[str, dict[str, Any]]]:
    """Generators refitted with and without the most exposed records of Adult."""
    adult = shuffled(real("adult"), 0)
    learnt = part(adult, 0, 2000)
    context = Context(learnt, None, adult.schema)
    for name in ("bootstrap", "interpolate", "trees", "copula"):
        started = time.process_time()
        (score,) = Shadow(catalog.generator(name)).score(learnt, context)
        yield f"shadow: {name}", {"auc": [score.value, score.low, score.high], "cpu_seconds": time.process_time() - started}
    missed: list[Score] = []
    for seed in range(40):
        inner = catalog.generator("interpolate").fit(part(adult, 4000 + 500 * seed, 1000), seed=seed)
        missed += Shadow(Blind(inner), seed=seed).score(learnt, context)
    outside = np.array([not (score.low or 0.0) <= 0.5 <= (score.high or 1.0) for score in missed])
    found = share("outside", outside)
    yield "shadow: never saw them", {"runs": found.n, "outside its interval": [found.value, found.low, found.high]}


def cost() -> Iterator[tuple[str, dict[str, Any]]]:
    adult = real("adult")
    context = Context(part(adult, 0, ADULT_TRAIN), part(adult, ADULT_TRAIN, adult.rows), adult.schema)
    made = made_by("trees", context.train)
    started = time.process_time()
    attacked(made, context)
    yield (
        "cost",
        {"rows": [context.train.rows, made.rows, adult.rows - ADULT_TRAIN], "cpu_seconds": time.process_time() - started},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("leaks", "few", "alarms", "shadow", "cost"))
    parser.add_argument("--splits", type=int, default=60)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    runs = {"leaks": leaks, "few": few, "alarms": lambda: alarms(asked.splits), "shadow": shadow, "cost": cost}
    for name, found in runs[asked.what]():
        print(f"{name:34s} " + " ".join(f"{key}={value}" for key, value in found.items() if key != "scores"), flush=True)
        if asked.out:
            kept = json.loads(asked.out.read_text()) if asked.out.is_file() else {}
            asked.out.write_text(json.dumps({**kept, asked.what: {**kept.get(asked.what, {}), name: found}}, indent=1) + "\n")


if __name__ == "__main__":
    main()
