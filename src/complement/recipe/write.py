"""Writes recipes: a first one from a profile, with comments, and the one that a call amounts to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from complement.core.schema import Column
from complement.recipe.shape import Recipe
from complement.source.columns import CODE_NAME
from complement.source.profile import Guess, Profile

SURE = 0.9  # below it a guess is written out, so that somebody looks at it
SHARED = 5  # records that must share a category before it is written out: fewer may be known by it
UNMADE = ("text", "image", "other")  # kinds that no generator makes which learns columns
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")  # keys that need no quotes: they are text whatever they look like
SHOWN = 300  # columns that a person would still look through


def first_recipe(
    profile: Profile,
    *,
    real: str,
    target: str,
    notes: tuple[str, ...] = (),
    records: pa.Table | None = None,
    task: str | None = None,
) -> str:
    """The text of a commented recipe for data that were just profiled. It loads as it stands.

    Comments tell of `records` (the root table): how many, the share that is missing, the common values. A value that stands for
    one person is never written out: none of identifiers, units and personal columns, and no category of fewer than 5 records.
    """
    count = "" if records is None else f" in {records.num_rows:,} records"
    lines = [
        "# A recipe: what complement run does, said completely. Every key: docs/recipe.md, or: complement schema",
        *(f"# {_printable(note)}" for note in notes),
        "complement: 1",
        f"real: {quoted(real)}",
        "# sealed: later.csv          # real records that nobody learnt from; otherwise some of the above are set aside",
        "",
        f"schema:                      # what profiling found{count}: check and correct it; `role: ignore` leaves a column out",
        *_columns(profile, target, records),
        "",
        "purpose:",
        f"  target: {quoted(target)}",
        "  learners: [lightgbm]       # the models that you ship",
        *_by_task(task),
        "  # primary: {name: rare, where: CONDITION}    # judge there; the whole becomes a guard",
        "",
        "split:",
        f"  {_role(profile, 'unit')}",
        f"  {_role(profile, 'time')}",
        "  folds: 5",
        "",
        "# gap: {find: 3, rounds: 1}   # look for the parts where the model is weak, and ask for more records there",
        "",
        "generate:",
        "  # trees are fast enough for the 25 fits of a trial, but do not protect anybody's privacy. For records that are passed",
        "  # on, write `generator: forest` (it searches in every fit, which takes long), and measure them with complement audit.",
        "  generator: trees",
        "  requests:",
        "    - {name: all, times: 1}  # as many as there are real records; add `where: CONDITION` to fill a gap",
        "",
        "prove:",
        "  seeds: 5",
        "  # prices: {real: 40, synthetic: 0.01}         # the verdict then speaks of money",
        "",
        "# curate: {steps: [valid, duplicates, copied, outliers]}   # what is asked of every made record",
        "# release: {license: CC-BY-4.0, description: WHAT IT IS}",
        "",
        "# gates:                     # complement run exits with 1 and releases nothing when they do not hold",
        "#   verdict: [HELPS, NO DIFFERENCE]",
        "#   privacy: true            # the privacy gate must pass",
        "",
        "seed: 0",
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def possible_units(profile: Profile) -> list[str]:
    """Columns of the root table that may say whose record it is: named so and repeating, or numbers of one form that repeat."""
    return [
        column.name
        for column in profile.schema.columns
        for guess in _about(profile, column)
        if (guess.value == "identifier" and guess.sure < SURE) or (guess.what, guess.value) == ("unit", "perhaps")
    ]


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


def _columns(profile: Profile, target: str, records: pa.Table | None) -> Iterator[str]:
    columns = profile.schema.columns
    if not columns:
        yield "  {}"
    for column in columns[:SHOWN]:
        found = _about(profile, column)
        role = "feature" if column.name == target or column.role == "target" else column.role
        if role == "feature" and column.kind in UNMADE and column.name != target:
            role, comment = "ignore", f"{column.kind}: cannot be made by a generator that learns columns"
        else:
            whose = role in ("identifier", "personal", "unit") or any(guess.what == "unit" for guess in found)
            comment = "; ".join(filter(None, (_why(found, role), "" if whose else _seen(column, records))))
        line = f"  {_name(column.name)}: {{kind: {column.kind}{'' if role == 'feature' else f', role: {role}'}}}"
        yield f"{line:<45} # {_one_line(comment)}" if comment else line
    if len(columns) > SHOWN:
        yield f"  # and {len(columns) - SHOWN} more columns, as found"


def _about(profile: Profile, column: Column) -> list[Guess]:
    """The guesses about a column of the root table; among several tables it is called by table and name."""
    names = (column.name, f"{profile.schema.root}.{column.name}") if len(profile.schema.tables) > 1 else (column.name,)
    return [guess for guess in profile.guesses if guess.column in names]


def _why(found: list[Guess], role: str) -> str:
    """What a person should look at: why a column has its role, and every guess that is not sure."""
    told: list[str] = []
    for guess in found:
        sure = "" if guess.sure >= SURE else f" ({guess.sure:.0%} sure)"
        if guess.what == "role" and role != "feature":
            told.append(f"{guess.because}{sure}")
        elif guess.what == "kind" and sure:
            told.append(f"kind {guess.value}: {guess.because}{sure}")
        elif guess.what == "unit":
            told.append(f"perhaps the unit: {guess.because}")
        elif guess.what == "decimals":
            told.append(guess.because)
        elif guess.what == "codes" and CODE_NAME.search(guess.column):
            told.append("perhaps codes: then kind: category")
        elif guess.what == "missing code" and sure:
            told.append(f"perhaps 'not known' is written {guess.value}: then missing: [{guess.value}]")
    return "; ".join(told)


def _seen(column: Column, records: pa.Table | None) -> str:
    """The common values or the range, and the share that is missing; no category that stands for one person."""
    if records is None:
        return ""
    values, limits = records.column(column.name), column.constraints
    if values.null_count == len(values):
        return ""
    seen: list[str] = []
    if limits.values is not None:
        counts = {str(one["values"]): one["counts"] for one in pc.value_counts(values.drop_null()).to_pylist()}
        common = sorted((name for name in counts if counts[name] >= SHARED), key=lambda name: -counts[name])
        rare = len(counts) - len(common)
        rest = ", ..." if len(common) > 6 else f" and {rare} rare" if rare else ""
        shown = f": {', '.join(common[:6])}{rest}" if common else f", each in fewer than {SHARED} records"
        seen.append(f"{len(counts)} value{'s' if len(counts) != 1 else ''}{shown}")
    elif limits.low is not None and limits.high is not None:
        seen.append(f"{_short(limits.low)} to {_short(limits.high)}")
    if values.null_count:
        seen.append(f"{max(0.01, values.null_count / len(values)):.0%} missing")
    return ", ".join(seen)


def _by_task(task: str | None) -> Iterator[str]:
    metric = {
        "binary": "# metric: auroc             # or auprc, log_loss, brier ...; auroc, when left out",
        "multiclass": "# metric: macro_f1          # or accuracy, log_loss ...; macro_f1, when left out",
        "regression": "# metric: rmse              # or mae, r2; rmse, when left out",
    }
    yield "  " + metric.get(task or "", "# metric: auroc             # by task, when left out")
    if task in ("binary", None):
        yield "  # positive: yes             # the class that a binary score speaks of; 1, true, yes or the rarer one"
    unit = " in the unit of the target" if task == "regression" else ""
    yield f"  # margin: {'1    ' if unit else '0.005'}             # the smallest change that matters to you{unit}"


def _short(value: float) -> str:
    short = f"{value:g}"
    return f"{value:.0f}" if "e+" in short and abs(value) < 1e15 else short


def _printable(text: str) -> str:
    # A comment ends where the line ends: what stands in the data must not begin a new one.
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _one_line(text: str) -> str:
    plain = _printable(text)
    return plain if len(plain) <= 120 else plain[:117] + "..."


def _role(profile: Profile, role: str) -> str:
    found = [column.name for column in profile.schema.columns if column.role == role]
    if found:
        return f"{role}: {quoted(found[0])}"
    doubtful = possible_units(profile)
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
