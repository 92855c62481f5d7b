"""The target given all else: boosted trees say how likely each class is, and classes are drawn as evenly as they are likely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from complement.core.seed import rng_at
from complement.generate.codec import Code
from complement.generate.forest.column import Known
from complement.models.openmp import load_lightgbm

MOST_CLASSES = 16  # of a target; more are left to trees
FEWEST, FEWEST_OF_CLASS = 400, 20  # records below which boosting learns noise
ASIDE = 5  # one record in so many says when to stop
SETTINGS = {"num_leaves": 15, "min_data_in_leaf": 20, "min_sum_hessian_in_leaf": 1.0, "verbose": -1}
# Slow steps, ended by the records aside; and, where records shall be made at once, a number that is fixed: more of them once the
# rarest class has so many records that a hundred steps learn no noise (chosen on Adult and default_credit's development halves).
PATIENT = {"learning_rate": 0.05, "feature_fraction": 0.5}, 400
QUICK = {"learning_rate": 0.25, "feature_fraction": 0.7}, 24
LONGER, PLENTY = ({"learning_rate": 0.12, "feature_fraction": 0.5}, 100), 2000
PATIENCE = 15
AT_ONCE, MANY = 20, 10_000  # steps of boosting that are asked together, of more than so many records


@dataclass(frozen=True, repr=False)
class Boosted:
    """A fitted target: `classes` are its codes, NaN where missing is one of them."""

    code: Code
    predictors: tuple[str, ...]
    classes: np.ndarray
    booster: Any

    def draw(
        self,
        seen: Mapping[str, np.ndarray],
        made: Mapping[str, np.ndarray],
        rows: int,
        rng: np.random.Generator,
        used: list[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Codes, shape (rows,), given what the predictors look like. No real record gives any of them."""
        return self.classes[evenly(self._shares(_matrix(seen, self.predictors)), rng)]

    def _shares(self, matrix: np.ndarray) -> np.ndarray:
        """How likely each class is, shape (rows, classes). Of many records some trees at a time, for the nearest cache."""
        from scipy.special import expit, softmax

        steps = self.booster.current_iteration()
        together = AT_ONCE if len(matrix) > MANY else steps
        manner, starts = {"num_iteration": together, "raw_score": True, "num_threads": 1}, range(0, steps, together)
        score = np.sum([self.booster.predict(matrix, start_iteration=start, **manner) for start in starts], axis=0)
        if score.ndim == 2:
            return softmax(score, axis=1)
        likely = expit(score)
        return np.stack([1 - likely, likely], axis=1)


def suits(code: Code, codes: np.ndarray) -> bool:
    """Whether a target is a class that boosting can learn from so many records."""
    if code.numeric or len(codes) < FEWEST:
        return False
    counts = np.unique(codes, return_counts=True)[1]
    return 2 <= len(counts) <= MOST_CLASSES and counts.min() >= FEWEST_OF_CLASS


def fit_boosted(known: Known, code: Code, name: str, before: Sequence[str], seed: int, *, quick: bool) -> Boosted:
    """Fit the target on its predecessors; unless `quick`, how long to boost is found on one unit in `ASIDE`."""
    lightgbm = load_lightgbm()
    classes, label = np.unique(known.codes[name], return_inverse=True)
    matrix = _matrix(known.seen, before)
    grouped = [at for at, other in enumerate(before) if other in known.levels]
    manner, rounds = PATIENT if not quick else LONGER if np.bincount(label).min() >= PLENTY else QUICK
    many = {"objective": "multiclass", "num_class": len(classes)} if len(classes) > 2 else {"objective": "binary"}
    fixed = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": seed % 2**31}
    settings = {**SETTINGS, **manner, **many, **fixed}

    def rows(part: np.ndarray) -> Any:
        weight = None if known.weight is None else known.weight[part]
        return lightgbm.Dataset(matrix[part], label[part], weight=weight, categorical_feature=grouped, params=settings)

    if not quick:
        aside = (rng_at(seed, "aside").permutation(int(known.unit.max()) + 1) % ASIDE == 0)[known.unit]
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        found = lightgbm.train(settings, rows(~aside), rounds, valid_sets=[rows(aside)], callbacks=[stop])
        rounds = max(1, round(found.best_iteration * ASIDE / (ASIDE - 1)))
    return Boosted(code, tuple(before), classes, lightgbm.train(settings, rows(np.ones(len(label), bool)), rounds))


def _matrix(seen: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    matrix = np.empty((len(next(iter(seen.values()))), len(names)), np.float32)
    for at, name in enumerate(names):
        matrix[:, at] = seen[name]
    return matrix


def evenly(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The number of a class for each record, shape (rows,), from its `shares`, shape (rows, classes), that add up to 1.

    Class after class, the records that it may still take stand in order of its share among what is left, and systematic
    sampling (Madow & Madow 1944) takes as many of any stretch of them as the shares there add up to: independent draws would
    add a noise that real labels have once already.
    """
    rows, classes = shares.shape
    found = np.full(rows, classes - 1)
    left = rng.permutation(rows)
    rest = np.ones(rows)
    for number in range(classes - 1):
        share = np.clip(shares[left, number] / np.maximum(rest[left], 1e-12), 0, 1)
        order = np.argsort(share, kind="stable")
        total = np.cumsum(share[order]) + rng.random()
        taken = np.floor(total) > np.floor(np.append(total[0] - share[order[0]], total[:-1])) if len(order) else order > 0
        found[left[order[taken]]] = number
        rest -= shares[:, number]
        left = left[order[~taken]]
        left = left[rng.permutation(len(left))]
    return found
