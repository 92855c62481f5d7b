"""What all generators of one table share: fit on what may be learnt, answer with exactly the rows asked for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from complement.core import lineage as lineages
from complement.core.broken import without_broken
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RequestError, UsageError
from complement.core.request import Answer, Failure, Request, Spent
from complement.core.seed import rng_at
from complement.generate.conditions import support
from complement.generate.records import Training, prepare
from complement.generate.rules import Enforced, Tally, make
from complement.models.openmp import one_thread


@dataclass(frozen=True)
class Ask:
    """What one draw is to obey, and its random numbers."""

    where: Condition | None
    rng: np.random.Generator


@dataclass
class TableGenerator(ABC):
    """Abstract: a generator of the root table. A kind says what it learns (`_learn`) and how it draws (`_draw`)."""

    name: ClassVar[str]
    any_kind: ClassVar[bool] = False  # carries whole values, so text and nested columns are no obstacle
    many_tables: ClassVar[bool] = False

    _training: Training | None = field(default=None, init=False, repr=False, compare=False)
    _enforced: Enforced = field(default_factory=Enforced, init=False, repr=False, compare=False)

    def fit(self, real: Dataset, *, seed: int) -> Self:
        """Learn from real records; identifiers, personal and ignored columns are set aside, and so are records that break a rule.

        Raises GenerateError: generate-fit for fewer than 2 records, generate-unsupported for what it cannot make;
        RuleError rule-broken-by-real when too many records break a rule.
        """
        real, notes = without_broken(real)
        self._training = prepare(real, generator=self.name, any_kind=self.any_kind, many_tables=self.many_tables)
        self._enforced = Enforced.of(self._training, notes)
        with one_thread():
            self._learn(self._training, seed)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        """`request.rows` records of the real schema, every one under the condition and by the schema's rules.

        A shortfall is a failure with its reason.
        Raises RequestError when no real record supports the condition, GenerateError when called before `fit`.
        """
        started = time.process_time()
        training = self._fitted(request)
        among = support(training, request.where, generator=self.name)
        rng = rng_at(seed, "generate", self.name, request.name)
        ask = Ask(request.where, rng)
        with one_thread():
            made = make(lambda rows: self._draw(training, rows, among, ask), training, request, self._enforced, rng)
        spent = Spent(time.process_time() - started, made.drawn, 0, made.tally.repaired, made.tally.rejected)
        answer = answered(
            training, {training.schema.root: made.table}, request, seed=seed, generator=self.name, spent=spent, tally=made.tally
        )
        return replace(answer, notes=(*self._enforced.notes, *self._notes(), *made.tally.notes(made.drawn)))

    def _notes(self) -> tuple[str, ...]:
        """What a reader of any records of this fit should know."""
        return ()

    @abstractmethod
    def _learn(self, training: Training, seed: int) -> None:
        """Fit the model; its state must be picklable."""

    @abstractmethod
    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        """`rows` candidates of the learnt columns; `among` are the positions of the real records under the condition."""

    def _fitted(self, request: Request) -> Training:
        if self._training is None:
            raise GenerateError("generate-fit", f"'{self.name}' was asked for records before it was fitted.", help="Call fit.")
        root = self._training.schema.root
        if request.count_of not in (None, root):
            raise RequestError(
                "generate-unsupported",
                f"'{self.name}' counts records of '{root}', not of '{request.count_of}'.",
                help="Leave count_of out.",
            )
        return self._training


def answered(
    training: Training,
    tables: Mapping[str, pa.Table],
    request: Request,
    *,
    seed: int,
    generator: str,
    spent: Spent,
    tally: Tally | None = None,
) -> Answer:
    """The answer that these tables make, with lineage, and with a failure for the records that are lacking."""
    rows = tables[training.schema.root].num_rows
    lineage = lineages.of_synthetic(rows, generator=generator, request=request.name, seed=seed, depth=training.depth + 1)
    failures: tuple[Failure, ...] = ()
    if rows < request.rows:
        what = f"were under '{request.where}'" if request.where is not None else "could be kept"
        lacking, why = request.rows - rows, tally.why() if tally else ""
        failures = (Failure(lacking, f"Of {spent.drawn} candidates drawn, {rows} {what}: {lacking} are lacking.{why}"),)
    return Answer(Dataset.of(tables, training.schema, lineage=lineage), failures, spent)


def check_whole(name: str, value: int, *, low: int) -> None:
    """Raise UsageError unless a setting is a whole number of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise UsageError("usage", f"{name}={value!r} is not a whole number of at least {low}.")


def check_share(name: str, value: float) -> None:
    """Raise UsageError unless a setting is a number in (0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise UsageError("usage", f"{name}={value!r} is not a share above 0 and up to 1.")
