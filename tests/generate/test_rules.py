"""Rules enforced: every generator, every kind of rule, with and without a condition, and what cannot be met is said."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complement import catalog
from complement.core.broken import under
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RuleError
from complement.core.request import Answer, Request
from complement.core.schema import Role
from complement.generate.records import prepare
from complement.generate.rules import Enforced, Sift
from complement.source.read import read

AsDataset = Callable[..., Dataset]
NAMES = sorted(catalog.names("generators"))
ROWS = 800


def stays(rows: int = ROWS) -> pa.Table:
    """Hospital stays: dates in order, bills that add up, codes with names, no end for those who are still in."""
    random = np.random.default_rng(7)
    city = random.integers(0, 20, rows)
    status = np.where(random.random(rows) < 0.2, "in", "out")
    begin = [date(2020, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 700, rows)]
    length = random.geometric(0.1, rows)
    end = [None if s == "in" else b + timedelta(days=int(n)) for b, n, s in zip(begin, length, status, strict=True)]
    drugs, beds = random.gamma(2, 10, rows).round(1), random.gamma(3, 5, rows).round(1)
    low = random.normal(75, 8, rows).round(0)
    return pa.table(
        {
            "start": begin,
            "end": pa.array(end, pa.date32()),
            "status": status,
            "city": [f"city {at}" for at in city],
            "state": [f"state {at // 5}" for at in city],
            "drugs": drugs,
            "beds": beds,
            "total": (drugs + beds).round(1),
            "diastolic": low,
            "systolic": low + 5 + random.gamma(4, 8, rows).round(0),
            "code": [f"X{at:03d}" for at in city],
            "name": [f"name {at}" for at in city],
            "serial": random.permutation(5000)[:rows],
            "died": random.random(rows) < 0.3,
        }
    )


RULES = [
    "end > start",
    "systolic > diastolic",
    "drugs + beds = total",
    "combination(city, state)",
    "one_to_one(code, name)",
    "missing(end) when status = 'in'",
    "range(diastolic, 40, 110)",
    "regex(code, 'X[0-9]{3}')",
    "unique(serial)",
    "unique(start, drugs, beds)",
]
WHERES = [None, "status = 'in' and total > 40", "state = 'state 1' and systolic between 100 and 120", "city = 'city 3'"]


@pytest.fixture(scope="module")
def ruled(as_dataset: AsDataset) -> Dataset:
    return under(as_dataset(stays(), {"died": "target"}), RULES)[0]


def asked(name: str, real: Dataset, rows: int, where: str | None = None) -> Answer:
    request = Request(rows, where=Condition.parse(where) if where else None)
    return catalog.generator(name).fit(real, seed=1).generate(request, seed=2)


def check(answer: Answer, real: Dataset, rows: int, where: str | None = None) -> None:
    made = answer.records.records
    assert (made.num_rows, answer.failures) == (rows, ())
    for rule in real.schema.rules:
        assert rule.learn(real.records).mask(made).all(), str(rule)
    assert where is None or Condition.parse(where).mask(made).all()
    assert made.schema == real.records.schema
    for column in real.schema.columns:
        values = made.column(column.name).drop_null()
        if (
            column.numeric
            and column.role != "identifier"
            and "unique" not in "".join(str(r) for r in real.schema.rules if column.name in r.columns())
        ):
            numbers = values.cast(pa.float64()).to_numpy()
            assert column.constraints.low is not None
            assert column.constraints.high is not None
            assert numbers.min() >= column.constraints.low
            assert numbers.max() <= column.constraints.high


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("name", NAMES)
def test_every_record_of_every_generator_obeys_every_rule_and_the_condition(name: str, where: str | None, ruled: Dataset) -> None:
    rows = 300 if where is None or name != "bootstrap" else 20  # copies of few records cannot be unique
    check(asked(name, ruled, rows, where), ruled, rows, where)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["shuffle", "copula"])
def test_each_rule_alone_is_enforced_on_generators_that_know_nothing_of_it(name: str, rule: str, as_dataset: AsDataset) -> None:
    real = under(as_dataset(stays()), rule)[0]
    check(asked(name, real, 500), real, 500)


@given(
    rules=st.lists(st.sampled_from(RULES), min_size=2, unique=True),
    where=st.sampled_from(WHERES),
    seed=st.integers(0, 1000),
    rows=st.integers(1, 90),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rules_in_any_order_hold_together(rules: list[str], where: str | None, seed: int, rows: int, ruled: Dataset) -> None:
    real = under(ruled.with_schema(ruled.schema.with_rules(())), rules)[0]
    request = Request(rows, where=Condition.parse(where) if where else None)
    check(catalog.generator("shuffle").fit(real, seed=seed).generate(request, seed=seed), real, rows, where)


def test_the_same_seed_gives_the_same_records_and_a_pickled_generator_too(ruled: Dataset) -> None:
    fitted = catalog.generator("shuffle").fit(ruled, seed=1)
    first = fitted.generate(Request(200), seed=2).records.records
    assert pickle.loads(pickle.dumps(fitted)).generate(Request(200), seed=2).records.records.equals(first)
    assert not fitted.generate(Request(200), seed=3).records.records.equals(first)


def test_what_obeys_is_left_as_it_was_drawn(as_dataset: AsDataset) -> None:
    plain = as_dataset(stays())
    obeyed = under(plain, ["systolic > diastolic", "range(total, 0, 1000)"])[0]
    for name in ("bootstrap", "trees"):
        without, with_rules = (asked(name, real, 300).records.records for real in (plain, obeyed))
        same = np.array(without.column("systolic")) > np.array(without.column("diastolic"))
        assert without.filter(pa.array(same)).equals(with_rules.filter(pa.array(same)))


def test_repairs_follow_the_real_differences(as_dataset: AsDataset) -> None:
    table = stays(4000)
    made = asked("shuffle", under(as_dataset(table), ["end > start"])[0], 4000).records.records

    def lengths(records: pa.Table) -> np.ndarray:
        pairs = zip(records.column("start").to_pylist(), records.column("end").to_pylist(), strict=True)
        return np.array([(end - start).days for start, end in pairs if end is not None])

    repaired = lengths(made)
    assert repaired.min() >= 1
    assert np.median(repaired[repaired < 100]) < 40  # those that shuffling left in order are longer


def test_the_answer_counts_what_was_repaired_and_left_out(ruled: Dataset) -> None:
    answer = asked("shuffle", ruled, 200)
    assert answer.spent.repaired > 100
    assert answer.spent.drawn >= 200
    assert any("rules changed" in note for note in answer.notes)


def test_real_records_that_break_a_rule_are_not_learnt_and_the_answer_says_so(as_dataset: AsDataset) -> None:
    table = stays()
    status = ["lost" if at < 4 else word for at, word in enumerate(table.column("status").to_pylist())]
    spoilt = table.set_column(2, "status", pa.array(status))
    real = under(as_dataset(spoilt), "regex(status, 'in|out')")[0]
    for name in NAMES:
        answer = asked(name, real, 400)
        assert "lost" not in answer.records.column("status").to_pylist()
        assert "4 of 800 real records break the rule" in answer.notes[0]


def test_unique_numbers_are_moved_apart_inside_their_range(as_dataset: AsDataset) -> None:
    real = under(as_dataset(pa.table({"bed": np.arange(100), "x": np.arange(100.0)})), ["unique(bed)", "range(bed, 0, 119)"])[0]
    for name in ("shuffle", "copula", "bootstrap", "trees"):
        made = asked(name, real, 100).records.column("bed").to_pylist()
        assert sorted(made) == list(range(100)) or (len(set(made)) == 100 and set(made) <= set(range(120)))
    short = asked("shuffle", real, 130)
    assert short.records.rows == 120 - len(short.failures) + 1
    assert "unique(bed)" in short.failures[0].reason or "range(bed, 0, 119)" in short.failures[0].reason


def test_unique_words_run_out_and_the_failure_names_the_rule(as_dataset: AsDataset) -> None:
    table = pa.table({"word": [f"w{at}" for at in range(50)], "x": np.arange(50.0)})
    real = under(as_dataset(table), "unique(word)")[0]
    for name in NAMES:
        answer = asked(name, real, 60)
        if not set(answer.records.column("word").to_pylist()) <= set(table.column("word").to_pylist()):
            continue  # a generator that hides rare words makes them anew, or missing
        assert answer.records.rows <= 50
        assert sum(failure.rows for failure in answer.failures) == 60 - answer.records.rows
        assert "'unique(word)'" in answer.failures[0].reason


def test_a_condition_that_a_rule_forbids_has_no_support(as_dataset: AsDataset) -> None:
    real = under(as_dataset(stays()), "missing(end) when status = 'in'")[0]
    with pytest.raises(RuleError):
        under(as_dataset(stays()), ["range(diastolic, 0, 1)"])
    for name in NAMES:
        with pytest.raises(Exception, match="No real record") as met:
            asked(name, real, 10, "status = 'in' and end is not missing")
        assert getattr(met.value, "code", "") == "request-impossible"


def test_rules_that_only_missing_values_obey_together_give_a_failure_or_missing_values(as_dataset: AsDataset) -> None:
    table = pa.table({"a": pa.array([1.0, None] * 50), "b": pa.array([None, 2.0] * 50)})
    real = under(as_dataset(table), ["a > b", "range(b, 2, 9)"])[0]
    answer = asked("shuffle", real, 40)
    check(answer, real, answer.records.rows)
    assert answer.records.rows + sum(failure.rows for failure in answer.failures) == 40


def test_chains_of_rules_are_mended_in_whatever_order_they_stand(as_dataset: AsDataset) -> None:
    random = np.random.default_rng(0)
    a = random.normal(10, 2, 500).round(1)
    b, c = a + random.exponential(2, 500).round(1) + 0.1, None
    c = b + random.exponential(1, 500).round(1) + 0.1
    real = as_dataset(pa.table({"a": a, "b": b.round(1), "c": c.round(1), "s": (a + b + c).round(1)}))
    for rules in (["b > a", "c > b", "a + b + c = s"], ["a + b + c = s", "c > b", "b > a"]):
        ruled = under(real, rules)[0]
        answer = asked("shuffle", ruled, 400)
        check(answer, ruled, 400)
        assert answer.spent.drawn < 1000  # mended, not left to chance


def test_a_batch_does_not_repeat_what_a_batch_before_it_held(as_dataset: AsDataset) -> None:
    real = under(as_dataset(pa.table({"word": ["a", "b", "c"]})), "unique(word)")[0]
    training = prepare(real, generator="test")
    sift = Sift(Enforced.of(training, ()), training, None, np.random.default_rng(0))
    batches = [pa.table({"word": words}) for words in (["a", "b", "a"], ["b", "c", "a"], ["c", "b"])]
    assert [sift(batch).column("word").to_pylist() for batch in batches] == [["a", "b"], ["c"], []]
    assert sift.tally.rejected == 5


@pytest.mark.parametrize(
    ("rule", "role"),
    [("combination(code, city)", "identifier"), ("one_to_one(code, name)", "personal"), ("total - drugs = beds", "ignore")],
)
def test_a_rule_over_what_is_never_learnt_is_refused(rule: str, role: Role, as_dataset: AsDataset) -> None:
    name = rule.partition("(")[2].partition(",")[0] or "drugs"
    real = under(as_dataset(stays(), {name: role}), rule)[0]
    with pytest.raises(GenerateError, match=f"its role is {role}") as met:
        asked("trees", real, 10)
    assert met.value.code == "generate-unsupported"


def test_a_pattern_binds_identifiers_that_are_made_anew(as_dataset: AsDataset) -> None:
    table = stays().append_column("patient", pa.array([f"PAT-{at:06d}" for at in range(ROWS)]))
    real = under(as_dataset(table, {"patient": "identifier"}), ["regex(patient, 'PAT-[0-9]{6}')", "unique(patient)"])[0]
    answer = asked("copula", real, 500)
    check(answer, real, 500)
    assert not set(answer.records.column("patient").to_pylist()) & set(table.column("patient").to_pylist())


def test_a_pattern_that_the_format_seldom_meets_is_met_by_making_more(as_dataset: AsDataset) -> None:
    table = stays().append_column("patient", pa.array([f"P{at % 5}{at:05d}" for at in range(ROWS)]))
    real = under(as_dataset(table, {"patient": "identifier"}), "regex(patient, 'P[0-4][0-9]{5}')")[0]
    check(asked("shuffle", real, 300), real, 300)


def test_the_root_of_several_tables_obeys_as_well(as_dataset: AsDataset) -> None:
    root = stays(60).append_column("patient", pa.array(range(60)))
    child = pa.table({"patient": [at // 2 for at in range(120)], "dose": np.arange(120.0)})
    real = under(read({"stays": root, "doses": child}), ["end > start", "drugs + beds = total", "unique(drugs, beds)"])[0]
    answer = asked("bootstrap", real, 60)
    assert 0 < answer.records.rows < 60
    assert "unique(drugs, beds)" in answer.failures[0].reason
    for rule in real.schema.rules:
        assert rule.mask(answer.records.records).all()


REAL = {
    "patient_small/support2.csv.gz": (
        ["combination(dzgroup, dzclass)", "death >= hospdead", "`d.time` >= slos", "range(age, 18, 102)"],
        [None, "dzclass = 'Cancer' and age > 70"],
    ),
    "patient_small/r_survival_flchain.csv.gz": (
        ["missing(chapter) when death = 0", "range(age, 50, 101)", "unique(age, futime, kappa, lambda)"],
        [None, "death = 0 and age > 80"],
    ),
    "default_credit/UCI_Credit_Card.csv.gz": (
        ["combination(PAY_0, PAY_2)", "PAY_AMT1 + PAY_AMT2 = PAID", "range(AGE, 21, 79)", "unique(ID)"],
        [None, "PAY_0 = 2 and AGE > 40"],
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", REAL)
def test_rules_hold_on_real_data(file: str, name: str, data_folder: Path) -> None:
    if not (data_folder / file).is_file():
        pytest.skip(f"{file} is not among the real data")
    real = read(str(data_folder / file))
    # The columns of the rules, and enough records and others to be real: every generator is fitted on them.
    table = real.records.take(pa.array(np.random.default_rng(0).permutation(real.rows)[:1000]))
    spoken = " ".join(REAL[file][0])
    table = table.select([c for at, c in enumerate(table.column_names) if at < 8 or c in spoken])
    if "PAY_AMT1" in table.column_names:
        paid = np.array(table.column("PAY_AMT1")) + np.array(table.column("PAY_AMT2"))
        table = table.append_column("PAID", pa.array(paid))
    real = read(table.combine_chunks())
    texts, wheres = REAL[file]
    real, _ = under(real, texts)
    fitted = catalog.generator(name).fit(real, seed=1)
    for where in wheres:
        rows = 300 if where is None else 10  # a copy cannot be unique: few records are under the condition
        answer = fitted.generate(Request(rows, where=Condition.parse(where) if where else None), seed=2)
        check(answer, real, rows, where)
