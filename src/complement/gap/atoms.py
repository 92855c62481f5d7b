"""Atoms: the plain conditions on one column that slices are made of, each with its mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ConditionError
from complement.core.schema import Column
from complement.core.values import as_numbers, as_text
from complement.core.written import quoted

CUTS = tuple(k / 10 for k in range(1, 10))  # quantiles at which a number is cut
WIDEST = 3  # neighbouring tenths that a range may span, besides all below and all above a cut
HEAVY = 0.15  # share from which on one value of a number (0, most often) is cut off before the rest is parted into tenths
MOST_LEVELS = 12  # values of a category that get an atom of their own, the most frequent first
MOST_ATOMS = 800  # of a table: more columns than that would give are taken by how much they vary
LONGEST = 60  # characters of a value: longer ones are no name of a slice
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, repr=False)
class Atoms:
    """Conditions on one column each: their `texts`, their opposites' texts, the column of each, and `masks`.

    `masks` has the shape (records, atoms), bool. The opposite of a condition holds wherever it does not, missing values included.
    """

    texts: tuple[str, ...]
    opposites: tuple[str, ...]
    columns: tuple[str, ...]
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


def atoms_of(records: Dataset, columns: Sequence[Column] | None = None, *, least: int) -> Atoms:
    """The atoms of these records' features under which, and outside which, at least `least` records stand.

    Numbers and dates are cut at quantiles into what lies below, above and between neighbouring cuts; categories and booleans give
    an atom per frequent value; columns with missing cells one for those. Text, images and columns whose name the language of
    conditions cannot write are left out. Every mask is what `Condition.parse(text).mask` says, never computed another way.
    """
    columns = records.schema.features() if columns is None else columns
    rows: list[tuple[str, str, str]] = []
    masks: list[np.ndarray] = []
    seen: set[bytes] = set()
    for column in columns:
        word = quoted(column.name)
        if word is None or column.kind == "text":
            continue
        missing = np.fromiter((one is None for one in as_text(records.column(column.name))), bool, records.rows)
        for text, opposite in _tests(column, word, records, bool(missing.any())):
            try:
                mask = Condition.parse(text).mask(records.records)
            except ConditionError:  # a date with a zone, a number beyond what its column can hold
                continue
            inside, key = int(mask.sum()), np.packbits(mask).tobytes()
            if key in seen or not least <= inside <= records.rows - least:
                continue
            seen.add(key)
            rows.append((text, opposite, column.name))
            masks.append(mask)
    if len(rows) > MOST_ATOMS:
        spread = np.array([mask.mean() * (1 - mask.mean()) for mask in masks])
        kept = np.sort(np.argsort(-spread, kind="stable")[:MOST_ATOMS])
        rows, masks = [rows[k] for k in kept], [masks[k] for k in kept]
    matrix = np.column_stack(masks) if masks else np.zeros((records.rows, 0), bool)
    texts, opposites, names = zip(*rows, strict=True) if rows else ((), (), ())
    return Atoms(tuple(texts), tuple(opposites), tuple(names), matrix)


def _tests(column: Column, word: str, records: Dataset, gaps: bool) -> list[tuple[str, str]]:
    """The conditions on one column and their opposites."""
    found = [(f"{word} is missing", f"{word} is not missing")] if gaps else []
    array = records.column(column.name)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if column.kind in ("number", "integer", "date", "datetime") and not _is_text(kind):
        return found + _ranges(word, as_numbers(array), kind, gaps)
    return found + _levels(word, as_text(array), kind, gaps)


def _levels(word: str, texts: np.ndarray, kind: pa.DataType, gaps: bool) -> list[tuple[str, str]]:
    names, counts = np.unique(texts[[text is not None for text in texts]].astype(str), return_counts=True)
    frequent = [str(names[k]) for k in np.argsort(-counts, kind="stable")[:MOST_LEVELS]]
    found: list[tuple[str, str]] = []
    for name in frequent:
        if len(name) > LONGEST or not name.isprintable():
            continue
        literal = "'" + name.replace("'", "''") + "'" if _is_text(kind) else name
        text = f"{word} = {literal}"
        found.append((text, f"not ({text})" if gaps else f"{word} != {literal}"))
    return found


def _ranges(word: str, values: np.ndarray, kind: pa.DataType, gaps: bool) -> list[tuple[str, str]]:
    known = np.unique(values[np.isfinite(values)])
    if len(known) < 2:
        return []
    if len(known) <= MOST_LEVELS and not pa.types.is_temporal(kind):
        cuts = [float(one) for one in known[:-1]]
    else:
        cuts = sorted({_readable(one, known) for one in _marks(values[np.isfinite(values)], known) if one < known[-1]})
    shown = [_literal(cut, kind) for cut in cuts]
    found: list[tuple[str, str]] = []
    for cut in shown:
        below, above = f"{word} <= {cut}", f"{word} > {cut}"
        found += [(below, f"not ({below})" if gaps else above), (above, f"not ({above})" if gaps else below)]
    for low, high in ((low, high) for wide in range(1, WIDEST + 1) for low, high in zip(shown, shown[wide:], strict=False)):
        between = f"{word} > {low} and {word} <= {high}"
        found.append((between, f"not ({between})"))
    return found


def _marks(values: np.ndarray, known: np.ndarray) -> list[float]:
    """Where a number is cut: at a value that many records share, and at the tenths of the others."""
    counts = np.bincount(np.searchsorted(known, values), minlength=len(known))
    heavy = known[counts >= HEAVY * len(values)]
    rest = values[~np.isin(values, heavy)]
    tenths = np.quantile(rest, CUTS, method="lower") if len(rest) else np.zeros(0)
    return [float(one) for one in (*heavy, *tenths)]


def _readable(cut: float, known: np.ndarray) -> float:
    """The shortest number that parts the known values where `cut` does: from it on, below the next one.

    Between two values, unless all are whole numbers: a value that only one record has must not stand in a condition.
    """
    place = int(np.searchsorted(known, cut, side="right"))
    after = float(known[place]) if place < len(known) else np.inf
    whole = bool((known == np.round(known)).all())
    middle = (cut + after) / 2 if np.isfinite(after) else cut
    for digits in range(1, 17):
        for candidate in (float(f"{cut:.{digits}g}"), float(f"{middle:.{digits}g}")):
            if (cut <= candidate if whole else cut < candidate) and candidate < after:
                return candidate
    return cut if whole else middle


def _literal(cut: float, kind: pa.DataType) -> str:
    if pa.types.is_temporal(kind):
        moment = datetime.fromtimestamp(cut, UTC)
        if pa.types.is_date(kind) or cut % SECONDS_A_DAY == 0:
            return f"'{moment:%Y-%m-%d}'"
        return f"'{moment:%Y-%m-%d %H:%M:%S}'"
    return str(int(cut)) if cut.is_integer() and abs(cut) < 1e15 else repr(cut)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
