"""Yardstick: what is measured of one generation's records, against real records that no generation has learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from complement.core.contracts import Learner, Metric
from complement.core.dataset import Dataset
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at, seed_at
from complement.core.values import absent, as_numbers, as_text
from complement.measure.intervals import area
from complement.measure.privacy.attack import compared
from complement.models.encoder import Encoder
from complement.models.learners import LightGBM
from complement.models.nearness import Space

Worse = Literal["high", "low"]
WORSE: Mapping[str, Worse] = {
    "c2st_auc": "high",
    "distinct_values": "low",
    "rare_coverage": "low",
    "knn_coverage": "low",
    "correlation_error": "high",
    "variance_ratio": "low",
    "tail_mass": "low",
}
KEPT = ("distinct_values", "rare_coverage", "knn_coverage", "variance_ratio", "tail_mass")  # what shrinks by a factor, if it does
NEIGHBOURS, MOST_NEAR = 5, 1000  # Naeem et al. 2020 (2002.09797): coverage within the k-th neighbour's radius; records a side
RARE_SHARE, RARE_LEAST, RARE_VALUES = 0.02, 3, 5  # of a value; records with it; values without which there is no such metric
MANY_LEVELS = 50  # whole numbers with at most so many values may be codes, and are looked at as categories, too
FEW_LEVELS = 20  # a column with fewer values can hardly lose any: the number of them says nothing
FEW_NUMBERS = 10  # values of a number, below which it has no tails
ONE_HOT = 8  # heaviest values of a category whose correlations are looked at
TAILS = (0.01, 0.99)
FOLDS = 2
SMALLEST = 1e-6  # of a variance ratio: a column that became constant would count for ever
ORIGIN, ANSWERS = "\0origin", ("real", "synthetic")


@dataclass(frozen=True)
class Yardstick:
    """The metrics of one generation; `worse` says in which direction each of them collapses.

    "c2st_auc": how well LightGBM tells made from hold-out records (C2ST), 2-fold, no fold cutting a unit. "distinct_values":
    different values of a column beside those of as many hold-out records, mean over columns with many. "rare_coverage": share, of
    the values that at most 2 % of the hold-out have, that is made at all. "knn_coverage": share of the hold-out
    records with a made one nearer than their fifth neighbour (Naeem et al. 2020). "correlation_error": mean difference of
    rank correlations, the heaviest values of categories as columns of their own. "variance_ratio": geometric mean over numbers of
    made by real variance. "tail_mass": share of made numbers beyond the 1 % and 99 % quantile of the real ones, beside the
    real share. With a learner its metrics on the hold-out, when it is trained on made records alone. A metric for which
    the columns do not suffice is left out. As many records a side as there are hold-out ones; coverage looks at 1,000.
    """

    holdout: Dataset
    purpose: Purpose | None = None
    learner: Learner | None = None
    metrics: tuple[Metric, ...] = ()

    @property
    def worse(self) -> dict[str, Worse]:
        """Of every metric that can be measured, the direction in which it collapses."""
        able = {
            "distinct_values": bool(self._wide),
            "rare_coverage": len(self._rare) >= RARE_VALUES,
            "variance_ratio": bool(self._numbers),
            "tail_mass": bool(self._numbers) and self._tail_share > 0,
            "correlation_error": len(self._columns) > 1,
        }
        found: dict[str, Worse] = {name: side for name, side in WORSE.items() if able.get(name, True)}
        learnt: dict[str, Worse] = {metric.name: "low" if metric.better == "high" else "high" for metric in self.metrics}
        return found if self.learner is None else {**found, **learnt}

    @property
    def resolution(self) -> dict[str, float]:
        """The smallest step of the metrics that count: a null in which nothing moved is not known better than that."""
        near = min(self.holdout.rows, MOST_NEAR)
        return {"rare_coverage": 1 / max(len(self._rare), 1), "knn_coverage": 1 / max(near, 1)}

    def measured(self, made: Dataset, *, seed: int) -> dict[str, float]:
        """Every metric of `worse`, by name; NaN where these records leave it undefined."""
        order = rng_at(seed, "yardstick").permutation(made.rows)
        made = made.take(np.sort(order[: self.holdout.rows]))
        ways: dict[str, Any] = {
            "c2st_auc": lambda: self._told(made, seed),
            "distinct_values": lambda: self._distinct(made),
            "rare_coverage": lambda: float(np.mean([value in _levels(made, name) for name, value in self._rare])),
            "knn_coverage": lambda: self._covered(made, seed),
            "correlation_error": lambda: float(np.abs(self._correlations(made) - self._correlated).mean()),
            "variance_ratio": lambda: self._variance(made),
            "tail_mass": lambda: self._beyond(made) / self._tail_share,
        }
        names = self.worse
        found = {name: way() for name, way in ways.items() if name in names}
        return {**found, **self._learnt(made, seed)}

    @cached_property
    def _columns(self) -> list[Column]:
        return compared(self.holdout.schema)

    @cached_property
    def _numbers(self) -> list[str]:
        found = [column.name for column in self._columns if column.kind in ("number", "integer")]
        return [name for name in found if len(_levels(self.holdout, name)) >= FEW_NUMBERS]

    @cached_property
    def _wide(self) -> dict[str, int]:
        """How many different values each column has that has many."""
        counts = {column.name: len(_levels(self.holdout, column.name)) for column in self._columns}
        return {name: count for name, count in counts.items() if count >= FEW_LEVELS}

    @cached_property
    def _rare(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for column in self._columns:
            words = as_text(self.holdout.column(column.name))
            levels, counts = np.unique(words[~absent(words)].astype(str), return_counts=True)
            if column.kind not in ("category", "boolean", "integer") or (column.kind == "integer" and len(levels) > MANY_LEVELS):
                continue
            rare = (counts >= RARE_LEAST) & (counts <= RARE_SHARE * len(words))
            found += [(column.name, str(value)) for value in levels[rare]]
        return found

    @cached_property
    def _tail_share(self) -> float:
        return self._beyond(self.holdout)

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder("scaled", max_levels=ONE_HOT).fit(_as_features(self.holdout))

    @cached_property
    def _correlated(self) -> np.ndarray:
        return self._correlations(self.holdout)

    @cached_property
    def _near(self) -> tuple[Space, pa.Table, np.ndarray]:
        """The space of the hold-out, the records whose surroundings are looked at, and the radius of each."""
        space = Space.of(self.holdout.records, self._columns)
        those = _some(self.holdout.records, MOST_NEAR, 0)
        return space, those, space.neighbours(those, those, count=NEIGHBOURS + 1)[:, -1]  # the first neighbour is itself

    def _told(self, made: Dataset, seed: int) -> float:
        rows = min(made.rows, self.holdout.rows)
        names = [column.name for column in self._columns]
        order = rng_at(seed, "c2st").permutation(self.holdout.rows)[:rows]
        real = self.holdout.records.select(names).take(pa.array(order))
        both = pa.concat_tables([real, _some(made.records.select(names), rows, seed).cast(real.schema)])
        both = both.append_column(ORIGIN, pa.array(np.repeat(ANSWERS, rows)))
        features = tuple(replace(column, role="feature") for column in self._columns)
        whole = Dataset.of(both, Schema({"records": (*features, Column(ORIGIN, "category", "target"))}))
        unit = self.holdout.units()[order]
        side = rng_at(seed, "c2st", "fold").permutation(int(unit.max()) + 1) % FOLDS
        fold = np.r_[side[unit], np.arange(rows) % FOLDS]
        told = np.full(2 * rows, 0.5)
        for number in range(FOLDS):
            train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(train) or not len(test):
                continue
            model = LightGBM().fit(
                whole.take(train),
                Purpose(ORIGIN, "binary", ANSWERS),
                weight=np.ones(len(train)),
                seed=seed_at(seed, "c2st", number),
            )
            told[test] = model.predict(whole.take(test)).column("score").to_numpy()
        return area("c2st_auc", told[rows:], told[:rows]).value

    def _distinct(self, made: Dataset) -> float:
        # Of fewer made records fewer values are to be expected: the hold-out's number is that of as many records.
        rows = min(made.rows, self.holdout.rows)
        full = made.rows >= self.holdout.rows
        some = None if full else self.holdout.take(np.sort(rng_at(0, "distinct").permutation(self.holdout.rows)[:rows]))
        counts = self._wide if some is None else {name: max(1, len(_levels(some, name))) for name in self._wide}
        return float(np.mean([len(_levels(made, name)) / count for name, count in counts.items()]))

    def _covered(self, made: Dataset, seed: int) -> float:
        space, those, radius = self._near
        return float(np.mean(space.nearest(those, _some(made.records, those.num_rows, seed)) <= radius))

    def _correlations(self, records: Dataset) -> np.ndarray:
        """Rank correlations between the encoder's columns, those above the diagonal, shape (pairs,); 0 beside a constant."""
        from scipy.stats import rankdata

        ranks = rankdata(self._encoder.transform(_as_features(records)), axis=0)
        ranks = ranks - ranks.mean(axis=0)
        spread = np.sqrt((ranks**2).sum(axis=0))
        ranks = ranks / np.where(spread > 0, spread, 1.0)
        return (ranks.T @ ranks)[np.triu_indices(ranks.shape[1], 1)]

    def _variance(self, made: Dataset) -> float:
        ratios = [_variance_of(made, name) / _variance_of(self.holdout, name) for name in self._numbers]
        return float(np.exp(np.mean(np.log(np.maximum(ratios, SMALLEST)))))

    def _beyond(self, records: Dataset) -> float:
        """The share of numbers outside the hold-out's tails, mean over columns."""
        shares: list[float] = []
        for name in self._numbers:
            low, high = np.quantile(_known(self.holdout, name), TAILS)
            values = _known(records, name)
            shares.append(float(np.mean((values < low) | (values > high))) if len(values) else 0.0)
        return float(np.mean(shares))

    def _learnt(self, made: Dataset, seed: int) -> dict[str, float]:
        if self.learner is None or self.purpose is None:
            return {}
        from copy import deepcopy

        known = made.take(np.flatnonzero(~absent(as_text(made.column(self.purpose.target)))))
        purpose, weight = self.purpose, np.ones(self.holdout.rows)
        if known.rows and (purpose.task == "regression" or len(_levels(known, purpose.target)) > 1):
            model = deepcopy(self.learner).fit(known, purpose, weight=np.ones(known.rows), seed=seed_at(seed, "learner"))
            told = model.predict(self.holdout.drop(purpose.target))
        else:  # every made record has the same target: nothing can be learnt, and that is what is judged
            told = _constant(known, purpose, self.holdout.rows)
        return {metric.name: metric.score(self.holdout, told, weight=weight) for metric in self.metrics}


