"""Bounds: what a schema says a column may hold, held against the real records themselves."""

from __future__ import annotations

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import RuleError
from complement.core.schema import Column
from complement.core.values import absent, as_numbers, as_text

MOST = 0.01  # of the real records; as for rules (core/broken.py): fewer are slips of the pen


def refuse_bounds(real: Dataset) -> None:
    """Raises RuleError "rule-broken-by-real" for a column of which more than 1 % of the real records lie outside its bounds.

    Made records outside are left out, so that such bounds would be a request for a part of the records that no competitor is
    told of: copies of that part might do as well.
    """
    for column in (*real.schema.features(), *real.schema.with_role("target")):
        outside = _outside(real, column)
        if outside > MOST * real.rows:
            met = f"{outside:,} of {real.rows:,} real records lie outside what the schema allows '{column.name}'."
            help = "Widen low, high or values to what is real. To make a part of the records, ask for it: a request with a where."
            raise RuleError("rule-broken-by-real", met, where=f"schema.{column.name}", help=help)


def _outside(real: Dataset, column: Column) -> int:
    limits = column.constraints
    found = np.zeros(real.rows, bool)
    if column.numeric and (limits.low is not None or limits.high is not None):
        values = as_numbers(real.column(column.name))
        found |= values < (-np.inf if limits.low is None else limits.low)
        found |= values > (np.inf if limits.high is None else limits.high)
    if limits.values is not None:
        words = as_text(real.column(column.name))
        allowed = {str(value) for value in limits.values}
        found |= ~absent(words) & np.fromiter((word not in allowed for word in words), bool, len(words))
    return int(found.sum())
