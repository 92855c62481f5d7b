"""Prepare a run: read what the recipe names, and build what the trial needs. Whoever generates or judges begins here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from complement import catalog
from complement.core.condition import Condition
from complement.core.contracts import Context, Learner
from complement.core.dataset import Dataset
from complement.core.errors import ProveError, RecipeError, RequestError, SchemaError, UsageError
from complement.core.partition import Partition
from complement.core.purpose import Purpose, Slice
from complement.core.schema import Role, Schema, nearest
from complement.core.score import Score
from complement.core.values import absent, as_numbers, as_text
from complement.engine.plan import table_hash
from complement.measure.privacy import attacked, gate
from complement.models.table_learner import TASKS, check_task
from complement.prove.design import draws_across_time
from complement.prove.plan import Plan
from complement.prove.pool import Ask
from complement.recipe import IN_MEMORY, Named, Recipe, SliceNote
from complement.recipe.ruled import ruled
from complement.runfolder import file_hash
from complement.source.bounds import refuse_bounds
from complement.source.hints import empty_columns, known_after
from complement.source.origin import known_origin, refuse_made
from complement.source.profile import survey
from complement.source.read import read, read_tables
from complement.source.split import partition, repeating_identifiers, units
from complement.source.target import check_delivered, check_sealed, check_target, drop_missing_target, find_target_copies

SEALED_SHARE = 0.2  # of the units, where a single sealed set is large enough
LARGE_RECORDS, LARGE_RARE = 50_000, 1_000  # what "large enough" is: all records, and sealed ones of the rarest class
ROW_ORDER = "(rows)"  # in place of a column of time: the rows of the file stand in the order of time
UNSEEN = ("identifier", "personal", "ignore", "unit", "time", "weight")  # roles that no model learns from
METRICS = {"binary": "auroc", "multiclass": "macro_f1", "regression": "rmse"}


@dataclass(frozen=True, repr=False)
class Inputs:
    """Tables given by a call instead of paths in the recipe; None: the recipe's path."""

    real: object = None
    sealed: object = None
    synthetic: object = None


@dataclass(frozen=True, repr=False)
class Source:
    """Real data as read: every record, the sealed file's last; `sealed` marks those, None without such a file."""

    real: Dataset
    purpose: Purpose
    sealed: np.ndarray | None
    hashes: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_source(recipe: Recipe, inputs: Inputs = Inputs()) -> Source:
    """Read real data and find its purpose: roles, target, classes, slices.

    Records without a target are left out, with a note. Raises SourceError, SchemaError, ProveError "target-copy" when a
    feature repeats the target, RecipeError when a name of the recipe is not in the data.
    """
    hashes: dict[str, str] = {}
    real, broken = ruled(_with_roles(_read_real(recipe, inputs, hashes), recipe), recipe)
    refuse_bounds(real)
    sealed: np.ndarray | None = None
    if recipe.sealed is not None:
        origin = inputs.sealed if inputs.sealed is not None else recipe.place(recipe.sealed)
        later = refuse_made(read_like(origin, real), "sealed records")
        check_sealed(later, real, recipe.purpose.target, task=recipe.purpose.task)
        hashes["sealed"] = hash_of(recipe.sealed, origin, later)
        sealed = np.r_[np.zeros(real.rows, bool), np.ones(later.rows, bool)]
        real = real.concat(later)
    check_target(real, recipe.purpose.target, task=recipe.purpose.task)
    real, sealed, dropped = _without_missing_target(real, sealed, recipe.purpose.target)
    _refuse_copies(real, recipe.purpose.target)
    purpose, notes = purpose_of(recipe, real)
    return Source(real, purpose, sealed, hashes, (*broken, *dropped, *empty_columns(real), *notes))


def read_records(origin: object, target: str | None = None) -> Dataset:
    """Real records without a recipe, with a target if one is named."""
    real = read(origin)
    if target is None:
        return real
    check_target(real, target)
    return real.with_schema(real.schema.with_target(target))


def read_like(origin: object, real: Dataset) -> Dataset:
    """Records of the same schema. What no model sees (identifiers, names, ignored columns) may be absent: it is then null."""
    schema = real.schema
    tables = read_tables(origin, name=schema.root)
    there = tables[schema.root].column_names if schema.root in tables else schema.names()
    absent_names = {c.name for c in schema.columns if c.name not in there and c.role in UNSEEN}
    if not absent_names:
        return _weighted(read(tables, schema=schema))
    kept = tuple(column for column in schema.columns if column.name not in absent_names)
    found = read(tables, schema=replace(schema, tables={**schema.tables, schema.root: kept}))
    nulls = {name: pa.nulls(found.rows, real.column(name).type) for name in absent_names}
    whole = pa.table({name: nulls[name] if name in nulls else found.column(name) for name in schema.names()})
    return _weighted(Dataset.of({**found.tables, schema.root: whole}, schema, lineage=found.lineage))


