"""Records as the forest makes them, for the tests of that engine."""

from __future__ import annotations

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.request import Request
from complement.generate.forest import Forest

PRESETS = ("private", "sharp")


def made_by_forest(real: Dataset, rows: int = 5000, preset: str = "sharp", where: str | None = None) -> Dataset:
    request = Request(rows, where=None if where is None else Condition.parse(where))
    return Forest(preset=preset).fit(real, seed=1).generate(request, seed=2).records  # type: ignore[arg-type]
