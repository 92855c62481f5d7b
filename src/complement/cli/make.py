"""Commands that make records: preview, generate, impute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from complement.cli.house import FORCE, FORMATS, QUIET, common, console, given_only, main


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--rows", type=click.IntRange(1, 1000), default=4, show_default=True, help="Records to show per request.")
@common
def preview(recipe: Path, rows: int, as_json: bool, debug: bool) -> None:
    """Make and show a few records of RECIPE, now."""
    from complement.make import notes_on
    from complement.recipe import Recipe
    from complement.verbs import preview

    loaded = Recipe.load(recipe)
    made, notes = preview(loaded, rows=rows), notes_on(loaded.generate.generator)
    if as_json:
        facts = {"schema": 1, "records": made.records.to_pylist(), "notes": notes}
        click.echo(json.dumps(facts, default=str, ensure_ascii=False))
    else:
        from complement.show import show_records

        show_records(made.records, console())
        click.echo("".join(f"\nnote: {note}" for note in notes), nl=bool(notes))


@main.command()
@click.argument("real")
@click.option("--rows", type=click.IntRange(min=1), required=True, help="Records to make.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--where", help="The condition that every record meets: \"age > 60 and city = 'Rome'\".")
@click.option("--rule", "rules", multiple=True, help='What every record obeys: "end > start"; repeatable.')
@click.option("--target", help="The column that a model will predict.")
@click.option("--generator", help="A generator by name.  [default: forest, or the recipe's]")
@click.option("--preset", type=click.Choice(["private", "sharp"]), help="Of forest; private hides people better: no promise.")
@click.option("--unit", help="Column that says whose record it is: a patient, an account.")
@click.option("--ignore", multiple=True, help="Do not learn this column, such as text: it comes out empty; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same bytes.  [default: 0, or the recipe's]")
@click.option("--from-synthetic", is_flag=True, default=None, help="Learn from made records alone, with no real anchor.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the ending of --out]")
@FORCE
@QUIET
@common
def generate(real: str, out: Path, form: str | None, force: bool, quiet: bool, as_json: bool, **given: Any) -> None:
    """Make synthetic records like those of REAL (a data file, or a recipe)."""
    from complement.progress import Teller
    from complement.verbs import generate_to

    given.pop("debug")
    with Teller(quiet=quiet) as tell:
        facts = generate_to(real, out, form=form, options=given_only(given), replace=force, tell=tell)
    told = [f"{facts['out']}: {facts['rows']:,} records by {facts['generator']}", *facts["notes"]]
    click.echo(json.dumps(facts) if as_json else "\n".join(told))


@main.command()
@click.argument("real")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--how", type=click.Choice(["draw", "centre"]), help="Draws keep distributions; a centre is the best single guess.")
@click.option("--times", type=click.IntRange(min=1), help="So many completed files, numbered: multiple imputation.")
@click.option("--only", multiple=True, help="Fill this column; repeatable.  [default: every column that can be filled]")
@click.option("--leave", multiple=True, help="Leave this column as it is: its missing cells mean something; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same bytes.  [default: 0]")
@FORCE
@common
def impute(real: str, out: Path, times: int | None, force: bool, as_json: bool, debug: bool, **given: Any) -> None:
    """Fill the missing cells of REAL, and name them record by record in the column _imputed."""
    from complement.verbs import impute_to

    facts = impute_to(real, out, times=times, replace=force, **given_only(given))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        from complement.fill import told

        click.echo(told(facts))
