"""The formal guarantee of a generator, in the words of NIST SP 800-226: what is promised, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from complement.core.errors import UsageError

ADJACENCIES = ("add-remove", "replace-one")


@dataclass(frozen=True)
class Formal:
    """(epsilon, delta) differential privacy: how it was counted, between which tables, and whom it protects.

    `accountant`: how the loss was added up, such as "zCDP". `adjacency`: two tables are neighbours when a unit is added or
    removed, or replaced by another. `unit`: what one unit is, such as "record" or "patient". A claim; nothing here proves it.
    Raises UsageError "usage" for numbers or words that say nothing.
    """

    epsilon: float
    delta: float
    accountant: str
    adjacency: str
    unit: str

    def __post_init__(self) -> None:
        if not (isfinite(self.epsilon) and self.epsilon > 0 and 0 <= self.delta < 1):
            met = f"epsilon={self.epsilon!r}, delta={self.delta!r}: no guarantee."
            raise UsageError("usage", met, help="Give 0 < epsilon and 0 <= delta < 1.")
        if self.adjacency not in ADJACENCIES:
            raise UsageError("usage", f"adjacency={self.adjacency!r}.", help=f"There are: {', '.join(ADJACENCIES)}.")
        if not self.accountant or not self.unit:
            raise UsageError("usage", "A guarantee without an accountant or a unit says nothing.")

    def sentence(self) -> str:
        """The guarantee in a sentence."""
        return (
            f"Formal guarantee: epsilon {self.epsilon:g}, delta {self.delta:g} per {self.unit} "
            f"({self.adjacency} adjacency, accountant {self.accountant})."
        )


NO_FORMAL = "No formal guarantee (differential privacy)."


def told_of(formal: Formal | None) -> str:
    """What the gate says of the guarantee, also when there is none."""
    return NO_FORMAL if formal is None else formal.sentence()
