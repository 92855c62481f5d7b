"""Pool: what a generator does to the records that it was given stays with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import RunError
from complement.core.request import Answer, Request
from complement.generate.bootstrap import Bootstrap
from complement.prove.pool import Ask, Refit


@dataclass
class Spoils:
    """A generator that makes the weights of the records it was given useless, and gives copies of them."""

    how: str

    def fit(self, real: Dataset, *, seed: int) -> Spoils:
        self.real = real.take(np.arange(real.rows))
        useless = np.where(np.arange(real.rows) % 12 == 0, 1.0, 1e-9)
        if self.how == "in place":
            real.weight[:] = useless
        else:
            object.__setattr__(real, "weight", useless)
            real.tables["records"] = real.records.slice(0, 20)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        return Bootstrap().fit(self.real, seed=0).generate(request, seed=seed)


def test_a_generator_cannot_spoil_what_real_only_is_trained_on(world):
    with pytest.raises(RunError, match="read-only"):
        world.run(world.real(300), world.refit(Spoils("in place"), 1.0))
    spoilt = world.run(world.real(300), world.refit(Spoils("anew"), 1.0)).verdicts[0]
    honest = world.run(world.real(300), world.refit(Bootstrap(), 1.0)).verdicts[0]
    assert spoilt.baseline == honest.baseline


def test_copies_are_dealt_by_what_curation_kept_of_each_request(world):
    high = Condition.parse("x0 > 0")

    def keeper(made: Dataset, learnt: Dataset, where: Condition | None) -> np.ndarray:
        return np.arange(made.rows if where is None else made.rows // 4)

    asks = (Ask(times=None, rows=100), Ask(high, rows=100, times=None, name="high"))
    real = world.real(300)
    pool, lots = Refit(Bootstrap(), asks, keeper=keeper, refill=False).drawn(real, total=300, seed=1)
    assert pool.rows == 125
    assert lots[0][0] is None
    assert [rows for _, rows in lots] == [100, 25]
    assert np.array_equal(lots[1][0], high.mask(real.records))
