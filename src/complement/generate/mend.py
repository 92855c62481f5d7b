"""Mends: candidates that break a rule changed so that they obey it, each kind of rule in the way that it suggests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.rules import Compare, MissingWhen, Range, Rule, Seen, Sum, Unique, codes_of
from complement.core.values import SECONDS, as_numbers
from complement.generate.codec import Code

NEAR = 50  # real records whose difference may be drawn: those whose fixed side is nearest, so that differences follow the level


@dataclass(frozen=True, repr=False)
class Differences:
    """How far apart the two sides of an inequality lie in the real records, sorted by one side; shapes (records,)."""

    side: np.ndarray
    apart: np.ndarray

    def draw(self, near: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A real difference for each value, of one of the NEAR records whose side is nearest; shape of `near`."""
        first = np.searchsorted(self.side, near) - NEAR // 2
        reach = min(NEAR, len(self.side))
        first = np.clip(first, 0, len(self.side) - reach)
        return self.apart[first + rng.integers(0, reach, len(near))]


@dataclass(frozen=True, repr=False)
class Means:
    """What a mend may use: the codes of the learnt columns, real differences by (rule, fixed side), and random numbers.

    `fixed` are columns that a request's condition speaks of: they are changed last, or not at all.
    """

    codes: Mapping[str, Code]
    apart: Mapping[tuple[str, str], Differences]
    fixed: frozenset[str]
    rng: np.random.Generator


def differences(rule: Compare, real: pa.Table) -> dict[tuple[str, str], Differences]:
    """What the real records say of an inequality, by (rule, fixed side); empty where none has both sides."""
    larger, smaller = as_numbers(real.column(rule.larger)), as_numbers(real.column(rule.smaller))
    both = ~(np.isnan(larger) | np.isnan(smaller))
    found: dict[tuple[str, str], Differences] = {}
    for name, side in ((rule.larger, larger[both]), (rule.smaller, smaller[both])):
        if len(side):
            order = np.argsort(side, kind="stable")
            found[rule.text, name] = Differences(side[order], (larger - smaller)[both][order])
    return found


def mend(rule: Rule, table: pa.Table, broken: np.ndarray, means: Means, order: tuple[str, ...]) -> pa.Table:
    """The table with the broken records changed, as far as the rule says how; others stay as they are.

    `order` are the rule's columns in the order in which they may be changed. A mend may fail: who calls it looks again.
    """
    if isinstance(rule, Range):
        return _clipped(rule, table, broken, means) if rule.name in order else table
    if isinstance(rule, Compare):
        return _moved(rule, table, broken, means, order)
    if isinstance(rule, Sum):
        return _solved(rule, table, broken, means, order)
    if isinstance(rule, Seen):
        return _redrawn(rule, table, broken, means)
    if isinstance(rule, MissingWhen):
        for name in rule.names:
            if name not in means.fixed:
                table = _put(table, name, broken, pa.nulls(int(broken.sum()), table.column(name).type))
        return table
    return table  # unique: see `spread`; regex: only another candidate can obey


def spread(rule: Unique, table: pa.Table, means: Means, room: tuple[float, float]) -> pa.Table:
    """The numbers or dates of a unique column with repeats moved to the nearest free ones, inside `room` where all fit.

    Of several columns, and of words, nothing is moved: only another candidate can obey.
    """
    (name,) = rule.names[:1]
    code = means.codes[name]
    if len(rule.names) > 1 or not code.numeric or name in means.fixed:
        return table
    values = code.encode(table.column(name))
    order = np.argsort(values, kind="stable")[: int((~np.isnan(values)).sum())]
    low, high = room
    unit = code.unit() or float(np.nanmax(np.abs(values), initial=1.0)) * 2.0**-40
    climb = unit * np.arange(len(order))
    found = np.maximum.accumulate(np.maximum(values[order], low) - climb) + climb
    if unit * (len(order) - 1) <= high - low:  # there is room for all: what went over the top comes down again
        found = np.minimum(found, high - climb[::-1])
    made = values.copy()
    made[order] = found if code.decimals is None else np.round(found, code.decimals)
    return _put(table, name, made != values, _free(code).decode(made[made != values]))


def room_of(code: Code, ranges: list[Range]) -> tuple[float, float]:
    """The smallest and the largest code that a column may hold: its own bounds and those of its range rules."""
    limits = code.column.constraints
    low = -np.inf if limits.low is None or not code.column.numeric else limits.low
    high = np.inf if limits.high is None or not code.column.numeric else limits.high
    for rule in ranges:
        ends = _ends(rule, code)
        low, high = max(low, ends[0]), min(high, ends[1])
    return float(low), float(high)


