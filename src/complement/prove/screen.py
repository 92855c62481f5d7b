"""Screening: the arm's weight is chosen inside each fold, on its learning part alone, by successive halving.

The arm of a trial is "screen, then train", so that choosing the best of several weights is inside what is judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.seed import seed_at
from complement.prove import arms
from complement.prove.design import Cut, Trial, inner_cuts
from complement.prove.estimate import in_part, measured


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
