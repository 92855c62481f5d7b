"""The privacy attacks catch a copy, and do not cry wolf over records of people whom no generator saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score

from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import area
from complement.measure.privacy import MAX_AUC, Copies, Membership, compared, gate


def measured(synthetic: Dataset, context: Context) -> dict[str, Score]:
    return {s.name: s for s in (*Copies().score(synthetic, context), *Membership(2000, 4000).score(synthetic, context))}


def part(records: Dataset, start: int, rows: int) -> Dataset:
    return records.take(np.arange(start, start + rows))


@pytest.fixture
def context(adult: Dataset) -> Context:
    return Context(part(adult, 0, 4000), part(adult, 4000, 4000), adult.schema)


def test_a_copy_of_train_is_caught(context: Context) -> None:
    scores = measured(context.train, context)
    assert scores["copy_share"].value == 1.0
    assert scores["membership_auc"].low is not None
    assert scores["membership_auc"].low > 0.9
    assert scores["membership_tpr"].value > 0.9 or scores["copy_share_base"].value > 0.01
    passed, why = gate(list(scores.values()))
    assert passed is False
    assert why.startswith("Copies:")


def test_a_copy_with_every_number_nudged_is_caught_by_the_attack(context: Context) -> None:
    records = context.train.records
    for place, column in enumerate(context.schema):
        if column.numeric:
            noise = rng_at(1, column.name).integers(1, 3, records.num_rows)
            records = records.set_column(place, column.name, pa.array(records.column(column.name).to_numpy() + noise))
    scores = measured(Dataset.of(records, context.schema), context)
    base = scores["copy_share_base"]
    assert scores["copy_share"].value <= (base.high or 0)
    passed, why = gate(list(scores.values()))
    assert passed is False
    assert why.startswith("Membership:")


def test_a_few_copies_among_many_fresh_records_are_caught(adult: Dataset, context: Context) -> None:
    mixed = part(context.train, 0, 120).concat(part(adult, 12_000, 3880))
    passed, why = gate(list(measured(mixed, context).values()))
    assert passed is False
    assert why.startswith("Copies:")


@pytest.mark.parametrize("start", [8000, 12_000, 16_000])
def test_fresh_real_records_pass(adult: Dataset, context: Context, start: int) -> None:
    scores = measured(part(adult, start, 4000), context)
    assert gate(list(scores.values()))[0], gate(list(scores.values()))[1]
    auc = scores["membership_auc"]
    assert auc.low is not None
    assert auc.high is not None
    assert auc.low - 0.01 < 0.5 < auc.high + 0.01
    assert auc.high < MAX_AUC


def test_a_generator_that_saw_only_the_unseen_records_is_not_called_a_leak_of_train(context: Context) -> None:
    assert context.tune is not None
    scores = measured(context.tune, context)
    assert scores["membership_auc"].value < 0.1, "the nearest are those of tune: the attack is wrong about every one"
    assert scores["membership_tpr"].value < 0.01
    assert scores["copy_share"].value == scores["copy_share_base"].value
    assert gate(list(scores.values()))[0]


def test_few_unseen_records_raise_no_false_alarm(adult: Dataset, context: Context) -> None:
    outcomes: list[bool | None] = []
    for start in range(8000, 9200, 120):
        few = replace(context, tune=part(adult, start, 120))
        outcomes.append(gate(list(measured(part(adult, 12_000, 2000), few).values()))[0])
    assert outcomes.count(False) <= 1, "10 looks at harmless records"


def test_without_unseen_records_nothing_is_shown(context: Context) -> None:
    assert context.tune is not None
    alone = replace(context, tune=None)
    scores = [*Copies().score(context.train, alone), *Membership().score(context.train, alone)]
    assert [score.name for score in scores] == ["copy_share"]
    assert gate(scores)[0] is None
    few = replace(context, tune=part(context.tune, 0, 99))
    assert gate(list(measured(context.train, few).values()))[0] is False, "what is shown does not wait for more"
    passed, why = gate(list(measured(part(context.tune, 99, 3901), few).values()))
    assert passed is None
    assert "too few" in why
    assert gate([]) == (None, gate([])[1])


def test_an_attack_of_which_nothing_is_known_well_enough_neither_passes_nor_fails() -> None:
    good = {
        "copy_share": Score("copy_share", 0.0, 0.0, 0.01, 500),
        "copy_share_base": Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        "membership_auc": Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        "membership_tpr": Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        "membership_fpr": Score("membership_fpr", 0.01, 0.002, 0.02, 500),
    }

    def judged(**changed: Score) -> bool | None:
        return gate(list({**good, **changed}.values()))[0]

    assert judged() is True
    assert judged(membership_auc=Score("membership_auc", 0.5, None, None, 40)) is None
    assert judged(membership_auc=Score("membership_auc", 0.52, 0.45, 0.59, 200)) is None
    assert judged(membership_auc=Score("membership_auc", 0.59, 0.56, 0.62, 1000)) is False
    assert judged(membership_tpr=Score("membership_tpr", 0.05, 0.03, 0.07, 500)) is False
    assert judged(copy_share=Score("copy_share", 0.02, 0.01, 0.03, 500)) is False


def test_the_same_seed_gives_the_same_scores(context: Context) -> None:
    made = context.train
    once = Membership(300, 500, seed=3).score(made, context)
    assert once == Membership(300, 500, seed=3).score(made, context)
    assert once != Membership(300, 500, seed=4).score(made, context)
    assert once[0].n == 600


def test_storage_does_not_hide_a_copy() -> None:
    schema = Schema({RECORDS: (Column("code", "category"), Column("size", "number"))})
    real = Dataset.of(pa.table({"code": [1, 2, None], "size": [1.0, 2.5, None]}), schema)
    text = pa.array(["1", "2", None]).dictionary_encode()
    made = Dataset.of(pa.table({"code": text, "size": pa.array([1.0, 2.5, None], pa.float32())}), schema)
    assert Copies().score(made, Context(real, None, schema))[0].value == 1.0


def test_identifiers_do_not_hide_a_copy_and_do_not_make_one() -> None:
    columns = (Column("id", "integer", "identifier"), Column("x", "number"), Column("y", "category", "target"))
    schema = Schema({RECORDS: columns})
    real = Dataset.of(pa.table({"id": [1, 2], "x": [0.1, 0.2], "y": ["a", "b"]}), schema)
    made = Dataset.of(pa.table({"id": [8, 2], "x": [0.1, 9.0], "y": ["a", "b"]}), schema)
    assert [column.name for column in compared(schema)] == ["x", "y"]
    assert Copies().score(made, Context(real, None, schema))[0].value == 0.5


def test_a_unit_counts_once_however_many_records_it_has() -> None:
    features = load_breast_cancer(as_frame=False).data[:400, :4]
    names = ["a", "b", "c", "d"]
    schema = Schema({RECORDS: (Column("patient", "integer", "unit"), *(Column(name, "number") for name in names))})

    def visits(rows: np.ndarray) -> Dataset:
        columns = {name: features[rows, place] for place, name in enumerate(names)}
        return Dataset.of(pa.table({"patient": rows // 4, **columns}), schema)

    context = Context(visits(np.arange(200)), visits(np.arange(200, 400)), schema)
    scores = Membership().score(visits(np.arange(0, 200, 4)), context)
    assert scores[0].n == 100
    assert scores[0].value > 0.95, "one visit of each patient is enough to recognise them all"


def test_the_area_and_its_interval_are_those_of_delong() -> None:
    rng = rng_at(5, "auc")
    members, others = rng.normal(0.4, 1, 300).round(1), rng.normal(0, 1, 200).round(1)
    found = area("auc", members, others)
    truth = np.repeat([1, 0], [300, 200])
    assert found.value == pytest.approx(roc_auc_score(truth, np.concatenate([members, others])))
    draws = [roc_auc_score(truth, np.concatenate([rng.choice(members, 300), rng.choice(others, 200)])) for _ in range(400)]
    assert found.low is not None
    assert found.value - found.low == pytest.approx(1.96 * np.std(draws), rel=0.15)
    assert area("auc", members[:20], others).low is None


def test_both_meet_the_protocol_and_refuse_sizes_that_are_none() -> None:
    assert isinstance(Copies(), Evaluator)
    assert isinstance(Membership(), Evaluator)
    with pytest.raises(UsageError, match="most_rows"):
        Membership(most_rows=0)


def test_what_is_common_and_made_too_often_is_no_copy_and_many_people_of_train_are() -> None:
    schema = Schema({RECORDS: tuple(Column(f"m{place}", "integer") for place in range(4))})

    def drawn(rows: int, name: str) -> np.ndarray:
        return rng_at(0, "common", name).poisson(1.2, size=(rows, 4)) * rng_at(1, "common", name).integers(1, 9, size=(rows, 4))

    def records(values: np.ndarray) -> Dataset:
        return Dataset.of(pa.table({f"m{place}": values[:, place] for place in range(4)}), schema)

    train, tune, fresh = (drawn(1500, name) for name in ("train", "tune", "fresh"))
    context, common = Context(records(train), records(tune), schema), np.where(np.arange(1500)[:, None] < 90, 0, fresh)
    scores = measured(records(common), context)
    assert scores["copy_share"].value > (scores["copy_share_base"].high or 1.0), "ninety records of noughts, which people have"
    assert not gate(list(scores.values()))[1].startswith("Copies")
    own = train[[not (tune == row).all(axis=1).any() for row in train]][:200]
    alone = measured(records(np.concatenate([own, fresh[200:]])), context)
    assert gate(list(alone.values()))[1].startswith("Copies")
