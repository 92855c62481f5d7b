"""Columns: of each released column its name, kind, role and type, as the manifest, the card and Croissant name them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.types as kinds

from complement.core.errors import SchemaError
from complement.core.schema import Schema
from complement.release.mark import MARKS

# A column without a single value has no type of its own in Arrow; its kind says which one the next shard will bring.
_EMPTY: dict[str, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}
_HUB_NAMES = {
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "date32[day]": "date32",
    "date64[ms]": "date64",
}
_MARK_KINDS = {"_synthetic": "boolean", "_generator": "category", "_request": "category", "_depth": "integer"}


@dataclass(frozen=True)
class Released:
    """One column: `type` as Hugging Face `datasets` writes it ("float64"), `croissant` as Croissant does ("sc:Float").

    Neither levels nor bounds are among it: they are values of real records.
    """

    name: str
    kind: str
    role: str
    type: str
    croissant: str

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if name != "croissant"}


def settled(table: pa.Table, schema: Schema) -> pa.Schema:
    """The Arrow types in which every shard is written: dictionaries decoded, columns without a value by their kind."""
    known = {column.name: column.kind for column in schema}
    fields: list[pa.Field] = []
    for column in table.schema:
        kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
        kind = _EMPTY.get(known.get(column.name, ""), pa.string()) if kinds.is_null(kind) else kind
        fields.append(pa.field(column.name, kind))
    return pa.schema(fields)


def columns_of(arrow: pa.Schema, schema: Schema) -> tuple[Released, ...]:
    """The columns of the release. Raises SchemaError "release-records" for a type that a table release cannot hold."""
    known = {column.name: (column.kind, column.role) for column in schema if column.name not in MARKS}
    marks = {name: (kind, "mark") for name, kind in _MARK_KINDS.items()}
    return tuple(_column(field, *(known | marks)[field.name]) for field in arrow)


def _column(field: pa.Field, kind: str, role: str) -> Released:
    name = type_name(field.type)
    found = croissant_type(field.type)
    if not found:
        met = f"Column '{field.name}' is of type {name}, which a release of tables cannot hold."
        raise SchemaError("release-records", met, help="Leave the column out with role: ignore.")
    return Released(field.name, kind, role, name, found)


def type_name(kind: pa.DataType) -> str:
    """The type as Hugging Face `datasets` writes it in a card; Arrow calls some of them otherwise."""
    return _HUB_NAMES.get(str(kind), str(kind))


def croissant_type(kind: pa.DataType) -> str:
    """The Croissant data type, "" where there is none."""
    tests = (
        (kinds.is_boolean, "sc:Boolean"),
        (kinds.is_integer, "sc:Integer"),
        (kinds.is_floating, "sc:Float"),
        (kinds.is_decimal, "sc:Float"),
        (kinds.is_date, "sc:Date"),
        (kinds.is_timestamp, "sc:DateTime"),
        (kinds.is_time, "sc:Time"),
        (kinds.is_string, "sc:Text"),
        (kinds.is_large_string, "sc:Text"),
    )
    return next((name for test, name in tests if test(kind)), "")
