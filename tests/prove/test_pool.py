"""Pool: what a generator does to the records that it was given stays with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from complement.core.dataset import Dataset
from complement.core.errors import RunError
from complement.core.request import Answer, Request
from complement.generate.bootstrap import Bootstrap


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
