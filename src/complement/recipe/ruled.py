"""Real records put under a recipe's rules; what is wrong with one is said with the line that it stands in."""

from __future__ import annotations

from complement.core.broken import under
from complement.core.dataset import Dataset
from complement.core.errors import ConditionError, RuleError, SchemaError
from complement.recipe.shape import Recipe
from complement.recipe.yaml import read_yaml


def ruled(real: Dataset, recipe: Recipe) -> tuple[Dataset, tuple[str, ...]]:
    """The records under the recipe's rules, and a note for each rule that a few of them break.

    Raises what `core.broken.under` raises; `where` is then file:line:rules[number], or the rule itself for a call.
    """
    notes: list[str] = []
    for number, text in enumerate(recipe.rules):
        try:
            real, found = under(real, text)
        except (SchemaError, RuleError, ConditionError) as cause:
            if recipe.file is None:
                raise
            where = read_yaml(recipe.file).where(("rules", number))
            raise type(cause)(cause.code, cause.met, where=where, help=cause.help) from None
        notes += [note for note in found if note not in notes]
    return real, tuple(notes)
