"""Chain: one generator, refitted generation after generation on what a policy keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.lineage import depth_of
from complement.core.request import Request
from complement.core.seed import seed_at
from complement.measure.collapse.policy import Policy


@dataclass(frozen=True)
class Step:
    """One generation, counted from 1: the generator as fitted, what it learnt from, and the records it made."""

    generation: int
    fitted: Generator
    learnt: Dataset
    made: Dataset

    @property
    def depth(self) -> int:
        """The generation depth of the made records: 1 + the largest depth of what was learnt from."""
        return depth_of(self.made.lineage)


def chain(
    policy: Policy, generator: Generator, real: Callable[[int], Dataset], *, generations: int, rows: int, seed: int
) -> Iterator[Step]:
    """The generations 1 to `generations` of one chain, each of which makes `rows` records.

    `real(g)` gives the real records that generation g may learn from: a policy that keeps them asks for those of generation 1
    again. `generator` is copied before each fit and stays as it is. The seeds of its fit and of its records come from `seed` and
    the generation. Raises GenerateError "generate-short" when fewer records are made.
    """
    made: list[Dataset] = []
    for generation in range(1, generations + 1):
        learnt = policy.learnt(generation, real, made)
        fitted = deepcopy(generator).fit(learnt, seed=seed_at(seed, "fit", generation))
        answer = fitted.generate(Request(rows=rows), seed=seed_at(seed, "make", generation))
        if answer.records.rows < rows:
            why = " ".join(failure.reason for failure in answer.failures)
            met = f"Generation {generation} of {policy.name} made {answer.records.rows} of {rows} records. {why}"
            raise GenerateError("generate-short", met.strip())
        made.append(answer.records)
        yield Step(generation, fitted, learnt, answer.records)
