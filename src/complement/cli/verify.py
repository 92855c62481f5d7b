"""The command that checks a release: verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from complement.cli.house import common, main

if TYPE_CHECKING:
    from complement.release import Checked


@main.command()
@click.argument("release", type=click.Path(path_type=Path))
@click.option("--digest", help="What the maker told you by another way: the sha256 of the manifest.")
@common
def verify(release: Path, digest: str | None, as_json: bool, debug: bool) -> None:
    """Check every file of the folder RELEASE: the exit code is 1 when anything was changed."""
    from complement.release import verify

    checked = verify(release, digest=digest)
    if as_json:
        click.echo(json.dumps(checked.as_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(checked)))
    sys.exit(0 if checked.passed else 1)


def _lines(checked: Checked) -> list[str]:
    """What a person reads: the faults with their files, or what was found right; the digest always in full."""
    from complement.core.errors import ADVICE

    head = f"digest {checked.digest or 'none: there is no manifest'}"
    if not checked.passed:
        faults = [f"error[{fault.code}]: {_printed(fault.file)} {fault.met}" for fault in checked.faults]
        advice = [ADVICE[code] for code in dict.fromkeys(fault.code for fault in checked.faults)]
        return [f"NOT VERIFIED: {len(faults)} fault{'s' * (len(faults) > 1)}", head, *faults, *(f"help: {one}" for one in advice)]
    found = f"VERIFIED: {checked.files:,} files, {checked.rows:,} synthetic records, as the manifest says"
    if checked.compared:
        return [f"{found}, and it is the release that the digest names", head]
    return [
        found,
        head,
        "No digest was given, so the folder was only compared with itself. If this is not the digest that the maker told you,",
        "somebody made all hashes anew. --digest compares them.",
    ]


def _printed(name: str) -> str:
    """A file's name as a terminal can show it: whoever added the file chose its name."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape", "backslashreplace").decode() for sign in name)
