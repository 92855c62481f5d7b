"""Pools: where the synthetic records of a trial come from, as a recipe says it."""

from __future__ import annotations

import numpy as np

from complement import catalog
from complement.closing import Closing
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.curate.prints import near_prints
from complement.curation import Keeper
from complement.find import expected_like
from complement.gap.weak import Task
from complement.prepare import Inputs, Source, asks_of, hash_of, learners_of, read_synthetic
from complement.prove.pool import Ask, Fixed, Pool, Refit
from complement.recipe import Recipe

MET = 0.05  # share of the sealed records among the expected ones that is worth a word,
TIMES = 2  # and how many times the share by nature it must be


def pool_of(recipe: Recipe, source: Source, inputs: Inputs = Inputs()) -> tuple[Pool, dict[str, str]]:
    """What the trial judges, a delivered file or a generator with its requests, gaps and curation; and the hashes, by their
    words in a recipe, of the files that it comes from."""
    if recipe.synthetic is not None:
        records, digest = read_synthetic(recipe, source, inputs)
        return Fixed(records), {"synthetic": digest}
    generator = catalog.generator(recipe.generate.generator.name, **recipe.generate.generator.settings)
    finder = closing_of(recipe, source)
    keeper = (
        Keeper(tuple(one if one.settings else one.name for one in recipe.curate.steps), source.purpose, recipe.seed)
        if recipe.curate.steps
        else None
    )
    hashes: dict[str, str] = {}
    if finder is not None and finder.expected is not None and recipe.gap.expected is not None:
        hashes["expected"] = hash_of(recipe.gap.expected, recipe.place(recipe.gap.expected), finder.expected)
    return Refit(generator, _asks(recipe, source, finder), finder, keeper, recipe.curate.refill), hashes


def met_before(pool: Pool, source: Source, partition: Partition) -> tuple[str, ...]:
    """A caution where the expected records are sealed ones: then requests were chosen by what they are to be judged on."""
    finder = pool.finder if isinstance(pool, Refit) else None
    expected = finder.expected if isinstance(finder, Closing) else None
    sealed = source.real.take(np.flatnonzero(partition.fold >= 0))
    if expected is None or not expected.rows or not sealed.rows:
        return ()
    columns = [column for column in expected.schema.columns if column.role == "feature"]
    theirs, ours = near_prints(expected, columns), near_prints(sealed, columns)
    met = float(np.isin(ours, theirs).mean())  # of the sealed ones: neither padding nor dilution makes it less
    if met <= max(MET, TIMES * _by_nature(source, partition, expected, ours)):
        return ()
    told = f"{met:.0%} of the sealed records stand among the expected ones (gap.expected), equal or nearly so in every feature"
    return (f"{told}: what was asked for was chosen by looking at records that judge it. Take other records as the expected.",)


def _by_nature(source: Source, partition: Partition, expected: Dataset, sealed: np.ndarray) -> float:
    """The share of the sealed records, by their prints, that as many other real records as are expected would meet by chance.

    The others are the open records; where every record is sealed in its turn, those of the other folds."""
    columns = [column for column in expected.schema.columns if column.role == "feature"]
    open_rows = np.flatnonzero(partition.fold < 0)
    if len(open_rows):
        others = near_prints(source.real.take(open_rows), columns)
        met, count = np.isin(sealed, others).mean(), len(others)
    else:
        values, counts = np.unique(sealed, return_counts=True)
        met, count = np.isin(sealed, values[counts > 1]).mean(), len(sealed)
    return float(met) * max(1.0, expected.rows / count)


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
