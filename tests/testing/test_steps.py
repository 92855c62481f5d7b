"""Each check of steps and evaluators is planted with a fault and must catch it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from complement.core.contracts import Context, Evaluator, Step, Tags
from complement.core.dataset import Dataset
from complement.core.errors import PluginError
from complement.core.score import Score
from complement.testing import check_evaluator, check_step

STEP = [
    "it meets the Protocol",
    "one tag per record",
    "no records, no tags",
    "same candidates give the same tags",
    "candidates and context are not modified",
]
EVALUATOR = [
    "it meets the Protocol",
    "it gives scores with different names",
    "values are finite and lie in their intervals",
    "scores can be written as JSON",
    "same records give the same scores",
    "records and context are not modified",
]


class Cheap:
    """Tags records whose amount is not known."""

    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return ["" if value is not None else "no amount" for value in candidates.column("amount").to_pylist()]


class Nothing:
    pass


class Drops(Cheap):
    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return [tag for tag in super().tag(candidates, context) if not tag]


class Flags(Cheap):
    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return [bool(tag) for tag in super().tag(candidates, context)]  # type: ignore[misc]


class AtLeastOne(Cheap):
    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return super().tag(candidates, context) or [""]


class Restless(Cheap):
    stream = np.random.default_rng(0)

    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return ["" if self.stream.random() < 0.5 else "unlucky" for _ in range(candidates.rows)]


class Scribbler(Cheap):
    def tag(self, candidates: Dataset, context: Context) -> Tags:
        object.__setattr__(context.train, "weight", np.full(context.train.rows, 0.5))  # the array itself cannot be written to
        return super().tag(candidates, context)


class Share:
    """The share of made records whose amount is known."""

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        share = 1 - synthetic.column("amount").null_count / synthetic.rows
        return [Score("known amounts", share, None, None, synthetic.rows)]


class Twice(Share):
    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        return super().score(synthetic, context) * 2


class NotFinite(Share):
    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        return [Score("known amounts", float("nan"), None, None, 1)]


class OutsideItsInterval(Share):
    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        return [Score("known amounts", 0.9, 0.1, 0.2, 1)]


class NotPlain(Share):
    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        return [Score("known amounts", np.float32(0.5), None, None, 1)]  # type: ignore[arg-type]


class RestlessShare(Share):
    stream = np.random.default_rng(0)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        return [Score("known amounts", float(self.stream.random()), None, None, 1)]


class ScribblingShare(Share):
    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        object.__setattr__(synthetic, "weight", np.full(synthetic.rows, 0.5))  # the array itself cannot be written to
        return super().score(synthetic, context)


STEP_FAULTS: list[tuple[Callable[[], Step], str]] = [
    (Nothing, "it meets the Protocol"),  # type: ignore[list-item]
    (Drops, "one tag per record"),
    (Flags, "one tag per record"),
    (AtLeastOne, "no records, no tags"),
    (Restless, "same candidates give the same tags"),
    (Scribbler, "candidates and context are not modified"),
]
EVALUATOR_FAULTS: list[tuple[Callable[[], Evaluator], str]] = [
    (Nothing, "it meets the Protocol"),  # type: ignore[list-item]
    (Twice, "it gives scores with different names"),
    (NotFinite, "values are finite and lie in their intervals"),
    (OutsideItsInterval, "values are finite and lie in their intervals"),
    (NotPlain, "scores can be written as JSON"),
    (RestlessShare, "same records give the same scores"),
    (ScribblingShare, "records and context are not modified"),
]


def test_an_honest_step_passes_every_check() -> None:
    assert check_step(Cheap) == STEP


def test_an_honest_evaluator_passes_every_check() -> None:
    assert check_evaluator(Share) == EVALUATOR


@pytest.mark.parametrize(("make", "check"), STEP_FAULTS)
def test_a_fault_planted_in_a_step_is_caught_by_its_check(make: Callable[[], Step], check: str) -> None:
    with pytest.raises(PluginError, match="fails the check") as caught:
        check_step(make)
    assert f"'{check}'" in caught.value.met


@pytest.mark.parametrize(("make", "check"), EVALUATOR_FAULTS)
def test_a_fault_planted_in_an_evaluator_is_caught_by_its_check(make: Callable[[], Evaluator], check: str) -> None:
    with pytest.raises(PluginError, match="fails the check") as caught:
        check_evaluator(make)
    assert f"'{check}'" in caught.value.met


def test_every_check_has_a_planted_fault() -> None:
    assert {check for _, check in STEP_FAULTS} == set(STEP)
    assert {check for _, check in EVALUATOR_FAULTS} == set(EVALUATOR)
