"""The story of a run, from top to bottom: read, split, generate, prove, decide."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Unpack, overload

import numpy as np

from complement import catalog, make
from complement.assess import Audit, assess
from complement.calls import ProveOptions, called, strict
from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, GateError, RunError, UsageError
from complement.core.partition import Partition
from complement.core.seed import seed_at
from complement.core.verdict import Judgement, Leak
from complement.deliver import RELEASED, refuse_overwrite, versions, with_origin, write_records
from complement.engine.events import Events
from complement.engine.plan import plan_hash
from complement.engine.shards import Engine
from complement.fill import ImputeOptions, fill, fill_to
from complement.make import GenerateOptions
from complement.prepare import (
    Inputs,
    Source,
    content_hash,
    learners_of,
    partition_of,
    plan_of,
    pool_of,
    privacy_gate,
    read_source,
)
from complement.prove.pool import Fixed, Pool, Refit
from complement.prove.trial import Case, Means, Site, judge
from complement.recipe import Proving, Recipe
from complement.recipe.write import recipe_text
from complement.runfolder import EVENTS, GENERATE, MANIFEST, PROVE, RECIPE, SOURCE, VERDICT, RunFolder, finite
from complement.source.ledger import Ledger
from complement.source.sketch import sketch
from complement.source.write import write_table

PLAN = ("schema", "rules", "purpose", "split", "generate", "prove", "seed")  # the parts of a recipe that a verdict follows
Tell = Callable[[str, dict[str, object]], None]


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


@dataclass(frozen=True, repr=False)
class _Ready:
    """All that is fixed before anything is computed."""

    recipe: Recipe
    source: Source
    partition: Partition
    pool: Pool
    hashes: Mapping[str, str]
    ledger: Ledger
    contents: tuple[str, ...]

    @property
    def plan(self) -> str:
        """The name of everything that the verdict depends on: a table is known by its content, wherever it stands."""
        return self.plan_of(*PLAN)

    @property
    def look(self) -> str:
        """The name of the plan in the ledger: what is measured beside the verdict, worth and money, is no other look at it."""
        beside = Proving().model_dump(mode="json", include={"curve", "prices"})
        parts = self.recipe.part(*PLAN)
        return plan_hash({**parts, "prove": {**parts["prove"], **beside}}, self.contents, self.partition.sealed_hash)

    def plan_of(self, *parts: str) -> str:
        """The name of what these parts of the recipe make of these records."""
        return plan_hash(self.recipe.part(*parts), self.contents, self.partition.sealed_hash)

    @property
    def learnt(self) -> np.ndarray:
        """Positions of the records that the released generator is fitted on: all but a sealed set, all when cross-fitted."""
        one_sealed_set = self.partition.folds == 1
        return self.partition.train(0) if one_sealed_set else np.arange(self.partition.rows)


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
    with _edge():
        recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
        place = Path(out) if out is not None else recipe.folder / "runs" / (recipe.file.stem if recipe.file else "recipe")
        return _story(recipe, Inputs(), RunFolder.open(place, fresh=fresh), engine, tell)


@strict
def prove(
    real: object,
    synthetic: object = None,
    *,
    target: str,
    sealed: object = None,
    engine: Engine = Engine(),
    tell: Tell = lambda event, facts: None,
    **options: Unpack[ProveOptions],
) -> Judgement:
    """Judge synthetic records, or what a generator makes, on sealed real records.

    `real`, `synthetic`, `sealed`: paths, or anything that speaks Arrow (pandas, polars, DuckDB, a Dataset). Without
    `synthetic` the generator (`generator`, default "trees") is judged: it is refitted in every fold. Without `sealed` a
    delivered file is judged "unverified". Options: see `complement.calls.ProveOptions`.
    """
    with _edge():
        recipe, inputs = called(real, synthetic, target=target, sealed=sealed, options=options)
        if "out" in options:
            return _story(recipe, inputs, RunFolder.open(Path(options["out"])), engine, tell).judgement
        return _judge(_prepare(recipe, inputs, tell), engine, None, tell)


@strict
def audit(
    real: object, synthetic: object, *, holdout: object = None, target: str | None = None, unit: str | None = None, seed: int = 0
) -> Audit:
    """Measure a synthetic file against the real records it was made from: see `complement.assess.assess`."""
    with _edge():
        return assess(real, synthetic, holdout=holdout, target=target, unit=unit, seed=seed)


@strict
def generate(real: object, *, rows: int, **options: Unpack[GenerateOptions]) -> Dataset:
    """Exactly `rows` synthetic records like the real ones, all of them under `where` and by the `rules`.

    `generator`: a name ("forest" by default), or {name: settings} such as {"forest": {"preset": "sharp"}}; `preset="sharp"` is
    short for that one. `real` is data, or a recipe whose schema, rules, target, generator and seed then hold. A rule is text
    such as "end > start" (docs/recipe.md). `ignore`: columns that are not learnt, such as text, and come out empty; `unit`: the
    column that says whose record it is. Only forest under its preset "private" does anything for privacy.
    Raises GenerateError "generate-short" when fewer can be made, RuleError "rule-broken-by-real" when more than 1 % of the
    real records break a rule: nothing is left out in silence.
    """
    with _edge():
        return make.answer(real, rows=rows, **options).records


def generate_to(
    real: str,
    out: Path,
    *,
    form: str | None,
    options: Mapping[str, Any],
    replace: bool = False,
    tell: Tell = lambda event, facts: None,
) -> dict[str, Any]:
    """`generate` into a file whose ending, or `form`, says its format; what was written.

    Raises UsageError before anything is computed when `out` is read, or is there and not to be replaced.
    """
    if form and not out.suffix:
        out = out.with_name(f"{out.name}.{form}")
    elif form and out.suffix.lower() != f".{form}":
        raise UsageError("usage", f"--out ends in '{out.suffix}' and --format is {form}.", help="Say it once.")
    with _edge():
        refuse_overwrite([out], reads=make.inputs_of(real), replace=replace)
        answer = make.answer(real, tell=tell, **options)
        write_table(with_origin(answer.records), out)
    lineage = answer.records.lineage.column("generator")[0].as_py()
    return {"schema": 1, "out": str(out), "rows": answer.records.rows, "generator": lineage, "notes": list(answer.notes)}


@overload
def impute(real: object, *, times: None = None, **options: Unpack[ImputeOptions]) -> Dataset: ...
@overload
def impute(real: object, *, times: int, **options: Unpack[ImputeOptions]) -> list[Dataset]: ...
@strict
def impute(real: object, *, times: int | None = None, **options: Unpack[ImputeOptions]) -> Dataset | list[Dataset]:
    """Real records with their missing cells filled from trees on all other columns; cells that are there stay.

    `real`: a path, or anything that speaks Arrow. `only`: the columns to fill; `leave`: those whose missing cells mean
    something. `how`: "draw" keeps distributions (the default), "centre" gives the best single guess. With `times`, a list of so
    many tables for multiple imputation. Identifiers, personal and ignored columns, text and images are left alone. Every record
    stays real; its `lineage` names the filled columns in `imputed`. Options: see `complement.fill.ImputeOptions`.
    """
    with _edge():
        made = fill(real, times=times, **options)
    return made[0] if times is None else made


def impute_to(
    real: str, out: Path, *, times: int | None = None, replace: bool = False, **options: Unpack[ImputeOptions]
) -> dict[str, Any]:
    """`impute` into a file, or into `times` files; what was filled. See `complement.fill.fill_to`."""
    with _edge():
        return fill_to(real, out, times=times, replace=replace, **options)


@strict
def preview(recipe: Recipe | str | Path, *, rows: int = 4) -> Dataset:
    """A few records per request of the recipe, by its generator fitted on at most 5,000 real records."""
    with _edge():
        return make.preview(recipe, rows=rows)


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


def _story(recipe: Recipe, inputs: Inputs, folder: RunFolder, engine: Engine, tell: Tell) -> Run:
    with Events(folder.path / EVENTS) as events:

        def both(event: str, facts: dict[str, object]) -> None:
            events.add(event, **facts)
            tell(event, facts)

        ready = _prepare(recipe, inputs, both)
        folder.claim(ready.plan)
        _note_source(ready, folder)
        released = _generate(ready, folder, both)
        judgement = _prove(ready, engine, folder, both)
        manifest = _manifest(ready)
        folder.write_json(MANIFEST, manifest)
        folder.write_json(VERDICT, judgement.as_json())
        both("done", {"states": [verdict.state for verdict in judgement.verdicts]})
        return Run(judgement, recipe, folder.path, released, manifest)


def _prepare(recipe: Recipe, inputs: Inputs, tell: Tell) -> _Ready:
    source = read_source(recipe, inputs)
    plan_of(recipe)  # a question that does not fit is said before anything is split
    ledger = Ledger(recipe.folder)
    partition = partition_of(recipe, source, salt=ledger.salt())
    pool, digest = pool_of(recipe, source, inputs)
    hashes = {**source.hashes, **({"synthetic": digest} if digest else {})}
    for note in (*source.notes, *partition.cautions, *partition.notes):
        tell("note", {"note": note})
    contents = tuple(content_hash(one) for one in (source.real, *([pool.records] if isinstance(pool, Fixed) else [])))
    return _Ready(recipe, source, partition, pool, hashes, ledger, (*contents, *_code(recipe, source)))


def _code(recipe: Recipe, source: Source) -> list[str]:
    """The code of every plug-in that has a part in the verdict: another code under the same name is another plan."""
    made = () if recipe.synthetic is not None else (recipe.generate.generator.name,)
    judged = (source.purpose.metric, *source.purpose.guard_metrics)
    asked: dict[catalog.Kind, tuple[str, ...]] = {"generators": made, "learners": source.purpose.learners, "metrics": judged}
    return [code for kind, names in asked.items() for name in names if (code := catalog.code_of(kind, name))]


def _note_source(ready: _Ready, folder: RunFolder) -> None:
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


def _generate(ready: _Ready, folder: RunFolder, tell: Tell) -> Path | None:
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


def _prove(ready: _Ready, engine: Engine, folder: RunFolder, tell: Tell) -> Judgement:
    def work(place: Path) -> tuple[str, ...]:
        return folder.write_judgement(_judge(ready, engine, place, tell))

    folder.once(PROVE, ready.plan, work, lambda stage: tell("skipped", {"stage": stage}))
    return folder.judgement()


def _judge(ready: _Ready, engine: Engine, folder: Path | None, tell: Tell) -> Judgement:
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


def _manifest(ready: _Ready) -> dict[str, Any]:
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


@contextmanager
def _edge() -> Generator[None]:
    """Errors of libraries become ours here, and only here: what a stage knows it has wrapped already."""
    try:
        yield
    except ComplementError:
        raise
    except Exception as cause:
        # Nobody can list what libraries raise; --debug shows the traceback, which names the place.
        met = f"{type(cause).__name__}: {cause}"[:1000]
        raise RunError(
            "unexpected", met, help="See the place with --debug, and report it: complement should have said more."
        ) from cause
