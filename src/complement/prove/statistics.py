"""Intervals of the trial: what is random for each question, and how the parts of its variance add up.

An estimate is a difference of two arms. It has one contribution per cluster of sealed units (influence values, Bayle,
Bayle, Janson & Mackey 2020) and one deviation per fold and seed. Their variances add: averaging the seeds first and then
counting units alone is what makes false verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from complement.core.seed import rng_at
from complement.core.verdict import Effect

POWER = 0.8
SIMULATED = 20_000  # draws for the max-|t| quantile; its error is then below .02


@dataclass(frozen=True, repr=False)
class Estimate:
    """A difference (+ is better) and where its uncertainty comes from.

    `units`: contributions per cluster of sealed units, shape (clusters,), summing to about 0. `seeds`: per fold and seed,
    the deviation from the fold's mean, times the fold's share, shape (folds, seeds). `draws`: per training draw (question
    "recipe"), its deviation over the number of draws, shape (draws,), empty otherwise; `draws_factor` widens it where draws
    overlap (Nadeau & Bengio 2003). `n`: sealed units. `both` is the variance that the units' and the seeds' parts both
    hold, because a unit fares differently with every seed: it must be counted once (Owen 2007). `units_df`: degrees of freedom
    of the units' variance where they are fewer than clusters less one.
    """

    value: float
    units: np.ndarray
    seeds: np.ndarray
    n: int
    draws: np.ndarray = field(default_factory=lambda: np.zeros(0))
    draws_factor: float = 1.0
    both: float = 0.0
    units_df: float | None = None

    @property
    def units_variance(self) -> float:
        """What the sealed units make it vary."""
        clusters = len(self.units)
        return float(np.sum(self.units**2)) * clusters / max(clusters - 1, 1)

    @property
    def seeds_variance(self) -> float:
        """What the seeds add to the units' variance."""
        count = self.seeds.shape[1]
        return max(float(np.sum(self.seeds**2)) / (count - 1) / count - self.both, 0.0) if count > 1 else 0.0

    @property
    def draws_variance(self) -> float:
        count = len(self.draws)
        return float(np.sum(self.draws**2)) * count / (count - 1) * self.draws_factor if count > 1 else 0.0

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.units_variance + self.seeds_variance + self.draws_variance))

    @property
    def df(self) -> float:
        """Degrees of freedom of the standard error (Welch-Satterthwaite)."""
        folds, count = self.seeds.shape
        parts = [
            (self.units_variance, max(min(len(self.units) - 1, self.units_df or np.inf), 1)),
            (self.seeds_variance, max(folds * (count - 1), 1)),
            (self.draws_variance, max(len(self.draws) - 1, 1)),
        ]
        total = sum(variance for variance, _ in parts)
        spread = sum(variance**2 / df for variance, df in parts)
        return total**2 / spread if spread > 0 else np.inf

    def effect(self, level: float) -> Effect:
        """The interval at this critical value (such as 1.96)."""
        return Effect(self.value, self.value - level * self.error, self.value + level * self.error, self.n)


def critical(estimate: Estimate, alpha: float) -> float:
    """The two-sided critical value of one estimate."""
    return float(stats.t.ppf(1 - alpha / 2, estimate.df))


def simultaneous(estimates: Sequence[Estimate], alpha: float) -> float:
    """The critical value that holds for all estimates at once: the (1 - alpha) quantile of max |t|.

    The joint distribution is that of a multivariate t whose correlation comes from the shared units and seeds, with the
    smallest degrees of freedom of all. It is the Gaussian-multiplier form of the joint bootstrap.
    """
    moving = [estimate for estimate in estimates if estimate.error > 0]
    if len(moving) <= 1:
        return critical(moving[0], alpha) if moving else float(stats.norm.ppf(1 - alpha / 2))
    units = np.stack([estimate.units for estimate in moving])
    seeds = np.stack([estimate.seeds.ravel() for estimate in moving])
    count = moving[0].seeds.shape[1]
    draws = np.stack([estimate.draws for estimate in moving])
    covariance = units @ units.T + moving[0].draws_factor * draws @ draws.T
    if count > 1:
        covariance += seeds @ seeds.T / (count - 1) / count
    error = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(error, error) if (error > 0).all() else np.eye(len(moving))
    df = min(estimate.df for estimate in moving)
    rng = rng_at(0, "max-t", len(moving))
    drawn = rng.multivariate_normal(np.zeros(len(moving)), correlation, SIMULATED, method="eigh")
    if np.isfinite(df):
        drawn /= np.sqrt(rng.chisquare(df, SIMULATED) / df)[:, None]
    # Never below the single quantile, which simulation error could otherwise undercut.
    return max(float(np.quantile(np.abs(drawn).max(axis=1), 1 - alpha)), max(critical(e, alpha) for e in moving))


def detectable(estimate: Estimate, alpha: float, margin: float) -> float:
    """The smallest true effect that would be found with a power of .8. From the variance, never from the effect."""
    return detectable_at(estimate.error, estimate.df, alpha, margin)


def detectable_at(error: float, df: float, alpha: float, margin: float) -> float:
    """The same from a standard error: the interval must clear 0, and the point must clear the margin."""
    power = float(stats.t.ppf(POWER, df)) * error
    return max(float(stats.t.ppf(1 - alpha / 2, df)) * error + power, margin + power)


def units_to_settle(estimate: Estimate, alpha: float, margin: float) -> int | None:
    """How many sealed units would bring the detectable effect down to twice the margin; None: no number would.

    Twice: the interval is then no wider than what separates "no difference" from an effect that matters. The variance over
    units shrinks with their number, that over seeds and draws does not.
    """
    level = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(POWER))
    left = (2 * margin / level) ** 2 - estimate.seeds_variance - estimate.draws_variance
    if left <= 0 or not np.isfinite(estimate.units_variance):
        return None
    return max(estimate.n, int(np.ceil(estimate.n * estimate.units_variance / left)))


def overlap_factor(draws: int, *, tested: int, trained: int) -> float:
    """What half-draws of one data set add: (1/J + test/train) s^2 in place of s^2/J (Nadeau & Bengio 2003). Very cautious."""
    return 1 + draws * tested / trained


def benjamini_hochberg(p_values: np.ndarray, q: float) -> np.ndarray:
    """Which hypotheses are rejected at false discovery rate q (Benjamini & Hochberg 1995), shape (tests,)."""
    count = len(p_values)
    found = np.zeros(count, bool)
    if not count:
        return found
    order = np.argsort(p_values)
    below = np.flatnonzero(p_values[order] <= q * np.arange(1, count + 1) / count)
    if len(below):
        found[order[: below[-1] + 1]] = True
    return found


def p_value(estimate: Estimate) -> float:
    """Two-sided p-value of "no difference at all"."""
    if estimate.error == 0:
        return 1.0 if estimate.value == 0 else 0.0
    return float(2 * stats.t.sf(abs(estimate.value) / estimate.error, estimate.df))
