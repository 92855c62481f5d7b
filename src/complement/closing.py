"""Closing: the gaps of the records that are learnt from, as requests, in a fold as for the release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from complement.core.condition import Condition
from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.gap import Gaps
from complement.core.request import Request
from complement.engine.plan import table_hash
from complement.gap.ask import requests_of
from complement.gap.loop import Closed, Means, close
from complement.gap.thin import find_thin, merged
from complement.gap.told import endings, of_judged
from complement.gap.weak import Task, find_weak
from complement.prepare import owners
from complement.prove.pool import Ask

TOO_FEW = "prove-too-few"


@dataclass
class Closing:
    """What a pool asks for besides its requests: `closing(learnt)` gives one Ask per gap that was found and not dropped.

    It sees the records that it is given and nothing else, so that a trial which calls it in every fold judges the choice, too.
    `named`: parts that are asked for beside them. `expected`: records as they will come, under the real ones' schema. What was
    found last is kept; a pickled one looks anew.
    """

    generator: Generator
    task: Task
    most: int
    rounds: int = 0
    named: tuple[Condition, ...] = ()
    expected: Dataset | None = None
    seed: int = 0
    _known: dict[str, tuple[Gaps, Closed]] = field(default_factory=dict[str, tuple[Gaps, Closed]], init=False, repr=False)

    def __call__(self, learnt: Dataset) -> tuple[Ask, ...]:
        kept = self.found(learnt)[1].kept
        return tuple(Ask(one.where, times=one.rows / learnt.rows, name=one.name) for one in kept)

    def found(self, learnt: Dataset) -> tuple[Gaps, Closed]:
        """The gaps, and what became of their requests. Too few records to tell are no gap, and a note says so."""
        place = table_hash(learnt.lineage.select(["record"]))
        if place not in self._known:
            unit = owners(learnt)
            gaps = self._gaps(learnt, unit)
            requests: list[Request] = requests_of(gaps.found)
            means = Means(self.generator, self.task.learner, self.task.purpose)
            self._known = {place: (gaps, close(learnt, requests, means, rounds=self.rounds, unit=unit, seed=self.seed))}
        return self._known[place]

    def told(self, learnt: Dataset, requests: Sequence[Request]) -> tuple[str, ...]:
        """What became of every gap, and what that is to the part that is judged. `requests`: all that is asked for in the end."""
        gaps, closed = self.found(learnt)
        part = self.task.purpose.primary
        judged = () if part is None else of_judged(part, learnt, self.expected, requests)
        return (*judged, *endings(requests_of(gaps.found), closed))

    def _gaps(self, learnt: Dataset, unit: np.ndarray) -> Gaps:
        try:
            weak = find_weak(learnt, self.task, unit=unit, named=self.named, most=self.most, seed=self.seed)
        except ProveError as error:
            if error.code != TOO_FEW:
                raise
            weak = Gaps((), 0, (f"No gap can be told: {error.met}",))
        if self.expected is None:
            return weak
        own = owners(self.expected)
        thin = find_thin(learnt, self.expected, unit=unit, expected_unit=own, most=self.most, seed=self.seed)
        return merged(weak, thin, most=self.most)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_known": {}}
