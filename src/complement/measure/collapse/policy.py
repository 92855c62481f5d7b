"""Policy: what a generation learns from, of the real records and of those that earlier generations made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.schema import nearest

Real = Literal["first", "same", "fresh"]
Made = Literal["none", "last", "all"]
KINDS: dict[str, tuple[Real, Made]] = {
    "replace": ("first", "last"),
    "accumulate": ("same", "all"),
    "anchor": ("same", "last"),
    "refresh": ("fresh", "last"),
    "refit": ("same", "none"),
    "redraw": ("fresh", "none"),
}
DEFAULT_POLICIES = ("replace", "accumulate", "anchor")
WEIGHABLE = ("anchor", "refresh")  # with all earlier records the share of the real ones is what accumulating means


@dataclass(frozen=True)
class Policy:
    """What every generation after the first learns from; the first learns from real records alone.

    "replace": what the last generation made. "accumulate": the real records and all that was made. "anchor": the same real
    records and what the last generation made. "refresh": other real records each time, and what the last made. "refit" and
    "redraw" learn from real records alone, the same ones or others: nothing collapses there, so they are the nulls.
    `real_weight`: the share of the training mass that the real records have, above 0 and below 1; None: each record counts 1.
    """

    kind: str
    real_weight: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError("unknown-name", f"There is no policy '{self.kind}'.", help=nearest(self.kind, list(KINDS)))
        if self.real_weight is None:
            return
        if self.kind not in WEIGHABLE:
            met = f"The policy '{self.kind}' mixes nothing that could be weighed."
            raise UsageError("usage", met, help=f"A weight goes with {' and '.join(WEIGHABLE)}: anchor:0.618")
        if not 0 < self.real_weight < 1:
            met = f"The weight {self.real_weight} of the real records is not between 0 and 1."
            raise UsageError("usage", met, help="Write it like anchor:0.618")

    @staticmethod
    def of(text: str) -> Policy:
        """The policy that is written `replace` or `anchor:0.618`. Raises UsageError."""
        kind, colon, weight = text.partition(":")
        if not colon:
            return Policy(kind)
        try:
            return Policy(kind, float(weight))
        except ValueError as cause:
            if isinstance(cause, UsageError):
                raise
            raise UsageError("usage", f"'{weight}' in '{text}' is no number.", help="Write it like anchor:0.618") from cause

    @property
    def name(self) -> str:
        """As it is written: `anchor`, or `anchor:0.618`."""
        return self.kind if self.real_weight is None else f"{self.kind}:{self.real_weight:g}"

    @property
    def anchored(self) -> bool:
        """Whether real records take part in every generation."""
        return KINDS[self.kind][0] != "first"

    def learnt(self, generation: int, real: Callable[[int], Dataset], made: Sequence[Dataset]) -> Dataset:
        """What this generation (from 1) learns from: `real(g)`, real records of a generation, and `made`, by earlier ones."""
        which, kept = KINDS[self.kind]
        if generation == 1:
            return real(1)
        parts = {"none": [], "last": list(made[-1:]), "all": list(made)}[kept]
        if which != "first":
            parts.insert(0, real(1 if which == "same" else generation))
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.concat(part)
        return whole if self.real_weight is None else whole.weighted(self._weights(whole, parts[0].rows))

    def _weights(self, whole: Dataset, real: int) -> np.ndarray:
        """Weights that sum to the number of records, of which the first `real` ones have their share."""
        share = float(self.real_weight or 0.0)
        weight = np.array(whole.weight)
        weight[:real] *= share * whole.rows / weight[:real].sum()
        weight[real:] *= (1 - share) * whole.rows / weight[real:].sum()
        return weight


NULL = Policy("redraw")
