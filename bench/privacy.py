"""Whether the privacy attacks have teeth, and whether the gate cries wolf.

    python bench/privacy.py leaks --out bench/results/privacy.json     # copies, generators, outliers: what the gate says
    python bench/privacy.py again --out ...                            # the chief of these on three other splits
    python bench/privacy.py halves|payments|visits --out ...           # leaks of halves, a rare class, many visits
    python bench/privacy.py few --out ...                              # 30 and 100 people among 10,000, changed a little
    python bench/privacy.py alarms [--splits 60] [--tables NAME...]   # harmless files: how often the gate fails them
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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tables_data

from complement import catalog
from complement.core.contracts import Context, Generator
from complement.core.dataset import Dataset
from complement.core.request import Answer, Request
from complement.core.schema import Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import share
from complement.measure.privacy import DcrShare, DensityRatio, Shadow, attacked, compared, gate
from complement.models.nearness import Space
from complement.source.read import read

TARGETS = {"adult": "income", "shoppers": "Revenue", "default_credit": "default.payment.next.month"}
SIDE = {"adult": 1500, "shoppers": 1500, "default_credit": 1500}
BIG = 10_000  # members, non-members and made rows of the leaks
ADULT_TRAIN = 32_561
ISSUE = (3000, 9000, 2 / 3)  # members; unseen rows; the share of these that is the reference: 6,000, beside 3,000 non-members
AGAIN = 3  # other splits
PAYMENTS, PATIENTS = 8000, 6000  # a side
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
    names = [column.name for column in compared(people.schema) if len(all_real.column(column.name).unique()) > 1]
    pick = rng.integers(len(names), size=people.rows)
    for place, name in enumerate(names):
        values, others = records.column(name).to_pylist(), all_real.column(name).to_pylist()
        some, each = others[:: max(1, len(others) // 5000)], all_real.column(name).unique().to_pylist()
        for row in np.flatnonzero(pick == place):
            strange = [other for other in some if other != values[row]] or [other for other in each if other != values[row]]
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


def recombined(people: Dataset, *, fixed: bool) -> Dataset:
    """As many records as people: each column by chance (or a half of the columns, always the same) from the next one instead."""
    rng, records, here = rng_at(0, "bench", "recombined"), people.records, np.arange(people.rows)
    names, columns = records.column_names, {}
    first = set(rng.permutation(len(names))[: len(names) // 2].tolist())
    for place, name in enumerate(names):
        own = np.full(people.rows, place in first) if fixed else rng.random(people.rows) < 0.5
        columns[name] = records.column(name).take(pa.array(np.where(own, here, np.roll(here, 1))))
    return Dataset.of(pa.table(columns).cast(records.schema), people.schema)


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
    context = Context(part(adult, 0, ISSUE[0]), part(adult, ISSUE[0], ISSUE[1]), adult.schema)

    def case(made: Dataset) -> dict[str, Any]:
        found = judged(made, context)
        return {**found, "density_auc beside 6,000 reference rows": told(DensityRatio(reference=ISSUE[2]), made, context)}

    train = context.train
    yield "copy of train", case(train)
    for name, settings in (("interpolate", {}), ("trees", {"min_leaf": 1}), ("trees", {}), ("copula", {}), ("forest", {})):
        yield f"{name} {settings or ''}".strip(), case(made_by(name, train, **settings))
    for name in ("interpolate", "trees"):
        yield f"{name} of hold-out rows", case(made_by(name, part(adult, 12_000, 3000)))
    for size in (4000, 10_000):
        train, tune, fresh = (part(adult, start, size) for start in (0, size, 2 * size))
        hidden = recoded_outliers(train, tune, fresh, 150)
        yield f"150 recoded outliers of {size:,}", judged(hidden, Context(train, tune, adult.schema))


def told(evaluator: DensityRatio | DcrShare, made: Dataset, context: Context) -> list[float | None]:
    """Value, low and high of an evaluator's first score."""
    score = evaluator.score(made, context)[0]
    return [score.value, score.low, score.high]


def again() -> Iterator[tuple[str, dict[str, Any]]]:
    """The chief leaks of Adult on other splits: areas of the density ratio; DCR and the gate on recoded outliers."""
    for split in range(1, AGAIN + 1):
        adult, found = shuffled(real("adult"), split), dict[str, Any]()
        train = part(adult, 0, ISSUE[0])
        context, attack = Context(train, part(adult, ISSUE[0], ISSUE[1]), adult.schema), DensityRatio(reference=ISSUE[2])
        strange = part(adult, 12_000, 3000)
        cases = {"copy": train, "interpolate": made_by("interpolate", train)}
        cases |= {f"{name} of hold-out rows": made_by(name, strange) for name in ("interpolate", "trees", "copula")}
        found |= {name: told(attack, made, context) for name, made in cases.items()}
        for size in (4000, 10_000):
            train, tune, fresh = (part(adult, start, size) for start in (0, size, 2 * size))
            context, hidden = Context(train, tune, adult.schema), recoded_outliers(train, tune, fresh, 150)
            found[f"dcr of 150 recoded outliers of {size}"] = told(DcrShare(), hidden, context)
            found[f"dcr of {size} fresh rows"] = told(DcrShare(), fresh, context)
        passed, why = gate(attacked(hidden, context))
        found["gate on 150 recoded outliers of 10,000"] = [passed, why]
        yield f"split {split}", found


def halves() -> Iterator[tuple[str, dict[str, Any]]]:
    """Records of Adult dealt out over two others each: a file in which no real record stands whole."""
    adult = shuffled(real("adult"), 0)
    context = Context(part(adult, 0, 3000), part(adult, 3000, 3000), adult.schema)
    for told, fixed in (("always the same", True), ("by chance", False)):
        yield f"halves of all, {told}", judged(recombined(context.train, fixed=fixed), context)


