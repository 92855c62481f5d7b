"""Optional libraries: imported where they are used, with an error that names the extra to install."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from complement.core.errors import MissingExtraError


def need(module: str, *, extra: str, why: str) -> ModuleType:
    """The imported module, or a `MissingExtraError` whose help is the exact command that installs it."""
    try:
        return import_module(module)
    except ImportError as cause:
        raise MissingExtraError(
            "extra-missing",
            f"{why} needs the package '{module.partition('.')[0]}', which is not installed.",
            help=f"pip install 'complement[{extra}]'",
        ) from cause
