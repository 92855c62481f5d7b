"""Maker: a generator as a call names it, by name, by name with settings, or the object itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from complement import catalog
from complement.core.contracts import Generator
from complement.core.errors import UsageError
from complement.recipe.part import Named


def named_of(given: str | Mapping[str, Any], what: str = "generator") -> Named:
    """The name and settings in NAME or {NAME: settings}; `what` it is, for the error. Raises UsageError "usage" for others."""
    try:
        return Named.model_validate(given)
    except ValueError as cause:
        met = f"{what}={given!r} is neither a name nor {{name: settings}}."
        raise UsageError("usage", met, help="Write 'forest', or {'forest': {'preset': 'sharp'}}.") from cause


def maker_of(given: str | Mapping[str, Any] | Generator) -> tuple[Generator, str]:
    """The generator, unfitted, and what to call it: forest:preset=sharp. Raises UsageError "usage" when it is none."""
    if not isinstance(given, str | Mapping):
        if not isinstance(given, Generator):
            raise UsageError(
                "usage", f"A {type(given).__name__} is no generator.", help="Give a name, or an object with fit and generate."
            )
        return given, str(getattr(given, "name", type(given).__name__))
    found = named_of(given)
    settings = ",".join(f"{key}={value}" for key, value in found.settings.items())
    return catalog.generator(found.name, **found.settings), f"{found.name}:{settings}" if settings else found.name
