"""What complement does when it is called, but for `run`, which stands in run.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack, overload

from complement import curation, make, repeat
from complement import release as releases
from complement.assess import Audit, AuditOptions, assess
from complement.calls import ProveOptions, called, strict
from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.gap import Gaps
from complement.core.verdict import Judgement
from complement.curation import Curated, CurateOptions
from complement.deliver import refuse_overwrite, with_origin
from complement.edge import edge
from complement.engine.shards import Engine
from complement.fill import ImputeOptions, fill, fill_to
from complement.find import GapOptions, find
from complement.make import GenerateOptions
from complement.measure.collapse import Collapse
from complement.ready import Tell, prepared
from complement.recipe import Recipe
from complement.recipe.maker import maker_of
from complement.release import Checked
from complement.repeat import CollapseOptions
from complement.run import judged, story
from complement.runfolder import RunFolder
from complement.source.write import write_table


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
    with edge():
        recipe, inputs = called(real, synthetic, target=target, sealed=sealed, options=options)
        if "out" in options:
            return story(recipe, inputs, RunFolder.open(Path(options["out"])), engine, tell).judgement
        return judged(prepared(recipe, inputs, tell), engine, None, tell)


@strict
def audit(
    real: object,
    synthetic: object,
    *,
    generator: str | Mapping[str, Any] | Generator | None = None,
    **options: Unpack[AuditOptions],
) -> Audit:
    """Measure a synthetic file against the real records it was made from: see `complement.assess.assess`.

    Options: `holdout`, `target`, `unit`, `where`, `seed`. `generator`: which one made it, as a name, {name: settings} or an
    object; it is then attacked, too.
    """
    with edge():
        return assess(real, synthetic, generator=None if generator is None else maker_of(generator)[0], **options)


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
    with edge():
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
    with edge():
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
    with edge():
        made = fill(real, times=times, **options)
    return made[0] if times is None else made


def impute_to(
    real: str, out: Path, *, times: int | None = None, replace: bool = False, **options: Unpack[ImputeOptions]
) -> dict[str, Any]:
    """`impute` into a file, or into `times` files; what was filled. See `complement.fill.fill_to`."""
    with edge():
        return fill_to(real, out, times=times, replace=replace, **options)


@strict
def curate(data: object, *, real: object = None, **options: Unpack[CurateOptions]) -> Curated:
    """Say of each record why it should be left out, and keep the others; `data`, synthetic or not, is a path or speaks Arrow.

    `real`: the real records that it was made from, or should be like; without it only steps that need none run. `against`:
    records that must not stand in `data`, such as a test set. See `complement.curation.curate`.
    """
    with edge():
        return curation.curate(data, real=real, **options)


@strict
def gaps(real: object, **options: Unpack[GapOptions]) -> Gaps:
    """The parts of the real records where the learner is weak or records are few, named as conditions.

    `real`: a path, anything that speaks Arrow, or a recipe. `expected`: records as they will come, of which some may lack in
    `real`. See `complement.find.find` for how chance is kept out.
    """
    with edge():
        return find(real, **options)


@strict
def collapse(
    real: object,
    *,
    engine: Engine = Engine(),
    out: Path | None = None,
    tell: Tell = lambda event, facts: None,
    **options: Unpack[CollapseOptions],
) -> Collapse:
    """What becomes of a generator that is trained, generation after generation, on what it made.

    Under each of the policies (replace, accumulate, anchor) `generations` are run in several chains, measured against real
    records that none learnt from, and compared with chains that learn from fresh real ones. See `complement.repeat.collapse`.
    """
    with edge():
        return repeat.collapse(real, engine=engine, out=out, tell=tell, **options)


@strict
def verify(folder: str | Path, *, digest: str | None = None) -> Checked:
    """Check a release: every byte of every file, and every statement that its records can confirm or refute.

    `digest`: what the maker of the release told by another way; without it a folder is only compared with itself.
    """
    with edge():
        return releases.verify(Path(folder), digest=digest)


@strict
def preview(recipe: Recipe | str | Path, *, rows: int = 4) -> Dataset:
    """A few records per request of the recipe, by its generator fitted on at most 5,000 real records."""
    with edge():
        return make.preview(recipe, rows=rows)
