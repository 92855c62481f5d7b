"""The command that repeats: collapse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from complement.cli.house import common, engine_of, given_only, main, where_it_runs


@main.command()
@click.argument("real")
@click.option("--generations", type=click.IntRange(min=2), help="Generations of each chain.  [default: 5]")
@click.option("--generator", help="A generator by name.  [default: forest]")
@click.option("--preset", type=click.Choice(["private", "sharp"]), help="Of forest.  [default: private]")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="replace, accumulate, anchor[:WEIGHT], refresh, refit; repeatable.",
)
@click.option(
    "--chains", type=click.IntRange(min=2), help="Independent runs of each policy; 5 or more to say anything.  [default: 5]"
)
@click.option(
    "--rows", type=click.IntRange(min=20), help="Real records per chain, made ones per generation.  [default: 2000 at most]"
)
@click.option("--target", help="The column that a model will predict: it is then measured, too.")
@click.option("--learner", help="The model that is trained on made records.  [default: lightgbm]")
@click.option("--unit", help="Column that says whose record it is: a patient, an account.")
@click.option("--ignore", multiple=True, help="Leave this column out; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same bytes.  [default: 0]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Keep shards and collapse.json in this folder; it can then be resumed."
)
@where_it_runs
@common
def collapse(real: str, out: Path | None, engine: str, workers: int, quiet: bool, as_json: bool, **given: Any) -> None:
    """Train a generator on what it made, again and again: when does that ruin it?"""
    from complement.core.errors import UsageError
    from complement.progress import Teller
    from complement.repeat import collapse, told

    given.pop("debug")
    preset = given.pop("preset")
    options = given_only(given)
    if preset is not None:
        if options.setdefault("generator", "forest") != "forest":
            raise UsageError("usage", f"'{options['generator']}' has no presets.", help="--preset goes with forest.")
        options["generator"] = {"forest": {"preset": preset}}
    with Teller(quiet=quiet) as tell:
        found = collapse(real, engine=engine_of(engine, workers), out=out, tell=tell, **options)
    if as_json:
        from complement.runfolder import finite

        click.echo(json.dumps(finite(found.as_json()), ensure_ascii=False))
    else:
        click.echo(told(found))
