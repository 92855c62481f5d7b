"""Curation: the steps run on any file of records, and what a run hands to its trial to have made records curated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import numpy as np
import pyarrow as pa

from complement import catalog
from complement.core.broken import under
from complement.core.condition import Condition
from complement.core.contracts import Context, Signatures, Step
from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, UsageError
from complement.core.purpose import Purpose
from complement.core.rule_text import parse_rules
from complement.core.schema import Role, Schema
from complement.curate.contaminated import signatures
from complement.curate.funnel import Funnel
from complement.curate.readable import readable, without_misfits
from complement.curate.step import TableStep
from complement.curate.tag import REASONS, Tagged, prepared, tag
from complement.deliver import refuse_overwrite
from complement.engine.files import write_json
from complement.prepare import UNSEEN, read_like
from complement.recipe import Named
from complement.source.delimited import UNTYPED
from complement.source.infer import as_kind
from complement.source.origin import TELLING, known_origin
from complement.source.profile import survey
from complement.source.read import read, read_tables, write_table
from complement.source.target import check_target

DEFAULT = ("valid", "duplicates", "copied")  # of a run, and of a file with --real
DELIVERED = ("contaminated",)  # besides, where --against says what must stay unseen
SEEDED, CONDITIONED = ("copied", "outliers", "labels"), ("duplicates",)
# Inside a trial's folds, where steps are learnt anew each time, near copies are looked for among fewer records.
IN_FOLD = {"copied": Named(name="copied", settings={"most_rows": 20_000})}
GIVE = {"real": "--real", "target": "--target", "sealed": "--against"}
TAGGED, KEPT, FUNNEL = "tagged.parquet", "kept.parquet", "funnel.json"


class CurateOptions(TypedDict, total=False):
    """What `complement.curate` takes besides the records and the real ones."""

    against: object | Sequence[object]  # records that must stay unseen, such as a test set
    target: str
    unit: str
    steps: str | Sequence[str]
    rules: str | Sequence[str]
    out: str | Path
    force: bool
    seed: int


@dataclass(frozen=True, repr=False)
class Curated:
    """`tagged`: the records as they came, with `reasons` (list<string>, empty: kept); `kept`: those without one, as a Dataset;
    `funnel`; `notes`: what a reader should know, such as steps that could not run."""

    tagged: pa.Table
    kept: Dataset
    funnel: Funnel
    notes: tuple[str, ...] = ()
    out: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The funnel, where the files stand (None: nowhere), and the notes."""
        files = [str(self.out / name) for name in (TAGGED, KEPT, FUNNEL)] if self.out is not None else None
        return {"schema": 1, **self.funnel.as_json(), "files": files, "notes": list(self.notes)}

    def __repr__(self) -> str:
        return f"Curated({self.funnel.kept:,} of {self.funnel.made:,} records kept)"


def curate(data: object, *, real: object = None, **options: Unpack[CurateOptions]) -> Curated:
    """Say of each record why it should be left out; `data`, synthetic or not, is a path, or anything that speaks Arrow.

    `real`: the real records that it was made from, or should be like: their schema then holds, and steps can ask them. Without
    it only those steps run that need none, and `notes` say so. `against`: records that must not stand in `data`. `steps`: names
    of the catalog, in order; default: valid, duplicates, copied, and contaminated where `against` is given. `rules`: what every
    record obeys. `out`: a folder for `tagged.parquet`, `kept.parquet`, `funnel.json`. All records are held in memory at once.
    Raises UsageError "usage" for a step that lacks what it needs or a file that is there (unless `force`), and what reading
    raises.
    """
    out, seed = options.get("out"), options.get("seed") or 0
    folder = None if out is None else Path(out)
    _refuse(folder, data, real, options)
    against = _several(options.get("against"))
    learnt, schema, original = _read(data, real, options)
    target, needed = options.get("target"), {"real": real is not None, "target": False, "sealed": bool(against)}
    needed["target"] = target is not None
    names, notes = _steps(_several(options.get("steps")), needed)
    candidates, misfits = _typed(original, schema, strictly="valid" not in names)
    schema = candidates.schema
    sealed = frozenset(one for origin in against for one in signatures(_unseen(origin, candidates)).exact)
    purpose = None
    if target is not None and real is not None:
        task, classes, _ = check_target(learnt, target)
        purpose = Purpose(target, task, classes=classes)
    real_part = learnt.with_schema(schema) if real is not None else candidates.take(np.arange(0))
    context = Context(real_part, None, schema, purpose, Signatures(exact=sealed))
    tagged = _tagged(candidates, misfits, steps_of(names, seed=seed), context)
    kept = candidates.take(tagged.kept)
    table = original[schema.root]
    table = _as_came(table, candidates).append_column(REASONS, tagged.lists())
    found = Curated(table, kept, tagged.funnel, (*notes, *_of_coincidence(sealed, context)), folder)
    if folder is not None:
        _write(found, tagged, folder)
    return found


