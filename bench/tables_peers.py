"""Generators of the bench, ours and the peers': which there are, how a peer is installed, and how one is run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
from tables_data import Split, conform

HERE = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"  # before what needs it: the index then gives the build without CUDA
GRACE = (4, 600)  # a run is killed after so many caps plus so many seconds of wall time: sampling has no cap
# Each environment: what is installed ("-y": uninstalled), step by step. "bench" is the bench's own, with complement.
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "bench": ("-e " + str(HERE.parent), "sdmetrics<0.33 xgboost-cpu matplotlib"),
    "imblearn": ("imbalanced-learn pandas pyarrow",),
    "arfpy": ("arfpy pyarrow numpy<2.3 pandas<3",),
    "pysynthpop": ("py-synthpop pyarrow<15 numpy<2 pandas<2 scipy<1.14 scikit-learn<1.5",),
    "pythonsynthpop": ("python-synthpop pyarrow<18 numpy<2 scikit-learn<1.4",),
    "sdv": (TORCH, "sdv pyarrow"),
    # Its torchvision may be of another build than torch, and transformers then cannot be imported. Tables need none.
    "mostlyai": (TORCH, "mostlyai-engine pyarrow", "-y torchvision torchaudio"),
}


@dataclass(frozen=True)
class Peer:
    """A peer's script in bench/peers, its environment and settings."""

    script: str
    environment: str
    settings: dict[str, object] = field(default_factory=dict)


PEERS: dict[str, Peer] = {
    "smotenc": Peer("smotenc", "imblearn"),
    "arf": Peer("arf", "arfpy"),
    "synthpop-hazy": Peer("hazy_synthpop", "pysynthpop"),
    "synthpop-audit": Peer("audit_synthpop", "pythonsynthpop"),
    "sdv-copula": Peer("sdv_models", "sdv", {"model": "copula"}),
    "ctgan": Peer("sdv_models", "sdv", {"model": "ctgan"}),
    "tvae": Peer("sdv_models", "sdv", {"model": "tvae"}),
    "mostlyai": Peer("mostly", "mostlyai"),
    "mostlyai-tuned": Peer("mostly", "mostlyai", {"value_protection": False, "flexible": False}),
}
OURS = ("forest:private", "forest:sharp", "trees", "copula", "interpolate", "bootstrap")


@dataclass(frozen=True)
class Made:
    """What a run gave: rows and their cost, or the error that says why not."""

    rows: pa.Table | None
    cost: dict[str, float]
    note: str = ""
    error: str = ""


def install(folder: Path, only: tuple[str, ...] = ()) -> None:
    """An environment for the bench and for each peer, or for some, under this folder. One that fails is named and passed over."""
    for name, steps in ENVIRONMENTS.items():
        if only and name not in only:
            continue
        place = folder / name
        venv.create(place, with_pip=True)
        for step in steps:
            words = step.split(" ", 1) if step.startswith("-e ") else step.split()
            command = [str(place / "bin" / "pip"), "uninstall" if words[0] == "-y" else "install", "-q", *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1][:300]}", flush=True)
                break
        else:
            print(f"{name}: installed", flush=True)


def make(name: str, split: Split, *, seed: int, cap: float, peers: Path) -> Made:
    """As many rows as train has, by the generator of this name, in a process of its own, with one thread.

    `name`: a peer's, or one of ours with an optional preset and settings: "forest:sharp", "trees,min_leaf=5".
    """
    peer = PEERS.get(name)
    python = peers / peer.environment / "bin" / "python" if peer else Path(sys.executable)
    if not python.exists():
        return Made(None, {}, error=f"not installed: python bench/tables.py --install-peers {peers}")
    script = HERE / "peers" / f"{peer.script if peer else 'own'}.py"
    settings = peer.settings if peer else _settings(name)
    with tempfile.TemporaryDirectory(prefix="tables-") as temporary:
        folder = Path(temporary)
        parquet.write_table(split.shown(), folder / "train.parquet")
        if not peer and split.source.unit in split.train.column_names:  # whose rows they are; no peer asks
            parquet.write_table(split.train.select([split.source.unit]).rename_columns(["unit"]), folder / "unit.parquet")
        job = {"kinds": split.kinds, "target": split.source.target, "rows": split.train.num_rows, "seed": seed, "cap": cap}
        (folder / "job.json").write_text(json.dumps({**job, "settings": settings}))
        return _run(python, script, folder, split, GRACE[0] * cap + GRACE[1])


def _run(python: Path, script: Path, folder: Path, split: Split, most_seconds: float) -> Made:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1")
    with (folder / "log.txt").open("w") as log:
        child = subprocess.Popen([str(python), str(script), str(folder)], stdout=log, stderr=log, env={**os.environ, **threads})
        late, use = _wait(child, most_seconds)
    cost = {"process_seconds": use.ru_utime + use.ru_stime}
    if late or child.returncode:
        said = f"stopped after {most_seconds:.0f} s" if late else _last_error(folder / "log.txt", child.returncode)
        return Made(None, cost, error=said)
    report = json.loads((folder / "report.json").read_text())
    cost["peak_megabytes"] = report["peak_megabytes"]
    cost.update({f"{stage}_seconds": seconds for stage, seconds in report["seconds"].items()})
    try:
        made = conform(parquet.read_table(folder / "made.parquet"), split)
    except (ValueError, pa.ArrowException) as cause:
        return Made(None, cost, report["note"], f"unreadable rows: {cause}"[:300])
    return Made(made, cost, report["note"])


def _last_error(log: Path, code: int) -> str:
    """The last line that names an exception, else the last one, else the exit code."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return ([*lines[-1:], *named] or [f"exit code {code}"])[-1][:300]


def _wait(child: subprocess.Popen[bytes], most_seconds: float) -> tuple[bool, object]:
    """Waits for the end or ends it: whether it was late, and what it and its children used."""
    until, late = time.monotonic() + most_seconds, False
    while True:
        pid, status, use = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return late, use
        if time.monotonic() > until and not late:
            late = True
            child.kill()
        time.sleep(0.05)


def _settings(name: str) -> dict[str, object]:
    """{"name": "trees", "min_leaf": 5} of "trees,min_leaf=5"; "forest:sharp" has the preset "sharp"."""
    first, *rest = name.split(",")
    generator, _, preset = first.partition(":")
    found: dict[str, object] = {"name": generator, **({"preset": preset} if preset else {})}
    for one in rest:
        key, _, value = one.partition("=")
        try:
            found[key] = json.loads(value)
        except json.JSONDecodeError:
            found[key] = value
    return found
