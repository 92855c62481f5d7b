"""What every metric must do, as named checks that can be run on any plug-in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from complement.core.contracts import Metric
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose, Task
from complement.core.seed import rng_at
from complement.testing.conform import Finding, conform
from complement.testing.sample import sample_purpose, sample_records

Make = Callable[[Purpose], Metric]
SAME = 1e-9  # the same sum in another order
STEP = 1e-5  # how far a weight is moved to take the derivative; the rest of the Taylor series is of its square


def check_metric(make: Make, *, task: Task = "binary", purpose: Purpose | None = None) -> list[str]:
    """Check a metric against core.contracts.Metric for one task; `make(purpose)` gives the metric.

    `purpose` (default: `sample_purpose(task)`) has the target and the classes of `sample_records(task=...)`. Gives
    the names of the checks that hold; a metric whose `influence` is None leaves its two checks out. Raises
    PluginError at the first check that fails.
    """
    trial = _Trial(make, sample_purpose(task) if purpose is None else purpose)
    return conform(
        "metric",
        [
            ("it meets the Protocol", trial.meets),
            ("its score is a finite number", trial.finite),
            ("perfect predictions are best", trial.perfect),
            ("the order of records does not matter", trial.order),
            ("a record of weight 0 does not count", trial.weightless),
            ("only the ratios of weights matter", trial.scale),
            ("influence has the mean 0", trial.mean),
            ("influence is the derivative by a record's weight", trial.derivative),
        ],
    )


class _Trial:
    """One metric under test; each method is a check."""

    def __init__(self, make: Make, purpose: Purpose) -> None:
        self.make, self.purpose = make, purpose
        self.truth = sample_records(200, task=purpose.task, seed=7)
        self.ones = np.ones(self.truth.rows)
        self.noisy = _predictions(self.truth, purpose, noise=1.0)

    def _score(self, truth: Dataset, predictions: pa.Table, weight: np.ndarray) -> float:
        return self.make(self.purpose).score(truth, predictions, weight=weight)

    def _influence(self) -> np.ndarray | None:
        return self.make(self.purpose).influence(self.truth, self.noisy, weight=self.ones)

    def meets(self) -> Finding:
        metric = self.make(self.purpose)
        if not isinstance(metric, Metric):
            return f"{type(metric).__name__} lacks one of name, better, tasks, margin, score, influence."
        if metric.better not in ("high", "low"):
            return f"better is {metric.better!r}, not 'high' or 'low'."
        if self.purpose.task not in metric.tasks:
            return f"it was built for {self.purpose.task}, its tasks are {metric.tasks}."
        return "" if np.isfinite(metric.margin) and metric.margin > 0 else f"its margin is {metric.margin!r}."

    def finite(self) -> Finding:
        score = self._score(self.truth, self.noisy, self.ones)
        return "" if isinstance(score, float) and np.isfinite(score) else f"it gave {score!r}."

    def perfect(self) -> Finding:
        sign = 1 if self.make(self.purpose).better == "high" else -1
        best = self._score(self.truth, _predictions(self.truth, self.purpose, noise=0.0), self.ones)
        for noise in (0.5, 1.0):
            worse = self._score(self.truth, _predictions(self.truth, self.purpose, noise=noise), self.ones)
            if sign * (worse - best) > SAME:
                return f"perfect predictions score {best:.6f}, noisy ones {worse:.6f}."
        return ""

    def order(self) -> Finding:
        turned = rng_at(0, "testing", "order").permutation(self.truth.rows)
        weight = 0.5 + rng_at(0, "testing", "weight").random(self.truth.rows)
        one = self._score(self.truth, self.noisy, weight)
        other = self._score(self.truth.take(turned), self.noisy.take(pa.array(turned)), weight[turned])
        return "" if abs(one - other) <= SAME else f"{one!r} in one order, {other!r} in another."

    def weightless(self) -> Finding:
        keep = np.arange(self.truth.rows) % 4 != 0
        one = self._score(self.truth, self.noisy, keep.astype(float))
        other = self._score(self.truth.take(keep), self.noisy.filter(pa.array(keep)), self.ones[keep])
        return "" if abs(one - other) <= SAME else f"{one!r} with weight 0, {other!r} without the records."

    def scale(self) -> Finding:
        one, other = (self._score(self.truth, self.noisy, factor * self.ones) for factor in (1.0, 3.0))
        return "" if abs(one - other) <= SAME else f"{one!r} with weights of 1, {other!r} with weights of 3."

    def mean(self) -> Finding:
        influence = self._influence()
        if influence is None:
            return None
        if influence.shape != (self.truth.rows,) or not np.isfinite(influence).all():
            return f"its shape is {influence.shape} for {self.truth.rows} records, or a value is not finite."
        return "" if abs(influence.mean()) <= 1e-6 * (1 + influence.std()) else f"its mean is {influence.mean():.6f}."

    def derivative(self) -> Finding:
        influence = self._influence()
        if influence is None:
            return None
        slopes = np.zeros(self.truth.rows)
        for place in range(0, self.truth.rows, 5):
            up, down = self.ones.copy(), self.ones.copy()
            up[place] += STEP
            down[place] -= STEP
            rise = self._score(self.truth, self.noisy, up) - self._score(self.truth, self.noisy, down)
            slopes[place] = self.truth.rows * rise / (2 * STEP)
        tried = np.arange(0, self.truth.rows, 5)
        gap = np.abs(slopes[tried] - influence[tried])
        allowed = 0.01 * float(np.std(influence)) + 1e-6  # 1 %: what is left of rounding in the difference
        if gap.max() <= allowed:
            return ""
        place = int(tried[gap.argmax()])
        return f"record {place} has the influence {influence[place]:.5f}; moving its weight gives {slopes[place]:.5f}."


def _predictions(truth: Dataset, purpose: Purpose, *, noise: float) -> pa.Table:
    """Predictions without ties: the truth itself at noise 0, less and less of it above."""
    rng = rng_at(0, "testing", "predictions")
    values = truth.column(purpose.target).to_pylist()
    if purpose.task == "regression":
        wanted = np.array(values, float)
        return pa.table({"score": wanted + noise * wanted.std() * rng.standard_normal(len(values))})
    codes = np.array([purpose.classes.index(value) for value in values])
    exact = np.eye(len(purpose.classes))[codes]
    if noise:
        logits = 2.0 * exact + 2.0 * noise * rng.standard_normal(exact.shape)
        exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if purpose.task == "binary":
        return pa.table({"score": exact[:, 1]})
    return pa.table({"score": pa.array(exact.tolist(), pa.list_(pa.float64()))})
