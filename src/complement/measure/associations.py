"""How strongly two columns hang together, for each two of them and whatever their kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from complement.core.dataset import Dataset
from complement.core.values import as_numbers
from complement.measure.coded import Code, Table, one_hot
from complement.models.openmp import one_thread


def associations(records: Dataset, codes: Sequence[Code]) -> np.ndarray:
    """The association of each two columns, shape (columns, columns), symmetric, 1 on the diagonal.

    Two numbers: Spearman's rank correlation, -1 to 1. A number and a category: the correlation ratio of its ranks, 0 to 1,
    free of what chance adds (epsilon squared, Kelley 1935). Two categories: Cramer's V, 0 to 1, free of the same (Bergsma
    2013). Numbers are left out where missing; a missing category is a category. A constant column hangs together with
    nothing: 0. All records given are looked at: give a bounded sample.
    """
    found = np.zeros((len(codes), len(codes)))
    numbers = [place for place, code in enumerate(codes) if code.measured]
    words = [place for place, code in enumerate(codes) if not code.measured]
    if records.rows > 1:
        ranks, known = _ranks(records, [codes[place] for place in numbers])
        hot, start = one_hot(records, [codes[place] for place in words])
        hot = hot.astype(np.float64)
        with one_thread():
            found[np.ix_(numbers, numbers)] = _spearman(ranks, known)
            ratio = _ratio(ranks, known, hot, start)
            found[np.ix_(words, words)] = _cramer(Table(hot.T @ hot, start, records.rows))
        found[np.ix_(words, numbers)] = ratio
        found[np.ix_(numbers, words)] = ratio.T
    np.fill_diagonal(found, 1.0)
    return found


def _ranks(records: Dataset, codes: Sequence[Code]) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of the known numbers, -.5 to .5, and 1 where they are known; both of the shape (records, columns)."""
    from scipy.stats import rankdata

    ranks, known = np.zeros((2, records.rows, len(codes)))
    for place, code in enumerate(codes):
        values = as_numbers(records.column(code.column.name))
        there = ~np.isnan(values)
        known[there, place] = 1
        ranks[there, place] = (rankdata(values[there]) - 0.5) / max(1, int(there.sum())) - 0.5
    return ranks, known


def _spearman(ranks: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Over the records in which both are known; ranks stay those among all known ones."""
    both = known.T @ known
    sums, squares = ranks.T @ known, (ranks**2).T @ known
    spread = squares * both - sums**2
    return _divided(ranks.T @ ranks * both - sums * sums.T, np.sqrt(np.maximum(spread, 0) * np.maximum(spread.T, 0)))


def _ratio(ranks: np.ndarray, known: np.ndarray, hot: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The correlation ratio of each category (first axis) with each number (second axis)."""
    if not ranks.shape[1] or len(start) < 2:
        return np.zeros((len(start) - 1, ranks.shape[1]))
    sums, counts = hot.T @ ranks, hot.T @ known
    total, rows = ranks.sum(axis=0), known.sum(axis=0)
    middle = _divided(total**2, rows)
    between = np.add.reduceat(_divided(sums**2, counts), start[:-1], axis=0) - middle
    share = _divided(between, (ranks**2).sum(axis=0) - middle)
    groups = np.add.reduceat((counts > 0).astype(float), start[:-1], axis=0)
    return np.sqrt(np.clip(1 - (1 - share) * _divided(rows - 1, rows - groups), 0, 1) * (groups > 1))


def _cramer(table: Table) -> np.ndarray:
    if len(table.start) < 2:
        return np.zeros((0, 0))
    alone = np.diag(table.counts)
    square = table.sums(_divided(table.counts**2, np.outer(alone, alone))) - 1
    groups = np.add.reduceat((alone > 0).astype(float), table.start[:-1])
    rest = max(1, table.rows - 1)
    above = np.maximum(0, square - np.outer(groups - 1, groups - 1) / rest)
    free = groups - (groups - 1) ** 2 / rest
    return np.sqrt(np.clip(_divided(above, np.minimum.outer(free, free) - 1), 0, 1))


def _divided(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The quotient, and 0 where there is nothing to divide by."""
    one, other = np.broadcast_arrays(one, other)
    return np.divide(one, other, out=np.zeros(one.shape), where=other > 1e-12)
