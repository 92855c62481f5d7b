"""Repeat: train a generator on what it made, generation after generation, and say when that ruins it.

What `complement collapse` does, and shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import numpy as np

from complement import catalog
from complement.core.contracts import Generator
from complement.core.dataset import Dataset
from complement.core.errors import ProveError, SchemaError, SourceError, UsageError
from complement.core.purpose import METRIC_NAMES, Purpose
from complement.core.schema import Role, Schema, nearest
from complement.engine.files import make_folder, write_json
from complement.engine.plan import plan_hash
from complement.engine.shards import Engine, map_shards
from complement.measure.collapse import DEFAULT_POLICIES, NULL, ChainTask, Collapse, Drawn, Policy, Yardstick, outcome_of
from complement.measure.collapse.outcome import PolicyOutcome
from complement.measure.collapse.task import values_of
from complement.measure.privacy.attack import compared, draw_whole_units
from complement.recipe.maker import maker_of, named_of
from complement.runfolder import finite
from complement.source.origin import refuse_made
from complement.source.read import read
from complement.source.target import check_target, drop_missing_target

Tell = Callable[[str, dict[str, object]], None]
METRICS = {"binary": ("auroc", "log_loss", "ece"), "multiclass": ("macro_f1", "log_loss"), "regression": ("rmse", "r2")}
RESULT, SHARDS = "collapse.json", "shards"
GENERATIONS, CHAINS = 5, 5
MOST_ROWS = 2000  # real records per chain where --rows does not say: minutes, not hours, and a C2ST of .5 is known to .02
LEAST_ROWS = 20  # records of a chain: fewer teach no generator anything
SHOWN_METRICS = 6  # rows of the table on the screen


class CollapseOptions(TypedDict, total=False):
    """What `complement.collapse` takes besides the data."""

    generations: int
    generator: str | Mapping[str, Any] | Generator  # a name, {name: settings}, or an object that meets the Protocol
    policies: str | Sequence[str]  # replace, accumulate, anchor, refresh, refit; anchor:0.618 weighs the real records
    chains: int
    rows: int  # real records per chain, and made ones per generation
    target: str
    learner: str | Mapping[str, Any]
    unit: str  # the column that says whose record it is
    ignore: str | Sequence[str]  # columns that take no part
    seed: int


def collapse(
    real: object,
    *,
    engine: Engine = Engine(),
    out: Path | None = None,
    tell: Tell = lambda event, facts: None,
    **options: Unpack[CollapseOptions],
) -> Collapse:
    """What becomes of a generator that is trained, generation after generation, on what it made.

    `generations` (5) are run under each of the `policies` (replace, accumulate and anchor) in `chains` (5), each on `rows` real
    records of its own, drawn by whole units (2,000, at most half of those that are not held out). Every generation makes as many
    and is measured against a third of the real records, at most `rows` or 2,000, that none learnt from; with a target also by
    what `learner` ("lightgbm") does on them. A further run, whose generations each learn from fresh real records, gives the null
    band. With `out` finished shards are kept in that folder and not made again, and `collapse.json` is written there.

    Raises UsageError, what reading raises, SourceError "source-synthetic" for records that are not real, ProveError
    "prove-too-few", GenerateError, RunError "run-changed" when the folder belongs to another call.
    """
    _check(options)
    records, notes = _records(real, options)
    named = _several(options.get("policies", DEFAULT_POLICIES))
    policies = tuple(dict.fromkeys(Policy.of(text) for text in named if text != NULL.kind))
    if not policies:
        raise UsageError("usage", "No policy is named.", help=f"There are: {', '.join((*DEFAULT_POLICIES, 'refresh', 'refit'))}.")
    task = _chains(records, (*policies, NULL), options)
    name = maker_of(options.get("generator", "forest"))[1]
    generations, chains = task.generations, options.get("chains", CHAINS)
    count = chains * len(task.policies)
    tell("learning", {"learning": f"{count * generations} generations of {name}, each from {task.drawn.rows:,} records or more"})
    folder = None
    if out is not None:
        make_folder(out)
        folder = out / SHARDS
    tables = map_shards(
        task,
        count,
        engine=engine,
        folder=folder,
        plan=plan_hash("collapse", task) if folder else "",
        on_done=lambda done, all: tell("chains", {"done": done, "shards": all}),
    )
    found = outcome_of(
        values_of(tables, task.policies, generations),
        task.yardstick.worse,
        resolution=task.yardstick.resolution,
        generator=name,
        rows={"real": task.drawn.rows, "made": task.rows, "holdout": task.yardstick.holdout.rows},
        notes=notes,
    )
    if out is not None:
        write_json(out / RESULT, finite(found.as_json()))
    return found


def told(found: Collapse) -> str:
    """What was found, for a person to read: the sentence of each policy first, then a small table of each."""
    rows = found.rows
    lines = [f"{found.generator}, {found.chains} chains of {rows['real']:,} real records, {rows['holdout']:,} held out", ""]
    width = max(len(one.policy) for one in found.policies)
    lines += [f"{one.policy:<{width}}  {_said(one)}" for one in found.policies]
    for one in found.policies:
        lines += ["", *_table(one, found)]
    lines += ["", "* outside the band that chance gives (right), against the policy's own generation 1"]
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def _said(one: PolicyOutcome) -> str:
    return one.headline if one.headline.startswith(one.state) else f"{one.state}; {one.headline}"


def _table(one: PolicyOutcome, found: Collapse) -> list[str]:
    """The metrics that alarm, the first few others and the learner's, a line each, a column per generation."""
    alarmed = list(dict.fromkeys(name for generation in one.generations for name in generation.alarms))
    others = [name for name in found.null if name not in alarmed and name not in METRIC_NAMES]
    learnt = [name for name in found.null if name not in alarmed and name in METRIC_NAMES]
    names = [*alarmed, *others[: max(0, SHOWN_METRICS - len(alarmed))], *learnt]
    heads = [f"{generation.generation:>8}" for generation in one.generations]
    lines = [f"{one.policy:<18}{''.join(heads)}{'per generation':>18}{'band':>9}"]
    for name in names:
        cells = [f"{g.metrics[name].value:>7.3f}{'*' if name in g.alarms else ' '}" for g in one.generations]
        trend = one.trends[name]
        moved = f"x {trend.value:.3f}" if trend.kind == "factor" else f"{trend.value:+.4f}"
        lines.append(f"{name:<18}{''.join(cells)}{moved:>18}{found.null[name]['band']:>9.3f}")
    return lines


