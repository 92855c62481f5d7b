"""Groups that a leak may be confined to, so that it drowns among all: a rare class, and units with many records."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from complement.core.dataset import Dataset
from complement.core.values import as_text
from complement.measure.intervals import MIN_UNITS

SMALL = 0.2  # a group with a larger share of the units is felt in the attacks on all
MANY = 3  # records of one unit
CLASSES = 20  # a target of more values has no classes, whatever it is written as


def groups(members: Dataset, others: Dataset) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Which records of members and of non-members belong to each group, two masks of shape (records,), by the group's name.

    "rare": units with a record of the rarest class of the target that 30 units of either side have; "busy": units with three
    records or more. Only groups with 30 units on both sides, of at most a fifth of the units.
    """
    found = {"rare": _of_rare(members, others), "busy": (_of_busy(members), _of_busy(others))}
    return {name: masks for name, masks in found.items() if masks and _small(masks, (members, others))}


def _of_rare(members: Dataset, others: Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    target = members.schema.target
    if target is None:
        return None
    sides = [(real.units(), as_text(real.column(target.name))) for real in (members, others)]
    if len({word for word in sides[0][1] if word is not None}) > CLASSES:
        return None
    counts = [_units_by_word(unit, words) for unit, words in sides]
    enough = [word for word in counts[0] if min(counts[0][word], counts[1].get(word, 0)) >= MIN_UNITS]
    if not enough:
        return None
    rarest = min(enough, key=lambda word: (counts[0][word] + counts[1][word], word))
    ours, theirs = (np.isin(unit, unit[words == rarest]) for unit, words in sides)
    return ours, theirs


def _units_by_word(unit: np.ndarray, words: np.ndarray) -> dict[str, int]:
    return {word: len(np.unique(unit[words == word])) for word in {word for word in words if word is not None}}


def _of_busy(real: Dataset) -> np.ndarray:
    unit = real.units()
    return np.bincount(unit)[unit] >= MANY


def _small(masks: tuple[np.ndarray, np.ndarray], sides: tuple[Dataset, Dataset]) -> bool:
    within = [len(np.unique(real.units()[mask])) for mask, real in zip(masks, sides, strict=True)]
    return min(within) >= MIN_UNITS and sum(within) <= SMALL * sum(int(real.units().max()) + 1 for real in sides)
