"""Commands that judge: prove, audit, run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from complement.cli.house import FORCE, QUESTIONS, common, complain, console, engine_of, given_only, main, where_it_runs

if TYPE_CHECKING:
    from complement.core.errors import GateError


@main.command()
@click.argument("real")
@click.argument("synthetic", required=False)
@click.option("--target", required=True, help="The column to predict.")
@click.option("--generator", help="Judge this generator.  [default without SYNTHETIC: trees]")
@click.option("--question", type=click.Choice(QUESTIONS), help="[default: artifact with SYNTHETIC, else in-hand]")
@click.option("--sealed", help="Real records that nobody learnt from, to judge on.")
@click.option("--learner", "learners", multiple=True, help="A model that you ship; repeatable.  [default: lightgbm]")
@click.option("--metric", "metrics", multiple=True, help="The first is confirmatory, each further one a guard.")
@click.option("--unit", help="Column that must never be cut: a patient, an account.")
@click.option("--time", help="Column of time, or (rows) for the order of rows: judge on what came later.")
@click.option("--slice", "slices", multiple=True, metavar="EXPR", help="Report on this part, too; repeatable.")
@click.option("--primary", metavar="NAME=EXPR", help="Judge the metric in this part; the whole becomes a guard.")
@click.option("--ignore", multiple=True, help="Leave this column out of everything; repeatable.")
@click.option("--positive", help="The class that a binary score speaks of.  [default: 1, true, yes, or the rarer]")
@click.option("--margin", type=float, help="Smallest change that matters, in the metric's unit.")
@click.option("--folds", type=int, help="Outer folds.  [default: 5]")
@click.option("--seeds", type=int, help="Generator and learner seeds per fold.  [default: 5]")
@click.option("--seed", type=int, help="Same seed, same bytes.  [default: 0]")
@click.option("--weight", "weights", type=float, multiple=True, help="Synthetic share of the training mass; repeat to screen.")
@click.option("--times", type=float, help="Synthetic records per real one.  [default: 1]")
@click.option("--rows", type=int, help="Synthetic records, instead of --times.")
@click.option("--where", help="The condition that every synthetic record meets.")
@click.option("--rule", "rules", multiple=True, help='What every synthetic record obeys: "end > start"; repeatable.')
@click.option("--draws", type=int, help="Training draws of the question 'recipe'.  [default: 20]")
@click.option("--draw-rows", type=int, help="Real records per draw.  [default: half of them]")
@click.option("--no-curve", is_flag=True, help="Do not measure how many real records the synthetic ones are worth.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the run in this folder; it can then be resumed.")
@where_it_runs
@common
def prove(real: str, synthetic: str | None, engine: str, workers: int, quiet: bool, as_json: bool, **given: Any) -> None:
    """Judge SYNTHETIC, or what a generator makes, on sealed REAL records."""
    from complement.progress import Teller
    from complement.verbs import prove

    given.pop("debug")
    given["curve"] = False if given.pop("no_curve") else None
    with Teller(quiet=quiet) as tell:
        judgement = prove(real, synthetic, engine=engine_of(engine, workers), tell=tell, **given_only(given))
    if as_json:
        from complement.runfolder import finite

        click.echo(json.dumps(finite(judgement.as_json()), default=str))
    else:
        from complement.show import show

        show(judgement, console(), told=tell.told)


@main.command()
@click.argument("real")
@click.argument("synthetic")
@click.option("--holdout", help="Real records that the maker of SYNTHETIC never had: what the attacks need.")
@click.option("--target", help="The column that a model will predict.")
@click.option("--unit", help="Column that says whose records they are: a person with several counts once.")
@click.option("--where", help='Compare only records that meet this condition: "age > 60". For those made under one.')
@click.option("--generator", help="The generator that made SYNTHETIC, by name: refits it 24 times, and attacks it, too.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the scores to this file, as JSON.")
@FORCE
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which records large files are cut to.")
@common
def audit(real: str, synthetic: str, out: Path | None, force: bool, as_json: bool, debug: bool, **given: Any) -> None:
    """Measure how near SYNTHETIC comes to the REAL records that it was made from, and what it gives away of them."""
    from complement.deliver import refuse_overwrite
    from complement.engine.files import make_folder, write_atomically
    from complement.verbs import audit

    if out is not None:
        refuse_overwrite([out], reads=[name for name in (real, synthetic, given["holdout"]) if name], replace=force)
    found = audit(real, synthetic, **given_only(given))
    text = json.dumps(found.as_json(), ensure_ascii=False)
    if out is not None:
        make_folder(out.parent)
        write_atomically(out, (text + "\n").encode())
    if as_json:
        click.echo(text)
    else:
        from complement.show_audit import show_audit

        show_audit(found, console())


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME beside the recipe]")
@click.option("--resume/--fresh", default=True, help="Go on with what is finished, or start over.  [default: resume]")
@where_it_runs
@common
def run(recipe: Path, out: Path | None, resume: bool, engine: str, workers: int, quiet: bool, **given: Any) -> None:
    """Run RECIPE: read, split, prove, make the records, check the gates."""
    from complement.progress import Teller
    from complement.run import check_gates, run

    with Teller(quiet=quiet) as tell:
        done = run(recipe, out=out, fresh=not resume, engine=engine_of(engine, workers), tell=tell)
    gate: GateError | None = check_gates(done)
    if given["as_json"]:
        click.echo(json.dumps({**done.as_json(), **({"error": gate.as_json()} if gate else {})}, default=str))
    else:
        from complement.show import show

        show(done.judgement, console(), told=tell.told)
        click.echo(f"\nrun: {done.folder}" + (_handed_over(done.released) if done.released else ""))
        click.echo("".join(f"note: {note}\n" for note in done.notes), nl=False)
        if gate:
            complain(gate, False)
    sys.exit(gate.exit_code if gate else 0)


def _handed_over(released: Path) -> str:
    """Where the release stands, and the digest by which whoever gets it can tell that it is this one."""
    digest = (released / "manifest.sha256").read_text(encoding="utf-8").split()[0]
    return f"\nrecords: {released}\ndigest: {digest}"
