"""Profile: what the columns of real data are, as guesses that a recipe can correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import pyarrow as pa

from complement.core.errors import RecipeError, SchemaError
from complement.core.schema import KINDS, RECORDS, ROLES, Column, Kind, Schema, nearest
from complement.source.columns import Correction, Guess, describe
from complement.source.delimited import UNTYPED, check_width
from complement.source.infer import Typed, as_kind, infer, usual_codes
from complement.source.keys import find_keys, find_root

__all__ = ["Guess", "Profile", "profile", "survey"]

CORRECTABLE = ("kind", "role", "missing", "low", "high", "decimals", "values")


@dataclass(frozen=True)
class Profile:
    """The schema that was guessed, and every guess with its reason."""

    schema: Schema
    guesses: tuple[Guess, ...]

    def text(self) -> str:
        """The guesses for a person: one line each, column by column, the least sure marked."""
        lines: list[str] = []
        for column in dict.fromkeys(guess.column for guess in self.guesses):
            for guess in (guess for guess in self.guesses if guess.column == column):
                doubt = "" if guess.sure >= 0.9 else f" (guess, {guess.sure:.0%} sure)"
                lines.append(f"{column}: {guess.what} {guess.value}, because {guess.because}{doubt}")
        lines.append(f"Correct a guess in the recipe under schema: NAME: {{{', '.join(CORRECTABLE)}}}")
        return "\n".join(lines)


def profile(
    tables: pa.Table | Mapping[str, pa.Table], *, corrections: Mapping[str, Mapping[str, object]] | None = None
) -> Profile:
    """What each column is: kind, role, missing codes, range, decimals, allowed values, with a reason for each guess.

    `corrections` by column name (`table.column` for other tables than the root) win over guesses; their keys are kind,
    role, missing, low, high, decimals, values. Raises SourceError for tables that cannot be used, RecipeError or
    SchemaError for corrections that cannot be meant.
    """
    return survey(tables, corrections=corrections)[0]


def survey(
    tables: pa.Table | Mapping[str, pa.Table], *, corrections: Mapping[str, Mapping[str, object]] | None = None
) -> tuple[Profile, dict[str, pa.Table]]:
    """The profile, and the tables in the Arrow types of their kinds with missing codes as nulls."""
    tables = {RECORDS: tables} if isinstance(tables, pa.Table) else dict(tables)
    corrections = dict(corrections or {})
    _check(corrections, tables)
    schemas: dict[str, tuple[Column, ...]] = {}
    typed: dict[str, pa.Table] = {}
    guesses: list[Guess] = []
    several = len(tables) > 1
    for name in list(tables):
        check_width(tables[name].column_names, f"table '{name}'")
        # Handed over, not lent: where nobody else holds the source's columns, each is let go once it is typed.
        schemas[name], typed[name], found = _table(name, tables.pop(name), corrections)
        label = f"{name}." if several else ""
        guesses += [replace(guess, column=label + guess.column) for guess in found]
    keys = find_keys(typed) if len(typed) > 1 else ()
    root = find_root(typed, keys)
    guesses += [
        Guess(f"{key.child}.{key.column}", "key", f"{key.parent}.{key.parent_column}", "every value of it stands there once", 0.8)
        for key in keys
    ]
    return Profile(Schema(schemas, keys, root), tuple(guesses)), typed


def _table(name: str, table: pa.Table, corrections: Mapping[str, Correction]) -> tuple[tuple[Column, ...], pa.Table, list[Guess]]:
    untyped = UNTYPED.items() <= (table.schema.metadata or {}).items()
    columns: list[Column] = []
    arrays: list[pa.Array] = []
    guesses: list[Guess] = []
    left = dict(zip(table.column_names, table.columns, strict=True))
    del table
    for label in list(left):
        correction = corrections.get(f"{name}.{label}", corrections.get(label, {}))
        typed = _typed(label, left.pop(label), correction, untyped=untyped)
        column, found = describe(label, typed, correction)
        columns.append(column)
        arrays.append(typed.column)
        guesses += found
    return tuple(columns), pa.table(arrays, names=[column.name for column in columns]), guesses


def _typed(name: str, column: pa.ChunkedArray, correction: Correction, *, untyped: bool) -> Typed:
    missing = correction.get("missing")
    codes = None if missing is None else tuple(str(code) for code in cast("list[object]", missing))
    if "kind" not in correction:
        return infer(name, column, untyped=untyped, codes=codes)
    kind = cast(Kind, correction["kind"])
    if codes is None:
        codes = usual_codes(column)
    return Typed(as_kind(name, column, kind, codes=codes), kind, codes, "the recipe says so")


def _check(corrections: Mapping[str, Correction], tables: Mapping[str, pa.Table]) -> None:
    allowed = [column for table in tables.values() for column in table.column_names]
    allowed += [f"{name}.{column}" for name, table in tables.items() for column in table.column_names]
    for name, correction in corrections.items():
        if name not in allowed:
            raise SchemaError("schema-column", f"There is no column '{name}' to correct.", help=nearest(name, allowed))
        for key, value in correction.items():
            if key not in CORRECTABLE:
                raise RecipeError(
                    "recipe-unknown-key",
                    f"A column has no '{key}'.",
                    where=f"schema: {name}",
                    help=nearest(key, list(CORRECTABLE)),
                )
            _check_value(name, key, value)


def _check_value(name: str, key: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "kind": value in KINDS,
        "role": value in ROLES,
        "missing": isinstance(value, list | tuple),
        "values": isinstance(value, list | tuple),
        "low": value is None or number,
        "high": value is None or number,
        "decimals": value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 15),
    }[key]
    if fits:
        return
    said = {"kind": f"one of {', '.join(KINDS)}", "role": f"one of {', '.join(ROLES)}", "decimals": "a whole number from 0 to 15"}
    wanted = said.get(key, "a list" if key in ("missing", "values") else "a number")
    raise RecipeError("recipe-value", f"{key}: {value!r} is not {wanted}.", where=f"schema: {name}: {key}")
