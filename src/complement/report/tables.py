"""Tables and sections of the page: headings in order, cells with a scope, and what was not measured in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complement.report.html import Html, el, join


@dataclass(frozen=True)
class Section:
    """One section: its anchor, its heading, what stands in it; `missing` instead, where nothing was measured."""

    anchor: str
    heading: str
    body: Html | None
    missing: str = ""

    def html(self) -> Html | None:
        """The section; None where it is left out altogether."""
        if self.body is None and not self.missing:
            return None
        inner = self.body if self.body is not None else el("p", self.missing, class_="missing")
        absent = "absent" if self.body is None else None
        return el("section", el("h2", self.heading, id=self.anchor), inner, class_=absent, aria_labelledby=self.anchor)


def table(caption: str, head: Sequence[object], rows: Sequence[Sequence[object]], *, numeric: Sequence[int] = ()) -> Html:
    """A table whose first column names its rows. `numeric`: places of the columns of numbers. It scrolls in itself if wide."""
    classes = ["num" if place in numeric else None for place in range(len(head))]
    top = el("tr", [el("th", name, scope="col", class_=one) for name, one in zip(head, classes, strict=True)])
    lines = [el("tr", [_cell(cell, place, class_=classes[place]) for place, cell in enumerate(row)]) for row in rows]
    whole = el("table", el("caption", caption), el("thead", top), el("tbody", lines))
    return el("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def stacked(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]], *, numeric: Sequence[int] = ()) -> Html:
    """A table that a phone shows row under row, each number beside what it is; the roles keep it a table there, too."""
    classes = ["num" if place in numeric else None for place in range(len(head))]
    named = [el("th", name, scope="col", role="columnheader", class_=one) for name, one in zip(head, classes, strict=True)]
    lines = [el("tr", _stacked_cells(head, row, classes), role="row") for row in rows]
    top = el("thead", el("tr", named, role="row"), role="rowgroup")
    return el("table", el("caption", caption), top, el("tbody", lines, role="rowgroup"), class_="stacked", role="table")


def folded(summary: str, *body: object) -> Html:
    """What most readers do not need, one key press away."""
    return el("details", el("summary", summary), *body)


def note(*text: object) -> Html:
    """A remark under a chart."""
    return el("p", *text, class_="note")


def card(heading: object, *body: object) -> Html:
    """A chart with a heading of its own."""
    return el("article", el("h3", heading), *body, class_="card")


def grid(cards: Sequence[Html]) -> Html:
    """Cards beside each other where there is room."""
    return el("div", join(cards), class_="grid")


def _stacked_cells(head: Sequence[str], row: Sequence[object], classes: Sequence[str | None]) -> list[Html]:
    """Empty cells are marked, so that a phone need not show them."""
    cells = [el("th", row[0], scope="row", role="rowheader")]
    for name, cell, class_ in zip(head[1:], row[1:], classes[1:], strict=True):
        names = " ".join(part for part in (class_, "empty" if cell == "" else None) if part)
        cells.append(el("td", cell, role="cell", class_=names or None, data_label=name))
    return cells


def _cell(cell: object, place: int, *, class_: str | None) -> Html:
    return el("th", cell, scope="row", class_=class_) if place == 0 else el("td", cell, class_=class_)