def read_synthetic(recipe: Recipe, source: Source, inputs: Inputs = Inputs()) -> tuple[Dataset, str]:
    """The delivered file, read by the real data's schema, and its hash."""
    if recipe.synthetic is None:
        raise RecipeError("recipe-value", "The recipe names no `synthetic` file.")
    origin = inputs.synthetic if inputs.synthetic is not None else recipe.place(recipe.synthetic)
    made = read_like(origin, source.real)
    check_delivered(made, source.purpose)
    made, _, _ = _without_missing_target(made, None, source.purpose.target)
    return _as_synthetic(made), hash_of(recipe.synthetic, origin, made)


def purpose_of(recipe: Recipe, real: Dataset) -> tuple[Purpose, tuple[str, ...]]:
    """The recipe's purpose, completed by what the target's values say, and notes on how. No target may be missing."""
    note = recipe.purpose
    task, classes, notes = check_target(real, note.target, task=note.task)
    if note.positive is not None:
        classes, notes = _positive_last(classes, note.positive, task), ()
    values = as_numbers(real.column(note.target)) if task == "regression" else np.zeros(1)
    purpose = Purpose(
        target=note.target,
        task=task,
        classes=classes,
        metric=note.metric or METRICS[task],
        guard_metrics=note.guards or (),
        learners=tuple(one.name for one in note.learners),
        margin=note.margin,
        primary=_slice(note.primary) if note.primary else None,
        slices=tuple(_slice(one) for one in note.slices),
        min_precision=note.min_precision,
        target_sd=float(np.std(values)) or 1.0,
    )
    for name in (purpose.metric, *purpose.guard_metrics):
        fits = catalog.metric(name, purpose).tasks
        if task not in fits:
            met = f"The metric '{name}' does not fit a {task} task."
            raise ProveError("prove-metric", met, help=f"It fits: {', '.join(fits)}. Name another, or the `task`.")
    for part in (*purpose.slices, *([purpose.primary] if purpose.primary else [])):
        inside = part.where.mask(real.records)  # names a column that is not there, or compares it with what it never holds
        if part is purpose.primary and not inside.any():
            raise RequestError("request-impossible", f"No real record is in the primary slice '{part.name}': {part.where}.")
    return purpose, notes


def partition_of(recipe: Recipe, source: Source, *, salt: str) -> Partition:
    """Which records are judged on, by the recipe's rule (see `sealed_share` for `auto`), and what puts that in doubt."""
    unit, time = _column_for("unit", recipe.split.unit, source.real.schema), recipe.split.time
    if source.sealed is not None:
        if time is not None:
            raise RecipeError("recipe-value", "Give a `sealed` file or `split.time`, not both.", where="split.time")
        found = partition(source.real, source.purpose, salt=salt, unit=unit, sealed=source.sealed)
    else:
        share = None if time is not None else sealed_share(recipe, source)
        order = True if time == ROW_ORDER else time
        folds = recipe.split.folds
        found = partition(source.real, source.purpose, salt=salt, unit=unit, time=order, folds=folds, sealed=share)
    rows = np.arange(found.rows) if found.folds > 1 and found.kind == "units" else found.train(found.folds - 1)
    cautions = known_after(source.real, source.purpose, rows=rows, unit=found.unit)
    return replace(found, cautions=cautions if unit is not None else (*repeating_identifiers(source.real), *cautions))


def owners(records: Dataset) -> np.ndarray:
    """The number of each record's unit, shape (rows,), as a split sees it: equal names of the unit, and (near) copies."""
    column = next(iter(records.schema.with_role("unit")), None)
    return units(records, unit=None if column is None else column.name).of


def sealed_share(recipe: Recipe, source: Source) -> float | None:
    """The share of units to seal once; None: cross-fit, every unit sealed once.

    `auto` seals once only where that leaves enough to judge on: 50,000 records, and 1,000 sealed ones of the
    rarest class or of the primary slice.
    """
    rule = recipe.split.sealed
    if rule != "auto":
        return None if rule == "cross-fit" else float(rule)
    real, purpose = source.real, source.purpose
    inside = purpose.primary.where.mask(real.records) if purpose.primary else np.ones(real.rows, bool)
    if purpose.task == "regression":
        rarest = int(inside.sum())
    else:
        labels = as_text(real.column(purpose.target))[inside]
        rarest = min(int((labels == name).sum()) for name in purpose.classes)
    return SEALED_SHARE if real.rows >= LARGE_RECORDS and rarest * SEALED_SHARE >= LARGE_RARE else None


