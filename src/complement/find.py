"""Find gaps: what `complement.gaps` and `complement gaps` do with a file, a frame or a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import pyarrow as pa

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.gap import Gaps
from complement.core.schema import Schema
from complement.gap.thin import find_thin, merged
from complement.gap.weak import Task, find_weak
from complement.prepare import Inputs, Source, learners_of, owners, partition_of, read_like, read_source, sealed_share
from complement.recipe import IN_MEMORY, Recipe
from complement.source.ledger import Ledger

MOST = 5
ONE_FILE = (
    "Looked at one file alone: a kind of record that it lacks altogether cannot be seen. "
    "Name what the model will meet as expected."
)


class GapOptions(TypedDict, total=False):
    """What `complement.gaps` takes besides the data."""

    target: str | None  # needed unless a recipe is given
    learner: str | None
    metric: str | None
    unit: str | None  # the column that says whose record it is
    ignore: str | Sequence[str] | None  # columns that neither learner nor conditions see
    expected: object  # a file or frame of what the model will meet, without target
    where: str | Sequence[str] | None  # slices of your own, to be measured too
    most: int | None  # gaps that are reported, besides your own
    seed: int | None


@dataclass(frozen=True)
class Lesson:
    """What gaps are looked for in: records to learn from (never sealed ones), their units, and the task."""

    records: Dataset
    unit: np.ndarray
    task: Task
    seed: int


def find(real: object, **options: Unpack[GapOptions]) -> Gaps:
    """The slices where the learner is weak or records are few, named as conditions, the most evident first.

    `real`: a path, anything that speaks Arrow, or a recipe, whose roles, target, learner and seed then hold; records that it
    seals once are not looked at. With `expected` also the slices of which it has more than `real`. See
    `complement.gap.weak.find_weak` for how chance is kept out, and docs/gaps.md. Raises UsageError without a target, and what
    reading and learning raise.
    """
    lesson = _lesson(real, options)
    named = [Condition.parse(one) for one in _several(options.get("where"))]
    asked = options.get("most")
    most = MOST if asked is None else asked
    if most < 0:
        raise UsageError("usage", f"most={most} is below 0.", help="Give the number of gaps to report.")
    records, unit, seed = lesson.records, lesson.unit, lesson.seed
    weak = find_weak(records, lesson.task, unit=unit, named=named, most=most, seed=seed)
    if options.get("expected") is None:
        return Gaps(weak.found, weak.tested, (*weak.notes, ONE_FILE))
    expected = expected_like(options.get("expected"), records, blind=_several(options.get("ignore")))
    thin = find_thin(records, expected, unit=unit, expected_unit=owners(expected), most=most, seed=seed)
    return merged(weak, thin, most=most)


def _lesson(real: object, options: GapOptions) -> Lesson:
    recipe, inputs = _recipe(real, options)
    source = read_source(recipe, inputs)
    name, learner = next(iter(learners_of(recipe, source).items()))
    asked = options.get("learner")
    if asked and asked != name:
        learner = catalog.learner(asked)
    rows = _learnable(recipe, source)
    metric = catalog.metric(source.purpose.metric, source.purpose)
    records = source.real.take(rows)
    seed = options.get("seed")
    return Lesson(records, owners(records), Task(source.purpose, learner, metric), recipe.seed if seed is None else seed)


def _recipe(real: object, options: GapOptions) -> tuple[Recipe, Inputs]:
    if isinstance(real, Recipe):
        return real, Inputs()
    if isinstance(real, str | Path) and Path(real).suffix.lower() in (".yaml", ".yml"):
        return Recipe.load(real), Inputs()
    if not options.get("target"):
        raise UsageError("usage", "Gaps are where a target is predicted badly; none is named.", help="Name it: --target COLUMN.")
    path = isinstance(real, str | Path)
    purpose: dict[str, Any] = {"target": options.get("target")}
    if options.get("learner"):
        purpose["learners"] = [options.get("learner")]
    if options.get("metric"):
        purpose["metric"] = options.get("metric")
    values: dict[str, Any] = {
        "complement": 1,
        "real": str(real) if path else IN_MEMORY,
        "schema": {name: {"role": "ignore"} for name in _several(options.get("ignore"))},
        "purpose": purpose,
    }
    if options.get("unit"):
        values["split"] = {"unit": options.get("unit")}
    return Recipe.of(values), Inputs(real=None if path else real)


def _learnable(recipe: Recipe, source: Source) -> np.ndarray:
    """Positions of the records that may be looked at: without those that are sealed once and for all."""
    if source.sealed is not None:
        return np.flatnonzero(~source.sealed)
    if recipe.file is None or (recipe.split.time is None and sealed_share(recipe, source) is None):
        return np.arange(source.real.rows)
    found = partition_of(recipe, source, salt=Ledger(recipe.folder).salt())
    return found.train(found.folds - 1)


def expected_like(origin: object, records: Dataset, *, blind: Sequence[str] = ()) -> Dataset:
    """The expected records under the real ones' schema; only features and, where both have it, the unit are read.

    A column that is ignored because the real records have a single value there is a feature here, unless it is in `blind`: where
    a kind of record was removed altogether, the column that tells it apart is such a one.
    """
    single = {
        column.name
        for column in records.schema.columns
        if column.role == "ignore" and column.name not in blind and _is_single(records.column(column.name))
    }
    kept = tuple(
        replace(column, role="feature") if column.name in single else column
        for column in records.schema.columns
        if column.role in ("feature", "unit") or column.name in single
    )
    schema = Schema({records.schema.root: kept})
    return read_like(origin, Dataset.of(records.records.select([column.name for column in kept]), schema))


def _is_single(values: pa.Array) -> bool:
    return values.null_count == 0 and len(values.unique()) == 1


def _several(value: str | Sequence[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
