"""Agreement: sealed records repeated in some of their columns are found, and what chance gives is not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.prove.agreement import agreement, limit
from complement.prove.leaks import leaks_of, matches
from complement.prove.plan import Plan
from complement.prove.pool import Fixed
from complement.prove.trial import Case, Means, judge


@pytest.fixture(scope="module")
def parts(world):
    dataset = world.real(600)
    return dataset.take(np.arange(400)), dataset.take(np.arange(400, 600))


def made(world, rows: int, *place: object):
    return world.records(*world.law(rows, "made", *place), made=True)


def partly(test, share: float, kept: set[str], world):
    """Sealed records with every column but the kept ones drawn anew; so many of them among as many fresh ones."""
    fresh = made(world, test.rows, "fresh")
    table = fresh.records
    for place, name in enumerate(table.column_names):
        if name in kept:
            table = table.set_column(place, table.field(place), test.records.column(name))
    copied = type(test).of(table, test.schema).take(np.arange(round(share * test.rows)))
    return copied.concat(made(world, 200, "more"))


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_copies_of_sealed_records_that_are_exact_in_two_columns_alone_void(parts, world, share):
    train, test = parts
    fact = matches(partly(test, share, {"x0", "x2"}, world), train, test)
    assert fact["distinctive"] == 0
    assert fact["agreeing"] == share * test.rows
    (leak,) = leaks_of([fact, {}], delivered=True)
    assert (leak.code, leak.severity) == ("repeats-sealed", "error")
    assert f"{share * test.rows:.0f} sealed records in 2 columns" in leak.note
    assert [leak.code for leak in leaks_of([fact], delivered=False)] == ["fitted-on-sealed"]


def test_records_that_agree_in_one_column_are_no_leak(parts, world):
    train, test = parts
    fact = matches(partly(test, 1.0, {"x1"}, world), train, test)
    assert "repeats-sealed" not in [leak.code for leak in leaks_of([fact], delivered=True)]


@pytest.mark.parametrize("digits", [0, 1, 2])
@pytest.mark.parametrize("rows", [200, 4000])
def test_what_chance_gives_is_no_agreement_however_coarse_the_columns_are(world, digits, rows):
    def coarse(count: int, *place: object):
        x, y = world.law(count, "coarse", digits, *place)
        x[:, 2] = x[:, 0] + x[:, 1]  # columns that depend on each other agree more often by chance
        return world.records(np.round(x, digits), y)

    train, test = coarse(800, "train"), coarse(200, "test")
    columns = [coarse(rows, "apart", k) for k in range(3)]
    x = np.stack([columns[k].column(f"x{k}").to_numpy() for k in range(3)], axis=1)
    shuffled = world.records(x, columns[0].column("y").to_numpy() == "yes")
    for pool in (coarse(rows, "made"), train, shuffled):
        fact = agreement(pool, train, test)
        assert fact["agreeing"] < limit(fact["agreeing_chance"])


def test_a_few_agreeing_records_are_no_leak_where_chance_gives_some():
    fact = {"distinctive": 0, "columns": 3, "sealed": 0.0, "train": 0.0, "rows": 400, "train_rows": 800, "agreeing_columns": 2}
    assert leaks_of([{**fact, "agreeing": 12, "agreeing_chance": 2.0}], delivered=True) == []
    assert [leak.code for leak in leaks_of([{**fact, "agreeing": 13, "agreeing_chance": 2.0}], delivered=True)] == [
        "repeats-sealed"
    ]
    assert leaks_of([{**fact, "agreeing": 2, "agreeing_chance": 0.0}], delivered=True) == []


def test_sealed_records_with_columns_drawn_anew_void_the_verdict_also_among_as_many_of_all():
    # Five of eight numbers, the categories and the labels are exact; the other numbers mean nothing to any model.
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 8))
    y = rng.random(500) < 1 / (1 + np.exp(-x[:, :3].sum(axis=1)))
    kinds = {**dict.fromkeys([f"x{k}" for k in range(8)], "number"), "c": "category"}
    schema = Schema({"records": (*(Column(n, k) for n, k in kinds.items()), Column("y", "category", "target"))})
    letters = np.array(list("abcd"))[rng.integers(0, 4, 500)]

    def dataset(values: np.ndarray, rows: np.ndarray) -> Dataset:
        columns = {**{f"x{k}": values[:, k] for k in range(8)}, "c": letters[rows], "y": np.where(y[rows], "yes", "no")}
        return Dataset.of(pa.table(columns), schema)

    every = np.arange(500)
    real, part = dataset(x, every), Partition(every, np.where(every < 200, 0, -1), 1)
    for rows in (every[:200], every):
        anew = np.c_[x[rows, :5], rng.standard_normal((len(rows), 3))]
        case = Case(real, part, Purpose("y", "binary", ("no", "yes")), Fixed(dataset(anew, rows)))
        means = Means({"tree": catalog.learner("tree", depth=12, min_leaf=1)}, catalog.metric)
        judgement = judge(case, means, plan=Plan(question="artifact", weights=(0.75,), curve=False, seeds=2))
        assert judgement.verdicts[0].effect.low > 0.05  # the attack does work on the numbers
        assert (judgement.verdicts[0].code, judgement.leaks[0].code) == ("leak-void", "repeats-sealed")
