"""Where each record comes from: origin, generation depth, generator, request, parents, seed, cells that were imputed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Origin = Literal["real", "synthetic"]

SCHEMA = pa.schema(
    [
        ("record", pa.string()),
        ("origin", pa.dictionary(pa.int8(), pa.string())),
        ("depth", pa.int16()),
        ("generator", pa.dictionary(pa.int16(), pa.string())),
        ("request", pa.dictionary(pa.int16(), pa.string())),
        ("parents", pa.list_(pa.string())),
        ("seed", pa.int64()),
        ("imputed", pa.list_(pa.string())),  # columns whose value was not observed but filled in; null: none
    ]
)


def of_real(rows: int, *, prefix: str = "r") -> pa.Table:
    """Lineage of real records: depth 0, no generator, no parents. Records are numbered from 0."""
    return _same(_names(rows, prefix, 0), origin="real", depth=0, generator=None, request=None, seed=None)


def of_synthetic(
    rows: int, *, generator: str, request: str, seed: int, depth: int = 1, prefix: str = "s", first: int = 0
) -> pa.Table:
    """Lineage of made records; `depth` is 1 + the largest depth of what the generator was fitted on."""
    names = _names(rows, prefix, first)
    return _same(names, origin="synthetic", depth=depth, generator=generator, request=request, seed=seed)


def with_imputed(
    lineage: pa.Table, cells: Mapping[str, np.ndarray], *, generator: str, request: str, seed: int, depth: int
) -> pa.Table:
    """The lineage of the same records after cells were filled in; `cells`: their positions by column.

    The origin stays: a real record remains one. A record with a filled cell names its columns in `imputed` beside those
    it named before, has at least this depth, and says who filled it.
    """
    columns: list[set[str]] = [set(names or ()) for names in lineage.column("imputed").to_pylist()]
    touched = np.zeros(len(columns), bool)
    for name, rows in cells.items():
        touched[rows] = True
        for row in rows.tolist():
            columns[row].add(name)
    mask = pa.array(touched)
    depths = lineage.column("depth").to_numpy()
    new = {
        "depth": pa.array(np.where(touched, np.maximum(depths, depth), depths).astype(np.int16)),
        "generator": _where(mask, generator, lineage.column("generator")),
        "request": _where(mask, request, lineage.column("request")),
        "seed": pc.if_else(mask, pa.scalar(seed, pa.int64()), lineage.column("seed").combine_chunks()),
        "imputed": pa.array([sorted(names) or None for names in columns], SCHEMA.field("imputed").type),
    }
    arrays = [new.get(name, lineage.column(name)) for name in SCHEMA.names]
    return pa.Table.from_arrays(arrays, schema=SCHEMA).combine_chunks()


def imputed_before(lineage: pa.Table, names: list[list[str] | None]) -> pa.Table:
    """The lineage of the same records when it is known from before which of their cells were filled in: depth 1 at least."""
    marks = pa.array([sorted(one) if one else None for one in names], SCHEMA.field("imputed").type)
    depths = np.maximum(lineage.column("depth").to_numpy(), np.asarray(marks.is_valid(), bool))
    arrays = {"depth": pa.array(depths.astype(np.int16)), "imputed": marks}
    return pa.Table.from_arrays([arrays.get(name, lineage.column(name)) for name in SCHEMA.names], schema=SCHEMA).combine_chunks()


def depth_of(lineage: pa.Table) -> int:
    """The largest generation depth in the table, 0 when it is empty."""
    depths = lineage.column("depth").combine_chunks().to_numpy(zero_copy_only=False)
    return int(depths.max()) if len(depths) else 0


def _names(rows: int, prefix: str, first: int) -> pa.Array:
    numbers = pa.array(np.arange(first, first + rows)).cast(pa.string())  # several times as fast as numpy
    return (pc.binary_join_element_wise(prefix, numbers, "") if rows else numbers).cast(pa.string())


def _same(
    names: pa.Array, *, origin: Origin, depth: int, generator: str | None, request: str | None, seed: int | None
) -> pa.Table:
    rows = len(names)
    return pa.Table.from_arrays(
        [
            names,
            _constant(origin, rows, SCHEMA.field("origin").type),
            pa.array(np.full(rows, depth, np.int16)),
            _constant(generator, rows, SCHEMA.field("generator").type),
            _constant(request, rows, SCHEMA.field("request").type),
            pa.nulls(rows, SCHEMA.field("parents").type),
            pa.nulls(rows, pa.int64()) if seed is None else pa.array(np.full(rows, seed, np.int64)),
            pa.nulls(rows, SCHEMA.field("imputed").type),
        ],
        schema=SCHEMA,
    )


def _constant(text: str | None, rows: int, kind: pa.DictionaryType) -> pa.Array:
    if text is None:
        return pa.nulls(rows, kind)
    codes = pa.array(np.zeros(rows), kind.index_type)
    return pa.DictionaryArray.from_arrays(codes, pa.array([text]))


def _where(mask: pa.Array, text: str, others: pa.ChunkedArray) -> pa.Array:
    plain = others.combine_chunks().dictionary_decode()
    return pc.if_else(mask, pa.scalar(text), plain).cast(pa.string()).dictionary_encode().cast(others.type)
