"""The edge: where errors of libraries become ours, so that nobody who calls complement sees any other."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from complement.core.errors import ComplementError, RunError


@contextmanager
def edge() -> Generator[None]:
    """Errors of libraries become ours here, and only here: what a stage knows it has wrapped already."""
    try:
        yield
    except ComplementError:
        raise
    except Exception as cause:
        # Nobody can list what libraries raise; --debug shows the traceback, which names the place.
        met = f"{type(cause).__name__}: {cause}"[:1000]
        raise RunError(
            "unexpected", met, help="See the place with --debug, and report it: complement should have said more."
        ) from cause
