"""The story of a run, from top to bottom: read, split, generate, prove, decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from complement import catalog, make
from complement.calls import strict
from complement.core.errors import GateError
from complement.core.seed import seed_at
from complement.core.verdict import Judgement, Leak
from complement.deliver import RELEASED, versions, write_records
from complement.edge import edge
from complement.engine.events import Events
from complement.engine.shards import Engine
from complement.prepare import Inputs, learners_of, plan_of, privacy_gate
from complement.prove.pool import Fixed, Refit
from complement.prove.trial import Case, Means, Site, judge
from complement.ready import Ready, Tell, prepared
from complement.recipe import Recipe
from complement.recipe.write import recipe_text
from complement.runfolder import EVENTS, GENERATE, MANIFEST, PROVE, RECIPE, SOURCE, VERDICT, RunFolder, finite
from complement.source.sketch import sketch


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run: its judgement, its folder, and the records it made (None for a delivered file)."""

    judgement: Judgement
    recipe: Recipe
    folder: Path
    released: Path | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def notes(self) -> tuple[str, ...]:
        """What everybody should know who gets the records."""
        return make.notes_on(self.recipe.generate.generator) if self.released else ()

    def as_json(self) -> dict[str, Any]:
        """What `complement run --json` prints: the judgement's keys, where run and records stand, and notes on the records."""
        released = str(self.released) if self.released else None
        return {**finite(self.judgement.as_json()), "run": str(self.folder), "released": released, "notes": list(self.notes)}

    def __repr__(self) -> str:
        states = ", ".join(f"{verdict.learner}: {verdict.state}" for verdict in self.judgement.verdicts)
        return f"Run({states}, folder={str(self.folder)!r})"


@strict
def run(
    recipe: Recipe | str | Path,
    *,
    out: str | Path | None = None,
    fresh: bool = False,
    engine: Engine = Engine(),
    tell: Tell = lambda event, facts: None,
) -> Run:
    """Run a recipe in a folder of its own (`runs/NAME` beside it). What is finished there is not computed again.

    `fresh` starts over. Raises what the stages raise; RunError "run-changed" when the folder belongs to another
    recipe or other data. Gates are not raised: see `check_gates`.
    """
    with edge():
        recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
        place = Path(out) if out is not None else recipe.folder / "runs" / (recipe.file.stem if recipe.file else "recipe")
        return story(recipe, Inputs(), RunFolder.open(place, fresh=fresh), engine, tell)


def check_gates(run: Run) -> GateError | None:
    """The first gate of the recipe that did not hold, as an error to raise or to print; None: all held."""
    gates, judgement = run.recipe.gates, run.judgement
    for verdict in judgement.verdicts:
        if gates.verdict and verdict.state not in gates.verdict:
            allowed = ", ".join(gates.verdict)
            met = f"The verdict for {verdict.learner} is {verdict.state}; the recipe allows {allowed}."
            return GateError("gate", met, where="gates.verdict", help=verdict.headline)
    if gates.verified and not judgement.verified:
        met = "The judged records are not known to be unseen."
        return GateError("gate", met, where="gates.verified", help="Give real records that the maker never had under `sealed`.")
    leaks = (*judgement.leaks, *(leak for verdict in judgement.verdicts for leak in verdict.leaks))
    if gates.leaks and leaks:
        return GateError("gate", f"A leak was found: {leaks[0].code}.", where="gates.leaks", help=leaks[0].note)
    return None


def story(recipe: Recipe, inputs: Inputs, folder: RunFolder, engine: Engine, tell: Tell) -> Run:
    with Events(folder.path / EVENTS) as events:

        def both(event: str, facts: dict[str, object]) -> None:
            events.add(event, **facts)
            tell(event, facts)

        ready = prepared(recipe, inputs, both)
        folder.claim(ready.plan)
        _note_source(ready, folder)
        released = _generate(ready, folder, both)
        judgement = _prove(ready, engine, folder, both)
        manifest = _manifest(ready)
        folder.write_json(MANIFEST, manifest)
        folder.write_json(VERDICT, judgement.as_json())
        both("done", {"states": [verdict.state for verdict in judgement.verdicts]})
        return Run(judgement, recipe, folder.path, released, manifest)


