"""Valid: candidates that break the schema: kind, range, decimals, allowed values, missing cells, keys, and the rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.broken import without_broken
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.rules import Rule, Unique
from complement.core.schema import Column, Key
from complement.core.values import absent, as_numbers, as_text
from complement.curate.prints import exact_prints
from complement.curate.step import Found, Look, TableStep

Masks = list[tuple[np.ndarray, str]]
ROUNDING = 1e-9  # of the value: what a decimal loses as a float of 64 bits
UNUSED = ("ignore",)  # roles of columns that nothing is asked of
ANEW = ("identifier", "personal", "unit")  # whose values are made anew, beyond those of the real records


@dataclass(frozen=True)
class Valid(TableStep):
    """Tags candidates that break what the schema says of their columns, a key between tables, or a rule.

    Ranges, decimals and values are those of the schema: where it was read off real records, a fresh one lies outside now and
    then. `combination` and `one_to_one` allow what real records show. A root record answers for its descendants: a child row that
    breaks the schema tags it. What must be unique (identifiers, `unique`) is looked at over all candidates; the first stays.
    """

    learnt: tuple[Rule, ...] | None = field(default=None, repr=False, compare=False)

    def prepared(self, context: Context) -> Self:
        if self.learnt is not None:
            return self
        rules = context.schema.rules
        if rules and context.train.rows:
            real, _ = without_broken(context.train.with_schema(replace(context.train.schema, rules=rules)))
            records = real.records.filter(pa.array(real.weight > 0))
            rules = tuple(rule.learn(records) for rule in rules)
        return replace(self, learnt=rules)

    def look(self, candidates: Dataset, context: Context) -> Look:
        rows = candidates.rows
        masks = _broken(candidates.records, context.schema.columns, "")
        masks += _keys(candidates)
        for rule in self.learnt or ():
            if not isinstance(rule, Unique):
                masks.append((~rule.mask(candidates.records), f"breaks the rule '{rule}'"))
        prints = np.zeros((rows, len(self._alone(context))), np.uint64)
        for place, names in enumerate(self._alone(context)):
            columns = [context.schema.column(name) for name in names]
            missing = np.logical_or.reduce([absent(as_text(candidates.column(name))) for name in names])
            prints[:, place] = np.where(missing, 0, exact_prints(candidates, columns) | np.uint64(1))
        return Look(Found.where(masks, rows), prints)

    def settle(self, prints: np.ndarray) -> Found:
        masks: Masks = []
        for place in range(prints.shape[1]):
            order = np.argsort(prints[:, place], kind="stable")
            ranked = prints[order, place]
            again = np.zeros(len(order), bool)
            again[order[1:]] = (ranked[1:] == ranked[:-1]) & (ranked[1:] > 0)
            masks.append((again, "repeats a value that must be unique"))
        return Found.where(masks, len(prints))

    def _alone(self, context: Context) -> list[tuple[str, ...]]:
        """The columns, or combinations of them, that no two records may share."""
        columns = [(column.name,) for column in context.schema.columns if column.constraints.unique and column.role not in UNUSED]
        return [*columns, *(rule.columns() for rule in self.learnt or () if isinstance(rule, Unique))]


def _broken(table: pa.Table, columns: tuple[Column, ...], where: str) -> Masks:
    """What each record breaks by itself, shape (rows,) each."""
    masks: Masks = []
    for column in columns:
        if column.role in UNUSED or column.kind in ("image", "other"):
            continue
        limits, name, values = column.constraints, f"{where}{column.name}", table.column(column.name)
        bounded = column.role not in ANEW
        if column.numeric:
            numbers = as_numbers(values)
            masks.append((np.isinf(numbers), f"{name} is not finite"))
            if limits.low is not None and bounded:
                masks.append((numbers < limits.low, f"{name} is below {limits.low:g}"))
            if limits.high is not None and bounded:
                masks.append((numbers > limits.high, f"{name} is above {limits.high:g}"))
            digits = 0 if column.kind == "integer" else limits.decimals
            if digits is not None:
                told = f"{name} has more than {digits} decimals" if digits else f"{name} is not a whole number"
                masks.append((_longer(numbers, digits), told))
        elif limits.values is not None and bounded and column.kind in ("category", "text"):
            masks.append((_strange(values, limits.values), f"{name} has a value that is not allowed"))
        if not limits.nullable:
            masks.append((absent(as_text(values)), f"{name} is missing"))
    return masks


def _longer(numbers: np.ndarray, digits: int) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        off = np.abs(np.round(numbers, digits) - numbers)
        return off > ROUNDING * np.maximum(1.0, np.abs(numbers))


def _strange(values: pa.ChunkedArray, allowed: tuple[str, ...]) -> np.ndarray:
    words = pa.array(as_text(values), pa.string())
    known = pc.is_in(words, value_set=pa.array(allowed, pa.string()))
    return np.asarray(pc.and_(pc.invert(known), pc.is_valid(words)).to_numpy(zero_copy_only=False), bool)


def _keys(candidates: Dataset) -> Masks:
    """Root records whose parent is absent, and those with a descendant that breaks the schema or shares its key."""
    masks: Masks = []
    root = candidates.schema.root
    for key in candidates.schema.keys:
        if key.child == root and key.parent in candidates.tables:
            there = candidates.tables[key.parent].column(key.parent_column)
            lost = ~_among(candidates.records.column(key.column), there) & _present(candidates.records.column(key.column))
            masks.append((lost, f"{key.column} refers to no record of {key.parent}"))
        elif key.parent == root:
            bad = _bad_children(candidates, key)
            if bad is not None:
                masks.append(
                    (_among(candidates.records.column(key.parent_column), bad), f"a row of {key.child} breaks the schema")
                )
    return masks


def _bad_children(candidates: Dataset, key: Key) -> pa.ChunkedArray | None:
    """The keys of the child table's rows that break the schema, or have a descendant that does; None where none does."""
    table = candidates.tables[key.child]
    own = [mask for mask, _ in _broken(table, candidates.schema.tables[key.child], "")]
    for below in candidates.schema.keys:
        if below.parent == key.child and below.child not in (key.parent, candidates.schema.root):
            bad = _bad_children(candidates, below)
            if bad is not None:
                own.append(_among(table.column(below.parent_column), bad))
    hit = np.logical_or.reduce(own) if own else np.zeros(table.num_rows, bool)
    return table.column(key.column).filter(pa.array(hit)) if hit.any() else None


def _among(values: pa.ChunkedArray, others: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.is_in(values, value_set=others.combine_chunks()).to_numpy(zero_copy_only=False), bool)


def _present(values: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), bool)
