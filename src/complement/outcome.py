"""The outcome of a run: the release that can be checked, and the report that can be read."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from complement.born import Born
from complement.core.errors import GateError, SchemaError
from complement.core.verdict import Judgement
from complement.engine.files import read_bytes, write_atomically
from complement.prove.pool import Refit
from complement.ready import Ready, Tell
from complement.release import UNKNOWN, Facts, bundle
from complement.report import facts_of, for_release, page
from complement.runfolder import CURATE, GAP, MEASURE, PROVE, RELEASE, REPORT, RunFolder, finite
from complement.stages import FUNNEL, GAPS, SCORES

OPENINGS = "openings.json"
NAME = "release"  # where neither recipe nor file gives a name
RELEASED = "released.json"  # under 6-prove: what the release rests on, or why there is none
DELIVERED = "A delivered file was judged, which is its maker's to release."


@dataclass(frozen=True)
class Outcome:
    """Where the release stands; None: nothing was released, and `why` says so in a sentence."""

    folder: Path | None
    why: str = ""


def privacy_of(folder: Path) -> tuple[bool | None, str]:
    """What the privacy gate said of the records of a run, and why."""
    told = _json(folder / MEASURE / SCORES)["gate"]
    return told["passed"], told["why"]


def gaps_of(folder: Path) -> tuple[str, ...]:
    """How many gaps a run found and what was asked for them; nothing where none was looked for."""
    if not (folder / GAP / GAPS).is_file():
        return ()
    told = _json(folder / GAP / GAPS)
    asked = ", ".join(f"{one['rows']:,} under {one['where']}" for one in told["requests"])
    count = len(told["gaps"])
    return (f"gaps: {count or 'none'} found; {f'asked for {asked}' if asked else 'nothing was asked for them'} (see the report)",)


def report(folder: RunFolder) -> Path:
    """Write the report of all that the run's folder holds."""
    file = folder.path / REPORT
    write_atomically(file, page(facts_of(folder.path)).encode())
    return file


def release(
    ready: Ready, folder: RunFolder, judgement: Judgement, made: Born | None, gate: GateError | None, tell: Tell
) -> Outcome:
    """Bundle the kept records with their evidence.

    Nothing is released of a delivered file, where a gate does not hold, and where the records fit in no release, such as
    those of several tables: a release that stood there before is then removed, and run and report say why.
    """
    for unfinished in folder.path.glob(f".{RELEASE}.making-*"):  # by a run that was killed
        shutil.rmtree(unfinished, ignore_errors=True)
    why = DELIVERED if made is None else f"A gate does not hold. {gate.met}" if gate is not None else ""
    if made is None or why:
        return _unreleased(folder, why, tell)
    place, marked = folder.path / RELEASE, folder.path / PROVE / RELEASED
    plan = ready.plan_of(*ready.recipe.as_plain())
    if marked.is_file() and place.is_dir() and _json(marked) == {"plan": plan}:
        tell("skipped", {"stage": RELEASE})
        return Outcome(place)
    tell("stage", {"stage": RELEASE})
    try:
        bundle(made.shards(), place, _facts(ready, folder.path, judgement), replace=True)
    except SchemaError as error:
        if error.code != "release-records":
            raise
        return _unreleased(folder, " ".join(said for said in (error.met, error.help) if said), tell)
    write_atomically(marked, json.dumps({"plan": plan}).encode())
    return Outcome(place)


def _unreleased(folder: RunFolder, why: str, tell: Tell) -> Outcome:
    place = folder.path / RELEASE
    if place.is_dir():
        shutil.rmtree(place)
    write_atomically(folder.path / PROVE / RELEASED, json.dumps({"why": why}).encode())
    tell("note", {"note": f"Nothing is released. {why}"})
    return Outcome(None, why)


def _facts(ready: Ready, folder: Path, judgement: Judgement) -> Facts:
    recipe, scores, funnel = ready.recipe, _json(folder / MEASURE / SCORES), _json(folder / CURATE / FUNNEL)
    real, purpose, note = ready.source.real, ready.source.purpose, recipe.release
    gaps = _json(folder / GAP / GAPS)["requests"] if (folder / GAP / GAPS).is_file() else []
    asked = {ask.name for ask in ready.pool.asks} if isinstance(ready.pool, Refit) else set[str]()
    written = [one.model_dump(mode="json") for one in recipe.generate.requests if one.name in asked or not (asked or gaps)]
    generator = recipe.generate.generator
    source = {
        "rows": real.rows,
        "learnt": len(ready.train),
        "kept_back": len(ready.tune) or None,
        "columns": len(real.schema.columns),
        "target": purpose.target,
        "task": purpose.task,
        "unit": recipe.split.unit,
        "split": ready.partition.kind,
    }
    return Facts(
        name=_name(ready),
        description=note.description,
        purpose=f"training models that predict {purpose.target} ({purpose.task})",
        licence=note.license or UNKNOWN,
        verdict=finite(judgement.as_json()),
        privacy={key: scores[key] for key in ("schema", "privacy", "gate", "rows", "notes") if key in scores},
        fidelity=scores.get("fidelity", ()),
        diversity=scores.get("diversity", ()),
        funnel=funnel,
        source=source,
        generator={"name": generator.name, "settings": generator.settings},
        requests=[*written, *gaps],
        seeds={"recipe": recipe.seed},
        versions=_versions(folder),
        plan=ready.plan,
        recipe=recipe.as_plain(),
        openings=_json(folder / PROVE / OPENINGS)["count"],
        report_html=page(for_release(facts_of(folder), name=_name(ready))),
        notes=[*ready.source.notes, *ready.partition.cautions, *ready.partition.notes, *ready.sampling],
        private=(str(recipe.folder), recipe.real, str(folder)),
    )


def _name(ready: Ready) -> str:
    recipe = ready.recipe
    wanted = recipe.release.name or (recipe.file.stem if recipe.file else NAME)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-._")[:96] or NAME


def _versions(folder: Path) -> dict[str, str]:
    return _json(folder / "manifest.json")["versions"]


def _json(file: Path) -> Any:
    return json.loads(read_bytes(file))
