"""Funnel: how many records each step saw and left out, and why, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Passage:
    """One step: how many records it saw (those that every earlier step kept), and how many it left out, by reason."""

    step: str
    seen: int
    left_out: int
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Funnel:
    """`made` records went in, `kept` came out, and what happened between, step by step."""

    made: int
    kept: int
    steps: tuple[Passage, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """`{"made", "kept", "steps": [{"step", "seen", "left_out", "reasons": {reason: records}}]}`."""
        steps = [
            {"step": one.step, "seen": one.seen, "left_out": one.left_out, "reasons": dict(one.reasons)} for one in self.steps
        ]
        return {"made": self.made, "kept": self.kept, "steps": steps}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Funnel:
        """The funnel that `as_json` wrote."""
        return Funnel(int(told["made"]), int(told["kept"]), tuple(Passage(**one) for one in told["steps"]))
