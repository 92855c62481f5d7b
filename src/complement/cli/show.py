"""The command that opens the report: show."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from complement.cli.house import common, main


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the report here.  [default: report.html in RUN]")
@click.option("--no-open", is_flag=True, help="Write it, and open no browser.")
@common
def show(run: Path, out: Path | None, no_open: bool, as_json: bool, debug: bool) -> None:
    """Write the report of RUN, a run's folder or a release, and open it in the browser."""
    from complement.report import REPORT, write
    from complement.report.facts import is_release

    delivered = run / REPORT
    # A release is shown as it was delivered: its report is one of the files that its digest names.
    file = delivered if out is None and is_release(run) and delivered.is_file() else write(run, out=out)
    opened = not no_open and not as_json and _open(file)
    click.echo(json.dumps({"schema": 1, "report": str(file), "opened": opened}) if as_json else str(file))


def _open(file: Path) -> bool:
    """True when a browser with a window took the page. In a terminal without one, a text browser would take the terminal."""
    import webbrowser

    screen = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return screen and webbrowser.open(file.resolve().as_uri())
