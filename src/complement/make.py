"""Make records without judging them: for a call, for the command line, and a few to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from complement import catalog
from complement.core.broken import under
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, UsageError
from complement.core.request import Answer, Request
from complement.core.seed import rng_at, seed_at
from complement.prepare import Source, asks_of, read_records, read_source
from complement.recipe import Recipe
from complement.recipe.shape import Named

RECIPE_ENDINGS = (".yaml", ".yml")
DEFAULT = "forest"
PREVIEW_ROWS = 5000  # real records that a preview learns from: enough to look at, fitted in seconds


def answer(
    real: object,
    *,
    rows: int,
    where: str | None = None,
    generator: str | Mapping[str, Any] | None = None,
    target: str | None = None,
    seed: int | None = None,
    rules: str | Sequence[str] = (),
) -> Answer:
    """What `complement.generate` asks for: exactly `rows` records, and the notes that belong to them."""
    recipe = _recipe_in(real)
    _refuse_delivered(recipe)
    source = read_source(recipe) if recipe is not None else None
    records, _ = under(source.real if source else read_records(real, target), rules)
    named = recipe.generate.generator if recipe is not None and generator is None else _named(generator or DEFAULT)
    maker = catalog.generator(named.name, **named.settings)
    seed = seed if seed is not None else recipe.seed if recipe is not None else 0
    request = Request(rows=rows, where=Condition.parse(where) if where is not None else None)
    return _answered(maker.fit(records, seed=seed_at(seed, "generate", "fit")), request, seed)


def preview(recipe: Recipe | str | Path, *, rows: int) -> Dataset:
    """What `complement.preview` shows."""
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    _refuse_delivered(recipe)
    source = read_source(recipe)
    named = recipe.generate.generator
    asks = asks_of(recipe, source)
    few = _few(source, [ask.where for ask in asks], recipe.seed)
    maker = catalog.generator(named.name, **named.settings).fit(few, seed=seed_at(recipe.seed, "preview"))
    parts = [_answered(maker, Request(rows=rows, where=ask.where, name=ask.name), recipe.seed).records for ask in asks]
    made = parts[0]
    for part in parts[1:]:
        made = made.concat(part)
    return made


def _answered(maker: Any, request: Request, seed: int) -> Answer:
    found: Answer = maker.generate(request, seed=seed_at(seed, "generate", request.name))
    if found.records.rows < request.rows:
        reasons = " ".join(failure.reason for failure in found.failures)
        raise GenerateError(
            "generate-short",
            f"{found.records.rows} of {request.rows} records could be made. {reasons}".strip(),
            help="Widen the condition or the rules, or use a generator that conditions, such as trees.",
        )
    return found


def _named(generator: str | Mapping[str, Any]) -> Named:
    try:
        return Named.model_validate(generator)
    except ValueError as cause:
        met = f"generator={generator!r} is neither a name nor {{name: settings}}."
        raise UsageError("usage", met, help="Write 'forest', or {'forest': {'preset': 'sharp'}}.") from cause


def _recipe_in(real: object) -> Recipe | None:
    if isinstance(real, Recipe):
        return real
    if isinstance(real, str | Path) and Path(real).suffix.lower() in RECIPE_ENDINGS:
        return Recipe.load(real)
    return None


def _refuse_delivered(recipe: Recipe | None) -> None:
    if recipe is not None and recipe.synthetic is not None:
        met = "The recipe judges a delivered file; it names no generator."
        raise UsageError("usage", met, help="Put `generate` in the place of `synthetic`.")


def _few(source: Source, wheres: list[Condition | None], seed: int) -> Dataset:
    real = source.real
    if real.rows <= PREVIEW_ROWS:
        return real
    rows = rng_at(seed, "preview").permutation(real.rows)
    kept = [rows[:PREVIEW_ROWS]]
    for where in wheres:
        if where is not None:  # a rare condition needs its own records, or it would have no support
            kept.append(rows[where.mask(real.records)[rows]][:PREVIEW_ROWS])
    return real.take(np.unique(np.concatenate(kept)))
