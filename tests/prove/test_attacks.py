"""Attacks on the verdict: what somebody does who wants a false HELPS, or wants harm not to show. Each must be met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import complement
from complement import catalog
from complement.core.condition import Condition
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.partition import Partition
from complement.core.purpose import Purpose, Slice
from complement.core.request import Answer, Request
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at
from complement.generate.bootstrap import Bootstrap
from complement.measure.privacy import Copies, Membership, gate
from complement.prepare import privacy_gate
from complement.prove import arms
from complement.prove.leaks import MOST_TWINS, NEARER_Z, aloneness, twins
from complement.prove.plan import Plan
from complement.prove.pool import Ask, Refit
from complement.prove.trial import Case, Means, judge
from complement.source.split import partition


def points(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    x = np.stack([dataset.column(f"x{k}").to_numpy() for k in range(3)], axis=1)
    return x, np.array(dataset.column("y").to_pylist()) == "yes"


def nudged(world, dataset: Dataset, by: float, seed: int = 1) -> Dataset:
    """Copies with a jitter of so many standard deviations on every column, labels kept."""
    x, y = points(dataset)
    return world.records(x + by * np.random.default_rng(seed).standard_normal(x.shape), y, made=True)


@dataclass
class Remembers:
    """A generator that keeps every record that it was ever given, also for other folds, and hands out altered copies."""

    world: Any
    by: float
    kept: tuple[Dataset, ...] = ()

    def __deepcopy__(self, memo: object) -> Remembers:
        return self  # what is copied for each fold is the same memory

    def fit(self, real: Dataset, *, seed: int) -> Remembers:
        self.kept = (*self.kept[-8:], real)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        rng = rng_at(seed, "remembers")
        every = self.kept[0]
        for part in self.kept[1:]:
            every = every.concat(part)
        return Answer(nudged(self.world, every.take(rng.integers(0, every.rows, request.rows)), self.by, seed=seed % 1000))


def artifact(world, share: str, by: float):
    real, part = world.real(500), world.once(500)
    pool = nudged(world, real if share == "all" else real.take(part.test(0)), by)
    plan = world.plan(question="artifact", weights=(0.75,))
    return world.run(real, world.Fixed(pool), world.rote, partition=part, plan=plan)


@pytest.mark.parametrize("share", ["sealed", "all"])
def test_exact_copies_of_sealed_records_void_the_verdict_also_among_copies_of_all(world, share):
    judgement = artifact(world, share, 1e-6)
    assert judgement.verdicts[0].code == "leak-void"


@pytest.mark.parametrize("share", ["sealed", "all"])
@pytest.mark.parametrize("by", [0.01, 0.1])
def test_altered_copies_of_sealed_records_are_found_also_among_altered_copies_of_all(world, share, by):
    judgement = artifact(world, share, by)
    assert judgement.verdicts[0].effect.low > 0  # the attack does work on the numbers
    assert [leak.code for leak in judgement.leaks] == ["nearer-to-sealed"]


def test_a_generator_that_remembers_other_folds_is_found_by_its_altered_copies(world):
    judgement = world.run(world.real(400), world.refit(Remembers(world, 0.02)), world.rote)
    assert judgement.verdicts[0].effect.low > 0.1
    assert [leak.code for leak in judgement.leaks] == ["nearer-to-sealed"]


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
@pytest.mark.parametrize("name", ["trees", "copula", "bootstrap", "shuffle", "interpolate"])
def test_honest_generators_are_not_suspected_of_copying_sealed_records(load, name):
    frame = load(as_frame=True).frame
    columns = [Column(str(c), "number") for c in frame.columns[:-1]] + [Column("target", "integer", "target")]
    every = Dataset.of(pa.Table.from_pandas(frame, preserve_index=False), Schema({"records": tuple(columns)}))
    order = rng_at(0, "honest").permutation(every.rows)
    train, test = every.take(np.sort(order[100:])), every.take(np.sort(order[:100]))
    made = catalog.generator(name).fit(train, seed=1).generate(Request(rows=train.rows), seed=2).records
    assert aloneness(made, train, test) <= NEARER_Z / 2
    copied = made.take(np.arange(made.rows - 50)).concat(test.take(np.arange(50)))
    assert aloneness(copied, train, test) > NEARER_Z


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_records_multiplied_with_noise_are_found_and_real_ones_are_not_suspected(load):
    frame = load(as_frame=True).frame.sample(frac=1, random_state=0)
    columns = [Column(str(c), "number") for c in frame.columns[:-1]] + [Column("target", "integer", "target")]
    schema = Schema({"records": tuple(columns)})

    def shared(data: pd.DataFrame) -> float:
        every = Dataset.of(pa.Table.from_pandas(data, preserve_index=False), schema)
        rows = np.arange(every.rows)
        return twins(every.take(rows[rows % 5 > 0]), every.take(rows[rows % 5 == 0]))

    rng = np.random.default_rng(0)
    noise = frame.std().to_numpy() * np.r_[np.full(frame.shape[1] - 1, 0.01), 0.0]
    parts = [frame + noise * rng.standard_normal(frame.shape) for _ in range(3)]
    many = pd.concat(parts).sample(frac=1, random_state=0).astype({"target": int})
    assert shared(frame.astype({"target": int})) < MOST_TWINS / 2
    assert shared(many) > MOST_TWINS


def test_a_trial_of_multiplied_records_says_so(world):
    real = world.real(120)
    many = nudged(world, real, 0.01)
    for seed in range(4):
        many = many.concat(nudged(world, real, 0.01, seed=seed + 2))
    x, y = points(many)
    judgement = world.run(world.records(x, y), world.refit(world.Fresh(), 0.5))
    assert "near-copies" in [leak.code for leak in judgement.leaks]
    assert "near-copies" not in [leak.code for leak in world.run(world.real(300), world.refit(world.Fresh(), 0.5)).leaks]


def test_a_sealed_file_of_nudged_training_records_is_told(world):
    real = world.real(300)
    x, y = points(real.concat(nudged(world, real, 0.01)))
    part = Partition(np.arange(600), np.where(np.arange(600) < 300, -1, 0), 1)
    judgement = world.run(world.records(x, y), world.refit(world.Fresh(), 0.5), partition=part)
    assert "near-copies" in [leak.code for leak in judgement.leaks]


def test_a_plug_in_whose_code_was_changed_is_another_plan(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "own_estimators_of_mine.py"
    told: list[str] = []
    for change in ("0", "1", "0"):
        file.write_text(f"class Estimator:\n    luck = {change}\n")
        told.append(catalog.code_of("learners", "own_estimators_of_mine:Estimator"))
    assert told[0] == told[2] != told[1]
    assert [catalog.code_of("learners", "tree"), catalog.code_of("generators", "trees")] == ["", ""]
    assert catalog.code_of("learners", "no_such_package_of_mine:Estimator") == ""


def test_a_few_sealed_records_that_hold_the_weight_are_too_few(world):
    weight = np.full(600, 0.001)
    weight[:24] = 1000.0
    judgement = world.run(world.records(*world.law(600, "real", 0), weight=weight), world.refit(world.Fresh()), world.rote)
    assert judgement.verdicts[0].code == "too-few-positives"


def test_three_giant_units_are_three_however_many_small_ones_stand_beside_them(world):
    unit = rng_at(1, "giants").permutation(np.r_[np.repeat(np.arange(3), 170), 3 + np.arange(90)])
    judgement = world.run(world.real(600), world.refit(world.Fresh()), world.rote, partition=Partition(unit, unit % 5, 5))
    assert judgement.verdicts[0].code == "too-few-positives"


def test_twice_as_many_of_a_class_of_half_a_percent_is_a_prior_shift_and_class_weights_are_tried(world):
    x, _ = world.law(2000, "prior")
    train, pool = (world.records(x, np.arange(2000) < positive) for positive in (10, 28))
    training = arms.class_weighted(train, pool, 0.5, world.PURPOSE)
    assert training.records is train
    assert training.weight[:10].sum() == pytest.approx(19.0)
    same = arms.class_weighted(train, train, 0.5, world.PURPOSE)
    assert same.records is None


@pytest.mark.parametrize("metric", ["auprc", "log_loss", "accuracy", "macro_f1", "recall_at_precision"])
def test_records_of_the_rare_class_alone_do_not_help_by_their_class(world, metric):
    # The law's own records, of the positive class only: all that they bring to logistic regression is mass.
    purpose = replace(world.PURPOSE, metric=metric)
    pool = world.refit(world.Fresh(noise=1.5, shift=-2.0, only=None), 0.5)
    dataset = world.real(700, shift=-2.0)
    rare = world.refit(OfClass(pool.generator, "yes"), 0.3)
    judgement = world.run(dataset, rare, purpose=purpose, plan=world.plan(weights=(0.3,)))
    assert judgement.verdicts[0].state != "HELPS"


def test_copies_of_all_do_not_help_a_learner_that_counts_records(world):
    # 40 records a leaf are too many here. Copies halve that: the same could be had by a setting.
    tree = {"tree": catalog.learner("tree", depth=12, min_leaf=40)}
    plan = world.plan(weights=(0.5,))
    verdict = world.run(world.real(400, noise=0.2), world.refit(Bootstrap(), 1.0), tree, plan=plan).verdicts[0]
    assert verdict.effect.value > verdict.margin  # the attack does work on the numbers
    assert verdict.state != "HELPS"
    assert next(c for c in verdict.comparisons if c.name == arms.COPIES).outcome in ("does better", "not separated")


@dataclass
class OfClass:
    """What another generator makes, of one class only."""

    inner: Any
    label: str

    def fit(self, real: Dataset, *, seed: int) -> OfClass:
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        made = self.inner.generate(Request(rows=20 * request.rows), seed=seed).records
        met = np.flatnonzero(np.array(made.column("y").to_pylist()) == self.label)
        return Answer(made.take(met[: request.rows]))


def test_a_file_of_the_primary_slice_alone_is_met_with_copies_of_that_slice(world):
    part = Slice("high", Condition.parse("x0 > 0.5"))
    x, y = world.law(3000, "slice")
    pool = world.Fixed(world.records(x[x[:, 0] > 0.5], y[x[:, 0] > 0.5], made=True))
    plan = world.plan(question="artifact", weights=(0.5,))
    purpose = replace(world.PURPOSE, primary=part)
    judgement = world.run(world.real(500), pool, partition=world.once(500), purpose=purpose, plan=plan)
    copies = next(c for c in judgement.verdicts[0].comparisons if c.name == arms.COPIES)
    assert copies.outcome != "not applicable"
    whole = world.run(world.real(500), pool, partition=world.once(500), plan=plan)
    assert next(c for c in whole.verdicts[0].comparisons if c.name == arms.COPIES).outcome == "not applicable"


@pytest.mark.parametrize("by", [0.0, 0.001, 0.05, 0.3])
def test_no_file_whose_maker_had_every_record_passes_the_privacy_gate(world, by):
    # Those who should be no members are members, too: the attack cannot tell them apart, and that is no pass.
    real = world.real(1500)
    plan, purpose = world.plan(question="substitute", weights=(1.0,)), replace(world.PURPOSE, margin=0.05)
    judgement = world.run(real, world.Fixed(nudged(world, real, by)), partition=world.once(1500), plan=plan, purpose=purpose,
                          privacy=privacy_gate, verified=False)  # fmt: skip
    assert judgement.verdicts[0].state != "SUBSTITUTES"


@pytest.mark.parametrize("by", [0.001, 0.05])
def test_nudged_copies_of_half_of_the_records_do_not_pass_the_privacy_gate(world, by):
    real, others = world.real(1000), world.records(*world.law(500, "others"))
    made = world.records(*world.law(500, "fresh half"), made=True).concat(nudged(world, real.take(np.arange(500)), by))
    assert privacy_gate(made, real, others)[0] is False


def test_copies_of_the_most_exposed_people_alone_do_not_pass_the_privacy_gate(world):
    real, others = world.real(1000), world.records(*world.law(500, "others"))
    far = np.argsort(-np.abs(points(real)[0]).max(axis=1))[:5]
    made = world.records(*world.law(4000, "many"), made=True).concat(real.take(far))
    passed, why, _ = privacy_gate(made, real, others)
    assert (passed, "unlike all others" in why) == (False, True)


def test_copies_are_found_however_many_fresh_records_hide_them(world):
    def coarse(rows: int, place: str) -> Dataset:
        x, y = world.law(rows, place)
        return world.records(np.round(x, 2), y)

    train, tune, fresh = coarse(600, "coarse"), coarse(600, "coarse tune"), coarse(15_000, "coarse many")
    context = Context(train, tune, train.schema)
    told = gate([*Copies().score(fresh, context), *Membership(600, 2000).score(fresh, context)])
    assert told[0] is not False
    # 60 copies are fewer among the made records than chance could give: it is the train records that tell.
    hidden = fresh.concat(train.take(np.arange(60)))
    told = gate([*Copies().score(hidden, context), *Membership(600, 2000).score(hidden, context)])
    assert (told[0], "of the train records are repeated" in told[1]) == (False, True)


def test_a_margin_far_from_the_usual_one_is_pointed_out(world):
    for margin, told in ((1e-9, "smaller"), (0.2, "larger"), (0.004, "")):
        purpose = replace(world.PURPOSE, margin=margin)
        notes = " ".join(world.run(world.real(200), world.refit(Bootstrap(), 1.0), purpose=purpose).verdicts[0].notes)
        assert told in notes
        assert ("was asked for" in notes) == bool(told)


def test_bootstrap_copies_do_not_help_by_the_smallest_margin(world):
    purpose = replace(world.PURPOSE, margin=1e-12)
    states = [
        world.run(world.real(300, seed), world.refit(Bootstrap(), 1.0), purpose=purpose).verdicts[0].state for seed in range(4)
    ]
    assert "HELPS" not in states


@dataclass
class Says:
    """A learner that predicts this for everybody as long as it learns from real records only."""

    value: float
    deterministic = True

    def fit(self, train, purpose, *, weight, seed):
        return self

    def predict(self, records):
        return pa.table({"score": np.full(records.rows, self.value)})


def test_a_learner_that_says_the_same_of_all_shows_no_difference(world):
    assert world.run(world.real(200), world.refit(Bootstrap(), 1.0), {"says": Says(0.5)}).verdicts[0].state == "NO DIFFERENCE"


def test_a_learner_that_predicts_no_number_is_refused(world):
    with pytest.raises(ProveError) as met:
        world.run(world.real(200), world.refit(Bootstrap(), 1.0), {"says": Says(float("nan"))})
    assert met.value.code == "prove-learner"


def test_one_record_with_nearly_all_of_the_error_decides_nothing():
    # Squared error of one outlier: whoever happens to fit it better by a hair must not win by it.
    rng = np.random.default_rng(3)
    x = rng.standard_normal((300, 2))
    y = x[:, 0] + 0.3 * rng.standard_normal(300)
    y[7] = 4000.0
    schema = Schema({"records": (Column("a", "number"), Column("b", "number"), Column("y", "number", "target"))})
    dataset = Dataset.of(pa.table({"a": x[:, 0], "b": x[:, 1], "y": y}), schema)
    purpose = Purpose("y", "regression", metric="rmse", target_sd=1.0)

    part = Partition(np.arange(300), np.arange(300) % 5, 5)
    case = Case(dataset, part, purpose, Refit(catalog.generator("shuffle"), (Ask(times=1.0),)))
    means = Means({"linear": catalog.learner("linear")}, catalog.metric)
    assert judge(case, means, plan=Plan(weights=(0.5,), curve=False, seeds=2)).verdicts[0].state == "INCONCLUSIVE"


def test_records_with_dates_that_are_split_without_regard_to_time_get_a_note(world):
    rows = 60
    days = pa.array(np.datetime64("2024-01-01") + np.arange(rows))
    columns = (Column("day", "date"), Column("x", "number"), Column("y", "category", "target"))
    table = pa.table({"day": days, "x": np.arange(rows) * 1.0, "y": ["a", "b"] * (rows // 2)})
    dataset = Dataset.of(table, Schema({"records": columns}))
    purpose = Purpose("y", "binary", ("a", "b"))
    assert "holds dates" in " ".join(partition(dataset, purpose, salt="s").notes)
    assert "holds dates" not in " ".join(partition(dataset, purpose, salt="s", time="day").notes)


def test_draws_across_time_are_refused_before_the_sealed_records_are_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = load_breast_cancer(as_frame=True).frame.iloc[:200, [0, 1, 2, -1]].assign(day=np.arange(200))
    settings: dict[str, Any] = {"generator": "bootstrap", "learners": "logistic", "weights": 0.5, "curve": False, "seeds": 2}
    with pytest.raises(ProveError, match="what came later") as met:
        complement.prove(frame, target="target", question="recipe", time="day", **settings)
    assert (met.value.code, met.value.where) == ("prove-question", "split.time")
    assert complement.prove(frame, target="target", folds=3, **settings).leaks == ()


def test_a_trial_after_another_of_the_same_records_is_told_whatever_was_done_to_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = load_breast_cancer(as_frame=True).frame.iloc[:240, [0, 1, 2, 3, 4, -1]]

    def told(data: pd.DataFrame, **options: Any) -> list[str]:
        settings: dict[str, Any] = {"generator": "bootstrap", "learners": "logistic", "weights": 0.5, "curve": False, "seeds": 2}
        judgement = complement.prove(data, target="target", folds=3, **{**settings, **options})
        return [leak.code for leak in judgement.leaks]

    assert told(frame) == []
    assert told(frame) == []  # the same plan again is the same opening
    assert told(frame, seed=1) == ["reused-hold-out"]
    assert told(frame, metrics="log_loss") == ["reused-hold-out"]
    rng = np.random.default_rng(0)
    disguised = frame.sample(frac=1, random_state=1).iloc[5:].rename(columns={"mean radius": "r"}).assign(id=rng.random(235))
    disguised["mean area"] *= 1 + 0.01 * rng.standard_normal(235)
    assert told(disguised) == ["reused-hold-out"]
    assert told(frame, ignore="mean area") == ["reused-hold-out"]
    assert told(frame, split=0.4) == ["reused-hold-out"]
    assert told(load_breast_cancer(as_frame=True).frame.iloc[240:480, [0, 1, 2, 3, 4, -1]]) == []
