"""Interpolate: new records on the line between a real record and a near one of its class (SMOTE, SMOTENC)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from complement.core.errors import RequestError
from complement.generate.records import Training
from complement.generate.tabular import Ask, TableGenerator, check_whole

_LEVELS = 64  # per column that count in the distance; rarer ones count as one
_BATCH = 2048  # records whose neighbours are sought at a time, which bounds memory


@dataclass
class Interpolate(TableGenerator):
    """SMOTE (Chawla et al. 2002) and its SMOTENC for mixed columns, within the records that meet the request.

    A real record, drawn by weight, and one of its `neighbours` nearest records of the same target class: numbers are
    taken at one random share of the way between them and keep the column's decimals; categories are those that most of
    the neighbours have, counted by weight; missing values are the first record's. Distances: standardised numbers, and
    for a category that differs the median of the numbers' standard deviations.

    Not private: records lie on lines between real ones, which gives these away. Never offer it as such.
    """

    name: ClassVar[str] = "interpolate"

    neighbours: int = 5

    _codes: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray], init=False, repr=False, compare=False)
    _space: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32), init=False, repr=False, compare=False)
    _classes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_whole("neighbours", self.neighbours, low=1)

    def _learn(self, training: Training, seed: int) -> None:
        self._codes = training.encoded()
        target = training.schema.target
        self._classes = np.zeros(training.rows, np.int64)
        if target is not None and target.name in self._codes and not training.codes[target.name].numeric:
            self._classes = np.nan_to_num(self._codes[target.name], nan=-1).astype(np.int64)
        self._space = _space(training, {n: c for n, c in self._codes.items() if target is None or n != target.name})

    def _draw(self, training: Training, rows: int, among: np.ndarray, ask: Ask) -> pa.Table:
        among = self._with_company(among)
        base = training.pick(rows, ask.rng, among)
        near = self._near(base, among)
        votes = np.where(near >= 0, training.weight[near], 0.0)
        total = np.cumsum(votes, axis=1)
        place = (total <= (ask.rng.random(rows) * total[:, -1])[:, None]).sum(axis=1)
        chosen = near[np.arange(rows), place]
        share = ask.rng.random(rows)
        target = training.schema.target
        kept = set() if ask.where is None else ask.where.columns()
        made: dict[str, np.ndarray] = {}
        for name, codes in self._codes.items():
            first, second = codes[base], codes[chosen]
            code = training.codes[name]
            if code.numeric:
                made[name] = code.rounded(first + share * (np.where(np.isnan(second), first, second) - first))
            elif name in kept or (target is not None and name == target.name):
                made[name] = first
            else:
                made[name] = np.where(np.isnan(first), first, _majority(codes, near, votes, first))
        return training.decoded(made)

    def _with_company(self, among: np.ndarray) -> np.ndarray:
        """The records whose class has a second record among these: the others have nothing to be mixed with."""
        classes = self._classes[among]
        _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
        kept = among[counts[inverse] > 1]
        if not len(kept):
            raise RequestError(
                "generate-unsupported",
                f"'{self.name}' needs 2 real records of one class under the condition; there are {len(among)}, alone in theirs.",
                help="Widen the condition, or use 'trees'.",
            )
        return kept

    def _near(self, base: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Positions of the nearest records of the same class for each base, shape (rows, neighbours); -1 where lacking."""
        from sklearn.neighbors import NearestNeighbors

        unique, inverse = np.unique(base, return_inverse=True)
        found = np.full((len(unique), self.neighbours), -1, np.int64)
        for label in np.unique(self._classes[unique]):
            members = among[self._classes[among] == label]
            wanted = np.flatnonzero(self._classes[unique] == label)
            count = min(self.neighbours, len(members) - 1)
            search = NearestNeighbors(n_neighbors=count + 1, n_jobs=1).fit(self._space[members])
            for start in range(0, len(wanted), _BATCH):
                rows = wanted[start : start + _BATCH]
                near = members[search.kneighbors(self._space[unique[rows]], return_distance=False)]
                found[rows, :count] = _without_self(near, unique[rows])
        return found[inverse]


def _without_self(near: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Neighbours without the record itself, which need not be the first among equals; shape (rows, columns - 1)."""
    own_first = np.argsort(near != own[:, None], axis=1, kind="stable")
    # Where the record itself is not among its nearest (many equals), the farthest is left out instead.
    ordered = np.take_along_axis(near, own_first, axis=1)
    there = (near == own[:, None]).any(axis=1)
    return np.where(there[:, None], ordered[:, 1:], near[:, :-1])


def _majority(codes: np.ndarray, near: np.ndarray, votes: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The category with the most votes of the neighbours, shape (rows,); of equals the nearest one's; missing ones do not
    vote. `votes`: the neighbours' weights, shape of `near`, 0 where there is none."""
    said = np.where(near >= 0, codes[near], np.nan)
    heard = np.where(np.isnan(said), 0.0, votes)
    count = ((said[:, :, None] == said[:, None, :]) * heard[:, None, :]).sum(axis=2)
    best = said[np.arange(len(said)), np.argmax(count, axis=1)]
    return np.where(count.max(axis=1) > 0, best, first)


def _space(training: Training, codes: dict[str, np.ndarray]) -> np.ndarray:
    """Where the records lie for the distance, shape (rows, dimensions), float32; missing numbers at the mean."""
    parts: list[np.ndarray] = []
    for name, values in codes.items():
        if training.codes[name].numeric:
            known = values[~np.isnan(values)]
            spread = float(known.std()) if len(known) else 0.0
            if spread > 0:
                parts.append(np.nan_to_num((values - known.mean()) / spread)[:, None])
        else:
            levels = np.nan_to_num(values, nan=-1).astype(np.int64)
            distinct, counts = np.unique(levels, return_counts=True)
            common = np.sort(distinct[np.argsort(-counts, kind="stable")][:_LEVELS])
            # Standardised numbers have a deviation of 1, so two categories that differ are 1 apart: two steps of 1/2 squared.
            parts.append((levels[:, None] == common[None, :]) * np.sqrt(0.5))
    return np.concatenate(parts, axis=1).astype(np.float32) if parts else np.zeros((training.rows, 1), np.float32)
