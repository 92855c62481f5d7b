"""The first step: look at data, and write a recipe that says what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from complement.core.errors import StorageError
from complement.deliver import refuse_overwrite
from complement.prepare import read_source
from complement.recipe import Recipe
from complement.recipe.write import first_recipe, possible_units
from complement.source.hints import foretelling
from complement.source.profile import survey
from complement.source.read import read_tables

DOUBT = "known only after the outcome? Then role: ignore"


@dataclass(frozen=True)
class Begun:
    """The recipe that was written, the columns that may say whose record it is (the unit, which a split must never cut), and
    those that alone foretell the target, perhaps because they are known only after it."""

    recipe: Path
    units: tuple[str, ...]
    known_after: tuple[str, ...] = ()


def init(data: str, *, target: str, out: Path, replace: bool = False) -> Begun:
    """Profile the data and write a commented recipe that loads as it stands.

    Raises what reading raises, UsageError when `out` is the data, or is there and is not to be replaced, and SchemaError or
    ProveError when the target cannot be predicted: a recipe that cannot run is not written.
    """
    refuse_overwrite([out], reads=[data], replace=replace)
    found, typed = survey(read_tables(data))
    real, records = _beside(data, out), typed[found.schema.root]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.new")
        partial.write_text(first_recipe(found, real=real, target=target), encoding="utf-8")
        try:
            source = read_source(Recipe.load(partial))
            everybody = {"rows": np.arange(source.real.rows), "unit": source.real.units()}
            doubtful = tuple(foretelling(source.real, source.purpose, **everybody))
            notes = tuple(f"'{name}' alone foretells '{target}' nearly perfectly: {DOUBT}" for name in doubtful)
            task = source.purpose.task
            text = first_recipe(found, real=real, target=target, notes=notes, records=records, task=task)
            partial.write_text(text, encoding="utf-8")
            Recipe.load(partial)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as cause:
        if isinstance(cause, StorageError):
            raise
        raise StorageError("disk", f"The recipe cannot be written: {cause.strerror}.", where=str(out)) from cause
    return Begun(out, tuple(name for name in possible_units(found) if name != target), doubtful)


def _beside(data: str, out: Path) -> str:
    """The path of the data as seen from the recipe; whole where they stand apart, so that both can be found."""
    file, colons, table = data.partition("::")
    path, folder = Path(file).resolve(), out.resolve().parent
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    return f"{shown}{colons}{table}"
