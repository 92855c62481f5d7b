"""Turns what pydantic found wrong in a recipe into one error: file, line and key, what was met, what is allowed."""

from __future__ import annotations

from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from complement.core.errors import ComplementError, RecipeError
from complement.recipe.yaml import Key, Text, spell

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list: [a, b]",
    "dict_type": "'key: value' lines",
    "model_type": "'key: value' lines",
    "model_attributes_type": "'key: value' lines",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def complain(cause: ValidationError, text: Text, model: type[BaseModel]) -> RecipeError:
    """The first thing that is wrong, unknown keys before all else: a misspelt key explains the missing one."""
    found = sorted(cause.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
    error = found[0]
    key = _real_key(error["loc"], text)
    if error["type"] == "extra_forbidden":
        return _unknown(key, text, model)
    same = [other for other in found if _real_key(other["loc"], text) == key]
    if error["type"] == "missing":
        return RecipeError("recipe-value", f"The recipe lacks '{spell(key)}'.", where=text.where(key), help=_about(key, model))
    inner = error.get("ctx", {}).get("error")
    if isinstance(inner, ComplementError):
        return RecipeError("recipe-value", f"{inner.met} {inner.where}".strip(), where=text.where(key), help=inner.help)
    allowed = " or ".join(dict.fromkeys(filter(None, (_allowed(other) for other in same))))
    met = f"'{spell(key)}' is {_shown(error['input'])}" if key else "The recipe contradicts itself"
    if error["type"] == "value_error":
        return RecipeError("recipe-value", f"{met}: {inner}.", where=text.where(key), help=_about(key, model))
    return RecipeError(
        "recipe-value", f"{met}; allowed: {allowed}.", where=text.where(key), help=_nearby(error) or _about(key, model)
    )


def _unknown(key: Key, text: Text, model: type[BaseModel]) -> RecipeError:
    owner = _model_at(key[:-1], model) or model
    names = [info.alias or name for name, info in owner.model_fields.items()]
    close = get_close_matches(str(key[-1]), names, n=1, cutoff=0.5)
    inside = f"'{spell(key[:-1])}'" if key[:-1] else "a recipe"
    return RecipeError(
        "recipe-unknown-key",
        f"There is no key '{key[-1]}' in {inside}.",
        where=text.where(key),
        help=f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(names)}.",
    )


def _real_key(location: tuple[str | int, ...], text: Text) -> Key:
    # pydantic adds the branch of a union to the location; such steps are not keys of the recipe.
    at: Any = text.values
    key: list[str | int] = []
    for index, step in enumerate(location):
        if isinstance(at, dict) and isinstance(step, str) and (step in at or index == len(location) - 1):
            at = at.get(step)
        elif isinstance(at, tuple) and isinstance(step, int) and step < len(at):
            at = at[step]
        else:
            continue
        key.append(step)
    return tuple(key)


def _allowed(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return str(context["expected"])
    for name, words in _BOUNDS.items():
        if name in context:
            return f"{words} {context[name]:g}"
    if kind in ("too_short", "string_too_short"):
        return "at least one"
    return _KINDS.get(kind, "" if kind == "value_error" else error["msg"].lower())


def _nearby(error: Any) -> str:
    if error["type"] != "literal_error" or not isinstance(error["input"], str):
        return ""
    words = [word.strip().strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
    close = get_close_matches(error["input"], words, n=1, cutoff=0.5)
    return f"Did you mean '{close[0]}'?" if close else ""


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a set of keys"
    if isinstance(value, tuple):
        return "a list" if value else "an empty list"
    if value is None:
        return "empty"
    text = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _about(key: Key, model: type[BaseModel]) -> str:
    if not key:
        return ""
    names = [step for step in key if isinstance(step, str)]
    owner = _model_at(tuple(names[:-1]), model)
    for name, info in (owner.model_fields if owner else {}).items():
        if names and (info.alias or name) == names[-1]:
            return info.description or ""
    return ""


def _model_at(key: Key, model: type[BaseModel]) -> type[BaseModel] | None:
    """The model that stands at a key: list positions and column names are passed over."""
    at: type[BaseModel] | None = model
    free = False  # the next step is a name that the user chose (a column), not a key
    for step in key:
        if isinstance(step, int) or free:
            free = False
            continue
        kind = (
            next((info.annotation for name, info in at.model_fields.items() if (info.alias or name) == step), None)
            if at
            else None
        )
        free = get_origin(kind) is dict
        at = _first_model(kind)
    return at


def _first_model(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, UnionType, tuple, dict):
        return next((found for inner in get_args(kind) if (found := _first_model(inner))), None)
    return None
