"""Mixing: all real records stay, the cap and the weight hold, and made records of made ones need an anchor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, UsageError
from complement.curate.mix import check_depth, mix, mixing
from complement.testing.sample import as_synthetic, sample_records

REAL, MADE = sample_records(60, seed=1), as_synthetic(sample_records(90, seed=2))


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1)))
def test_all_real_records_stay_and_cap_and_weight_hold(cap: float, weight: float | None) -> None:
    found = mix(REAL, MADE, share_cap=cap, weight=weight)
    told = mixing(found, MADE)
    assert (found.rows - int(found.synthetic.sum())) == REAL.rows
    assert told.made <= cap * found.rows + 1e-6
    assert found.records.slice(0, REAL.rows).equals(REAL.records)
    assert told.made + told.left_out == MADE.rows
    if weight is not None and told.made:
        assert told.weight == pytest.approx(weight)
        assert found.weight.sum() == pytest.approx(REAL.rows)
    elif weight is None:
        assert found.weight == pytest.approx(np.ones(found.rows))


def test_the_same_seed_chooses_the_same_and_another_does_not() -> None:
    names = [mix(REAL, MADE, share_cap=0.2, seed=seed).lineage.column("record").to_pylist() for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) == 75


def test_unequal_real_weights_keep_their_proportions() -> None:
    found = mix(REAL.weighted(np.arange(60.0)), MADE, weight=0.25, share_cap=1)
    assert found.weight[:60] == pytest.approx(np.arange(60.0) * 0.75 * 60 / np.arange(60).sum())
    assert found.weight[60:].sum() == pytest.approx(15)


def test_a_second_generation_without_an_anchor_is_refused_unless_asked_for() -> None:
    none, second = REAL.take(np.arange(0)), as_synthetic(MADE, depth=2)
    with pytest.raises(SchemaError, match="generation 2") as met:
        mix(none, second, share_cap=1)
    assert met.value.code == "lineage-deep"
    assert mix(none, second, share_cap=1, unanchored=True).rows == 90
    assert mix(REAL, second).rows == 120
    assert mix(none, MADE, share_cap=1).rows == 90


@pytest.mark.parametrize("anchor", [None, MADE, REAL.weighted(np.zeros(60))], ids=["none", "made", "weightless"])
def test_what_is_no_anchor(anchor: Dataset | None) -> None:
    with pytest.raises(SchemaError):
        check_depth(as_synthetic(MADE, depth=3), anchor)


def test_made_records_given_as_real_count_as_made() -> None:
    told = mixing(mix(REAL.concat(MADE.take(np.arange(40))), MADE, share_cap=0.5), MADE)
    assert (told.real, told.made) == (60, 60)


def test_a_share_out_of_range_is_an_error() -> None:
    with pytest.raises(UsageError, match="share_cap=50"):
        mix(REAL, MADE, share_cap=50)
