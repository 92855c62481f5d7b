"""Before and after the records were made: the gaps they are for, what repeated use does, what was left out, a few of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from complement.core.score_names import SCORE_NAMES
from complement.report.charts import Axes, Point, Series, bar, lines
from complement.report.facts import Facts, Node, as_node, at, nodes, number, text, values, whole
from complement.report.figures import Span, brief, count, percent
from complement.report.html import Html, el, join, name_of, plain
from complement.report.made import (
    LEAST,
    ORDERED,
    OTHER,
    coarse,
    is_binned,
    known_categories,
    least_share,
    roles,
    shown_columns,
    span_of,
)
from complement.report.tables import Section, card, folded, grid, note, stacked, table
from complement.report.top import left_out_share
from complement.report.words import metric_name

GAPS, SAMPLES, FIELDS, REASONS, COLLAPSE = 12, 5, 40, 8, 8  # of each kind that are shown
SIGNS = 24  # of a sample's cell
OF_LOSS = ("loss", "loss_as_the_rest")  # effects that are none of the metric
SENTENCE = 600  # signs of a reason
_NUMBER = re.compile(r"'[^']*'|(?<![\w.])\d+\.?\d*(?:[eE][+-]?\d+)?")


def gaps(facts: Facts) -> Section:
    """Where the real data were weak, what was asked for because of it, and what became of it round by round."""
    found = nodes(at(facts.gaps, "gaps"))
    asked = nodes(at(facts.gaps, "requests"))
    heading = "Where the real data were weak"
    if facts.gaps is None:
        return Section("gaps", heading, None, "Not looked for: complement gaps finds thin and weak parts of real data.")
    said = [el("p", rounded(text(one), SENTENCE)) for one in values(at(facts.gaps, "said"))[: 2 * GAPS]]
    if not found:
        none = el("p", "No gap was found that chance does not explain.")
        return Section("gaps", heading, join(none, *said, _requests(asked)))
    rows = [_gap(one) for one in found[:GAPS]]
    head = ("Part", "Kind", "Units", "Loss there", "Elsewhere", "p", "If closed", "To ask for")
    told = note(
        "Loss: of the learner, on real records it had not seen. p: how often chance finds such a part, of all looked at. If "
        "closed: what the metric gains at most, where it would gain."
    )
    why = [
        el("li", el("code", rounded(text(at(one, "where")))), ": ", rounded(reason, SENTENCE)) for one, reason in _reasoned(found)
    ]
    body = join(
        stacked("Gaps, the worst first", head, rows, numeric=(2, 3, 4, 5, 6, 7)),
        told,
        *said,
        folded("Why", el("ul", why)) if why else None,
        _requests(asked),
        _rounds(facts),
    )
    return Section("gaps", heading, body)


def collapse(facts: Facts) -> Section:
    """Metrics over generations, by policy, with alarms."""
    series = _policies(facts.collapse)
    heading = "If models learn from their own records"
    if not series:
        why = text(at(facts.collapse, "why_not")) or "complement collapse DATA runs it over generations."
        return Section("collapse", heading, None, f"Not measured: {why}")
    every = dict.fromkeys(metric for found in series.values() for metric in found)
    alarmed = [m for m in every if any(p.alarm for found in series.values() for p in found.get(m, ()))]
    metrics = list(dict.fromkeys([*alarmed, *every]))[:COLLAPSE]
    cards: list[Html] = []
    for metric in metrics:
        drawn = [
            Series(policy, found[metric], style) for style, (policy, found) in enumerate(series.items()) if found.get(metric)
        ]
        places = sorted({point.x for one in drawn for point in one.points})
        alarms = [
            f"{one.name}: generation {min(p.x for p in one.points if p.alarm):g}"
            for one in drawn
            if any(p.alarm for p in one.points)
        ]
        said = f"Alarm – {'; '.join(alarms)}." if alarms else "No alarm."
        words = SCORE_NAMES.get(metric, metric.replace("_", " "))
        null = number(at(facts.collapse, "null", metric, "mean"))
        levels = [(null, "learnt from real records alone")] if null is not None else []
        ticks = places[:: max(1, len(places) // 6)]
        axes = Axes(f"{words} over generations. {said}", "generation", plain(words, 48), levels, ticks)
        cards.append(card(plain(metric.replace("_", " "), 40), lines(drawn, axes), note(said)))
    told = note("A ring marks an alarm: the metric left the band of what chance gives, from the policy's own first generation.")
    lines_ = [
        el("li", name_of(text(at(one, "policy")), 40), ": ", headline)
        for one in nodes(at(facts.collapse, "policies"))
        if (headline := text(at(one, "headline")))
    ]
    said_ = el("ul", lines_, class_="said") if lines_ else None
    return Section("collapse", heading, join(said_, grid(cards), told))


def funnel(facts: Facts) -> Section:
    """How many records each step left out, and why."""
    made = number(at(facts.funnel, "made"))
    heading = "What was left out"
    if facts.funnel is None or not made:
        return Section("funnel", heading, None, "Not curated: every made record was kept as it is.")
    rows: list[tuple[object, ...]] = []
    left = made
    for step in nodes(at(facts.funnel, "steps")):
        out = number(at(step, "left_out")) or 0.0
        left -= out
        rows.append((text(at(step, "step")), bar(left / made), count(left), count(out), _reasons(step)))
    spare, short = number(at(facts.funnel, "spare")) or 0.0, as_node(at(facts.funnel, "short")) or {}
    kept = number(at(facts.funnel, "kept")) or 0.0
    if spare:
        left -= spare
        rows.append(("not needed", bar(left / made), count(left), count(spare), "made to spare, in case steps left out more"))
    start = ("made", bar(1.0), count(made), "", "")
    end = (
        "kept",
        bar(kept / made, class_="kept"),
        count(kept),
        count(made - kept - spare),
        percent(left_out_share(facts)),
    )
    head = ("Step", "Drawn", "Left", "Left out", "Why")
    lacking = "; ".join(f"{count(number(rows))} for {plain(name, 60)}" for name, rows in short.items())
    told = note(f"Fewer than were asked for are kept; there lack {lacking}.") if lacking else None
    return Section("funnel", heading, join(stacked("Records after each step", head, [start, *rows, end], numeric=(2, 3)), told))


def samples(facts: Facts) -> Section:
    """A few synthetic records, made unrecognisable where a real one could show through."""
    heading = "A few of the synthetic records"
    if not facts.samples:
        return Section("samples", heading, None, "None were kept: complement preview RECIPE makes a few.")
    shown = list(facts.samples)[:SAMPLES]
    known = roles(facts)
    fit = {text(at(one, "name")): one for one in shown_columns(facts)}
    columns = [name for name in dict.fromkeys(str(key) for one in shown for key in one) if name in known or name in fit]
    columns = [name for name in columns if name in fit][:FIELDS]
    if not columns:
        return Section("samples", heading, None, "Not shown: without distributions (5-measure) no value is known to be common.")
    rows = [(name_of(name, 40), *(_cell(facts, fit[name], at(one, name)) for one in shown)) for name in columns]
    head = ("Column", *(str(place + 1) for place in range(len(shown))))
    told = note(
        "Made, not real. A number is told by the span in which it lies, or rounded to a fiftieth of its column's range and cut ",
        f"where fewer than {LEAST} real records lie; a category that fewer than {LEAST} share is '{OTHER}'.",
    )
    return Section("samples", heading, join(table("Synthetic records, one in each column", head, rows), told))


def rounded(where: str, most: int = 160) -> str:
    """A condition whose numbers have four digits at most: a limit may be the value of one record. Text in quotes stays."""

    def shorter(found: re.Match[str]) -> str:
        word = found.group()
        return word if word.startswith("'") else f"{float(word):.4g}" if len(word.replace(".", "")) > 4 else word

    return _NUMBER.sub(shorter, plain(where, most))


def _cell(facts: Facts, column: Node, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    amount = number(value)
    if is_binned(column):
        return coarse(column, amount, least=least_share(facts)) if amount is not None else OTHER
    if text(at(column, "kind")) in ORDERED:
        return span_of(column, value) or OTHER
    common = {name for name, _, _ in known_categories(facts, column)}
    return plain(str(value), SIGNS) if str(value) in common else OTHER


def _gap(one: Node) -> tuple[object, ...]:
    """A line of the table of gaps: losses side by side, and what the metric would gain."""
    inside = number(at(one, "loss", "inside")) if as_node(at(one, "loss")) else number(at(one, "loss"))
    outside = number(at(one, "loss", "outside")) if as_node(at(one, "loss")) else number(at(one, "loss_outside"))
    closed = number(at(one, "if_closed"))
    effects = [(name, number(value)) for name, value in (as_node(at(one, "effects")) or {}).items() if name not in OF_LOSS]
    gains = [(name, gain) for name, gain in effects if gain is not None and gain > 0]
    if closed is None and gains:
        name, gain = gains[-1]
        said = f"{brief(gain)} {metric_name(name)}"
    else:
        said = brief(closed) if closed is not None else ""
    losses = ("" if loss is None else brief(loss) for loss in (inside, outside))
    asked = number(at(one, "rows"))
    where = el("code", rounded(text(at(one, "where"))), class_="where")
    first = (where, text(at(one, "kind")), count(number(at(one, "units"))), *losses)
    return (*first, brief(number(at(one, "p")), 2), said, "" if asked is None else count(asked))


def _reasoned(found: Sequence[Node]) -> list[tuple[Node, str]]:
    return [(one, reason) for one in found[:GAPS] if (reason := text(at(one, "reason")))]


def _requests(asked: Sequence[Node]) -> Html | None:
    rows = [
        (plain(text(at(one, "name")), 60), el("code", rounded(text(at(one, "where")) or "any")), *_asked(one))
        for one in asked[:GAPS]
    ]
    head = ("Request", "Condition", "Records", "Why")
    return folded(f"What was asked for ({len(asked)})", table("Requests", head, rows, numeric=(2,))) if rows else None


def _asked(one: Node) -> tuple[str, str]:
    return count(number(at(one, "rows"))), rounded(text(at(one, "reason")))


def _rounds(facts: Facts) -> Html | None:
    """What each round kept, changed or dropped, whatever it says of itself in short words."""
    lines_: list[Html] = []
    for place, one in enumerate(nodes(at(facts.gaps, "rounds"))):
        said = (
            text(at(one, "said"))
            or text(at(one, "reason"))
            or "; ".join(
                f"{key.replace('_', ' ')}: {_short(value)}" for key, value in one.items() if key not in ("round", "name")
            )
        )
        lines_.append(el("li", f"Round {whole(at(one, 'round')) or place + 1}: ", rounded(said, SENTENCE * 2)))
    return folded("Round by round", el("ul", lines_)) if lines_ else None


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(text(at(one, "name")) or text(one) for one in values(value)[:6]) or "none"
    amount = number(value)
    return brief(amount) if amount is not None else text(value)


def _reasons(step: Node) -> str:
    found = as_node(at(step, "reasons")) or {}
    pairs = sorted(((text(key), number(value) or 0.0) for key, value in found.items()), key=lambda one: (-one[1], one[0]))
    more = f"; {len(pairs) - REASONS} more" if len(pairs) > REASONS else ""
    return "; ".join(f"{plain(reason, 100)} ({count(times)})" for reason, times in pairs[:REASONS]) + more


def _policies(found: Node | None) -> dict[str, dict[str, list[Point]]]:
    """By policy and metric the points over generations, from lists of any of the shapes that say the same."""
    listed = at(found, "policies")
    named = as_node(listed)
    pairs = (
        list(named.items())
        if named is not None
        else [(text(at(one, "policy")) or text(at(one, "name")), one) for one in nodes(listed)]
    )
    series: dict[str, dict[str, list[Point]]] = {}
    for policy, one in pairs:
        generations = nodes(one) or nodes(at(one, "generations"))
        for place, generation in enumerate(generations):
            number_ = number(at(generation, "generation"))
            x = float(place + 1) if number_ is None else number_
            alarms = {text(alarm) or text(at(alarm, "metric")) for alarm in values(at(generation, "alarms"))}
            for metric, span, alarm in _metrics(generation):
                point = Point(x, span, alarm or metric in alarms)
                series.setdefault(plain(policy, 40), {}).setdefault(metric, []).append(point)
    return series


def _metrics(generation: Node) -> list[tuple[str, Span, bool]]:
    listed = at(generation, "metrics") or at(generation, "scores")
    named = as_node(listed)
    if named is not None:
        spans = [(key, Span(number(v), None, None) if number(v) is not None else Span.of(v), v) for key, v in named.items()]
    else:
        spans = [(text(at(one, "name")), Span.of(one), one) for one in nodes(listed)]
    return [(name, span, at(one, "alarm") is True) for name, span, one in spans if name and span.value is not None]
