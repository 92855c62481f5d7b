"""The columns that a condition speaks of, drawn from a small model of the real records under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from complement.core.seed import seed_at
from complement.generate.forest.column import Setting
from complement.generate.forest.model import Model

TURNS = 30  # of drawing what does not meet the condition again
MOST_ROWS = 20_000  # records that the small model is grown on

Meets = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def drawn_under(
    model: Model, asked: list[str], among: np.ndarray, rows: int, meets: Meets, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Codes of the `asked` columns, each of shape (rows,), that all meet the condition; empty where none was found.

    `among`: the positions of the real records under it, which alone are learnt. `meets` says which codes are under it.
    Drawn as whole combinations from real records, they would be those of real people.
    """
    codes = {name: model.codes[name][among] for name in asked}
    weight = None if model.known.weight is None else model.known.weight[among]
    unit = np.unique(model.known.unit[among], return_inverse=True)[1]
    seed = seed_at(int(rng.integers(2**31)), "asked")
    setting: Setting = replace(model.setting, by="file")
    small = Model.of({n: model.codings[n] for n in asked}, codes, weight, setting, unit=unit, most_rows=MOST_ROWS, seed=seed)
    parts: list[dict[str, np.ndarray]] = []
    have = 0
    for _ in range(TURNS):
        lacking = rows - have
        drawn = small.draw({}, min(rows, lacking + lacking // 4 + 100), rng)
        met = np.flatnonzero(meets(drawn))[:lacking]
        parts.append({name: drawn[name][met] for name in asked})
        have += len(met)
        if have == rows:
            break
    found = {name: np.concatenate([part[name] for part in parts]) for name in asked}
    if not have:
        return {}
    # What is hard to meet is drawn again from what was found: no real combination stands in.
    order = np.r_[np.arange(have), rng.integers(have, size=rows - have)]
    mixed = order[rng.permutation(rows)]
    return {name: values[mixed] for name, values in found.items()}
