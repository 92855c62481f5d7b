"""The first step: look at data, and write a recipe that says what was seen."""

from __future__ import annotations

from pathlib import Path

from complement.core.errors import StorageError, UsageError
from complement.prepare import read_source
from complement.recipe import Recipe
from complement.recipe.write import first_recipe
from complement.source.profile import survey
from complement.source.read import read_tables


def init(data: str, *, target: str, out: Path, replace: bool = False) -> Path:
    """Profile the data and write a commented recipe that loads as it stands; the path of the recipe.

    Raises what reading raises, UsageError when `out` is there and is not to be replaced, and SchemaError or ProveError
    when the target cannot be predicted: a recipe that cannot run is not written.
    """
    if out.exists() and not replace:
        raise UsageError("usage", f"'{out}' is there already.", help="Choose another --out, or replace it with --force.")
    found, _ = survey(read_tables(data))
    text = first_recipe(found, real=_beside(data, out), target=target)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.new")
        partial.write_text(text, encoding="utf-8")
        try:
            read_source(Recipe.load(partial))
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as cause:
        if isinstance(cause, StorageError):
            raise
        raise StorageError("disk", f"The recipe cannot be written: {cause.strerror}.", where=str(out)) from cause
    return out


def _beside(data: str, out: Path) -> str:
    """The path of the data as seen from the recipe; whole where they stand apart, so that both can be found."""
    file, colons, table = data.partition("::")
    path, folder = Path(file).resolve(), out.resolve().parent
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    return f"{shown}{colons}{table}"
