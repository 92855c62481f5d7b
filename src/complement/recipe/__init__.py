"""The recipe: one YAML file that says all of a run, as frozen models. A recipe is a serialised call."""

from __future__ import annotations

from complement.recipe.part import Named
from complement.recipe.shape import IN_MEMORY, ColumnNote, PurposeNote, Recipe, SliceNote, recipe_schema
from complement.recipe.stages import (
    Curating,
    Finding,
    Gates,
    Generating,
    Measuring,
    Prices,
    Proving,
    Releasing,
    RequestNote,
    Splitting,
)

__all__ = [
    "IN_MEMORY",
    "ColumnNote",
    "Curating",
    "Finding",
    "Gates",
    "Generating",
    "Measuring",
    "Named",
    "Prices",
    "Proving",
    "PurposeNote",
    "Recipe",
    "Releasing",
    "RequestNote",
    "SliceNote",
    "Splitting",
    "recipe_schema",
]
