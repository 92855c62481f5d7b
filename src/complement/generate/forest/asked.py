"""Records under a condition: all their columns from a model of the real records under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from complement.core.seed import seed_at
from complement.generate.forest.dependencies import Dependency, exclusions
from complement.generate.forest.model import Model

TURNS = 30  # of drawing what does not meet the condition again

Meets = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def model_under(model: Model, among: np.ndarray, text: str) -> Model:
    """A model of the records at the positions `among` alone; `text` is their condition.

    Trees of the whole table split on what most records differ in, and a few deaths among many records share their leaves with
    the living. Nor may the columns of the condition be taken together from one real record: that would be a real person.
    What never goes together in the whole table, and what follows there, few records cannot show: it holds here, too.
    """
    whole = model.known
    small = Model.of(
        model.codings,
        {name: values[among] for name, values in model.codes.items()},
        None if whole.weight is None else whole.weight[among],
        replace(model.setting, by="file"),
        unit=np.unique(whole.unit[among], return_inverse=True)[1],
        most_rows=len(whole.grown_on),
        seed=seed_at(model.seed, "under", text),
    )
    gists = {**small.gists, **model.gists}
    never = [*model.never, *exclusions(small.codes, gists)]
    return replace(small, target=model.target, gists=gists, never=never, follows=_follows(model.follows, small.follows))


def _follows(whole: Sequence[Dependency], part: Sequence[Dependency]) -> list[Dependency]:
    """All that follows in the whole table, and what else does in a part of it; no source is itself restored."""
    targets, sources = {one.target for one in whole}, {one.source for one in whole}
    return [*whole, *(one for one in part if one.target not in targets | sources and one.source not in targets)]


def drawn_under(small: Model, rows: int, meets: Meets, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Codes of all columns, each of shape (rows,), that meet the condition; empty where none was found.

    `meets` says which codes do: a smoothed number may leave the condition, and is then drawn again.
    """
    parts: list[dict[str, np.ndarray]] = []
    have = 0
    for _ in range(TURNS):
        lacking = rows - have
        drawn = small.draw({}, lacking if not parts else min(rows, lacking + lacking // 4 + 100), rng)
        met = np.flatnonzero(meets(drawn))[:lacking]
        parts.append({name: values[met] for name, values in drawn.items()})
        have += len(met)
        if have == rows:
            break
    if not have:
        return {}
    # What is hard to meet is taken again from what was found: no real record stands in.
    order = np.r_[np.arange(have), rng.integers(have, size=rows - have)]
    return {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
