"""The command that looks for gaps."""

from __future__ import annotations

import json
from typing import Any

import click

from complement.cli.house import common, console, given_only, main


@main.command()
@click.argument("real")
@click.option("--target", help="The column to predict; a recipe names its own.")
@click.option("--learner", help="The model that you ship.  [default: lightgbm, or the recipe's first]")
@click.option("--metric", help="The metric whose gain is estimated.  [default: by the target]")
@click.option("--unit", help="Column that says whose record it is: a patient, an account.")
@click.option("--ignore", multiple=True, help="Leave this column out; repeatable.")
@click.option("--expected", help="Records of those that the model will meet, without target: finds what REAL has too few of.")
@click.option("--where", multiple=True, metavar="EXPR", help="Measure this slice, too; repeatable.")
@click.option("--top", "most", type=click.IntRange(min=0), help="Gaps to report.  [default: 5]")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same gaps.  [default: 0, or the recipe's]")
@common
def gaps(real: str, as_json: bool, debug: bool, **given: Any) -> None:
    """Find where REAL (a data file, or a recipe) is weak or has too few records."""
    from complement.find import find

    found = find(real, **given_only(given))
    if as_json:
        from complement.runfolder import finite

        click.echo(json.dumps(finite(found.as_json()), ensure_ascii=False))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("gap", "kind", "records", "loss", "elsewhere", "p", "ask for"):
        table.add_column(heading, justify="left" if heading in ("gap", "kind") else "right", overflow="fold")
    for gap in found.found:
        losses = ["-" if one != one else f"{one:.3g}" for one in (gap.inside, gap.outside)]
        table.add_row(gap.where.text, gap.kind, f"{gap.records:,}", *losses, f"{gap.p:.2g}", f"{gap.rows:,}")
    shown = console()
    if found.found:
        shown.print(table)
        for gap in found.found:
            shown.print(f"\n{gap.where.text}: {gap.reason}", markup=False, highlight=False)
    else:
        shown.print("No gap is evident: no slice is worse than chance makes one.", markup=False)
    for note in found.notes:
        shown.print(f"\nnote: {note}", markup=False, highlight=False)
