"""Shows a judgement on one screen: what was asked, what was decided, and every number it rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from complement.core.purpose import METRIC_NAMES
from complement.core.verdict import Effect, Judgement, Leak, SliceEffect, Verdict, Worth

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console, RenderableType

WIDTH = 80  # a screen that fits into a mail and beside an editor
QUESTIONS = {
    "in-hand": "With these real data, does this generator help this learner?",
    "artifact": "Does this delivered file help the model that is shipped?",
    "recipe": "Would this generator help on other data like these?",
    "substitute": "Can the synthetic data stand in for the real data?",
}
SIDE_BY_SIDE = 4  # records that fit beside each other into a screen
COLOURS = {
    "HELPS": "bold green",
    "SUBSTITUTES": "bold green",
    "HURTS": "bold red",
    "FALLS SHORT": "bold red",
    "MIXED": "bold yellow",
    "NO DIFFERENCE": "bold cyan",
    "INCONCLUSIVE": "bold yellow",
}
SPENT = {"seconds": "{} seconds", "cpu_seconds": "{} of processor time"}  # the pilot's share is in the JSON
YELLOW = dict.fromkeys(("does better", "not separated", "not shown"), "yellow")
OUTCOMES = {"passed": "green", "beaten": "green", "failed": "red", **YELLOW}


# Intervals are symmetric and may reach beyond what a metric can be; its own value is printed within (low, high).
def show(judgement: Judgement, console: Console, *, told: Collection[str] = ()) -> None:
    """Print a judgement. Colour only where the console has it; nothing is said by colour alone.

    A note on the data that holds for several learners is printed once; on a terminal none that was `told` there before.
    """
    with console.capture() as held:
        for part in _screen(judgement, set(told) if console.is_terminal else set()):
            console.print(part)
    for line in held.get().splitlines():  # tables fill their lines with blanks, which nobody wants in a file or a mail
        console.file.write(line.rstrip() + "\n")


@dataclass(frozen=True)
class _Digits:
    """Numbers with as many digits after the point as the margin makes worth reading: two more than its size."""

    after: int

    @staticmethod
    def of(margin: float) -> _Digits:
        size = floor(log10(margin)) if margin > 0 and isfinite(margin) else -3
        return _Digits(min(8, max(0, 1 - size)))

    def plain(self, value: float) -> str:
        return f"{value:,.{self.after}f}" if isfinite(value) else "not known"

    def signed(self, value: float) -> str:
        return f"{value:+,.{self.after}f}" if isfinite(value) else "not known"

    def interval(self, effect: Effect) -> str:
        if not (isfinite(effect.low) and isfinite(effect.high)):
            return ""
        return f"[{self.signed(effect.low)}, {self.signed(effect.high)}]"


def _screen(judgement: Judgement, told: set[str]) -> Iterable[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text.assemble((judgement.question, "bold"), f": {QUESTIONS[judgement.question]}")
    if not judgement.verified:
        yield Text("Unverified: the maker of the file may have seen the records that it is judged on.", style="yellow")
    cautioned: set[str] = set()
    for verdict in judgement.verdicts:
        yield Text("")
        state = (f" {verdict.state} ", f"{COLOURS[verdict.state]} reverse")
        yield Text.assemble(state, " ", (verdict.learner, "bold"), (f"  {verdict.code}", "dim"))
        cautions = [note for note in verdict.cautions if note not in cautioned]
        yield Padding(Text(verdict.headline), (0, 0, 0 if cautions else 1, 1), expand=False)
        for number, note in enumerate(cautions, 1):
            yield Padding(Text(f"note: {note}", style="yellow"), (0, 0, int(number == len(cautions)), 1), expand=False)
        cautioned.update(cautions)
        for part in (*_numbers(verdict), *_notes(note for note in verdict.notes if note not in told)):
            yield Padding(part, (0, 0, 0, 1), expand=False)
        told.update(verdict.notes)
    every = (*judgement.leaks, *(leak for verdict in judgement.verdicts for leak in verdict.leaks))
    found = {(leak.code, leak.note): leak for leak in every}
    if found:
        yield Text("")
        yield from _leaks(found.values())
    if judgement.spent:
        yield Text("")
        yield Text("spent: " + _spent(judgement.spent), style="dim")


def _numbers(verdict: Verdict) -> Iterable[RenderableType]:
    digits = _Digits.of(verdict.margin)
    effect, base = verdict.effect, verdict.baseline
    metric = METRIC_NAMES.get(verdict.metric, verdict.metric)
    units = f"{metric}, {effect.n:,} units, + better"
    rows = [
        _Row("effect", digits.signed(effect.value), digits.interval(effect), units),
        _Row("real only", digits.plain(base.value), _within(digits, base), f"{metric}, nothing synthetic"),
        _Row("margin", digits.plain(verdict.margin), "", "smallest change that matters"),
        _Row("weight", f"{verdict.weight:.2f}", "", _weights(verdict)),
        _Row("detectable effect", digits.plain(verdict.detectable_effect), "", _settle(verdict)),
        _worth(verdict.real_rows_equivalent),
    ]
    yield from _block("", rows)
    rivals = [_row(digits, one.name, one.effect, one.outcome, one.note) for one in verdict.comparisons]
    yield from _block("Against what costs nothing (real records only; + synthetic does better)", rivals)
    guards = [
        _row(_Digits.of(one.margin or verdict.margin), METRIC_NAMES.get(one.name, one.name), one.effect, one.outcome, one.note)
        for one in verdict.guards
    ]
    yield from _block("Must not be harmed", guards)
    slices = [_row(digits, one.name, one.effect, _found(one), one.note) for one in verdict.slices]
    yield from _block("Slices (exploratory)", slices)


@dataclass(frozen=True)
class _Row:
    """One line of a table: a name, a number, its interval, what it means, and a remark below it."""

    name: str
    value: str
    interval: str
    word: str
    note: str = ""


def _row(digits: _Digits, name: str, effect: Effect | None, word: str, note: str) -> _Row:
    if effect is None:
        return _Row(name, "", "", word, note)
    return _Row(name, digits.signed(effect.value), digits.interval(effect), word, note)


def _found(part: SliceEffect) -> str:
    if part.effect is None:
        return "not applicable"
    return "found" if part.found else "not found"


def _block(title: str, rows: list[_Row]) -> Iterable[RenderableType]:
    """A table of what has numbers; what does not apply follows in a sentence, so that it takes no lines of its own."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    if title:
        yield Text(f"\n{title}", style="bold")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(max_width=24, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    left_out = [row for row in rows if row.word == "not applicable"]
    shown = [row for row in rows if row.word != "not applicable"]
    for row in shown:
        meaning = Text(row.word, style=OUTCOMES.get(row.word, ""))
        table.add_row(Text(row.name), Text(row.value), Text(row.interval, style="dim"), meaning)
    if shown:
        yield table
    for row in shown:
        if row.note:
            yield Text(f"{row.name}: {row.note}", style="dim")
    if left_out:
        yield Text(
            "not applicable: " + "; ".join(f"{row.name} ({row.note})" if row.note else row.name for row in left_out), style="dim"
        )


def _notes(notes: Iterable[str]) -> Iterable[RenderableType]:
    from rich.text import Text

    for number, note in enumerate(notes):
        yield Text(("\n" if number == 0 else "") + f"note: {note}")


def _within(digits: _Digits, effect: Effect) -> str:
    if not (isfinite(effect.low) and isfinite(effect.high)):
        return ""
    return f"[{digits.plain(effect.low)}, {digits.plain(effect.high)}]"


def _weights(verdict: Verdict) -> str:
    chosen = sorted(set(verdict.weights))
    over = f"; median of {len(verdict.weights)} folds, {chosen[0]:g} to {chosen[-1]:g}" if len(chosen) > 1 else ""
    return f"share of the training mass{over}"


def _settle(verdict: Verdict) -> str:
    if verdict.state != "INCONCLUSIVE":
        return "what this trial could find"
    if verdict.code == "too-few-positives":
        return "30 units of the rarest class are needed first"
    if verdict.code == "too-few-units":
        return "30 units are needed first"
    if verdict.units_to_settle is None:
        return "no number of units would show twice the margin"
    if verdict.units_to_settle <= verdict.effect.n:
        return "enough units: it lies too near the margin"
    return f"about {verdict.units_to_settle:,} units would show twice the margin"


def _worth(worth: Worth) -> _Row:
    name = "worth about"
    if worth.value is None:
        return _Row(name, "", "", "not applicable", worth.note or "not estimated")
    high = "unbounded" if worth.high is None else f"{worth.high:,.0f}"
    interval = "" if worth.low is None else f"[{worth.low:,.0f}, {high}]"
    saved = "" if worth.saved is None else f", saves {worth.saved:,.2f}"
    return _Row(name, f"{worth.value:,.0f}", interval, f"real records, {worth.method}{saved}", worth.note)


def _leaks(leaks: Iterable[Leak]) -> Iterable[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text("Leaks", style="bold")
    for leak in leaks:
        colour = "red" if leak.severity == "error" else "yellow"
        yield Padding(Text.assemble((f"{leak.severity} ", colour), f"{leak.code}: {leak.note}"), (0, 0, 0, 1), expand=False)


def _spent(spent: Mapping[str, object]) -> str:
    plain = {name: value for name, value in spent.items() if isinstance(value, int | float | str) and name != "pilot_cpu_seconds"}
    told = [SPENT[name].format(_amount(plain.pop(name))) for name in SPENT if name in plain]
    return ", ".join([*told, *(f"{name.replace('_', ' ')} {_amount(value)}" for name, value in plain.items())])


def _amount(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 10 else f"{value:,.2g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show_records(records: pa.Table, console: Console) -> None:
    """Print a few records, four side by side, one line per column: a table has more columns than a screen."""
    for start in range(0, records.num_rows, SIDE_BY_SIDE):
        if start:
            console.print()
        _show_few(records.slice(start, SIDE_BY_SIDE), start, console)


def _show_few(records: pa.Table, start: int, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = records.to_pylist()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("column", min_width=16, max_width=24, overflow="fold")
    for number in range(len(rows)):
        table.add_column(str(start + number + 1), overflow="ellipsis", max_width=12, no_wrap=True)
    for name in records.column_names:
        table.add_row(Text(name), *(Text(_cell(row[name])) for row in rows))
    console.print(table)


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
