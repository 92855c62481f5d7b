"""The real-data curve: what more real records would give, and how many the synthetic ones are worth.

Below n, by interpolation: n' real records with synthetic ones do as well as n'' real records alone, n' < n'' <= n; the
synthetic ones are then worth n'' - n'. At n, only by a fitted power law, with an interval and capped at 2 n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import numpy as np
import pyarrow as pa

from complement.core.seed import rng_at, seed_at
from complement.core.verdict import CurvePoint, RealCurve, Worth
from complement.prove import arms
from complement.prove.arms import Training
from complement.prove.design import Trial, share_of
from complement.prove.estimate import Scores, Sealed, difference
from complement.prove.metrics import score_array
from complement.prove.plug_in_metric import OnArrays

SHARES = (0.25, 0.35, 0.5, 0.7)  # of a learning part; 1 comes from the trial itself
HALF = 0.5  # at which the arm is trained again
REPEATS = 2  # nested subsamples per cut: one alone says as much of the subsample as of its size
SIMULATED = 2000


@dataclass(frozen=True)
class CurveTask:
    """Shard number = cut * REPEATS + repeat."""

    trial: Trial
    weights: Mapping[str, tuple[float, ...]]

    def __call__(self, shard: int) -> pa.Table:
        """Predictions of the sealed records of one cut: columns "learner|share" and "learner|half arm"."""
        trial = self.trial
        number, repeat = divmod(shard, REPEATS)
        cut = trial.cuts[number]
        shown = trial.real.take(cut.test).drop(trial.purpose.target)
        seed = seed_at(trial.plan.seed, "curve", number, repeat)
        columns: dict[str, pa.ChunkedArray] = {}
        for share in SHARES:
            train = trial.learnt(share_of(trial, cut.train, share, "curve", number, repeat))
            pool = trial.pool.make(train, total=trial.real.rows, seed=seed) if share == HALF else None
            for name, learner in trial.learners.items():
                real = Training(train, arms.real_mass(train))
                columns[f"{name}|{share}"] = arms.fit(learner, real, trial.purpose, seed=seed).predict(shown).column("score")
                if pool is not None:
                    mixed = arms.mixed(train, pool, self.weights[name][number])
                    columns[f"{name}|half arm"] = (
                        arms.fit(learner, mixed, trial.purpose, seed=seed).predict(shown).column("score")
                    )
        return pa.table(columns)


@dataclass(frozen=True, repr=False)
class Curve:
    """Values by number of real records, + is better, and a joint simulation of their errors, shape (draws, points)."""

    rows: np.ndarray
    real: np.ndarray
    half_arm: float
    full_arm: float
    real_drawn: np.ndarray
    half_drawn: np.ndarray
    full_drawn: np.ndarray


@dataclass(frozen=True, repr=False)
class Ends:
    """What the trial itself gave at full size: real only and the arm, on these parts of the sealed records."""

    sealed: Sealed
    base: Scores
    arm: Scores
    masks: Sequence[np.ndarray]


def curve_of(task: CurveTask, tables: Sequence[pa.Table], learner: str, metric: OnArrays, ends: Ends) -> Curve | None:
    """The curve of one learner from the shards' predictions and the trial's own fits at full size."""
    sign = -1.0 if metric.better == "low" else 1.0
    real = [*(_scores(task, tables, f"{learner}|{share}") for share in SHARES), ends.base]
    every = [*real, _scores(task, tables, f"{learner}|half arm"), ends.arm]
    known = [e for scores in every if (e := difference(metric, ends.sealed, scores, None, ends.masks)) is not None]
    if len(known) < len(every):
        return None
    units = np.stack([estimate.units for estimate in known])
    values = sign * np.array([estimate.value for estimate in known])
    spread = units @ units.T + np.diag([estimate.seeds_variance for estimate in known])
    # A covariance is positive by its making; numpy's check has an absolute tolerance, too small for targets in the millions.
    drawn = rng_at(0, "curve").multivariate_normal(values, spread, SIMULATED, method="eigh", check_valid="ignore")
    learnt = float(np.mean([len(cut.train) for cut in task.trial.cuts]))
    rows = learnt * np.array([*SHARES, 1.0])
    return Curve(rows, values[:-2], values[-2], values[-1], drawn[:, :-2], drawn[:, -2], drawn[:, -1])


def _scores(task: CurveTask, tables: Sequence[pa.Table], column: str) -> Scores:
    return [
        [score_array(pa.table({"score": tables[cut * REPEATS + r].column(column)})) for r in range(REPEATS)]
        for cut in range(len(task.trial.cuts))
    ]


def shown(curve: Curve, *, better: Literal["high", "low"]) -> RealCurve:
    """The curve in the metric's own unit, with 95 % intervals over the sealed units: real only, and the arm at half and at n."""
    sign = -1.0 if better == "low" else 1.0

    def point(rows: float, value: float, drawn: np.ndarray) -> CurvePoint:
        low, high = np.quantile(sign * drawn, [0.025, 0.975])
        return CurvePoint(float(rows), float(sign * value), float(low), float(high))

    sizes = zip(curve.rows, curve.real, curve.real_drawn.T, strict=True)
    half, full = HALF * curve.rows[-1], curve.rows[-1]
    arms = (point(half, curve.half_arm, curve.half_drawn), point(full, curve.full_arm, curve.full_drawn))
    return RealCurve(better, tuple(point(*size) for size in sizes), arms)


