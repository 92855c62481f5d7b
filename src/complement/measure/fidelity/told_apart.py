"""Classifiers that tell synthetic records from real ones: the two-sample test (C2ST), and what papers call detection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context, Learner
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.purpose import Purpose
from complement.core.schema import Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at, seed_at
from complement.measure.intervals import area
from complement.measure.privacy.attack import check_sizes, compared
from complement.models.learners import LightGBM, Logistic

LEAST = 10  # records a side: two in each fold
ORIGIN, ANSWERS = "\0origin", ("real", "synthetic")  # a name that no file can give a column


@dataclass(frozen=True)
class Told:
    """What held-out classifiers said: `score` of the real records, then of as many others, in `folds` folds."""

    score: np.ndarray
    folds: int

    def area(self, name: str) -> Score:
        """The AUC of "the higher, the rather not real", with DeLong's interval, wider for what the folds share.

        Each fold's classifier learnt from most of what the others were tested on, so that the variance is that of one classifier
        times 1 + folds * n_test / n_train (Nadeau & Bengio 2003). With 5 folds it is 1.5 times as wide; for real records
        beside real ones of Adult, 300 to 2,000 a side, it had to be 1.0 to 1.6 times.
        """
        rows = len(self.score) // 2
        found = replace(area(name, self.score[rows:], self.score[:rows]), better="target")
        if found.low is None or found.high is None:
            return found
        wider = sqrt(1 + self.folds / (self.folds - 1))
        low, high = (found.value + wider * (end - found.value) for end in (found.low, found.high))
        return replace(found, low=max(0.0, low), high=min(1.0, high))


@dataclass(frozen=True)
class C2st:
    """How well a classifier tells synthetic records from tune (Lopez-Paz & Oquab 2017, 1610.06545).

    "c2st_auc": LightGBM with its defaults, in 5-fold cross-validation over as many real as synthetic records, at most
    `most_rows` a side. .5: not told apart. "c2st_auc_base": the same of train beside tune; far from .5, these are not of
    one population, and the attacks measure that, too. Intervals of DeLong et al. (1988), widened for what the folds share;
    None below 30 a side. "c2st_p": of a classifier that learnt from half of the records, how often labels dealt anew to the
    other half are told apart at least as well as the true ones; one-sided, small where records are told apart, and exact (over
    the 5 folds, which share records, 14 % of nulls had a p below .05). Its `n` counts the deals. "detection_boosted",
    "detection_boosted_base": the same AUCs as papers print them, 1 - 2 max(0, AUC - .5), so that 1 is best. Empty without
    tune, or with fewer than 10 records a side:
    beside train itself, a copy in another fold would teach the classifier the wrong answer (AUC .06 for a copy of Adult).
    """

    most_rows: int = 5000
    folds: int = 5
    permutations: int = 999
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self.folds, most_rows=self.most_rows, permutations=self.permutations)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        both = _both(synthetic, context, max(LEAST, self.folds), self.most_rows, self.seed)
        told = {name: _told(one, LightGBM(), self.folds, self.seed) for name, one in both.items()}
        areas = {name: one.area(f"c2st_auc{name}") for name, one in told.items()}
        tested = [self._p_value(both[""])] if "" in both else []
        return [*areas.values(), *tested, *(_detection(f"detection_boosted{name}", one) for name, one in areas.items())]

    def _p_value(self, both: Dataset) -> Score:
        from scipy.stats import rankdata

        half = np.arange(both.rows) % (both.rows // 2) % 2 == 0
        scores = _asked(both, LightGBM(), half, seed_at(self.seed, "c2st", "half"))
        ranks, others = rankdata(scores), np.flatnonzero(~half) >= both.rows // 2
        met, rng = float(ranks[others].sum()), rng_at(self.seed, "c2st", "deals")
        # Ranks are multiples of 1/2, so that their sums are exact.
        deals = [float(rng.permutation(ranks)[: int(others.sum())].sum()) for _ in range(self.permutations)]
        as_far = sum(deal >= met for deal in deals)
        return Score("c2st_p", (1 + as_far) / (1 + self.permutations), None, None, self.permutations, "high")


@dataclass(frozen=True)
class Detection:
    """How well logistic regression tells synthetic records from tune, as papers print it: 1 not at all, 0 always.

    "detection_logistic": 1 - 2 max(0, AUC - .5) over scaled and one-hot encoded columns, in 5-fold cross-validation over
    as many real as synthetic records, at most `most_rows` a side. It sees each column for itself: records whose columns hang
    together in no way reach nearly 1. "detection_logistic_base": the same of train beside tune. Intervals, and when it is
    empty, as in `C2st`, which gives the same of boosted trees.
    """

    most_rows: int = 5000
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self.folds, most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        both = _both(synthetic, context, max(LEAST, self.folds), self.most_rows, self.seed)
        told = {name: _told(one, Logistic(), self.folds, self.seed) for name, one in both.items()}
        return [_detection(f"detection_logistic{name}", one.area("")) for name, one in told.items()]


def _check(folds: int, **sizes: int) -> None:
    check_sizes(folds=folds, **sizes)
    if folds < 2:
        raise UsageError("usage", "folds=1 leaves nothing to learn from.", help="Give 2 or more.")


def _detection(name: str, told: Score) -> Score:
    def printed(area: float) -> float:
        return 1 - 2 * max(0.0, area - 0.5)

    ends = (None, None) if told.low is None or told.high is None else (printed(told.high), printed(told.low))
    return Score(name, printed(told.value), *ends, told.n, "high")


def _both(synthetic: Dataset, context: Context, least: int, most_rows: int, seed: int) -> dict[str, Dataset]:
    """Tune and as many synthetic records as "", tune and as many of train as "_base"; without what has too few records."""
    columns = compared(context.schema)
    if context.tune is None or not columns:
        return {}
    found: dict[str, Dataset] = {}
    for side, other in (("", synthetic), ("_base", context.train)):
        rows = min(context.tune.rows, other.rows, most_rows)
        if rows >= least:
            parts = [_drawn(context.tune, rows, seed, "real"), _drawn(other, rows, seed, f"c2st_auc{side}")]
            found[side] = _labelled(parts[0], parts[1], columns)
    return found


def _told(both: Dataset, learner: Learner, folds: int, seed: int) -> Told:
    fold = np.tile(np.arange(both.rows // 2) % folds, 2)  # both parts are in random order
    score = np.zeros(both.rows)
    for number in range(folds):
        score[fold == number] = _asked(both, learner, fold != number, seed_at(seed, "c2st", number))
    return Told(score, folds)


def _asked(both: Dataset, learner: Learner, taught: np.ndarray, seed: int) -> np.ndarray:
    """What a classifier that learnt from these records says of all others."""
    train, test = np.flatnonzero(taught), np.flatnonzero(~taught)
    model = learner.fit(both.take(train), Purpose(ORIGIN, "binary", ANSWERS), weight=np.ones(len(train)), seed=seed)
    return model.predict(both.take(test)).column("score").to_numpy()


def _drawn(records: Dataset, rows: int, seed: int, side: str) -> pa.Table:
    order = rng_at(seed, "c2st", side).permutation(records.rows)[:rows]
    return records.records.take(pa.array(order, pa.int64()))


def _labelled(real: pa.Table, made: pa.Table, columns: list[Column]) -> Dataset:
    """Real records, then made ones, with the column that says which; every other column is a feature."""
    names = [column.name for column in columns]
    real, made = real.select(names), made.select(names)
    both = pa.concat_tables([real, made.cast(real.schema)])
    origin = pa.array(np.repeat(ANSWERS, [real.num_rows, made.num_rows]))
    features = tuple(replace(column, role="feature") for column in columns)
    schema = Schema({"records": (*features, Column(ORIGIN, "category", "target"))})
    return Dataset.of(both.append_column(ORIGIN, origin), schema)
