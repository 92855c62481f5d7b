"""Sketches: a few hashes by which the same real records are known again, whatever was done to their order, names or columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from complement.core.dataset import Dataset
from complement.models.fingerprint import codes_of, lanes

COLUMNS = 6  # the ones with the most distinct values: a column of ids more, or a few changed, leaves others
BLOBS = ("image", "other")  # kinds whose values are not compared
KEPT = 32  # hashes per combination of columns (bottom-k sketch, Broder 1997); the share of common records is then good to .09
TELLING = 0.95  # share of distinct values: then, of as many other records of the kind, at most a tenth repeat one by chance
KNOWN = 0.25  # share of the hashes that must be met again: the same records, some of them, or they and others


def sketch(records: Dataset) -> list[list[str]]:
    """Of several combinations of columns the smallest hashes of the values, 12 hexadecimal digits each.

    Combinations: pairs of the most telling columns, all columns, all but one of the telling ones. Equal for records in another
    order or under other column names; some stay equal when columns come, go or are changed, and nearly equal when records
    come or go. Empty for a table so coarse that records cannot be told apart.
    """
    columns = {c.name: codes_of(records.column(c.name), near=False) for c in records.schema.columns if c.kind not in BLOBS}
    distinct = {name: len(np.unique(codes)) for name, codes in columns.items()}
    # Without the name: a renamed column is the same column.
    hashed = {name: lanes(codes, "")[:, 0] for name, codes in columns.items() if distinct[name] > 1}
    chosen = sorted(hashed, key=lambda name: -distinct[name])[:COLUMNS]
    every = sum(hashed.values(), np.zeros(records.rows, np.uint64))
    combined = [hashed[one] + hashed[other] for one, other in combinations(chosen, 2)]
    combined += [every, *(every - hashed[name] for name in chosen)]
    found: list[list[str]] = []
    for codes in combined:
        values = np.unique(codes)
        if len(values) >= TELLING * records.rows:
            found.append([f"{int(code) >> 16:012x}" for code in values[:KEPT]])
    return found


def known_again(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> bool:
    """Whether two sketches are of the same records, or of sets of which one holds a good share of the other."""
    theirs = [(set(hashes), max(hashes)) for hashes in other if hashes]
    return any(_shared(set(hashes), max(hashes), *their) for hashes in one if hashes for their in theirs)


def _shared(one: set[str], last: str, other: set[str], other_last: str) -> bool:
    # Above the smaller of the two ends one side kept nothing: only hashes below it can be compared. The side with fewer of
    # them is the smaller set, and what counts is how much of it is met again.
    end = min(last, other_last)
    fewer = min(sum(code <= end for code in one), sum(code <= end for code in other))
    return fewer > 0 and len(one & other) >= max(2, KNOWN * fewer)
