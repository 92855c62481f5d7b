"""Exact copies: synthetic records that repeat a real one, against the rate at which fresh real records do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.core.values import as_text
from complement.measure.intervals import share
from complement.measure.privacy.attack import compared
from complement.measure.privacy.formal import Formal, told_of
from complement.models.fingerprint import fingerprints

# Exact repeats of records that no other real one resembles: agreement in two columns with so many values does not happen by
# chance. The first two may be an accident of the data, such as a record that stands in it twice under different names.
MIN_DISTINCT, SURE_COLUMNS = 100, 2
# A file that is a copy needs no hold-out to be called one, where real records equal each other far less often.
NEARLY_ALL, TIMES = 0.9, 2


@dataclass(frozen=True)
class Copies:
    """Shares of records that exactly repeat a train record, over all compared columns.

    "copy_share": of the synthetic records. "copy_share_base": of the tune records, real ones that no generator saw:
    what coincidence alone gives in data like these. "train_repeated": of the train records, those that a synthetic one
    repeats; "tune_repeated": the same of the tune records. Any number of fresh records beside the copies leaves these as they
    are. "copies_of_train", "copies_of_tune": of the different synthetic records, those that equal one of as many train and tune
    records, drawn at random: a generator that makes what is common oftener than it is repeats both.
    "telling_repeated": of the train records, those repeated that are unique over two or more columns of many values.
    "telling_repeated_base": what coincidence gives of these, the larger of two shares of the tune records: of those that are as
    unique and repeated, and of those that are unique in tune and stand in train, too (card payments repeat by nature).
    Only the first is there without tune. Compared are features and target.
    Intervals are exact binomial (Clopper & Pearson 1934) and count records, also where a unit has several.
    """

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        train = _prints(context.train, columns)
        scores = [share("copy_share", np.isin(_prints(synthetic, columns), train))]
        if context.tune is not None and context.tune.rows:
            tune, made = _prints(context.tune, columns), _prints(synthetic, columns)
            repeated, met = np.isin(train, made), np.isin(tune, made)
            ours, theirs, alone = _telling(context.train, context.tune)
            scores.append(share("copy_share_base", np.isin(tune, train)))
            scores.append(share("train_repeated", repeated))
            scores.append(share("tune_repeated", met))
            most = min(len(train), len(tune))
            for name, real in (("train", train), ("tune", tune)):
                drawn = real[rng_at(0, "copies", name).permutation(len(real))[:most]]
                scores.append(share(f"copies_of_{name}", np.isin(np.unique(made), drawn)))
            scores.append(share("telling_repeated", repeated & ours))
            bases = [share("telling_repeated_base", hits) for hits in (met & theirs, np.isin(tune, train) & alone)]
            scores.append(max(bases, key=lambda base: base.value))
        return scores


def copied_whole(synthetic: Dataset, train: Dataset, *, formal: Formal | None = None) -> str:
    """A sentence, and what `formal` guarantees, where nearly every synthetic record equals a train one and the train records
    hardly equal each other: then no unseen record is needed to tell a copy from coincidence. "" otherwise."""
    columns = compared(train.schema)
    prints = _prints(train, columns)
    found, alike = share("", np.isin(_prints(synthetic, columns), prints)), share("", ~_single(prints))
    if found.value < NEARLY_ALL or (found.low or 0.0) <= TIMES * (alike.high or 0.0):
        return ""
    equal = f"{round(found.value * found.n):,} of {found.n:,} synthetic records equal a real one"
    return f"Copies: {equal}; of the real ones {alike.value:.1%} equal another. {told_of(formal)}"


def _prints(records: Dataset, columns: list[Column]) -> np.ndarray:
    # As text, because a value has the same text whatever its storage.
    texts = {column.name: pa.array(as_text(records.column(column.name)), pa.string()) for column in columns}
    return fingerprints(pa.table(texts), list(texts)) if texts else np.zeros(0, np.uint64)


def _telling(train: Dataset, tune: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which train and which tune records no other real one equals over the columns of many values, and which tune records no
    other tune record does, shapes (records,); none if these columns are few."""
    least = max(MIN_DISTINCT, (train.rows + tune.rows) // 20)
    one = [c for c in compared(train.schema) if len(np.unique(_prints(train, [c]))) >= least]
    if len(one) < SURE_COLUMNS:
        return np.zeros(train.rows, bool), np.zeros(tune.rows, bool), np.zeros(tune.rows, bool)
    sides = [_prints(train, one), _prints(tune, one)]
    both = _single(np.concatenate(sides))
    return both[: train.rows], both[train.rows :], _single(sides[1])


def _single(prints: np.ndarray) -> np.ndarray:
    """True where a print stands once, shape (records,)."""
    _, inverse, counts = np.unique(prints, return_inverse=True, return_counts=True)
    return counts[inverse] == 1