def _note_source(ready: Ready, folder: RunFolder) -> None:
    folder.write_text(RECIPE, ready.recipe.text or recipe_text(ready.recipe))
    real, partition = ready.source.real, ready.partition
    facts = {
        "rows": real.rows,
        "columns": [{"name": c.name, "kind": c.kind, "role": c.role} for c in real.schema.columns],
        "units": int(partition.unit.max()) + 1,
        "folds": partition.folds,
        "split": partition.kind,
        "sealed_rows": int((partition.fold >= 0).sum()),
        "target": ready.source.purpose.target,
        "task": ready.source.purpose.task,
        "classes": ready.source.purpose.classes,
        "notes": [*ready.source.notes, *partition.cautions, *partition.notes],
    }
    folder.stage(SOURCE)
    folder.write_json(f"{SOURCE}/source.json", facts)


def _generate(ready: Ready, folder: RunFolder, tell: Tell) -> Path | None:
    """The records that are handed over, made by the judged generator fitted on all that it may learn from."""
    pool = ready.pool
    if isinstance(pool, Fixed):
        return None

    def work(place: Path) -> tuple[str, ...]:
        tell("stage", {"stage": GENERATE})
        train = ready.source.real.take(ready.learnt)
        return write_records(pool.make(train, total=train.rows, seed=seed_at(ready.recipe.seed, "release")), place)

    plan = ready.plan_of("schema", "rules", "purpose", "split", "generate", "seed")
    folder.once(GENERATE, plan, work, lambda stage: tell("skipped", {"stage": stage}))
    return folder.path / GENERATE / RELEASED


def _prove(ready: Ready, engine: Engine, folder: RunFolder, tell: Tell) -> Judgement:
    def work(place: Path) -> tuple[str, ...]:
        return folder.write_judgement(judged(ready, engine, place, tell))

    folder.once(PROVE, ready.plan, work, lambda stage: tell("skipped", {"stage": stage}))
    return folder.judgement()


def judged(ready: Ready, engine: Engine, folder: Path | None, tell: Tell) -> Judgement:
    recipe = ready.recipe
    plan, privacy = plan_of(recipe), privacy_gate if recipe.question == "substitute" else None
    means = Means(learners_of(recipe, ready.source), catalog.metric, privacy)
    # The sealed records are opened here, before anything is computed of them, and after all that could be said without them.
    judged = sketch(ready.source.real.take(np.flatnonzero(ready.partition.fold >= 0)))
    opening = ready.ledger.open(ready.partition.sealed_hash, plan=ready.look, question=recipe.question, sketch=judged)
    others = "Another plan" if opening.count == 2 else f"{opening.count - 1} other plans"
    reused = f"{others} opened these sealed records before: what was learnt then may have steered this one."
    leaks = (Leak("reused-hold-out", "finding", reused),) if opening.reused else ()
    verified = isinstance(ready.pool, Refit) or recipe.sealed is not None
    case = Case(ready.source.real, ready.partition, ready.source.purpose, ready.pool, leaks, verified)
    return judge(case, means, plan=plan, site=Site(engine, folder, tell))


def _manifest(ready: Ready) -> dict[str, Any]:
    one_sealed_set = ready.partition.folds == 1
    made = "nothing: a delivered file was judged"
    if isinstance(ready.pool, Refit):
        made = "the generator fitted on the records outside the sealed set"
        made = (
            made if one_sealed_set else "the generator refitted on all real records: the folds judged it, none of them released"
        )
    return {
        "schema": 1,
        "question": ready.recipe.question,
        "plan": ready.plan,
        "versions": versions(),
        "seed": ready.recipe.seed,
        "salt": sha256(ready.ledger.salt().encode()).hexdigest()[:16],
        "inputs": dict(ready.hashes),
        "sealed": ready.partition.sealed_hash,
        "sealing": "one sealed set" if one_sealed_set else f"{ready.partition.folds} folds by {ready.partition.kind}",
        "released": made,
        "recipe": ready.recipe.as_plain(),
    }
