"""What the release tests share: records made from real tumours, what is known of them, a release, and how one is forged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

import complement
from complement.core.dataset import Dataset
from complement.release import Facts, Release, bundle
from complement.release.canonical import canonical, digest_of
from complement.release.manifest import digest_line

ROWS = 400
GUARDS = [
    {"name": name, "outcome": said} for name, said in (("Brier score", "failed"), ("ECE", "not shown"), ("women", "passed"))
]
VERDICT: dict[str, Any] = {
    "schema": 1,
    "question": "artifact",
    "verified": True,
    "verdicts": [
        {
            "learner": learner,
            "state": state,
            "code": code,
            "headline": f"{learner}: {state.lower()}: AUROC {effect:+} [{effect - 0.01:+.3f}, {effect + 0.01:+.3f}].",
            "metric": "auroc",
            "margin": 0.005,
            "weight": weight,
            "effect": {"value": effect, "low": effect - 0.01, "high": effect + 0.01, "n": 200},
            "detectable_effect": 0.012,
            "guards": GUARDS if state == "MIXED" else [],
            "cautions": [],
            "leaks": [],
        }
        for learner, state, code, weight, effect in (
            ("lightgbm", "HELPS", "helps", 0.25, 0.021),
            ("logistic", "MIXED", "harm", 0.5, 0.019),
        )
    ],
    "planned": {"folds": 5},
    "spent": {"fits": 50, "seconds": 12.5, "cpu_seconds": 20.1},
    "leaks": [],
}
PRIVACY: dict[str, Any] = {
    "schema": 1,
    "privacy": [
        {"name": "copy_share", "value": 0.0, "low": 0.0, "high": 0.0092, "n": ROWS, "better": "low"},
        {"name": "density_auc", "value": 0.5123, "low": 0.478, "high": 0.547, "n": 200, "better": "target"},
    ],
    "gate": {"passed": None, "why": "Too few hold-out records to tell."},
    "notes": ["Not compared: record_id (identifier)."],
}


@pytest.fixture(scope="session")
def tumours() -> pa.Table:
    """569 real tumours: 30 measurements and the diagnosis as a word."""
    frame = load_breast_cancer(as_frame=True).frame
    word = np.where(frame["target"] == 1, "benign", "malignant")
    return pa.Table.from_pandas(frame.drop(columns="target"), preserve_index=False).append_column("diagnosis", pa.array(word))


@pytest.fixture(scope="session")
def made(tumours: pa.Table) -> Dataset:
    return complement.generate(tumours, rows=ROWS, target="diagnosis", generator="trees", seed=3)


@pytest.fixture(scope="session")
def facts() -> Facts:
    return Facts(
        name="tumours",
        title="Tumours, made",
        description="Measurements of cell nuclei.",
        licence="cc-by-4.0",
        published="2026-11-22",
        verdict=VERDICT,
        privacy=PRIVACY,
        fidelity=[{"name": "shape_error", "value": 0.031, "low": None, "high": None, "n": ROWS, "better": "low"}],
        funnel={"made": 450, "kept": ROWS, "steps": [{"step": "copies", "seen": 450, "left_out": 50, "reasons": {"copied": 50}}]},
        source={"rows": 569, "learnt": 400, "columns": 31, "target": "diagnosis", "task": "binary", "unit": None},
        generator={"name": "trees", "settings": {"leaf": 5}},
        requests=[{"name": "all", "rows": ROWS, "where": None, "reason": "more of everything"}],
        seeds={"root": 0, "release": 2**61},
        versions={"complement": "0.1.0", "pyarrow": pa.__version__},
        plan="ab" * 32,
        recipe={"purpose": {"target": "diagnosis"}},
        openings=1,
        report_html="<!doctype html><title>report</title><p>HELPS</p>",
    )


@pytest.fixture(scope="session")
def released(made: Dataset, facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of three shards. Nobody changes it: see `copied`."""
    shards = (made.take(np.arange(start, start + rows)) for start, rows in ((0, 150), (150, 150), (300, 100)))
    return bundle(shards, tmp_path_factory.mktemp("made") / "tumours", facts)


@pytest.fixture
def copied(released: Release, tmp_path: Path) -> Path:
    """A copy of the release, to be changed."""
    return Path(shutil.copytree(released.folder, tmp_path / "release"))


@pytest.fixture(scope="session")
def forge() -> Callable[[Path], None]:
    """Makes every hash of a changed release anew, as somebody would who wants it to pass."""

    def anew(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        croissant = json.loads((folder / "croissant.json").read_bytes())
        stated = {file["path"]: file for file in manifest["files"]}
        for one in croissant["distribution"]:
            if one["@id"] in stated:
                content = (folder / one["@id"]).read_bytes()
                one["sha256"], one["contentSize"] = digest_of(content), f"{len(content)} B"
        (folder / "croissant.json").write_bytes(canonical(croissant))
        for path, file in stated.items():
            content = (folder / path).read_bytes()
            file["sha256"], file["bytes"] = digest_of(content), len(content)
        manifest["verdict_sha256"] = stated["verdict.json"]["sha256"]
        text = canonical(manifest)
        (folder / "manifest.json").write_bytes(text)
        (folder / "manifest.sha256").write_bytes(digest_line(digest_of(text)))

    return anew
