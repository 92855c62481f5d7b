"""Plan: everything of a trial that is fixed before the first fit, and goes to the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from complement.core.errors import ProveError
from complement.core.verdict import Question

SCREENED = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Plan:
    """The question, how much is computed for it, and with which seed.

    `seeds` (2 or more; 5 by default) generator and learner seeds run in every fold. One entry in `weights` fixes the
    arm's weight; several are screened inside each fold. `draws` and `draw_rows` belong to the question "recipe": how
    many training draws, of how many records each (None: halves, which overlap). `curve` asks for the real-data curve. Prices
    turn its records to money.
    """

    question: Question = "in-hand"
    seeds: int = 5
    seed: int = 0
    weights: tuple[float, ...] = SCREENED
    curve: bool = True
    draws: int = 20
    draw_rows: int | None = None
    real_price: float | None = None
    synthetic_price: float | None = None

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise ProveError(
                "prove-question", f"seeds={self.seeds}; the spread over seeds needs 2 or more.", help="5 is the default."
            )
        if not self.weights or not all(0 <= weight <= 1 for weight in self.weights):
            raise ProveError("prove-question", f"weights={self.weights}; each arm weight lies in [0, 1].")
        if self.draws < 5:
            raise ProveError("prove-question", f"draws={self.draws}; the spread over draws needs 5 or more.")
        if self.question == "substitute" and self.weights not in (SCREENED, (1.0,)):
            raise ProveError("prove-question", "A substitute is trained on synthetic records alone: its weight is 1.")

    @property
    def screened(self) -> tuple[float, ...]:
        """The weights to choose from: only 1 for a substitute."""
        return (1.0,) if self.question == "substitute" else tuple(sorted(set(self.weights)))
