"""The folder of a run: which stages are done, what they rest on, and what they made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from complement.core.errors import RunError
from complement.core.verdict import Judgement
from complement.engine.files import (
    is_temporary,
    make_folder,
    read_bytes,
    refused,
    remove_leftovers,
    write_atomically,
    write_json,
)

SOURCE, GAP, GENERATE, CURATE = "1-source", "2-gap", "3-generate", "4-curate"
MEASURE, PROVE, RELEASE = "5-measure", "6-prove", "8-release"
STAGES = (SOURCE, GAP, GENERATE, CURATE, MEASURE, PROVE, RELEASE)
REPORT = "report.html"
RECIPE, MANIFEST, VERDICT, EVENTS, STAGE, PLAN = (
    "recipe.yaml",
    "manifest.json",
    "verdict.json",
    "events.jsonl",
    "stage.json",
    "plan.json",
)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class RunFolder:
    """One run's folder. A stage is done when its `stage.json` names the same plan and its files are what it says."""

    path: Path

    @staticmethod
    def open(path: Path, *, fresh: bool = False) -> RunFolder:
        """The folder, made if it is not there. `fresh` removes what an earlier run left, and nothing else.

        Raises RunError "run-changed" when the folder holds other things than a run: they are nobody's to overwrite.
        """
        make_folder(path)
        ours = {*STAGES, RECIPE, MANIFEST, VERDICT, EVENTS, REPORT}
        for place in (path, *(path / stage for stage in STAGES if (path / stage).is_dir())):
            remove_leftovers(place)
        found = (entry.name for entry in path.iterdir() if entry.name not in ours and not entry.name.startswith("."))
        strange = sorted(name for name in found if not is_temporary(name))
        is_run = (path / EVENTS).is_file() and (path / RECIPE).is_file()
        if strange and not is_run:
            raise RunError(
                "run-changed",
                f"The folder holds '{strange[0]}' and no run.",
                where=str(path),
                help="Choose a folder of its own for the run with --out.",
            )
        if fresh:
            _clear(path)
        return RunFolder(path)

    def stage(self, name: str) -> Path:
        """The folder of one stage."""
        make_folder(self.path / name)
        return self.path / name

    def claim(self, plan: str) -> None:
        """Note what the run rests on, before anything is made. Raises RunError "run-changed" when a trial of another plan
        stands here: its verdict and new records must not be mixed."""
        note = self.stage(SOURCE) / PLAN
        known = _json(note) if note.is_file() else {"plan": plan}
        if known != {"plan": plan} and (self.path / PROVE).is_dir():
            raise RunError(
                "run-changed",
                "The folder holds the trial of another recipe, of other data, or of another version.",
                where=str(self.path),
                help="Start over with --fresh, or choose another folder with --out.",
            )
        write_json(note, {"plan": plan})

    def is_done(self, stage: str, plan: str) -> bool:
        """True when the stage was finished under this plan. Raises RunError "run-damaged" when a file of it changed since."""
        if not (self.path / stage / STAGE).is_file():
            return False
        note = _json(self.path / stage / STAGE)
        if not isinstance(note, dict) or note.get("plan") != plan:
            return False
        for name, digest in cast(dict[str, str], note.get("files", {})).items():
            file = self.path / stage / name
            if not file.is_file():
                return False
            if file_hash(file) != digest:
                raise _damaged(file, "is not what the run wrote")
        return True

    def note_done(self, stage: str, plan: str, *files: str) -> None:
        """Note that a stage is finished, with the hash of every file that later stages rely on."""
        folder = self.stage(stage)
        write_json(folder / STAGE, {"plan": plan, "files": {name: file_hash(folder / name) for name in files}})

    def once(self, stage: str, plan: str, work: Callable[[Path], tuple[str, ...]], skipped: Callable[[str], None]) -> None:
        """Do the stage's work unless it is done; `work` is given the stage's folder and gives the files that it made."""
        if self.is_done(stage, plan):
            skipped(stage)
            return
        self.note_done(stage, plan, *work(self.stage(stage)))

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        write_json(self.path / name, finite(content))

    def write_text(self, name: str, text: str) -> None:
        write_atomically(self.path / name, text.encode())

    def write_judgement(self, judgement: Judgement) -> tuple[str, ...]:
        """Keep the judgement with the stage that made it; numbers that are not finite are spelled, so that they come back."""
        self.stage(PROVE)
        write_json(self.path / PROVE / VERDICT, finite(judgement.as_json(), spelled=True))
        return (VERDICT,)

    def judgement(self) -> Judgement:
        """The judgement that the trial wrote. Raises RunError "run-damaged"."""
        file = self.path / PROVE / VERDICT
        try:
            values = json.loads(read_bytes(file))
            values.pop("schema", None)
            return TypeAdapter(Judgement).validate_python(values)
        except (ValueError, ValidationError) as cause:
            raise _damaged(file, "is not a judgement") from cause


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def finite(value: Any, *, spelled: bool = False) -> Any:
    """The same values as JSON can hold them: a number that is not finite becomes null, or a word when `spelled`."""
    if isinstance(value, float):
        return value if isfinite(value) else str(value) if spelled else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner, spelled=spelled) for key, inner in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [finite(inner, spelled=spelled) for inner in cast(list[Any], value)]
    return value


def _clear(path: Path) -> None:
    # The verdict goes first: killed in between, the folder must not show a verdict on what is no longer there.
    try:
        for name in (VERDICT, MANIFEST, REPORT):
            (path / name).unlink(missing_ok=True)
        for stage in reversed(STAGES):
            if (path / stage).is_dir():
                shutil.rmtree(path / stage)
        for name in (RECIPE, EVENTS):
            (path / name).unlink(missing_ok=True)
    except OSError as cause:
        raise refused("clear the folder", path, cause) from cause


def _json(file: Path) -> Any:
    try:
        return json.loads(read_bytes(file))
    except ValueError as cause:
        raise _damaged(file, "is not JSON") from cause


def _damaged(file: Path, what: str) -> RunError:
    return RunError("run-damaged", f"{file.name} {what}.", where=str(file), help="Start over with --fresh.")
