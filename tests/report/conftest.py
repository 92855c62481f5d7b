"""What the tests of the report share: facts of real runs, and a browser."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from complement.report import Facts

HERE = Path(__file__).parent
NAMES = ("helps", "hurts", "mixed", "inconclusive", "full")


@pytest.fixture(scope="session")
def facts() -> Callable[[str], Facts]:
    """The facts of a real run by its name: the examples, and "full" with every section measured on crash records."""

    def read(name: str) -> Facts:
        return Facts(**json.loads((HERE / "facts" / f"{name}.json").read_text(encoding="utf-8")))

    return read


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A tab of a headless browser; skipped where there is none."""
    spec = importlib.util.spec_from_file_location("report_chromium", HERE / "chromium.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("chromium.py")
    chromium = importlib.util.module_from_spec(spec)
    sys.modules["report_chromium"] = chromium
    spec.loader.exec_module(chromium)
    if chromium.find() is None:
        pytest.skip("no Chromium or Chrome found: install one, or name it in COMPLEMENT_CHROMIUM")
    with chromium.browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
