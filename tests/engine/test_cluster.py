"""A Ray cluster: found or refused with words, its nodes looked at, left as it was; a recipe on it by the command line."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from loopback import add_node, wait_until
from pyarrow.csv import write_csv
from shard_tasks import Draw

from complement.cli import main
from complement.core.errors import ClusterError, UsageError
from complement.engine import cluster
from complement.engine.plan import PACKAGES
from complement.engine.shards import Engine, lasting, map_shards

if os.environ.get("COMPLEMENT_EXTRAS") == "cluster":  # there it must be installed: a test that is skipped shows nothing
    import ray
else:
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'complement[cluster]'")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals differ")


def test_a_node_with_other_code_is_named_before_anything_runs(tmp_path: Path, three_nodes: Any) -> None:
    (tmp_path / "complement").mkdir()
    (tmp_path / "complement" / "__init__.py").write_text("old = True\n")
    odd = add_node(three_nodes, str(tmp_path))
    try:
        with pytest.raises(ClusterError, match="would not give the same bytes: the code of complement") as met:
            map_shards(Draw(), 2, engine=Engine("ray", 0, three_nodes.address))
        assert met.value.code == "cluster-nodes"
        assert odd.node_ip_address in met.value.where
        assert met.value.exit_code == 3
        assert not ray.is_initialized()
    finally:
        three_nodes.remove_node(odd)


def test_differences_are_told_in_words() -> None:
    here = cluster.machine(PACKAGES)
    assert set(here) == {"Python", "the processor", cluster.CODE, *PACKAGES}
    assert all(here.values())
    assert cluster.differences(here, dict(here)) == ""
    there = {**here, "numpy": "1.0", "lightgbm": "", cluster.CODE: "x"}
    assert cluster.differences(here, there) == (
        f"numpy is 1.0 there and {here['numpy']} here; lightgbm is missing there and {here['lightgbm']} here"
    )


def test_a_cluster_that_does_not_answer_is_an_error_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match=f"Nobody listens at {address}") as met:
        map_shards(Draw(), 2, engine=Engine("ray", 0, address))
    assert met.value.code == "cluster-unreachable"
    for address in ("nonsense", "ray://127.0.0.1:10001", "host:port"):
        with pytest.raises(UsageError, match="no address of a Ray cluster"):
            map_shards(Draw(), 2, engine=Engine("ray", 0, address))
    with pytest.raises(UsageError, match="no cluster to connect to"):
        Engine("process", 2, "auto")


def test_a_connection_that_is_there_is_used_and_stays(three_nodes: Any) -> None:
    ray.init(address=three_nodes.address, log_to_driver=False)
    try:
        assert map_shards(Draw(), 2, engine=Engine("ray")) == map_shards(Draw(), 2)
        assert ray.is_initialized()
        with pytest.raises(UsageError, match="connected to a Ray cluster already"):
            map_shards(Draw(), 2, engine=Engine("ray", 0, "127.0.0.1:1"))
    finally:
        ray.shutdown()


def test_the_variable_of_ray_names_the_cluster(three_nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", three_nodes.address)
    with lasting(Engine("ray")):
        map_shards(Draw(), 1, engine=Engine("ray"))
        assert ray.get_runtime_context().gcs_address == three_nodes.address
        assert {n["NodeID"] for n in ray.nodes() if n["Alive"]} >= {n.node_id for n in three_nodes.list_all_nodes()}


def test_a_finished_folder_needs_no_cluster(tmp_path: Path) -> None:
    made = map_shards(Draw(), 2, folder=tmp_path, plan="p")
    assert map_shards(Draw(), 2, engine=Engine("ray", 0, "127.0.0.1:1"), folder=tmp_path, plan="p") == made
    assert map_shards(Draw(), 0, engine=Engine("ray", 0, "127.0.0.1:1")) == []


RECIPE = """\
complement: 1
real: real.csv
purpose: {target: benign, learners: [tree]}
split: {folds: 2}
generate: {generator: trees}
prove: {weights: [0.3], seeds: 3, curve: true}
"""


def test_a_recipe_run_by_the_command_gives_the_same_records_and_verdict_though_a_node_dies(
    tmp_path: Path, three_nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.datasets import load_breast_cancer

    cells, benign = load_breast_cancer(return_X_y=True)
    write_csv(pa.table({**{f"x{n}": cells[:, n] for n in range(8)}, "benign": benign}), str(tmp_path / "real.csv"))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / ".complement").mkdir()
    (tmp_path / ".complement" / "salt").write_text("0123456789abcdef0123456789abcdef\n")
    doomed = add_node(three_nodes)
    monkeypatch.chdir(tmp_path)  # after it: no node stands where the run's files are, as on a cluster of several machines
    words = ["run", "recipe.yaml", "--quiet", "--json", "--out"]
    calm = CliRunner().invoke(main, [*words, "calm", "--engine", "inline"])
    assert calm.exit_code == 0, calm.output
    seen: list[int] = []

    def kill() -> None:
        wait_until(lambda: len(list((tmp_path / "killed").rglob("fits/*.arrow"))) >= 1, patience=60)
        three_nodes.remove_node(doomed, allow_graceful=False)
        seen.append(len(list((tmp_path / "killed").rglob("fits/*.arrow"))))

    killer = threading.Thread(target=kill)
    killer.start()
    killed = CliRunner().invoke(main, [*words, "killed", "--engine", "ray", "--cluster", three_nodes.address])
    killer.join()
    assert killed.exit_code == 0, killed.output
    assert seen[0] < 6, "the node died before the fits were made"
    one, other = json.loads(calm.stdout), json.loads(killed.stdout)
    for judged in (one, other):
        for clock in ("spent", "planned", "run", "released"):
            judged.pop(clock)
    assert one == other
    for name in ("**/*.arrow", "**/*.parquet"):
        files = [
            {path.relative_to(tmp_path / run): path.read_bytes() for path in (tmp_path / run).glob(name)}
            for run in ("calm", "killed")
        ]
        assert files[0], name
        assert files[0] == files[1]
