"""What the verdict rests on: every arm beside real records alone, the weights that were tried, the real-data curve, slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complement.report.charts import Axes, Point, Series, interval, lines
from complement.report.facts import Facts, Node, at, nodes, number, numbers, text, whole
from complement.report.figures import Digits, Span, brief, count
from complement.report.html import Html, el, join, name_of
from complement.report.scale import Scale, tick_text
from complement.report.tables import Section, card, folded, grid, note, table
from complement.report.top import badge, verdicts_in
from complement.report.words import metric_name

TONES = {"passed": "good", "beaten": "good", "found": "good", "failed": "bad", "does better": "bad"}
WIDEST = 12.0  # margins: what lies farther off is drawn at the edge, with an arrow
ROOMY = 1.3
MOST_SLICES = 40  # that are drawn for each learner


def forest(facts: Facts) -> Section:
    """A forest plot for each learner: the effect, the competitors, the guards; each in its own margin."""
    found = verdicts_in(facts)
    if not found:
        return Section("arms", "Against real records alone", None, "No trial was finished: run the recipe again, it goes on.")
    parts = [_forest_of(one, alone=len(found) == 1) for one in found]
    told = note(
        "A line is an effect with its 95 % interval; + (to the right) is better with the synthetic records. It is drawn in ",
        "units of the margin, the smallest change that matters: the grey band reaches from −1 to +1. ◆ beaten or passed, ",
        "✗ does better or failed, ○ not shown.",
    )
    return Section("arms", "Against real records alone, and what costs nothing", join(told, parts))


@dataclass(frozen=True)
class _Line:
    name: object
    span: Span
    unit: float
    word: str
    tone: str
    remark: str = ""
    strong: bool = False


def _forest_of(verdict: Node, *, alone: bool) -> Html:
    margin = number(at(verdict, "margin")) or 1.0
    learner = text(at(verdict, "learner"))
    effect = Span.of(at(verdict, "effect"))
    metric = metric_name(text(at(verdict, "metric")))
    tone = {"HELPS": "good", "SUBSTITUTES": "good", "HURTS": "bad", "FALLS SHORT": "bad"}.get(text(at(verdict, "state")), "open")
    weight = number(at(verdict, "weight"))
    own = _Line(join(metric, ": with synthetic"), effect, margin, text(at(verdict, "state")).lower(), tone, strong=True)
    rivals = [_line(one, margin) for one in nodes(at(verdict, "comparisons"))]
    guards = [_line(one, number(at(one, "margin")) or margin) for one in nodes(at(verdict, "guards"))]
    blocks = (("", [own]), ("Against what costs nothing", rivals), ("Must not be harmed", guards))
    shown = [(title, [line for line in block if line.span.value is not None]) for title, block in blocks]
    scale = _scale([line for _, block in shown for line in block])
    rows = [_row(line, scale) for title, block in shown if block for line in (title, *block)]
    absent = [line for _, block in blocks for line in block if line.span.value is None]
    caption = f"{learner}: effects with intervals" if learner else "Effects with intervals"
    plot = _plot(caption, "Compared", rows, _axis(scale))
    title = None if alone else el("h3", name_of(learner), " ", badge(text(at(verdict, "state"))))
    under = [
        f"Real records alone: {metric} {_baseline(verdict)}.",
        f" Weight {brief(weight)} of the training mass is synthetic." if weight is not None else "",
        _detectable(verdict),
    ]
    left = "; ".join(f"{line.name} ({line.remark})" if line.remark else str(line.name) for line in absent)
    gone = note("Not applicable: ", left, ".") if left else None
    remarks = [f"{line.name}: {line.remark}" for _, block in shown for line in block if line.remark]
    remarked = el("ul", [el("li", one) for one in remarks], class_="note") if remarks else None
    return el("div", title, plot, note(*under), remarked, gone, class_="arms")


def _plot(caption: str, what: str, rows: Sequence[Html | None], axis: Html) -> Html:
    """The table that is a forest plot. Its roles keep it a table on a phone, too, where its rows are laid out otherwise."""
    names = (what, "Drawn, in margins", "Effect and interval", "Outcome")
    head = el("tr", [el("th", name, scope="col", role="columnheader") for name in names], role="row")
    foot = el("tr", el("td", role="cell"), el("td", axis, role="cell"), el("td", role="cell"), el("td", role="cell"), role="row")
    parts = (("thead", head), ("tbody", rows), ("tfoot", foot))
    groups = [el(name, part, role="rowgroup") for name, part in parts]
    return el("table", el("caption", caption), groups, class_="forest", role="table")


def _line(node: Node, margin: float) -> _Line:
    word = text(at(node, "outcome"))
    name = metric_name(text(at(node, "name")))
    return _Line(name, Span.of(at(node, "effect")), margin, word, TONES.get(word, "open"), text(at(node, "note")))


def _scale(shown: Sequence[_Line]) -> Scale:
    """On both sides of 0 as far as the intervals reach, in margins; at most WIDEST, or a little beyond the effect itself."""
    reach = [abs(v) / line.unit for line in shown for v in (line.span.low, line.span.high, line.span.value) if v is not None]
    own = [abs(v) / line.unit for line in shown if line.strong for v in (line.span.low, line.span.high) if v is not None]
    most = max(2.0, min(max(reach, default=2.0), max(WIDEST, ROOMY * max(own, default=0.0))))
    return Scale(-most * 1.04, most * 1.04, 3, 97)


def _row(line: _Line | str, scale: Scale) -> Html | None:
    if isinstance(line, str):
        return (
            el("tr", el("th", line, colspan=4, scope="colgroup", role="rowheader"), class_="group", role="row") if line else None
        )
    digits = Digits.of(line.unit)
    said = join(digits.signed(line.span.value), " ", el("span", digits.span(line.span.low, line.span.high), class_="span"))
    drawn = interval(line.span.over(line.unit), scale, outcome=line.tone, band=1.0)
    cells = (
        el("th", line.name, scope="row", role="rowheader"),
        el("td", drawn, class_="drawn", role="cell"),
        el("td", said, class_="num", role="cell"),
        el("td", line.word, class_=f"word {line.tone}", role="cell"),
    )
    return el("tr", cells, class_="strong" if line.strong else None, role="row")


def _axis(scale: Scale) -> Html:
    ticks = scale.ticks(4)
    drawn = [el("text", tick_text(tick, ticks), x=f"{scale(tick)}%", y=12, text_anchor="middle") for tick in ticks]
    return el("svg", drawn, class_="row", width="100%", height=16, aria_hidden="true")


def _baseline(verdict: Node) -> str:
    digits = Digits.of(number(at(verdict, "margin")))
    base = Span.of(at(verdict, "baseline"))
    return f"{digits.plain(base.value)} {digits.span(base.low, base.high, signed=False)}".strip()


def _detectable(verdict: Node) -> str:
    size = number(at(verdict, "detectable_effect"))
    margin, settle = number(at(verdict, "margin")), whole(at(verdict, "units_to_settle"))
    digits = Digits.of(margin)
    said = f" Margin {digits.plain(margin)}." if margin is not None else ""
    if size is not None:
        said += f" This trial would find an effect of {digits.plain(size)} or more in 8 of 10 cases."
    if text(at(verdict, "state")) == "INCONCLUSIVE" and settle is not None:
        enough = settle <= (whole(at(verdict, "effect", "n")) or 0)
        said += " There are enough units: the effect lies too near the margin." if enough else ""
        said += "" if enough else f" About {settle:,} sealed units would show twice the margin."
    return said


def weights(facts: Facts) -> Section:
    """The effect over the weights that screening tried, on learning data alone. Left out where one weight was given."""
    cards: list[Html] = []
    for verdict in verdicts_in(facts):
        tried = sorted(
            (weight, Span.of(one)) for one in nodes(at(verdict, "screening")) if (weight := number(at(one, "weight"))) is not None
        )
        if len(tried) > 1:
            cards.append(_over_weight(verdict, tried))
    if not cards:
        one = {number(at(v, "weight")) for v in verdicts_in(facts)}
        several = any(len(set(numbers(at(v, "weights")))) > 1 for v in verdicts_in(facts))
        if several or not one:
            return Section("weights", "Over the weight", None)
        return Section("weights", "Over the weight", None, "One weight was asked for; give several under prove.weights.")
    told = note("Measured on learning data inside the folds, to choose the weight; the verdict is measured on sealed records.")
    return Section("weights", "How much synthetic data is best", join(grid(cards), told))


def _over_weight(verdict: Node, tried: list[tuple[float, Span]]) -> Html:
    learner, chosen = text(at(verdict, "learner")), number(at(verdict, "weight"))
    best = max(tried, key=lambda one: one[1].value if one[1].value is not None else float("-inf"))
    told = f"{learner}: effect over the synthetic share of the training mass; highest at {brief(best[0])}"
    axes = Axes(told, "weight: synthetic share of the training mass", "effect, + is better", ((0.0, "real records alone"),))
    series = Series(learner, [Point(weight, span) for weight, span in tried])
    rows = [(brief(weight), brief(span.value), brief(span.low), brief(span.high)) for weight, span in tried]
    numbers = table("Effect over the weight", ("Weight", "Effect", "From", "To"), rows, numeric=(1, 2, 3))
    judged = note(f"Judged at weight {brief(chosen)}.") if chosen is not None else None
    return card(name_of(learner), lines([series], axes), judged, folded("The numbers", numbers))


def data_curve(facts: Facts) -> Section:
    """What more real records would give, and where the arm stands beside them."""
    cards = [_curve_of(one) for one in verdicts_in(facts) if len(nodes(at(one, "curve", "points"))) > 1]
    heading = "What more real records would give"
    if cards:
        return Section("curve", heading, grid(cards))
    said = "; ".join(dict.fromkeys(worth for one in verdicts_in(facts) if (worth := _worth(one))))
    missing = f"{said[:1].upper()}{said[1:]}." if said else "Not measured: prove.curve: true measures it."
    return Section("curve", heading, None, missing)


def _curve_of(verdict: Node) -> Html:
    learner, metric = text(at(verdict, "learner")), metric_name(text(at(verdict, "metric")))
    curve = at(verdict, "curve")
    better = {"low": "lower is better", "high": "higher is better"}.get(text(at(curve, "better")), "")
    real = Series("real records alone", _points(nodes(at(curve, "points"))), 3)
    made = Series("with synthetic records", _points(nodes(at(curve, "arms"))), 0)
    told = f"{learner}: {metric} over the number of real records learnt from; {better}"
    axes = Axes(told, "real records learnt from", f"{metric}; {better}".rstrip("; "))
    both = [one for one in (real, made) if one.points]
    rows = [
        (one.name, count(point.x), brief(point.span.value, 4), brief(point.span.low, 4), brief(point.span.high, 4))
        for one in both
        for point in one.points
    ]
    numbers = table(told, ("Arm", "Records", metric, "From", "To"), rows, numeric=(1, 2, 3, 4))
    said = _worth(verdict)
    return card(name_of(learner), lines(both, axes), note(f"{said}.") if said else None, folded("The numbers", numbers))


def _worth(verdict: Node) -> str:
    worth = at(verdict, "real_rows_equivalent")
    value, low, high = (number(at(worth, part)) for part in ("value", "low", "high"))
    remark = text(at(worth, "note"))
    if value is None:
        return remark
    between = f" [{count(low)}, {'no bound' if high is None else count(high)}]" if low is not None else ""
    return f"worth about {count(value)}{between} real records, {text(at(worth, 'method'))}: {remark}"


def _points(found: list[Node]) -> list[Point]:
    known = [(rows, Span.of(one)) for one in found if (rows := number(at(one, "rows"))) is not None]
    return [Point(rows, span) for rows, span in sorted(known, key=lambda one: one[0])]


def slices(facts: Facts) -> Section:
    """The effect in parts of the sealed records: exploratory."""
    tables: list[Html] = []
    more = 0
    for verdict in verdicts_in(facts):
        parts = nodes(at(verdict, "slices"))
        more = max(more, len(parts) - MOST_SLICES)
        known = [
            _Line(name_of(text(at(one, "name"))), Span.of(at(one, "effect")), number(at(verdict, "margin")) or 1.0, word, tone)
            for one in parts[:MOST_SLICES]
            for word, tone in [("found", "good") if at(one, "found") is True else ("not found", "open")]
        ]
        if known:
            tables.append(_slices_of(text(at(verdict, "learner")), known))
    if not tables:
        return Section("slices", "Slices", None, "No slice was named: list conditions under purpose.slices to see single parts.")
    told = note("Exploratory: with many parts some look better or worse by chance (Benjamini–Hochberg at 10 %).")
    told = join(told, note(f"{more:,} more stand in verdict.json.") if more > 0 else None)
    return Section("slices", "Slices", join(tables, told))


def _slices_of(learner: str, known: list[_Line]) -> Html:
    shown = [line for line in known if line.span.value is not None]
    scale = _scale(shown)
    tone = [line if line.span.value is None or line.span.value >= 0 or line.word != "found" else _worse(line) for line in shown]
    rows = [_row(line, scale) for line in tone]
    plot = _plot(f"{learner}: effect by part", "Part", rows, _axis(scale)) if shown else None
    small = [line.name for line in known if line.span.value is None]
    return join(plot, note("Too small: ", [join(name, " ") for name in small]) if small else None)


def _worse(line: _Line) -> _Line:
    return _Line(line.name, line.span, line.unit, line.word, "bad", line.remark, line.strong)
