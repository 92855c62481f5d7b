"""What all generators of one table share: fit on what may be learnt, answer with exactly the rows asked for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from complement.core import lineage as lineages
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RequestError, UsageError
from complement.core.request import Answer, Failure, Request, Spent
from complement.core.seed import rng_at
from complement.generate.conditions import gather, support
from complement.generate.records import Training, complete, prepare
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

    def fit(self, real: Dataset, *, seed: int) -> Self:
        """Learn from real records; identifiers, personal and ignored columns are set aside.

        Raises GenerateError: generate-fit for fewer than 2 records, generate-unsupported for what it cannot make.
        """
        self._training = prepare(real, generator=self.name, any_kind=self.any_kind, many_tables=self.many_tables)
        with one_thread():
            self._learn(self._training, seed)
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        """`request.rows` records of the real schema, every one under the condition; a shortfall is a failure with its reason.

        Raises RequestError when no real record supports the condition, GenerateError when called before `fit`.
        """
        started = time.process_time()
        training = self._fitted(request)
        among = support(training, request.where, generator=self.name)
        rng = rng_at(seed, "generate", self.name, request.name)
        ask = Ask(request.where, rng)
        with one_thread():
            drawn, tried = gather(lambda rows: self._draw(training, rows, among, ask), request.rows, request.where)
        table = complete(training, drawn, rng)
        if request.where is not None:  # moving repeats of a unique column apart may have left the condition
            table = table.filter(pa.array(request.where.mask(table)))
        spent = Spent(cpu_seconds=time.process_time() - started, drawn=tried)
        return answered(training, {training.schema.root: table}, request, seed=seed, generator=self.name, spent=spent)

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
    training: Training, tables: Mapping[str, pa.Table], request: Request, *, seed: int, generator: str, spent: Spent
) -> Answer:
    """The answer that these tables make, with lineage, and with a failure for the records that are lacking."""
    rows = tables[training.schema.root].num_rows
    lineage = lineages.of_synthetic(rows, generator=generator, request=request.name, seed=seed, depth=training.depth + 1)
    failures: tuple[Failure, ...] = ()
    if rows < request.rows:
        what = f"under '{request.where}'" if request.where is not None else "that obey the schema"
        lacking = request.rows - rows
        failures = (Failure(lacking, f"Of {spent.drawn} candidates drawn, {rows} were {what}: {lacking} are lacking."),)
    return Answer(Dataset.of(tables, training.schema, lineage=lineage), failures, spent)


def check_whole(name: str, value: int, *, low: int) -> None:
    """Raise UsageError unless a setting is a whole number of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise UsageError("usage", f"{name}={value!r} is not a whole number of at least {low}.")


def check_share(name: str, value: float) -> None:
    """Raise UsageError unless a setting is a number in (0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise UsageError("usage", f"{name}={value!r} is not a share above 0 and up to 1.")
