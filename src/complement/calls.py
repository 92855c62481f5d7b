"""Calls with keywords: which ones there are, and the recipe that a call of `prove` amounts to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar, get_args, get_type_hints

from complement.core.errors import RecipeError, UsageError
from complement.core.schema import nearest
from complement.prepare import Inputs
from complement.recipe import IN_MEMORY, Recipe

P = ParamSpec("P")
T = TypeVar("T")
# Numbers of a call, and what to do about one that is out of range (empty: what the recipe says of its key).
NUMBERS = {
    "weights": "A weight is the synthetic share of the training mass, from 0 to 1: write 0.25 for 25 %.",
    "seeds": "One seed cannot tell an effect from chance: give 2 or more; 5 when left out.",
    "folds": "Give 2 to 50; 5 when left out. To judge on a file of your own, give it as the sealed one.",
    "margin": "Give the smallest change that matters to you, above 0, in the metric's unit; left out, it is the metric's own.",
    **dict.fromkeys(("rows", "times", "draws", "draw_rows", "seed", "split"), ""),
}


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


def strict(function: Callable[P, T]) -> Callable[P, T]:
    """The function with every option in its signature; a call that does not fit it is a UsageError that offers what does.

    Options that a function takes as `**options: Unpack[TypedDict]` are spelled out, so that `help` and editors show them.
    """
    shown = _spelled(function)
    name = f"complement.{getattr(function, '__name__', 'call')}"

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> T:
        unknown = [word for word in keywords if word not in shown.parameters]
        if unknown:
            help = nearest(unknown[0], list(shown.parameters))
            raise UsageError("usage", f"{name} has no option '{unknown[0]}'.", help=help)
        try:
            shown.bind(*args, **keywords)
        except TypeError as cause:
            needed = [one.name if one.kind is not one.KEYWORD_ONLY else f"{one.name}=..." for one in _needed(shown)]
            raise UsageError("usage", f"{name}: {cause}.", help=f"Call it like: {name}({', '.join(needed)})") from cause
        return function(*args, **keywords)

    call.__signature__ = shown  # pyright: ignore[reportAttributeAccessIssue]
    return call


def _spelled(function: Callable[..., Any]) -> Signature:
    found = signature(function)
    plain = [one for one in found.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    for one in found.parameters.values():
        if one.kind is Parameter.VAR_KEYWORD:
            (options,) = get_args(get_type_hints(function)[one.name])
            plain += [
                Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=getattr(kind, "__forward_arg__", kind))
                for name, kind in options.__annotations__.items()
            ]
    return found.replace(parameters=plain)


def _needed(shown: Signature) -> list[Parameter]:
    return [one for one in shown.parameters.values() if one.default is Parameter.empty]


def called(real: object, synthetic: object, *, target: str, sealed: object, options: ProveOptions) -> tuple[Recipe, Inputs]:
    """The recipe that a call of `prove` amounts to, and the tables that it was given instead of paths.

    Raises UsageError for options that do not fit together, RecipeError for a value that is not allowed.
    """
    given: dict[str, Any] = dict(options)
    making = {name: given[name] for name in ("where", "rows", "times") if given.get(name) is not None}
    rules = _several(given.get("rules"))
    if synthetic is not None and (making or rules or given.get("generator") is not None):
        met = "A delivered file is judged as it is; generator, where, rows, times and rules are for making one."
        raise UsageError("usage", met, help="Leave them out, or leave the file out.")
    recipe = _recipe(
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
            "curate": {"steps": ()},  # a call judges what a generator makes, a run what is handed over
            "prove": _proving(given),
            "seed": given.get("seed"),
        }
    )
    return recipe, Inputs(_table(real), _table(sealed), _table(synthetic))


def _recipe(values: Mapping[str, Any]) -> Recipe:
    """The recipe of a call; what is wrong with a number is said of the option that the caller wrote, not of the recipe's key."""
    try:
        return Recipe.of(values)
    except RecipeError as error:
        key = error.where.rpartition(":")[2]
        option = re.sub(r"\[\d+\]$", "", "split" if key == "split.sealed" else key).rpartition(".")[2]
        if option not in NUMBERS or key.startswith("purpose.slices"):
            raise
        shell = {"weights": "weight", "draw_rows": "draw-rows"}.get(option, option)
        where = f"{option}=" if option == "split" else f"--{shell}, or {option}= in Python"
        met = error.met.replace(f"'{key}'", f"'{option}'")
        raise RecipeError(error.code, met, where=where, help=NUMBERS[option] or error.help) from error


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
