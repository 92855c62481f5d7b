"""complement: synthetic training data that is proved to help."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "ComplementError",
    "Condition",
    "Dataset",
    "Judgement",
    "Purpose",
    "Recipe",
    "Run",
    "Schema",
    "Verdict",
    "audit",
    "collapse",
    "curate",
    "gaps",
    "generate",
    "impute",
    "preview",
    "prove",
    "read",
    "run",
    "verify",
]

if TYPE_CHECKING:
    from complement.core.condition import Condition
    from complement.core.dataset import Dataset
    from complement.core.errors import ComplementError
    from complement.core.purpose import Purpose
    from complement.core.schema import Schema
    from complement.core.verdict import Judgement, Verdict
    from complement.recipe import Recipe
    from complement.run import Run, run
    from complement.source.read import read
    from complement.verbs import audit, collapse, curate, gaps, generate, impute, preview, prove, verify

# Where each public name stands. Nothing of it is imported before it is asked for: `import complement` stays instant.
_HOMES = {
    "ComplementError": "complement.core.errors",
    "Condition": "complement.core.condition",
    "Dataset": "complement.core.dataset",
    "Judgement": "complement.core.verdict",
    "Purpose": "complement.core.purpose",
    "Recipe": "complement.recipe",
    "Run": "complement.run",
    "Schema": "complement.core.schema",
    "Verdict": "complement.core.verdict",
    "audit": "complement.verbs",
    "collapse": "complement.verbs",
    "gaps": "complement.verbs",
    "verify": "complement.verbs",
    "impute": "complement.verbs",
    "preview": "complement.verbs",
    "read": "complement.source.read",
}
# Functions that share their name with a part of the package, and where they stand.
_VERBS = {"curate": "complement.verbs", "generate": "complement.verbs", "prove": "complement.verbs", "run": "complement.run"}


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        return import_module(f"complement.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'complement' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


class _Verb(ModuleType):
    """A module that can be called: `complement.prove(real, target="y")` is `complement.verbs.prove`."""

    @property
    def __doc__(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        # What help() and editors show is how to call it; what the folder is for stands at the top of its __init__.py.
        from inspect import cleandoc

        shown = str(self.__signature__).replace("'", "")
        return f"{cleandoc(self._verb.__doc__ or '')}\n\ncomplement.{self._verb.__name__}{shown}"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._verb(*args, **keywords)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(self._verb)

    @property
    def _verb(self) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(_VERBS[name]), name)


class _Package(ModuleType):
    """This package. The folder prove/ and the function prove share a name: importing the one must not hide the other."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system sets a submodule on its package; that is when it becomes callable.
        if name in _VERBS and type(value) is ModuleType:
            value.__class__ = _Verb
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
