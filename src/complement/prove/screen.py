"""Screening: the arm's weight is chosen inside each fold, on its learning part alone, by successive halving.

The arm of a trial is "screen, then train", so that choosing the best of several weights is inside what is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import t

from complement.core.seed import seed_at
from complement.core.verdict import Screened
from complement.prove import arms
from complement.prove.design import Cut, Trial, inner_cuts
from complement.prove.estimate import in_part, measured

# An interval over two folds is as wide as t with one degree of freedom: 13 times its standard error, and tells nothing.
LEAST_FOLDS = 3


@dataclass(frozen=True)
class ScreenTask:
    """Shard number = cut."""

    trial: Trial

    def __call__(self, shard: int) -> pa.Table:
        """One row per learner, weight and round: the score (+ is better). The last round's best is the choice."""
        rows: list[tuple[str, float, int, float]] = []
        inner = inner_cuts(self.trial, self.trial.cuts[shard], shard)
        for name in self.trial.learners:
            alive = list(self.trial.plan.screened)
            scores: dict[float, list[float]] = {weight: [] for weight in alive}
            for turn, cut in enumerate(inner):
                for weight, score in zip(alive, self._scores(name, alive, cut, shard, turn), strict=True):
                    scores[weight].append(score)
                    rows.append((name, weight, turn, score))
                kept = max(1, len(alive) // 2)
                alive = sorted(alive, key=lambda weight: (-_mean(scores[weight]), weight))[:kept]
                if kept == 1:
                    break
            rows.append((name, alive[0], -1, _mean(scores[alive[0]])))
        names, weights, turns, values = zip(*rows, strict=True)
        return pa.table({"learner": names, "weight": weights, "round": turns, "score": values})

    def _scores(self, name: str, weights: list[float], cut: Cut, shard: int, turn: int) -> list[float]:
        trial = self.trial
        seed = seed_at(trial.plan.seed, "screen", shard, turn)
        train, held = trial.learnt(cut.train), trial.learnt(cut.test)
        pool = trial.pool.make(train, total=trial.real.rows, seed=seed)
        part = in_part(trial.purpose, held)
        found: list[float] = []
        for weight in weights:
            fitted = arms.fit(trial.learners[name], arms.mixed(train, pool, weight), trial.purpose, seed=seed)
            value = measured(trial.metric, held, fitted.predict(held.drop(trial.purpose.target)), part, trial.purpose)
            found.append(value if trial.metric.better == "high" else -value)
        return found


def _mean(scores: list[float]) -> float:
    """Nothing measured counts as worst; among equals the smaller weight wins."""
    finite = [score for score in scores if np.isfinite(score)]
    return float(np.mean(finite)) if finite else -np.inf


def chosen(table: pa.Table) -> dict[str, float]:
    """The weight that screening chose, by learner."""
    last = table.filter(pc.equal(table.column("round"), -1))
    return dict(zip(last.column("learner").to_pylist(), last.column("weight").to_pylist(), strict=True))


def screened(tables: Sequence[pa.Table], learner: str) -> tuple[Screened, ...]:
    """What every weight gave against weight 0, by the table of each cut; none where weight 0 was not tried.

    Of the first round alone: there every weight is measured on the same records. Later ones hold only those that did well in
    it, by luck too, and a mean over both would pull the others down.
    """
    found: dict[float, list[float]] = {}
    for table in tables:
        rows = [row for row in table.to_pylist() if row["learner"] == learner and row["round"] == 0]
        base = next((row["score"] for row in rows if row["weight"] == 0), float("nan"))
        for row in rows:
            if np.isfinite(row["score"] - base):
                found.setdefault(row["weight"], []).append(row["score"] - base)
    return tuple(_over_folds(weight, np.array(gains)) for weight, gains in sorted(found.items()))


def _over_folds(weight: float, gains: np.ndarray) -> Screened:
    value, folds = float(gains.mean()), len(gains)
    if weight == 0 or folds < LEAST_FOLDS:
        return Screened(weight, value, None, None, folds)
    reach = float(t.ppf(0.975, folds - 1) * gains.std(ddof=1) / np.sqrt(folds))
    return Screened(weight, value, value - reach, value + reach, folds)
