"""Assess: measure a synthetic file against real ones, whoever made it. What `complement audit` shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack

import numpy as np
import pyarrow as pa

from complement import catalog
from complement.core.condition import Condition
from complement.core.contracts import Context, Evaluator, Generator
from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, SourceError, SplitError, UsageError
from complement.core.purpose import Purpose
from complement.core.schema import Schema, nearest
from complement.core.score import Score
from complement.core.values import as_text
from complement.measure.diversity.levels import LEAST, Levels
from complement.measure.fidelity import Pairs, Shape
from complement.measure.intervals import share
from complement.measure.privacy import (
    MAX_APART,
    Identities,
    Values,
    compared,
    copied_whole,
    gate,
    given_away,
    named,
    shadow_scores,
)
from complement.models.fingerprint import fingerprints
from complement.prepare import read_like
from complement.source.origin import refuse_made
from complement.source.read import read, read_tables, widen
from complement.source.target import check_target

FIDELITY = ("shape", "pairs", "conditional", "c2st", "detection", "tstr")
DIVERSITY = ("coverage", "levels", "distinct", "vendi")
PRIVACY = (
    *("copies", "near", "identities", "values", "rare", "twins"),
    *("membership", "density", "attributes", "singling", "linking", "dcr"),
)
# Not in the catalog: they have nothing to say of a file without names or nearly unique values, and an evaluator always scores.
COUNTED = {"identities": Identities, "values": Values}
OTHER_PEOPLE = 0.55  # AUC between real and hold-out records; what the privacy gate allows an attack (measure/privacy/gate.py)
# AUC from which on the hold-out has nothing to do with the real records; and per level of a category so many records, fewer of
# which could miss each other's levels by chance.
STRANGERS, PER_LEVEL = 0.95, 10
LUCK = 2  # equal records lie on one side by chance: 49 of 2,259 beside 38 of 4,000 in a fair split of the computers
SHOWN = 6  # columns that a note names
UNSEEN = "Give real records that the maker of the synthetic ones never had."
NO_SHADOW = "Shadow models were not run: fewer than 160 units are too few to part with and without those who stand out."
WITHOUT = (
    "No attack was run: only exact copies and repeated names or identifiers were counted. --holdout, real records that the maker "
    "never had, adds what coincidence gives; the attacks, by distance and by density ratio, on everybody and on those who stand "
    "out; values that only one person has; a classifier that tells synthetic from real (C2ST); and what chance gives to the rest."
)


@dataclass(frozen=True, repr=False)
class Audit:
    """What was measured: scores of fidelity, diversity and privacy, and the privacy gate's answer with its reason.

    `passed` is None when the records do not suffice to tell. `rows`: how many real, synthetic and hold-out records; of `every`
    where only those that meet the condition `where` were looked at. What each score is and what it cannot see: docs/measures.md.
    """

    privacy: tuple[Score, ...]
    passed: bool | None
    why: str
    rows: tuple[int, int, int]
    columns: tuple[str, ...]
    fidelity: tuple[Score, ...] = ()
    diversity: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    where: str | None = None
    every: tuple[int, int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """What `complement audit --json` prints."""
        parts = {"fidelity": self.fidelity, "diversity": self.diversity, "privacy": self.privacy}
        return {
            "schema": 1,
            **{name: [score.as_json() for score in scores] for name, scores in parts.items()},
            "gate": {"passed": self.passed, "why": self.why},
            "rows": dict(zip(("real", "synthetic", "holdout"), self.rows, strict=True)),
            "where": self.where,
            "columns": list(self.columns),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"Audit(passed={self.passed}, {', '.join(f'{score.name}={score.value:.3f}' for score in self.privacy)})"


class AuditOptions(TypedDict, total=False):
    """What `complement.audit` takes besides the two files and their generator; see `assess`."""

    holdout: object
    target: str | None
    unit: str | None
    where: str | None
    seed: int


def assess(real: object, synthetic: object, *, generator: Generator | None = None, **options: Unpack[AuditOptions]) -> Audit:
    """Measure `synthetic` against `real`, the records it was made from.

    Each is a path, or anything that speaks Arrow. `holdout`: real records of the same population that the maker never had;
    without them nothing says what chance gives, and no attack is run. With a `target`, also what a model learns from either
    is compared, and columns within each class. With the `generator` that made them, it is refitted 24 times on a thousand of the
    real records, with and without those that stand out most, and attacked (shadow models). Hold-out records of a unit in `real`
    are left out, with a note. `target` and `unit` name columns; identifiers, names and the unit are not compared. `where`: only
    records that meet this condition are compared, of each file: for records that were made under one.
    Raises SchemaError "schema-mismatch" when a compared column is absent, SourceError "source-type" when it holds other
    things than the real one, SchemaError "target-missing" and "schema-column", SplitError "sealed-overlap" when the
    hold-out holds the real records, and what reading raises.
    """
    target, unit, where = (options.get(name) for name in ("target", "unit", "where"))
    whole, made, unseen = _read(real, synthetic, options.get("holdout"), target=target, unit=unit)
    learnt, notes = whole, list[str]()
    every = (whole.rows, made.rows, 0 if unseen is None else unseen.rows)
    if where is not None:
        condition = _condition(where, whole.schema, generator)
        learnt, made = _under(condition, whole, "real"), _under(condition, made, "synthetic")
        unseen = unseen if unseen is None else _under(condition, unseen, "hold-out")
    if unseen is not None:
        # Who was learnt from is told by the whole file: a person's other records may lie outside the condition.
        unseen, left = _without_seen(whole, unseen)
        notes += left
        _refuse_learnt(whole, unseen)
    purpose, told = _purpose(learnt)
    context = Context(learnt, unseen, learnt.schema, purpose)
    found = measure(made, context, generator=generator, seed=options.get("seed") or 0)
    if where is not None:
        found = replace(found, where=where, every=every)
    return replace(found, notes=(*told, *notes, *found.notes))


def measure(
    made: Dataset, context: Context, *, generator: Generator | None = None, learnt: Dataset | None = None, seed: int = 0
) -> Audit:
    """Measure records that were read already: `context.train` is what they were made from, `context.tune` is unseen, or None.

    The same scores and the same gate as `assess` of files; with `context.purpose` also what a model learns from them, by
    its first learner. With a `generator` also shadow models, of the records `learnt` (None: of `context.train`); they count in
    the gate. The time is bounded by samples but for copies and repeated values, which look at every record:
    of more than some 100,000 give a sample. Raises SchemaError "schema-role" when no column is left to compare.
    """
    columns = compared(context.schema)
    if not columns:
        met = "No column is left to compare: each has another role, such as identifier or unit."
        raise SchemaError("schema-role", met, help="Give files with features, or name no unit.")
    real, unseen = context.train, context.tune
    fidelity, diversity, privacy = (_scores(names, made, context, seed) for names in (FIDELITY, DIVERSITY, PRIVACY))
    lacking: list[str] = []
    if generator is not None:
        shadow = shadow_scores(generator, real if learnt is None else learnt, made, context, seed=seed)
        privacy, lacking = (*privacy, *shadow), [] if shadow else [NO_SHADOW]
    notes = [*lacking, *_of_columns(real.schema), *([WITHOUT] if unseen is None else []), *_of_population(fidelity)]
    notes += [*_of_repeated(made, context), *_of_units(made, context), *_of_worst(made, context, seed)]
    passed, why = gate((*privacy, *fidelity), strangers=_strangers(context, fidelity))
    whole = copied_whole(made, real)
    if whole and passed is not False:
        passed, why = False, whole
    rows = (real.rows, made.rows, 0 if unseen is None else unseen.rows)
    names = tuple(column.name for column in columns)
    return Audit(privacy, passed, why, rows, names, fidelity, diversity, tuple(notes))


def _scores(names: tuple[str, ...], made: Dataset, context: Context, seed: int) -> tuple[Score, ...]:
    return tuple(score for name in names for score in _evaluator(name, context, seed).score(made, context))


def _evaluator(name: str, context: Context, seed: int) -> Evaluator:
    if name in COUNTED:
        return COUNTED[name](seed=seed)
    settings: dict[str, object] = {} if name == "copies" else {"seed": seed}
    if name == "tstr" and context.purpose is not None:
        settings["learner"] = catalog.learner(context.purpose.learners[0])
    return catalog.evaluator(name, **settings)


def _purpose(learnt: Dataset) -> tuple[Purpose | None, list[str]]:
    """What the target is for, or why nothing can be learnt for it: the rest is measured all the same."""
    target = learnt.schema.target
    if target is None:
        return None, []
    try:
        task, classes, _ = check_target(learnt, target.name)
    except SchemaError as error:
        return None, [f"No model was trained: {error.met}"]
    return Purpose(target.name, task, classes), []


def _of_worst(made: Dataset, context: Context, seed: int) -> list[str]:
    """Where the records are farthest off, and which columns have lost values."""
    found = Pairs(seed=seed).worst(made, context)
    notes = [f"The pair of columns farthest off, in samples of {found[2]:,} records: {found[0]} and {found[1]}."] if found else []
    kept = Levels(seed=seed).by_column(made, context)
    lost = {
        name: (one.levels - one.synthetic, one.levels) for name, one in kept.items() if one.synthetic < (one.tune or one.levels)
    }
    shown = ", ".join(f"{name} ({gone} of {of})" for name, (gone, of) in list(lost.items())[:SHOWN])
    rest = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return [*notes, f"Values that {LEAST} real records have and none of the synthetic: {shown}{rest}."] if lost else notes


def _of_population(fidelity: tuple[Score, ...]) -> list[str]:
    base = next((score for score in fidelity if score.name == "c2st_auc_base"), None)
    if base is None or base.low is None or base.low <= OTHER_PEOPLE:
        return []
    met = f"A classifier tells the hold-out from the real records (AUC {base.value:.3f}, at least {base.low:.3f})"
    return [f"{met}: they are not of one population, and the attacks measure that, too."]


def _strangers(context: Context, fidelity: tuple[Score, ...]) -> str:
    """Why the hold-out is of another population than the real records; "" where it is not shown to be."""
    learnt, unseen = context.train, context.tune
    if unseen is None:
        return ""
    unmet = [column.name for column in compared(learnt.schema) if column.kind in ("category", "boolean")]
    unmet = [name for name in unmet if _never_meet(learnt.column(name), unseen.column(name))]
    if unmet:
        shown = ", ".join(f"'{name}'" for name in unmet[:SHOWN])
        return f"no value of {shown} stands in both the real file and the hold-out. Are they spelt otherwise, or other people?"
    base = next((score for score in fidelity if score.name == "c2st_auc_base"), None)
    if base is None or (base.low or 0.0) <= STRANGERS:
        return ""
    apart = Shape().by_column(unseen, Context(learnt, None, learnt.schema))
    far = max(apart, key=lambda name: apart[name][0])
    told = f"a classifier tells the hold-out from the real records nearly always (AUC {base.value:.3f})"
    return f"{told}: it is of another population. The column farthest apart is '{far}'."


def _never_meet(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Whether two columns of categories with many records each have no value in common."""
    sides = [[word for word in as_text(column) if word is not None] for column in (one, other)]
    levels = [set(words) for words in sides]
    enough = all(0 < PER_LEVEL * len(own) <= len(words) for own, words in zip(levels, sides, strict=True))
    return enough and levels[0].isdisjoint(levels[1])


