"""The closed loop: what helps is kept, what harms or cannot be made is dropped, what is unclear is changed, and it all ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pytest

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import RequestError
from complement.core.purpose import Purpose, Slice
from complement.core.request import Answer, Request
from complement.core.seed import rng_at
from complement.gap.loop import NOBODY, Closed, Means, close
from complement.gap.told import endings, of_judged

LAB = Condition.parse("`who's lab` = 'O''Neill'")


@dataclass
class Drawn:
    """A generator that gives real records again, of a store of its own: right ones, or with the other diagnosis."""

    store: Dataset
    wrong: bool = False
    seen: list[int] = field(default_factory=list[int])

    def fit(self, real: Dataset, *, seed: int) -> Self:
        self.seen.append(real.rows)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        inside = np.flatnonzero(request.where.mask(self.store.records)) if request.where else np.arange(self.store.rows)
        if not len(inside):
            raise RequestError("request-impossible", "No record is under the condition.")
        made = self.store.take(rng_at(seed, "drawn").choice(inside, request.rows))
        if self.wrong:
            words = ["benign" if word == "malignant" else "malignant" for word in made.column("diagnosis").to_pylist()]
            place = made.records.column_names.index("diagnosis")
            made = Dataset.of(made.records.set_column(place, "diagnosis", pa.array(words)), made.schema)
        return Answer(made)


def means_of(store: Dataset, diagnosis: Purpose, *, wrong: bool = False) -> Means:
    return Means(Drawn(store, wrong), catalog.learner("lightgbm", trees=20), diagnosis)


@pytest.fixture(scope="module")
def world(tumours: Dataset) -> Dataset:
    """All tumours, but in one lab it is the other way round: who has seen few of its records is wrong there."""
    words = np.array(tumours.column("diagnosis").to_pylist(), object)
    inside = LAB.mask(tumours.records)
    words[inside] = np.where(words[inside] == "benign", "malignant", "benign")
    place = tumours.records.column_names.index("diagnosis")
    return Dataset.of(tumours.records.set_column(place, "diagnosis", pa.array(list(words))), tumours.schema)


@pytest.fixture(scope="module")
def poor(world: Dataset) -> Dataset:
    """The world with 25 records of that lab left."""
    return world.take(np.setdiff1d(np.arange(world.rows), np.flatnonzero(LAB.mask(world.records))[25:]))


def test_a_request_that_helps_is_kept_in_the_first_round(poor: Dataset, world: Dataset, diagnosis: Purpose) -> None:
    done = close(poor, [Request(rows=150, where=LAB, name="lab")], means_of(world, diagnosis), rounds=3)
    assert [request.name for request in done.kept] == ["lab"]
    assert len(done.history) == 1
    seen = done.history[0]["requests"][0]
    assert seen["decision"] == "kept"
    assert seen["gain"]["low"] > 0


def test_a_request_that_harms_is_dropped_and_says_so(tumours: Dataset, diagnosis: Purpose) -> None:
    done = close(tumours, [Request(rows=280, where=LAB, name="lab")], means_of(tumours, diagnosis, wrong=True), rounds=3)
    assert done.kept == ()
    assert done.history[0]["requests"][0]["why"] == "its slice was harmed"
    assert len(done.history) == 1


def test_what_cannot_be_made_is_dropped_with_the_generators_reason(tumours: Dataset, diagnosis: Purpose) -> None:
    empty = tumours.take(~LAB.mask(tumours.records))
    done = close(tumours, [Request(rows=50, where=LAB, name="lab")], means_of(empty, diagnosis), rounds=2)
    assert done.kept == ()
    assert done.history[0]["requests"][0]["why"] == "No record is under the condition"
    assert done.history[0]["gain_overall"] is None


def test_what_is_unclear_is_changed_and_ends_after_the_rounds_allowed(tumours: Dataset, diagnosis: Purpose) -> None:
    narrow = Condition.parse("`mean radius` > 14 and `mean symmetry` > 0.19")
    request = Request(rows=60, where=narrow, name="few")
    done = close(tumours, [request], means_of(tumours.take(np.arange(300)), diagnosis), rounds=2, seed=4)
    tried = [line["requests"][0] for line in done.history]
    assert 1 <= len(tried) <= 2
    assert all(one["decision"] in ("kept", "changed", "dropped") for one in tried)
    assert tried[-1]["decision"] != "changed"
    json.dumps(done.as_json(), allow_nan=False)


def test_a_slice_of_a_handful_of_units_is_not_judged(tumours: Dataset, diagnosis: Purpose) -> None:
    rare = Condition.parse("`mean radius` > 24.5")
    done = close(tumours, [Request(rows=50, where=rare, name="rare")], means_of(tumours, diagnosis), rounds=2)
    assert "too few" in done.history[0]["requests"][0]["why"]


def test_no_round_keeps_everything_untried(tumours: Dataset, diagnosis: Purpose) -> None:
    request = Request(rows=50, where=LAB, name="lab")
    means = means_of(tumours, diagnosis)
    assert close(tumours, [request], means, rounds=0).kept == (request,)
    assert means.generator.seen == []  # type: ignore[attr-defined]


def test_the_same_seed_ends_the_same_and_leaves_what_it_was_given(poor: Dataset, world: Dataset, diagnosis: Purpose) -> None:
    requests = [
        Request(rows=100, where=LAB, name="lab"),
        Request(rows=60, where=Condition.parse("`mean radius` > 15"), name="big"),
    ]
    means = means_of(world, diagnosis)
    one, other = (close(poor, requests, means, rounds=2, seed=5) for _ in range(2))
    assert one.as_json() == other.as_json()
    assert means.generator.seen == []  # type: ignore[attr-defined]


def test_a_condition_that_no_record_meets_is_dropped_before_anything_is_made(tumours: Dataset, diagnosis: Purpose) -> None:
    empty = tumours.take(~LAB.mask(tumours.records))
    request, means = Request(rows=50, where=LAB, name="lab"), means_of(tumours, diagnosis)
    done = close(empty, [request], means, rounds=2)
    assert done.kept == close(empty, [request], means, rounds=0).kept == ()
    assert done.history[0]["requests"][0]["why"] == NOBODY
    assert endings([request], done) == (f"{LAB.text}: nothing is asked for; {NOBODY} (round 1).",)
    assert "dropped" in done.history[0]["said"]
    assert NOBODY in endings([request], Closed((), ()))[0]


def test_what_is_asked_for_in_the_end_is_told(poor: Dataset, world: Dataset, diagnosis: Purpose) -> None:
    request = Request(rows=150, where=LAB, name="lab")
    done = close(poor, [request], means_of(world, diagnosis), rounds=1)
    assert endings([request], done) == (f"{LAB.text}: 150 records are asked for; its slice gained (round 1).",)
    assert "untried" in endings([request], Closed((request,), ()))[0]


def test_the_part_that_is_judged_is_told_with_its_records(poor: Dataset, tumours: Dataset) -> None:
    part = Slice("lab", LAB)
    held, aimed = of_judged(part, poor, tumours, [Request(rows=150, where=LAB, name="lab")])
    assert f"25 of {poor.rows:,} records" in held
    assert "of the expected ones it is 33.4%" in held
    assert aimed == f"Requests whose records can fall there: 150 under {LAB.text}."
    assert "No request aims there" in of_judged(part, poor, None, [Request(rows=9)])[1]
    assert "No generator can learn" in of_judged(part, poor.take(~LAB.mask(poor.records)), tumours, [])[1]
    of_target = Slice("ill", Condition.parse("diagnosis = 'malignant'"))
    assert "expected" not in of_judged(of_target, poor, tumours.drop("diagnosis"), [])[0]
