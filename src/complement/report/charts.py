"""Charts as SVG inside the page: drawn once, here, so that they need no program where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from complement.report.figures import Span
from complement.report.html import Html, el, join, plain
from complement.report.marks import DASHES, SHAPES, dashed, key, legend, mark
from complement.report.scale import Scale, round_step, spanning, tick_text

WIDE, HIGH = 360, 240  # of a chart in its own units: the width of a phone, so that its text is as large as the page's
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 26, 40
STEP = 22  # height of a row of bars
ENDS = 40  # the ends of a histogram are rounded to such a part of its range
ASIDE = 4  # between the series at one place, so that no interval hides another


@dataclass(frozen=True)
class Point:
    """A value over a place, with its interval where one is known, and whether an alarm stands at it."""

    x: float
    span: Span
    alarm: bool = False


@dataclass(frozen=True)
class Series:
    """Points that belong together, under one name; `style` chooses mark, dash and colour."""

    name: str
    points: Sequence[Point]
    style: int = 0

    @property
    def shape(self) -> str:
        return SHAPES[self.style % len(SHAPES)]

    @property
    def class_(self) -> str:
        return f"c{self.style % 5}"

    @property
    def dash(self) -> str | None:
        return DASHES[self.style % len(DASHES)]


@dataclass(frozen=True)
class Axes:
    """What a chart of lines is about: what it shows in a sentence, both axes, and level lines to compare with."""

    told: str
    x: str
    y: str
    levels: Sequence[tuple[float, str]] = ()
    x_ticks: Sequence[float] = ()


def interval(span: Span, scale: Scale, *, outcome: str, band: float | None = None) -> Html:
    """One line of a forest plot: zero, the margin's band, the interval, and a mark whose shape is the outcome's."""
    shape = {"good": "diamond", "bad": "cross"}.get(outcome, "circle")
    parts: list[Html | None] = []
    if band is not None:
        left, right = scale(-band), scale(band)
        parts.append(el("rect", x=f"{left}%", y=0, width=f"{round(right - left, 2)}%", height="100%", class_="band"))
    parts.append(el("line", x1=f"{scale(0)}%", x2=f"{scale(0)}%", y1=0, y2="100%", class_="zero"))
    outside = all(one is not None and scale.clips(one) for one in (span.value, span.low, span.high))
    if span.low is not None and span.high is not None and not outside:
        ends = (f"{scale(span.low)}%", f"{scale(span.high)}%")
        parts.append(el("line", x1=ends[0], x2=ends[1], y1="50%", y2="50%", class_=f"whisker {outcome}"))
        for value, end, path in zip((span.low, span.high), ends, ("M6-5L0 0L6 5", "M-6-5L0 0L-6 5"), strict=True):
            stop = path if scale.clips(value) else "M0-4V4"
            parts.append(el("svg", el("path", d=stop, class_=f"whisker {outcome}"), x=end, y="50%", overflow="visible"))
    if span.value is not None and scale.clips(span.value):  # its interval may still begin inside
        beyond = "M0-5L6 0L0 5Z" if span.value > 0 else "M0-5L-6 0L0 5Z"
        parts.append(
            el("svg", el("path", d=beyond, class_=f"mark {outcome}"), x=f"{scale(span.value)}%", y="50%", overflow="visible")
        )
    elif span.value is not None:
        parts.append(mark(shape, f"{scale(span.value)}%", "50%", class_=outcome, hollow=shape == "circle"))
    return _line_of(parts)


def lines(series: Sequence[Series], axes: Axes) -> Html:
    """Values over places, with intervals; a mark and a dash of its own for each series."""
    every = [point for one in series for point in one.points]
    xs = [point.x for point in every]
    ys = [v for p in every for v in (p.span.value, p.span.low, p.span.high)] + [level for level, _ in axes.levels]
    across = spanning(xs, LEFT, WIDE - RIGHT)
    up = spanning(ys, HIGH - BOTTOM, TOP)
    drawn: list[object] = [_frame(across, up, axes)]
    drawn += [el("line", x1=LEFT, x2=WIDE - RIGHT, y1=up(level), y2=up(level), class_="level") for level, _ in axes.levels]
    middle = (len(series) - 1) / 2
    drawn += [_drawn(one, across, up, aside=ASIDE * (place - middle)) for place, one in enumerate(series)]
    chart = _image(axes.told, WIDE, HIGH, drawn, "lines")
    named = [(key(one.shape, one.class_, dash=one.dash), one.name) for one in series]
    levels = [(dashed(), name) for _, name in axes.levels]
    return join(chart, legend(*named, *levels) if len(series) > 1 or levels else None)


def histogram(told: str, edges: Sequence[float], real: Sequence[float], made: Sequence[float]) -> Html:
    """Two distributions over the same bins: real ones filled, synthetic ones as a stepped line.

    Edges may be values of real records, so that places are whole pixels and the ends round numbers: nobody reads a value off.
    """
    step = round_step((edges[-1] - edges[0]) / ENDS)
    across = Scale(step * floor(edges[0] / step), step * ceil(edges[-1] / step), 6, WIDE - 6)
    base, top = 104, max([*real, *made, 1e-12])
    up = Scale(0, top, base, 6)
    places = [round(across(edge)) for edge in edges]
    bars: list[Html] = []
    path = f"M{places[0]} {base}"
    for left, right, one, other in zip(places[:-1], places[1:], real, made, strict=True):
        bars.append(el("rect", x=left, y=up(one), width=max(1, right - left), height=round(base - up(one), 2), class_="real"))
        path += f"V{up(other)}H{right}"
    ticks = across.ticks(3)
    drawn = [
        bars,
        el("path", d=f"{path}V{base}", class_="line made", fill="none"),
        el("line", x1=6, x2=WIDE - 6, y1=base, y2=base, class_="axis"),
        [_tick(across(tick), base + 16, tick_text(tick, ticks)) for tick in ticks],
    ]
    return _image(told, WIDE, 124, drawn, "histogram")


def paired(told: str, rows: Sequence[tuple[str, float, float]]) -> Html:
    """A bar for each category's real share, a diamond at its synthetic share."""
    most = max([share for _, *both in rows for share in both] + [1e-12])
    across = Scale(0, most, 130, WIDE - 12)
    drawn: list[Html] = []
    for place, (name, real, made) in enumerate(rows):
        middle = STEP * place + STEP / 2
        drawn.append(el("text", plain(name, 18), x=122, y=middle + 4, text_anchor="end"))
        bar = round(max(0.5, across(real) - 130), 2)
        drawn.append(el("rect", x=130, y=middle - 6, width=bar, height=12, class_="real"))
        drawn.append(mark("diamond", across(made), middle, class_="made"))
    return _image(told, WIDE, STEP * len(rows), drawn, "paired")


