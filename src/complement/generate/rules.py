"""Rules enforced: candidates are mended, what still breaks a rule or the condition is drawn again, all is checked at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from complement.core.condition import Condition
from complement.core.errors import GenerateError
from complement.core.request import Request
from complement.core.rules import Combination, Compare, MissingWhen, OneToOne, Range, Regex, Rule, Seen, Sum, Unique
from complement.generate.conditions import Draw, gather
from complement.generate.mend import Differences, Means, differences, mend, room_of, spread
from complement.generate.records import NEVER_LEARNT, Training, complete

PASSES = 3  # a mend may break a rule that was mended before it: a < b < c needs two passes, cycles end in a rejection
ROUNDS = 8  # of completing records anew when what is made anew (identifiers) breaks a rule
MOST_TIMES = 20  # candidates completed per record asked for
CONDITION = "the condition"


@dataclass(frozen=True, repr=False)
class Enforced:
    """The learnt rules of one table, and what mending them takes; made at fit and pickled with the generator."""

    rules: tuple[Rule, ...] = ()
    apart: Mapping[tuple[str, str], Differences] = field(default_factory=dict[tuple[str, str], Differences])
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(training: Training, notes: tuple[str, ...]) -> Enforced:
        """Learn the schema's rules from the records that may be learnt.

        Raises GenerateError "generate-unsupported" for a rule that ties a column which is never learnt to others.
        """
        rules: list[Rule] = []
        apart: dict[tuple[str, str], Differences] = {}
        for rule in training.schema.rules:
            inside = set(rule.columns()) <= set(training.table.column_names)
            if not inside and isinstance(rule, Combination | OneToOne | Sum | MissingWhen | Compare):
                raise _never_learnt(rule, training)
            rules.append(rule.learn(training.table) if inside else rule)
            if isinstance(rule, Compare):
                apart.update(differences(rule, training.table))
        return Enforced(tuple(rules), apart, _orders(rules), notes)

    def obeys(self, table: pa.Table, where: Condition | None) -> np.ndarray:
        """True for each record that is under the condition and obeys every rule, shape (rows,)."""
        return Tally().count(self.rules, table, where)

    def remaking(self, training: Training) -> Training:
        """The same training, where columns that are made anew keep the letters which all real values share: a regex asks so."""
        asked = [rule.name for rule in self.rules if isinstance(rule, Regex) and rule.name in training.remakers]
        made = {name: training.remakers[name].with_fixed_letters() for name in asked}
        return replace(training, remakers={**training.remakers, **made}) if made else training


@dataclass
class Tally:
    """How many candidates were mended and left out, and by which rule."""

    repaired: int = 0
    rejected: int = 0
    by_rule: Counter[str] = field(default_factory=Counter[str])

    def count(self, rules: tuple[Rule, ...], table: pa.Table, where: Condition | None) -> np.ndarray:
        """True for each record that stays, shape (rows,). Repeats are sought last, among those that obey all else."""
        stays = np.ones(table.num_rows, bool)
        met = {CONDITION: where.mask(table)} if where is not None else {}
        met |= {rule.text: rule.mask(table) for rule in rules if not isinstance(rule, Unique)}
        for text, obeys in met.items():
            self.by_rule[text] += int((~obeys).sum())
            stays &= obeys
        for rule in rules:
            if isinstance(rule, Unique):
                among = np.flatnonzero(stays)
                obeys = rule.mask(table.take(pa.array(among)))
                self.by_rule[rule.text] += int((~obeys).sum())
                stays[among[~obeys]] = False
        return stays

    def notes(self, drawn: int) -> tuple[str, ...]:
        """A line on what the rules cost, where they cost anything."""
        if not (self.repaired or self.rejected) or not drawn:
            return ()
        return (f"Of {drawn:,} candidates, rules changed {self.repaired / drawn:.1%} and left out {self.rejected / drawn:.1%}.",)

    def why(self) -> str:
        """Which rule left out most, for a failure; empty when none did."""
        worst = self.by_rule.most_common(1)
        if not worst or not worst[0][1]:
            return ""
        text, count = worst[0]
        return f" Most were left out by {text if text == CONDITION else f'the rule {text!r}'}: {count:,}."


@dataclass
class Sift:
    """Mends the candidates of one request and keeps those that obey, batch after batch: `gather` calls it."""

    enforced: Enforced
    training: Training
    where: Condition | None
    rng: np.random.Generator
    tally: Tally = field(default_factory=Tally)
    _kept: pa.Table | None = None

    def __post_init__(self) -> None:
        # A rule over columns that are made anew has to wait until these are made.
        learnt = set(self.training.table.column_names)
        self.rules = tuple(rule for rule in self.enforced.rules if set(rule.columns()) <= learnt)
        fixed = frozenset(self.where.columns()) if self.where is not None else frozenset[str]()
        self.means = Means(self.training.codes, self.enforced.apart, fixed, self.rng)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The records of the batch that obey, mended where that helps."""
        made = self._mended(batch)
        before = 0 if self._kept is None else self._kept.num_rows
        unique = [name for rule in self.rules if isinstance(rule, Unique) for name in rule.names]
        row_rules = tuple(rule for rule in self.rules if not isinstance(rule, Unique))
        stays = self.tally.count(row_rules, made, self.where)
        kept = made.filter(pa.array(stays))
        if unique:
            names = list(dict.fromkeys(unique))
            whole = kept.select(names) if self._kept is None else pa.concat_tables([self._kept, kept.select(names)])
            among = tuple(rule for rule in self.rules if isinstance(rule, Unique))
            first = self.tally.count(among, whole, None)
            first[:before] = True
            self._kept = whole.filter(pa.array(first)).combine_chunks()
            kept = kept.filter(pa.array(first[before:]))
        self.tally.rejected += batch.num_rows - kept.num_rows
        return kept

    def _mended(self, table: pa.Table) -> pa.Table:
        changed = np.zeros(table.num_rows, bool)
        for rule in self.rules:
            if isinstance(rule, Unique):
                repeats = ~rule.mask(table)
                if repeats.any():
                    changed |= repeats
                    ranges = [one for one in self.rules if isinstance(one, Range) and one.name == rule.names[0]]
                    table = spread(rule, table, self.means, room_of(self.training.codes[rule.names[0]], ranges))
        for _ in range(PASSES):
            calm = True
            for rule in self.rules:
                if isinstance(rule, Unique | Regex):
                    continue
                broken = ~rule.mask(table)
                if broken.any():
                    changed, calm = changed | broken, False
                    table = mend(rule, table, broken, self.means, self._order(rule))
            if calm:
                break
        self.tally.repaired += int(changed.sum())
        return table

    def _order(self, rule: Rule) -> tuple[str, ...]:
        order = self.enforced.orders.get(rule.text, ())
        return tuple(name for name in order if name not in self.means.fixed)


