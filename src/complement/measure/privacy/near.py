"""Near copies: real records that a made one repeats in all but two columns, told from coincidence by how rarely that is met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.core.values import as_numbers
from complement.measure.intervals import share
from complement.measure.privacy.attack import LOW_FPR, check_sizes, compared, draw_whole_units, most_of_units
from complement.models.fingerprint import codes_of, lanes
from complement.models.nearness import MEASURED

LEFT_OUT = 2  # columns in which a near copy may differ: one that was changed, and one that follows from it
FEW = 3  # of the hold-out may be met more tellingly than the threshold: real tables hold a few records twice, under no one's name
TWINS = 0.003  # of Adult, .2 % of the rows have another that differs in one column: a threshold must also lie above those
MOST_SETS = 600  # sets of columns that are left out; all pairs of 34 columns are fewer
STEPS = 25  # a number's range of 5 to 95 %, in steps: a copy that was rounded or nudged mostly stays in its step


@dataclass(frozen=True)
class NearCopies:
    """How many train records are repeated so tellingly, in all but at most two columns, as no unseen record is.

    Left out in turn are no column, each one, and each two. Where a made record agrees in all others with a real one, and with no
    other real unit, the real one has gained **evidence**: -log2 of the share of real records, of train and tune, which a made one
    meets so. What chance meets easily counts little, and a copy with one column changed is met in many ways. Values agree exactly
    and, in a second pass, with numbers in steps of 1/25 of their range; the pass in which a record stands higher counts.

    "near_tpr": share of train with more evidence than all but 3 tune records; "near_fpr": of tune. "near_tpr_at_0.001",
    "near_fpr_at_0.001", and "_at_0.003": the same where .1 and .3 % of tune are more than 3. Intervals are exact
    binomial. A unit counts once, by the best of its records. At most `most_rows` records of each file, drawn from `seed`, are
    held against all others by hashes: time goes with n log n, so that few leaked people are met in large files, too.
    Empty without tune, or with fewer than 3 columns.
    """

    most_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        columns = compared(context.schema)
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        if len(columns) <= LEFT_OUT:
            return []
        drawn = [self._drawn(records, side) for records, side in ((context.train, "members"), (context.tune, "non-members"))]
        (train, unit), (tune, other) = drawn
        order = rng_at(self.seed, "near", "synthetic").permutation(synthetic.rows)[: self.most_rows]
        made = synthetic.records.take(pa.array(np.sort(order), pa.int64()))
        real = pa.concat_tables([train, tune.cast(train.schema)])
        owner = np.concatenate([unit, other + int(unit.max()) + 1])
        evidence = self._evidence([_exact(real, c) for c in columns], [_exact(made, c) for c in columns], owner)
        evidence = _better_place(evidence, self._evidence(*_stepped(real, made, columns), owner))
        members = most_of_units(evidence[: train.num_rows], unit)
        others = most_of_units(evidence[train.num_rows :], other)
        scores: list[Score] = []
        shares = ((f"_at_{fpr}", int(fpr * len(others))) for fpr in (LOW_FPR, TWINS))
        for ending, few in (("", FEW), *shares):
            if few >= FEW and (few > FEW or not ending):
                least = float(np.sort(others)[-1 - few]) if few < len(others) else np.inf
                scores += [share(f"near_tpr{ending}", members > least), share(f"near_fpr{ending}", others > least)]
        return scores

    def _drawn(self, real: Dataset, side: str) -> tuple[pa.Table, np.ndarray]:
        rows, unit = draw_whole_units(real.units(), self.most_rows, self.seed, "near", side)
        return real.records.take(pa.array(rows, pa.int64())), unit

    def _evidence(self, real: list[np.ndarray], made: list[np.ndarray], owner: np.ndarray) -> np.ndarray:
        """Bits of evidence of each real record, shape (real,); 0 where no made record comes near."""
        whole, of_made = (np.asarray(np.sum(side, axis=0, dtype=np.uint64)) for side in (real, made))
        total = np.zeros(len(whole))
        for left_out in self._sets(len(real)):
            ours, theirs = whole.copy(), of_made.copy()
            for place in left_out:
                ours, theirs = np.subtract(ours, real[place]), np.subtract(theirs, made[place])
            found = np.flatnonzero(np.isin(ours, theirs))
            bits = np.log2((len(whole) + 1) / (len(found) + 1))
            total[found[_of_one_owner(ours, owner, found)]] += bits
        return total

    def _sets(self, columns: int) -> Iterator[tuple[int, ...]]:
        yield ()
        yield from ((place,) for place in range(columns))
        pairs = list(combinations(range(columns), LEFT_OUT))
        if len(pairs) > MOST_SETS:
            pairs = [pairs[place] for place in np.sort(rng_at(self.seed, "near", "pairs").permutation(len(pairs))[:MOST_SETS])]
        yield from pairs


def _exact(records: pa.Table, column: Column) -> np.ndarray:
    return lanes(codes_of(records.column(column.name), near=False), column.name)[:, 0]


def _stepped(real: pa.Table, made: pa.Table, columns: list[Column]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The columns of both with numbers in steps, as hashes."""
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for column in columns:
        if column.kind not in MEASURED:
            for side, records in zip(sides, (real, made), strict=True):
                side.append(_exact(records, column))
            continue
        values = as_numbers(real.column(column.name))
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, (0.05, 0.95)) if len(known) else (0.0, 0.0)
        step = float(high - low) / STEPS or 1.0
        for side, records in zip(sides, (real, made), strict=True):
            steps = pa.chunked_array([np.round(as_numbers(records.column(column.name)) / step)])
            side.append(lanes(codes_of(steps, near=False), column.name)[:, 0])
    return sides


def _better_place(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Each record's better place in two orders, the higher the more telling: sums would drown exact values in steps."""
    from scipy.stats import rankdata

    return np.maximum(rankdata(one), rankdata(other))


def _of_one_owner(prints: np.ndarray, owner: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Which of the found records no record of another unit equals in print, bool of the shape of `found`."""
    alike = np.flatnonzero(np.isin(prints, prints[found]))
    _, group = np.unique(prints[alike], return_inverse=True)
    least, most = np.full(len(alike), len(owner)), np.full(len(alike), -1)
    np.minimum.at(least, group, owner[alike])
    np.maximum.at(most, group, owner[alike])
    alone = np.zeros(len(prints), bool)
    alone[alike] = (least == most)[group]
    return alone[found]