def heat(told: str, names: Sequence[str], apart: Sequence[Sequence[float | None]], most: float) -> Html:
    """How far each pair of columns is off: a larger square is farther; filled: stronger among synthetic ones, hollow: weaker."""
    label = 128  # room for the longest name that is written
    size = (WIDE - label) / max(1, len(names))
    drawn: list[Html] = []
    for row, name in enumerate(names):
        middle = round(row * size + size / 2, 2)
        drawn.append(el("text", plain(name, 15), x=label - 6, y=middle + 4, text_anchor="end", class_="small"))
        drawn.append(el("text", plain(name, 15), x=round(label + row * size + 3, 2), y=middle + 4, class_="small faint"))
        for column in range(row):
            value = apart[row][column]
            x, y = round(label + column * size, 2), round(row * size, 2)
            drawn.append(el("rect", x=x, y=y, width=round(size, 2), height=round(size, 2), class_="cell"))
            if value is None or not most:
                continue
            side = round((size - 3) * min(1.0, abs(value) / most) ** 0.5, 2)
            inset = (size - side) / 2
            kind = "more" if value >= 0 else "less"
            drawn.append(el("rect", x=round(x + inset, 2), y=round(y + inset, 2), width=side, height=side, class_=kind))
    return _image(told, WIDE, int(size * len(names)) + 2, drawn, "heat")


def bar(share: float, *, class_: str = "made") -> Html:
    """A bar from 0 to 1 in a table's cell."""
    width = f"{round(100 * min(1.0, max(0.0, share)), 2)}%"
    ground = el("rect", x=0, y=5, width="100%", height=14, class_="ground")
    drawn = el("rect", x=0, y=5, width=width, height=14, class_=class_)
    return el("svg", ground, drawn, class_="row", width="100%", height=24, aria_hidden="true", data_chart="bar")


def _line_of(parts: Sequence[Html | None]) -> Html:
    return el("svg", parts, class_="row", width="100%", height=26, aria_hidden="true", data_chart="interval")


def _drawn(one: Series, across: Scale, up: Scale, *, aside: float) -> list[Html]:
    known = [(round(across(p.x) + aside, 2), up(p.span.value), p) for p in one.points if p.span.value is not None]
    drawn: list[Html] = []
    if len(known) > 1:
        path = " ".join(f"{x},{y}" for x, y, _ in known)
        drawn.append(el("polyline", points=path, class_=f"line {one.class_}", stroke_dasharray=one.dash))
    for x, y, point in known:
        low, high = point.span.low, point.span.high
        if low is not None and high is not None:
            drawn.append(el("line", x1=x, x2=x, y1=up(low), y2=up(high), class_=f"whisker {one.class_}"))
        if point.alarm:
            drawn.append(el("circle", cx=x, cy=y, r=10, class_="alarm"))
        drawn.append(mark(one.shape, x, y, class_=one.class_))
    return drawn


def _frame(across: Scale, up: Scale, axes: Axes) -> Html:
    bottom, ticks = HIGH - BOTTOM, up.ticks(5)
    places = list(axes.x_ticks) or across.ticks(5)
    lines_ = [el("line", x1=LEFT, x2=WIDE - RIGHT, y1=up(tick), y2=up(tick), class_="grid") for tick in ticks]
    beside = [el("text", tick_text(tick, ticks), x=LEFT - 6, y=up(tick) + 4, text_anchor="end") for tick in ticks]
    below = [_tick(across(tick), bottom + 16, tick_text(tick, places)) for tick in places]
    named = [
        el("text", axes.x, x=(LEFT + WIDE - RIGHT) / 2, y=HIGH - 6, text_anchor="middle", class_="small"),
        el("text", axes.y, x=4, y=TOP - 14, class_="small"),
    ]
    return join(lines_, el("line", x1=LEFT, x2=WIDE - RIGHT, y1=bottom, y2=bottom, class_="axis"), beside, below, named)


def _tick(x: float, y: float, text: str) -> Html:
    return el("text", text, x=min(WIDE - 14, max(14, x)), y=y, text_anchor="middle")


def _image(told: str, wide: int, high: int, drawn: object, kind: str) -> Html:
    return el("svg", drawn, class_="chart", viewBox=f"0 0 {wide} {high}", role="img", aria_label=told, data_chart=kind)
