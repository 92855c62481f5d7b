"""The plan hash: one name for everything that a result depends on, so that resume never trusts work of another plan."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType
from typing import cast

import numpy as np
import pyarrow as pa

from complement.core.errors import UsageError

PACKAGES = ("complement", "numpy", "scikit-learn", "lightgbm", "pyarrow")  # whose version may change the bytes of a result
MAX_DEPTH = 60  # an object that holds itself would go on for ever
_BATCH_ROWS = 1 << 16  # bounds the memory that hashing a large table needs


def plan_hash(*parts: object) -> str:
    """The sha256 (64 hex digits) of the parts and of the package versions, in canonical JSON.

    Parts are plain values, mappings (in any order), sequences, sets, paths, dataclasses, numpy values and arrays
    (by dtype, shape and bytes), Arrow tables (by content, see `table_hash`), functions and classes (by name), and
    objects with settings of their own (by class and attributes). Objects from other packages bring the version of
    their package in. Raises UsageError for what has no stable content, such as an open file.
    """
    canon = _Canon()
    content = [canon.of(part, 0) for part in parts]
    versions = {name: _version(name) for name in (*PACKAGES, *sorted(canon.packages))}
    text = json.dumps([versions, content], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def table_hash(table: pa.Table) -> str:
    """The sha256 of names, types and values of a table, whatever its chunks, slices and metadata."""
    digest = sha256()
    names, kinds = table.column_names, [column.type for column in table.columns]
    table = pa.table(list(table.columns), pa.schema([pa.field(n, k) for n, k in zip(names, kinds, strict=True)]))
    table = unified(table)
    for start in range(0, max(table.num_rows, 1), _BATCH_ROWS):
        rows = np.arange(start, min(start + _BATCH_ROWS, table.num_rows))
        # `take` writes fresh buffers: zeros where a value is missing, nothing of what a slice has cut off.
        batch = table.take(pa.array(rows, pa.int64())).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_table(batch)
        digest.update(sink.getvalue())
    return digest.hexdigest()


def unified(table: pa.Table) -> pa.Table:
    """The table with one dictionary per column, over all its chunks."""
    for place, column in enumerate(table.columns):
        if not pa.types.is_dictionary(column.type):
            continue
        if pa.types.is_null(column.type.value_type):  # nothing but missing values, which Arrow does not unify
            codes = pa.nulls(len(column), column.type.index_type)
            none = pa.DictionaryArray.from_arrays(codes, pa.nulls(0), ordered=column.type.ordered)
            one = pa.chunked_array([none])
        else:
            one = column.unify_dictionaries()
        table = table.set_column(place, table.schema.field(place), one)
    return table


class _Canon:
    """Turns values into JSON that says what they hold; collects the packages that their classes come from."""

    def __init__(self) -> None:
        self.packages: set[str] = set()

    def of(self, value: object, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise UsageError("usage", f"A {type(value).__name__} is nested more than {MAX_DEPTH} deep, or holds itself.")
        if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
            return value
        if isinstance(value, float):
            return {"float": value.hex()}
        if isinstance(value, bytes | bytearray):
            return {"bytes": sha256(value).hexdigest()}
        if isinstance(value, PurePath):
            return {"path": value.as_posix()}
        if isinstance(value, type | FunctionType | BuiltinFunctionType):
            return self._named(value)
        if isinstance(value, np.generic | np.ndarray):
            return self._numpy(value, depth)
        if isinstance(value, pa.Table | pa.RecordBatch | pa.ChunkedArray | pa.Array | pa.Schema | pa.DataType | pa.Scalar):
            return _arrow(value)
        return self._composed(value, depth)

    def _composed(self, value: object, depth: int) -> object:
        if isinstance(value, Enum):
            return {"enum": self._named(type(value)), "name": value.name}
        if isinstance(value, Mapping):
            pairs = cast(Mapping[object, object], value).items()
            return {"map": sorted(([self.of(k, depth + 1), self.of(v, depth + 1)] for k, v in pairs), key=_text)}
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in cast(list[object], value)]
        if isinstance(value, Set):
            return {"set": sorted((self.of(item, depth + 1) for item in cast(Set[object], value)), key=_text)}
        if is_dataclass(value) and not isinstance(value, type):
            held: dict[str, object] = {field.name: getattr(value, field.name) for field in fields(value)}
        elif hasattr(value, "__dict__"):
            held = dict(vars(value))
        else:
            raise UsageError("usage", f"A {type(value).__name__} has no content that a plan hash could rest on.")
        return {"class": self._named(type(value)), "held": self.of(held, depth + 1)}

    def _named(self, thing: object) -> str:
        module = str(getattr(thing, "__module__", None) or "builtins")
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "complement":
            self.packages.add(top)
        return f"{module}:{getattr(thing, '__qualname__', repr(thing))}"

    def _numpy(self, value: np.generic | np.ndarray, depth: int) -> object:
        if isinstance(value, np.generic):
            return self.of(value.item(), depth + 1) if value.dtype.kind in "biufUSO" else self._numpy(np.asarray(value), depth)
        if value.dtype.hasobject:
            return {"objects": [self.of(item, depth + 1) for item in value.ravel().tolist()], "shape": list(value.shape)}
        digest = sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"array": value.dtype.str, "shape": list(value.shape), "sha256": digest}


def _arrow(value: object) -> object:
    if isinstance(value, pa.Table):
        return {"table": table_hash(value)}
    if isinstance(value, pa.RecordBatch):
        return {"table": table_hash(pa.Table.from_batches([value]))}
    if isinstance(value, pa.ChunkedArray | pa.Array):
        return {"column": table_hash(pa.table({"values": value}))}
    return {"arrow": str(value), "type": type(value).__name__}


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a script or an unpacked folder has no version
        return ""
