"""What every generator must do, as named checks that can be run on any plug-in."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cached_property

import numpy as np

from complement.core.condition import Condition
from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, GenerateError, RequestError
from complement.core.lineage import depth_of
from complement.core.request import Answer, Request
from complement.testing.conform import Finding, conform
from complement.testing.sample import as_synthetic, category_of, fingerprint, numbers_of, sample_records

Make = Callable[[], Generator]
ROWS = 60  # enough that two independent answers do not agree by chance, few enough to stay quick
ABSENT = "no such value"
RAISED = 20.0  # weight given to one category to see whether weights are honoured
ENOUGH = 10  # records of that category; a generator that smooths may lose one that fewer have


def check_generator(make: Make, *, real: Dataset | None = None) -> list[str]:
    """Check a generator against core.contracts.Generator; `make` gives a new, unfitted one at each call.

    `real` (default: `sample_records()`) is what it is fitted on. Gives the names of the checks that hold; those
    that do not apply (no categorical column, a refusal with the code "generate-unsupported") are left out.
    Raises PluginError at the first check that fails.
    """
    trial = _Trial(make, sample_records() if real is None else real)
    return conform(
        "generator",
        [
            ("it meets the Protocol", trial.meets),
            ("as many rows as asked for", trial.rows),
            ("the schema is kept", trial.schema),
            ("the same seed gives the same bytes", trial.same_seed),
            ("different seeds differ", trial.other_seed),
            ("the real records are not modified", trial.untouched),
            ("it can be pickled once fitted", trial.pickled),
            ("the lineage is filled", trial.lineage),
            ("depth is one more than the deepest record learnt from", trial.depth),
            ("conditions hold", trial.conditions),
            ("an impossible condition is a RequestError", trial.impossible),
            ("a record of weight 0 has no influence", trial.weightless),
            ("weights are honoured", trial.weights),
            ("no records is a GenerateError or an honest answer", trial.empty),
        ],
    )


class _Trial:
    """One generator under test; each method is a check."""

    def __init__(self, make: Make, real: Dataset) -> None:
        self.make, self.real = make, real
        self.before = fingerprint(real)

    @cached_property
    def fitted(self) -> Generator:
        return self.make().fit(self.real, seed=1)

    @cached_property
    def answer(self) -> Answer:
        return self.fitted.generate(Request(ROWS, name="asked"), seed=3)

    def meets(self) -> Finding:
        made = self.make()
        if not isinstance(made, Generator):
            return f"{type(made).__name__} has no fit or no generate."
        fitted = made.fit(self.real, seed=1)
        return "" if isinstance(fitted, Generator) else f"fit gave {type(fitted).__name__}, not the fitted generator."

    def rows(self) -> Finding:
        for rows in (1, ROWS, self.real.rows + 1):
            answer = self.fitted.generate(Request(rows), seed=2)
            if not isinstance(answer, Answer):
                return f"generate gave {type(answer).__name__}, not an Answer."
            named = sum(failure.rows for failure in answer.failures)
            if answer.records.rows + named != rows or answer.records.rows == 0:
                return f"{rows} rows were asked for, {answer.records.rows} made and {named} named in failures."
            if any(not failure.reason for failure in answer.failures):
                return "a failure has no reason."
        return ""

    def schema(self) -> Finding:
        made = self.answer.records
        if made.schema != self.real.schema:
            return "the schema of the made records is not that of the real ones."
        for name, table in self.real.tables.items():
            for field in table.schema:
                met = made.tables[name].schema.field(field.name).type
                if met != field.type:
                    return f"column '{field.name}' holds {met}, the real one {field.type}."
                if table.column(field.name).null_count == 0 and made.tables[name].column(field.name).null_count:
                    return f"column '{field.name}' has missing values, the real one has none."
        return ""

    def same_seed(self) -> Finding:
        again = self.make().fit(self.real, seed=1).generate(Request(ROWS, name="asked"), seed=3)
        return "" if fingerprint(again.records) == fingerprint(self.answer.records) else "two fits and answers differ."

    def other_seed(self) -> Finding:
        other = self.fitted.generate(Request(ROWS, name="asked"), seed=4)
        same = _values(other.records) == _values(self.answer.records)
        return "seeds 3 and 4 gave the same records." if same else ""

    def untouched(self) -> Finding:
        self.make().fit(self.real, seed=1).generate(Request(ROWS), seed=3)
        return "" if fingerprint(self.real) == self.before else "values, weights or lineage of the real records changed."

    def pickled(self) -> Finding:
        # The object was made by `make` a moment ago in this process; nothing foreign is unpickled.
        copy: Generator = pickle.loads(pickle.dumps(self.fitted))
        again = copy.generate(Request(ROWS, name="asked"), seed=3)
        same = fingerprint(again.records) == fingerprint(self.answer.records)
        return "" if same else "the unpickled generator answers differently."

    def lineage(self) -> Finding:
        made = self.answer.records
        lineage = made.lineage
        if not made.synthetic.all():
            return "a made record has the origin 'real'."
        if lineage.column("generator").null_count or "" in lineage.column("generator").to_pylist():
            return "a made record does not name its generator."
        if set(lineage.column("request").to_pylist()) != {"asked"}:
            return f"the request 'asked' is recorded as {sorted(set(map(str, lineage.column('request').to_pylist())))}."
        if lineage.column("seed").null_count:
            return "a made record does not carry its seed."
        names = lineage.column("record").to_pylist()
        return "" if len(set(names)) == len(names) else "two made records have the same name."

    def depth(self) -> Finding:
        for records in (self.real, as_synthetic(self.real, depth=3)):
            made = self.make().fit(records, seed=1).generate(Request(5), seed=3).records
            want, met = depth_of(records.lineage) + 1, set(made.lineage.column("depth").to_pylist())
            if met != {want}:
                return f"fitted on depth {want - 1}, it made records of depth {sorted(met)}."
        return ""

    def conditions(self) -> Finding:
        asked = _conditions(self.real)
        if not asked:
            return None
        for condition in asked:
            request = Request(ROWS, where=condition)
            try:
                answer = self.fitted.generate(request, seed=5)
            except ComplementError as refusal:
                if refusal.code == "generate-unsupported":
                    return None
                raise
            if not condition.mask(answer.records.records).all():
                return f'a record made under "{condition}" does not meet it.'
            named = sum(failure.rows for failure in answer.failures)
            if answer.records.rows + named != ROWS:
                return f'under "{condition}", {ROWS} rows were asked for, {answer.records.rows} made and {named} named.'
        return ""

    def impossible(self) -> Finding:
        condition = _impossible(self.real)
        if condition is None:
            return None
        try:
            answer = self.fitted.generate(Request(5, where=condition), seed=5)
        except RequestError:
            return ""
        except GenerateError as refusal:
            if refusal.code == "generate-unsupported":
                return None
            raise
        return f'no real record meets "{condition}"; {answer.records.rows} records came and no error.'

    def weightless(self) -> Finding:
        met = category_of(self.real)
        if met is None or len(met[1]) < 2:
            return None
        name, values = met
        is_rare = _equals(self.real, name, values[-1])
        made = self._made(np.where(is_rare, 0.0, 1.0))
        count = int(_equals(made, name, values[-1]).sum())
        return "" if not count else f"every real record with {name} = '{values[-1]}' has weight 0; {count} were made."

    def weights(self) -> Finding:
        met = category_of(self.real)
        if met is None or len(met[1]) < 2:
            return None
        name, values = met
        is_raised = _equals(self.real, name, values[-1])
        if is_raised.sum() < ENOUGH:
            return None
        plain = float(is_raised.mean())
        weighted = RAISED * plain / (RAISED * plain + 1.0 - plain)
        made = float(_equals(self._made(np.where(is_raised, RAISED, 1.0), rows=300), name, values[-1]).mean())
        # Halfway between the share without weights and the share with them: far more than chance moves 300 rows.
        if made > (plain + weighted) / 2:
            return ""
        return f"with weights, {weighted:.2f} of the records should have {name} = '{values[-1]}'; {made:.2f} have."

    def empty(self) -> Finding:
        try:
            fitted = self.make().fit(self.real.take(np.array([], int)), seed=1)
            answer = fitted.generate(Request(3), seed=3)
        except ComplementError:
            return ""
        return "" if answer.records.rows <= 3 else "more rows were made than asked for."

    def _made(self, weight: np.ndarray, *, rows: int = 150) -> Dataset:
        return self.make().fit(self.real.weighted(weight), seed=1).generate(Request(rows), seed=6).records


def _values(records: Dataset) -> str:
    return repr([table.to_pylist() for table in records.tables.values()])


def _equals(records: Dataset, name: str, value: str) -> np.ndarray:
    return np.array([met == value for met in records.column(name).to_pylist()], bool)


def _conditions(real: Dataset) -> list[Condition]:
    found: list[str] = []
    category, numbers = category_of(real), numbers_of(real)
    if category:
        found.append(f"`{category[0]}` = {_quoted(category[1][0])}")
        if len(category[1]) > 1:
            found.append(f"`{category[0]}` in ({_quoted(category[1][0])}, {_quoted(category[1][-1])})")
    if numbers:
        found.append(f"`{numbers[0]}` > {float(np.median(numbers[1]))!r}")
    if category and numbers:
        found.append(" and ".join((found[0], found[-1])))
    return [Condition.parse(text) for text in found]


def _impossible(real: Dataset) -> Condition | None:
    category, numbers = category_of(real), numbers_of(real)
    if category:
        return Condition.parse(f"`{category[0]}` = '{ABSENT}'")
    if numbers and len(numbers[1]):
        high, low = float(numbers[1].max()), float(numbers[1].min())
        return Condition.parse(f"`{numbers[0]}` > {high + 1e3 * (high - low + 1.0)!r}")
    return None


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
