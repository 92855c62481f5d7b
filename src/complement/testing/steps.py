"""What every curation step and every evaluator must do, as named checks that can be run on any plug-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property

import numpy as np

from complement.core.contracts import Context, Evaluator, Step
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.testing.conform import Finding, conform
from complement.testing.sample import as_synthetic, fingerprint, sample_purpose, sample_records


def check_step(make: Callable[[], Step], *, candidates: Dataset | None = None) -> list[str]:
    """Check a curation step against core.contracts.Step; `make` gives a new one at each call.

    `candidates` (default: a made sample) must fit the schema of `sample_records()`. Gives the names of the checks
    that hold. Raises PluginError at the first check that fails.
    """
    trial = _StepTrial(make, candidates)
    return conform(
        "step",
        [
            ("it meets the Protocol", trial.meets),
            ("one tag per record", trial.tags),
            ("no records, no tags", trial.none),
            ("same candidates give the same tags", trial.same),
            ("candidates and context are not modified", trial.untouched),
        ],
    )


def check_evaluator(make: Callable[[], Evaluator], *, synthetic: Dataset | None = None) -> list[str]:
    """Check an evaluator against core.contracts.Evaluator; `make` gives a new one at each call.

    `synthetic` (default: a made sample) must fit the schema of `sample_records()`. Gives the names of the checks
    that hold. Raises PluginError at the first check that fails.
    """
    trial = _EvaluatorTrial(make, synthetic)
    return conform(
        "evaluator",
        [
            ("it meets the Protocol", trial.meets),
            ("it gives scores with different names", trial.names),
            ("values are finite and lie in their intervals", trial.intervals),
            ("scores can be written as JSON", trial.json),
            ("same records give the same scores", trial.same),
            ("records and context are not modified", trial.untouched),
        ],
    )


def sample_context() -> Context:
    """The context that goes with `sample_records()`: train and tune are different records of one origin."""
    train = sample_records(200, seed=1)
    return Context(train, sample_records(100, seed=2), train.schema, sample_purpose())


def _sample(given: Dataset | None) -> Dataset:
    return as_synthetic(sample_records(150, seed=3)) if given is None else given


class _StepTrial:
    """One step under test; each method is a check."""

    def __init__(self, make: Callable[[], Step], candidates: Dataset | None) -> None:
        self.make, self.candidates, self.context = make, _sample(candidates), sample_context()
        self.before = _all(self.candidates, self.context)

    def meets(self) -> Finding:
        made = self.make()
        return "" if isinstance(made, Step) else f"{type(made).__name__} has no tag."

    def tags(self) -> Finding:
        tags = self.make().tag(self.candidates, self.context)
        if len(tags) != self.candidates.rows:
            return f"{self.candidates.rows} records gave {len(tags)} tags."
        wrong = [tag for tag in tags if not isinstance(tag, str)]
        return f"a tag is {wrong[0]!r}, not a text." if wrong else ""

    def none(self) -> Finding:
        tags = self.make().tag(self.candidates.take(np.array([], int)), self.context)
        return "" if len(tags) == 0 else f"0 records gave {len(tags)} tags."

    def same(self) -> Finding:
        one, other = (list(self.make().tag(self.candidates, self.context)) for _ in range(2))
        return "" if one == other else "two calls tag differently."

    def untouched(self) -> Finding:
        self.make().tag(self.candidates, self.context)
        return "" if _all(self.candidates, self.context) == self.before else "values, weights or lineage changed."


class _EvaluatorTrial:
    """One evaluator under test; each method is a check."""

    def __init__(self, make: Callable[[], Evaluator], synthetic: Dataset | None) -> None:
        self.make, self.synthetic, self.context = make, _sample(synthetic), sample_context()
        self.before = _all(self.synthetic, self.context)

    @cached_property
    def scores(self) -> list[Score]:
        return self.make().score(self.synthetic, self.context)

    def meets(self) -> Finding:
        made = self.make()
        return "" if isinstance(made, Evaluator) else f"{type(made).__name__} has no score."

    def names(self) -> Finding:
        if not self.scores or not all(isinstance(score, Score) for score in self.scores):
            return f"it gave {[type(score).__name__ for score in self.scores]}, not scores."
        names = [score.name for score in self.scores]
        return "" if len(set(names)) == len(names) and all(names) else f"the names are {names}."

    def intervals(self) -> Finding:
        for score in self.scores:
            low, high = (score.value if end is None else end for end in (score.low, score.high))
            if not np.isfinite([score.value, low, high]).all():
                return f"'{score.name}' is not finite: {score}."
            if not low <= score.value <= high:
                return f"'{score.name}' lies outside its interval: {score}."
            if score.n < 0 or score.better not in ("low", "high", "target"):
                return f"'{score.name}' has n={score.n}, better={score.better!r}."
        return ""

    def json(self) -> Finding:
        text = json.dumps([score.as_json() for score in self.scores], allow_nan=False)
        return "" if len(json.loads(text)) == len(self.scores) else "scores are lost on the way."

    def same(self) -> Finding:
        again = self.make().score(self.synthetic, self.context)
        return "" if repr(again) == repr(self.scores) else "two calls score differently."

    def untouched(self) -> Finding:
        self.make().score(self.synthetic, self.context)
        return "" if _all(self.synthetic, self.context) == self.before else "values, weights or lineage changed."


def _all(records: Dataset, context: Context) -> str:
    tune = "" if context.tune is None else fingerprint(context.tune)
    return fingerprint(records) + fingerprint(context.train) + tune
