"""A hold-out that the maker had is found out, and one that it never saw is left in peace."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from complement import catalog
from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.request import Request
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.privacy import Copies, Membership, Twins, gate
from complement.measure.privacy.twins import seen


def tumours() -> Dataset:
    """569 real tumours in random order, ten measurements each."""
    features = load_breast_cancer(as_frame=False).data[rng_at(0, "tumours").permutation(569), :10]
    columns = {f"m{place}": features[:, place] for place in range(10)}
    return Dataset.of(pa.table(columns), Schema({RECORDS: tuple(Column(name, "number") for name in columns)}))


def nudged(records: Dataset) -> Dataset:
    """Every number changed by a hundredth of its spread."""
    values = {name: records.column(name).to_numpy() for name in records.schema.names()}
    rng = rng_at(1, "nudged")
    return Dataset.of(pa.table({k: v + 0.01 * v.std() * rng.normal(size=len(v)) for k, v in values.items()}), records.schema)


@pytest.fixture
def context() -> Context:
    return Context(tumours().take(np.arange(200)), tumours().take(np.arange(200, 400)), tumours().schema)


def test_nudged_copies_of_everybody_are_no_pass_when_the_hold_out_was_copied_too(context: Context) -> None:
    made = nudged(tumours().take(np.arange(400)))
    attacks = [score for one in (Copies(), Membership()) for score in one.score(made, context)]
    assert gate(attacks)[0] is not False, "the attacks cannot tell members from others who were seen as well"
    found, base = Twins().score(made, context)
    assert (found.name, base.name) == ("holdout_twins", "holdout_twins_base")
    assert found.value > 0.3
    assert base.value < 0.05
    passed, why = gate([*attacks, found, base])
    assert (passed, "hold-out is not unseen" in why) == (None, True)


@pytest.mark.parametrize("by", ["forest", "copula", "trees", "interpolate", ""])
def test_a_maker_that_never_saw_the_hold_out_makes_no_twins_of_it(context: Context, by: str) -> None:
    made = tumours().take(np.arange(400, 569))
    if by:
        made = catalog.generator(by).fit(context.train, seed=0).generate(Request(rows=300), seed=0).records
    assert not seen(*Twins().score(made, context))


def test_visits_of_one_patient_lie_together_and_prove_nothing() -> None:
    rng = rng_at(0, "visits")
    schema = Schema({RECORDS: (Column("who", "integer", "unit"), Column("x", "number"), Column("y", "number"))})

    def visits(start: int) -> Dataset:
        x, y = (np.repeat(rng.normal(size=200), 10) + 0.001 * rng.normal(size=2000) for _ in range(2))
        return Dataset.of(pa.table({"who": np.repeat(np.arange(start, start + 200), 10), "x": x, "y": y}), schema)

    context = Context(visits(0), visits(200), schema)
    alone = Dataset.of(pa.table({"who": np.arange(400, 2400), "x": rng.normal(size=2000), "y": rng.normal(size=2000)}), schema)
    found, base = Twins().score(alone, context)
    assert found.n == 200
    assert not seen(found, base), (found, base)


def test_a_classifier_that_is_wrong_about_the_hold_out_is_no_pass_either() -> None:
    good = [
        Score("copy_share", 0.0, 0.0, 0.01, 500),
        Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        Score("membership_fpr", 0.01, 0.002, 0.02, 500),
    ]
    assert gate([*good, Score("c2st_auc", 0.46, 0.42, 0.5, 500)])[0] is True
    passed, why = gate([*good, Score("c2st_auc", 0.4, 0.37, 0.43, 500)])
    assert (passed, "not unseen" in why) == (None, True)


def test_it_meets_the_protocol_and_needs_a_hold_out(context: Context) -> None:
    assert isinstance(Twins(), Evaluator)
    assert Twins().score(context.train, Context(context.train, None, context.schema)) == []
    assert Twins(50).score(context.train, context)[0].n == 50
    with pytest.raises(UsageError, match="most_rows"):
        Twins(most_rows=0)