@dataclass(frozen=True, repr=False)
class Made:
    """Finished records, every one under the condition and by the rules, and what they cost in candidates."""

    table: pa.Table
    drawn: int
    tally: Tally


def make(draw: Draw, training: Training, request: Request, enforced: Enforced, rng: np.random.Generator) -> Made:
    """Up to `request.rows` finished records. Fewer only when candidates ran out; the tally then knows which rule it was."""
    training = enforced.remaking(training)
    sift = Sift(enforced, training, request.where, rng) if enforced.rules else None
    tally = sift.tally if sift else Tally()
    parts: list[pa.Table] = []
    drawn, have, wanted = 0, 0, request.rows
    while True:
        more, tried = gather(draw, wanted, request.where, sift)
        parts, drawn, have = [*parts, more], drawn + tried, have + more.num_rows
        whole = complete(training, pa.concat_tables(parts).combine_chunks(), rng)
        if request.where is None and not enforced.rules:
            return Made(whole, drawn, tally)
        # What is made anew, and moving repeats of a unique column apart, may have left the condition or broken a rule.
        last = Tally()
        stays = last.count(enforced.rules, whole, request.where)
        table = whole.filter(pa.array(stays)).slice(0, request.rows)
        lacking = request.rows - table.num_rows
        wanted, before = _wanted(lacking, table.num_rows / max(1, have), MOST_TIMES * request.rows - have), wanted
        if not lacking or more.num_rows < before or wanted < 1 or len(parts) == ROUNDS:
            break
    tally.rejected += int((~stays).sum())
    if lacking:
        tally.by_rule.update(last.by_rule)
    return Made(table, drawn, tally)


def _wanted(lacking: int, accepted: float, most: int) -> int:
    """How many more records to complete, when so many are lacking and this share of those before stayed."""
    return int(min(1.1 * lacking / max(accepted, 1 / MOST_TIMES) + 1, most))


def _orders(rules: list[Rule]) -> dict[str, tuple[str, ...]]:
    """Which columns a rule may change, in order: those first that no rule before it computes, of a sum the total."""
    taken: set[str] = set()
    orders: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if isinstance(rule, Sum):
            alone = [] if rule.alone is None else [rule.alone]
            order = [*alone, *(name for _, name in reversed(rule.terms) if name not in alone)]
        elif isinstance(rule, Compare):
            order = [rule.larger, rule.smaller]
        else:
            order = [] if isinstance(rule, Seen) else list(rule.columns())
        order = sorted(order, key=lambda name: name in taken)
        orders[rule.text] = tuple(order)
        if isinstance(rule, Sum | Compare):
            taken.add(order[0])
    return orders


def _never_learnt(rule: Rule, training: Training) -> GenerateError:
    name = next(name for name in rule.columns() if name not in training.table.column_names)
    role = training.column(name).role
    why = f"its role is {role}" if role in NEVER_LEARNT else "its values must never repeat"
    return GenerateError(
        "generate-unsupported",
        f"The rule '{rule}' ties '{name}' to other columns, but no generator learns it: {why}.",
        where=rule.text,
        help=f"Leave the rule out, or give '{name}' the role feature.",
    )
