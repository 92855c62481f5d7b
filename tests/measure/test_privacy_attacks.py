"""The attacks on attributes, links and descriptions have teeth on copies and none on strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from complement import catalog
from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, UsageError
from complement.core.request import Answer, Request
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.privacy import (
    Attributes,
    Copies,
    DcrShare,
    DensityRatio,
    Formal,
    Linkability,
    Membership,
    NearCopies,
    RareValues,
    Shadow,
    SinglingOut,
    attacked,
    compared,
    gate,
    shadow_scores,
)
from complement.models.nearness import Space

SMALL: tuple[Evaluator, ...] = (
    NearCopies(),
    Attributes(most_rows=400, most_synthetic=1500, most_secrets=6),
    SinglingOut(attempts=500),
    Linkability(most_rows=400, most_synthetic=1500),
)


def part(records: Dataset, start: int, rows: int) -> Dataset:
    return records.take(np.arange(start, start + rows))


def measured(made: Dataset, context: Context, attacks: Sequence[Evaluator] = SMALL) -> dict[str, Score]:
    return {score.name: score for attack in attacks for score in attack.score(made, context)}


def low(score: Score) -> float:
    assert score.low is not None
    return score.low


def high(score: Score) -> float:
    assert score.high is not None
    return score.high


def cancer(rows: np.ndarray, *, each: int = 1) -> Dataset:
    """Ten measurements of tumours and whether they are malignant; `each` rows in a row belong to one patient."""
    found = load_breast_cancer(as_frame=False)
    columns = {f"m{place}": found.data[rows, place] for place in range(10)}
    own = (Column("patient", "integer", "unit"), *(Column(name, "number") for name in columns))
    schema = Schema({RECORDS: (*own, Column("malignant", "category", "target"))})
    return Dataset.of(pa.table({"patient": rows // each, **columns, "malignant": found.target[rows].astype(str)}), schema)


def tumours(*, each: int = 1) -> tuple[Context, Dataset]:
    """200 members, 200 non-members, 169 fresh records; the file's order is by chance."""
    train, tune = cancer(np.arange(200), each=each), cancer(np.arange(200, 400), each=each)
    return Context(train, tune, train.schema), cancer(np.arange(400, 569), each=each)


@pytest.fixture
def context(adult: Dataset) -> Context:
    return Context(part(adult, 0, 1500), part(adult, 1500, 1500), adult.schema)


def test_a_copy_is_found_by_every_attack(context: Context) -> None:
    scores = measured(context.train, context)
    assert low(scores["near_tpr"]) > 0.9
    assert low(scores["attribute_lift"]) > 0.2
    assert low(scores["attribute_lift_most"]) > 0.4
    assert low(scores["linked_lift"]) > 0.4
    assert low(scores["singled_out_lift"]) > 0.7


def test_fresh_records_are_found_by_none(adult: Dataset, context: Context) -> None:
    # Intervals of 95 %, four of them: one may miss 0 by chance, and none by more than the gate allows.
    scores = measured(part(adult, 3000, 1500), context)
    lifts = [scores[name] for name in ("attribute_lift", "attribute_lift_most", "linked_lift", "singled_out_lift")]
    assert sum(not low(lift) <= 0 <= high(lift) for lift in lifts) <= 1
    assert max(low(lift) for lift in lifts) < 0.05
    assert low(scores["near_tpr"]) <= high(scores["near_fpr"])


def test_the_same_holds_for_small_measured_records_without_the_census() -> None:
    context, fresh = tumours()
    copied, strange = measured(context.train, context), measured(fresh, context)
    for name in ("attribute_lift", "attribute_lift_most", "linked_lift", "singled_out_lift"):
        assert low(copied[name]) > 0.2, name
        assert low(strange[name]) < 0.05, name
    assert low(copied["near_tpr"]) > 0.9
    assert low(strange["near_tpr"]) <= high(strange["near_fpr"])


