"""Imports go down, never up: the floors of pyproject.toml hold, and every module stands on one of them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path


def check(root: Path, *, config: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("lint-imports")
    command = [str(tool), "--no-cache", "--no-logo", "--config", str(config)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def layers_of(root: Path) -> list[str]:
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    return contract["layers"]


def test_an_import_goes_down_never_up(root: Path) -> None:
    done = check(root, config=root / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_check_of_floors_can_fail(root: Path, tmp_path: Path) -> None:
    upside_down = tmp_path / "floors.toml"
    layers = ", ".join(f'"{layer}"' for layer in ("complement.core", "complement.source"))
    upside_down.write_text(
        '[tool.importlinter]\nroot_package = "complement"\n[[tool.importlinter.contracts]]\n'
        f'name = "upside down"\ntype = "layers"\nlayers = [{layers}]\n',
        encoding="utf-8",
    )
    done = check(root, config=upside_down)
    assert done.returncode != 0
    assert "complement.source" in done.stdout


def test_every_module_stands_on_a_floor(root: Path) -> None:
    named = {part.strip() for layer in layers_of(root) for part in layer.replace(":", "|").split("|")}
    package = root / "src" / "complement"
    there = {f"complement.{path.stem}" for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - {"complement.__init__"} == named
