"""The forest engine: dates that stand in order still do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from made_by_forest import PRESETS, made_by_forest


@pytest.mark.parametrize("preset", PRESETS)
def test_dates_that_stand_in_order_still_do_and_keep_their_distance(as_dataset, preset: str) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    admitted = np.datetime64("2020-01-01") + rng.integers(0, 900, 600)
    stay = rng.integers(1, 20, 600)
    table = pa.table({"admitted": admitted.astype("datetime64[D]"), "discharged": (admitted + stay).astype("datetime64[D]")})
    made = made_by_forest(as_dataset(table), 3000, preset).records
    days = (made.column("discharged").to_numpy() - made.column("admitted").to_numpy()).astype(int)
    assert days.min() >= 1
    assert days.max() <= 19
    assert days.mean() == pytest.approx(stay.mean(), abs=0.6)
    where = "discharged >= '2021-06-01'"
    asked = made_by_forest(as_dataset(table), 500, preset, where).records
    assert pc.min(asked.column("discharged")).as_py().isoformat() >= "2021-06-01"
    assert (asked.column("discharged").to_numpy() > asked.column("admitted").to_numpy()).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_three_dates_and_one_that_is_often_missing_stay_in_order(as_dataset, preset: str) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    admitted = np.datetime64("2020-01-01") + rng.integers(0, 900, 1000)
    discharged = admitted + rng.integers(0, 20, 1000)
    billed = discharged + rng.integers(0, 3, 1000)
    died = [day if dead else None for day, dead in zip(discharged.tolist(), rng.random(1000) < 0.3, strict=True)]
    dates = {"billed": billed, "admitted": admitted, "discharged": discharged}
    real = as_dataset(pa.table({**dates, "died": pa.array(died, pa.date32()), "age": rng.integers(20, 90, 1000)}))
    for where in (None, "died is not missing", "billed >= '2021-06-01'"):
        made = made_by_forest(real, 2000, preset, where).records
        first, second, third = (made.column(name).to_numpy() for name in ("admitted", "discharged", "billed"))
        assert ((first <= second) & (second <= third)).all()
        dead = made.filter(pc.is_valid(made.column("died")))
        assert dead.num_rows
        assert pc.all(pc.equal(dead.column("died"), dead.column("discharged"))).as_py()