def _of_repeated(made: Dataset, context: Context) -> list[str]:
    """Which columns the gate's two sentences on repeated values speak of."""
    if context.tune is None:
        return []
    told = {
        "Names or identifiers of real people are repeated in": (Identities(), named),
        "Values that only one real person has are repeated in": (Values(), given_away),
    }
    notes: list[str] = []
    for met, (evaluator, fails) in told.items():
        found = [(name, pair[0]) for name, pair in evaluator.by_column(made, context).items() if fails(*pair)]
        shown = ", ".join(f"{name} ({round(score.value * score.n):,} of {score.n:,})" for name, score in found[:SHOWN])
        rest = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        notes += [f"{met}: {shown}{rest}."] if found else []
    return notes


def _of_units(made: Dataset, context: Context) -> list[str]:
    """Which columns have other units or spellings than the real ones."""
    apart = Shape().by_column(made, context) if context.tune is not None else {}
    far = [name for name, distances in apart.items() if distances[0] - distances[-1] > MAX_APART]
    shown = ", ".join(far[:SHOWN]) + (f" and {len(far) - SHOWN} more" if len(far) > SHOWN else "")
    told = f"Other units or spellings than in the real file, badly made, or made for a part of it (generate --where): {shown}."
    return [f"{told} A part is compared with the real records of that part."] if far else []


