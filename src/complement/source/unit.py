"""Units: what a split must never cut. Records of one unit column's value, and records that are copies of each other."""

from __future__ import annotations

from binascii import hexlify
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import SplitError
from complement.core.values import absent, as_text
from complement.models.fingerprint import codes_of, lanes

# How much likelier than under independent columns chance copies may be before equal records count as copies: tenfold
# for each further column, 100 at most. Measured on real tables: where records repeat by nature 1.4 to 47 times
# (carData Cowles, Vocab, TitanicSurvival, Chile, GSSvocab, AER HealthInsurance), where they are copies 1,157 (UCI Adult).
DEPENDENCE, MOST_DEPENDENCE = 10.0, 100.0
LONGEST = 64  # bytes of a unit's name that are kept as they are


@dataclass(frozen=True, repr=False)
class Units:
    """`of`: the unit number of each record, int64 of shape (records,). `names`: one stable name per unit, UTF-8 bytes of shape
    (units,) (a quarter of what text takes), independent of the order of rows. `notes`: what was joined, what was left apart."""

    of: np.ndarray
    names: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Units({len(self.names)} units of {len(self.of)} records)"


@dataclass(frozen=True)
class Copies:
    """Which records are copies. `exact` and `near`: a group number per record, shape (records,); copies share one.

    `natural`: True when records repeat by nature (few, coarse columns), so that equal records are not copies.
    `near` is joined only for distinctive records; every other record is alone. `hashes`: two uint64 per record.
    """

    exact: np.ndarray
    near: np.ndarray
    natural: bool
    hashes: np.ndarray


def units(real: Dataset, *, unit: str | None = None) -> Units:
    """The units of the records: equal values of the `unit` column and (near) copies over all feature and target columns.

    Copies are joined only where a record is distinctive (see `find_copies`). A record without a value in the unit
    column is a unit of its own. Names come from the unit column, else from a hash of the record's content.
    """
    return name_units(real, find_copies(real, unit=unit), unit=unit)


def name_units(real: Dataset, copies: Copies, *, unit: str | None = None, part: np.ndarray | None = None) -> Units:
    """Units from copies that were found before; records of different `part` (shape (records,)) are never joined."""
    owner, notes = np.arange(real.rows), list[str]()
    labels, own = np.zeros(0, object), np.ones(real.rows, bool)  # `own`: of no unit that is named
    if unit is not None:
        labels, notes = _labels(real, unit)
        own = np.array([label is None for label in labels], bool)
    names = _record_names(copies, own)
    if unit is not None:
        labels[own] = names[own]
        names = labels.astype(np.bytes_)
        owner = np.unique(names, return_inverse=True)[1].astype(np.int64)
    near = copies.near if part is None else _numbered(np.stack([copies.near, part], axis=1))
    of = _joined(owner, near)
    count = int(of.max()) + 1 if len(of) else 0
    joined = len(np.unique(owner)) - count
    if joined:
        notes.append(
            f"{joined:,} records or units repeat others exactly or nearly; they were joined, so that no split cuts them."
        )
    if copies.natural:
        notes.append("Records repeat by nature in a table of such coarse columns; equal records were not joined.")
    order = np.lexsort((names, own, of))
    first = np.flatnonzero(np.diff(of[order], prepend=-1))  # the smallest name of each unit, its own where it has one
    return Units(of, names[order][first], tuple(notes))


