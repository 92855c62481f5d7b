"""Importing complement and asking for help load nothing heavy. Modules are counted, not seconds: a clock would lie."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "sklearn", "lightgbm", "pyarrow", "duckdb", "pandas", "polars", "pydantic", "yaml", "torch")


def loaded(code: str) -> set[str]:
    """The top-level packages that stand in sys.modules after the code has run in a process of its own."""
    tail = "\nimport json, sys\nprint('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import complement",
        "import complement; dir(complement); complement.__version__",
        "import complement.cli",
        "import complement.cli\ntry:\n    complement.cli.main(['--help'])\nexcept SystemExit:\n    pass",
        "import complement.cli\ntry:\n    complement.cli.main(['prove', '--help'])\nexcept SystemExit:\n    pass",
        "import complement.cli\ntry:\n    complement.cli.main(['nothing'])\nexcept SystemExit:\n    pass",
    ],
)
def test_nothing_heavy_is_loaded(code: str):
    assert loaded(code).isdisjoint(HEAVY)


def test_the_count_of_modules_can_fail():
    assert "numpy" in loaded("import complement; complement.Dataset")
