"""How tellingly made records agree with real ones in sets of columns: the evidence of near copies and of parts of records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.schema import Column
from complement.core.score import Score
from complement.core.values import as_numbers
from complement.measure.intervals import share
from complement.measure.privacy.attack import LOW_FPR, most_of_units
from complement.models.fingerprint import codes_of, lanes
from complement.models.nearness import MEASURED

FEW = 3  # of the hold-out may be met more tellingly than the threshold: real tables hold a few records twice, under no one's name
TWINS = 0.003  # of Adult, .2 % of the rows have another that differs in one column: a threshold must also lie above those
STEPS = 25  # a number's range of 5 to 95 %, in steps: a copy that was rounded or nudged mostly stays in its step
Hashes = Sequence[np.ndarray]  # per column one number a record, equal for equal values
Sides = tuple[np.ndarray, np.ndarray]  # something of each member, and of each non-member


@dataclass(frozen=True)
class Agreement:
    """Real and made records as hashes per column: `passes` holds the exact ones, and those with numbers in steps of 1/25 of
    their range. `units`: the number of each member's and of each non-member's unit."""

    passes: tuple[tuple[Hashes, Hashes], ...]
    units: Sides

    @staticmethod
    def of(members: pa.Table, others: pa.Table, units: Sides, made: pa.Table, columns: Sequence[Column]) -> Agreement:
        """The hashes of these records over `columns`."""
        real = pa.concat_tables([members, others.cast(members.schema)])
        exact = ([_exact(real, column) for column in columns], [_exact(made, column) for column in columns])
        return Agreement((exact, _stepped(real, made, columns)), units)

    def places(self, sets: Sequence[tuple[int, ...]], *, kept: bool) -> Sides:
        """How high each unit stands by its evidence, the higher the more telling: shapes (members,) and (non-members,).

        For each set of columns, which are the ones compared (`kept`) or the ones left out: where a made record agrees with a real
        one, and with no other real unit, the real one gains -log2 of the share of real records that a made one meets so. A record
        stands by the pass in which it is the higher: sums would drown exact values in steps. A unit counts once, by its best.
        """
        unit, other = self.units
        owner = np.concatenate([unit, other + int(unit.max()) + 1])
        one, two = (_ranked(_evidence(real, made, owner, sets, kept)) for real, made in self.passes)
        place = np.maximum(one, two)
        return most_of_units(place[: len(unit)], unit), most_of_units(place[len(unit) :], other)


def rates(name: str, found: Sides, ending: str = "") -> list[Score]:
    """How many members stand above all but a few non-members: "{name}_tpr" and "_fpr", at thresholds that leave at most 3 of
    the non-members, and .1 and .3 % where these are more."""
    members, others = found
    scores: list[Score] = []
    for told, few in (("", FEW), *((f"_at_{fpr}", int(fpr * len(others))) for fpr in (LOW_FPR, TWINS))):
        if few > FEW or not told:
            least = above(others, few)
            scores += [share(f"{name}_tpr{told}", members > least), share(f"{name}_fpr{told}", others > least)]
    return scores


def above(others: np.ndarray, few: int = FEW) -> float:
    """The threshold that at most so `few` non-members exceed."""
    return float(np.sort(others)[-1 - few]) if few < len(others) else np.inf


def _evidence(real: Hashes, made: Hashes, owner: np.ndarray, sets: Sequence[tuple[int, ...]], kept: bool) -> np.ndarray:
    """Bits of evidence of each real record, shape (real,); 0 where no made record agrees."""
    whole, of_made = (_sum(side, range(len(side))) for side in (real, made))
    total = np.zeros(len(whole))
    for places in sets:
        ours, theirs = _sum(real, places), _sum(made, places)
        if not kept:
            ours, theirs = np.subtract(whole, ours), np.subtract(of_made, theirs)
        found = np.flatnonzero(np.isin(ours, theirs))
        bits = np.log2((len(whole) + 1) / (len(found) + 1))
        total[found[_of_one_owner(ours, owner, found)]] += bits
    return total


def _sum(hashes: Hashes, places: Sequence[int]) -> np.ndarray:
    total = np.zeros(len(hashes[0]), np.uint64)
    for place in places:
        total = np.add(total, hashes[place])
    return total


def _ranked(evidence: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return rankdata(evidence)


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


def _exact(records: pa.Table, column: Column) -> np.ndarray:
    return lanes(codes_of(records.column(column.name), near=False), column.name)[:, 0]


def _stepped(real: pa.Table, made: pa.Table, columns: Sequence[Column]) -> tuple[list[np.ndarray], list[np.ndarray]]:
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