def chains_of(real: object, policies: Sequence[Policy], options: CollapseOptions) -> ChainTask:
    """The work of `collapse` before it is done, one shard per chain and policy, under these policies alone."""
    _check(options)
    return _chains(_records(real, options)[0], tuple(policies), options)


def _check(options: CollapseOptions) -> None:
    unknown = [name for name in options if name not in CollapseOptions.__annotations__]
    if unknown:
        help = nearest(unknown[0], [*CollapseOptions.__annotations__])
        raise UsageError("usage", f"collapse has no option '{unknown[0]}'.", help=help)
    for name, low in (("generations", 2), ("chains", 2), ("rows", LEAST_ROWS), ("seed", 0)):
        value = options.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
            raise UsageError("usage", f"{name}={value!r} is not a whole number of at least {low}.")


def _records(real: object, options: CollapseOptions) -> tuple[Dataset, tuple[str, ...]]:
    """The real records with the roles of the call, without what no generation learns, and notes."""
    records = refuse_made(read(real))
    if len(records.tables) > 1:
        raise SourceError("source-format", f"There are {len(records.tables)} tables; one is expected.", help="Name one of them.")
    target, unit, notes = options.get("target"), options.get("unit"), tuple[str, ...]()
    schema = _with_roles(records.schema, target, unit, _several(options.get("ignore", ())))
    records = records.with_schema(schema)
    if target is not None:
        notes = check_target(records, target)[2]
        records = drop_missing_target(records, target)
    kept = [column.name for column in (*compared(schema), *schema.with_role("unit")) if column.kind != "text"]
    left = [column.name for column in schema if column.name not in kept]
    if not [name for name in kept if name != unit]:
        raise SchemaError("schema-role", "No column is left to learn: each has another role, or is text.")
    for name in left:
        records = records.drop(name)
    if left:
        shown = ", ".join(left[:SHOWN_METRICS]) + (f" and {len(left) - SHOWN_METRICS} more" if len(left) > SHOWN_METRICS else "")
        notes = (*notes, f"Left out, because no generator learns it as it is: {shown}.")
    return records, notes


def _with_roles(schema: Schema, target: str | None, unit: str | None, ignored: list[str]) -> Schema:
    wanted: dict[str, str] = {}
    for role, names in (("ignore", ignored), ("unit", [unit]), ("target", [target])):
        for name in (name for name in names if name is not None):
            if wanted.setdefault(schema.column(name).name, role) != role:
                raise SchemaError(
                    "schema-role", f"The column '{name}' is named as {wanted[name]} and as {role}.", help="Name one role."
                )
    if unit is not None:
        for former in schema.with_role("unit"):
            schema = schema.replace_column(replace(former, role="identifier"))
    for name, role in wanted.items():
        schema = schema.replace_column(replace(schema.column(name), role=cast(Role, role)))
    return schema if target is None else schema.with_target(target)


def _chains(records: Dataset, policies: tuple[Policy, ...], options: CollapseOptions) -> ChainTask:
    seed, unit, third = options.get("seed", 0), records.units(), records.rows // 3
    rows = options.get("rows", min(MOST_ROWS, third))
    if rows < LEAST_ROWS or rows > third:
        met = f"{records.rows:,} records: a third is held out, and each chain learns from at most half of the others."
        raise ProveError("prove-too-few", met, help=f"Give at least {3 * max(rows, LEAST_ROWS):,} records, or fewer --rows.")
    held, _ = draw_whole_units(unit, min(third, max(rows, MOST_ROWS)), seed, "collapse", "holdout")
    rest = np.flatnonzero(~np.isin(unit, unit[held]))  # whole units: none is in both
    purpose, learner = None, None
    if (target := options.get("target")) is not None:
        task, classes, _ = check_target(records, target)
        purpose = Purpose(target, task, classes)
        named = named_of(options.get("learner", "lightgbm"), "learner")
        learner = catalog.learner(named.name, **named.settings)
    metrics = tuple(catalog.metric(name, purpose) for name in METRICS[purpose.task]) if purpose else ()
    yardstick = Yardstick(records.take(np.sort(held)), purpose, learner, metrics)
    drawn = Drawn(records.take(rest), rows, seed)
    generator = maker_of(options.get("generator", "forest"))[0]
    return ChainTask(drawn, policies, generator, yardstick, options.get("generations", GENERATIONS), rows, seed)


def _several(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
