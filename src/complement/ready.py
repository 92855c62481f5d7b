"""Ready: all that is fixed before anything of a run is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from complement import catalog
from complement.closing import Closing
from complement.core.dataset import Dataset
from complement.core.partition import Partition
from complement.core.verdict import Leak
from complement.engine.plan import plan_hash
from complement.pools import met_before, pool_of
from complement.prepare import Inputs, Source, content_hash, learners_of, partition_of, plan_of, read_source
from complement.prove.pool import Fixed, Pool, Refit
from complement.prove.trial import Case
from complement.recipe import Proving, Recipe
from complement.source.ledger import Ledger
from complement.source.sample import sampled
from complement.source.tune import held_back

# The parts of a recipe that a verdict follows; those that the made records follow.
PLAN = ("schema", "rules", "purpose", "split", "gap", "generate", "curate", "prove", "seed")
MADE = ("schema", "rules", "purpose", "split", "gap", "generate", "curate", "measure", "seed")
Tell = Callable[[str, dict[str, object]], None]


@dataclass(frozen=True, repr=False)
class Ready:
    """All that is fixed before anything is computed."""

    recipe: Recipe
    source: Source
    partition: Partition
    pool: Pool
    hashes: Mapping[str, str]
    ledger: Ledger
    contents: tuple[str, ...]

    @property
    def plan(self) -> str:
        """The name of everything that the verdict depends on: a table is known by its content, wherever it stands."""
        return self.plan_of(*PLAN)

    @property
    def look(self) -> str:
        """The name of the plan in the ledger: what is measured beside the verdict, worth and money, is no other look at it."""
        beside = Proving().model_dump(mode="json", include={"curve", "prices"})
        parts = self.recipe.part(*PLAN)
        return plan_hash({**parts, "prove": {**parts["prove"], **beside}}, self.contents, self.partition.sealed_hash)

    def plan_of(self, *parts: str) -> str:
        """The name of what these parts of the recipe make of these records."""
        return plan_hash(self.recipe.part(*parts), self.contents, self.partition.sealed_hash)

    @property
    def learnable(self) -> np.ndarray:
        """Positions of the records that anything released may rest on: all but a sealed set, all when cross-fitted."""
        one_sealed_set = self.partition.folds == 1
        return self.partition.train(0) if one_sealed_set else np.arange(self.partition.rows)

    @cached_property
    def tune(self) -> np.ndarray:
        """Positions of the learnable records that the released generator never sees; none where too few would remain to tell."""
        if isinstance(self.pool, Fixed):  # a delivered file was made from whatever its maker had
            return self.learnable[:0]
        share, seed = self.recipe.measure.holdout, self.recipe.seed
        return held_back(self.source.real, self.partition, self.source.purpose, self.learnable, share=share, seed=seed)

    @property
    def train(self) -> np.ndarray:
        """Positions of the records that the released generator is fitted on."""
        return np.setdiff1d(self.learnable, self.tune, assume_unique=True)

    @property
    def sampling(self) -> tuple[str, ...]:
        """What a reader must know where the trial learns from fewer records than there are."""
        most, rows = self.recipe.prove.most_rows, self.source.real.rows
        if most is None or most >= rows:
            return ()
        return (f"The verdict is on about {most:,} of the {rows:,} real records, drawn at random: prove.most_rows.",)

    def case(self, leaks: tuple[Leak, ...]) -> Case:
        """What the trial judges: all records, or as many as the recipe lets take part."""
        real, partition, pool = self.source.real, self.partition, self.pool
        verified = isinstance(pool, Refit) or self.recipe.sealed is not None
        most = self.recipe.prove.most_rows
        if most is not None and most < real.rows:
            rows = sampled(partition, most, seed=self.recipe.seed)
            pool = pool.scaled(len(rows) / real.rows) if isinstance(pool, Refit) else pool
            real, partition = real.take(rows), partition.take(rows)
        return Case(real, partition, self.source.purpose, pool, leaks, verified)


def prepared(recipe: Recipe, inputs: Inputs, tell: Tell) -> Ready:
    source = read_source(recipe, inputs)
    plan_of(recipe)  # a question that does not fit is said before anything is split
    learners_of(recipe, source)  # as is a learner that does not exist, before anything is made
    ledger = Ledger(recipe.folder)
    partition = partition_of(recipe, source, salt=ledger.salt())
    pool, files = pool_of(recipe, source, inputs)
    partition = replace(partition, cautions=(*partition.cautions, *met_before(pool, source, partition)))
    hashes = {**source.hashes, **files}
    contents = tuple(content_hash(one) for one in (source.real, *_besides(pool)))
    ready = Ready(recipe, source, partition, pool, hashes, ledger, (*contents, *_code(recipe, source)))
    for note in (*source.notes, *partition.cautions, *partition.notes, *ready.sampling):
        tell("note", {"note": note})
    return ready


def _besides(pool: Pool) -> list[Dataset]:
    """The records besides the real ones that a verdict follows: a delivered file, and those that are expected."""
    if isinstance(pool, Fixed):
        return [pool.records]
    finder = pool.finder
    return [finder.expected] if isinstance(finder, Closing) and finder.expected is not None else []


def _code(recipe: Recipe, source: Source) -> list[str]:
    """The code of every plug-in that has a part in the verdict: another code under the same name is another plan."""
    made = () if recipe.synthetic is not None else (recipe.generate.generator.name,)
    judged = (source.purpose.metric, *source.purpose.guard_metrics)
    steps = tuple(step.name for step in recipe.curate.steps)
    asked: dict[catalog.Kind, tuple[str, ...]] = {"generators": made, "learners": source.purpose.learners, "metrics": judged}
    asked["steps"] = steps
    return [code for kind, names in asked.items() for name in names if (code := catalog.code_of(kind, name))]