def test_interpolation_of_neighbours_fails_the_gate_by_its_links_and_attributes_alone(adult: Dataset, context: Context) -> None:
    made = catalog.generator("interpolate").fit(context.train, seed=0).generate(Request(rows=1500), seed=0).records
    scores = measured(made, context)
    assert low(scores["attribute_lift"]) > 0.05
    assert low(scores["linked"]) > 2 * high(scores["linked_base"])
    learnt = catalog.generator("interpolate").fit(part(adult, 3000, 1500), seed=0)
    other = measured(learnt.generate(Request(rows=1500), seed=0).records, context)
    assert low(other["attribute_lift"]) < 0.05
    assert low(other["linked"]) <= 2 * high(other["linked_base"])


def test_people_with_one_column_changed_are_found_as_near_copies(adult: Dataset, context: Context) -> None:
    people, rng = part(context.train, 0, 60).records, rng_at(0, "one")
    pick = rng.integers(len(people.column_names), size=60)
    for place, name in enumerate(people.column_names):
        values, others = people.column(name).to_pylist(), adult.column(name).to_pylist()
        for row in np.flatnonzero(pick == place):
            values[row] = others[int(rng.integers(len(others)))]
        people = people.set_column(place, name, pa.array(values, people.schema.field(name).type))
    made = part(adult, 3000, 1440).concat(Dataset.of(people, adult.schema))
    scores = measured(made, context, [NearCopies()])
    assert low(scores["near_tpr"]) > high(scores["near_fpr"])
    assert scores["near_tpr"].value > 0.02


def test_what_follows_from_the_population_is_no_lift() -> None:
    rows = 900
    rng = rng_at(0, "law")
    smokes = rng.integers(2, size=3 * rows)
    columns = {"smokes": smokes.astype(str), "age": rng.integers(20, 80, 3 * rows), "coughs": smokes.astype(str)}
    schema = Schema({RECORDS: (Column("smokes", "category"), Column("age", "integer"), Column("coughs", "category", "target"))})
    whole = Dataset.of(pa.table(columns), schema)
    context = Context(part(whole, 0, rows), part(whole, rows, rows), schema)
    found = measured(part(whole, 2 * rows, rows), context, [Attributes(secrets=("coughs",))])
    assert abs(found["attribute_lift"].value) < 0.02, "everybody's cough is known from their smoking"


def test_a_secret_that_only_members_tell_is_named_and_the_others_are_not(context: Context) -> None:
    # Two columns are dealt anew among the train records: the others still tell each other, and these are told by nothing.
    shuffled = context.train.records
    for name in ("job", "hours"):
        order = rng_at(0, name).permutation(1500)
        shuffled = shuffled.set_column(shuffled.column_names.index(name), name, shuffled.column(name).take(pa.array(order)))
    attack = Attributes(most_rows=500, most_synthetic=1500)
    by_column = attack.by_column(Dataset.of(shuffled, context.schema), context)
    assert low(by_column["weight"]) > 0.2
    assert low(by_column["hours"]) < 0.05


def test_rare_words_of_train_are_told_from_those_that_anybody_has() -> None:
    schema = Schema({RECORDS: (Column("diagnosis", "category"), Column("x", "number"))})

    def people(words: list[str]) -> Dataset:
        return Dataset.of(pa.table({"diagnosis": words, "x": np.zeros(len(words))}), schema)

    own, theirs = [f"D{n}" for n in range(40)], [f"E{n}" for n in range(40)]
    common = ["C1", "C2"] * 100
    context = Context(people([*own, *common]), people([*theirs, *common]), schema)
    found = measured(people([*own[:15], *common]), context, [RareValues()])
    assert (found["rare_repeated"].value, found["rare_repeated_base"].value) == (15 / 40, 0.0)
    fresh = measured(people([*own[:5], *theirs[:5], *common]), context, [RareValues()])
    assert fresh["rare_repeated"].value == fresh["rare_repeated_base"].value == 5 / 40


def test_a_unit_counts_once() -> None:
    context, _ = tumours(each=4)
    scores = measured(context.train, context, [NearCopies(), Linkability(), Attributes(most_secrets=2)])
    assert scores["near_tpr"].n == 50
    assert scores["linked"].n == 50
    assert scores["linked_lift"].n == 100
    assert "attribute_lift" not in scores, "25 units of tune are too few for an interval"


class Blind:
    """A generator that hands out other people's records, whatever it is fitted on."""

    def __init__(self, others: Dataset) -> None:
        self.others = others

    def fit(self, real: Dataset, *, seed: int) -> Blind:
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        rows = rng_at(seed, "blind").permutation(self.others.rows)[: request.rows]
        return Answer(self.others.take(rows))


