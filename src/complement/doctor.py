"""What is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed`: complement cannot do without it."""

    name: str
    found: str
    fine: bool
    needed: bool = True
    help: str = ""


# The module to import where it is called otherwise than the package that brings it.
_MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml"}


def examine() -> list[Finding]:
    """Look at Python, every declared package, the extras, cores and the temporary folder. Loads the packages: a second or two."""
    at_least = (3, 11)
    python = Finding("python", sys.version.split()[0], sys.version_info[:2] >= at_least, help="Use Python 3.11 or newer.")
    return [python, *_packages(), _plugins(), _cores(), _writable()]


def as_json(findings: list[Finding]) -> dict[str, object]:
    """The findings as scripts read them; `fine` is false when something that is needed is missing."""
    return {"schema": 1, "fine": all(f.fine or not f.needed for f in findings), "findings": [asdict(f) for f in findings]}


def _packages() -> Iterator[Finding]:
    for requirement in requires("complement") or []:
        wanted, _, marker = requirement.partition(";")
        extra = marker.partition("extra ==")[2].strip().strip("'\"")
        name = wanted.split("[")[0].split(">")[0].split("=")[0].split("<")[0].strip()
        if extra == "dev" or name == "complement":
            continue
        yield _package(name, wanted.strip(), extra)


def _package(name: str, wanted: str, extra: str) -> Finding:
    install = f"pip install 'complement[{extra}]'" if extra else f"pip install '{wanted}'"
    shown = f"{name} (extra {extra})" if extra else name
    try:
        import_module(_MODULES.get(name.lower(), name.replace("-", "_")))
        found = version(name)
    except (PackageNotFoundError, ModuleNotFoundError):
        return Finding(shown, "not installed", False, not extra, install)
    except (ImportError, OSError) as cause:  # a shared library that is missing, such as OpenMP for LightGBM
        return Finding(shown, f"cannot be loaded: {cause}", False, not extra, install)
    if not _new_enough(found, wanted):
        return Finding(shown, f"{found}, but {wanted} is needed", False, not extra, install)
    return Finding(shown, found, True, not extra)


def _new_enough(found: str, wanted: str) -> bool:
    least = wanted.partition(">=")[2].partition(",")[0].strip()
    return not least or _numbers(found) >= _numbers(least)


def _numbers(text: str) -> tuple[int, ...]:
    parts = (part for part in text.split("."))
    return tuple(int(part) for part in parts if part.isdigit())


def _plugins() -> Finding:
    from importlib.metadata import entry_points

    groups = ("generators", "steps", "evaluators", "learners", "metrics")
    names = [f"{group}: {point.name}" for group in groups for point in entry_points(group=f"complement.{group}")]
    return Finding("plug-ins", ", ".join(names) or "none", True, needed=False)


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("cores", str(cores), True, needed=False)


def _writable() -> Finding:
    folder = Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"complement")
    except OSError as cause:
        return Finding(
            "temporary folder", f"{folder}: {cause.strerror}", False, help="Set TMPDIR to a folder that can be written."
        )
    return Finding("temporary folder", str(folder), True)
