"""Loads LightGBM on machines without the system's OpenMP runtime, and holds numeric libraries to one thread."""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from complement.core.errors import MissingExtraError

RUNTIME = "libgomp.so.1"


@cache
def load_lightgbm() -> ModuleType:
    """The lightgbm module, loaded once per process.

    Its wheel needs the system library libgomp.so.1, which a bare Debian lacks. scikit-learn's wheel carries the same
    library under another name; a copy under the expected name is then loaded first. Raises MissingExtraError
    "library-broken" (exit 3) when that is not possible either.
    """
    try:
        return import_module("lightgbm")
    except ModuleNotFoundError as cause:
        raise MissingExtraError(
            "extra-missing", f"The learner 'lightgbm' needs the package '{cause.name}'.", help="pip install lightgbm"
        ) from cause
    except OSError as cause:
        if RUNTIME not in str(cause):
            raise _broken(str(cause)) from cause
        try:
            _lend_runtime()
            return import_module("lightgbm")
        except OSError as again:
            raise _broken(f"{cause}; {again}") from again


def one_thread() -> AbstractContextManager[Any]:
    """A context in which BLAS and OpenMP use one thread: sums then have one order, and results the same bytes.

    Holds the libraries of numpy, scipy and scikit-learn; one that another package loads later is not held.
    """
    return _pools().limit(limits=1)


@cache
def _pools() -> Any:
    # Finding the loaded libraries takes milliseconds, so once; scikit-learn is imported first so that its are found.
    import_module("sklearn.linear_model")
    return import_module("threadpoolctl").ThreadpoolController()


def renamed_library(image: bytes, name: str) -> bytes:
    """The bytes of a shared library whose own name `name` (ELF DT_SONAME) is overwritten by libgomp.so.1.

    The loader meets a need by the name that a loaded library gives itself, not by its file name. The name stands
    once in the dynamic string table, between two zero bytes; a shorter one fits in its place. Raises OSError when
    it does not stand there exactly once.
    """
    old, new = name.encode(), RUNTIME.encode()
    if not image.startswith(b"\x7fELF") or image.count(b"\0" + old + b"\0") != 1 or len(new) > len(old):
        raise OSError(f"{name} does not carry its own name once")
    return image.replace(b"\0" + old + b"\0", b"\0" + new.ljust(len(old), b"\0") + b"\0")


def _lend_runtime() -> None:
    """Load scikit-learn's copy of the runtime under the name that LightGBM asks for. Raises OSError."""
    found = _bundled_runtime()
    if found is None:
        raise OSError("scikit-learn carries no copy of it")
    # A folder of our own that nobody else can write to; the loaded library outlives the file.
    with TemporaryDirectory(prefix="complement-") as folder:
        copy = Path(folder) / RUNTIME
        copy.write_bytes(renamed_library(found.read_bytes(), found.name))
        ctypes.CDLL(str(copy), mode=ctypes.RTLD_GLOBAL)


def _bundled_runtime() -> Path | None:
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent.parent / "scikit_learn.libs"
    return next(iter(sorted(folder.glob("libgomp-*.so*"))), None)


def _broken(met: str) -> MissingExtraError:
    return MissingExtraError(
        "library-broken",
        f"LightGBM is installed but cannot be loaded: {met}.",
        help="apt-get install libgomp1 (Debian, Ubuntu), dnf install libgomp (Fedora) or brew install libomp (macOS)",
    )
