"""Written: a parsed condition as the text that a person would write, and that is parsed as the same."""

from __future__ import annotations

import re

from complement.core.condition import KEYWORDS, And, Literal, Node, Not, Or


def write(node: Node) -> str:
    """A condition's tree as a person would write it."""
    if isinstance(node, Not):
        return f"not ({write(node.part)})"
    if isinstance(node, And):
        return " and ".join(f"({write(part)})" if isinstance(part, Or) else write(part) for part in node.parts)
    if isinstance(node, Or):
        return " or ".join(f"({write(part)})" if isinstance(part, And) else write(part) for part in node.parts)
    name = quoted(node.column) or node.column  # what was parsed can be written
    if node.operator == "missing":
        return f"{name} is missing"
    if node.operator == "between":
        return f"{name} between {_literal(node.values[0])} and {_literal(node.values[1])}"
    if node.operator == "in":
        return f"{name} in ({', '.join(_literal(value) for value in node.values)})"
    return f"{name} {node.operator} {_literal(node.values[0])}"


def quoted(name: str) -> str | None:
    """A column's name as a condition writes it; None for one that it cannot write, with both kinds of quotes inside."""
    if re.fullmatch(r"[^\W\d][\w.\-]*", name) and name.lower() not in KEYWORDS:
        return name
    if name and "`" not in name:
        return f"`{name}`"
    return f'"{name}"' if name and '"' not in name else None


def _literal(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
