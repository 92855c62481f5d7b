"""The frame of the command line: the group of commands, what they have in common, errors and exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click

from complement import __version__
from complement.core.errors import ComplementError, UsageError

if TYPE_CHECKING:
    from complement.engine.shards import Engine

Command = TypeVar("Command", bound=Callable[..., Any])
CLUSTER = "complement.cluster"  # where the address stands in click's context
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
QUESTIONS = ("in-hand", "artifact", "recipe", "substitute")
FORMATS = ("csv", "tsv", "jsonl", "parquet", "feather")
FORCE = click.option("--force", is_flag=True, help="Replace a file that is there; never one that is read.")
QUIET = click.option("--quiet", is_flag=True, help="No progress on stderr.")


class House(click.Group):
    """The commands, with errors as one screen or one JSON object, and the exit codes 0, 1, 2, 3 and 130."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **extra: Any) -> Any:
        extra.pop("standalone_mode", None)
        given = list(sys.argv[1:] if args is None else args)
        given = given or ["--help"]  # a bare `complement` is a question, not a mistake
        before = given[: given.index("--")] if "--" in given else given
        as_json, debug = "--json" in before, "--debug" in before
        try:
            result = super().main(given, "complement", standalone_mode=False, **extra)
            code = result if isinstance(result, int) else 0
        except ComplementError as error:
            if debug:
                raise
            code = complain(error, as_json)
        except click.UsageError as error:
            code = complain(_usage(error), as_json)
        except (KeyboardInterrupt, click.Abort):
            if debug:
                raise
            code = _interrupted(as_json)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        sys.exit(code)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            close = get_close_matches(args[0], names, n=1, cutoff=0.5)
            help = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(names)}."
            raise UsageError("usage", f"There is no command '{args[0]}'.", help=help)
        return super().resolve_command(ctx, args)


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="complement %(version)s")
def main() -> None:
    """Synthetic training data that is proved to help.

    Exit codes: 0 done; 1 a gate of the recipe did not hold; 2 recipe or usage; 3 environment; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a sign shows another one
            stream.reconfigure(errors="replace")


def common(command: Command) -> Command:
    command = click.option("--debug", is_flag=True, help="Show the traceback of an error.")(command)
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, errors too.")(command)


def where_it_runs(command: Command) -> Command:
    kinds = click.Choice(["inline", "process", "ray"])
    command = QUIET(command)
    # Kept aside, so that a command need not pass on what only one engine knows: `engine_of` finds it.
    command = click.option(
        "--cluster",
        metavar="ADDRESS",
        expose_value=False,
        callback=lambda ctx, _, value: ctx.meta.update({CLUSTER: value}),
        help="Ray cluster for --engine ray: HOST:PORT or auto.  [default: RAY_ADDRESS, else one on this machine]",
    )(command)
    command = click.option(
        "--workers", type=click.IntRange(min=0), default=0, help="How many at once; 0: one per core, of the cluster for ray."
    )(command)
    return click.option("--engine", type=kinds, default="process", show_default=True, help="Where shards run.")(command)


def engine_of(where: str, workers: int) -> Engine:
    """The engine that the options ask for; a cluster that it starts lasts until the command ends."""
    from complement.engine.shards import Engine, lasting

    context = click.get_current_context()
    address = context.meta.get(CLUSTER)
    if where != "ray" and address is not None:
        raise UsageError("usage", f"--cluster is for --engine ray, and the engine is {where}.", help="Add: --engine ray")
    if where == "inline":
        return Engine()
    engine = Engine("process", workers) if where == "process" else Engine("ray", workers, address)
    context.with_resource(lasting(engine))
    return engine


def given_only(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {name: value for name, value in given.items() if value is not None and value != ()}


def console() -> Any:
    from rich.console import Console

    from complement.show import WIDTH

    # Sent to a file it has the same width as on a screen, so that what was kept looks like what was seen.
    found = Console()
    return Console(width=min(found.width, WIDTH) if found.is_terminal else WIDTH, highlight=False)


def _usage(error: click.UsageError) -> UsageError:
    met = error.format_message()
    possible = getattr(error, "possibilities", None) or []
    if isinstance(error, click.NoSuchOption):
        options = [name for parameter in error.ctx.command.params for name in parameter.opts] if error.ctx else []
        close = get_close_matches(error.option_name, [*possible, *options], n=1, cutoff=0.5)
        met = f"There is no option '{error.option_name}'."
        if close:
            return UsageError("usage", met, help=f"Did you mean '{close[0]}'?")
    path = error.ctx.command_path if error.ctx else "complement"
    return UsageError("usage", met, help=f"See: {path} --help")


def complain(error: ComplementError, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": error.as_json()}, ensure_ascii=False))
        return error.exit_code
    colour = not os.environ.get("NO_COLOR")
    label = click.style(f"error[{error.code}]", fg="red", bold=True) if colour else f"error[{error.code}]"
    click.echo(f"{label}: {error.met}", err=True)
    for name, text in (("where", error.where), ("help", error.help)):
        if text:
            click.echo(f"{name:>{len('error') + 1}}: {text}", err=True)
    return error.exit_code


def _interrupted(as_json: bool) -> int:
    error = ComplementError(
        "interrupted", "Interrupted.", help="A run's folder keeps what is finished; the same command goes on from there."
    )
    complain(error, as_json)
    return INTERRUPTED
