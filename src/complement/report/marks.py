"""Marks: the shapes that stand for a value. A difference that matters is a difference of shape, colour only repeats it."""

from __future__ import annotations

from complement.report.html import Html, el, join

SHAPES = ("diamond", "circle", "square", "triangle", "cross")
DASHES = (None, "7 4", "2 3", "9 3 2 3", "12 4")
_PATHS = {
    "diamond": "M0-6L6 0L0 6L-6 0Z",
    "circle": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",
    "square": "M-4.5-4.5H4.5V4.5H-4.5Z",
    "triangle": "M0-6L5.5 4.5H-5.5Z",
    "cross": "M-5-5L5 5M-5 5L5-5",
    "down": "M0 6L5.5-4.5H-5.5Z",
}


def mark(shape: str, x: object, y: object, *, class_: str = "", hollow: bool = False) -> Html:
    """A shape around a point; `x` and `y` are pixels or per cent ("40%")."""
    names = " ".join(part for part in ("mark", class_, "hollow" if hollow or shape == "cross" else "") if part)
    return el("svg", el("path", d=_PATHS[shape], class_=names), x=x, y=y, overflow="visible")


def key(shape: str, class_: str, *, dash: str | None = None, hollow: bool = False, line: bool = True) -> Html:
    """A mark beside its name in a legend."""
    drawn = el("line", x1=1, y1=9, x2=31, y2=9, class_=f"line {class_}", stroke_dasharray=dash) if line else None
    shown = mark(shape, 16, 9, class_=class_, hollow=hollow)
    return el("svg", drawn, shown, class_="key", viewBox="0 0 32 18", width=32, height=18, aria_hidden="true")


def swatch(class_: str) -> Html:
    """A filled box beside its name in a legend."""
    box = el("rect", x=8, y=3, width=16, height=12, class_=class_)
    return el("svg", box, class_="key", viewBox="0 0 32 18", width=32, height=18, aria_hidden="true")


def dashed() -> Html:
    """A level line beside its name in a legend."""
    drawn = el("line", x1=1, y1=9, x2=31, y2=9, class_="level")
    return el("svg", drawn, class_="key", viewBox="0 0 32 18", width=32, height=18, aria_hidden="true")


def legend(*entries: tuple[Html, str]) -> Html:
    """What each shape of a chart stands for."""
    return el("ul", [el("li", join(sign, " "), name) for sign, name in entries], class_="legend")
