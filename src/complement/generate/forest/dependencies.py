"""Dependencies: columns that follow from another one, and pairs of values that do not go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from complement.generate.codec import Code, is_in
from complement.generate.forest.suppress import shared

SURPRISE = 12.0  # records that chance alone would give: fewer, and their absence says nothing
FEW, TINY = 5, 0.002  # a pair of so few records, and of such a share of what chance would give, is an error in the data
PEAK = 0.05  # of the records: a number with such an atom (no gain, no loss) is told apart by it
SMALL = 32  # distinct values of a number that are told apart, each


@dataclass(frozen=True, repr=False)
class Dependency:
    """`target` follows from `source`: codes of the source, sorted, missing last, and the target's code for each."""

    source: str
    target: str
    known: np.ndarray
    value: np.ndarray

    def restored(self, codes: np.ndarray) -> np.ndarray:
        """The target's codes for these of the source, shape of `codes`; a value between known ones takes the nearer below."""
        at = np.searchsorted(self.known, np.where(np.isnan(codes), np.inf, codes), side="right") - 1
        last = len(self.known) - 1
        at = np.where(np.isnan(codes), last, np.minimum(at, last))
        return self.value[at.clip(0, last)]


def dependencies(
    codes: Mapping[str, np.ndarray], codings: Mapping[str, Code], unit: np.ndarray, least: int = 1
) -> list[Dependency]:
    """Every column that another one determines, with one source each; a source is never itself restored.

    A source value must be met often enough that the target's variety would have shown: `SURPRISE` clashes by chance. Where
    `least` is above 1, source values of fewer units tell nothing, and nothing is looked up for them.
    """
    known: dict[str, np.ndarray] = {}
    number: dict[str, np.ndarray] = {}
    for name, values in codes.items():
        known[name], number[name] = np.unique(values, return_inverse=True)
    rows = len(next(iter(codes.values())))
    common = {name: _common(codes[name], unit, least) for name in codes}
    # Values of a source must come out as they are: smoothed ones would find no partner.
    sources = [name for name in codes if not codings[name].numeric or len(known[name]) <= SMALL]
    found: dict[str, Dependency] = {}
    for target in codes:
        varied = 1 - float(np.sum((np.bincount(number[target]) / rows) ** 2))
        for source in sources:
            taken = source == target or source in found or any(one.source == target for one in found.values())
            levels = len(known[source])
            if taken or not 1 < len(known[target]) <= levels or (rows - levels) * varied < SURPRISE:
                continue
            told = common[source]
            if not told.any():
                continue
            partner = np.full(levels, -1)
            partner[number[source][told]] = number[target][
                told
            ]  # the last one met; where another was met too, it does not follow
            if np.array_equal(partner[number[source][told]], number[target][told]):
                met = partner >= 0
                found[target] = Dependency(source, target, known[source][met], known[target][partner[met]])
                break
    return list(found.values())


def _common(codes: np.ndarray, unit: np.ndarray, least: int) -> np.ndarray:
    """The records whose value as many as `least` units have, shape (rows,); missing is a value like another here."""
    if least <= 1:
        return np.ones(len(codes), bool)
    values, owners = shared(codes, unit)
    missing = np.isnan(codes)
    return np.where(missing, len(np.unique(unit[missing])) >= least, is_in(codes, values[owners >= least]))


@dataclass(frozen=True, repr=False)
class Gist:
    """A column in a few levels: categories and missing, or a number's peaks and all the rest."""

    peaks: np.ndarray | None  # None: a category
    levels: int

    @staticmethod
    def of(code: Code, codes: np.ndarray) -> Gist | None:
        """None where a column has nothing to tell apart."""
        if not code.numeric:
            return Gist(None, len(code.levels) + 1) if code.levels is not None and len(code.levels) <= 1000 else None
        values, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
        peaks = values if len(values) <= SMALL else values[counts >= PEAK * len(codes)]
        return Gist(peaks, len(peaks) + 2) if len(peaks) or np.isnan(codes).any() else None

    def of_codes(self, codes: np.ndarray) -> np.ndarray:
        """The level of each code, shape of `codes`: missing is the last, another number the last but one."""
        if self.peaks is None:
            return np.where(np.isnan(codes), self.levels - 1, codes).astype(np.int64)
        level = np.full(len(codes), self.levels - 2)
        if len(self.peaks):
            at = np.searchsorted(self.peaks, codes).clip(0, len(self.peaks) - 1)
            level = np.where(is_in(codes, self.peaks), at, level)
        return np.where(np.isnan(codes), self.levels - 1, level)


@dataclass(frozen=True, repr=False)
class Exclusion:
    """Pairs of levels of two columns that real records do not hold: `never` has the shape (levels of one, of the other)."""

    one: str
    other: str
    never: np.ndarray


def exclusions(codes: Mapping[str, np.ndarray], gists: Mapping[str, Gist]) -> list[Exclusion]:
    """The structural zeros between two columns: pairs that chance would give `SURPRISE` times, and the data (almost) never.

    All levels but the most frequent one are also looked at together: who takes no drug takes none in a high dose, either, though
    high doses alone are too few to show it.
    """
    names = list(gists)
    level = {name: gists[name].of_codes(codes[name]) for name in names}
    found: list[Exclusion] = []
    for at, one in enumerate(names):
        for other in names[:at]:
            size = (gists[one].levels, gists[other].levels)
            table = np.bincount(level[one] * size[1] + level[other], minlength=size[0] * size[1]).reshape(size)
            chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(level[one])
            never = _zeros(table, chance) | _zeros_of_rest(table, chance) | _zeros_of_rest(table.T, chance.T).T
            if never.any():
                found.append(Exclusion(one, other, never))
    return found


def _zeros(table: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return (chance >= SURPRISE) & (table < FEW) & (table <= TINY * chance)


def _zeros_of_rest(table: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Shape of both: where all rows but the fullest, put together, never meet a column."""
    rest = np.arange(len(table)) != table.sum(axis=1).argmax()
    return rest[:, None] & _zeros(table[rest].sum(axis=0), chance[rest].sum(axis=0))


def broken(
    name: str, codes: np.ndarray, made: Mapping[str, np.ndarray], gists: Mapping[str, Gist], rules: Sequence[Exclusion]
) -> np.ndarray:
    """Which of these codes of a column do not go with what the records already hold, shape of `codes`."""
    bad = np.zeros(len(codes), bool)
    if name not in gists:
        return bad
    own = gists[name].of_codes(codes)
    for rule in rules:
        if rule.one == name and rule.other in made:
            bad |= rule.never[own, gists[rule.other].of_codes(made[rule.other])]
        elif rule.other == name and rule.one in made:
            bad |= rule.never[gists[rule.one].of_codes(made[rule.one]), own]
    return bad
