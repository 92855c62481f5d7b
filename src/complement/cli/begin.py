"""Commands to begin with: schema, init, example, doctor."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from complement.cli.house import FORCE, common, main


@main.command()
@common
def schema(as_json: bool, debug: bool) -> None:
    """Print the JSON schema of a recipe, for editors and checkers."""
    from complement.recipe import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=None if as_json else 1, ensure_ascii=False))


@main.command()
@click.argument("data")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--out", type=click.Path(path_type=Path), default="recipe.yaml", show_default=True, help="The recipe to write.")
@FORCE
@common
def init(data: str, target: str, out: Path, force: bool, as_json: bool, debug: bool) -> None:
    """Profile DATA and write a commented recipe."""
    from complement.start import init

    begun = init(data, target=target, out=out, replace=force)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "schema": 1,
                    "recipe": str(begun.recipe),
                    "perhaps_unit": list(begun.units),
                    "perhaps_known_after": list(begun.known_after),
                }
            )
        )
    else:
        click.echo(f"{begun.recipe}\n{_after_init(begun.recipe, begun.units, begun.known_after)}")


@main.command()
@click.argument("name", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write into.  [default: NAME]")
@click.option("--draw", type=click.IntRange(min=0), default=0, help="Draw other records to learn from.  [default: 0]")
@FORCE
@common
def example(name: str | None, out: Path | None, draw: int, force: bool, as_json: bool, debug: bool) -> None:
    """Write an example, recipe and real data, into a folder. Without NAME: which there are."""
    from complement.examples import NAMES, write_example

    if name is None:
        click.echo(json.dumps({"schema": 1, "examples": NAMES}) if as_json else "\n".join(NAMES))
        return
    recipe = write_example(name, out or Path(name), draw=draw, replace=force)
    click.echo(json.dumps({"schema": 1, "recipe": str(recipe)}) if as_json else f"{recipe}\nNext: complement run {recipe}")


@main.command()
@common
def doctor(as_json: bool, debug: bool) -> None:
    """Say what is installed, what is missing, and the command that mends it."""
    from complement.doctor import as_json as facts_of
    from complement.doctor import examine

    findings = examine()
    facts = facts_of(findings)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        for finding in findings:
            mark = "ok " if finding.fine else "MISSING" if finding.needed else "absent"
            click.echo(f"{mark:8}{finding.name}: {finding.found}" + ("" if finding.fine else f"\n        help: {finding.help}"))
    sys.exit(0 if facts["fine"] else 3)


def _after_init(recipe: Path, units: Sequence[str], known_after: Sequence[str]) -> str:
    lines = (
        *(f"'{name}' looks like a patient, an account or another unit: if it is, name it as split.unit" for name in units),
        *(f"'{name}' alone foretells the target: if it is known only after it, give it role: ignore" for name in known_after),
        "Next: check in it what each column was taken for; then",
        f"  complement preview {recipe}",
        f"  complement run {recipe}",
    )
    return "\n".join(lines)
