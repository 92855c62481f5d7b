"""The recipe: one YAML file that says all of a run, as frozen models. A recipe is a serialised call."""

from __future__ import annotations

from complement.recipe.shape import (
    IN_MEMORY,
    ColumnNote,
    Gates,
    Generating,
    Named,
    Prices,
    Proving,
    PurposeNote,
    Recipe,
    RequestNote,
    SliceNote,
    Splitting,
    recipe_schema,
)

__all__ = [
    "IN_MEMORY",
    "ColumnNote",
    "Gates",
    "Generating",
    "Named",
    "Prices",
    "Proving",
    "PurposeNote",
    "Recipe",
    "RequestNote",
    "SliceNote",
    "Splitting",
    "recipe_schema",
]
