"""What every learner must do, as named checks that can be run on any plug-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from complement.core.contracts import Learner
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Task
from complement.testing.conform import Finding, conform
from complement.testing.sample import category_of, fingerprint, replace_values, sample_purpose, sample_records

Make = Callable[[], Learner]
SAME = 1e-9  # predictions of one model for one record, computed in another order


def check_learner(make: Make, *, task: Task = "binary") -> list[str]:
    """Check a learner against core.contracts.Learner for one task; `make` gives a new, unfitted one at each call.

    Gives the names of the checks that hold; those that do not apply (weights of a learner with `weighted = False`,
    `regularised` where it does not exist) are left out. Raises PluginError at the first check that fails.
    """
    trial = _Trial(make, task)
    return conform(
        "learner",
        [
            ("it meets the Protocol", trial.meets),
            ("one row of scores per record", trial.shape),
            ("scores are finite, probabilities lie in [0, 1]", trial.range),
            ("same data and seed give the same predictions", trial.same_seed),
            ("the training records are not modified", trial.untouched),
            ("predict does not read the target", trial.permuted),
            ("predict does not need the target", trial.absent),
            ("records are predicted one by one", trial.alone),
            ("it learns what is there to learn", trial.learns),
            ("weights are honoured", trial.weights),
            ("unseen categories and missing values survive", trial.unseen),
            ("no records in, no rows out", trial.none),
            ("a class absent from training keeps its place", trial.lacking),
            ("the regularised learner is a learner", trial.regularised),
        ],
    )


class _Trial:
    """One learner under test; each method is a check."""

    def __init__(self, make: Make, task: Task) -> None:
        self.make, self.task = make, task
        self.purpose = sample_purpose(task)
        self.train = sample_records(300, task=task, seed=1)
        self.fresh = sample_records(120, task=task, seed=2)
        self.before = fingerprint(self.train)

    @cached_property
    def fitted(self) -> Learner:
        return self._fit(self.make(), self.train, self.train.weight)

    @cached_property
    def scores(self) -> np.ndarray:
        return _array(self.fitted.predict(self.fresh))

    def _fit(self, learner: Learner, train: Dataset, weight: np.ndarray) -> Learner:
        return learner.fit(train, self.purpose, weight=weight, seed=5)

    def meets(self) -> Finding:
        made = self.make()
        if not isinstance(made, Learner):
            return f"{type(made).__name__} has no fit or no predict."
        fitted = self._fit(made, self.train, self.train.weight)
        return "" if isinstance(fitted, Learner) else f"fit gave {type(fitted).__name__}, not the fitted learner."

    def shape(self) -> Finding:
        return self._misshapen(self.fitted.predict(self.fresh), self.fresh.rows)

    def range(self) -> Finding:
        return self._outside(self.scores)

    def same_seed(self) -> Finding:
        again = _array(self._fit(self.make(), self.train, self.train.weight).predict(self.fresh))
        return "" if np.array_equal(again, self.scores) else "two fits predict differently."

    def untouched(self) -> Finding:
        self._fit(self.make(), self.train, self.train.weight).predict(self.train)
        return "" if fingerprint(self.train) == self.before else "values, weights or lineage changed."

    def permuted(self) -> Finding:
        target = self.fresh.column(self.purpose.target)
        other = replace_values(self.fresh, self.purpose.target, target.take(pa.array(np.arange(len(target))[::-1])))
        same = np.array_equal(_array(self.fitted.predict(other)), self.scores)
        return "" if same else "the predictions change with the target of the records."

    def absent(self) -> Finding:
        schema = self.fresh.schema
        columns = tuple(column for column in schema.columns if column.name != self.purpose.target)
        table = self.fresh.records.drop_columns([self.purpose.target])
        without = Dataset.of(table, replace(schema, tables={schema.root: columns}))
        same = np.array_equal(_array(self.fitted.predict(without)), self.scores)
        return "" if same else "the predictions change when the target column is absent."

    def alone(self) -> Finding:
        turned = np.arange(self.fresh.rows)[::-1]
        back = _array(self.fitted.predict(self.fresh.take(turned)))[turned]
        few = _array(self.fitted.predict(self.fresh.take(np.arange(3))))
        if np.allclose(back, self.scores, atol=SAME) and np.allclose(few, self.scores[:3], atol=SAME):
            return ""
        return "a record's prediction depends on the records beside it or on their order."

    def learns(self) -> Finding:
        agreement = self._agreement(self.fitted, self.train)
        return "" if agreement > 0 else f"on its own training records it agrees with the target by {agreement:.3f}."

    def weights(self) -> Finding:
        if not getattr(self.make(), "weighted", True):
            return None
        both = self.train.concat(self._turned(self.train))
        half = np.repeat([1.0, 0.0], self.train.rows)
        own = self._agreement(self._fit(self.make(), both, half), self.train)
        other = self._agreement(self._fit(self.make(), both, 1.0 - half), self.train)
        if own > 0 > other:
            return ""
        return f"records of weight 0 have an influence: agreement {own:.3f} where it should be above 0, {other:.3f} below."

    def unseen(self) -> Finding:
        met = category_of(self.fresh)
        odd = self.fresh
        if met:
            odd = replace_values(odd, met[0], pa.array(["a category never seen"] * odd.rows))
        lacking = self.fresh
        for column in lacking.schema.features():
            lacking = replace_values(lacking, column.name, pa.nulls(lacking.rows))
        for records in (odd, lacking):
            predictions = self.fitted.predict(records)
            fault = self._misshapen(predictions, records.rows) or self._outside(_array(predictions))
            if fault:
                return fault
        return ""

    def none(self) -> Finding:
        predictions = self.fitted.predict(self.fresh.take(np.array([], int)))
        return "" if predictions.num_rows == 0 else f"0 records gave {predictions.num_rows} rows."

    def lacking(self) -> Finding:
        if self.task == "regression":
            return None
        target = np.array(self.train.column(self.purpose.target).to_pylist())
        part = self.train.take(target != self.purpose.classes[0])
        try:
            predictions = self._fit(self.make(), part, part.weight).predict(self.fresh)
        except ProveError:
            return ""
        return self._misshapen(predictions, self.fresh.rows) or self._outside(_array(predictions))

    def regularised(self) -> Finding:
        stronger = getattr(self.make(), "regularised", None)
        if stronger is None:
            return None
        learner = stronger()
        if not isinstance(learner, Learner):
            return f"regularised() gave {type(learner).__name__}."
        predictions = self._fit(learner, self.train, self.train.weight).predict(self.fresh)
        return self._misshapen(predictions, self.fresh.rows) or self._outside(_array(predictions))

    def _misshapen(self, predictions: pa.Table, rows: int) -> str:
        if "score" not in predictions.column_names:
            return f"there is no column 'score' but {predictions.column_names}."
        if predictions.num_rows != rows:
            return f"{rows} records gave {predictions.num_rows} rows."
        shape = _array(predictions).shape
        want = (rows, len(self.purpose.classes)) if self.task == "multiclass" else (rows,)
        return "" if shape == want else f"the scores have the shape {shape}, not {want}."

    def _outside(self, scores: np.ndarray) -> str:
        if not np.isfinite(scores).all():
            return "a score is missing or not finite."
        if self.task != "regression" and (scores.min() < 0 or scores.max() > 1):
            return f"probabilities reach from {scores.min():.3f} to {scores.max():.3f}."
        if self.task == "multiclass" and not np.allclose(scores.sum(axis=1), 1, atol=1e-6):
            return "the probabilities of a record do not add up to 1."
        return ""

    def _turned(self, records: Dataset) -> Dataset:
        """The same records with the opposite target: the next class, or the mirrored number."""
        values = records.column(self.purpose.target).to_pylist()
        if self.task == "regression":
            turned = [min(values) + max(values) - value for value in values]
        else:
            classes = self.purpose.classes
            turned = [classes[(classes.index(value) + 1) % len(classes)] for value in values]
        return replace_values(records, self.purpose.target, pa.array(turned))

    def _agreement(self, learner: Learner, records: Dataset) -> float:
        """Above 0: the predictions follow the target of the records; below 0: they follow the opposite target."""
        scores = _array(learner.predict(records))
        values = records.column(self.purpose.target).to_pylist()
        if self.task == "regression":
            return float(np.cov(scores, np.array(values, float))[0, 1])
        table = np.column_stack([1 - scores, scores]) if self.task == "binary" else scores
        codes = np.array([self.purpose.classes.index(value) for value in values])
        rows = np.arange(len(codes))
        return float((table[rows, codes] - table[rows, (codes + 1) % table.shape[1]]).mean())


def _array(predictions: pa.Table) -> np.ndarray:
    """The column "score" as shape (records,) or (records, classes)."""
    return np.array(predictions.column("score").to_pylist(), float)
