"""What built-in steps share: state learnt once of real records, a look shard by shard, and what only all looks can settle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from complement.core.contracts import Context, Tags
from complement.core.dataset import Dataset
from complement.core.schema import Column, Schema


@dataclass(frozen=True)
class Found:
    """Why records are left out: `codes`, shape (records,), is 0 for a record that is fine, else the place of its reason + 1."""

    codes: np.ndarray
    reasons: tuple[str, ...] = ()

    @staticmethod
    def nothing(rows: int) -> Found:
        return Found(np.zeros(rows, np.int32))

    @staticmethod
    def where(masks: Sequence[tuple[np.ndarray, str]], rows: int) -> Found:
        """The reason of the first mask that is true for a record; masks of shape (records,)."""
        codes, reasons = np.zeros(rows, np.int32), tuple(reason for _, reason in masks)
        for number, (mask, _) in enumerate(masks, 1):
            codes[mask & (codes == 0)] = number
        return Found(codes, reasons)

    def then(self, other: Found) -> Found:
        """These reasons, and the other's where there is none."""
        codes = np.where(self.codes > 0, self.codes, np.where(other.codes > 0, other.codes + len(self.reasons), 0))
        return Found(codes.astype(np.int32), (*self.reasons, *other.reasons))

    def tags(self) -> list[str]:
        """One text per record, "" where it is fine."""
        words = np.array(["", *self.reasons], object)
        return list(words[self.codes])


@dataclass(frozen=True)
class Look:
    """What one shard says by itself (`found`), and a few numbers per record for what only all shards say together.

    `prints`: uint64 of shape (records, width); `width` is the same for every shard.
    """

    found: Found
    prints: np.ndarray


class TableStep(ABC):
    """Abstract: a step in two passes. `look` is asked of every shard, `settle` once, of the prints of all that are still in.

    `prepared` learns what is needed of the real records once and keeps it, bounded; the step can then be pickled, and no
    longer reads `context.train`. `tag` does all three on one table. `needs` says without what a step has nothing to say.
    """

    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def prepared(self, context: Context) -> Self:
        """The same step with what it needs of the real records. One that is prepared stays as it is."""

    @abstractmethod
    def look(self, candidates: Dataset, context: Context) -> Look:
        """Reasons and prints of one shard."""

    def settle(self, prints: np.ndarray) -> Found:
        """Reasons that need all candidates: `prints` of shape (records, width), of the records of all shards in order."""
        return Found.nothing(len(prints))

    def tag(self, candidates: Dataset, context: Context) -> Tags:
        """One tag per candidate, in order: "" or the reason to leave it out."""
        step = self.prepared(context)
        look = step.look(candidates, context)
        left = np.flatnonzero(look.found.codes == 0)
        settled = step.settle(look.prints[left])
        codes = np.zeros(candidates.rows, np.int32)
        codes[left] = settled.codes
        return look.found.then(Found(codes, settled.reasons)).tags()


def no_prints(rows: int) -> np.ndarray:
    """The prints of a step that settles nothing, shape (rows, 0)."""
    return np.zeros((rows, 0), np.uint64)


def compared(schema: Schema) -> list[Column]:
    """The columns over which records are compared: features and target. Identifiers and names are made anew anyway."""
    return [*schema.features(), *schema.with_role("target")]