def payments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Leaks of the frauds among card payments, and of nobody else."""
    records = read(tables_data.read("ulb_creditcard"))
    records = shuffled(records.with_schema(records.schema.with_target("Class")), 0)
    fraud = pc.equal(records.column("Class").cast(pa.string()), "1").to_numpy(zero_copy_only=False)
    frauds, others = np.flatnonzero(fraud), np.flatnonzero(~fraud)
    each = len(frauds) // 3
    cut = [(slice(n * each, (n + 1) * each), slice(n * PAYMENTS, (n + 1) * PAYMENTS)) for n in range(3)]
    train, tune, fresh = (records.take(np.concatenate([frauds[few], others[many]])) for few, many in cut)
    context, rest, rare = Context(train, tune, records.schema), fresh.take(np.arange(each, fresh.rows)), part(train, 0, each)
    yield f"payments, fresh: {each} frauds of {train.rows:,}", judged(fresh, context)
    yield "payments: frauds, numbers moved", judged(rest.concat(noisy(rare, records)), context)
    yield "payments: frauds by SMOTE", judged(rest.concat(made_by("interpolate", rare)), context)
    few = noisy(part(rare, 0, 30), records).concat(part(fresh, 30, fresh.rows))
    yield "payments: 30 frauds, numbers moved", judged(few, context)


def visits() -> Iterator[tuple[str, dict[str, Any]]]:
    """Leaks of patients with three visits or more, and of nobody else."""
    found = read(tables_data.read("diabetes130"))
    schema = found.schema.with_target("readmitted")
    columns = [replace(c, kind="category", role="unit") if c.name == "patient_nbr" else c for c in schema.columns]
    records = Dataset.of(found.records, Schema({"records": tuple(columns)}))
    unit = records.units()
    order = rng_at(0, "bench", "patients").permutation(int(unit.max()) + 1)
    train, tune, fresh = (records.take(np.isin(unit, order[n * PATIENTS : (n + 1) * PATIENTS])) for n in range(3))
    context, own, others = Context(train, tune, records.schema), train.units(), fresh.units()
    busy, rest = train.take(np.bincount(own)[own] >= 3), fresh.take(np.bincount(others)[others] < 3)
    yield f"visits, fresh: {len(np.unique(busy.units()))} of {PATIENTS:,} patients have 3 or more", judged(fresh, context)
    yield "visits: of these, one column changed", judged(rest.concat(one_changed(busy, records)), context)
    yield "visits: of these, numbers moved", judged(rest.concat(noisy(busy, records)), context)
    yield "visits: of these, by trees with min_leaf 1", judged(rest.concat(made_by("trees", busy, min_leaf=1)), context)
    few = busy.take(np.isin(busy.units(), np.arange(30)))
    yield "visits: 30 of these, one column changed", judged(fresh.concat(one_changed(few, records)), context)


def few() -> Iterator[tuple[str, dict[str, Any]]]:
    """Few people of Adult, changed a little, hidden among 10,000 records of people whom no generator saw."""
    adult = shuffled(real("adult"), 0)
    train, tune, fresh = (part(adult, start, BIG) for start in (0, BIG, 2 * BIG))
    context = Context(train, tune, adult.schema)
    ways: dict[str, Leak] = {"copied": copied, "one column changed": one_changed, "numbers moved": noisy}
    ways |= {"numbers rounded": rounded, "halves swapped": halved}
    synthetic = made_by("trees", part(adult, 3 * BIG, BIG))
    for among, rest in (("trees", synthetic), ("real rows", fresh)):
        yield f"nobody among {among}", judged(rest, context)
        for count in (100, 30):
            for how, leak in ways.items():
                planted = leak(part(train, 100, count), adult)
                made = planted.concat(part(rest, 0, BIG - planted.rows))
                yield f"{count} among {among}: {how}", judged(made, context)
    for count in (0, 10, 20, 50):
        sick, others, made = (with_diagnosis(side, BIG * place) for place, side in enumerate((train, tune, fresh)))
        codes = made.column("country").to_pylist()
        codes[1 : 1 + count] = [f"D{50 * row}" for row in range(count)]
        known = Dataset.of(with_column(made.records, "country", codes), made.schema)
        yield f"{count} of 200 rare diagnoses", judged(known, Context(sick, others, adult.schema))


def alarms(splits: int = 60, tables: tuple[str, ...] = tuple(SIDE)) -> Iterator[tuple[str, dict[str, Any]]]:
    """Files of people other than members and non-members: how often the gate fails them, passes them, or cannot tell."""
    for name in tables:
        records, rows = real(name), SIDE[name]
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
    for name in ("bootstrap", "interpolate", "trees", "copula", "forest"):
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


RUNS = {
    "leaks": leaks,
    "again": again,
    "halves": halves,
    "payments": payments,
    "visits": visits,
    "few": few,
    "alarms": alarms,
    "shadow": shadow,
    "cost": cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=tuple(RUNS))
    parser.add_argument("--splits", type=int, default=60, help="of alarms")
    parser.add_argument("--tables", nargs="+", choices=tuple(SIDE), default=tuple(SIDE), help="of alarms")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    for name, found in alarms(asked.splits, tuple(asked.tables)) if asked.what == "alarms" else RUNS[asked.what]():
        print(f"{name:34s} " + " ".join(f"{key}={value}" for key, value in found.items() if key != "scores"), flush=True)
        if asked.out:
            kept = json.loads(asked.out.read_text()) if asked.out.is_file() else {}
            asked.out.write_text(json.dumps({**kept, asked.what: {**kept.get(asked.what, {}), name: found}}, indent=1) + "\n")


if __name__ == "__main__":
    main()
