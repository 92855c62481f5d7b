"""A column with missing values: first whether it is missing, by a tree of its own, then the value of those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.seed import seed_at
from complement.generate.codec import Code
from complement.generate.forest.column import Conditional, Known, Setting, fit_column

FEWEST = 20  # records with and without a value; fewer tell nothing of what missing depends on
MOST_ROWS = 50_000  # that the tree of missing is grown on
NOBODY = -1  # the real record that a missing value comes from


@dataclass(frozen=True, repr=False)
class Gated:
    """A fitted column: `gone` draws 0 or 1 (missing), `value` the codes of the others.

    One tree for both splits where the values differ, and what is missing more often in a small group is blurred.
    """

    gone: Conditional
    value: Conditional

    def draw(
        self,
        seen: Mapping[str, np.ndarray],
        made: Mapping[str, np.ndarray],
        rows: int,
        rng: np.random.Generator,
        used: list[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Codes, shape (rows,); as `Conditional.draw`."""
        there = np.flatnonzero(self.gone.draw(seen, made, rows, rng) == 0)
        codes = np.full(rows, np.nan)
        taken = None if used is None else [column[there] for column in used]
        codes[there] = self.value.draw(
            {name: values[there] for name, values in seen.items()},
            {name: values[there] for name, values in made.items()},
            len(there),
            rng,
            taken,
        )
        if used is not None and taken is not None:
            record = np.full(rows, NOBODY, np.int32)
            record[there] = taken[-1]
            used.append(record)
        return codes


def fit_gated(known: Known, code: Code, name: str, before: Sequence[str], setting: Setting, seed: int) -> Conditional | Gated:
    """Fit one column on its predecessors; in two steps where enough of it is missing."""
    missing = np.isnan(known.codes[name])
    if not before or not FEWEST <= missing.sum() <= len(missing) - FEWEST:
        return fit_column(known, code, name, before, setting, seed)
    rows = np.arange(len(missing))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    answer = Code(replace(code.column, kind="boolean"), pa.string(), False, pa.array(["no", "yes"]), 1, None)
    told = replace(known, codes={**known.codes, name: missing.astype(float)}, grown_on=rows)
    gone = fit_column(told, answer, name, before, setting, seed_at(seed, "missing"))
    return Gated(gone, fit_column(_part(known, [name, *before], np.flatnonzero(~missing)), code, name, before, setting, seed))


def _part(known: Known, names: Sequence[str], rows: np.ndarray) -> Known:
    """These columns of these records, those that trees are grown on among them; all of them where that leaves too few."""
    grown = np.flatnonzero(np.isin(rows, known.grown_on, assume_unique=True))
    return Known(
        {name: known.codes[name][rows] for name in names},
        {name: known.seen[name][rows] for name in names},
        {name: known.levels[name] for name in names if name in known.levels},
        None if known.weight is None else known.weight[rows],
        np.unique(known.unit[rows], return_inverse=True)[1],
        grown if len(grown) >= FEWEST else np.arange(len(rows)),
    )
