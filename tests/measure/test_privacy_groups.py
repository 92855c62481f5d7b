"""Leaks confined to a rare class, to people with many records, to parts of records; and what every answer says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.privacy import DensityRatio, Formal, NearCopies, copied_whole, gate
from complement.measure.privacy.groups import groups

NONE = "No formal guarantee (differential privacy)."
PIXELS = 24


@cache
def digits() -> tuple[Context, Dataset]:
    """The 24 liveliest pixels of handwritten digits, in random order: 700 members, 900 others; and 197 fresh ones."""
    found = load_digits()
    order = rng_at(0, "digits").permutation(len(found.target))
    lively = np.argsort(-found.data.var(axis=0))[:PIXELS]
    columns = {f"p{place}": found.data[order][:, place] for place in lively}
    schema = Schema({RECORDS: (*(Column(name, "number") for name in columns), Column("eight", "integer", "target"))})
    whole = Dataset.of(pa.table({**columns, "eight": (found.target[order] == 8).astype(int)}), schema)
    sides = [whole.take(np.arange(start, end)) for start, end in ((0, 700), (700, 1600), (1600, 1797))]
    return Context(sides[0], sides[1], schema), sides[2]


def visits(unit: np.ndarray, values: np.ndarray) -> Dataset:
    schema = Schema({RECORDS: (Column("who", "integer", "unit"), *(Column(f"m{place}", "number") for place in range(3)))})
    return Dataset.of(pa.table({"who": unit, **{f"m{place}": values[:, place] for place in range(3)}}), schema)


def measured(*scores: Score) -> dict[str, Score]:
    return {score.name: score for score in scores}


def low(score: Score) -> float:
    assert score.low is not None
    return score.low


def high(score: Score) -> float:
    assert score.high is not None
    return score.high


def moved(records: Dataset, seed: int) -> Dataset:
    """Every number but the target a little off."""
    table = records.records
    for column in records.schema.features():
        values = table.column(column.name).to_numpy() + rng_at(seed, column.name).normal(0, 0.1, table.num_rows)
        table = table.set_column(table.column_names.index(column.name), column.name, pa.array(values))
    return Dataset.of(table, records.schema)


def test_the_rarest_class_and_units_with_many_records_are_groups_and_large_ones_are_not() -> None:
    context, _ = digits()
    assert context.tune is not None
    rare = groups(context.train, context.tune)
    assert list(rare) == ["rare"], "without units nobody has several records"
    for mask, side in zip(rare["rare"], (context.train, context.tune), strict=True):
        assert mask.tolist() == (side.column("eight").to_numpy() == 1).tolist(), "one digit of ten"
    rng = rng_at(0, "visits")
    few, many = np.arange(400), np.concatenate([np.arange(400), np.repeat(np.arange(40), 2)])
    assert groups(visits(few, rng.normal(size=(400, 3))), visits(few, rng.normal(size=(400, 3)))) == {}
    busy = groups(visits(many, rng.normal(size=(480, 3))), visits(many, rng.normal(size=(480, 3))))
    assert [int(mask.sum()) for mask in busy["busy"]] == [120, 120]
    most = np.repeat(np.arange(100), 3)
    assert groups(visits(most, rng.normal(size=(300, 3))), visits(most, rng.normal(size=(300, 3)))) == {}, "these are all"


def test_a_leak_of_one_class_drowns_among_all_and_is_found_in_the_class() -> None:
    context, fresh = digits()
    within = context.train.column("eight").to_numpy() == 1
    rest = fresh.take(fresh.column("eight").to_numpy() == 0)
    made = rest.concat(moved(context.train.take(within), 1))
    found, clean = (measured(*DensityRatio().score(one, context)) for one in (made, fresh))
    assert low(found["density_rare_auc"]) > 0.8
    assert low(found["density_auc"]) < 0.55, "all together hide it"
    assert low(clean["density_rare_auc"]) < 0.5 < high(clean["density_rare_auc"])


def test_a_generator_that_remembers_only_people_with_many_visits_is_found() -> None:
    rng = rng_at(0, "busy")

    def people(first: int) -> Dataset:
        unit = first + np.concatenate([np.arange(600), np.repeat(np.arange(60), 2)])
        return visits(unit, rng.normal(size=(720, 3)))

    train, tune, fresh = (people(first) for first in (0, 1000, 2000))
    context, who = Context(train, tune, train.schema), fresh.units()
    busy = np.bincount(train.units())[train.units()] >= 3
    made = moved(train.take(busy), 2).concat(fresh.take(np.bincount(who)[who] < 3))
    found, clean = (measured(*DensityRatio().score(one, context)) for one in (made, fresh))
    assert low(found["density_busy_auc"]) > 0.55
    assert 60 + 30 <= found["density_busy_auc"].n < 60 + 60, "units, not visits, and of tune those that are no reference"
    assert low(clean["density_busy_auc"]) < 0.5 < high(clean["density_busy_auc"])


def test_records_dealt_out_over_two_others_are_found_by_their_parts() -> None:
    context, fresh = digits()
    train, rng, here = context.train, rng_at(3, "halves"), np.arange(context.train.rows)
    halves = {}
    for name in train.records.column_names:
        own = rng.random(train.rows) < 0.5
        halves[name] = train.column(name).take(pa.array(np.where(own, here, np.roll(here, 1))))
    made = Dataset.of(pa.table(halves), train.schema)
    found, clean = (measured(*NearCopies().score(one, context)) for one in (made, fresh))
    assert low(found["part_tpr"]) > 2 * high(found["part_fpr"])
    assert found["part_tpr"].value > 2 * found["near_tpr"].value, "in all but two columns hardly anybody agrees"
    assert low(clean["part_tpr"]) <= high(clean["part_fpr"])


def test_every_answer_says_whether_there_is_a_formal_guarantee() -> None:
    good = measured(
        Score("copy_share", 0.0, 0.0, 0.01, 500),
        Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        Score("membership_fpr", 0.01, 0.002, 0.02, 500),
    )
    wide, bad = Score("membership_auc", 0.53, 0.49, 0.57, 1000), Score("copy_share", 0.5, 0.4, 0.6, 500)
    answers = {
        True: [gate(list(good.values()))],
        None: [gate([]), gate(list(good.values()), strangers="others."), gate(list({**good, **measured(wide)}.values()))],
        False: [gate(list({**good, **measured(bad)}.values()))],
    }
    for passed, given in answers.items():
        assert all(answer == passed and why.endswith(NONE) for answer, why in given), (passed, given)
    formal = Formal(2.0, 1e-6, "zCDP", "replace-one", "patient")
    for scores in ([], list(good.values()), list({**good, **measured(bad)}.values())):
        why = gate(scores, formal=formal)[1]
        assert why.endswith(formal.sentence()), why
    context, fresh = digits()
    assert copied_whole(context.train, context.train).endswith(NONE)
    assert copied_whole(fresh, context.train) == ""
