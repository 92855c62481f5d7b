"""Conditions of a request: which real records support one, and what to say when none does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.condition import Condition, Test
from complement.core.errors import RequestError
from complement.core.schema import nearest
from complement.core.written import write
from complement.generate.records import NEVER_LEARNT, Training

MAX_DRAWS = 200  # candidates per record asked for, before an answer is given short
STALE = 20_000  # candidates in a row of which none obeys the rules, before an answer is given short

BATCH = 262_144  # candidates drawn at a time, which bounds memory

Draw = Callable[[int], pa.Table]
Keep = Callable[[pa.Table], pa.Table]


def support(training: Training, where: Condition | None, *, generator: str) -> np.ndarray:
    """Positions of the real records under the condition, all of them when there is none.

    Raises RequestError: generate-unsupported when it speaks of a column that is not learnt, request-impossible when
    no real record is under it; the text names the part that no record meets.
    """
    if where is None:
        return np.arange(training.rows)
    for name in sorted(where.columns()):
        column = training.column(name)
        if name not in training.table.column_names:
            why = f"its role is {column.role}" if column.role in NEVER_LEARNT else "its values must never repeat"
            raise RequestError(
                "generate-unsupported",
                f"The condition speaks of '{name}', which no generator learns: {why}.",
                where=str(where),
                help="Ask for a condition on features or the target.",
            )
    found = np.flatnonzero(where.mask(training.table))
    if not len(found):
        raise _impossible(training, where, generator)
    return found


def gather(draw: Draw, rows: int, where: Condition | None, sift: Keep | None = None) -> tuple[pa.Table, int]:
    """Up to `rows` drawn records that are under the condition, and how many were drawn for them.

    `sift` gives, in the condition's place, the records of a batch that stay, changed or not: those that obey rules.
    Stops at MAX_DRAWS candidates per record asked for, and where rules leave out all of a long row of candidates.
    """
    parts: list[pa.Table] = []
    have, drawn, stale, wanted = 0, 0, 0, min(rows, BATCH)
    picky = where is not None or sift is not None
    while have < rows and drawn < MAX_DRAWS * rows and (sift is None or stale < max(STALE, 2 * rows)):
        batch = draw(wanted)
        drawn += batch.num_rows
        kept = sift(batch) if sift else batch if where is None else batch.filter(pa.array(where.mask(batch)))
        stale = 0 if kept.num_rows else stale + batch.num_rows
        parts.append(kept.slice(0, rows - have))
        have += parts[-1].num_rows
        accepted = max(have / max(1, drawn), 1 / MAX_DRAWS)
        hoped = (rows - have) / accepted * (1.1 if picky else 1.0)
        wanted = max(1, int(min(hoped, 5 * rows + 1000, BATCH, MAX_DRAWS * rows - drawn)))
    return pa.concat_tables(parts).combine_chunks(), drawn


def _impossible(training: Training, where: Condition, generator: str) -> RequestError:
    parts = where.conjuncts()
    counts = [int(Condition(write(part), part).mask(training.table).sum()) for part in parts]
    dead = [part for part, count in zip(parts, counts, strict=True) if not count]
    if dead and isinstance(dead[0], Test):
        hint = _nearest_value(training, dead[0])
    elif dead:
        hint = f"Drop or widen '{write(dead[0])}'."
    else:
        shown = "; ".join(f"{write(part)}: {count}" for part, count in zip(parts, counts, strict=True))
        hint = f"Each part has real records (of {training.rows}: {shown}), together they have none. Drop or widen one of them."
    return RequestError(
        "request-impossible",
        f"No real record has {write(dead[0]) if dead else where}; '{generator}' can only combine values that were seen.",
        where=str(where),
        help=hint,
    )


def _nearest_value(training: Training, test: Test) -> str:
    """What the column holds instead of the value that no record has."""
    values = training.table.column(test.column)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    known = values.cast(kind).drop_null()
    if test.operator == "missing":
        return f"'{test.column}' has no missing values."
    if not len(known):
        return f"'{test.column}' has missing values only."
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        common = sorted(str(entry["values"]) for entry in pc.value_counts(known).to_pylist())
        return f"In '{test.column}': " + nearest(str(test.values[0]), common)
    if pa.types.is_boolean(kind):
        return f"'{test.column}' is {pc.min(known).as_py()} in every real record."
    ends = pc.min_max(known).as_py()
    return f"'{test.column}' runs from {ends['min']} to {ends['max']} in the real records."