def _constant(known: Dataset, purpose: Purpose, rows: int) -> pa.Table:
    if purpose.task == "regression":
        return pa.table({"score": np.zeros(rows)})
    only = next(iter(_levels(known, purpose.target)), purpose.classes[0])
    share = [float(name == only) for name in purpose.classes]
    return pa.table({"score": np.full(rows, share[-1]) if purpose.task == "binary" else pa.array([share] * rows)})


def _levels(records: Dataset, name: str) -> set[str]:
    return set(as_text(pa.chunked_array([records.column(name).unique()]))) - {None}


def _known(records: Dataset, name: str) -> np.ndarray:
    values = as_numbers(records.column(name))
    return values[np.isfinite(values)]


def _variance_of(records: Dataset, name: str) -> float:
    values = _known(records, name)
    return float(values.var()) if len(values) else 0.0


def _some(table: pa.Table, rows: int, seed: int) -> pa.Table:
    return table.take(pa.array(np.sort(rng_at(seed, "some").permutation(table.num_rows)[:rows])))


def _as_features(records: Dataset) -> Dataset:
    columns = [replace(c, role="feature") for c in compared(records.schema)]
    schema = Schema({records.schema.root: tuple(columns)}, root=records.schema.root)
    return Dataset.of(records.records.select([column.name for column in columns]), schema)
