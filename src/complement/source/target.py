"""The target: which task it makes, its classes, and features that repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, UsageError
from complement.core.purpose import Purpose, Task
from complement.core.schema import nearest
from complement.core.values import absent, as_numbers, as_text

FEW_NUMBERS = 10  # a numeric target with more different values is a quantity
MAX_CLASSES = 50  # more classes leave too few records in each to judge anything
YES = ("1", "true", "yes", "y", "t", "positive", "pos", "event", "bad", "fraud", "dead", "died")
MONOTONE = 0.9999  # a rank correlation above it is a copy in another unit


def check_target(real: Dataset, target: str, *, task: str | None = None) -> tuple[Task, tuple[str, ...], tuple[str, ...]]:
    """The task, the classes as text (sorted; the positive one last when there are two; () for regression), and notes.

    Numbers with more than 10 different values make a regression; `task` overrules. The positive class is a value that
    says yes ("1", "true", "yes"), else the rarer one. Raises SchemaError target-missing, target-single, target-empty,
    and UsageError for a task that the values do not allow.
    """
    names = real.records.column_names
    if target not in names:
        raise SchemaError("target-missing", f"There is no column '{target}' to predict.", help=nearest(target, names))
    if task not in (None, "binary", "multiclass", "regression"):
        raise UsageError("usage", f"'{task}' is not a task.", help="There are: binary, multiclass, regression.")
    column = real.column(target)
    words = as_text(column)
    present = words[~absent(words)]
    if len(present) == 0:
        raise SchemaError("target-empty", f"The target '{target}' has missing values only.")
    labels, counts = np.unique(present.astype(np.str_), return_counts=True)
    if len(labels) == 1:
        raise SchemaError("target-single", f"The target '{target}' has the single value '{labels[0]}'.")
    found = _task(column.type, len(labels), task, target)
    notes: list[str] = []
    if len(present) < len(words):
        notes.append(f"{len(words) - len(present):,} records have no '{target}'; they are left out.")
    if found == "regression":
        return found, (), tuple(notes)
    if len(labels) > MAX_CLASSES:
        raise SchemaError(
            "target-empty",
            f"The target '{target}' has {len(labels):,} classes; {MAX_CLASSES} are the most that can be judged.",
            help="Join rare classes, or choose another target."
            + (" Numbers can be a regression." if _numeric(column.type) else ""),
        )
    classes = tuple(str(label) for label in labels)
    if found == "binary":
        classes = _positive_last(classes, counts)
        notes.append(f"The positive class is '{classes[1]}'.")
    return found, classes, tuple(notes)


def check_sealed(sealed: Dataset, real: Dataset, target: str, *, task: str | None = None) -> None:
    """Raises SchemaError "schema-mismatch" when the sealed records have other classes than the real ones: none of theirs, or,
    beside two, a third. Another class of many may be a rare one; numbers that are no classes are not looked at."""
    if task == "regression" or (task is None and _many(real, target)):
        return
    known, met = (_labels(part, target) for part in (real, sealed))
    strange = [label for label in met if label not in known]
    if not known or not strange or (len(strange) < len(met) and len(known) != 2):
        return
    shown = ", ".join(f"'{label}'{_meant(label, known)}" for label in strange[:3])
    if len(strange) == len(met):
        found = f"No sealed target is among those of the real file: {shown}."
    else:
        found = f"A sealed target is not among the two of the real file: {shown}."
    raise SchemaError("schema-mismatch", found, help=f"The real file has: {', '.join(known[:12])}. Spell both files the same.")


def _many(real: Dataset, target: str) -> bool:
    """Whether the target holds so many numbers that it is a quantity."""
    return _numeric(real.column(target).type) and len(_labels(real, target)) > FEW_NUMBERS


def _labels(records: Dataset, target: str) -> list[str]:
    words = as_text(records.column(target))
    return sorted({str(word) for word in words[~absent(words)]})


def _meant(label: str, known: Sequence[str]) -> str:
    plain = {one.casefold(): one for one in known}
    close = get_close_matches(label.casefold(), plain, n=1, cutoff=0.6)
    return f" (did you mean '{plain[close[0]]}'?)" if close else ""


def check_delivered(made: Dataset, purpose: Purpose) -> None:
    """Raises SchemaError when no record has a target ("target-empty"), or one has a class that the real records do not have
    ("schema-mismatch"): a model that never meets it in real data cannot be judged on it."""
    words = as_text(made.column(purpose.target))
    found = sorted({str(word) for word in words[~absent(words)]})
    if not found:
        raise SchemaError("target-empty", f"No synthetic record has a value of the target '{purpose.target}'.")
    strange = [label for label in found if label not in purpose.classes] if purpose.task != "regression" else []
    if strange:
        raise SchemaError(
            "schema-mismatch",
            f"{int((words == strange[0]).sum()):,} synthetic records have '{purpose.target}' = '{strange[0]}', no real one has"
            f"{_meant(strange[0], purpose.classes)}.",
            help=f"The real classes are: {', '.join(purpose.classes[:12])}. Spell both the same, or leave the others out.",
        )


def drop_missing_target(real: Dataset, target: str) -> Dataset:
    """The records that have a target; the same object when all have one."""
    missing = pc.is_null(real.column(target), nan_is_null=True)
    if not pc.any(missing).as_py():
        return real
    return real.take(~np.asarray(missing.to_numpy(), bool))


def find_target_copies(real: Dataset, target: str) -> list[str]:
    """Features that tell the target exactly: the same up to renaming, or for numbers up to a monotone change of unit.

    A column with many more values than the target has is not a copy, even when each value stands with one class:
    an identifier does that, too. Missing values are left out; a feature present in few records is no copy.
    """
    words = as_text(real.column(target))
    numbers = as_numbers(real.column(target)) if _numeric(real.column(target).type) else None
    known = ~absent(words)
    levels = len(set(words[known]))
    found: list[str] = []
    for column in real.schema.columns:
        if column.name == target or column.role not in ("feature", "target") or column.kind in ("image", "other", "text"):
            continue
        values = real.column(column.name)
        if levels <= MAX_CLASSES:
            copied = _renames(as_text(values), words, levels)
        else:
            copied = numbers is not None and _numeric(values.type) and _monotone(as_numbers(values), numbers)
        if copied:
            found.append(column.name)
    return found


def _task(kind: pa.DataType, distinct: int, asked: str | None, target: str) -> Task:
    numeric = _numeric(kind)
    if asked == "regression":
        if not numeric:
            raise UsageError("usage", f"The target '{target}' holds words, not numbers; no regression can predict it.")
        return "regression"
    if asked is None and numeric and distinct > FEW_NUMBERS:
        return "regression"
    if asked == "binary" and distinct != 2:
        raise UsageError("usage", f"The target '{target}' has {distinct:,} values; a binary task has two.")
    return "binary" if distinct == 2 and asked != "multiclass" else "multiclass"


def _positive_last(classes: tuple[str, ...], counts: np.ndarray) -> tuple[str, ...]:
    yes = [label for label in classes if label.casefold() in YES]
    positive = yes[0] if len(yes) == 1 else classes[int(counts[1] <= counts[0])]
    return tuple(sorted(classes, key=lambda label: label == positive))


def _numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _renames(values: np.ndarray, words: np.ndarray, levels: int) -> bool:
    """True when value and class determine each other in every record that has both, and most records do."""
    both = ~absent(values) & ~absent(words)
    if both.sum() < 0.5 * len(words):
        return False
    if len(set(values[both])) != levels or len(set(words[both])) != levels:
        return False
    return len(set(zip(values[both], words[both], strict=True))) == levels


def _monotone(values: np.ndarray, truth: np.ndarray) -> bool:
    from scipy.stats import rankdata

    both = np.isfinite(values) & np.isfinite(truth)
    if both.sum() < max(10, 0.5 * len(truth)):
        return False
    left, right = rankdata(values[both]), rankdata(truth[both])
    if left.std() == 0 or right.std() == 0:
        return False
    return bool(abs(np.corrcoef(left, right)[0, 1]) > MONOTONE)
