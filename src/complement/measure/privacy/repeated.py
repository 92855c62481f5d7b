"""Values that only train has, met again in made records: who somebody is, and numbers or words that hardly two people share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import as_text
from complement.measure.intervals import MIN_UNITS, share
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units

NAMING = ("identifier", "personal", "unit")  # roles of columns that say who somebody is
SURE_NAMES = 3  # beyond what coincidence gives: the third is no accident of the data (as exact copies, copies.py)
ACCIDENT = 0.5  # with fewer expected by coincidence, three by chance have a probability of 1.4 % (Poisson)
COUNTED = 0.5  # numbers that fill so much of their range were counted through, whatever people they belong to
# Nearly unique: of the hold-out's values that stand there once, train has at most this share. Measured between two halves of
# 4,000: seconds of birth and 6-decimal numbers 0, bills of the credit cards .05, weights of Adult .11.
SHARED = 0.01
# The lower end must be above twice the base, as with the attacks: smoothing leaves a number where it was a little more often
# than it meets a stranger's (forest on the bills of the credit cards: .077 beside .042).
TIMES = 2
Pair = tuple[Score, Score]  # of a column: of the values that only train has, and what coincidence gives


@dataclass(frozen=True)
class Identities:
    """Share of the identifiers, names and units of train, without those that tune has too, that a made record bears.

    "identity_repeated": of the column in which most do. "identity_repeated_base": what coincidence gives there, the largest
    of three: the share of those that only tune has which are borne; of tune's values that train has, too (names are common);
    and for numbered ones, the share that as many blind draws from their range would meet (numbers are counted through).
    As many units of train and tune are compared, drawn from `seed`, and all made records. Words agree but for case and blanks.
    Base is absent without tune, both where no such column has values. Intervals: Clopper & Pearson (1934), over values.
    """

    most_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        found = list(self.by_column(synthetic, context).values())
        if not found:
            return []
        worst = max(found, key=lambda pair: pair[0].value - pair[1].value)
        return list(worst) if context.tune is not None and context.tune.rows else [worst[0]]

    def by_column(self, synthetic: Dataset, context: Context) -> Mapping[str, Pair]:
        """The two scores of each such column that has values in train and in the made records."""
        train, tune = _drawn(context, self.most_rows, self.seed)
        found: dict[str, Pair] = {}
        for column in (column for role in NAMING for column in context.schema.with_role(role)):
            parts = [_distinct(part, column) for part in (train, tune, synthetic)]
            if len(parts[0]) and len(parts[2]):
                found[column.name] = _identity(*parts)
        return found


@dataclass(frozen=True)
class Values:
    """Share of the values of one column that only train has, which a made record holds exactly.

    Looked at are compared columns in which hardly two people share a value: of those that stand once in tune, at most 1 % also
    stand in train, and 30 stand only in train and 30 only in tune. "value_repeated": of the column in which most are repeated.
    "value_repeated_base": the same of the values that only tune has. A generator that draws each column from real values passes
    every attack on whole records, and gives away each salary. Drawn as by `Identities`. Empty without tune or such a column.
    """

    most_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        found = list(self.by_column(synthetic, context).values())
        return list(max(found, key=lambda pair: pair[0].value - TIMES * (pair[1].high or 0.0))) if found else []

    def by_column(self, synthetic: Dataset, context: Context) -> Mapping[str, Pair]:
        """The two scores of each column whose values are nearly unique."""
        if context.tune is None or not context.tune.rows:
            return {}
        train, tune = _drawn(context, self.most_rows, self.seed)
        found: dict[str, Pair] = {}
        for column in compared(context.schema):
            ours, theirs = _distinct(train, column), _distinct(tune, column)
            own, others = _without(ours, theirs), _without(theirs, ours)
            if min(len(own), len(others)) < MIN_UNITS or _shared(tune, column, ours) > SHARED:
                continue
            made = _distinct(synthetic, column)
            found[column.name] = (share("value_repeated", _among(own, made)), share("value_repeated_base", _among(others, made)))
        return found


def named(found: Score, base: Score) -> bool:
    """Whether more identities are repeated than coincidence explains: 3 more, and where it explains some, the intervals part."""
    expected = base.value * found.n
    beyond = round(found.value * found.n - expected)
    return beyond >= SURE_NAMES and (expected < ACCIDENT or (found.low or 0.0) > (base.high or 0.0))


def given_away(found: Score, base: Score) -> bool:
    """Whether values of train are repeated clearly more often than those of people whom no generator saw."""
    return (found.low or 0.0) > TIMES * (base.high or 0.0)


def _drawn(context: Context, most_rows: int, seed: int) -> tuple[Dataset, Dataset]:
    """As many records of train and of tune, of whole units: with more of one side its values would be the commoner ones."""
    train, tune = context.train, context.tune
    if tune is None or not tune.rows:
        return train, train.take(np.arange(0))
    most = min(train.rows, tune.rows, most_rows)
    sides = (("members", train), ("non-members", tune))
    rows = [draw_whole_units(side.units(), most, seed, "repeated", name)[0] for name, side in sides]
    return train.take(np.sort(rows[0])), tune.take(np.sort(rows[1]))


def _words(records: Dataset, column: Column) -> pa.Array:
    """What is present, as text without case and blanks."""
    words = pa.array(as_text(records.column(column.name)), pa.string()).drop_null()
    words = pc.replace_substring_regex(pc.utf8_lower(words), pattern=r"\s+", replacement="")
    return words.filter(pc.not_equal(words, ""))


def _distinct(records: Dataset, column: Column) -> pa.Array:
    return pc.unique(_words(records, column))


def _among(values: pa.Array, others: pa.Array) -> np.ndarray:
    return np.asarray(pc.is_in(values, value_set=others).to_numpy(zero_copy_only=False), bool)


def _without(values: pa.Array, others: pa.Array) -> pa.Array:
    return values.filter(pa.array(~_among(values, others)))


def _shared(tune: Dataset, column: Column, ours: pa.Array) -> float:
    """Of the values that stand once in tune, the share that train has; 1 where none stands once."""
    counts = pc.value_counts(_words(tune, column))
    once = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    return float(_among(once, ours).mean()) if len(once) else 1.0


def _identity(train: pa.Array, tune: pa.Array, made: pa.Array) -> Pair:
    found = share("identity_repeated", _among(_without(train, tune), made))
    bases = [share("identity_repeated_base", hits) for hits in (_among(_without(tune, train), made), _among(tune, train))]
    base, blind = max(bases, key=lambda score: score.value), _blind(train, made)
    if blind <= base.value:
        return found, base
    return found, replace(base, value=blind, high=max(blind, base.high or 0.0))


def _blind(train: pa.Array, made: pa.Array) -> float:
    """Of numbered identities (one frame of letters and signs around digits) the share that as many blind draws would meet."""
    frames = pc.value_counts(_frame(train))
    most = int(np.argmax(frames.field("counts").to_numpy(zero_copy_only=False)))
    frame = frames.field("values")[most]
    if 2 * frames.field("counts")[most].as_py() < len(train):
        return 0.0
    ours, theirs = (_numbers(words.filter(pc.equal(_frame(words), frame))) for words in (train, made))
    if not len(ours) or not len(theirs):
        return 0.0
    if len(theirs) >= COUNTED * (theirs.max() - theirs.min() + 1):
        return 1.0
    low, high = ours.min(), ours.max()
    return float(min(1.0, ((theirs >= low) & (theirs <= high)).sum() / (high - low + 1)))


def _frame(words: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(words, pattern=r"[0-9]+", replacement="")


def _numbers(words: pa.Array) -> np.ndarray:
    """All digits of each as one number, shape (words with digits,)."""
    digits = pc.replace_substring_regex(words, pattern=r"[^0-9]+", replacement="")
    digits = digits.filter(pc.not_equal(digits, ""))
    return np.unique(digits.cast(pa.float64()).to_numpy(zero_copy_only=False))