def worth_of(curve: Curve, *, price: float | None, cost: float) -> Worth:
    """How many real records the synthetic ones are worth, with a 95 % interval over the sealed units.

    Interpolated at half of the real records where the curve reaches the arm's value, else by the power law at n.
    """
    half, full = HALF * curve.rows[-1], curve.rows[-1]
    at_half = np.array([_reached(curve.rows, real, arm) for real, arm in zip(curve.real_drawn, curve.half_drawn, strict=True)])
    point = _reached(curve.rows, np.asarray(curve.real), curve.half_arm)
    if np.isfinite(point) and np.mean(np.isfinite(at_half)) > 0.975:
        low, high = np.quantile(at_half[np.isfinite(at_half)], [0.025, 0.975]) - half
        note = f"with {half:,.0f} real records, the synthetic ones do what {_more(point - half)} real ones would"
        begin = float(curve.rows[0])
        if point <= begin:
            below = (
                f"with {half:,.0f} real records and the synthetic ones the model is no better than with {begin:,.0f} real ones"
            )
            return Worth(note=f"{below}, where the curve begins: below that nothing is measured")
        if half + low <= begin:
            note += f"; {begin - half:,.0f} is capped: the curve begins at {begin:,.0f} records, so it may be less"
        return _priced(Worth(float(point - half), float(low), float(high), "interpolated", note), price, cost)
    law = _by_power_law(curve.rows, curve.real_drawn, curve.full_drawn)
    point = float(_by_power_law(curve.rows, np.asarray(curve.real)[None, :], np.array([curve.full_arm]))[0])
    known = law[~np.isnan(law)]
    if np.isnan(point) or len(known) < SIMULATED // 2:
        return Worth(note="the real-data curve does not rise clearly enough to say what more records are worth")
    low, high = np.quantile(known, [0.025, 0.975])
    note = f"at {full:,.0f} real records, by a power law fitted to {len(curve.rows)} sizes and capped at twice as many"
    unbounded = high >= full - 0.5
    return _priced(
        Worth(float(min(point, full)), float(low), None if unbounded else float(high), "extrapolated", note), price, cost
    )


def agreeing(worth: Worth, effect: float) -> Worth:
    """The same, or none where its sign contradicts the effect's: what half of the records say is then no measure of all. Where
    the interval holds 0 the note says so: a number beside "no difference" would be read as a gain."""
    if worth.value is not None and worth.low is not None and worth.low <= 0 <= (inf if worth.high is None else worth.high):
        worth = replace(worth, note=f"not shown to be worth any: the interval holds 0; {worth.note}", saved=None)
    if worth.value is None or round(worth.value) * effect >= 0:
        return worth
    sides = ("less", "more") if worth.value < 0 else ("more", "less")
    note = f"with half of the real records the synthetic ones seem worth {sides[0]} than nothing, with all of them {sides[1]}"
    return Worth(note=f"{note}: no number would be true of both")


def _more(rows: float) -> str:
    return f"{rows:,.0f} more" if rows >= 0 else f"{-rows:,.0f} fewer"


def _priced(worth: Worth, price: float | None, cost: float) -> Worth:
    if price is None or worth.value is None:
        return worth
    return Worth(worth.value, worth.low, worth.high, worth.method, worth.note, saved=worth.value * price - cost)


def _reached(rows: np.ndarray, real: np.ndarray, arm: float) -> float:
    """The number of real records at which real only reaches the arm's value; nan above the curve, its left end below it."""
    rising = np.maximum.accumulate(real)
    if arm > rising[-1]:
        return float("nan")
    if arm <= rising[0]:
        return float(rows[0])
    at = int(np.searchsorted(rising, arm))
    share = (arm - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(np.exp(np.log(rows[at - 1]) + share * (np.log(rows[at]) - np.log(rows[at - 1]))))


def _by_power_law(rows: np.ndarray, real: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Extra records at n by value = a - b * rows^-c, c in [.1, 2]; in [-n, n]; nan where the curve does not rise.

    `real`: values, shape (draws, points); `arm`: shape (draws,). For each c of a grid, a and b follow by least squares; the
    best c is taken.
    """
    best = np.full(len(arm), np.inf)
    found = np.full(len(arm), np.nan)
    for c in np.linspace(0.1, 2.0, 39):
        design = np.stack([np.ones_like(rows), -((rows / rows[-1]) ** -c)], axis=1)
        a, b = np.linalg.pinv(design) @ real.T
        error = np.sum((np.stack([a, b], axis=1) @ design.T - real) ** 2, axis=1)
        # The arm's lead over real only is moved onto the fitted curve, where n has the value a - b.
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 1 - (arm - real[:, -1]) / b
            extra = np.where(left <= 2.0**-c, rows[-1], rows[-1] * np.abs(left) ** (-1 / c) - rows[-1])
        better = (b > 0) & (error < best)
        best = np.where(better, error, best)
        found = np.where(better, extra, found)
    return found
