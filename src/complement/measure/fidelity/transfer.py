"""Train on synthetic, test on real (TSTR): what a model learns from synthetic records, beside what it learns from real ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from complement.core.contracts import Context, Learner
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.score import Score
from complement.core.seed import seed_at
from complement.measure.drawn import drawn
from complement.measure.means import reach
from complement.measure.privacy.attack import check_sizes
from complement.models.learners import LightGBM
from complement.models.table_learner import target_array

LEAST = 10  # records to learn from or to judge on; fewer of a class, or of all, say nothing


@dataclass(frozen=True)
class Tstr:
    """How well a learner does on tune after learning from synthetic records (TSTR), and after as many train records (TRTR).

    "tstr_auroc" for classes (several: each against the rest, the mean), "tstr_r2" for numbers; "..._base" is TRTR;
    "..._difference" is TSTR - TRTR, better when high. Intervals over the units of tune, by the influence of each record
    (AUROC: DeLong et al. 1988), that of the difference paired; None below 30 units. `learner`: the one that is shipped,
    LightGBM by default. At most `most_rows` records are learnt from, and as many judged on. **No verdict**: one fit, no
    guards, no competitors, and nothing about real and synthetic together; whether the records help, `prove` decides. Empty
    without tune or purpose, or where tune has fewer than 10 records with a known target or a single class.
    """

    learner: Learner = field(default_factory=LightGBM)
    most_rows: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        purpose = context.purpose
        if purpose is None or context.tune is None or min(synthetic.rows, context.train.rows) < LEAST:
            return []
        tune = drawn(context.tune, self.most_rows, self.seed, "tstr", "tune")
        truth = target_array(tune.column(purpose.target), purpose)
        known = np.isfinite(truth) & ((truth >= 0) | (purpose.task == "regression"))
        truth, tune = truth[known], tune.take(np.flatnonzero(known))
        rows = min(synthetic.rows, context.train.rows, self.most_rows)
        sides = [drawn(side, rows, self.seed, "tstr", place) for place, side in enumerate((synthetic, context.train))]
        if len(truth) < LEAST or len(np.unique(truth)) < 2 or not all(_teaches(side, purpose) for side in sides):
            return []
        name = "tstr_r2" if purpose.task == "regression" else "tstr_auroc"
        measured = [self._measured(side, tune, truth, purpose) for side in sides]
        (made, made_influence), (real, real_influence) = measured
        unit, least = tune.units(), -np.inf if name == "tstr_r2" else 0.0
        return [
            _score(name, made, made_influence, unit, (least, 1.0)),
            _score(f"{name}_base", real, real_influence, unit, (least, 1.0)),
            _score(f"{name}_difference", made - real, made_influence - real_influence, unit, (-np.inf, np.inf)),
        ]

    def _measured(self, taught: Dataset, tune: Dataset, truth: np.ndarray, purpose: Purpose) -> tuple[float, np.ndarray]:
        learner = self.learner.fit(taught, purpose, weight=np.ones(taught.rows), seed=seed_at(self.seed, "tstr"))
        column = learner.predict(tune.drop(purpose.target)).column("score").combine_chunks()
        if purpose.task == "multiclass":
            scores = np.asarray(column.to_pylist(), float)
            there = list(np.unique(truth).astype(int))
            found = [_auroc(truth == place, scores[:, place]) for place in there]
            return float(np.mean([value for value, _ in found])), np.mean([influence for _, influence in found], axis=0)
        scores = np.asarray(column.to_numpy(zero_copy_only=False), float)
        return _auroc(truth == 1, scores) if purpose.task == "binary" else _r2(truth, scores)


def _teaches(records: Dataset, purpose: Purpose) -> bool:
    truth = target_array(records.column(purpose.target), purpose)
    return bool((np.isfinite(truth) & ((truth >= 0) | (purpose.task == "regression"))).any())


def _score(name: str, value: float, influence: np.ndarray, unit: np.ndarray, within: tuple[float, float]) -> Score:
    half = reach(influence, unit)
    plain = Score(name, value, None, None, len(np.unique(unit)), "high")
    return plain if half is None else replace(plain, low=max(within[0], value - half), high=min(within[1], value + half))


def _auroc(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """The area under the ROC curve and the influence of each record on it, shape (records,), mean 0."""
    from scipy.stats import rankdata

    one, other = scores[positive], scores[~positive]
    ranks = rankdata(np.concatenate([one, other]))
    above = (ranks[: len(one)] - rankdata(one)) / len(other)
    below = 1 - (ranks[len(one) :] - rankdata(other)) / len(one)
    value = float(above.mean())
    influence = np.zeros(len(scores))
    influence[positive] = (above - value) * len(scores) / len(one)
    influence[~positive] = (below - value) * len(scores) / len(other)
    return value, influence


def _r2(truth: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """The share of the variance that is explained and the influence of each record on it, shape (records,), mean 0."""
    wrong, spread = (truth - scores) ** 2, (truth - truth.mean()) ** 2
    error, whole = float(wrong.mean()), float(spread.mean())
    return 1 - error / whole, -(wrong - error) / whole + error * (spread - whole) / whole**2
