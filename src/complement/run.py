"""The story of a run, from top to bottom: read, split, generate, prove, decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from complement import catalog, make
from complement.calls import strict
from complement.core.errors import GateError
from complement.core.verdict import GATE_WORDS, Judgement, Leak
from complement.deliver import versions
from complement.edge import edge
from complement.engine.events import Events
from complement.engine.files import write_json
from complement.engine.shards import Engine, lasting
from complement.outcome import OPENINGS, gaps_of, privacy_of, release, report
from complement.prepare import Inputs, learners_of, plan_of, privacy_gate
from complement.prove.pool import Refit
from complement.prove.trial import Means, Site, judge
from complement.ready import Ready, Tell, prepared
from complement.recipe import Recipe
from complement.runfolder import EVENTS, MANIFEST, PROVE, VERDICT, RunFolder, finite
from complement.source.sketch import sketch
from complement.stages import Stages


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run: its judgement, its folder, and its release; None: nothing was released, and `why_not` says why."""

    judgement: Judgement
    recipe: Recipe
    folder: Path
    released: Path | None = None
    why_not: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def notes(self) -> tuple[str, ...]:
        """What everybody should know who gets the records, and why nobody gets them."""
        kind = make.unprotected(self.recipe.generate.generator) if self.recipe.synthetic is None else ""
        passed, why = privacy_of(self.folder)
        gate = f"privacy gate {GATE_WORDS[passed]}. {why}"
        none = f"Nothing is released. {self.why_not}" if self.why_not else ""
        return tuple(note for note in (*gaps_of(self.folder), kind, gate, none) if note)

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
    if gates.privacy:
        passed, why = privacy_of(run.folder)
        if passed is not True:
            met = "The privacy gate did not pass." if passed is False else "The privacy gate could not be shown to pass."
            more = (
                "" if passed is False else " More records that are kept back (measure.holdout), or wider conditions, may show it."
            )
            return GateError("gate", met, where="gates.privacy", help=why + more)
    return None


def story(recipe: Recipe, inputs: Inputs, folder: RunFolder, engine: Engine, tell: Tell) -> Run:
    """Every stage in its turn; one whose inputs and whose part of the recipe did not change is not done again."""
    with Events(folder.path / EVENTS) as events, lasting(engine):

        def both(event: str, facts: dict[str, object]) -> None:
            events.add(event, **facts)
            tell(event, facts)

        ready = prepared(recipe, inputs, both)
        pa.default_memory_pool().release_unused()  # what reading took beside the records: of ten million a gigabyte
        site = Stages(ready, folder, engine, both)
        folder.claim(ready.plan)
        site.source()
        requests = site.gap()
        made = site.generate(requests)
        site.measure(made, requests)
        judgement = _prove(ready, engine, folder, both)
        manifest = _manifest(ready)
        folder.write_json(MANIFEST, manifest)
        folder.write_json(VERDICT, judgement.as_json())
        done = Run(judgement, recipe, folder.path, manifest=manifest)
        outcome = release(ready, folder, judgement, made, check_gates(done), both)
        report(folder)
        both("done", {"states": [verdict.state for verdict in judgement.verdicts]})
        return replace(done, released=outcome.folder, why_not=outcome.why)


def _prove(ready: Ready, engine: Engine, folder: RunFolder, tell: Tell) -> Judgement:
    def work(place: Path) -> tuple[str, ...]:
        return folder.write_judgement(judged(ready, engine, place, tell))

    folder.once(PROVE, ready.plan, work, lambda stage: tell("skipped", {"stage": stage}))
    return folder.judgement()


def judged(ready: Ready, engine: Engine, folder: Path | None, tell: Tell) -> Judgement:
    """The trial. The sealed records are opened here, and nowhere else."""
    recipe = ready.recipe
    plan, privacy = plan_of(recipe), privacy_gate if recipe.question == "substitute" else None
    means = Means(learners_of(recipe, ready.source), catalog.metric, privacy)
    # Opened before anything is computed of them, and after all that could be said without them.
    sealed = sketch(ready.source.real.take(np.flatnonzero(ready.partition.fold >= 0)))
    opening = ready.ledger.open(ready.partition.sealed_hash, plan=ready.look, question=recipe.question, sketch=sealed)
    if folder is not None:
        write_json(folder / OPENINGS, {"count": opening.count})
    others = "Another plan" if opening.count == 2 else f"{opening.count - 1} other plans"
    reused = f"{others} opened these sealed records before: what was learnt then may have steered this one."
    leaks = (Leak("reused-hold-out", "finding", reused),) if opening.reused else ()
    return judge(ready.case(leaks), means, plan=plan, site=Site(engine, folder, tell))


def _manifest(ready: Ready) -> dict[str, Any]:
    one_sealed_set = ready.partition.folds == 1
    made = "nothing: a delivered file was judged"
    if isinstance(ready.pool, Refit):
        made = "the generator fitted on the records outside the sealed set"
        made = made if one_sealed_set else "the generator refitted on all real records"
        made += f", but for {len(ready.tune):,} that are kept back for the attacks on privacy" if len(ready.tune) else ""
        made += "" if one_sealed_set else ": the folds judged it, none of them released"
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
