"""Alarms, policies and yardstick: what leaves its band alarms, what chance gives does not, and a planted loss is measured."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest
from sklearn.datasets import load_breast_cancer

from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at
from complement.engine.shards import Engine, map_shards
from complement.generate.bootstrap import Bootstrap
from complement.measure.collapse import NULL, ChainTask, Drawn, Policy, Yardstick, alarms_of, outcome_of
from complement.measure.collapse.alarms import trend_of
from complement.measure.collapse.task import values_of
from complement.models.learners import Logistic

WORSE = {"c2st_auc": "high", "distinct_values": "low", "knn_coverage": "low"}


def noise(rng: np.random.Generator, *, chains: int = 5, generations: int = 5, heavy: bool = False) -> dict[str, np.ndarray]:
    size = (chains, generations)
    return {name: 0.6 + 0.01 * (rng.standard_t(5, size) if heavy else rng.standard_normal(size)) for name in WORSE}


@pytest.mark.parametrize(("heavy", "most"), [(False, 0.05), (True, 0.075)])
def test_where_nothing_collapses_a_policy_seldom_alarms(heavy: bool, most: float):
    rng = rng_at(0, "null", int(heavy))
    hits = sum(alarms_of(noise(rng, heavy=heavy), noise(rng, heavy=heavy), WORSE).first is not None for _ in range(1500))
    assert binomtest(hits, 1500).proportion_ci(0.95, method="exact").low <= most
    assert hits > 10  # the band is not so wide that nothing could ever leave it


def test_a_change_beyond_the_band_alarms_in_its_generation_and_in_the_right_direction():
    rng = rng_at(1, "planted")
    values, null = noise(rng), noise(rng)
    values["knn_coverage"][:, 3:] -= 0.1
    values["distinct_values"][:, 1:] += 0.1  # more values than before is no collapse
    alarms = alarms_of(values, null, WORSE)
    assert alarms.first == 4
    assert alarms.in_generation(4) == alarms.in_generation(5) == ["knn_coverage"]


def outcome(change: list[float], *, chains: int = 5, holdout: int = 500):
    rng = rng_at(2, "outcome", len(change))
    values = noise(rng, chains=chains, generations=len(change))
    values["c2st_auc"] = values["c2st_auc"] + np.array(change)
    held = {"replace": values, NULL.name: noise(rng, chains=chains, generations=len(change))}
    rows = {"real": 500, "made": 500, "holdout": holdout}
    return outcome_of(held, WORSE, resolution={}, generator="test", rows=rows).of("replace")


def test_what_goes_on_is_an_alarm_and_what_comes_to_rest_settles():
    on = outcome([0.0, 0.05, 0.1, 0.15, 0.2])
    assert (on.state, on.first, on.safe) == ("alarm", 2, 1)
    assert on.headline == "safe for 1 generation: c2st_auc left the null band in generation 2"
    rest = outcome([0.0, 0.05, 0.05, 0.05, 0.05])
    assert (rest.state, rest.first, rest.safe) == ("settles", 2, 1)
    assert (outcome([0.0] * 5).state, outcome([0.0] * 5).safe) == ("no alarm", 5)
    assert outcome([0.0, 0.1]).state == "alarm"  # two generations cannot tell rest from motion


def test_a_slow_loss_is_foretold():
    slow = outcome([0.0, 0.0, 0.006, 0.012, 0.018])
    assert slow.state == "no alarm"
    assert slow.forecast is not None
    assert 6 <= slow.forecast <= 9
    assert f"one in generation {slow.forecast}" in slow.headline


@pytest.mark.parametrize(("given", "why"), [({"chains": 3}, "3 chains"), ({"holdout": 60}, "60 hold-out records")])
def test_too_little_to_tell_is_said(given: dict[str, int], why: str):
    found = outcome([0.0, 0.3, 0.3], **given)
    assert (found.state, found.safe, found.first) == ("cannot say", None, None)
    assert why in found.headline


def test_a_band_that_would_hide_a_collapse_is_not_called_safe():
    rng = rng_at(3, "wide")
    wide = {name: 0.6 + 0.1 * rng.standard_normal((5, 5)) for name in WORSE}
    null = {name: 0.6 + 0.1 * rng.standard_normal((5, 5)) for name in WORSE}
    rows = {"real": 100, "made": 100, "holdout": 100}
    found = outcome_of({"replace": wide, NULL.name: null}, WORSE, resolution={}, generator="test", rows=rows).of("replace")
    assert found.state == "cannot say"
    assert "chance alone" in found.headline


def test_a_contraction_is_found_with_its_interval():
    factor = 0.9 ** np.arange(6) * np.exp(0.01 * rng_at(4, "trend").standard_normal((5, 6)))
    trend = trend_of("variance_ratio", factor)
    assert trend.kind == "factor"
    assert trend.low is not None
    assert trend.high is not None
    assert trend.low < 0.9 < trend.high < 0.92


@pytest.mark.parametrize("text", ["replacement", "anchor:2", "anchor:much", "replace:0.5", "accumulate:0.5"])
def test_a_policy_that_cannot_be_meant_is_refused(text: str):
    with pytest.raises(UsageError):
        Policy.of(text)


def test_a_weighted_anchor_gives_the_real_records_their_share():
    made = Dataset.of(pa.table({"x": [1.0, 2.0]}), Schema({"records": (Column("x", "number"),)}))
    learnt = Policy.of("anchor:0.8").learnt(2, lambda generation: made.take(np.array([0])), [made])
    assert learnt.weight == pytest.approx([2.4, 0.3, 0.3])


@pytest.fixture(scope="module")
def tumours() -> Dataset:
    """Breast tumours of Wisconsin: ten measurements, a size class with rare values, and the finding."""
    found = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names[:10]]
    table = pa.table({name: found.data[:, place] for place, name in enumerate(names)})
    size = np.floor(3 * found.data[:, 0]).astype(int).astype(str)
    table = table.append_column("size", pa.array(size)).append_column("finding", pa.array(np.where(found.target, "b", "m")))
    kinds = {"size": "category", "finding": "category"}
    columns = tuple(
        Column(name, kinds.get(name, "number"), "target" if name == "finding" else "feature") for name in table.column_names
    )  # type: ignore[arg-type]
    rows = rng_at(0, "tumours").permutation(table.num_rows)
    return Dataset.of(table.take(pa.array(rows)), Schema({"records": columns}))


@pytest.fixture(scope="module")
def yardstick(tumours: Dataset) -> Yardstick:
    return Yardstick(tumours.take(np.arange(280)), Purpose("finding", "binary", ("b", "m")), Logistic(), ())


def test_other_real_records_measure_well_and_each_planted_loss_is_seen(tumours: Dataset, yardstick: Yardstick):
    fresh = tumours.take(np.arange(280, 560))
    good = yardstick.measured(fresh, seed=1)
    assert set(good) == set(yardstick.worse)
    assert 0.4 < good["c2st_auc"] < 0.6
    assert good["knn_coverage"] > 0.9
    assert good["distinct_values"] == pytest.approx(1, abs=0.1)
    few = yardstick.measured(fresh.take(np.tile(np.arange(20), 14)), seed=1)  # 20 records, again and again
    assert few["distinct_values"] < 0.2
    assert few["knn_coverage"] < good["knn_coverage"] - 0.2
    assert few["rare_coverage"] < good["rare_coverage"] - 0.2
    middle = np.argsort(np.abs(fresh.column("mean_radius").to_numpy() - 13))[:140]
    narrow = yardstick.measured(fresh.take(np.repeat(middle, 2)), seed=1)
    assert narrow["variance_ratio"] < 0.8 * good["variance_ratio"]
    assert narrow["tail_mass"] < good["tail_mass"]
    shuffled = {name: fresh.column(name).take(pa.array(rng_at(0, name).permutation(280))) for name in fresh.schema.names()}
    loose = yardstick.measured(replace(fresh, tables={"records": pa.table(shuffled)}), seed=1)
    assert loose["correlation_error"] > 3 * good["correlation_error"]
    assert loose["c2st_auc"] > 0.9


def test_chains_give_the_same_numbers_in_processes_and_after_a_pickle(tumours: Dataset, yardstick: Yardstick):
    drawn = Drawn(tumours.take(np.arange(280, 569)), 60, 3)
    policies = (Policy("replace"), NULL)
    small = replace(yardstick, holdout=tumours.take(np.arange(60)), learner=None)
    task = ChainTask(drawn, policies, Bootstrap(), small, 3, 60, 3)
    here = map_shards(task, 4)
    there = map_shards(pickle.loads(pickle.dumps(task)), 4, engine=Engine("process", 2))
    assert [table.to_pylist() for table in here] == [table.to_pylist() for table in there]
    values = values_of(here, policies, 3)
    assert values["replace"]["distinct_values"].shape == (2, 3)
    assert (np.diff(values["replace"]["distinct_values"], axis=1) < 0).all()  # copies of copies lose a third each time
