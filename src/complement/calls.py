"""Calls with keywords, and the recipe that each of them amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypedDict

from complement.core.errors import UsageError
from complement.prepare import Inputs
from complement.recipe import IN_MEMORY, Recipe


class ProveOptions(TypedDict, total=False):
    """What `complement.prove` takes besides data and target; the same names as in the recipe (docs/recipe.md)."""

    generator: str | Mapping[str, Any]
    question: str
    learners: str | Sequence[str]
    metrics: str | Sequence[str]  # the first is confirmatory, each further one a guard
    task: str
    positive: str
    margin: float
    primary: str  # NAME=EXPR
    slices: str | Sequence[str]
    unit: str
    time: str
    folds: int
    split: float | str  # share of units to seal once, "cross-fit" or "auto"
    ignore: str | Sequence[str]  # columns to leave out of everything
    weights: float | Sequence[float]
    times: float
    rows: int
    where: str
    rules: str | Sequence[str]  # what every made record obeys, such as "end > start"
    seeds: int
    seed: int
    draws: int
    draw_rows: int
    curve: bool
    out: str | Path


def called(real: object, synthetic: object, *, target: str, sealed: object, options: ProveOptions) -> tuple[Recipe, Inputs]:
    """The recipe that a call of `prove` amounts to, and the tables that it was given instead of paths.

    Raises UsageError for an option that does not exist or does not fit, RecipeError for a value that is not allowed.
    """
    given: dict[str, Any] = dict(options)
    unknown = [name for name in given if name not in ProveOptions.__annotations__]
    if unknown:
        close = get_close_matches(unknown[0], ProveOptions.__annotations__, n=1, cutoff=0.5)
        help = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(ProveOptions.__annotations__)}."
        raise UsageError("usage", f"prove has no option '{unknown[0]}'.", help=help)
    making = {name: given[name] for name in ("where", "rows", "times") if given.get(name) is not None}
    rules = _several(given.get("rules"))
    if synthetic is not None and (making or rules or given.get("generator") is not None):
        met = "A delivered file is judged as it is; generator, where, rows, times and rules are for making one."
        raise UsageError("usage", met, help="Leave them out, or leave the file out.")
    recipe = Recipe.of(
        {
            "complement": 1,
            "real": _path(real),
            "sealed": _path(sealed),
            "synthetic": _path(synthetic),
            "schema": {name: {"role": "ignore"} for name in _several(given.get("ignore"))},
            "rules": rules or None,
            "purpose": {"target": target, **_purpose(given)},
            "split": _only(unit=given.get("unit"), time=given.get("time"), folds=given.get("folds"), sealed=given.get("split")),
            "generate": None if synthetic is not None else _generating(given, making),
            "prove": _proving(given),
            "seed": given.get("seed"),
        }
    )
    return recipe, Inputs(_table(real), _table(sealed), _table(synthetic))


def _purpose(given: Mapping[str, Any]) -> dict[str, Any]:
    metrics = _several(given.get("metrics"))
    slices = [{"name": text, "where": text} for text in _several(given.get("slices"))]
    return _only(
        task=given.get("task"),
        positive=given.get("positive"),
        metric=metrics[0] if metrics else None,
        guards=metrics[1:] or None,
        learners=_several(given.get("learners")) or None,
        margin=given.get("margin"),
        primary=_primary(given.get("primary")),
        slices=slices or None,
    )


def _generating(given: Mapping[str, Any], making: Mapping[str, Any]) -> dict[str, Any]:
    request = {"name": "asked" if "where" in making else "all", **making}
    return _only(generator=given.get("generator"), requests=[request])


def _proving(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("question", "seeds", "draws", "draw_rows", "curve")
    weights = given.get("weights")
    if weights is not None:
        weights = sorted({float(weight) for weight in ([weights] if isinstance(weights, int | float) else weights)})
    return _only(weights=weights, **{name: given.get(name) for name in names})


def _primary(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    name, equals, where = text.partition("=")
    if not (name.strip() and equals and where.strip()):
        raise UsageError("usage", f"primary '{text}' is not NAME=EXPR.", help="Write it like: old=age >= 80")
    return {"name": name.strip(), "where": where.strip()}


def _only(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _several(value: Any) -> list[Any]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _path(thing: object) -> str | None:
    if thing is None:
        return None
    return str(thing) if isinstance(thing, str | Path) else IN_MEMORY


def _table(thing: object) -> object:
    return None if isinstance(thing, str | Path) else thing
