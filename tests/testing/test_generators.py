"""Each check of generators is planted with a fault and must catch it; an honest generator passes them all."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np
import pyarrow as pa
import pytest

from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, PluginError, RequestError
from complement.core.request import Answer, Failure, Request
from complement.core.schema import Schema
from complement.core.seed import rng_at
from complement.testing import check_generator, sample_records

ALL = [
    "it meets the Protocol",
    "as many rows as asked for",
    "the schema is kept",
    "the same seed gives the same bytes",
    "different seeds differ",
    "the real records are not modified",
    "it can be pickled once fitted",
    "the lineage is filled",
    "depth is one more than the deepest record learnt from",
    "conditions hold",
    "an impossible condition is a RequestError",
    "a record of weight 0 has no influence",
    "weights are honoured",
    "no records is a GenerateError or an honest answer",
]


class Copies:
    """Draws real records by weight, under the condition: an honest generator without any model."""

    real: Dataset

    def fit(self, real: Dataset, *, seed: int) -> Self:
        self.real = real
        if not real.rows:
            raise GenerateError("generate-fit", "There are no records to copy.")
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        chance = self.chance(request)
        if not chance.sum():
            raise RequestError("request-impossible", f"No real record is under {request.where}.")
        rng = rng_at(seed, "copies")
        drawn = self.real.take(rng.choice(self.real.rows, request.rows, p=chance / chance.sum()))
        return Answer(self.finish(drawn, request, seed))

    def chance(self, request: Request) -> np.ndarray:
        mask = np.ones(self.real.rows, bool) if request.where is None else request.where.mask(self.real.records)
        return self.real.weight * mask

    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        depth = 1 + lineages.depth_of(self.real.lineage)
        lineage = lineages.of_synthetic(drawn.rows, generator="copies", request=request.name, seed=seed, depth=depth)
        return Dataset.of(drawn.tables, drawn.schema, lineage=lineage)


def with_lineage(made: Dataset, **columns: pa.Array) -> Dataset:
    table = made.lineage
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), values)
    return replace(made, lineage=table)


class NoGenerate:
    def fit(self, real: Dataset, *, seed: int) -> Self:
        return self


class OneTooMany(Copies):
    def generate(self, request: Request, *, seed: int) -> Answer:
        return super().generate(replace(request, rows=request.rows + 1), seed=seed)


class SilentlyShort(Copies):
    def generate(self, request: Request, *, seed: int) -> Answer:
        return super().generate(replace(request, rows=max(1, request.rows - 1)), seed=seed)


class NoReason(Copies):
    def generate(self, request: Request, *, seed: int) -> Answer:
        if request.rows == 1:
            return super().generate(request, seed=seed)
        answer = super().generate(replace(request, rows=request.rows - 1), seed=seed)
        return replace(answer, failures=(Failure(1, ""),))


class OtherTypes(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        table = made.records.set_column(1, "visits", made.records.column("visits").cast(pa.float64()))
        return replace(made, tables={"records": table})


class OtherRoles(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        schema: Schema = made.schema.with_target("city")
        return made.with_schema(schema)


class MissingInvented(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        return replace(made, tables={"records": made.records.set_column(3, "member", pa.nulls(made.rows, pa.bool_()))})


class Clock(Copies):
    """Uses a stream that goes on from call to call, as global state does."""

    stream = np.random.default_rng(0)

    def generate(self, request: Request, *, seed: int) -> Answer:
        answer = super().generate(request, seed=int(self.stream.integers(1 << 30)))
        lineage = lineages.of_synthetic(answer.records.rows, generator="clock", request=request.name, seed=seed)
        return Answer(replace(answer.records, lineage=lineage))


class Deaf(Copies):
    def generate(self, request: Request, *, seed: int) -> Answer:
        return super().generate(request, seed=0)


class Scribbler(Copies):
    def fit(self, real: Dataset, *, seed: int) -> Self:
        object.__setattr__(real, "weight", np.full(real.rows, 0.5))  # the array itself cannot be written to
        return super().fit(real, seed=seed)


class Unpicklable(Copies):
    def fit(self, real: Dataset, *, seed: int) -> Self:
        self.draw = lambda: seed
        return super().fit(real, seed=seed)


class ClaimsReal(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        return replace(super().finish(drawn, request, seed), lineage=lineages.of_real(drawn.rows))


class Nameless(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        return with_lineage(made, generator=pa.nulls(made.rows, made.lineage.schema.field("generator").type))


class SameNames(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        return with_lineage(made, record=pa.array(["s0"] * made.rows))


class ForgetsRequest(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        return super().finish(drawn, replace(request, name="all"), seed)


class Shallow(Copies):
    def finish(self, drawn: Dataset, request: Request, seed: int) -> Dataset:
        made = super().finish(drawn, request, seed)
        return with_lineage(made, depth=pa.array(np.ones(made.rows, np.int16)))


class Careless(Copies):
    def chance(self, request: Request) -> np.ndarray:
        mask = super().chance(request)
        return np.where(mask.any(), mask + 0.2, mask)


class Inventive(Copies):
    def chance(self, request: Request) -> np.ndarray:
        chance = super().chance(request)
        return chance if chance.sum() else self.real.weight


class Unweighted(Copies):
    def chance(self, request: Request) -> np.ndarray:
        return (super().chance(request) > 0).astype(float)


class CountsAll(Copies):
    def fit(self, real: Dataset, *, seed: int) -> Self:
        return super().fit(real.weighted(np.ones(real.rows)), seed=seed)


class CrashesOnNothing(Copies):
    def fit(self, real: Dataset, *, seed: int) -> Self:
        if not real.rows:
            raise ZeroDivisionError("mean of nothing")
        return super().fit(real, seed=seed)


class Refuses(Copies):
    def generate(self, request: Request, *, seed: int) -> Answer:
        if request.where is not None:
            raise GenerateError("generate-unsupported", "This generator does not condition.")
        return super().generate(request, seed=seed)


FAULTS = [
    (NoGenerate, "it meets the Protocol"),
    (OneTooMany, "as many rows as asked for"),
    (SilentlyShort, "as many rows as asked for"),
    (NoReason, "as many rows as asked for"),
    (OtherTypes, "the schema is kept"),
    (OtherRoles, "the schema is kept"),
    (MissingInvented, "the schema is kept"),
    (Clock, "the same seed gives the same bytes"),
    (Deaf, "different seeds differ"),
    (Scribbler, "the real records are not modified"),
    (Unpicklable, "it can be pickled once fitted"),
    (ClaimsReal, "the lineage is filled"),
    (Nameless, "the lineage is filled"),
    (SameNames, "the lineage is filled"),
    (ForgetsRequest, "the lineage is filled"),
    (Shallow, "depth is one more than the deepest record learnt from"),
    (Careless, "conditions hold"),
    (Inventive, "an impossible condition is a RequestError"),
    (CountsAll, "a record of weight 0 has no influence"),
    (Unweighted, "weights are honoured"),
    (CrashesOnNothing, "no records is a GenerateError or an honest answer"),
]


def test_an_honest_generator_passes_every_check() -> None:
    assert check_generator(Copies) == ALL


@pytest.mark.parametrize(("make", "check"), FAULTS, ids=[make.__name__ for make, _ in FAULTS])
def test_a_planted_fault_is_caught_by_its_check(make: type, check: str) -> None:
    with pytest.raises(PluginError, match="fails the check") as caught:
        check_generator(make)
    assert f"'{check}'" in caught.value.met
    assert caught.value.code == "plugin-broken"


def test_every_check_has_a_planted_fault() -> None:
    assert {check for _, check in FAULTS} == set(ALL)


def test_what_the_plugin_raised_is_kept_as_the_cause() -> None:
    with pytest.raises(PluginError) as caught:
        check_generator(CrashesOnNothing)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_check_that_does_not_apply_is_not_said_to_hold() -> None:
    assert [name for name in ALL if name not in check_generator(Refuses)] == [
        "conditions hold",
        "an impossible condition is a RequestError",
    ]


def test_a_generator_can_be_checked_on_other_records() -> None:
    real = sample_records(80, task="regression", seed=4)
    assert check_generator(Copies, real=real) == ALL
