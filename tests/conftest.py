"""What many tests share: where the real data stand, and small real tables that need no folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data: COMPLEMENT_DATA, or ../shared/data beside the checkout; absent, the test is skipped."""
    folder = Path(os.environ.get("COMPLEMENT_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}: set COMPLEMENT_DATA")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
