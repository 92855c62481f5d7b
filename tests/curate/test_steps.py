"""The steps one by one: what each tags, what it leaves alone, and what it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import complement
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.purpose import Purpose
from complement.core.rule_text import parse_rules
from complement.core.schema import Column, Constraints, Schema
from complement.core.seed import rng_at
from complement.curate.contaminated import Contaminated, signatures
from complement.curate.copied import Copied
from complement.curate.duplicates import Duplicates
from complement.curate.labels import Labels
from complement.curate.outliers import Outliers
from complement.curate.prints import Nature
from complement.curate.valid import Valid
from complement.testing.sample import as_synthetic, replace_values, sample_purpose, sample_records


def noisy(records: Dataset, share: float) -> Dataset:
    rng = rng_at(0, "noise")
    for column in records.schema.features():
        values = records.column(column.name).to_numpy()
        records = replace_values(records, column.name, pa.array(values * (1 + share * rng.standard_normal(len(values)))))
    return records


def coarse(rows: int, seed: int) -> Dataset:
    """Travellers of four facts: records repeat by nature."""
    rng = rng_at(seed, "coarse")
    names = ("class", "age", "sex", "lived")
    words = [rng.choice(np.array(list("abc")), rows, p=[0.5, 0.3, 0.2]) for _ in names]
    table = pa.table({name: pa.array(word) for name, word in zip(names, words, strict=True)})
    return Dataset.of(table, Schema({"records": tuple(Column(name, "category") for name in names)}).with_target("lived"))


# valid


def one(value: object, column: Column) -> str:
    schema = Schema({"records": (column, Column("other", "integer"))})
    table = pa.table({column.name: pa.array([value]), "other": [1]})
    made = Dataset.of(table, schema)
    return Valid().tag(made, Context(made, None, schema))[0]


@pytest.mark.parametrize(
    ("value", "column", "reason"),
    [
        (5.0, Column("x", "number", constraints=Constraints(low=6)), "x is below 6"),
        (5.0, Column("x", "number", constraints=Constraints(high=4.5)), "x is above 4.5"),
        (5.25, Column("x", "number", constraints=Constraints(decimals=1)), "x has more than 1 decimals"),
        (0.1 + 0.2, Column("x", "number", constraints=Constraints(decimals=1)), ""),
        (1e15 + 0.5, Column("x", "number", constraints=Constraints(decimals=1)), ""),
        (5.5, Column("x", "integer"), "x is not a whole number"),
        (float("inf"), Column("x", "number"), "x is not finite"),
        ("c", Column("x", "category", constraints=Constraints(values=("a", "b"))), "x has a value that is not allowed"),
        (None, Column("x", "category", constraints=Constraints(values=("a", "b"))), ""),
        (None, Column("x", "category", constraints=Constraints(nullable=False)), "x is missing"),
        (9.0, Column("x", "number", "ignore", Constraints(high=4)), ""),
    ],
)
def test_a_constraint_is_held(value: object, column: Column, reason: str) -> None:
    assert one(value, column) == reason


def test_rules_and_unique_values_are_held(tumours: Dataset) -> None:
    rules = parse_rules(["mean_area > mean_radius", "unique(mean_texture, mean_area)"])
    schema = tumours.schema.with_rules(rules)
    made = tumours.take(np.r_[np.arange(10), 3]).with_schema(schema)
    made = replace_values(made, "mean_area", pa.array([*made.column("mean_area").to_pylist()[:9], 0.5, None]))
    made = replace_values(
        made, "mean_area", pa.array([*made.column("mean_area").to_pylist()[:10], made.column("mean_area")[3].as_py()])
    )
    tags = Valid().tag(made, Context(tumours.with_schema(schema), None, schema))
    assert tags[9] in ("mean_area is below 143.5", "breaks the rule 'mean_area > mean_radius'")
    assert tags[10] == "repeats a value that must be unique"
    assert not any(tags[:9])


def test_a_combination_that_no_real_record_has_breaks_its_rule() -> None:
    real = coarse(60, 0)
    schema = real.schema.with_rules(parse_rules("combination(class, age)"))
    only = real.take(np.asarray(real.column("class").to_numpy() != "a", bool)).with_schema(schema)
    tags = Valid().tag(real.with_schema(schema), Context(only, None, schema))
    assert [bool(one) for one in tags] == (real.column("class").to_numpy() == "a").tolist()


# duplicates


def test_repeats_are_tagged_and_the_first_stays(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.r_[np.arange(300, 400), np.arange(300, 350)])
    tags = np.array([bool(one) for one in Duplicates().tag(made, context)])
    assert not tags[:100].any()
    assert tags[100:].mean() >= 0.9


def test_near_repeats_are_tagged_as_such(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.arange(300, 400))
    near = made.concat(noisy(made.take(np.arange(50)), 1e-6))
    tags = Duplicates().tag(near, context)
    assert sum(one.startswith("nearly equals") for one in tags[100:]) >= 45
    assert not any(tags[:100])


def test_what_repeats_by_nature_is_left_alone_and_what_repeats_too_often_is_not() -> None:
    context = Context(coarse(2000, 0), None, coarse(1, 0).schema)
    natural = coarse(2000, 1)
    assert np.mean([bool(one) for one in Duplicates().tag(natural, context)]) < 0.01
    again = natural.take(np.r_[np.arange(1500), np.zeros(500, int)])
    tags = np.array([bool(one) for one in Duplicates().tag(again, context)])
    assert tags.mean() < 0.02  # 500 equal ones of a table with 81 values are as many repeats as in nature


def test_a_generator_stuck_on_few_records_is_seen_also_in_a_coarse_table() -> None:
    context = Context(coarse(500, 0), None, coarse(1, 0).schema)
    stuck = coarse(5, 1).take(np.arange(300) % 5)
    assert np.mean([bool(one) for one in Duplicates().tag(stuck, context)]) > 0.1


def test_without_real_records_every_repeat_is_tagged(tumours: Dataset) -> None:
    made = tumours.take(np.r_[np.arange(20), np.arange(20)])
    tags = Duplicates().tag(made, Context(tumours.take(np.arange(0)), None, tumours.schema))
    assert sum(bool(one) for one in tags) == 20


def test_repeats_under_a_condition_are_held_against_the_real_records_under_it() -> None:
    real = coarse(4000, 0)
    asked = coarse(4000, 1)
    asked = asked.take(np.asarray(asked.column("class").to_numpy() == "c", bool))
    context = Context(real, None, real.schema)
    assert not any(Duplicates(where="class = 'c'").tag(asked, context))


@pytest.mark.parametrize(("levels", "rows"), [(50, 400), (5000, 400), (300, 3000)])
def test_natural_repeats_are_forecast(levels: int, rows: int) -> None:
    """Rarefaction and extrapolation against what fresh draws show; sizes below, near and above the real number."""
    rng = rng_at(0, "levels", levels)
    p = rng.dirichlet(np.full(levels, 0.7))
    nature = Nature.of(rng.choice(levels, 1000, p=p).astype(np.uint64), np.arange(1000))
    drawn = [rows - len(np.unique(rng.choice(levels, rows, p=p))) for _ in range(50)]
    assert nature.repeats(rows) == pytest.approx(np.mean(drawn), rel=0.1, abs=10)


def test_a_patient_with_many_equal_visits_is_one_unit() -> None:
    nature = Nature.of(np.array([7, 7, 7, 8], np.uint64), np.array([0, 0, 1, 2]))
    assert nature.counts.tolist() == [2, 1]
    assert nature.units == 3


# copied


def test_copies_are_tagged_and_fresh_records_are_not(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.r_[np.arange(300, 569), np.arange(60)])
    tags = Copied().tag(made, context)
    assert all(tags[269:])
    assert sum(bool(one) for one in tags[:269]) <= 6
    assert sum("no other resembles" in one for one in tags[269:]) >= 1


@pytest.mark.parametrize(("noise", "least"), [(1e-4, 0.95), (1e-3, 0.9), (1e-2, 0.6)])
def test_near_copies_are_tagged(tumours: Dataset, context: Context, noise: float, least: float) -> None:
    made = tumours.take(np.arange(300, 569)).concat(noisy(tumours.take(np.arange(60)), noise))
    tags = np.array([bool(one) for one in Copied().tag(made, context)])
    assert tags[269:].mean() >= least


def test_copies_that_coincidence_explains_stay() -> None:
    real, fresh = coarse(2000, 0), coarse(1000, 1)
    context = Context(real, coarse(500, 2), real.schema)
    assert np.mean([bool(one) for one in Copied().tag(fresh, context)]) < 0.05
    assert np.mean([bool(one) for one in Copied().tag(fresh, replace(context, tune=None))]) < 0.05


def test_the_records_of_one_unit_do_not_hide_how_near_strangers_come_by_nature() -> None:
    rng = np.random.default_rng(0)

    def visits(people: int, each: int, first: int) -> pa.Table:
        who = np.repeat(np.arange(people), each)
        traits = {f"x{one}": (rng.integers(0, 12, people)[who] + rng.integers(-1, 2, len(who))).clip(0, 12) for one in range(5)}
        words = {f"w{one}": rng.choice(list("abc"), people)[who].tolist() for one in range(3)}
        return pa.table({"person": [f"p{first + one}" for one in who], **traits, **words})

    real, fresh = visits(800, 4, 0), visits(1500, 1, 5000)
    found = complement.curate(fresh, real=real, unit="person", steps=["copied"])
    assert len(found.kept) > 0.98 * 1500, found.funnel


def test_the_lot_falls_the_same_way_whatever_the_order(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.arange(250, 400))
    order = rng_at(0, "order").permutation(150)
    plain, mixed = Copied().tag(made, context), Copied().tag(made.take(order), context)
    assert [plain[row] for row in order] == list(mixed)


# contaminated


def test_sealed_records_are_known_by_signature_alone(tumours: Dataset, context: Context) -> None:
    sealed = signatures(tumours.take(np.arange(500, 569)))
    tags = Contaminated().tag(tumours.take(np.arange(400, 569)), replace(context, sealed=sealed))
    assert [bool(one) for one in tags] == [False] * 100 + [True] * 69
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in sealed.exact)


# outliers and labels


def test_records_that_no_real_one_supports_are_tagged(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.arange(300, 569))
    rng = rng_at(0, "far")
    for column in made.schema.features():
        values = made.column(column.name).to_numpy().copy()
        values[:40] = rng.uniform(column.constraints.low, column.constraints.high, 40)
        made = replace_values(made, column.name, pa.array(values))
    tags = np.array([bool(one) for one in Outliers(alpha=0.02).tag(made, context)])
    assert tags[:40].mean() >= 0.9
    assert tags[40:].mean() <= 0.08


def test_swapped_labels_are_tagged(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.arange(300, 569))
    words = np.array(made.column("diagnosis").to_pylist())
    words[:40] = np.where(words[:40] == "benign", "malignant", "benign")
    tags = Labels(alpha=0.02).tag(replace_values(made, "diagnosis", pa.array(words)), context)
    hits = np.array([bool(one) for one in tags])
    assert hits[:40].mean() >= 0.5
    assert hits[40:].mean() <= 0.05
    assert {one for one in tags if one} <= {"the features speak for 'benign'", "the features speak for 'malignant'"}


def test_a_target_far_from_what_the_features_say_is_tagged(patients: Dataset) -> None:
    train, made = patients.take(np.arange(250)), patients.take(np.arange(250, 442))
    values = made.column("target").to_numpy().copy()
    values[:20] += 600
    made = replace_values(made, "target", pa.array(values))
    tags = Labels().tag(made, Context(train, None, train.schema, Purpose("target", "regression")))
    assert all(tags[:20])
    assert np.mean([bool(one) for one in tags[20:]]) <= 0.05


def test_labels_of_several_classes() -> None:
    real, made = sample_records(600, task="multiclass", seed=1), as_synthetic(sample_records(200, task="multiclass", seed=2))
    context = Context(real, None, real.schema, sample_purpose("multiclass"))
    assert np.mean([bool(one) for one in Labels().tag(made, context)]) <= 0.05


def test_a_step_that_has_nothing_to_learn_from_tags_nothing(tumours: Dataset) -> None:
    few = tumours.take(np.arange(2))
    context = Context(few, None, few.schema)
    for step in (Outliers(), Labels(), Contaminated()):
        assert not any(step.tag(tumours, context))
    assert not any(Copied().tag(tumours.take(np.arange(2, 569)), context))


@pytest.mark.parametrize("make", [lambda: Outliers(alpha=0), lambda: Labels(alpha=1.0), lambda: Copied(most_rows=1)])
def test_a_setting_out_of_range_is_an_error(make: object) -> None:
    with pytest.raises(UsageError):
        make()  # type: ignore[operator]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.lists(st.integers(0, 6), max_size=60))
def test_repeats_are_never_more_than_records_minus_values(real: list[int], made: list[int]) -> None:
    nature = Nature.of(np.array(real, np.uint64), np.arange(len(real)))
    assert 0 <= nature.repeats(len(made)) <= max(0, len(made) - 1) + 1e-9
    step = Duplicates(learnt=(nature, nature))
    prints = np.repeat(np.array(made, np.uint64)[:, None], 2, axis=1)
    codes = step.settle(prints).codes
    assert len(codes) == len(made)
    assert {made[row] for row in np.flatnonzero(codes == 0)} == set(made)  # of every value one stays at least