def _read(
    real: object, synthetic: object, holdout: object, *, target: str | None, unit: str | None
) -> tuple[Dataset, Dataset, Dataset | None]:
    """The three files under one schema: that of the real records, with fractions allowed where another file has them."""
    learnt = refuse_made(read(real))
    schema = _with_roles(learnt.schema, target, unit)
    others = [read_tables(origin, name=schema.root) for origin in (synthetic, holdout) if origin is not None]
    for tables in others:
        if schema.root in tables:
            schema = widen(schema, tables[schema.root])
    learnt = _widened(learnt, schema)
    made, *unseen = (_read_as(tables, learnt, name) for tables, name in zip(others, ("synthetic", "holdout"), strict=False))
    return learnt, made, refuse_made(unseen[0], "hold-out records") if unseen else None


def _condition(where: object, schema: Schema, generator: Generator | None) -> Condition:
    if not isinstance(where, str):
        raise UsageError("usage", f"where={where!r} is no condition.", help='Write it as text: "age > 60".')
    if generator is not None:
        met = "Shadow models are asked for records without a condition, and so cannot attack those made under one."
        raise UsageError("usage", met, help="Leave out the condition or the generator.")
    condition = Condition.parse(where)
    for name in sorted(condition.columns()):
        if schema.column(name).role not in ("feature", "target"):
            met = f"The condition speaks of '{name}', whose role is {schema.column(name).role}: it is not compared."
            raise UsageError("usage", met, help="Ask for a condition on features or the target.")
    return condition


