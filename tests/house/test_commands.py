"""The commands that people and CI type: the Makefile's targets, and the scripts of .ci."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / ".ci").iterdir() if path.is_file())
TARGETS = re.findall(r"^([a-z-]+):.*## \S", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def quick_start(folder: Path, readme: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a README and a wheel that is an empty file; `python3 -m venv` and all else are only echoed."""
    (folder / "README.md").write_text(readme, encoding="utf-8")
    (folder / "complement-0-py3-none-any.whl").touch()
    command = [str(ROOT / ".ci" / "quick-start"), "README.md", "complement-0-py3-none-any.whl"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHON": "true"})


def test_the_makefile_has_at_most_twelve_targets_each_with_a_sentence() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)
    assert phony is not None
    assert phony.group(1).split() == TARGETS
    assert len(TARGETS) <= 12


def test_every_target_that_a_page_names_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"\bmake ([a-z-]+)`", page.read_text(encoding="utf-8"))}
    assert named <= set(TARGETS)


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_script_can_be_run_and_read(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n# ")
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_quick_start_that_is_missing_is_an_error(tmp_path: Path) -> None:
    done = quick_start(tmp_path, "# complement\n")
    assert done.returncode == 1
    assert "no commands" in done.stderr


def test_a_quick_start_that_installs_nothing_of_ours_is_an_error(tmp_path: Path) -> None:
    done = quick_start(tmp_path, "<!-- quick-start -->\n```sh\npip install numpy\n```\n<!-- /quick-start -->\n")
    assert done.returncode == 1
    assert "installs no package named complement" in done.stderr


def test_a_quick_start_installs_the_wheel_in_place_of_the_package(tmp_path: Path) -> None:
    commands = "echo pip install 'complement[examples]' && echo complement run"
    block = f"<!-- quick-start -->\n```sh\n{commands}\n```\n<!-- /quick-start -->\n"
    done = quick_start(tmp_path, block)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pip install {tmp_path}/complement-0-py3-none-any.whl[examples]\ncomplement run\n"


def test_a_quick_start_that_fails_is_an_error(tmp_path: Path) -> None:
    block = "<!-- quick-start -->\n```sh\necho pip install complement\nfalse\necho on\n```\n<!-- /quick-start -->\n"
    done = quick_start(tmp_path, block)
    assert done.returncode != 0
    assert "\non\n" not in done.stdout
