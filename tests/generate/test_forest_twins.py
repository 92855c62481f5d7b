"""The forest engine on what is rare: copies, small groups, and conditions that few records meet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from made_by_forest import PRESETS, made_by_forest


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_missing_in_a_small_group_alone_stays_there(as_dataset, preset: str) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    rows = 12_000
    ward = rng.choice(["a", "b", "c", "d"], rows, p=[0.4, 0.3, 0.25, 0.05])
    code = [f"c{number}" for number in rng.zipf(1.6, rows).clip(0, 400)]
    gone = rng.random(rows) < np.where(ward == "d", 0.4, 0.02)
    real = as_dataset(pa.table({"ward": ward.tolist(), "age": rng.integers(20, 90, rows), "code": pa.array(code, mask=gone)}))
    made = made_by_forest(real, 40_000, preset).records
    lost, where = made.column("code").is_null().to_numpy(zero_copy_only=False), np.array(made.column("ward").to_pylist())
    for one in "abcd":
        assert lost[where == one].mean() == pytest.approx(gone[ward == one].mean(), abs=0.01)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_never_goes_together_does_not_under_a_rare_condition_either(as_dataset, preset: str) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    rows = 8000
    given = rng.random((rows, 6)) < 0.08
    doses = rng.choice(["low", "high", "highest"], (rows, 6), p=[0.8, 0.18, 0.02])
    table = {"ward": rng.choice(["a", "b", "rare"], rows, p=[0.5, 0.48, 0.02])}
    table |= {f"drug{k}": np.where(given[:, k], doses[:, k], "none") for k in range(6)}
    real = as_dataset(pa.table({**table, "treated": np.where(given.any(axis=1), "yes", "no")}))
    made = made_by_forest(real, 2000, preset, "ward = 'rare'").records.to_pandas()
    untreated = made.loc[made["treated"] == "no", [f"drug{k}" for k in range(6)]]
    assert len(untreated) > 600
    assert (untreated == "none").all(axis=None)
    assert any((made[f"drug{k}"] == "high").any() for k in range(6))


def test_private_repeats_real_records_no_more_often_than_people_repeat_each_other(as_dataset) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    common = rng.integers(0, 3, (1500, 5))
    rare = rng.integers(0, 12, (1500, 5))
    values = np.where(rng.random((1500, 1)) < 0.1, common, rare)
    real = as_dataset(pa.table({f"c{at}": [f"v{value}" for value in values[:, at]] for at in range(5)}))
    rows, counts = np.unique(values, axis=0, return_counts=True)
    natural = counts[counts > 1].sum() / 1500
    known = {tuple(f"v{value}" for value in row) for row in rows}
    share = {
        preset: np.mean([tuple(row.values()) in known for row in made_by_forest(real, 4000, preset).records.to_pylist()])
        for preset in PRESETS
    }
    assert 0 < natural < 0.05
    assert share["private"] <= natural
    assert share["sharp"] > natural
