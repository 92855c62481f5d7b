"""Real records and rules: a dataset put under rules, and the real records that break one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import RuleError
from complement.core.rule_text import parse_rules
from complement.core.rules import Rule

MOST_BROKEN = 0.01  # of the real records: below it they are slips of the pen, above it the rule or the data are mistaken
SHOWN = 3


@dataclass(frozen=True, repr=False)
class Broken:
    """A rule that real records break: `rows` are their positions, `of` is how many real records count (weight above 0)."""

    rule: Rule
    rows: np.ndarray
    of: int

    @property
    def note(self) -> str:
        """One line for the report."""
        count = len(self.rows)
        many = f"{count:,} of {self.of:,} real records break" if count > 1 else f"1 of {self.of:,} real records breaks"
        return f"{many} the rule '{self.rule}': not learnt."


def under(real: Dataset, rules: str | Iterable[str | Rule]) -> tuple[Dataset, tuple[str, ...]]:
    """The records under these rules, beside those that their schema has, and a note for each that a few of them break.

    Raises RuleError and SchemaError for a rule that cannot be read or does not fit the columns, and RuleError
    "rule-broken-by-real" where more than MOST_BROKEN of the records break one.
    """
    wanted = parse_rules(rules)
    if not wanted:
        return real, ()
    ruled = real.with_schema(real.schema.with_rules(tuple(dict.fromkeys((*real.schema.rules, *wanted)))))
    found = broken(ruled)
    for one in found:
        if len(one.rows) > MOST_BROKEN * one.of:
            raise _error(one, ruled)
    return ruled, tuple(one.note for one in found)


def broken(real: Dataset) -> list[Broken]:
    """The rules of the schema that records of weight above 0 break. A schema without rules costs nothing."""
    counted = np.flatnonzero(real.weight > 0)
    table = real.records if len(counted) == real.rows else real.records.take(counted)
    found: list[Broken] = []
    for rule in real.schema.rules:
        rows = counted[~rule.mask(table)]
        if len(rows):
            found.append(Broken(rule, rows, len(counted)))
    return found


def without_broken(real: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Records that break a rule get weight 0, so that nothing learns from them, and a note for each rule that is broken.

    Raises RuleError "rule-broken-by-real" where more do than chance explains: a fold of records of which MOST_BROKEN
    break a rule holds more of them now and then, by three standard deviations at most.
    """
    found = broken(real) if real.schema.rules else []
    for one in found:
        expected = MOST_BROKEN * one.of
        if len(one.rows) > expected + 3 * np.sqrt(expected) + 1:
            raise _error(one, real)
    if not found:
        return real, ()
    weight = real.weight.copy()
    weight[np.concatenate([one.rows for one in found])] = 0.0
    return real.weighted(weight), tuple(one.note for one in found)


def _error(one: Broken, real: Dataset) -> RuleError:
    shown = real.records.select(list(one.rule.columns())).take(one.rows[:SHOWN]).to_pylist()
    told = [
        f"record {row + 1}: " + ", ".join(f"{name} {str(value)[:24]}" for name, value in list(record.items())[:4])
        for row, record in zip(one.rows, shown, strict=False)
    ]
    share = len(one.rows) / one.of
    met = f"{len(one.rows):,} of {one.of:,} real records ({share:.2%}) break the rule '{one.rule}'. {'; '.join(told)}."
    return RuleError("rule-broken-by-real", met, where=one.rule.text)
