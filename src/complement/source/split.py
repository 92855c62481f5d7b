"""Split real data into what is learnt from and what is sealed: by unit, by time, or by a sealed file."""

from __future__ import annotations

from hashlib import blake2b
from math import ceil

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import ProveError, SplitError
from complement.core.partition import ALWAYS_TRAIN, Partition
from complement.core.purpose import Purpose
from complement.core.values import absent, as_numbers, as_text
from complement.source.rolling import roll
from complement.source.unit import Copies, Units, find_copies, name_units, units

__all__ = ["Units", "partition", "repeating_identifiers", "salted", "sealed_hash", "units"]

NAMES_AT_ONCE = 65_536  # hashed together: as Python's objects, names take four times their bytes
QUANTILES = 5  # strata of a regression target


def partition(
    real: Dataset,
    purpose: Purpose,
    *,
    salt: str,
    unit: str | None = None,
    time: str | bool | None = None,
    folds: int = 5,
    sealed: float | np.ndarray | None = None,
) -> Partition:
    """Folds over units that no unit crosses, decided by a salted hash of each unit's name, never by a seed or row order.

    Default: `folds` folds, every unit sealed once, stratified on the target (class, or quintile) and on the purpose's
    slices. `sealed`, a share in (0, 1): one fold 0 of that share, the others always train (-1); or a mask, shape
    (records,): these are fold 0. `time` (a column, or True for the order of rows): rolling origin, see rolling.py.
    Raises SplitError or ProveError when units, classes or times do not allow it.
    """
    share = sealed if isinstance(sealed, float | int) else None
    mask = None if sealed is None or share is not None else np.asarray(sealed, bool)
    _check_asked(real, time, folds, share, mask)
    copies = find_copies(real.with_schema(real.schema.with_target(purpose.target)), unit=unit)
    if mask is not None:
        part = _by_file(real, copies, mask, unit)  # records on both sides are the graver fault
        _refuse_one_class(real, purpose, mask)
        return part
    found = name_units(real, copies, unit=unit)
    need = 2 if share is not None else folds
    if len(found) < 2 * need:
        raise SplitError(
            "split-units",
            f"{real.rows:,} records make {len(found)} units; {need} parts need at least {2 * need}.",
            help="Use fewer folds, or bring more real data.",
        )
    if time is not None and time is not False:
        fold, block, notes = roll(real, purpose, found.of, time=time, folds=folds)
        judged = found.names[np.unique(found.of[fold >= 0])]
        return Partition(found.of, fold, folds, "time", block, sealed_hash(judged), (*found.notes, *notes))
    stratum = strata(real, purpose)
    # So many units of a class are dealt one at least to each part.
    _check_classes(real, purpose, found, need if share is None else ceil(1 / min(share, 1 - share) - 1e-9))
    order = _dealt(found, stratum, salt)
    of_unit = np.full(len(found), ALWAYS_TRAIN)
    if share is None:
        of_unit[order] = np.arange(len(order)) % folds
    else:  # systematic: every 1/share-th unit of the strata in turn, so that each gives its share to within one
        steps = np.floor(np.arange(len(order) + 1) * share + 1e-9)
        of_unit[order[np.diff(steps) > 0]] = 0
    count = folds if share is None else 1
    judged = sealed_hash(found.names[of_unit >= 0])
    return Partition(found.of, of_unit[found.of], count, "units", None, judged, (*found.notes, *_of_dates(real, unit)))


def salted(names: np.ndarray, salt: str) -> np.ndarray:
    """A number in [0, 1) per name, uniform, from blake2b keyed with the salt; shape (names,)."""
    key = blake2b(salt.encode(), digest_size=32).digest()
    found = np.empty(len(names))
    for start in range(0, len(names), NAMES_AT_ONCE):
        part = names[start : start + NAMES_AT_ONCE].tolist()
        digests = b"".join(blake2b(name, digest_size=8, key=key).digest() for name in part)
        found[start : start + len(part)] = (np.frombuffer(digests, ">u8") >> np.uint64(11)) / 2.0**53
    return found


def sealed_hash(names: np.ndarray) -> str:
    """What a set of judged units, by their names, is called in the ledger, whatever their order: 32 hexadecimal digits."""
    total, ordered = blake2b(digest_size=16), np.sort(names)
    for start in range(0, len(ordered), NAMES_AT_ONCE):
        total.update(b"".join(name + b"\0" for name in ordered[start : start + NAMES_AT_ONCE].tolist()))
    return total.hexdigest()


