"""What one column is: its kind, its role and its constraints, each guess with the reason for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.schema import Column, Constraints, Kind, Role
from complement.source.infer import Typed, decimals_of
from complement.source.personal import find_personal

Correction = Mapping[str, object]
FEW_CODES = 12  # a column of whole numbers with so few values is probably a code, not a quantity
MANY_VALUES = 50  # categories beyond this number are rare one by one: learners and generators treat them apart
KEPT_VALUES = 1000  # categories that a schema lists; beyond it they are read from the data
UNIQUE_ROWS = 20  # below this number of rows everything is unique by chance
SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)
ID_NAME = re.compile(
    r"(^|[ _.-])(id|ids|uuid|guid|key|nr|nbr|mrn|ssn|sno|rowid|serial)$|^row[ _.-]?(names?|id)$|^Unnamed", re.IGNORECASE
)
ID_CAMEL = re.compile(r"[a-z](Id|ID|Key|Nr|No|Uuid)$")
# Whose record it is: patients, customers and their numbers. Whole words only: 'humid', 'paid' and 'rapid' end in letters, too.
WHOSE_NUMBER = re.compile(
    r"(^|[ _.-])([peu]id|usubjid|mrn|ssn|nino|(nhs|pat(ient)?|subject|case|medical[ _.-]?record)[ _.-]?(num|number)"
    r"|(nhs|pat(ient)?|pt|subj(ect)?|participant|proband|person|case|client|cust(omer)?|member|acc(oun)?t|policy|emp(loyee)?"
    r"|student|household|hh|owner|user|encounter|hadm|admission|stay|claim|loan|card|chart|medical[ _.-]?record)"
    r"[ _.-]?(id|ident|identifier|no|nr|nbr))$",
    re.IGNORECASE,
)
WHOSE = re.compile(  # a word that may also mean something else: school subjects, the number of claims
    r"^(patient|subject|participant|proband|client|customer|household|person|user)$"
    r"|(^|[ _.-])(customer|client|account|policy|member|employee|student|card|loan|claim|invoice|order)[ _.-]?(num|number)$",
    re.IGNORECASE,
)
NOT_WHOSE = re.compile(
    r"zip|postal|post[ _.-]?code|plz|icd|diag|drug|product|item|sku|date|time|model|version|type", re.IGNORECASE
)
CODE_NAME = re.compile(r"(^|[ _.-])(id|code|cd|type|class|group|cat|category)$|[a-z](Id|ID|Code|Type)$", re.IGNORECASE)
SAME_FORM = 0.95  # share of a column's different values that must have one form, such as AA-999, to be numbers of somebody
TIME_NAME = re.compile(r"year|month|week|day|date|time|hour|minute|second|quarter|step", re.I)


@dataclass(frozen=True)
class Guess:
    """One thing that the profile found: about which column, what, its value, why, and how sure (0 to 1) it is."""

    column: str
    what: str
    value: str
    because: str
    sure: float


def describe(name: str, typed: Typed, correction: Correction) -> tuple[Column, list[Guess]]:
    """The column with its constraints and role, and the guesses that led to it; corrections win."""
    column = typed.column
    guesses = [Guess(name, "kind", typed.kind, typed.because, typed.sure)] if "kind" not in correction else []
    guesses += [
        Guess(name, "missing code", code, f"'{code}' is a usual way to write that a value is not known", 0.9)
        for code in typed.codes
        if "missing" not in correction
    ]
    constraints = Constraints(nullable=column.null_count > 0, missing_codes=_codes(typed, correction))
    if typed.kind in ("number", "integer") and column.null_count < len(column):
        constraints, more = _numeric(name, column, constraints)
        guesses += more if "missing" not in correction else [guess for guess in more if guess.what != "missing code"]
    elif typed.kind == "category":
        constraints, more = _category(name, column, constraints)
        guesses += more
    role, because, sure = _role(name, typed)
    if role != "feature" and "role" not in correction:
        guesses.append(Guess(name, "role", role, because, sure))
    if "role" not in correction and (because := _perhaps_unit(name, typed, role)):
        guesses.append(Guess(name, "unit", "perhaps", because, 0.5))
    if role == "identifier" and sure >= 0.9:
        constraints = replace(constraints, unique=True, values=None)
    return Column(name, typed.kind, cast(Role, correction.get("role", role)), _corrected(constraints, correction)), guesses


def _codes(typed: Typed, correction: Correction) -> tuple[str, ...]:
    if "missing" in correction:
        return tuple(str(code) for code in cast("list[object]", correction["missing"]))
    return typed.codes


def _corrected(constraints: Constraints, correction: Correction) -> Constraints:
    given = {key: correction[key] for key in ("low", "high", "decimals") if key in correction}
    if "values" in correction:
        given["values"] = tuple(str(value) for value in cast("list[object]", correction["values"]))
    return replace(constraints, **given)  # pyright: ignore[reportArgumentType]


def _numeric(name: str, column: pa.Array, constraints: Constraints) -> tuple[Constraints, list[Guess]]:
    values = column.drop_null().to_numpy(zero_copy_only=False)
    decimals, longer = (0, 0) if values.dtype.kind == "i" else decimals_of(values)
    found = replace(constraints, low=float(values.min()), high=float(values.max()), decimals=decimals)
    guesses: list[Guess] = []
    if longer:
        because = f"more digits after the point stand in {longer:,} of {len(values):,} values: slips, and made values are rounded"
        guesses.append(Guess(name, "decimals", str(decimals), because, 0.8))
    distinct = np.unique(values)
    if values.dtype.kind == "i" and FEW_CODES < len(distinct) <= MANY_VALUES and CODE_NAME.search(name):
        because = f"its name says so and it has {len(distinct)} values; kind: category says that they are"
        guesses.append(Guess(name, "codes", f"{distinct[0]} to {distinct[-1]}", because, 0.5))
    if values.dtype.kind == "i" and 2 <= len(distinct) <= FEW_CODES:
        shown = ", ".join(str(value) for value in distinct)
        guesses.append(Guess(name, "codes", shown, "so few whole numbers may be codes; kind: category says that they are", 0.5))
    for code in SENTINELS:
        because = _stands_apart(values, distinct, code)
        if because:
            guesses.append(Guess(name, "missing code", f"{code:.0f}", because + "; it is kept unless the recipe names it", 0.6))
    return found, guesses


def _stands_apart(values: np.ndarray, distinct: np.ndarray, code: float) -> str:
    """Why `code` may mean "not known": it repeats, at an end of the range, far from all other values. "" when not."""
    if len(distinct) <= FEW_CODES or code not in (distinct[0], distinct[-1]):
        return ""
    times = int((values == code).sum())
    if times < max(2, len(values) / 1000):
        return ""
    others = distinct[distinct != code]
    if code < 0:  # the only negative number among counts or amounts
        return f"it stands {times:,} times and is the only negative value" if others[0] >= 0 else ""
    gap = code - others[-1]
    # Twice the spread of the others: a long tail has no such hole.
    return f"it stands {times:,} times, far above the next value {others[-1]:g}" if gap > others[-1] - others[0] else ""


def _category(name: str, column: pa.Array, constraints: Constraints) -> tuple[Constraints, list[Guess]]:
    values = pc.unique(column.drop_null())
    guesses: list[Guess] = []
    if len(values) > MANY_VALUES:
        guesses.append(Guess(name, "many values", f"{len(values):,}", f"it has more than {MANY_VALUES} different values", 1.0))
    if len(values) > KEPT_VALUES:
        return constraints, guesses
    return replace(constraints, values=tuple(str(value) for value in values.to_pylist())), guesses


def _role(name: str, typed: Typed) -> tuple[Role, str, float]:
    """The role, why, and how sure. Everything is a feature until something speaks against it."""
    column, rows = typed.column, len(typed.column)
    if name == "_imputed":  # fill.py writes it: not a fact about the record, and which cells were missing would leak by it
        return "ignore", "it names the cells that complement filled in", 1.0
    present = rows - column.null_count
    if present == 0:
        return "ignore", "every value is missing", 1.0
    if typed.kind in ("other", "image", "text", "number", "boolean"):
        # A measured number is never an identifier, however unique its values are.
        personal = find_personal(name, column) if typed.kind == "text" else None
        if personal:
            return "personal", *personal
        if typed.kind in ("number", "boolean") and present == rows and len(pc.unique(column)) == 1 and rows > 1:
            return "ignore", "it has a single value", 1.0
        return "feature", "", 1.0
    distinct = int(pc.count_distinct(column).as_py())
    if distinct == 1 and present == rows and rows > 1:
        return "ignore", "it has a single value", 1.0
    personal = find_personal(name, column) if typed.kind in ("category", "integer") else None
    if personal:
        return "personal", *personal
    return _identifier(name, typed.kind, column, distinct)


def _identifier(name: str, kind: Kind, column: pa.Array, distinct: int) -> tuple[Role, str, float]:
    rows = len(column)
    whose = WHOSE_NUMBER.search(name) is not None
    named = whose or any(pattern.search(name) for pattern in (ID_NAME, ID_CAMEL, WHOSE))
    unique = distinct == rows and column.null_count == 0
    if kind == "integer" and unique and rows >= 3 and not TIME_NAME.search(name):
        values = column.to_numpy(zero_copy_only=False)
        if bool((np.diff(values) == 1).all()) and (named or (rows >= UNIQUE_ROWS and values[0] in (0, 1))):
            return "identifier", "it counts the rows", 0.99
    if rows < UNIQUE_ROWS or kind not in ("integer", "category"):
        return "feature", "", 1.0
    if unique and (named or kind == "category"):
        return "identifier", "no value stands twice" + (" and its name says so" if named else ""), 0.95 if named else 0.9
    # A patient may come forty times: where the name speaks of somebody's number, few different values are enough.
    if (named and distinct > max(MANY_VALUES, rows / 20)) or (whose and distinct > FEW_CODES):
        because = f"its name says so; {distinct:,} different values in {rows:,} rows: perhaps the unit, see split"
        return "identifier", because, 0.7
    return "feature", "", 1.0


def _perhaps_unit(name: str, typed: Typed, role: str) -> str:
    """Why the values may say whose record it is, where no name says so: numbers of one form, many of them, that repeat."""
    column, rows = typed.column, len(typed.column) - typed.column.null_count
    if role != "feature" or typed.kind != "category" or rows < UNIQUE_ROWS or NOT_WHOSE.search(name):
        return ""
    values = pc.unique(column.drop_null())
    if not max(MANY_VALUES, rows / 20) < len(values) < rows:
        return ""
    # AB-1234 and CD-0077 are both AA-9999: letters and digits, each as many, at the same places.
    forms = pc.replace_substring_regex(pc.replace_substring_regex(values, r"\p{L}", "A"), r"\d", "9")
    most = max(pc.value_counts(forms).to_pylist(), key=lambda one: one["counts"])
    if most["counts"] < SAME_FORM * len(values) or str(most["values"]).count("9") < 3:
        return ""
    return f"its {len(values):,} different values all look like {most['values']} and repeat in {rows:,} rows; see split"
