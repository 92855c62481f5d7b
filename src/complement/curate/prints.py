"""Prints: one number per record, equal for equal records, and how often records repeat each other by nature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.values import as_numbers, as_text
from complement.models.fingerprint import BLOCK, fingerprints


def exact_prints(records: Dataset, columns: Sequence[Column]) -> np.ndarray:
    """A number per record over these columns, uint64 of shape (records,), equal for equal values whatever their storage."""
    return _prints(records, columns, near=False)


def near_prints(records: Dataset, columns: Sequence[Column]) -> np.ndarray:
    """As `exact_prints`, equal also where numbers agree to four significant digits and text but for case and blanks."""
    return _prints(records, columns, near=True)


def _prints(records: Dataset, columns: Sequence[Column], *, near: bool) -> np.ndarray:
    """Block after block: in one storage, millions of records would take the memory of a second copy."""
    found, names = np.zeros(records.rows, np.uint64), [column.name for column in columns]
    for start in range(0, records.rows, BLOCK):
        part = _plain(records.records.slice(start, BLOCK), columns)
        found[start : start + BLOCK] = fingerprints(part, names, near=near)
    return found


def _plain(records: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """The columns in one storage for each kind: 1 and 1.0 are the same number, and a code is a word however it is stored."""
    arrays: dict[str, pa.ChunkedArray | pa.Array] = {"": pa.nulls(records.num_rows)}  # a table without columns has no rows
    for column in columns:
        values = records.column(column.name)
        kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
        if column.numeric:
            values = pa.array(as_numbers(values), from_pandas=True)
        elif column.kind in ("category", "text") and not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            values = pa.array(as_text(values), pa.string())
        arrays[column.name] = values
    return pa.table(arrays)


@dataclass(frozen=True, repr=False)
class Nature:
    """How often records of a population repeat each other. `values`: prints of the real records, sorted, each once; `counts`:
    how many units have it; `units`: how many there are in all."""

    values: np.ndarray
    counts: np.ndarray
    units: int

    @staticmethod
    def of(prints: np.ndarray, unit: np.ndarray | None = None) -> Nature:
        """What these real records say; both of shape (records,). Equal records of one unit count once; None: all are others'."""
        if unit is None:
            ranked = np.sort(prints)
        else:
            order = np.lexsort((unit, prints))
            ranked, whose = prints[order], unit[order]
            ranked = ranked[np.append(True, (ranked[1:] != ranked[:-1]) | (whose[1:] != whose[:-1]))[: len(order)]]
        first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
        return Nature(ranked[first], np.diff(np.append(first, len(ranked))).astype(np.int32), len(ranked))

    @staticmethod
    def of_records(records: Dataset, prints: np.ndarray) -> Nature:
        """The same of these records."""
        return Nature.of(prints, records.units() if records.schema.with_role("unit") else None)

    def share(self, prints: np.ndarray) -> np.ndarray:
        """The share of real units that show each of these prints, shape of `prints`; 0 for one that was never met."""
        return self.count(prints) / max(1, self.units)

    def count(self, prints: np.ndarray) -> np.ndarray:
        """How many real units show each of these prints, shape of `prints`."""
        if not len(self.values):
            return np.zeros(len(prints), np.int64)
        place = np.minimum(np.searchsorted(self.values, prints), len(self.values) - 1)
        return np.where(self.values[place] == prints, self.counts[place], 0)

    def repeats(self, rows: int) -> float:
        """How many of `rows` fresh records of this population would equal an earlier one.

        Rarefaction, and beyond the number of real records extrapolation by the number of those met once and twice (Colwell et
        al. 2012). Of a table in which no two agree it is 0.
        """
        from scipy.special import gammaln

        have, once, twice = self.units, int((self.counts == 1).sum()), int((self.counts == 2).sum())
        if rows <= 1 or have <= 1:
            return 0.0
        drawn = min(rows, have)
        rest = have - self.counts
        with np.errstate(invalid="ignore"):
            log = gammaln(rest + 1) - gammaln(rest - drawn + 1) - gammaln(have + 1) + gammaln(have - drawn + 1)
        absent = np.where(rest >= drawn, np.exp(np.where(rest >= drawn, log, 0.0)), 0.0)
        distinct = float((1 - absent).sum())
        if rows > have:
            unseen = once**2 / (2 * twice) if twice else once * (once - 1) / 2
            if unseen > 0:
                distinct += unseen * (1 - np.exp(-(rows - have) * once / (have * unseen)))
        return max(0.0, rows - distinct)


def shuffled(prints: np.ndarray, seed: int) -> np.ndarray:
    """A number per print that has nothing to do with its value, the same in every process; uint64 of the same shape.

    By it records are chosen at random: those that are equal share their lot, and no order of shards matters.
    """
    bits = prints ^ np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
