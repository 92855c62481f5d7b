"""Records under a condition: all their columns from a model of the real records under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from complement.core.condition import Condition
from complement.core.seed import rng_at, seed_at
from complement.generate.forest.dependencies import Dependency, exclusions
from complement.generate.forest.model import Model
from complement.generate.forest.suppress import nobody_shares, suppressed

TURNS = 30  # of drawing what does not meet the condition again

Meets = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def model_under(model: Model, among: np.ndarray, where: Condition) -> Model | None:
    """A model of the records at the positions `among` alone, which meet the condition; None where nothing in one of its columns
    is shared by as many of them as the setting asks.

    Trees of the whole table split on what most records differ in, and a few deaths among many records share their leaves with
    the living. Nor may the columns of the condition be taken together from one real record: that would be a real person.
    What never goes together in the whole table, and what follows there, few records cannot show: it holds here, too. What many
    share in the whole table may be one person's here, and is left out again.
    """
    whole, seed = model.known, seed_at(model.seed, "under", where.text)
    unit = np.unique(whole.unit[among], return_inverse=True)[1]
    codes = _shared_under(model, among, unit, where.columns(), rng_at(seed, "rare"))
    if codes is None:
        return None
    weight = None if whole.weight is None else whole.weight[among]
    setting = replace(model.setting, by="file")
    small = Model.of(model.codings, codes, weight, setting, unit=unit, most_rows=len(whole.grown_on), seed=seed)
    gists = {**small.gists, **model.gists}
    never = [*model.never, *exclusions(small.codes, gists)]
    return replace(small, target=model.target, gists=gists, never=never, follows=_follows(model.follows, small.follows))


def _shared_under(
    model: Model, among: np.ndarray, unit: np.ndarray, asked: Collection[str], rng: np.random.Generator
) -> dict[str, np.ndarray] | None:
    """The codes under the condition without what too few have there. A column in which that is everything takes values of the
    whole table instead, unless the condition speaks of it."""
    least, found = model.setting.least, dict[str, np.ndarray]()
    for name, values in model.codes.items():
        codes, code = values[among], model.codings[name]
        if nobody_shares(code, codes, least, unit):
            if name in asked:
                return None
            known = ~np.isnan(codes)
            codes[known] = rng.choice(values[~np.isnan(values)], int(known.sum()))
        else:
            codes = suppressed(code, codes, least, unit, rng)
        found[name] = codes
    return found


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
