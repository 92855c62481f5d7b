"""Partition: which records are learnt from and which are judged on, fold by fold, and which unit each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from complement.core.errors import SplitError

ALWAYS_TRAIN = -1


@dataclass(frozen=True, repr=False)
class Partition:
    """A split of records that never cuts a unit. All arrays have the shape (records,).

    `unit` numbers the unit of each record; `fold` is the fold in which the record is sealed, or -1 for a record
    that is never judged on. `kind`: "units" trains fold k on every other fold and on -1; "time" (rolling origin) trains fold
    k only on folds below k. `block` groups records whose errors may go together (time blocks); None: the units
    do. `sealed_hash` names the judged records whatever their order; `notes` says what a reader should know, `cautions` what
    puts everything that is judged by this split in doubt.
    """

    unit: np.ndarray
    fold: np.ndarray
    folds: int
    kind: Literal["units", "time"] = "units"
    block: np.ndarray | None = None
    sealed_hash: str = ""
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.unit) != len(self.fold):
            raise SplitError("split-units", f"{len(self.unit)} units for {len(self.fold)} folds.")
        order = np.argsort(self.unit, kind="stable")
        same = self.unit[order][1:] == self.unit[order][:-1]
        if (same & (self.fold[order][1:] != self.fold[order][:-1])).any():
            raise SplitError("split-units", "A unit stands in two parts.", help="Give every record of a unit the same fold.")

    @property
    def rows(self) -> int:
        return len(self.fold)

    @property
    def cluster(self) -> np.ndarray:
        """The group within which errors may go together, shape (records,)."""
        return self.unit if self.block is None else self.block

    def test(self, fold: int) -> np.ndarray:
        """Positions of the records sealed in this fold."""
        return np.flatnonzero(self.fold == fold)

    def train(self, fold: int) -> np.ndarray:
        """Positions of the records that fold `fold` may learn from."""
        if self.kind == "time":
            return np.flatnonzero(self.fold < fold)
        return np.flatnonzero(self.fold != fold)

    def take(self, rows: np.ndarray) -> Partition:
        """The partition of these records alone. `sealed_hash` still names every judged record."""
        block = None if self.block is None else self.block[rows]
        return replace(self, unit=self.unit[rows], fold=self.fold[rows], block=block)

    def __repr__(self) -> str:
        return f"Partition({self.rows} records, {self.folds} folds, kind={self.kind!r})"
