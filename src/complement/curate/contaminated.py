"""Contaminated: candidates that equal a sealed record, known only by its signature."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from complement.core.contracts import Context, Signatures
from complement.core.dataset import Dataset
from complement.curate.prints import exact_prints
from complement.curate.step import Found, Look, TableStep, compared, no_prints

EQUAL = "equals a record that must stay unseen"


@dataclass(frozen=True)
class Contaminated(TableStep):
    """Tags each candidate that equals a sealed record in all features and the target, by `Context.sealed.exact`.

    For a delivered file, whose maker may have had those records. Records of a generator that was fitted without them equal them
    by coincidence only, and to take these out would tell the sealed records to the pool: the hole would be the leak. It is
    therefore not among the steps of a run that refits its generator.
    """

    needs = ("sealed",)
    learnt: np.ndarray | None = field(default=None, repr=False, compare=False)

    def prepared(self, context: Context) -> Self:
        if self.learnt is not None:
            return self
        return replace(self, learnt=np.array(sorted(int(one, 16) for one in context.sealed.exact), np.uint64))

    def look(self, candidates: Dataset, context: Context) -> Look:
        prints = exact_prints(candidates, compared(context.schema))
        known = self.learnt if self.learnt is not None else np.zeros(0, np.uint64)
        return Look(Found.where([(np.isin(prints, known), EQUAL)], candidates.rows), no_prints(candidates.rows))


def signatures(sealed: Dataset) -> Signatures:
    """What may be known of these records outside the trial: 16 hexadecimal digits of each, over features and target."""
    return Signatures(exact=frozenset(f"{one:016x}" for one in exact_prints(sealed, compared(sealed.schema)).tolist()))