def steps_of(asked: Sequence[str | Named], *, seed: int = 0, where: str | None = None) -> dict[str, Step]:
    """The steps by these names of the catalog, in this order, with their settings, and the seed where they take one.

    `where`: the condition under which the candidates were asked for; what repeats by nature is then counted under it.
    """
    found: dict[str, Step] = {}
    for one in asked:
        named = Named(name=one) if isinstance(one, str) else one
        given = {"seed": seed} if named.name in SEEDED else {"where": where} if named.name in CONDITIONED and where else {}
        found[named.name] = catalog.step(named.name, **{**given, **named.settings})
    return found


@dataclass
class Keeper:
    """What a trial's pool asks which made records to keep: `keeper(made, learnt)` gives their positions, shape (kept,).

    Only the records that the generator learnt from are looked at: neither tune nor sealed ones. What is learnt of them is kept
    for the next call with the same records. Picklable; it then learns anew.
    """

    steps: tuple[str | Named, ...] = DEFAULT
    purpose: Purpose | None = None
    seed: int = 0
    _learnt: Dataset | None = field(default=None, init=False, repr=False, compare=False)
    _steps: dict[str, dict[str, Step]] = field(default_factory=dict[str, dict[str, Step]], init=False, repr=False, compare=False)

    def __call__(self, made: Dataset, learnt: Dataset, where: Condition | None = None) -> np.ndarray:
        return self.tagged(made, learnt, where).kept

    def tagged(self, made: Dataset, learnt: Dataset, where: Condition | None = None) -> Tagged:
        """The same with reasons and funnel; `where`: the condition under which the records were asked for."""
        context = Context(learnt, None, learnt.schema, self.purpose)
        if self._learnt is not learnt:
            self._learnt, self._steps = learnt, {}
        text = where.text if where is not None else ""
        if text not in self._steps:
            steps = [IN_FOLD.get(one, one) if isinstance(one, str) else one for one in self.steps]
            self._steps[text] = prepared(steps_of(steps, seed=self.seed, where=text or None), context)
        return tag(made, self._steps[text], context)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_learnt": None, "_steps": {}}


def told(found: Curated) -> str:
    """The funnel for a person to read."""
    funnel = found.funnel
    lines = [f"{funnel.kept:,} of {funnel.made:,} records kept" + (f": {found.out / KEPT}" if found.out is not None else "")]
    width = max((len(one.step) for one in funnel.steps), default=0)
    for one in funnel.steps:
        lines.append(f"  {one.step:<{width}}  {one.seen:>10,} seen  {one.left_out:>9,} left out")
        lines += [f"  {'':<{width}}  {count:>10,} {reason}" for reason, count in one.reasons.items()]
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def _refuse(folder: Path | None, data: object, real: object, options: CurateOptions) -> None:
    if folder is None:
        return
    reads = [one for one in (data, real, *_several(options.get("against"))) if isinstance(one, str | Path)]
    places = [folder / name for name in (TAGGED, KEPT, FUNNEL)]
    refuse_overwrite(places, reads=reads, replace=bool(options.get("force")))


def _read(data: object, real: object, options: CurateOptions) -> tuple[Dataset, Schema, dict[str, pa.Table]]:
    """The real records (or, without, the given ones), the schema under which to read, and the given tables as they came."""
    rules = options.get("rules") or ()
    if real is not None:
        learnt = known_origin(read(real))
        learnt = learnt.with_schema(_roles(learnt.schema, options))
        learnt, _ = under(learnt, rules)
        original = read_tables(data, name=learnt.schema.root)
        if learnt.schema.root not in original and len(original) == 1:
            original = {learnt.schema.root: next(iter(original.values()))}
        return learnt, learnt.schema, original
    original = read_tables(data)
    original = {name: _without_reasons(table) for name, table in original.items()}
    profile, typed = survey(original)
    learnt = known_origin(Dataset.of(typed, profile.schema))
    schema = _roles(learnt.schema, options)
    return learnt, schema.with_rules((*schema.rules, *parse_rules(rules))), original


def _roles(schema: Schema, options: CurateOptions) -> Schema:
    unit, target = options.get("unit"), options.get("target")
    if unit is not None and unit == target:
        raise SchemaError("schema-role", f"The column '{unit}' is named as unit and as target.", help="Name one role.")
    if unit is not None:
        schema = schema.replace_column(replace(schema.column(unit), role=cast(Role, "unit")))
        # A unit may have several records, whatever its column looked like.
        column = schema.column(unit)
        schema = schema.replace_column(replace(column, constraints=replace(column.constraints, unique=False)))
    return schema.with_target(target) if target is not None else schema


