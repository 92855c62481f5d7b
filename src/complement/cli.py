"""The command line: parse, call, print; nothing else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from complement import __version__
from complement.core.errors import ComplementError, GateError, UsageError

if TYPE_CHECKING:
    from complement.engine.shards import Engine

Command = TypeVar("Command", bound=Callable[..., Any])
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
            code = _complain(error, as_json)
        except click.UsageError as error:
            code = _complain(_usage(error), as_json)
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


def _common(command: Command) -> Command:
    command = click.option("--debug", is_flag=True, help="Show the traceback of an error.")(command)
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, errors too.")(command)


def _where_it_runs(command: Command) -> Command:
    kinds = click.Choice(["inline", "process"])
    command = QUIET(command)
    command = click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes; 0: one per core.")(command)
    return click.option("--engine", type=kinds, default="process", show_default=True, help="Where shards run.")(command)


@main.command()
@_common
def schema(as_json: bool, debug: bool) -> None:
    """Print the JSON schema of a recipe, for editors and checkers."""
    from complement.recipe import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=None if as_json else 1, ensure_ascii=False))


@main.command()
@click.argument("data")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--out", type=click.Path(path_type=Path), default="recipe.yaml", show_default=True, help="The recipe to write.")
@FORCE
@_common
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
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write into.  [default: NAME]")
@click.option("--draw", type=click.IntRange(min=0), default=0, help="Draw other records to learn from.  [default: 0]")
@FORCE
@_common
def example(name: str, out: Path | None, draw: int, force: bool, as_json: bool, debug: bool) -> None:
    """Write an example, recipe and real data, into a folder: small-office, plenty, balancing, replace or too-few."""
    from complement.examples import write_example

    recipe = write_example(name, out or Path(name), draw=draw, replace=force)
    click.echo(json.dumps({"schema": 1, "recipe": str(recipe)}) if as_json else f"{recipe}\nNext: complement run {recipe}")


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--rows", type=click.IntRange(1, 1000), default=4, show_default=True, help="Records to show per request.")
@_common
def preview(recipe: Path, rows: int, as_json: bool, debug: bool) -> None:
    """Make and show a few records of RECIPE, now."""
    from complement.make import notes_on
    from complement.recipe import Recipe
    from complement.run import preview

    loaded = Recipe.load(recipe)
    made, notes = preview(loaded, rows=rows), notes_on(loaded.generate.generator)
    if as_json:
        facts = {"schema": 1, "records": made.records.to_pylist(), "notes": notes}
        click.echo(json.dumps(facts, default=str, ensure_ascii=False))
    else:
        from complement.show import show_records

        show_records(made.records, _console())
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
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the ending of --out]")
@FORCE
@QUIET
@_common
def generate(real: str, out: Path, form: str | None, force: bool, quiet: bool, as_json: bool, **given: Any) -> None:
    """Make synthetic records like those of REAL (a data file, or a recipe)."""
    from complement.progress import Teller
    from complement.run import generate_to

    given.pop("debug")
    with Teller(quiet=quiet) as tell:
        facts = generate_to(real, out, form=form, options=_set(given), replace=force, tell=tell)
    told = [f"{facts['out']}: {facts['rows']:,} records by {facts['generator']}", *facts["notes"]]
    click.echo(json.dumps(facts) if as_json else "\n".join(told))


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
@_where_it_runs
@_common
def prove(real: str, synthetic: str | None, engine: str, workers: int, quiet: bool, as_json: bool, **given: Any) -> None:
    """Judge SYNTHETIC, or what a generator makes, on sealed REAL records."""
    from complement.progress import Teller
    from complement.run import prove

    given.pop("debug")
    given["curve"] = False if given.pop("no_curve") else None
    with Teller(quiet=quiet) as tell:
        judgement = prove(real, synthetic, engine=_engine(engine, workers), tell=tell, **_set(given))
    if as_json:
        from complement.runfolder import finite

        click.echo(json.dumps(finite(judgement.as_json()), default=str))
    else:
        from complement.show import show

        show(judgement, _console(), told=tell.told)


@main.command()
@click.argument("real")
@click.argument("synthetic")
@click.option("--holdout", help="Real records that the maker of SYNTHETIC never had: what the attacks need.")
@click.option("--target", help="The column that a model will predict.")
@click.option("--unit", help="Column that says whose records they are: a person with several counts once.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which records large files are cut to.")
@_common
def audit(real: str, synthetic: str, as_json: bool, debug: bool, **given: Any) -> None:
    """Measure what SYNTHETIC gives away of the REAL records that it was made from."""
    from complement.run import audit

    found = audit(real, synthetic, **_set(given))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        from complement.show import show_audit

        show_audit(found, _console())


@main.command()
@click.argument("real")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--how", type=click.Choice(["draw", "centre"]), help="Draws keep distributions; a centre is the best single guess.")
@click.option("--times", type=click.IntRange(min=1), help="So many completed files, numbered: multiple imputation.")
@click.option("--only", multiple=True, help="Fill this column; repeatable.  [default: every column that can be filled]")
@click.option("--leave", multiple=True, help="Leave this column as it is: its missing cells mean something; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same bytes.  [default: 0]")
@FORCE
@_common
def impute(real: str, out: Path, times: int | None, force: bool, as_json: bool, debug: bool, **given: Any) -> None:
    """Fill the missing cells of REAL, and name them record by record in the column _imputed."""
    from complement.run import impute_to

    facts = impute_to(real, out, times=times, replace=force, **_set(given))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        from complement.fill import told

        click.echo(told(facts))


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME beside the recipe]")
@click.option("--resume/--fresh", default=True, help="Go on with what is finished, or start over.  [default: resume]")
@_where_it_runs
@_common
def run(recipe: Path, out: Path | None, resume: bool, engine: str, workers: int, quiet: bool, **given: Any) -> None:
    """Run RECIPE: read, split, prove, make the records, check the gates."""
    from complement.progress import Teller
    from complement.run import check_gates, run

    with Teller(quiet=quiet) as tell:
        done = run(recipe, out=out, fresh=not resume, engine=_engine(engine, workers), tell=tell)
    gate: GateError | None = check_gates(done)
    if given["as_json"]:
        click.echo(json.dumps({**done.as_json(), **({"error": gate.as_json()} if gate else {})}, default=str))
    else:
        from complement.show import show

        show(done.judgement, _console(), told=tell.told)
        click.echo(f"\nrun: {done.folder}" + (f"\nrecords: {done.released}" if done.released else ""))
        click.echo("".join(f"note: {note}\n" for note in done.notes), nl=False)
        if gate:
            _complain(gate, False)
    sys.exit(gate.exit_code if gate else 0)


@main.command()
@_common
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


def _engine(where: str, workers: int) -> Engine:
    from complement.engine.shards import Engine

    return Engine("process", workers) if where == "process" else Engine("inline")


def _set(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {name: value for name, value in given.items() if value is not None and value != ()}


def _console() -> Any:
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


def _complain(error: ComplementError, as_json: bool) -> int:
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
    _complain(error, as_json)
    return INTERRUPTED


if __name__ == "__main__":
    main()