def strata(real: Dataset, purpose: Purpose) -> np.ndarray:
    """The stratum number of each record, shape (records,): by target first, then by the purpose's slices.

    A missing target is a stratum of its own.
    """
    column = real.column(purpose.target)
    if purpose.task == "regression":
        values = as_numbers(column)
        edges = np.nanquantile(values, np.arange(1, QUANTILES) / QUANTILES) if np.isfinite(values).any() else []
        level = np.where(np.isnan(values), -1, np.searchsorted(np.unique(edges), values, side="right"))
    else:
        words = as_text(column)
        level = np.unique(np.where(absent(words), "", words).astype(np.str_), return_inverse=True)[1]
    named = ([purpose.primary] if purpose.primary else []) + list(purpose.slices)
    keys = np.stack([level, *(part.where.mask(real.records) for part in named)], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _check_asked(real: Dataset, time: str | bool | None, folds: int, share: float | None, sealed: np.ndarray | None) -> None:
    timed = time is not None and time is not False
    if timed + (share is not None) + (sealed is not None) > 1:
        raise SplitError(
            "split-units", "Choose one of time, a sealed share and sealed records: each is a way to split of its own."
        )
    if share is not None and not 0 < share < 1:
        raise SplitError("split-units", f"sealed={share} is not between 0 and 1.")
    if share is None and sealed is None and folds < 2 - timed:
        raise SplitError("split-units", f"folds={folds} is too few.", help="Use 2 folds or more, or a sealed share.")
    if sealed is not None and (len(sealed) != real.rows or not np.any(sealed) or np.all(sealed)):
        raise SplitError(
            "split-units", f"sealed marks {int(np.sum(sealed))} of {len(sealed)} records; {real.rows} records are split."
        )


def _check_classes(real: Dataset, purpose: Purpose, found: Units, need: int) -> None:
    """Every class must have a unit for every part; otherwise a fold would judge what it never saw, or nothing."""
    if purpose.task == "regression":
        return
    words = as_text(real.column(purpose.target))
    for label in purpose.classes or sorted({str(word) for word in words if word is not None}):
        have = len(np.unique(found.of[words == label]))
        if have < need:
            raise ProveError(
                "prove-too-few",
                f"Class '{label}' of '{purpose.target}' has {have} units; this split needs at least {need}.",
                help="Use fewer folds, join or leave out the class, or bring more real data of it.",
            )


def _refuse_one_class(real: Dataset, purpose: Purpose, sealed: np.ndarray) -> None:
    """Nothing can be learnt from records of one class, and nothing judged on them."""
    if purpose.task == "regression":
        return
    words = as_text(real.column(purpose.target))
    for part, what in ((~sealed, "The records to learn from"), (sealed, "The sealed records")):
        found = {str(word) for word in words[part] if word is not None}
        if len(found) < 2:
            raise ProveError(
                "prove-too-few",
                f"{what} have {f'the one class {min(found)!r}' if found else 'no class'} of '{purpose.target}'.",
                help="Bring records of at least two classes: no metric can tell models apart on one.",
            )


def _dealt(found: Units, stratum: np.ndarray, salt: str) -> np.ndarray:
    """Unit numbers in the order in which they are dealt: by stratum, inside it by salted hash; shape (units,).

    Dealt in turn without a new start at each stratum, so that fold counts differ by one at most in every stratum and
    over all. A unit belongs to the stratum of its rarest record.
    """
    rarity = np.argsort(np.argsort(np.bincount(stratum), kind="stable"), kind="stable")[stratum]
    rows = np.lexsort((rarity, found.of))
    first = rows[np.flatnonzero(np.diff(found.of[rows], prepend=-1))]
    return np.lexsort((found.names, salted(found.names, salt), stratum[first]))


def repeating_identifiers(real: Dataset) -> tuple[str, ...]:
    """Notes for data without a unit: where a column that names somebody repeats, records of one patient may be parted."""
    notes: list[str] = []
    for column in real.schema.with_role("identifier"):
        values = real.column(column.name).drop_null()
        distinct = len(values.unique())
        if distinct < len(values):
            notes.append(
                f"'{column.name}' has {distinct:,} different values in {len(values):,} records. If each is one patient or"
                f" account, name it as the unit (split: {{unit: {column.name}}}, or --unit {column.name}): otherwise the same"
                " one may be learnt from and judged on."
            )
    return tuple(notes)


def _of_dates(real: Dataset, unit: str | None) -> tuple[str, ...]:
    """A note where records have dates and were split without regard to them."""
    dated = [
        c.name for c in real.schema.columns if c.kind in ("date", "datetime") and c.role in ("feature", "time") and c.name != unit
    ]
    if not dated:
        return ()
    return (
        f"'{dated[0]}' holds dates, and records were split without regard to time: if neighbours in time are alike, intervals "
        "are too narrow; then give it as the time.",
    )


def _by_file(real: Dataset, copies: Copies, sealed: np.ndarray, unit: str | None) -> Partition:
    notes: list[str] = []
    repeated = sealed & np.isin(copies.exact, np.intersect1d(copies.exact[sealed], copies.exact[~sealed]))
    # A record that is not distinctive repeats by nature: it is alone in copies.near, and equals others by chance.
    copied = repeated & (np.bincount(copies.near)[copies.near] > 1)
    if copied.any():
        row = int(sealed[: np.flatnonzero(copied)[0] + 1].sum())
        raise SplitError(
            "sealed-overlap",
            f"{int(copied.sum()):,} of {int(sealed.sum()):,} sealed records also stand among the records to learn from; "
            f"the first is sealed record {row}.",
            help="Leave these records out of one of the two files.",
        )
    if repeated.any():
        notes.append(f"{int(repeated.sum()):,} sealed records equal a record to learn from, as coarse columns make likely.")
    near = sealed & np.isin(copies.near, np.intersect1d(copies.near[sealed], copies.near[~sealed]))
    if near.any():
        notes.append(f"{int(near.sum()):,} sealed records nearly equal a record to learn from.")
    if unit is not None:
        _refuse_shared_units(real, unit, sealed)
    found = name_units(real, copies, unit=unit, part=sealed)
    fold = np.where(sealed, 0, ALWAYS_TRAIN)
    judged = sealed_hash(found.names[np.unique(found.of[sealed])])
    return Partition(found.of, fold, 1, "units", None, judged, (*found.notes, *notes))


def _refuse_shared_units(real: Dataset, unit: str, sealed: np.ndarray) -> None:
    values = as_text(real.column(unit))
    both = {value for value in values[sealed] if value is not None} & set(values[~sealed])
    if both:
        raise SplitError(
            "split-units",
            f"{len(both):,} values of '{unit}' stand on both sides of the seal, such as '{min(both)}'.",
            help="Every unit belongs wholly to one of the two files.",
        )