def _steps(asked: Sequence[Any], there: Mapping[str, bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the steps that run, and a note on those that cannot. One that was asked for and cannot is an error."""
    names = tuple(str(name) for name in asked) or (*DEFAULT, *DELIVERED)
    run: list[str] = []
    left: list[str] = []
    for name in dict.fromkeys(names):
        kind = catalog.load("steps", name)
        needs = getattr(kind, "needs", ()) if isinstance(kind, type) and issubclass(kind, TableStep) else ()
        lacking = [GIVE[need] for need in needs if not there[need]]
        if not lacking:
            run.append(name)
        elif asked:
            met = f"The step '{name}' needs {' and '.join(lacking)}."
            raise UsageError("usage", met, help=f"Give {' and '.join(lacking)}, or leave the step out.")
        elif name not in DELIVERED:
            left.append(f"{name} (needs {' and '.join(lacking)})")
    notes: list[str] = [f"Not run: {', '.join(left)}."] if left else []
    if not there["real"] and "duplicates" in run:
        notes.append("Without --real every repeated record is named a duplicate, also where people repeat each other by nature.")
    if not there["real"] and "valid" in run:
        notes.append("Without --real only rules and keys can be broken: ranges and kinds are read off the records themselves.")
    return tuple(run), tuple(notes)


def _without_reasons(table: pa.Table) -> pa.Table:
    return table.drop_columns([REASONS]) if REASONS in table.column_names else table


def _typed(original: Mapping[str, pa.Table], schema: Schema, *, strictly: bool) -> tuple[Dataset, dict[str, np.ndarray]]:
    """The records under the schema, and by reason those with a cell that does not fit its kind (null in the records).

    What no model sees may be absent: such a column is null and has the role ignore. `strictly`: a misfit is an error.
    """
    root = original.get(schema.root)
    lacking = sorted(set(schema.tables) - set(original))
    if root is None or lacking:
        raise SchemaError("schema-mismatch", f"There is no table '{(lacking or [schema.root])[0]}'.")
    for column in schema.columns:
        if column.name not in root.column_names and column.role in UNSEEN:
            root = root.append_column(column.name, pa.nulls(root.num_rows))
            schema = schema.replace_column(replace(column, role="ignore", constraints=replace(column.constraints, unique=False)))
    tables: dict[str, pa.Table] = {}
    misfits: dict[str, np.ndarray] = {}
    for name, columns in schema.tables.items():
        strict = strictly or name != schema.root
        tables[name], found = readable(root if name == schema.root else original[name], columns, as_kind, strict=strict)
        misfits |= found
    told = [name for name in TELLING if name in root.column_names]
    lineage = known_origin(read(root.select(told))).lineage if told else None
    return Dataset.of(tables, schema, lineage=lineage), misfits


def _tagged(candidates: Dataset, misfits: Mapping[str, np.ndarray], steps: Mapping[str, Step], context: Context) -> Tagged:
    if not misfits:
        return tag(candidates, steps, context)
    fits = ~np.logical_or.reduce(list(misfits.values()))
    return without_misfits(tag(candidates.take(fits), steps, context), misfits, "valid")


def _unseen(origin: object, like: Dataset) -> Dataset:
    return read_like(origin, like)


def _of_coincidence(sealed: frozenset[str], context: Context) -> list[str]:
    """How many real records equal one of those that must stay unseen: so many of the others do by coincidence, too."""
    if not sealed or not context.train.rows:
        return []
    step = cast(TableStep, catalog.step("contaminated")).prepared(context)
    share = float((step.look(context.train, context).found.codes > 0).mean())
    return [f"Of the --real records {share:.2%} equal one of --against: as much may be coincidence."]


def _as_came(table: pa.Table, typed: Dataset) -> pa.Table:
    """The table as its source stores it; cells of CSV, which are all text, in their kind where no cell is lost by it."""
    table = _without_reasons(table)
    if not UNTYPED.items() <= (table.schema.metadata or {}).items():
        return table
    for place, name in enumerate(table.column_names):
        if name in typed.records.column_names:
            own = typed.column(name)
            text = table.column(name)
            if own.null_count == text.null_count:
                table = table.set_column(place, name, own)
    return table.replace_schema_metadata(None)


def _write(found: Curated, tagged: Tagged, folder: Path) -> None:
    write_table(found.tagged, folder / TAGGED)
    write_table(found.tagged.drop_columns([REASONS]).take(pa.array(tagged.kept)), folder / KEPT)
    for name, table in found.kept.tables.items():
        if name != found.kept.schema.root:
            write_table(table, folder / f"kept.{name}.parquet")
    write_json(folder / FUNNEL, found.funnel.as_json())


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