def asks_of(recipe: Recipe, source: Source) -> tuple[Ask, ...]:
    """The recipe's requests, each with a condition that fits the columns."""
    asks: list[Ask] = []
    for request in recipe.generate.requests:
        where = Condition.parse(request.where) if request.where is not None else None
        if where is not None:
            where.mask(source.real.records.slice(0, 1))
        asks.append(Ask(where, request.rows, request.times, request.name))
    return tuple(asks)


def learners_of(recipe: Recipe, source: Source) -> dict[str, Learner]:
    """The learners by name, not fitted. Raises ProveError "prove-learner" when one does not fit the task, and SchemaError when
    no column is left to learn from."""
    purpose = source.purpose
    if not source.real.schema.features():
        met = f"No column is left to predict '{purpose.target}' from: each has another role, such as identifier or ignore."
        raise SchemaError(
            "schema-role", met, help="Give a column the role feature in the recipe: schema: {COLUMN: {role: feature}}."
        )
    learners = {one.name: _learner(one) for one in recipe.purpose.learners}
    for name, learner in learners.items():
        check_task(name, getattr(learner, "tasks", TASKS), purpose.task)
    return learners


def plan_of(recipe: Recipe) -> Plan:
    """What the trial fixes before it computes. Raises UsageError when the question does not fit what is given."""
    note, question = recipe.prove, recipe.question
    if recipe.synthetic is not None and question in ("in-hand", "recipe"):
        raise UsageError(
            "prove-question",
            f"The question '{question}' refits the generator in every fold; a delivered file cannot be refitted.",
            help="Ask 'artifact' or 'substitute', or name the generator instead of its file.",
        )
    if recipe.synthetic is None and question == "artifact":
        raise UsageError(
            "prove-question", "The question 'artifact' is about a delivered file, and none is given.", help="Give SYNTHETIC."
        )
    if question == "recipe" and recipe.split.time is not None:
        raise draws_across_time(where="split.time")
    weights = (1.0,) if question == "substitute" and "weights" not in note.model_fields_set else note.weights
    return Plan(
        question=question,
        seeds=note.seeds,
        seed=recipe.seed,
        weights=weights,
        curve=note.curve,
        draws=note.draws,
        draw_rows=note.draw_rows,
        real_price=note.prices.real,
        synthetic_price=note.prices.synthetic,
    )


def content_hash(records: Dataset) -> str:
    """The sha256 of every table's names, types and values, whatever file or frame they came from."""
    if len(records.tables) == 1:
        return table_hash(records.records)
    parts = "".join(f"{name} {table_hash(table)}\n" for name, table in sorted(records.tables.items()))
    return sha256(parts.encode()).hexdigest()


def privacy_gate(made: Dataset, members: Dataset, others: Dataset) -> tuple[bool | None, str, list[Score]]:
    """The gate of a substitute: copies, names and attacks by distance and density, non-members unseen; None: not shown."""
    scores = attacked(made, Context(members, others, members.schema))
    passed, why = gate(scores)
    return passed, why, scores


def _read_real(recipe: Recipe, inputs: Inputs, hashes: dict[str, str]) -> Dataset:
    origin = inputs.real if inputs.real is not None else recipe.place(recipe.real)
    corrections = {name: note.model_dump(exclude_unset=True) for name, note in recipe.columns.items()}
    if isinstance(origin, Dataset) and not corrections:
        real = origin
    else:
        found, typed = survey(read_tables(origin), corrections=corrections)
        real = known_origin(Dataset.of(typed, found.schema))
    hashes["real"] = hash_of(recipe.real, origin, real)
    return refuse_made(real)


