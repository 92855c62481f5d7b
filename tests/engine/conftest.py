"""Makes the tasks of these tests importable by name, here and in the processes that are spawned from here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def three_nodes() -> Iterator[Any]:
    """A Ray cluster on this machine: a head without cores, and two nodes of one core each."""
    import loopback

    made = loopback.cluster()
    try:
        for _ in range(2):
            loopback.add_node(made)
        yield made
    finally:
        made.shutdown()
