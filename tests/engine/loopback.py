"""A Ray cluster on this machine whose nodes are processes, as Ray's own tests have it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import complement

STORE = 200 * 2**20  # bytes of shared memory for each node
# Where the nodes find the tasks of these tests, and the code that is tested.
PATHS = os.pathsep.join([str(Path(__file__).parent), str(Path(complement.__file__).parents[1])])


def cluster() -> Any:
    """A head without cores."""
    from ray.cluster_utils import Cluster

    return Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE})


def add_node(made: Any, path: str = "") -> Any:
    """One more node of one core. `path`: where it looks for modules before anywhere else."""
    paths = os.pathsep.join([path, PATHS] if path else [PATHS])
    return made.add_node(num_cpus=1, object_store_memory=STORE, env_vars={"PYTHONPATH": paths})


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    ends = time.monotonic() + patience
    while not condition():
        if time.monotonic() > ends:
            pytest.fail("what was waited for did not come")
        time.sleep(0.02)