class Shy:
    """A generator that answers with half of what it is asked for."""

    def fit(self, real: Dataset, *, seed: int) -> Shy:
        self.real = real
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        return Answer(self.real.take(np.arange(request.rows // 2)))


def test_a_generator_that_will_not_be_refitted_is_no_harmless_one() -> None:
    context, fresh = tumours()
    with pytest.raises(GenerateError, match="for shadow models"):
        shadow_scores(Shy(), context.train, fresh, context)


def test_refitting_tells_a_generator_that_repeats_its_records_from_one_that_never_saw_them() -> None:
    context, fresh = tumours()
    (copies,) = Shadow(catalog.generator("bootstrap"), most=20, models=12).score(context.train, context)
    (blind,) = Shadow(Blind(fresh), most=20, models=12).score(context.train, context)
    assert low(copies) > 0.7
    assert low(blind) <= 0.5 <= high(blind)
    assert (copies.name, copies.n) == ("shadow_auc", 20)
    (whole,) = shadow_scores(catalog.generator("bootstrap"), context.train, fresh, context, seed=1)
    assert low(whole) > 0.7
    assert [whole] == shadow_scores(catalog.generator("bootstrap"), context.train, fresh, context, seed=1)
    assert Shadow().score(context.train, context) == [], "without a generator there is nothing to refit"
    assert Shadow(catalog.generator("bootstrap"), most=100).score(context.train, context) == [], "too few records"


@pytest.mark.parametrize("attack", SMALL)
def test_without_unseen_records_nothing_is_measured_and_the_same_seed_gives_the_same(attack: Evaluator) -> None:
    context, fresh = tumours()
    none = fresh.take(np.arange(0))
    assert attack.score(fresh, replace(context, tune=None)) == []
    assert attack.score(fresh, replace(context, tune=none)) == []
    assert attack.score(none, context) == []
    assert attack.score(fresh, context) == attack.score(fresh, context)


def test_sizes_that_are_none_are_refused() -> None:
    for attack in (NearCopies, Attributes, Linkability, SinglingOut, RareValues, Shadow):
        with pytest.raises(UsageError, match="most_rows"):
            attack(most_rows=0)


def test_missing_values_and_constant_columns_are_no_obstacle() -> None:
    rows = 240
    rng = rng_at(0, "holes")
    values = np.where(rng.random(rows) < 0.4, np.nan, rng.normal(size=rows).round(2))
    words = [
        None if hole else word for hole, word in zip(rng.random(rows) < 0.4, rng.integers(5, size=rows).astype(str), strict=True)
    ]
    columns = {"x": pa.array(values, from_pandas=True), "y": pa.array(words), "z": np.ones(rows), "w": rng.normal(size=rows)}
    schema = Schema({RECORDS: (Column("x", "number"), Column("y", "category"), Column("z", "number"), Column("w", "number"))})
    whole = Dataset.of(pa.table(columns), schema)
    context = Context(part(whole, 0, 80), part(whole, 80, 80), schema)
    for made in (context.train, part(whole, 160, 80)):
        for score in measured(made, context).values():
            assert score.low is not None
            assert score.high is not None
            assert -1 <= score.low <= score.value <= score.high <= 1


def test_the_gate_weighs_each_new_attack_and_says_which_succeeded() -> None:
    good = {
        "copy_share": Score("copy_share", 0.0, 0.0, 0.01, 500),
        "copy_share_base": Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        "membership_auc": Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        "membership_tpr": Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        "membership_fpr": Score("membership_fpr", 0.01, 0.002, 0.02, 500),
        "near_tpr": Score("near_tpr", 0.002, 0.0, 0.01, 500),
        "near_fpr": Score("near_fpr", 0.006, 0.001, 0.017, 500),
        "linked": Score("linked", 0.01, 0.005, 0.015, 500),
        "linked_base": Score("linked_base", 0.01, 0.005, 0.015, 500),
        "rare_repeated": Score("rare_repeated", 0.1, 0.04, 0.2, 80),
        "rare_repeated_base": Score("rare_repeated_base", 0.1, 0.04, 0.2, 80),
        **{name: Score(name, 0.0, -0.02, 0.02, 1000) for name in ("attribute_lift", "linked_lift", "singled_out_lift")},
    }

    def judged(*changed: Score) -> tuple[bool | None, str]:
        return gate(list({**good, **{score.name: score for score in changed}}.values()))

    passed, why = judged()
    assert passed is True
    assert why.endswith("No formal guarantee (differential privacy).")
    assert judged(Score("near_tpr", 0.06, 0.04, 0.085, 500))[1].startswith("Near copies:")
    assert judged(Score("linked", 0.06, 0.05, 0.07, 500))[1].startswith("Linkability:")
    assert judged(Score("rare_repeated", 0.7, 0.59, 0.8, 80))[1].startswith("Rare values:")
    assert judged(Score("attribute_lift", 0.1, 0.09, 0.11, 1000))[1].startswith("Attribute inference:")
    assert judged(Score("singled_out_lift", 0.1, 0.09, 0.11, 1000))[1].startswith("Singling out:")
    assert judged(Score("shadow_auc", 0.7, 0.66, 0.74, 40))[1].startswith("Shadow models")
    assert judged(Score("singled_out_lift", 0.08, 0.055, 0.105, 1000))[0] is True, "one look of many: widened, it says nothing"
    formal = Formal(1.0, 1e-6, "zCDP", "replace-one", "patient")
    assert "epsilon 1, delta 1e-06 per patient" in gate(list(good.values()), formal=formal)[1]


def test_a_guarantee_that_says_nothing_is_refused() -> None:
    fair = {"epsilon": 1.0, "delta": 0.0, "accountant": "zCDP", "adjacency": "add-remove", "unit": "record"}
    for settings in ({"epsilon": 0.0}, {"delta": 1.0}, {"adjacency": "near"}, {"unit": ""}, {"epsilon": float("inf")}):
        with pytest.raises(UsageError):
            Formal(**{**fair, **settings})


def test_harmless_records_pass_all_attacks_together_and_smote_does_not(adult: Dataset) -> None:
    context = Context(part(adult, 0, 2000), part(adult, 2000, 2000), adult.schema)
    fresh = part(adult, 4000, 2000)
    assert gate([*Copies().score(fresh, context), *Membership().score(fresh, context), *measured(fresh, context).values()])[0]
    made = catalog.generator("interpolate").fit(context.train, seed=0).generate(Request(rows=2000), seed=0).records
    assert gate(attacked(made, context))[0] is False


def test_the_attacks_have_teeth_without_the_census() -> None:
    context, fresh = tumours()
    made = catalog.generator("interpolate", neighbours=2).fit(context.train, seed=0).generate(Request(rows=400), seed=0).records
    of_others = catalog.generator("interpolate").fit(fresh, seed=0).generate(Request(rows=400), seed=0).records
    by_density = {name: DensityRatio().score(one, context)[0] for name, one in (("members", made), ("others", of_others))}
    assert low(by_density["members"]) > 0.7
    assert low(by_density["others"]) <= 0.5 <= high(by_density["others"])
    assert low(DensityRatio().score(context.train, context)[0]) > 0.75


def test_recoded_outliers_among_tumours_pass_the_distance_to_the_closest_record_and_are_found() -> None:
    context, fresh = tumours()
    space = Space.of(context.train.records, compared(context.schema))
    alone = space.neighbours(context.train.records, context.train.records, count=2)[:, 1]
    people = context.train.take(np.argsort(-alone)[:30]).records
    for name in ("m2", "m3"):
        nudged = people.column(name).to_numpy() * rng_at(0, name).uniform(0.9, 1.1, 30)
        people = people.set_column(people.column_names.index(name), name, pa.array(nudged))
    made = fresh.concat(Dataset.of(people, context.schema))
    (dcr, _), found = DcrShare().score(made, context), measured(made, context, [NearCopies()])
    assert low(dcr) < 0.5 < high(dcr), "the mean over all records does not see them"
    assert low(found["near_tpr"]) > high(found["near_fpr"])


def test_no_value_of_a_record_stands_in_the_scores() -> None:
    context, _ = tumours()
    for score in attacked(context.train, context):
        assert not any(letter.isdigit() for letter in score.name.replace("0.001", "")), score.name
