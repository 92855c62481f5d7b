"""Real records made ready for a generator, and drawn columns made into records of the real schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core import lineage as lineages
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.schema import Column, Schema
from complement.generate.codec import Code
from complement.generate.remake import Remaker, constant

MADE_ANEW = ("identifier", "personal", "unit")
NEVER_LEARNT = (*MADE_ANEW, "ignore", "weight")
_LEARNT = ("number", "integer", "category", "boolean", "date", "datetime")


@dataclass(frozen=True, repr=False)
class Training:
    """What a generator learns from: the records with weight above 0, and only the columns that may be learnt.

    `table` holds the learnt columns in file order, shape (rows, learnt); `weight` their weights, mean 1; `even` says
    that all weights are equal; `places` are their positions among all real records, `unit` whose record each is, by number
    (a unit's, or that of an identifier that repeats). `schema` and `arrow` describe the root table whole; `depth` is the
    largest depth met. `remakers` make identifiers, units and personal columns; `constants` are the codes of columns with
    one value: record weights (their mean) and ignored constants.
    """

    schema: Schema
    arrow: pa.Schema
    table: pa.Table
    weight: np.ndarray
    even: bool
    places: np.ndarray
    unit: np.ndarray
    depth: int
    remakers: Mapping[str, Remaker]
    codes: Mapping[str, Code]
    constants: Mapping[str, float]

    @property
    def rows(self) -> int:
        return self.table.num_rows

    def column(self, name: str) -> Column:
        return self.schema.column(name)

    def encoded(self) -> dict[str, np.ndarray]:
        """Codes of every learnt column, each of shape (rows,)."""
        return {name: self.codes[name].encode(self.table.column(name)) for name in self.table.column_names}

    def decoded(self, codes: Mapping[str, np.ndarray]) -> pa.Table:
        """A table of the learnt columns, in file order, from their codes; columns without codes are left out."""
        names = [name for name in self.table.column_names if name in codes]
        return pa.table({name: self.codes[name].decode(codes[name]) for name in names})

    def pick(self, rows: int, rng: np.random.Generator, among: np.ndarray | None = None) -> np.ndarray:
        """Positions of `rows` records drawn with replacement by weight, all of them `among` these positions."""
        among = np.arange(self.rows) if among is None else among
        if self.even:
            return among[rng.integers(0, len(among), rows)]
        total = np.cumsum(self.weight[among])
        return among[np.searchsorted(total, rng.random(rows) * total[-1], side="right").clip(0, len(among) - 1)]


def prepare(real: Dataset, *, generator: str, any_kind: bool = False, many_tables: bool = False) -> Training:
    """Check that these data can be learnt, and set aside what must not be.

    Raises GenerateError: generate-fit for fewer than 2 records of weight above 0; generate-unsupported for several
    tables and for text, images and nested columns, unless the generator carries whole values.
    """
    kept = real.weight > 0
    if int(kept.sum()) < 2:
        raise GenerateError(
            "generate-fit",
            f"'{generator}' needs 2 real records of weight above 0; there are {int(kept.sum())}.",
            help="Give more real records.",
        )
    if len(real.tables) > 1 and not many_tables:
        raise GenerateError(
            "generate-unsupported",
            f"'{generator}' makes one table; these data have {len(real.tables)}: {', '.join(real.tables)}.",
            help="Use 'bootstrap', or give the root table alone.",
        )
    learnt = [column for column in real.schema.columns if _is_learnt(column)]
    if not any_kind:
        _refuse_unlearnable(real, learnt, generator)
    table = real.records if kept.all() else real.records.filter(pa.array(kept))
    table = table.select([column.name for column in learnt]).combine_chunks()
    weight = real.weight[kept] / real.weight[kept].mean()
    return Training(
        schema=real.schema,
        arrow=real.records.schema,
        table=table,
        weight=weight,
        even=bool(np.all(weight == weight[0])),
        places=np.flatnonzero(kept),
        unit=_owners(real)[kept],
        depth=lineages.depth_of(real.lineage),
        remakers={
            c.name: Remaker.of(c, real.column(c.name))
            for c in real.schema.columns
            if c not in learnt and c.role not in ("ignore", "weight")
        },
        codes={
            c.name: Code.of(c, table.column(c.name) if c in learnt else real.column(c.name))
            for c in real.schema.columns
            if _has_code(real.column(c.name).type)
        },
        constants={
            **{c.name: _mean(real.column(c.name)) for c in real.schema.with_role("weight")},
            **_single_values(real),
        },
    )


def complete(training: Training, drawn: pa.Table, rng: np.random.Generator) -> pa.Table:
    """The root table with every column of the real one, in order and type, from the learnt columns drawn."""
    columns: list[pa.Array | pa.ChunkedArray] = []
    for column in training.schema.columns:
        field = training.arrow.field(column.name)
        if column.name in drawn.column_names:
            made = drawn.column(column.name)
            if column.constraints.unique and column.numeric:
                made = _spread(made, training.codes[column.name])
        elif column.name in training.remakers:
            made = training.remakers[column.name].make(drawn.num_rows, rng)
        elif column.name in training.constants:
            made = training.codes[column.name].decode(np.full(drawn.num_rows, training.constants[column.name]))
        elif column.name in training.codes:
            made = constant(column, training.codes[column.name], drawn.num_rows)
        else:
            made = pa.nulls(drawn.num_rows, field.type)
        columns.append(made)
    return pa.Table.from_arrays(columns, schema=training.arrow).combine_chunks()


def _is_learnt(column: Column) -> bool:
    text_that_must_differ = column.constraints.unique and not column.numeric and column.kind not in ("date", "datetime")
    return column.role not in NEVER_LEARNT and not text_that_must_differ


def _has_code(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(plain) or pa.types.is_null(plain))


def _refuse_unlearnable(real: Dataset, learnt: list[Column], generator: str) -> None:
    for column in learnt:
        kind = real.column(column.name).type
        if column.kind not in _LEARNT or pa.types.is_nested(kind):
            raise GenerateError(
                "generate-unsupported",
                f"'{generator}' cannot make column '{column.name}', which holds {column.kind}.",
                help=f"Give '{column.name}' the role ignore (--ignore {column.name}), or use 'bootstrap'.",
            )
    if not learnt:
        raise GenerateError(
            "generate-fit",
            f"No column is left for '{generator}' to learn: all are identifiers, personal, ignored or weights.",
            help="Give at least one column the role feature or target.",
        )


def _owners(real: Dataset) -> np.ndarray:
    """Whose record each is, by number, shape (rows,): by the unit; without one by the identifier that repeats most."""
    if real.schema.with_role("unit"):
        return real.units()
    best = real.units()
    for column in real.schema.with_role("identifier"):
        codes = real.column(column.name).combine_chunks().dictionary_encode()
        number = codes.indices.to_numpy(zero_copy_only=False).astype(float)
        gone = np.isnan(number)
        number[gone] = np.arange(gone.sum()) + len(codes.dictionary)  # nobody's record is nobody else's
        owner = np.unique(number, return_inverse=True)[1]
        if owner.max(initial=-1) < best.max(initial=-1):
            best = owner
    return best


def _mean(values: pa.ChunkedArray) -> float:
    mean = pc.mean(values.cast(pa.float64())).as_py()
    return 1.0 if mean is None else float(mean)


def _single_values(real: Dataset) -> dict[str, float]:
    """The code of the value that a whole ignored column has: it says nothing of anyone, and the column stays what it was."""
    found: dict[str, float] = {}
    for column in real.schema.with_role("ignore"):
        values = real.column(column.name)
        if _has_code(values.type):
            codes = np.unique(Code.of(column, values).encode(values))
            if len(codes) == 1 and not np.isnan(codes[0]):
                found[column.name] = float(codes[0])
    return found


def _spread(values: pa.ChunkedArray, code: Code) -> pa.Array:
    """The same numbers with repeats moved to the nearest free ones above them: a unique column stays unique."""
    codes = code.encode(values)
    order = np.argsort(codes, kind="stable")[: int((~np.isnan(codes)).sum())]
    unit = code.unit() or float(np.nanmax(np.abs(codes), initial=1.0)) * 2.0**-40
    climb = unit * np.arange(len(order))
    spread = codes.copy()
    spread[order] = np.maximum.accumulate(codes[order] - climb) + climb
    if code.decimals is not None:
        spread = np.round(spread, code.decimals)
    free = replace(code, column=replace(code.column, kind="other"))  # bounds would press values together again
    return free.decode(spread)
