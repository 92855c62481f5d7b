"""The search: what is planted is highest, chance is held to its level, and units stay together."""

from __future__ import annotations

import numpy as np
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.seed import rng_at
from complement.gap.atoms import atoms_of
from complement.gap.clusters import named_clusters
from complement.gap.search import Field, Null, Shuffled, evident, null_of, overlap, standard


@pytest.fixture(scope="module")
def field(tumours: Dataset) -> Field:
    return Field(atoms_of(tumours, least=30), ((), np.zeros((tumours.rows, 0), bool)), 30)


def test_every_slice_is_what_its_text_says(tumours: Dataset, field: Field) -> None:
    found = field.search(standard(rng_at(1).standard_normal(tumours.rows)))
    assert {one.terms for one in found} >= {1, 2}
    for one in found:
        assert np.array_equal(Condition.parse(one.text).mask(tumours.records), one.mask)
        assert 30 <= one.mask.sum() <= tumours.rows / 2


@pytest.mark.parametrize("text", ["`who's lab` = 'O''Neill'", "`mean texture` > 18.84 and `mean radius` <= 13.37"])
def test_a_planted_rise_is_found_where_it_is(tumours: Dataset, field: Field, text: str) -> None:
    inside = Condition.parse(text).mask(tumours.records)
    best = field.best(standard(rng_at(0).standard_normal(tumours.rows) + 1.5 * inside))
    assert best is not None
    assert overlap(best.mask, inside) > 0.7


def test_the_search_and_its_null_look_at_the_same_slices(tumours: Dataset, field: Field) -> None:
    for seed in range(5):
        value = standard(rng_at(seed).standard_normal(tumours.rows))
        assert field.search(value)[0].height == pytest.approx(field.highest(value), rel=1e-4)


def test_values_without_a_slice_are_seldom_evident(tumours: Dataset, field: Field) -> None:
    unit = np.arange(tumours.rows)
    value = standard(rng_at(0).exponential(size=tumours.rows))
    bound = null_of(field, value, unit, seed=0).bound
    shuffled = Shuffled.of(unit)
    tops = np.array([field.highest(shuffled.draw(value, rng_at(9, k))) for k in range(100)])
    assert (tops > bound).mean() <= 0.12  # 12 of 100 has a chance of .4 % at a level of 5 %; the long form is in bench/gaps.py


def test_a_permutation_keeps_values_and_units_together() -> None:
    unit = np.repeat(np.arange(60), [1 + k % 3 for k in range(60)])
    drawn = Shuffled.of(unit).draw(unit.astype(float), rng_at(0))
    assert sorted(drawn) == sorted(unit.astype(float))
    assert (drawn != unit).mean() > 0.9
    for one in range(60):
        assert len(set(drawn[unit == one])) == 1


def test_rows_of_one_large_unit_do_not_make_a_gap(tumours: Dataset, field: Field) -> None:
    unit = np.arange(tumours.rows)
    unit[field.atoms.masks[:, 0]] = tumours.rows  # one patient has all the records of a slice, and is hard
    value = standard(rng_at(0).standard_normal(tumours.rows) + 1.0 * field.atoms.masks[:, 0])
    alone = null_of(field, value, np.arange(tumours.rows), seed=0).heights
    together = null_of(field, value, unit, seed=0).heights
    assert together.mean() > alone.mean() + 1


def test_a_cluster_is_told_by_a_condition_that_is_its_mask(progress: tuple[Dataset, object]) -> None:
    records = progress[0]
    texts, masks = named_clusters(records, atoms_of(records, least=15), seed=0)
    assert masks.shape == (records.rows, len(texts))
    for k, text in enumerate(texts):
        assert np.array_equal(Condition.parse(text).mask(records.records), masks[:, k])


def test_a_unit_gives_its_values_to_one_unit_and_never_to_parts_of_two() -> None:
    sizes = rng_at(0).permutation(np.r_[np.arange(1, 60), 200])  # nobody has as many records as another
    unit = np.repeat(np.arange(60), sizes)
    drawn = Shuffled.of(unit).draw(unit.astype(float), rng_at(1))
    giver = [set(drawn[unit == one]) for one in range(60)]
    assert all(len(one) == 1 for one in giver)
    assert sum(one != {float(place)} for place, one in enumerate(giver)) > 50
    near = [abs(int(np.log2(sizes[int(min(one))] / sizes[place]))) for place, one in enumerate(giver) if sizes[place] > 20]
    assert max(near) <= 3  # the giver is of the next sizes, not of any


def test_columns_and_values_that_belong_to_units_of_all_sizes_are_no_gap(tumours: Dataset) -> None:
    """Patients with 1 to 12 records each, equal in columns and values: laid end to end, they gave gaps in half of these."""
    seen = 0
    for number in range(6):
        unit = np.repeat(np.arange(569), rng_at(number, "visits").integers(1, 13, 569))[:569]
        records = tumours.take(unit)
        field = Field(atoms_of(records, least=30), ((), np.zeros((records.rows, 0), bool)), 30)
        value = rng_at(number, "values").standard_normal(569)[unit]
        seen += bool(evident(field, null_of(field, value, unit, seed=number), value, most=1))
    assert seen <= 2  # three of six have a chance of .2 % at a level of 5 %


def test_below_five_percent_is_what_the_bound_says() -> None:
    null = Null(np.arange(199.0))
    assert null.p(null.bound) == pytest.approx(0.05)
    assert null.p(np.nextafter(null.bound, np.inf)) == pytest.approx(0.045)
    assert Null(np.zeros(199)).p(1.0) == pytest.approx(1 / 200)


def test_a_second_gap_is_seen_and_the_shadow_of_the_first_is_not(tumours: Dataset, field: Field) -> None:
    first, second = (Condition.parse(text).mask(tumours.records) for text in ("`who's lab` = 'north'", "`mean symmetry` > 0.21"))
    value = rng_at(3).standard_normal(tumours.rows) + 2.0 * first + 2.0 * (second & ~first)
    null = null_of(field, value, np.arange(tumours.rows), seed=0)
    found = evident(field, null, value, most=5)
    assert overlap(found[0].mask, first) > 0.7
    assert all(overlap(one.mask, other.mask) < 0.5 for place, one in enumerate(found) for other in found[:place])
    assert any((one.mask & second & ~first).sum() > 0.5 * one.mask.sum() for one in found[1:])
    alone = rng_at(3).standard_normal(tumours.rows) + 2.0 * first
    assert len(evident(field, null_of(field, alone, np.arange(tumours.rows), seed=0), alone, most=5)) == 1
