"""Privacy, attacked and not asserted: exact copies against a base rate, and membership by the nearest made record.

Simple forms of two attacks of the privacy gate. Passing them does not make data anonymous: stronger attacks
(density ratio, shadow models, attribute inference) may succeed where these fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.core.values import as_text
from complement.measure.nearness import Space
from complement.models.fingerprint import fingerprints

CONFIDENCE = 0.95
FPR = 0.01  # Carlini et al. 2022: an attack counts by what it finds while it is almost never wrong
# Below this many on either side an interval of DeLong et al. (1988) is not trusted (design of the verdict: 30).
MIN_UNITS = 30
# With fewer unseen records even none that is copied is compatible with a base rate above 3.6 % (exact binomial).
MIN_UNSEEN = 100
# The whole interval of the attack's AUC must lie below. Chance is .50; measured on Adult: a copula .51, trees with 5
# records in a leaf .59, interpolation of neighbours (SMOTE) .76 (design of patient records). Halfway between what
# learns distributions and what repeats records.
MAX_AUC = 0.55
# Exact repeats of records that no other real one resembles: agreement in two columns with so many values does not happen by
# chance. The first two may be an accident of the data, such as a record that stands in it twice under different names.
MIN_DISTINCT, SURE_COLUMNS, SURE_COPIES = 100, 2, 3
# TPR shown to be above twice what guessing gives at this FPR: someone's presence can be told with confidence.
MAX_TPR = 2 * FPR


@dataclass(frozen=True)
class Copies:
    """Shares of records that exactly repeat a train record, over all compared columns.

    "copy_share": of the synthetic records. "copy_share_base": of the tune records, real ones that no generator saw:
    what coincidence alone gives in data like these. "train_repeated": of the train records, those that a synthetic one
    repeats; "tune_repeated": the same of the tune records. Any number of fresh records beside the copies leaves these as they
    are. "telling_repeated": of the train records, those repeated that are unique over two or more columns of many values.
    Only the first is there without tune. Compared are features and target.
    Intervals are exact binomial (Clopper & Pearson 1934) and count records, also where a unit has several.
    """

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        train = _prints(context.train, columns)
        scores = [_share("copy_share", np.isin(_prints(synthetic, columns), train))]
        if context.tune is not None and context.tune.rows:
            tune, made = _prints(context.tune, columns), _prints(synthetic, columns)
            repeated = np.isin(train, made)
            scores.append(_share("copy_share_base", np.isin(tune, train)))
            scores.append(_share("train_repeated", repeated))
            scores.append(_share("tune_repeated", np.isin(tune, made)))
            scores.append(_share("telling_repeated", repeated & _telling(context.train, context.tune)))
        return scores


@dataclass(frozen=True)
class Membership:
    """How well the distance to the nearest synthetic record tells train (members) from tune (never seen).

    "membership_auc": .5 is chance; interval of DeLong et al. (1988), None below 30 on a side. "membership_tpr": share of
    members found at a false-positive rate of at most 1 %; "membership_fpr": of non-members, from whom the threshold
    comes. Both intervals are exact binomial; the upper end of the latter holds although the threshold was chosen on
    these records (an order statistic follows the same beta distribution). A unit with several records counts once,
    by the nearest of them. At most `most_rows` records a side and `most_synthetic` made ones are compared, drawn at
    random from `seed`. Empty without tune.
    """

    most_rows: int = 5000
    most_synthetic: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("most_rows", "most_synthetic"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError("usage", f"{name}={value!r} is not a positive whole number.")

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        space = Space.of(context.train.records, compared(context.schema))
        rows = rng_at(self.seed, "membership", "synthetic").permutation(synthetic.rows)[: self.most_synthetic]
        made = synthetic.records.take(pa.array(np.sort(rows), pa.int64()))
        members = self._distances(context.train, made, space, "members")
        others = self._distances(context.tune, made, space, "non-members")
        threshold = _threshold(others)
        return [
            _auc("membership_auc", -members, -others),
            _share("membership_tpr", members < threshold),
            _share("membership_fpr", others < threshold),
        ]

    def _distances(self, real: Dataset, made: pa.Table, space: Space, side: str) -> np.ndarray:
        """Of each unit of a sample, the distance of its nearest record to the nearest made one, shape (units,)."""
        unit = _units(real)
        order = rng_at(self.seed, "membership", side).permutation(int(unit.max()) + 1)
        rank = np.argsort(order)[unit]
        # Whole units, in random order, until the records are enough.
        rows = np.argsort(rank, kind="stable")[: self.most_rows]
        last = rank[rows[-1]]
        if (rank == last).sum() > (rank[rows] == last).sum() and (rank[rows] != last).any():
            rows = rows[rank[rows] != last]
        distance = space.nearest(real.records.take(pa.array(rows, pa.int64())), made)
        _, place = np.unique(unit[rows], return_inverse=True)
        nearest = np.full(int(place.max()) + 1, np.inf)
        np.minimum.at(nearest, place, distance)
        return nearest


def gate(scores: Sequence[Score]) -> tuple[bool | None, str]:
    """Whether the scores of `Copies` and `Membership` let synthetic records stand in for real ones, and why.

    True when every attack was run on enough records and failed; False when one is shown to succeed; None, which is
    no pass, when the records do not suffice to tell.
    """
    by_name = {score.name: score for score in scores}
    needed = ("copy_share", "copy_share_base", "membership_auc", "membership_tpr", "membership_fpr")
    lacking = [name for name in needed if name not in by_name]
    if lacking:
        return None, f"Not shown: {', '.join(lacking)} was not measured; it takes real records that no generator saw."
    copies, base, auc, tpr, fpr = (by_name[name] for name in needed)
    # Above everything that the unseen records say coincidence may give.
    if copies.value > (base.high or 0.0):
        return False, (
            f"Copies: {copies.value:.2%} of the synthetic records repeat a train record exactly; of unseen real records "
            f"{base.value:.2%} do (at most {base.high or 0.0:.2%})."
        )
    train, tune, telling = (by_name.get(name) for name in ("train_repeated", "tune_repeated", "telling_repeated"))
    if train is not None and tune is not None and (train.low or 0.0) > (tune.high or 0.0):
        return False, (
            f"Copies: {train.value:.2%} of the train records are repeated exactly; of unseen real records {tune.value:.2%} are "
            f"(at most {tune.high or 0.0:.2%})."
        )
    if telling is not None and round(telling.value * telling.n) >= SURE_COPIES:
        count = round(telling.value * telling.n)
        return False, f"Copies: {count:,} train records that are unlike all others are repeated exactly."
    # With few non-members the threshold is loose: guessing may then find as many members as `fpr.high`.
    allowed = max(MAX_TPR, fpr.high or 0.0)
    if (tpr.low or 0.0) > allowed:
        return False, (
            f"Membership: at {FPR:.0%} false alarms {tpr.value:.1%} of the train records are recognised "
            f"(at least {tpr.low or 0.0:.1%}; allowed {allowed:.1%})."
        )
    if auc.low is None or auc.high is None:
        return None, f"Not shown: fewer than {MIN_UNITS} units on a side for the membership attack."
    if auc.low > MAX_AUC:
        return False, f"Membership: the attack has AUC {auc.value:.3f} (at least {auc.low:.3f}; allowed {MAX_AUC})."
    if base.n < MIN_UNSEEN:
        return None, f"Not shown: {base.n} unseen real records are too few to tell copies from coincidence ({MIN_UNSEEN})."
    if auc.high > MAX_AUC:
        return None, f"Not shown: the attack's AUC {auc.value:.3f} may be as high as {auc.high:.3f} (allowed {MAX_AUC})."
    return True, (
        f"Exact copies {copies.value:.2%} (base rate {base.value:.2%}); membership AUC {auc.value:.3f} "
        f"(at most {auc.high:.3f}). Stronger attacks were not run."
    )


def compared(schema: Schema) -> list[Column]:
    """The columns that records are compared over: features and target. Identifiers and names are made anew anyway."""
    return [*schema.features(), *schema.with_role("target")]


def _prints(records: Dataset, columns: list[Column]) -> np.ndarray:
    # As text, because a value has the same text whatever its storage.
    texts = {column.name: pa.array(as_text(records.column(column.name)), pa.string()) for column in columns}
    return fingerprints(pa.table(texts), list(texts)) if texts else np.zeros(0, np.uint64)


def _telling(train: Dataset, tune: Dataset) -> np.ndarray:
    """Which train records no other real one equals over the columns of many values, shape (records,); none if these are few."""
    least = max(MIN_DISTINCT, (train.rows + tune.rows) // 20)
    one = [c for c in compared(train.schema) if len(np.unique(_prints(train, [c]))) >= least]
    if len(one) < SURE_COLUMNS:
        return np.zeros(train.rows, bool)
    every = np.concatenate([_prints(train, one), _prints(tune, one)])
    _, inverse, counts = np.unique(every, return_inverse=True, return_counts=True)
    return counts[inverse[: train.rows]] == 1


def _units(real: Dataset) -> np.ndarray:
    """The number of each record's unit, shape (records,); without a unit column every record is its own."""
    column = next(iter(real.schema.with_role("unit")), None)
    if column is None:
        return np.arange(real.rows)
    texts = as_text(real.column(column.name))
    own = np.array([text is None for text in texts])  # a record of no known unit is its own
    texts[own] = [f"\0{row}" for row in np.flatnonzero(own)]
    return np.unique(texts.astype(str), return_inverse=True)[1]


