"""The stages of a run before the trial: the source, the gaps, what is made and kept, and what is measured of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from complement.assess import measure
from complement.born import Born, Order, Workshop, born, fitted
from complement.closing import TOO_FEW, Closing
from complement.core.condition import Condition
from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.request import Request
from complement.core.seed import rng_at
from complement.curate.tag import prepared, taught
from complement.curation import steps_of
from complement.deliver import discreet_sample
from complement.engine.files import read_bytes, write_atomically, write_json
from complement.engine.folder import table_bytes, table_of
from complement.engine.shards import Engine
from complement.measure.marginals import details
from complement.prove.pool import Ask, Fixed, Refit
from complement.ready import MADE, Ready, Tell
from complement.recipe.write import recipe_text
from complement.repeat import collapse
from complement.runfolder import CURATE, GAP, GENERATE, MEASURE, RECIPE, SOURCE, RunFolder, finite

MOST_MEASURED = 50_000  # made records that are measured, and real ones beside them: the attacks' own bound is lower
LEAST_LIKE = 30  # real records under a condition: with fewer nothing can be compared
SAMPLES = 12  # made records that the report shows
GAPS, FUNNEL, KEPT, SHOWN, SCORES, DETAILS, AHEAD = (
    "gaps.json",
    "funnel.json",
    "kept.arrow",
    "samples.json",
    "scores.json",
    "details.json",
    "collapse.json",
)


@dataclass(frozen=True)
class Stages:
    """One run's stages, each done once: what is finished in the folder is read back."""

    ready: Ready
    folder: RunFolder
    engine: Engine
    tell: Tell

    def source(self) -> None:
        """1: what was read and how it was split."""
        ready = self.ready
        self.folder.write_text(RECIPE, ready.recipe.text or recipe_text(ready.recipe))
        real, partition, purpose = ready.source.real, ready.partition, ready.source.purpose
        facts = {
            "rows": real.rows,
            "columns": [{"name": c.name, "kind": c.kind, "role": c.role} for c in real.schema.columns],
            "units": int(partition.unit.max()) + 1,
            "folds": partition.folds,
            "split": partition.kind,
            "sealed_rows": int((partition.fold >= 0).sum()),
            "train_rows": len(ready.train),
            "tune_rows": len(ready.tune),
            "target": purpose.target,
            "task": purpose.task,
            "classes": purpose.classes,
            "notes": [*ready.source.notes, *partition.cautions, *partition.notes],
        }
        self.folder.stage(SOURCE)
        self.folder.write_json(f"{SOURCE}/source.json", facts)

    def gap(self) -> tuple[Request, ...]:
        """2: what the released generator is asked for: the recipe's requests, and those for the gaps that were found."""
        pool, rows = self.ready.pool, len(self.ready.learnable)
        if isinstance(pool, Fixed):
            return ()
        asked = tuple(ask.of(rows, rows) for ask in pool.asks)
        if not isinstance(pool.finder, Closing):
            return asked
        finder = pool.finder

        def work(place: Path) -> tuple[str, ...]:
            self.tell("stage", {"stage": GAP})
            learnt = self.ready.source.real.take(self.ready.learnable)
            gaps, closed = finder.found(learnt)
            said = finder.told(learnt, (*asked, *closed.kept))
            kept = [told_of(one) for one in closed.kept]
            facts = {**gaps.as_json(), "requests": kept, "rounds": list(closed.history), "said": list(said)}
            write_json(place / GAPS, finite(facts))
            return (GAPS,)

        self._once(GAP, ("schema", "rules", "purpose", "split", "gap", "generate", "seed"), work)
        told = json.loads(read_bytes(self.folder.path / GAP / GAPS))
        found = tuple(request_of(one) for one in told["requests"])
        return (*asked, *found) or (Ask().of(rows, rows),)

    def generate(self, requests: tuple[Request, ...]) -> Born | None:
        """3 and 4: the records that are handed over, by the judged generator fitted on train alone, and curated."""
        pool = self.ready.pool
        if isinstance(pool, Fixed):
            return None
        root, schema = self.folder.path, self.ready.source.real.schema

        def work(place: Path) -> tuple[str, ...]:
            made, funnel = self._made(pool, requests, place)
            write_atomically(place / KEPT, table_bytes(made.as_table(root)))
            write_json(place / FUNNEL, finite(funnel))
            write_json(place / SHOWN, finite(discreet_sample(made.sample(20 * SAMPLES, seed=0), self.ready.source.real, SAMPLES)))
            return (FUNNEL, KEPT, SHOWN)

        self._once(CURATE, MADE, work)
        return Born.of_table(table_of(read_bytes(root / CURATE / KEPT)), root, schema)

    def measure(self, made: Born | None, requests: tuple[Request, ...]) -> None:
        """5: scores of the records that are handed over, attacked with real records that their generator never saw.

        Records that were all asked for under conditions are compared with the real ones that meet one of them.
        """

        def work(place: Path) -> tuple[str, ...]:
            self.tell("stage", {"stage": MEASURE})
            records = self._of_pool(made)
            like = self._like(requests)
            context = self._context(like, sampled=True)
            pool, learnt = self.ready.pool, None
            maker = pool.generator if isinstance(pool, Refit) and self.ready.recipe.measure.shadow else None
            if maker is not None:
                learnt = self.ready.source.real.take(self.ready.train)
            found = measure(records, context, generator=maker, learnt=learnt, seed=self.ready.recipe.seed)
            if like:
                shown = " or ".join(str(where) for where in like)
                found = replace(
                    found, notes=(*found.notes, f"Compared with real records under the requests' conditions: {shown}.")
                )
            write_json(place / SCORES, finite(found.as_json()))
            write_json(place / DETAILS, finite(details(records, context, seed=self.ready.recipe.seed)))
            return (SCORES, DETAILS, *self._ahead(place))

        self._once(MEASURE, MADE, work)

    def _made(self, pool: Refit, requests: tuple[Request, ...], place: Path) -> tuple[Born, dict[str, Any]]:
        context = self._context()
        self.tell("stage", {"stage": GENERATE})
        seed, note = self.ready.recipe.seed, self.ready.recipe.curate
        maker = fitted(pool.generator, context.train, seed=seed)
        wheres = dict.fromkeys(one.where.text if one.where is not None else None for one in requests)
        steps = {where: prepared(steps_of(note.steps, seed=seed, where=where), context) for where in wheres}
        context = taught(context, [step for some in steps.values() for step in some.values()])
        order = Order(maker, requests, lambda where: steps[where.text if where is not None else None], context, note.refill, seed)
        shop = Workshop(self.folder.stage(GENERATE), place, self.ready.plan_of(*MADE), self.engine, self.tell)
        return born(order, shop)

    def _context(self, like: Sequence[Condition] = (), *, sampled: bool = False) -> Context:
        """What steps and evaluators may see: train, tune or None, never sealed; of both only what meets one of the conditions
        `like`, if there are any. `sampled`: at most so many as are measured."""
        ready = self.ready
        train, tune = ready.train, ready.tune
        if like:
            meets = np.logical_or.reduce([where.mask(ready.source.real.records) for where in like])
            train, tune = train[meets[train]], tune[meets[tune]]
        if sampled:
            train, tune = (_thinned(rows, ready.recipe.seed) for rows in (train, tune))
        real = ready.source.real
        kept_back = real.take(tune) if len(tune) else None
        return Context(real.take(train), kept_back, real.schema, ready.source.purpose)

    def _like(self, requests: tuple[Request, ...]) -> list[Condition]:
        """The conditions of the requests where every one has one, and enough real records to compare with meet them."""
        wheres = [one.where for one in requests if one.where is not None]
        if not wheres or len(wheres) < len(requests):
            return []
        train = self.ready.source.real.take(self.ready.train).records
        meets = np.logical_or.reduce([where.mask(train) for where in wheres])
        return wheres if int(meets.sum()) >= LEAST_LIKE else []

    def _of_pool(self, made: Born | None) -> Dataset:
        pool = self.ready.pool
        if made is not None:
            return made.sample(MOST_MEASURED, seed=self.ready.recipe.seed)
        records = pool.records if isinstance(pool, Fixed) else self.ready.source.real
        return records.take(_thinned(np.arange(records.rows), self.ready.recipe.seed))

    def _ahead(self, place: Path) -> tuple[str, ...]:
        """Generations ahead, where the recipe asks for them."""
        recipe, pool = self.ready.recipe, self.ready.pool
        if not recipe.measure.collapse or isinstance(pool, Fixed):
            return ()
        self.tell("stage", {"stage": "collapse"})
        train = self.ready.source.real.take(self.ready.learnable)
        try:
            found = collapse(
                train,
                generations=recipe.measure.collapse,
                generator=pool.generator,
                target=self.ready.source.purpose.target,
                seed=recipe.seed,
                engine=self.engine,
            ).as_json()
        except ProveError as error:
            if error.code != TOO_FEW:
                raise
            found = {"schema": 1, "policies": [], "why_not": error.met}  # no reason to judge nothing either
            self.tell("note", {"note": f"Collapse is not measured. {error.met}"})
        write_json(place / AHEAD, finite(found))
        return (AHEAD,)

    def _once(self, stage: str, parts: tuple[str, ...], work: Any) -> None:
        self.folder.once(stage, self.ready.plan_of(*parts), work, lambda name: self.tell("skipped", {"stage": name}))


def told_of(request: Request) -> dict[str, Any]:
    """A request as gaps.json has it."""
    where = request.where.text if request.where is not None else None
    return {"name": request.name, "where": where, "rows": request.rows, "reason": request.reason}


def request_of(told: dict[str, Any]) -> Request:
    """The request that gaps.json tells."""
    where = Condition.parse(told["where"]) if told["where"] else None
    return Request(rows=told["rows"], where=where, name=told["name"], reason=told["reason"])


def _thinned(rows: np.ndarray, seed: int) -> np.ndarray:
    return rows if len(rows) <= MOST_MEASURED else np.sort(rng_at(seed, "measured").permutation(rows)[:MOST_MEASURED])
