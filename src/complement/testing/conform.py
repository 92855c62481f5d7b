"""Runs named checks on a plug-in, stops at the first that fails, and says which one and what was met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from complement.core.errors import PluginError

# "" = the check holds; a text = what was met instead; None = the check does not apply to this plug-in.
Finding = str | None
Check = tuple[str, Callable[[], Finding]]


def conform(door: str, checks: Sequence[Check]) -> list[str]:
    """The names of the checks that were run and hold, in order; a check that does not apply is left out.

    Raises PluginError ("plugin-broken") at the first check that fails, with its name and what was met; whatever
    the plug-in itself raised is the error's cause.
    """
    passed: list[str] = []
    for name, check in checks:
        with _Named(door, name):
            found = check()
        if found:
            raise _broken(door, name, found)
        if found is not None:
            passed.append(name)
    return passed


def _broken(door: str, name: str, met: str) -> PluginError:
    return PluginError(
        "plugin-broken",
        f"The {door} fails the check '{name}': {met}",
        help=f"What a {door} must do stands in complement.core.contracts.",
    )


class _Named:
    """A plug-in may raise anything: here it becomes a PluginError that names the check, with the cause kept."""

    def __init__(self, door: str, name: str) -> None:
        self.door, self.name = door, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            first = str(error).partition("\n")[0]
            raise _broken(self.door, self.name, f"it raised {type(error).__name__}: {first}") from error