def _threshold(others: np.ndarray) -> float:
    """The distance below which at most a share FPR of the non-members lies."""
    allowed = int(FPR * len(others))
    return float(np.sort(others)[allowed])


def _share(name: str, hits: np.ndarray) -> Score:
    """The share of hits with its exact interval (Clopper & Pearson 1934); of nothing the share is 0 and may be anything."""
    from scipy.stats import binomtest

    if not len(hits):
        return Score(name, 0.0, 0.0, 1.0, 0, "low")
    count = int(hits.sum())
    interval = binomtest(count, len(hits)).proportion_ci(CONFIDENCE, method="exact")
    return Score(name, count / len(hits), float(interval.low), float(interval.high), len(hits), "low")


def _auc(name: str, members: np.ndarray, others: np.ndarray) -> Score:
    """The area under the ROC curve of "the higher, the rather a member", ties counting half, with DeLong's interval."""
    from scipy.stats import norm, rankdata

    m, n = len(members), len(others)
    ranks = rankdata(np.concatenate([members, others]))
    # Structural components: for each member the share of non-members below it, and the other way round.
    above = (ranks[:m] - rankdata(members)) / n
    below = 1 - (ranks[m:] - rankdata(others)) / m
    value = float(above.mean())
    if min(m, n) < MIN_UNITS:
        return Score(name, value, None, None, m + n, "low")
    reach = float(norm.ppf(0.5 + CONFIDENCE / 2)) * float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return Score(name, value, max(0.0, value - reach), min(1.0, value + reach), m + n, "low")
