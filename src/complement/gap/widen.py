"""Widen: a condition with one demand less, and how a parsed condition is written down again."""

from __future__ import annotations

from complement.core.condition import And, Condition, Literal, Node, Not, Or, Test
from complement.gap.atoms import quoted


def wider(where: Condition) -> Condition | None:
    """The condition without its last demand; None when it has only one, or a name that cannot be written."""
    parts = where.conjuncts()
    if len(parts) < 2:
        return None
    words = [written(part) for part in parts[:-1]]
    if any(word is None for word in words):
        return None
    return Condition.parse(" and ".join(str(word) for word in words))


def written(node: Node) -> str | None:
    """The text of a parsed condition, which `Condition.parse` reads as the same tree; None for an unwritable column."""
    if isinstance(node, Test):
        return _test(node)
    if isinstance(node, Not):
        inside = written(node.part)
        return None if inside is None else f"not ({inside})"
    parts = [written(part) for part in node.parts]
    if any(part is None for part in parts):
        return None
    bracketed = [f"({part})" if isinstance(of, And | Or) else str(part) for part, of in zip(parts, node.parts, strict=True)]
    return (" and " if isinstance(node, And) else " or ").join(bracketed)


def _test(test: Test) -> str | None:
    column = quoted(test.column)
    if column is None:
        return None
    values = [_literal(value) for value in test.values]
    if test.operator == "missing":
        return f"{column} is missing"
    if test.operator == "in":
        return f"{column} in ({', '.join(values)})"
    if test.operator == "between":
        return f"{column} between {values[0]} and {values[1]}"
    return f"{column} {test.operator} {values[0]}"


def _literal(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
