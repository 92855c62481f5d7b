"""The command that curates: say of each record why it should be left out."""

from __future__ import annotations

import json
from typing import Any

import click

from complement.cli.house import FORCE, common, given_only, main


@main.command()
@click.argument("data")
@click.option("--real", help="The real records that DATA was made from: most steps ask them.")
@click.option("--against", multiple=True, help="Records that must not stand in DATA, such as a test set; repeatable.")
@click.option("--target", help="The column that a model will predict.")
@click.option("--unit", help="Column that says whose record it is: a patient, an account.")
@click.option("--rule", "rules", multiple=True, help='What every record obeys: "end > start"; repeatable.')
@click.option(
    "--step", "steps", multiple=True, metavar="NAME", help="Run this step; repeatable.  [default: valid, duplicates, copied]"
)
@click.option("--out", type=click.Path(file_okay=False), required=True, help="The folder for the tagged and the kept records.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same bytes.")
@FORCE
@common
def curate(data: str, real: str | None, as_json: bool, debug: bool, **given: Any) -> None:
    """Tag the records of DATA, synthetic or not, with reasons to leave them out; write all of them and those that are kept."""
    from complement.curation import curate, told
    from complement.edge import edge

    with edge():
        found = curate(data, real=real, **given_only(given))
    click.echo(json.dumps(found.as_json(), ensure_ascii=False) if as_json else told(found))
