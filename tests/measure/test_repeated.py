"""Names and single values of real people are found in made records, and numbers that repeat by nature are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import share
from complement.measure.privacy import Copies, Identities, Values, gate, given_away, named

ROWS = 300
GOOD = (
    Score("copy_share", 0.0, 0.0, 0.01, 500),
    Score("copy_share_base", 0.0, 0.0, 0.01, 500),
    Score("membership_auc", 0.5, 0.48, 0.52, 1000),
    Score("membership_tpr", 0.01, 0.002, 0.02, 500),
    Score("membership_fpr", 0.01, 0.002, 0.02, 500),
)
NAMES = Schema({RECORDS: (Column("who", "category", "personal"), Column("x", "number"))})


def people(who: np.ndarray | list[str | None] | list[int]) -> Dataset:
    words = pa.array([None if one is None else str(one) for one in who], pa.string())
    return Dataset.of(pa.table({"who": words, "x": np.zeros(len(words))}), NAMES)


def identities(real: Dataset, unseen: Dataset | None, made: Dataset) -> tuple[list[Score], bool | None, str]:
    scores = Identities().score(made, Context(real, unseen, NAMES))
    return scores, *gate([*GOOD, *scores])


def codes(place: str, rows: int) -> list[str]:
    return [f"{one:09}" for one in rng_at(0, place).choice(10**9, rows, replace=False)]


def test_three_numbers_of_real_people_fail_the_gate_and_two_do_not() -> None:
    every = codes("every", 3 * ROWS)
    real, unseen, fresh = people(every[:ROWS]), people(every[ROWS : 2 * ROWS]), every[2 * ROWS :]
    assert identities(real, unseen, people(fresh))[1] is True
    scores, passed, why = identities(real, unseen, people([*every[:3], *fresh]))
    assert [score.name for score in scores] == ["identity_repeated", "identity_repeated_base"]
    assert (passed, why.startswith("Identities: in one column 3 of 300")) == (False, True)
    assert identities(real, unseen, people([*every[:2], *fresh]))[1] is True


def test_another_spelling_does_not_hide_a_name() -> None:
    real = people([f"Ann {word}" for word in codes("ours", ROWS)])
    unseen = people([f"Bob {word}" for word in codes("theirs", ROWS)])
    loud = people([f"  {word.upper()}" for word in real.column("who").to_pylist()])
    assert identities(real, unseen, loud)[1] is False


@pytest.mark.parametrize("form", ["{}", "P{:05}", "2024/{:04}"])
def test_numbers_counted_from_one_again_pass(form: str) -> None:
    real, unseen = (people([form.format(one) for one in range(start, start + ROWS)]) for start in (1, 1 + ROWS))
    scores, passed, why = identities(real, unseen, real)
    assert scores[0].value == 1.0, "every number stands in both"
    assert scores[1].value == 1.0, "and so it would for blind draws"
    assert passed is True, why
    gaps = people([form.format(one) for one in np.r_[np.arange(1, 101), rng_at(0, "gaps").integers(1000, 90_000, ROWS)]])
    later = people([form.format(one) for one in range(90_000, 90_000 + ROWS)])
    assert identities(gaps, later, real)[1] is True, "counted through, they meet the first hundred real people"


def test_names_that_many_bear_pass_when_made_anew_and_fail_when_more_are_repeated() -> None:
    drawn = [f"Ann {'x' * int(one)}" for one in np.minimum(rng_at(0, "names").zipf(1.5, 3 * ROWS), 2000)]
    real, unseen, fresh = (people(drawn[start : start + ROWS]) for start in range(0, 3 * ROWS, ROWS))
    scores, passed, why = identities(real, unseen, fresh)
    assert scores[1].value > 0.05
    assert passed is True, why
    assert identities(real, unseen, real)[1] is False


def test_without_names_in_the_hold_out_nothing_is_shown() -> None:
    real, nobody = people(codes("ours", ROWS)), people([None] * ROWS)
    passed, why = identities(real, nobody, real)[1:]
    assert (passed, "300 names or identifiers" in why) == (None, True)
    assert identities(real, nobody, people(codes("made", ROWS)))[1] is True
    assert Identities().score(nobody, Context(real, real, NAMES)) == [], "no made record names anybody"
    alone = Identities().score(real, Context(real, None, NAMES))
    assert [(score.name, score.value) for score in alone] == [("identity_repeated", 1.0)]


def test_names_of_a_unit_are_compared_whole() -> None:
    schema = Schema({RECORDS: (Column("who", "category", "unit"), Column("x", "number"))})
    visits = [person for person in codes("units", 2 * ROWS) for _ in range(2)]
    real, unseen = (people(visits[start : start + 2 * ROWS]).with_schema(schema) for start in (0, 2 * ROWS))
    (found, base) = Identities().score(real, Context(real, unseen, schema))
    assert (found.value, found.n) == (1.0, ROWS)
    assert base.value < 1e-6


def pay(values: np.ndarray) -> Dataset:
    schema = Schema({RECORDS: (Column("pay", "number"), Column("age", "integer"))})
    return Dataset.of(pa.table({"pay": values, "age": rng_at(0, "age").integers(20, 70, len(values))}), schema)


def salaries(place: str, *, digits: int = 6) -> np.ndarray:
    """A third earn nothing, the others what nobody else does."""
    rng = rng_at(0, place)
    return np.where(rng.random(ROWS) < 1 / 3, 0.0, np.round(rng.lognormal(10, 0.6, ROWS), digits))


def test_salaries_of_real_people_fail_the_gate_however_they_are_shuffled() -> None:
    real, unseen = pay(salaries("ours")), pay(salaries("theirs"))
    context = Context(real, unseen, real.schema)
    shuffled = pay(rng_at(1, "order").permutation(salaries("ours")))
    found, base = Values().score(shuffled, context)
    assert (found.name, base.name) == ("value_repeated", "value_repeated_base")
    assert (found.value, base.value) == (1.0, 0.0)
    assert 150 < found.n < 250, "zeros are nobody's"
    passed, why = gate([*GOOD, *Copies().score(shuffled, context)[5:], found, base])
    assert (passed, why.startswith("Values:")) == (False, True)
    assert list(Values().by_column(shuffled, context)) == ["pay"], "ages are shared"


def test_fresh_and_smoothed_salaries_pass_and_a_twentieth_of_real_ones_does_not() -> None:
    real, unseen = pay(salaries("ours")), pay(salaries("theirs"))
    context = Context(real, unseen, real.schema)
    for made in (salaries("fresh"), salaries("ours") * 1.0001):
        scores = Values().score(pay(made), context)
        assert scores[0].value == 0.0
        assert not given_away(*scores)
    few = np.r_[salaries("ours")[:45], salaries("fresh")]
    assert given_away(*Values().score(pay(few), context)), "30 who earn something, of 200"


def test_values_that_strangers_share_are_not_looked_at() -> None:
    real, unseen = (pay(salaries(place, digits=-2)) for place in ("ours", "theirs"))
    assert Values().score(real, Context(real, unseen, real.schema)) == []
    assert Values().score(real, Context(real, None, real.schema)) == []


def test_as_many_of_both_sides_are_compared() -> None:
    every = rng_at(0, "cents").integers(0, 100_000, 11 * ROWS) / 100
    real, unseen = pay(every[: 10 * ROWS]), pay(every[10 * ROWS :])
    found, base = Values().score(real, Context(real, unseen, real.schema))
    assert found.n <= ROWS, "ten times as many would share values with every thirtieth stranger, and nothing be looked at"
    assert given_away(found, base)


def test_the_rules_ask_for_more_than_coincidence() -> None:
    def of(count: int, rows: int = 1000) -> Score:
        return share("", np.arange(rows) < count)

    assert named(of(3), of(0))
    assert not named(of(2), of(0))
    assert not named(of(8), of(1)), "one by coincidence may be six"
    assert named(of(40), of(10))
    assert not given_away(of(5), of(0))
    assert given_away(of(20), of(0))
    assert not given_away(of(40), of(20))


def test_both_meet_the_protocol_and_refuse_sizes_that_are_none() -> None:
    for evaluator in (Identities, Values):
        assert isinstance(evaluator(), Evaluator)
        with pytest.raises(UsageError, match="most_rows"):
            evaluator(most_rows=0)


def test_records_that_repeat_by_nature_are_no_copies() -> None:
    rng = rng_at(0, "payments")
    schema = Schema({RECORDS: tuple(Column(name, "number") for name in "abc")})

    def payments(rows: np.ndarray) -> Dataset:
        return Dataset.of(pa.table({name: numbers[rows] for name, numbers in zip("abc", numbers_of, strict=True)}), schema)

    numbers_of = rng.normal(size=(3, 20_000))
    drawn = rng.choice(20_000, 3000)  # every payment of a pool may be met again
    real, unseen, fresh = (payments(drawn[start : start + 1000]) for start in (0, 1000, 2000))
    context = Context(real, unseen, schema)
    scores = {score.name: score for score in Copies().score(fresh, context)}
    assert round(scores["telling_repeated"].value * 1000) >= 3
    assert scores["telling_repeated_base"].value > 0
    assert gate([*GOOD[2:], *scores.values()])[0] is True
    copied = Copies().score(fresh.concat(real.take(np.arange(200))), context)
    assert gate([*GOOD[2:], *copied])[0] is False
    apart = rng.normal(size=(3, 3000))
    numbers_of = apart
    real, unseen, fresh = (payments(np.arange(start, start + 1000)) for start in (0, 1000, 2000))
    few = Copies().score(fresh.concat(real.take(np.arange(3))), replace(context, train=real, tune=unseen))
    passed, why = gate([*GOOD[2:], *few])
    assert (passed, "unlike all others" in why) == (False, True), "where nothing repeats, three are enough"
