"""Writes recipes: a first one from a profile, with comments, and the one that a call amounts to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from complement.core.schema import Column, Schema
from complement.recipe.shape import Recipe
from complement.source.profile import Guess, Profile

SURE = 0.9  # below it a guess is written out, so that somebody looks at it
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")  # keys that need no quotes: they are text whatever they look like
SHOWN = 300  # columns that a person would still look through


def first_recipe(profile: Profile, *, real: str, target: str, notes: tuple[str, ...] = ()) -> str:
    """The text of a commented recipe for data that were just profiled. It loads as it stands."""
    lines = [
        "# A recipe: what complement run does, said completely. Every key: docs/recipe.md, or: complement schema",
        *(f"# {note}" for note in notes),
        "complement: 1",
        f"real: {quoted(real)}",
        "# sealed: later.csv          # real records that nobody learnt from; otherwise some of the above are set aside",
        "",
        "schema:                      # what profiling found: check and correct it; `role: ignore` leaves a column out",
        *_columns(profile.schema, profile.guesses, target),
        "",
        "purpose:",
        f"  target: {quoted(target)}",
        "  learners: [lightgbm]       # the models that you ship",
        "  # metric: auroc            # by task, when left out",
        "  # positive: yes            # the class that a binary score speaks of; 1, true, yes or the rarer one",
        "  # margin: 0.005            # the smallest change that matters to you",
        "  # primary: {name: rare, where: CONDITION}    # judge there; the whole becomes a guard",
        "",
        "split:",
        f"  {_role(profile, 'unit')}",
        f"  {_role(profile, 'time')}",
        "  folds: 5",
        "",
        "generate:",
        "  generator: trees",
        "  requests:",
        "    - {name: all, times: 1}  # as many as there are real records; add `where: CONDITION` to fill a gap",
        "",
        "prove:",
        "  seeds: 5",
        "  # prices: {real: 40, synthetic: 0.01}         # the verdict then speaks of money",
        "",
        "gates:                       # complement run exits with 1 when they do not hold",
        "  verdict: []                # such as [HELPS, NO DIFFERENCE]",
        "",
        "seed: 0",
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def recipe_text(recipe: Recipe) -> str:
    """The recipe as YAML with every key that differs from its default. It loads to an equal recipe."""
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return "\n".join(_block(values, 0)) + "\n"


def quoted(value: object) -> str:
    """A value as YAML reads it back: JSON is YAML, and text in double quotes is never taken for anything else."""
    text = json.dumps(value, ensure_ascii=False)
    # YAML refuses signs that cannot be printed, and knows no surrogate pairs: JSON's own escapes would not do.
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in text)


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else quoted(key)


def _columns(schema: Schema, guesses: tuple[Guess, ...], target: str) -> Iterator[str]:
    if not schema.columns:
        yield "  {}"
    for column in schema.columns[:SHOWN]:
        found = [guess for guess in guesses if guess.column == column.name]
        doubtful = [guess for guess in found if guess.sure < SURE and guess.what in ("kind", "role")]
        why = "; ".join(f"{guess.what} {guess.value}: {guess.because} ({guess.sure:.0%} sure)" for guess in doubtful)
        role = "" if column.name == target or column.role in ("feature", "target") else f", role: {column.role}"
        line = f"  {_name(column.name)}: {{kind: {column.kind}{role}}}"
        comment = why or _seen(column)
        yield f"{line:<45} # {_one_line(comment)}" if comment else line
    if len(schema.columns) > SHOWN:
        yield f"  # and {len(schema.columns) - SHOWN} more columns, as found"


def _seen(column: Column) -> str:
    limits = column.constraints
    if limits.values is not None:
        shown = ", ".join(limits.values[:6]) + (", ..." if len(limits.values) > 6 else "")
        return f"{len(limits.values)} value{'s' if len(limits.values) != 1 else ''}: {shown}"
    if limits.low is not None and limits.high is not None:
        return f"{_short(limits.low)} to {_short(limits.high)}"
    return ""


def _short(value: float) -> str:
    short = f"{value:g}"
    return f"{value:.0f}" if "e+" in short and abs(value) < 1e15 else short


def _one_line(text: str) -> str:
    # A comment ends where the line ends: what stands in the data must not begin a new one.
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= 120 else plain[:117] + "..."


def _role(profile: Profile, role: str) -> str:
    found = [column.name for column in profile.schema.columns if column.role == role]
    if found:
        return f"{role}: {quoted(found[0])}"
    doubtful = [guess.column for guess in profile.guesses if guess.value == "identifier" and guess.sure < SURE]
    unit = f"unit: {_name(doubtful[0]) if doubtful else 'patient_id'}"
    why = {
        "unit": f"# {unit:<24} # the column that a split must never cut: a patient, an account",
        "time": "# time: date               # judge on what came later",
    }
    return why[role]


def _block(values: Mapping[str, Any], depth: int) -> Iterator[str]:
    space = "  " * depth
    for key, value in values.items():
        name = _name(key)
        if isinstance(value, dict) and value and depth < 2:
            yield f"{space}{name}:"
            yield from _block(value, depth + 1)
        else:
            yield f"{space}{name}: {quoted(value)}"