def find_copies(real: Dataset, *, unit: str | None = None) -> Copies:
    """Groups of equal records, exactly and after rounding (4 significant digits; case and blanks of text ignored).

    Two rules keep equal records of coarse tables apart, because ten customers of the same age band, sex and town are
    ten customers. (1) A record is distinctive only when some non-target column with many values (more than 50 and
    more than sqrt(n)) holds a value in it that at most sqrt(n) records outside its own group share. (2) Were the columns
    independent, n(n-1)/2 times the product over columns of P(two records agree) pairs would be equal by chance, where P
    is estimated without bias from one record of each group (else the copies themselves would make agreement look
    common). Real columns depend on each other; so unless more than 100 times as many pairs are found (10 times with
    two columns), chance explains them and none is joined. Oversampled rows of continuous measurements pass both
    rules however many they are. The `unit` column is left out of the comparison.
    """
    columns = [c for c in real.schema.columns if c.role in ("feature", "target") and c.kind not in ("image", "other")]
    columns = [c for c in columns if c.name != unit]  # whose record it is says nothing about what stands in it
    exact = np.zeros((real.rows, 2), np.uint64)
    near = np.zeros((real.rows, 2), np.uint64)
    for column in columns:
        values = real.column(column.name)
        exact += lanes(codes_of(values, near=False), column.name)
        near += lanes(codes_of(values, near=True), column.name)
    groups = _numbered(near)
    alone = np.arange(real.rows)
    if not columns or len(np.unique(groups)) == real.rows:
        return Copies(_numbered(exact), alone, False, exact)
    first = np.unique(groups, return_index=True)[1]
    distinctive = np.zeros(len(first), bool)  # per group: its members agree in every column
    agree = 1.0
    for column in columns:  # coded a second time: all columns' codes at once take as much memory as the records
        codes = codes_of(real.column(column.name), near=True)[first]
        _, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
        agree *= float(np.sum(counts * (counts - 1.0))) / max(1.0, len(first) * (len(first) - 1.0))
        if column.role != "target" and len(counts) > max(50, np.sqrt(len(first))):
            distinctive |= counts[inverse] <= np.sqrt(len(first))
    candidates = distinctive & (np.bincount(groups) > 1)
    sizes = np.bincount(groups)[candidates].astype(float)
    found = float(np.sum(sizes * (sizes - 1) / 2))
    slack = min(MOST_DEPENDENCE, DEPENDENCE ** (len(columns) - 1))
    if found <= slack * agree * real.rows * (real.rows - 1) / 2:
        return Copies(_numbered(exact), alone, True, exact)
    joined = np.where(candidates[groups], groups, len(first) + alone)
    return Copies(_numbered(exact), _numbered(joined[:, None]), False, exact)


def _record_names(copies: Copies, own: np.ndarray) -> np.ndarray:
    """A name per record from its content; equal ones among those of no unit (`own`) are told apart by a running number (they are
    exchangeable; were others counted, too, the number would follow the order of the file)."""
    names = np.frombuffer(hexlify(copies.hashes.astype(">u8").tobytes()), "S32")
    order = np.argsort(copies.exact, kind="stable")
    order = order[own[order]]
    starts = np.flatnonzero(np.diff(copies.exact[order], prepend=-1))
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    again = order[nth > 0]
    if len(again):
        names = names.astype("S48")
        names[again] = [b"%s#%d" % (names[row], number) for row, number in zip(again, nth[nth > 0], strict=True)]
    return names


def _labels(real: Dataset, unit: str) -> tuple[np.ndarray, list[str]]:
    """What each record's unit is called, bytes or None, shape (records,)."""
    values = as_text(real.column(unit))
    missing = absent(values)
    if missing.all() and real.rows:
        raise SplitError("split-units", f"The unit column '{unit}' is empty.", help="Name a column that says whose record it is.")
    labels = [None if gone else _label(value) for value, gone in zip(values, missing, strict=True)]
    notes = [f"{int(missing.sum()):,} records have no '{unit}'; each is a unit of its own."] if missing.any() else []
    return np.array(labels, object), notes


def _label(value: str) -> bytes:
    """The unit's name; a hash of a long one, whose width all would get, and of one with a NUL, which would be cut off there."""
    name = value.encode()
    if len(name) <= LONGEST and b"\0" not in name:
        return b"unit:" + name
    return b"unit#" + blake2b(name).hexdigest()[:32].encode()


def _joined(owner: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Union-find over two groupings of the same records: the connected components, numbered from 0."""
    if len(np.unique(near)) == len(near):
        return _numbered(owner[:, None])
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = int(owner.max()) + 1
    size = first + int(near.max()) + 1
    graph = coo_array((np.ones(len(owner), np.int8), (owner, near + first)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return _numbered(label[owner][:, None])


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Equal rows of `keys` (records, parts) get the same number from 0; int64 of shape (records,)."""
    keys = np.ascontiguousarray(keys)
    if keys.shape[1] == 1:
        return np.unique(keys[:, 0], return_inverse=True)[1].astype(np.int64)
    order = np.lexsort(keys.T)
    ranked = keys[order]
    new = np.append(True, (ranked[1:] != ranked[:-1]).any(axis=1))[: len(order)]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers
