"""Design: cuts never cut a unit, every part has every class, shares are nested, draws are disjoint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement import catalog
from complement.core.errors import ProveError
from complement.core.partition import Partition
from complement.prove.design import Cut, Trial, cuts_of, half_draws, independent_draws, inner_cuts, share_of
from complement.prove.plan import Plan
from complement.prove.pool import Refit


def trial(world, *, rows: int = 240, per_unit: int = 1, seed: int = 0, balanced: bool = False) -> Trial:
    x, y = world.law(rows, "design", seed, shift=-1.0)
    dataset = world.records(x, np.arange(rows) % 2 == 0 if balanced else y)
    unit = np.arange(rows) // per_unit
    partition = Partition(unit, unit // 2 % 4, 4)
    cuts = tuple(Cut(partition.train(k), partition.test(k)) for k in range(4))
    metric = catalog.metric("auroc", world.PURPOSE)
    return Trial(dataset, partition, world.PURPOSE, Refit(world.Fresh()), {}, metric, Plan(seed=seed), cuts)


def classes(part: Trial, rows: np.ndarray) -> np.ndarray:
    return np.unique(part.real.column("y").to_numpy()[rows], return_counts=True)[1]


@settings(max_examples=12, deadline=None)
@given(per_unit=st.integers(1, 5), seed=st.integers(0, 99))
def test_inner_cuts_never_cut_a_unit_and_cover_the_learning_part(world, per_unit, seed):
    part = trial(world, per_unit=per_unit, seed=seed)
    found = inner_cuts(part, part.cuts[0], 0)
    unit = part.partition.unit
    for cut in found:
        assert not set(unit[cut.train]) & set(unit[cut.test])
        assert np.array_equal(np.sort(np.concatenate([cut.train, cut.test])), part.cuts[0].train)
    assert np.array_equal(np.sort(np.concatenate([cut.test for cut in found])), part.cuts[0].train)


@pytest.mark.parametrize("balanced", [False, True])
def test_every_part_has_the_classes_in_proportion(world, balanced):
    # Two classes of one size take turns in a stratified order: every second or twentieth unit of it would be one class.
    part = trial(world, balanced=balanced)
    plan = Plan("recipe", draws=20)
    every = [cut.test for cut in inner_cuts(part, part.cuts[0], 0)]
    every += [side for cut in half_draws(part.real, part.partition, part.purpose, plan) for side in (cut.train, cut.test)]
    free, sealed = part.partition.train(0), part.partition.test(0)
    every += [
        cut.train for cut in independent_draws(part.real, part.partition, part.purpose, Plan("recipe", draws=6), free, sealed, 30)
    ]
    whole = classes(part, np.arange(240)) / 240
    for rows in every:
        assert np.abs(classes(part, rows) / len(rows) - whole).max() < 2 / len(rows) + 0.01


@settings(max_examples=12, deadline=None)
@given(per_unit=st.integers(1, 4), seed=st.integers(0, 99))
def test_shares_are_nested_whole_units_of_about_the_size_asked(world, per_unit, seed):
    part = trial(world, per_unit=per_unit, seed=seed)
    rows = part.cuts[0].train
    small, large = (share_of(part, rows, share, "curve", 0, 0) for share in (0.25, 0.5))
    assert set(small) <= set(large) <= set(rows)
    unit = part.partition.unit
    assert not set(unit[large]) & set(unit[np.setdiff1d(rows, large)])
    assert abs(len(large) - 0.5 * len(rows)) <= per_unit
    assert share_of(part, rows, 1.0, "curve") is rows


def test_independent_draws_share_no_record_and_one_sealed_part(world):
    part = trial(world, per_unit=2)
    cuts, halves = cuts_of(part.real, part.partition, part.purpose, Plan("recipe", draws=5, draw_rows=30))
    rows = np.concatenate([cut.train for cut in cuts])
    assert not halves
    assert len(rows) == len(set(rows))
    assert all(abs(len(cut.train) - 30) <= 2 for cut in cuts)
    assert all(np.array_equal(cut.test, part.partition.test(0)) for cut in cuts)
    assert not set(rows) & set(part.partition.test(0))


def test_half_draws_are_halves_and_differ(world):
    part = trial(world)
    cuts, halves = cuts_of(part.real, part.partition, part.purpose, Plan("recipe", draws=5))
    assert halves
    assert all(len(cut.train) == len(cut.test) == 120 and not set(cut.train) & set(cut.test) for cut in cuts)
    assert not np.array_equal(cuts[0].train, cuts[1].train)


def test_half_draws_beside_a_sealed_part_learn_from_the_open_records_alone(world):
    part = trial(world, per_unit=2)
    sealed = Partition(part.partition.unit, np.where(part.partition.unit % 4 == 0, 0, -1), 1)
    cuts, halves = cuts_of(part.real, sealed, part.purpose, Plan("recipe", draws=5))
    assert halves
    assert all(np.array_equal(cut.test, sealed.test(0)) for cut in cuts)
    assert all(len(cut.train) == 90 and not set(cut.train) & set(cut.test) for cut in cuts)
    assert not np.array_equal(cuts[0].train, cuts[1].train)


def test_draws_across_time_are_refused(world):
    part = trial(world)
    partition = Partition(np.arange(240), np.arange(240) // 60, 4, kind="time", block=np.arange(240) // 10)
    for rows in (None, 20):
        with pytest.raises(ProveError, match="what came later") as caught:
            cuts_of(part.real, partition, part.purpose, Plan("recipe", draws=5, draw_rows=rows))
        assert caught.value.code == "prove-question"


def test_more_draws_than_records_are_refused(world):
    part = trial(world)
    with pytest.raises(ProveError, match="draws of 50 records"):
        cuts_of(part.real, part.partition, part.purpose, Plan("recipe", draws=5, draw_rows=50))


def test_inner_cuts_of_a_time_series_learn_from_what_came_before(world):
    part = trial(world)
    partition = Partition(np.arange(240), np.arange(240) // 60, 4, kind="time", block=np.arange(240) // 10)
    timed = Trial(part.real, partition, part.purpose, part.pool, {}, part.metric, Plan(), part.cuts)
    found = inner_cuts(timed, Cut(partition.train(3), partition.test(3)), 3)
    assert len(found) == 3
    assert all(cut.train.max() < cut.test.min() for cut in found)


@pytest.mark.parametrize(
    "settings", [{"seeds": 1}, {"weights": ()}, {"weights": (1.2,)}, {"draws": 4}, {"question": "substitute", "weights": (0.5,)}]
)
def test_a_plan_that_cannot_be_carried_out_is_refused(settings):
    with pytest.raises(ProveError):
        Plan(**settings)
