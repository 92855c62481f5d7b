"""Widen: a condition with one demand less."""

from __future__ import annotations

from complement.core.condition import Condition, Or
from complement.core.written import write


def wider(where: Condition) -> Condition | None:
    """The condition without its last demand; None when it has only one, or a name that cannot be written."""
    parts = where.conjuncts()
    if len(parts) < 2:
        return None
    return Condition.parse(" and ".join(f"({write(part)})" if isinstance(part, Or) else write(part) for part in parts[:-1]))
