"""A Ray cluster: connect once, look whether every node has what this process has, and leave it as it was found."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from complement.core.errors import ClusterError, UsageError
from complement.core.extras import need
from complement.engine.plan import PACKAGES
from complement.engine.workers import environment

PATIENCE = 60.0  # seconds that a node gets to start a worker and answer; a busy one takes five to ten
REACH = 10.0  # seconds to open a connection: Ray itself would try for five minutes and then end the process
# Read when Ray starts. No word goes out to Ray's makers; a task that needs more memory than there is ends as an error
# instead of being tried for ever.
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_task_oom_retries": "2"}
CODE = "the code of complement"


@dataclass
class _Connection:
    """What this process holds of a cluster. `held`: how many callers want it to last; `ours`: we made the connection."""

    held: int = 0
    ours: bool = False
    address: str = ""
    fitting: set[str] = field(default_factory=set[str])  # nodes that were looked at


_connection = _Connection()


@contextmanager
def lasting() -> Generator[None]:
    """A connection that is made inside lasts until the end of the outermost of these, and is closed there.

    Connecting is left to whoever needs it first (`connected`): a run that has nothing to make starts no cluster. What
    this process was connected to before stays connected.
    """
    _connection.held += 1
    try:
        yield
    finally:
        _connection.held -= 1
        if not _connection.held:
            _disconnect()


def loaded() -> Any:
    """The package ray. Raises MissingExtraError when it is not installed."""
    return need("ray", extra="cluster", why="The engine 'ray'")


def connected(address: str | None, *, cores: int) -> Any:
    """The package ray, connected, every node looked at. Call it inside `lasting`.

    `address`: "host:port", "auto" (the cluster that this machine belongs to), "local"; None: the variable RAY_ADDRESS,
    else local, which starts Ray on this machine with `cores` tasks at once. A connection that this process already has
    is used. Raises ClusterError "cluster-unreachable" or "cluster-nodes", UsageError.
    """
    ray = loaded()
    wanted = address or os.environ.get("RAY_ADDRESS") or "local"
    if not ray.is_initialized():
        _connect(ray, wanted, cores)
    elif address is not None and not (_connection.ours and _connection.address == wanted):
        raise UsageError(
            "usage",
            f"This process is connected to a Ray cluster already, and is asked for the one at '{address}'.",
            help="Leave the address out to use the connection that there is, or end it with ray.shutdown().",
        )
    _look_at_nodes(ray)
    return ray


def machine(packages: Iterable[str]) -> dict[str, str]:
    """What the bytes of a result depend on here: Python, kind of processor, versions of packages, our own code."""
    return _examiner()(tuple(packages))


def differences(here: dict[str, str], there: dict[str, str]) -> str:
    """What differs, in words: "numpy is 2.1.0 there and 2.2.0 here"; empty when nothing does."""
    names = [name for name in here if here[name] != there.get(name)]
    told = [name for name in names if name != CODE] or names  # another version has other code: that goes without saying
    return "; ".join(f"{name} is {there.get(name) or 'missing'} there and {here[name]} here" for name in told)


def cpus(ray: Any) -> int:
    """How many tasks the living nodes run at once."""
    return int(sum(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]))


def _connect(ray: Any, address: str, cores: int) -> None:
    _reach(address)
    # Errors reach us as exceptions; stdout carries the result of a command and nothing else.
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        quiet.update(num_cpus=cores, include_dashboard=False)
    try:
        with environment(SETTINGS):
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as cause:  # ValueError: no address at all
        reason = str(cause).strip().partition("\n\n")[0]
        raise ClusterError("cluster-unreachable", f"No Ray cluster at '{address}': {reason}", where=address) from cause
    _connection.ours, _connection.address = True, address
    _connection.fitting.clear()
    _tell(ray, False)


def _reach(address: str) -> None:
    """Nothing happens when somebody listens at the address, or when it names no place."""
    if address in ("local", "auto"):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UsageError(
            "usage",
            f"'{address}' is no address of a Ray cluster.",
            help="Write HOST:PORT as `ray start --head` shows it, or auto on one of its machines. complement has to run "
            "on a machine of the cluster: Ray's client (ray://) is not supported.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, OverflowError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise ClusterError("cluster-unreachable", f"Nobody listens at {address}: {reason}.", where=address) from cause


def _disconnect() -> None:
    if _connection.ours:
        _connection.ours, _connection.address = False, ""
        ray = loaded()
        ray.shutdown()
        _tell(ray, True)
    _connection.fitting.clear()


def _tell(ray: Any, on: bool) -> None:
    # Ray 2.60 prints what it hears of dying nodes on stdout, whatever `log_to_driver` says; this is the switch that its
    # own debugger uses. It may go when ray.init has one.
    ray._private.worker._worker_logs_enabled = on


def _look_at_nodes(ray: Any) -> None:
    """Raise ClusterError "cluster-nodes" for a node whose packages would give other bytes, or none."""
    from ray.util.scheduling_strategies import (  # type: ignore[import-not-found]
        NodeAffinitySchedulingStrategy,  # type: ignore[reportUnknownVariableType]
    )

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    fresh = {node["NodeID"]: node for node in nodes if node["NodeID"] not in _connection.fitting}
    if not fresh:
        return
    look = ray.remote(num_cpus=0, max_retries=0)(_examiner())
    asked = {name: look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(name, False)) for name in fresh}
    answers = {name: one.remote(PACKAGES) for name, one in asked.items()}
    here = machine(PACKAGES)
    for name, answer in answers.items():
        place = f"{fresh[name]['NodeManagerHostname']} ({fresh[name]['NodeManagerAddress']})"
        try:
            there = ray.get(answer, timeout=PATIENCE)
        except ray.exceptions.GetTimeoutError as cause:
            met = f"The node {place} did not answer within {PATIENCE:.0f} seconds."
            raise ClusterError("cluster-unreachable", met, where=place) from cause
        except ray.exceptions.RayError as cause:
            if any(node["NodeID"] == name and node["Alive"] for node in ray.nodes()):
                met = f"The node {place} cannot run a task: {str(cause).strip().partition(chr(10))[0]}"
                help = "Mend the node, or take it out of the cluster; the logs are in /tmp/ray/session_latest/logs there."
                raise ClusterError("cluster-nodes", met, where=place, help=help) from cause
            continue  # it left in the meantime
        if told := differences(here, there):
            raise ClusterError("cluster-nodes", f"The node {place} would not give the same bytes: {told}.", where=place)
        _connection.fitting.add(name)


def _examiner() -> Callable[[tuple[str, ...]], dict[str, str]]:
    # Nested, and with all it needs inside, so that Ray sends it by value: the node may lack this very package.
    def examine(packages: tuple[str, ...]) -> dict[str, str]:
        import hashlib
        import platform
        from importlib.metadata import PackageNotFoundError, version
        from importlib.util import find_spec
        from pathlib import Path

        found = {"Python": ".".join(platform.python_version_tuple()[:2]), "the processor": platform.machine()}
        for name in packages:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = ""
        spec = find_spec("complement")
        digest = hashlib.sha256()
        for root in (spec.submodule_search_locations or []) if spec else []:
            for path in sorted(Path(root).rglob("*.py")):
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        found["the code of complement"] = digest.hexdigest()[:12] if spec else ""
        return found

    return examine
