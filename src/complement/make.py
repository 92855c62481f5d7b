"""Make records without judging them: for a call, for the command line, and a few to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, cast, get_args

import numpy as np

from complement import catalog
from complement.core.broken import under
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, SchemaError, UsageError
from complement.core.request import Answer, Request
from complement.core.schema import Role
from complement.core.seed import rng_at, seed_at
from complement.generate.conditions import support
from complement.generate.records import prepare
from complement.prepare import Source, asks_of, read_records, read_source
from complement.recipe import Recipe
from complement.recipe.maker import named_of
from complement.recipe.part import Named
from complement.source.origin import refuse_unanchored

RECIPE_ENDINGS = (".yaml", ".yml")
DEFAULT = "forest"
PREVIEW_ROWS = 5000  # real records that a preview learns from: enough to look at, fitted in seconds
Preset = Literal["private", "sharp"]
PRIVATE: Preset = "private"  # the default of forest
PRESETS = f"{DEFAULT} has two: private searches for records that do not show who was learnt from, sharp for the closest ones."


class GenerateOptions(TypedDict, total=False):
    """What `complement.generate` takes besides the data and `rows`."""

    where: str | None
    generator: str | Mapping[str, Any] | None  # NAME, or {NAME: settings}
    preset: Preset | None  # of forest
    target: str | None
    seed: int | None
    rules: str | Sequence[str] | None
    ignore: str | Sequence[str] | None  # columns that are not learnt and come out empty
    unit: str | None  # the column that says whose record it is
    from_synthetic: bool | None  # learn from made records alone, without a real anchor


def answer(
    real: object,
    *,
    rows: int,
    tell: Callable[[str, dict[str, object]], None] = lambda event, facts: None,
    **options: Unpack[GenerateOptions],
) -> Answer:
    """What `complement.generate` asks for: exactly `rows` records, and the notes that belong to them."""
    recipe = _recipe_in(real)
    _refuse_delivered(recipe)
    named, where, seed = _chosen(recipe, options), options.get("where"), options.get("seed")
    maker = catalog.generator(named.name, **named.settings)
    request = Request(rows=rows, where=Condition.parse(where) if where is not None else None)
    source = read_source(recipe) if recipe is not None else None
    records = source.real if source else read_records(real, options.get("target"))
    records, _ = under(_with_roles(records, options), options.get("rules") or ())
    seed = seed if seed is not None else recipe.seed if recipe is not None else 0
    depth = refuse_unanchored(records, asked=bool(options.get("from_synthetic")))
    _refuse_impossible(records, request.where, named.name)
    tell("learning", {"learning": f"{named.name} from {records.rows:,} records"})
    maker = maker.fit(records, seed=seed_at(seed, "generate", "fit"))
    tell("making", {"making": f"{rows:,} records"})
    made = _answered(maker, request, seed)
    return replace(made, notes=(*depth, *made.notes, *notes_on(named)))


def _refuse_impossible(records: Dataset, where: Condition | None, generator: str) -> None:
    """What no fit can mend is said before it: an unknown column, a value that no real record has."""
    if where is None or where.mask(records.records).any():
        return
    support(prepare(records, generator=generator, any_kind=True, many_tables=True), where, generator=generator)


def notes_on(named: Named) -> tuple[str, ...]:
    """What everybody should know who gets records of this generator: whether anything was done for privacy."""
    told = unprotected(named)
    return (f"{told}; measure with complement audit",) if told else ()


def unprotected(named: Named) -> str:
    """That nothing was done for privacy, or nothing where something was."""
    if named.name == DEFAULT and named.settings.get("preset", PRIVATE) == PRIVATE:
        return ""
    preset = f" with preset {named.settings['preset']}" if named.name == DEFAULT else ""
    return f"made by {named.name}{preset}: not protected for privacy"


def inputs_of(real: object) -> list[str]:
    """The files that making records from `real` reads: the data, or a recipe and all that it names."""
    recipe = _recipe_in(real)
    if recipe is None:
        return [str(real)] if isinstance(real, str | Path) else []
    named = (recipe.real, recipe.sealed, recipe.synthetic)
    return [*([str(recipe.file)] if recipe.file else []), *(recipe.place(path) for path in named if path is not None)]


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


def _chosen(recipe: Recipe | None, options: GenerateOptions) -> Named:
    """The generator that is asked for: the call's, else the recipe's, else forest; under the preset if one is named."""
    given, preset = options.get("generator"), options.get("preset")
    named = named_of(given) if given is not None else recipe.generate.generator if recipe is not None else Named(name=DEFAULT)
    if preset is None:
        return named
    if preset not in get_args(Preset):
        raise UsageError("usage", f"preset={preset!r} is not one of {', '.join(get_args(Preset))}.", help=PRESETS)
    if given is not None and named.name != DEFAULT:
        raise UsageError("usage", f"'{named.name}' has no presets.", help=PRESETS)
    settings = named.settings if named.name == DEFAULT else {}
    return Named(name=DEFAULT, settings={**settings, "preset": preset})


def _with_roles(records: Dataset, options: GenerateOptions) -> Dataset:
    """The records with the roles of the call: columns to ignore, and the unit."""
    ignored, unit = options.get("ignore") or (), options.get("unit")
    wanted = dict.fromkeys([ignored] if isinstance(ignored, str) else ignored, "ignore")
    if unit is not None:
        if unit in wanted:
            raise SchemaError("schema-role", f"The column '{unit}' is named as ignore and as unit.", help="Name one role.")
        wanted[unit] = "unit"
    schema = records.schema
    for name, role in wanted.items():
        column = schema.column(name)
        if column.role == "target":
            raise SchemaError("schema-role", f"The column '{name}' is named as target and as {role}.", help="Name one role.")
        for other in schema.with_role("unit") if role == "unit" else ():
            if other.name != name:
                raise SchemaError("schema-role", f"The role unit is given to '{other.name}' and to '{name}'.")
        # Empty, whether the real ones allow it or not: a zero would be taken for a value.
        limits = replace(column.constraints, nullable=True) if role == "ignore" else column.constraints
        schema = schema.replace_column(replace(column, role=cast(Role, role), constraints=limits))
    return records.with_schema(schema)


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
