"""Readable: records read under a schema where a cell that does not fit its kind is a reason, not an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.errors import SchemaError, SourceError
from complement.core.schema import Column, Kind, nearest
from complement.core.values import as_text
from complement.curate.funnel import Funnel, Passage
from complement.curate.tag import Tagged

AsKind = Callable[..., pa.Array]  # as_kind(name, column, kind, codes=...): raises SourceError where a value does not fit
TOLD: dict[Kind, str] = {
    "number": "is not a number",
    "integer": "is not a whole number",
    "boolean": "is neither true nor false",
    "date": "is not a date",
    "datetime": "is not a moment",
}


def readable(
    table: pa.Table, columns: Sequence[Column], as_kind: AsKind, *, strict: bool = False
) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """The table with exactly these columns in the types of their kinds, and by reason the records with a cell that does not fit.

    Such a cell is null. `strict`: it is an error instead, as it always is when no cell of the column fits: then the column
    holds other things. Raises SchemaError "schema-mismatch" for a column that is absent, SourceError "source-type".
    """
    arrays: dict[str, pa.Array] = {}
    misfits: dict[str, np.ndarray] = {}
    for column in columns:
        if column.name not in table.column_names:
            help = nearest(column.name, table.column_names)
            raise SchemaError("schema-mismatch", f"The column '{column.name}' is absent.", help=help)
        values, codes = table.column(column.name), column.constraints.missing_codes
        try:
            arrays[column.name] = as_kind(column.name, values, column.kind, codes=codes)
        except SourceError:
            if strict or column.kind not in TOLD:
                raise
            wrong = _misfits(column, values, as_kind)
            if wrong.sum() == len(wrong) - values.null_count:
                raise
            cleared = pc.if_else(pa.array(wrong), pa.scalar(None, values.type), values)
            arrays[column.name] = as_kind(column.name, cleared, column.kind, codes=codes)
            misfits[f"{column.name} {TOLD[column.kind]}"] = wrong
    return pa.table(arrays), misfits


def without_misfits(tagged: Tagged, misfits: Mapping[str, np.ndarray], step: str) -> Tagged:
    """The tags of all records, when only those without a misfit were tagged: the others get it as their reason, by `step`."""
    masks = list(misfits.values())
    rows = len(masks[0])
    codes, left = np.zeros(rows, np.int32), np.ones(rows, bool)
    counts: dict[str, int] = {}
    for number, (reason, mask) in enumerate(misfits.items(), 1):
        codes[mask & left] = number
        counts[reason] = int((mask & left).sum())
        left &= ~mask
    codes[left] = np.where(tagged.codes > 0, tagged.codes + len(masks), 0)
    reasons = (*(f"{step}: {reason}" for reason in misfits), *tagged.reasons)
    away = int((~left).sum())
    passages: list[Passage] = []
    before = True  # a record without a readable cell never came as far as the other steps
    for one in tagged.funnel.steps:
        if one.step == step:
            passages.append(Passage(step, one.seen + away, one.left_out + away, {**counts, **one.reasons}))
            before = False
        else:
            passages.append(replace(one, seen=one.seen + away) if before else one)
    return Tagged(codes, reasons, Funnel(rows, tagged.funnel.kept, tuple(passages)), (rows,))


def _misfits(column: Column, values: pa.ChunkedArray, as_kind: AsKind) -> np.ndarray:
    """True for each cell that does not fit, shape (rows,): the distinct values are halved until those that do not are found."""
    plain = values.combine_chunks()
    plain = plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain
    encoded = plain.dictionary_encode()
    distinct = encoded.dictionary
    wrong = np.zeros(len(distinct) + 1, bool)
    waiting = [(0, len(distinct))]
    while waiting:
        start, stop = waiting.pop()
        try:
            as_kind(
                column.name,
                pa.chunked_array([distinct.slice(start, stop - start)]),
                column.kind,
                codes=column.constraints.missing_codes,
            )
        except SourceError:
            if stop - start == 1:
                wrong[start] = as_text(distinct.slice(start, 1))[0] is not None
            else:
                middle = (start + stop) // 2
                waiting += [(start, middle), (middle, stop)]
    return wrong[pc.fill_null(encoded.indices, len(distinct)).to_numpy(zero_copy_only=False)]
