"""Pools: where the synthetic records of a trial come from, as a recipe says it."""

from __future__ import annotations

import numpy as np

from complement import catalog
from complement.closing import Closing
from complement.core.condition import Condition
from complement.curation import Keeper
from complement.find import expected_like
from complement.gap.weak import Task
from complement.prepare import Inputs, Source, asks_of, learners_of, read_synthetic
from complement.prove.pool import Ask, Fixed, Pool, Refit
from complement.recipe import Recipe


def pool_of(recipe: Recipe, source: Source, inputs: Inputs = Inputs()) -> tuple[Pool, str]:
    """What the trial judges: a delivered file with its hash, or a generator with its requests, gaps and curation."""
    if recipe.synthetic is not None:
        records, digest = read_synthetic(recipe, source, inputs)
        return Fixed(records), digest
    generator = catalog.generator(recipe.generate.generator.name, **recipe.generate.generator.settings)
    finder = closing_of(recipe, source)
    keeper = (
        Keeper(tuple(one if one.settings else one.name for one in recipe.curate.steps), source.purpose, recipe.seed)
        if recipe.curate.steps
        else None
    )
    return Refit(generator, _asks(recipe, source, finder), finder, keeper, recipe.curate.refill), ""


def closing_of(recipe: Recipe, source: Source) -> Closing | None:
    """What finds gaps and tries their requests, by the recipe's first learner; None where no gap is looked for."""
    note = recipe.gap
    if not note.find and not note.where:
        return None
    learner = next(iter(learners_of(recipe, source).values()))
    task = Task(source.purpose, learner, catalog.metric(source.purpose.metric, source.purpose))
    generator = catalog.generator(recipe.generate.generator.name, **recipe.generate.generator.settings)
    named = tuple(Condition.parse(text) for text in note.where)
    seen = source.real if source.sealed is None else source.real.take(np.flatnonzero(~source.sealed))
    expected = None if note.expected is None else expected_like(recipe.place(note.expected), seen)
    return Closing(generator, task, note.find, note.rounds, named, expected, recipe.seed)


def _asks(recipe: Recipe, source: Source, finder: Closing | None) -> tuple[Ask, ...]:
    """The recipe's requests. Where gaps are looked for and none is written down, gaps are all that is asked for."""
    written = "requests" in recipe.generate.model_fields_set
    return () if finder is not None and not written else asks_of(recipe, source)
