"""Shows a judgement on one screen: what was asked, what was decided, and every number it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from complement.core.verdict import Effect, Judgement, Leak, Verdict, Worth

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
COLOURS = {
    "HELPS": "bold green",
    "SUBSTITUTES": "bold green",
    "HURTS": "bold red",
    "FALLS SHORT": "bold red",
    "MIXED": "bold yellow",
    "NO DIFFERENCE": "bold cyan",
    "INCONCLUSIVE": "bold yellow",
}
OUTCOMES = {"passed": "green", "beaten": "green", "failed": "red", "does as well": "yellow", "not shown": "yellow"}


def show(judgement: Judgement, console: Console) -> None:
    """Print a judgement. Colour only where the console has it; nothing is said by colour alone."""
    for part in _screen(judgement):
        console.print(part)


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


def _screen(judgement: Judgement) -> Iterable[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text.assemble((judgement.question, "bold"), f": {QUESTIONS[judgement.question]}")
    if not judgement.verified:
        yield Text("Unverified: the maker of the file may have seen the records that it is judged on.", style="yellow")
    for verdict in judgement.verdicts:
        yield Text("")
        yield Text.assemble(
            (f" {verdict.state} ", f"{COLOURS[verdict.state]} reverse"), " ", (verdict.learner, "bold"), f"  ({verdict.code})"
        )
        yield Padding(Text(verdict.headline), (0, 0, 0, 1))
        yield Text("")
        for part in _numbers(verdict):
            yield Padding(part, (0, 0, 0, 1))
    found = {(leak.code, leak.note): leak for leak in (*judgement.leaks, *(leak for v in judgement.verdicts for leak in v.leaks))}
    if found:
        yield Text("")
        yield from _leaks(found.values())
    if judgement.spent:
        yield Text("")
        yield Text("spent: " + _spent(judgement.spent), style="dim")


def _numbers(verdict: Verdict) -> Iterable[RenderableType]:
    from rich.text import Text

    digits = _Digits.of(verdict.margin)
    effect, base = verdict.effect, verdict.baseline
    rows = [
        ("effect", digits.signed(effect.value), digits.interval(effect), f"{verdict.metric}, + is better; {effect.n:,} units"),
        ("real only", digits.plain(base.value), _plain_interval(digits, base), f"{verdict.metric} without synthetic records"),
        ("margin", digits.plain(verdict.margin), "", "the smallest change that matters"),
        ("weight", f"{verdict.weight:.2f}", "", _weights(verdict)),
        ("detectable", digits.plain(verdict.detectable_effect), "", _settle(verdict)),
        ("worth about", *_worth(verdict.real_rows_equivalent)),
    ]
    yield _table(rows)
    if verdict.comparisons:
        yield Text("\nAgainst what costs nothing (real records only)", style="bold")
        yield _table(
            (one.name, digits.signed(one.effect.value), digits.interval(one.effect), _verdictlet(one.outcome, one.note))
            if one.effect
            else (one.name, "", "", _verdictlet(one.outcome, one.note))
            for one in verdict.comparisons
        )
    if verdict.guards:
        yield Text("\nMust not be harmed", style="bold")
        yield _table(_guards(verdict))
    if verdict.slices:
        yield Text("\nSlices (exploratory)", style="bold")
        yield _table(
            (
                one.name,
                digits.signed(one.effect.value),
                digits.interval(one.effect),
                one.note or ("found" if one.found else "not found"),
            )
            if one.effect
            else (one.name, "", "", one.note or "too small")
            for one in verdict.slices
        )
    for note in verdict.notes:
        yield Text(f"\nnote: {note}")


def _guards(verdict: Verdict) -> Iterable[tuple[str, ...]]:
    for guard in verdict.guards:
        if guard.effect is None:
            yield guard.name, "", "", _verdictlet(guard.outcome, guard.note)
        else:
            digits = _Digits.of(guard.margin or verdict.margin)
            yield (
                guard.name,
                digits.signed(guard.effect.value),
                digits.interval(guard.effect),
                _verdictlet(guard.outcome, guard.note),
            )


def _table(rows: Iterable[tuple[str, ...]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=20, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, interval, note in rows:
        style = next((colour for word, colour in OUTCOMES.items() if note.startswith(word)), "")
        table.add_row(Text(name), Text(value), Text(interval, style="dim"), Text(note, style=style))
    return table


def _plain_interval(digits: _Digits, effect: Effect) -> str:
    if not (isfinite(effect.low) and isfinite(effect.high)):
        return ""
    return f"[{digits.plain(effect.low)}, {digits.plain(effect.high)}]"


def _verdictlet(outcome: str, note: str) -> str:
    return f"{outcome}: {note}" if note else outcome


def _weights(verdict: Verdict) -> str:
    chosen = sorted(set(verdict.weights))
    if len(chosen) <= 1:
        return "of the training weight is synthetic"
    return f"of the training weight; {chosen[0]:g} to {chosen[-1]:g} over the folds"


def _settle(verdict: Verdict) -> str:
    words = "the smallest effect that this trial could find"
    if verdict.state != "INCONCLUSIVE":
        return words
    if verdict.units_to_settle is None:
        return f"{words}; more records would not settle it"
    return f"{words}; about {verdict.units_to_settle:,} units would settle it"


def _worth(worth: Worth) -> tuple[str, str, str]:
    if worth.value is None:
        return "", "", worth.note or "not estimated"
    high = "unbounded" if worth.high is None else f"{worth.high:,.0f}"
    interval = "" if worth.low is None else f"[{worth.low:,.0f}, {high}]"
    saved = "" if worth.saved is None else f"; saves {worth.saved:,.2f}"
    return f"{worth.value:,.0f}", interval, f"real records, {worth.method}{saved}" + (f"; {worth.note}" if worth.note else "")


def _leaks(leaks: Iterable[Leak]) -> Iterable[RenderableType]:
    from rich.text import Text

    yield Text("Leaks", style="bold")
    for leak in leaks:
        colour = "red" if leak.severity == "error" else "yellow"
        yield Text.assemble((f" {leak.severity} ", colour), f"{leak.code}: {leak.note}")


def _spent(spent: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_amount(value)}" for name, value in spent.items())


def _amount(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 10 else f"{value:,.2g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show_records(records: pa.Table, console: Console) -> None:
    """Print a few records side by side, one line per column: a table has more columns than a screen."""
    from rich.table import Table
    from rich.text import Text

    rows = records.to_pylist()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("column", overflow="fold")
    for number in range(len(rows)):
        table.add_column(str(number + 1), overflow="ellipsis", max_width=16, no_wrap=True)
    for name in records.column_names:
        table.add_row(Text(name), *(Text(_cell(row[name])) for row in rows))
    console.print(table)


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