def _under(where: Condition, records: Dataset, name: str) -> Dataset:
    met = np.flatnonzero(where.mask(records.records))
    if not len(met):
        raise UsageError("usage", f"No {name} record meets the condition '{where.text}'.", help="Widen it, or leave it out.")
    return records.take(met)


def _read_as(tables: object, learnt: Dataset, name: str) -> Dataset:
    """Records under the real ones' schema; what does not fit it is said with the name of the file, and against the real one."""
    try:
        return read_like(tables, learnt)
    except (SchemaError, SourceError) as error:
        help = error.help
        if error.code == "source-type":
            help = "The real file has that kind there; bring both to one kind."
        elif error.code == "schema-mismatch":
            meant = f"{help} Otherwise add" if help.startswith("Did you mean") else "Add"
            help = f"{meant} it to the {name} file, or leave it out of the real one."
        raise type(error)(error.code, error.met, where=error.where or f"{name} file", help=help) from error


def _widened(learnt: Dataset, schema: Schema) -> Dataset:
    """The real records with the columns that another file has with fractions as numbers, too."""
    records = learnt.records
    for place, (former, column) in enumerate(zip(learnt.schema, schema, strict=True)):
        if former.kind != column.kind:
            records = records.set_column(place, column.name, records.column(column.name).cast(pa.float64()))
    return replace(learnt, tables={**learnt.tables, schema.root: records}, schema=schema)


def _with_roles(schema: Schema, target: str | None, unit: str | None) -> Schema:
    if target is not None and target not in schema.names():
        raise SchemaError("target-missing", f"There is no column '{target}'.", help=nearest(target, schema.names()))
    if target is not None and target == unit:
        raise SchemaError("schema-role", f"The column '{unit}' is named as target and as unit.", help="Name one role.")
    if unit is not None:
        for former in schema.with_role("unit"):
            schema = schema.replace_column(replace(former, role="identifier"))
        schema = schema.replace_column(replace(schema.column(unit), role="unit"))
    return schema if target is None else schema.with_target(target)


def _without_seen(learnt: Dataset, unseen: Dataset) -> tuple[Dataset, list[str]]:
    """The hold-out records whose unit has no record in the real file, and a note on the others."""
    seen = np.zeros(unseen.rows, bool)
    for column in learnt.schema.with_role("unit"):
        names = as_text(unseen.column(column.name))
        known = {name for name in as_text(learnt.column(column.name)) if name is not None}
        seen = np.fromiter((name in known for name in names), bool, len(names))
    if seen.all():
        met = f"All {unseen.rows:,} hold-out records belong to units of the real file."
        raise SplitError("sealed-overlap", met, help=UNSEEN)
    if not seen.any():
        return unseen, []
    return unseen.take(np.flatnonzero(~seen)), [f"Left out: {int(seen.sum()):,} hold-out records of units in the real file."]


def _refuse_learnt(learnt: Dataset, unseen: Dataset) -> None:
    """Raises SplitError "sealed-overlap" when far more hold-out records equal real ones than real ones equal each other.

    Records that are equal by nature are as frequent among the real ones, so they stay: without them any file would seem to copy.
    """
    names = [column.name for column in compared(learnt.schema)]
    prints = fingerprints(learnt.records, names)
    found = share("", np.isin(fingerprints(unseen.records, names), prints))
    _, place, counts = np.unique(prints, return_inverse=True, return_counts=True)
    by_nature = share("", counts[place] > 1)
    if (found.low or 0.0) > LUCK * (by_nature.high or 0.0):
        met = (
            f"{round(found.value * found.n):,} of {found.n:,} hold-out records also stand in the real file; of the real records "
            f"only {by_nature.value:.1%} equal another one."
        )
        raise SplitError("sealed-overlap", met, help=UNSEEN)


def _of_columns(schema: Schema) -> list[str]:
    own = {column.name for column in compared(schema)}
    rest = [
        f"{column.name} ({column.role if column.role != 'feature' else column.kind})"
        for column in schema
        if column.name not in own
    ]
    shown = ", ".join(rest[:SHOWN]) + (f" and {len(rest) - SHOWN} more" if len(rest) > SHOWN else "")
    notes = [f"Not compared: {shown}."] if rest else []
    return [*notes, f"Of {len(schema.tables)} tables only '{schema.root}' is compared."] if len(schema.tables) > 1 else notes