def _refuse_two_roles(recipe: Recipe) -> None:
    """A column has one role, and target, unit, time and weight have one column each. Raises SchemaError "schema-role"."""
    wanted: list[tuple[str | None, str | None]] = [
        ("target", recipe.purpose.target),
        ("unit", recipe.split.unit),
        ("time", None if recipe.split.time == ROW_ORDER else recipe.split.time),
    ]
    for name, note in recipe.columns.items():
        if not (name == recipe.split.unit and note.role in ("identifier", "personal")):  # what names somebody may be the unit
            wanted.append((note.role, name))
    columns: dict[str, str] = {}
    roles: dict[str, str] = {}
    for role, name in ((role, name) for role, name in wanted if role is not None and name is not None):
        if columns.setdefault(name, role) != role:
            raise SchemaError(
                "schema-role", f"The column '{name}' is named as {columns[name]} and as {role}.", help="Name one role."
            )
        if role in ("target", "unit", "time", "weight") and roles.setdefault(role, name) != name:
            met = f"The role {role} is given to '{roles[role]}' and to '{name}'."
            raise SchemaError("schema-role", met, help="One column can have it; make the other a feature, or ignore it.")


def _weighted(real: Dataset) -> Dataset:
    """The records with the weight that a column of role `weight` gives them."""
    found = real.schema.with_role("weight")
    if not found or found[0].name not in real.records.column_names or real.column(found[0].name).null_count == real.rows:
        return real
    name = found[0].name
    if not found[0].numeric:
        raise SchemaError("schema-role", f"The weight column '{name}' holds words, not numbers.", help="Give another column.")
    weight = as_numbers(real.column(name))
    wrong = np.flatnonzero(~(weight >= 0))
    if len(wrong):
        met = f"The weight column '{name}' is negative or empty in {len(wrong):,} records, first in record {wrong[0] + 1}."
        raise SchemaError("dataset-shape", met, help="Give every record a weight of 0 or more.")
    return real.weighted(weight)


def _with_roles(real: Dataset, recipe: Recipe) -> Dataset:
    _refuse_two_roles(recipe)
    schema = real.schema
    for role, name in (("unit", recipe.split.unit), ("time", recipe.split.time)):
        if name is not None and name != ROW_ORDER:
            schema = schema.replace_column(replace(schema.column(name), role=cast(Role, role)))
    if recipe.purpose.target not in schema.names():
        found = nearest(recipe.purpose.target, schema.names())
        raise SchemaError("target-missing", f"There is no column '{recipe.purpose.target}' to predict.", help=found)
    return _weighted(real.with_schema(schema.with_target(recipe.purpose.target)))


def _without_missing_target(
    real: Dataset, sealed: np.ndarray | None, target: str
) -> tuple[Dataset, np.ndarray | None, tuple[str, ...]]:
    kept = drop_missing_target(real, target)
    lost = real.rows - kept.rows
    if lost == 0:
        return real, sealed, ()
    if sealed is not None:
        sealed = sealed[~absent(as_text(real.column(target)))]
    return kept, sealed, (f"{lost:,} records have no '{target}'; they are left out.",)


def _refuse_copies(real: Dataset, target: str) -> None:
    copies = find_target_copies(real, target)
    if copies:
        raise ProveError(
            "target-copy",
            f"The column '{copies[0]}' repeats the target '{target}' exactly: any model would look perfect.",
            help=f"Leave it out: --ignore {copies[0]}, or in the recipe schema: {{{copies[0]}: {{role: ignore}}}}.",
        )


def _positive_last(classes: tuple[str, ...], positive: str, task: str) -> tuple[str, ...]:
    if task != "binary":
        raise RecipeError("recipe-value", f"A {task} task has no positive class.", where="purpose.positive")
    if positive not in classes:
        met = f"No record has the target '{positive}'."
        raise RecipeError("recipe-value", met, where="purpose.positive", help=nearest(positive, list(classes)))
    return tuple(sorted(classes, key=lambda name: name == positive))


def _as_synthetic(made: Dataset) -> Dataset:
    from complement.core.lineage import depth_of, of_synthetic

    depth = max(1, depth_of(made.lineage))
    return replace(made, lineage=of_synthetic(made.rows, generator="delivered", request="all", seed=0, depth=depth))


def _slice(note: SliceNote) -> Slice:
    return Slice(note.name, Condition.parse(note.where))


def _column_for(role: Role, named: str | None, schema: Schema) -> str | None:
    if named is not None:
        return named
    found = schema.with_role(role)
    return found[0].name if found else None


def _learner(note: Named) -> Learner:
    return catalog.learner(note.name, **note.settings)


def hash_of(written: str, origin: object, read_as: Dataset) -> str:
    """Of the file, where it is one; else of the records."""
    if written != IN_MEMORY and isinstance(origin, str):
        path = Path(origin.partition("::")[0])
        if path.is_file():
            return file_hash(path)
    return content_hash(read_as)