def _ends(rule: Range, code: Code) -> tuple[float, float]:
    if isinstance(rule.low, str):
        ends = pa.chunked_array([pa.array([end.as_py() for end in rule.ends(_plain(code.type))], _plain(code.type))])
        low, high = _coded(as_numbers(ends), code)
        return float(low), float(high)
    return float(rule.low), float(rule.high)


def _clipped(rule: Range, table: pa.Table, broken: np.ndarray, means: Means) -> pa.Table:
    code = means.codes[rule.name]
    values = np.clip(code.encode(table.column(rule.name).filter(pa.array(broken))), *_ends(rule, code))
    return _put(table, rule.name, broken, code.decode(values))


def _moved(rule: Compare, table: pa.Table, broken: np.ndarray, means: Means, order: tuple[str, ...]) -> pa.Table:
    """One side set to the other side plus or minus a real difference; where bounds forbid that, then the other side."""
    for name in order:
        other, sign = (rule.smaller, 1.0) if name == rule.larger else (rule.larger, -1.0)
        apart = means.apart.get((rule.text, other))
        if apart is None or not broken.any():
            return table
        fixed = as_numbers(table.column(other).filter(pa.array(broken)))
        wanted = fixed + sign * apart.draw(fixed, means.rng)
        code = means.codes[name]
        table = _put(table, name, broken, code.decode(_coded(wanted, code)))
        broken = ~rule.mask(table)
    return table


def _solved(rule: Sum, table: pa.Table, broken: np.ndarray, means: Means, order: tuple[str, ...]) -> pa.Table:
    """The first column of the order computed from the others; where its bounds forbid that, then the next one."""
    for name in order:
        if not broken.any():
            return table
        wanted = rule.solved(name, table.filter(pa.array(broken)))
        table = _put(table, name, broken, means.codes[name].decode(wanted))
        broken = ~rule.mask(table)
    return table


def _redrawn(rule: Seen, table: pa.Table, broken: np.ndarray, means: Means) -> pa.Table:
    """Real combinations that share what is kept (the condition's columns, else the first one), drawn by their counts.

    Where none shares it, any combination is drawn; a number that was never seen first becomes the nearest seen one.
    """
    if rule.seen is None or rule.counts is None or not len(rule.counts):
        return table
    kept = [name for name in rule.names if name in means.fixed] or [rule.names[0]]
    part = table.select(list(rule.names)).filter(pa.array(broken))
    if len(kept) == 1 and kept[0] not in means.fixed and means.codes[kept[0]].numeric:
        part = part.set_column(part.column_names.index(kept[0]), kept[0], _nearest(part, rule.seen, kept[0], means))
    made, known = codes_of([part, rule.seen], kept)
    order = np.argsort(known, kind="stable")
    total = np.append(0, np.cumsum(rule.counts[order]))
    first = total[np.searchsorted(known[order], made, side="left")]
    last = total[np.searchsorted(known[order], made, side="right")]
    alone = first == last
    first, last = np.where(alone, 0, first), np.where(alone, total[-1], last)
    place = first + np.floor(means.rng.random(len(made)) * (last - first))
    chosen = rule.seen.take(pa.array(order[np.searchsorted(total, place, side="right") - 1]))
    for name in rule.names:
        if name not in means.fixed:
            table = _put(table, name, broken, chosen.column(name))
    return table


def _nearest(part: pa.Table, seen: pa.Table, name: str, means: Means) -> pa.Array:
    """The column's numbers, each the nearest of those seen; missing stays missing."""
    code = means.codes[name]
    known = np.unique(code.encode(seen.column(name)))
    known = known[~np.isnan(known)]
    values = code.encode(part.column(name))
    if not len(known):
        return code.decode(values)
    at = np.searchsorted((known[1:] + known[:-1]) / 2, values)
    return code.decode(np.where(np.isnan(values), np.nan, known[at]))


def _coded(numbers: np.ndarray, code: Code) -> np.ndarray:
    """Codes for numbers as `as_numbers` gives them: moments are seconds there, steps from the earliest one here."""
    kind = _plain(code.type)
    if not pa.types.is_temporal(kind):
        return numbers
    per_second = 1 / 86_400 if pa.types.is_date32(kind) else SECONDS["ms" if pa.types.is_date64(kind) else kind.unit]
    return (numbers * per_second - code.origin) / code.step


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _free(code: Code) -> Code:
    return replace(code, column=replace(code.column, kind="other"))  # bounds would press values together again


def _put(table: pa.Table, name: str, where: np.ndarray, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with new values of one column, in order, at the places that `where` marks."""
    if not where.any():
        return table
    field = table.schema.field(name)
    old, new = (_flat(column).cast(_plain(field.type)) for column in (table.column(name), values))
    index = np.arange(len(old))
    index[where] = len(old) + np.arange(int(where.sum()))
    made = pa.concat_arrays([old, new]).take(pa.array(index))
    return table.set_column(table.column_names.index(name), field, made.cast(field.type))


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
