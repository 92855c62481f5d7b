"""What the made records are like: near the real ones, diverse, and what they give away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import ceil, copysign, floor

from complement.core.score_names import SCORE_NAMES
from complement.report.charts import bar, heat, histogram, paired
from complement.report.facts import Facts, Node, at, nodes, number, numbers, text, values
from complement.report.figures import Span, brief, percent
from complement.report.html import Html, el, join, name_of, plain
from complement.report.marks import key, legend, swatch
from complement.report.scale import round_step, tick_text
from complement.report.tables import Section, card, folded, grid, note, stacked, table
from complement.report.words import gate_word

CARDS = 12  # columns drawn, the farthest off first; the table below has all of them
PAIRED = 16  # columns of the pair map, those with the farthest pairs
LISTED = 200
LEAST = 10  # real records behind a category that is named: fewer might be somebody
LEAST_SHARE = 0.01  # the same where it is not known how many records there are
SHOWN = 8  # categories in a card
NAMELESS = ("identifier", "personal", "unit", "ignore")  # roles of columns that no page shows values of
UNSHOWN = ("text", "image", "other")  # kinds whose values are records of their own
OTHER = "all others"
ROUNDED = 0.01  # what rounding the shares of a dozen bars may leave
ORDERED = ("number", "integer", "date", "datetime")  # kinds whose bars stand in the order of their values
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BELOW, _BETWEEN, _FROM = re.compile(r"below (\S+)"), re.compile(r"(\S+) to (\S+)"), re.compile(r"(\S+) or more")
FINEST = 50  # steps of a column's range in which a sample's numbers are told
GET = "complement audit REAL SYNTHETIC --holdout FILE measures it for any two files"


def fidelity(facts: Facts) -> Section:
    """How near the synthetic records come: scores beside what chance gives, columns, pairs of columns."""
    scores = nodes(at(facts.scores, "fidelity"))
    columns = shown_columns(facts)
    parts = [_scores("Fidelity", scores), _marginals(facts, columns), _pairs(facts, {text(at(one, "name")) for one in columns})]
    body = [part for part in parts if part is not None]
    return Section("fidelity", "How near to real records", join(body) if body else None, f"Not measured: {GET}.")


def diversity(facts: Facts) -> Section:
    """How much of the real variety is there."""
    scores = nodes(at(facts.scores, "diversity"))
    return Section("diversity", "How diverse", _scores("Diversity", scores), f"Not measured: {GET}.")


def privacy(facts: Facts) -> Section:
    """What the attacks found, and what the gate says."""
    scores = nodes(at(facts.scores, "privacy"))
    passed = at(facts.scores, "gate", "passed")
    why = text(at(facts.scores, "gate", "why"))
    if not scores and not why:
        return Section("privacy", "What they give away", None, f"Not measured: {GET}.")
    word, tone = gate_word(passed)
    gate = el("p", el("span", f"Privacy gate {word}", class_=f"badge {tone}"), " ", why)
    every = folded(f"Every privacy score ({len(scores)})", _scores("Privacy scores", scores)) if scores else None
    told = note("Attacks were run by us; what another attacker finds may be more. Nothing here is a promise of privacy.")
    return Section("privacy", "What they give away", join(gate, _attacks(scores), every, told))


def shown_columns(facts: Facts) -> list[Node]:
    """The columns whose distributions may be shown: no names, no identifiers, no free text. The farthest off come first."""
    hidden = {name for name, (kind, role) in roles(facts).items() if role in NAMELESS or kind in UNSHOWN}
    found = [one for one in nodes(at(facts.details, "columns")) if text(at(one, "name")) not in hidden]
    found = [one for one in found if text(at(one, "kind")) not in UNSHOWN]
    return sorted(found, key=lambda one: (-(number(at(one, "distance")) or 0.0), text(at(one, "name"))))


def roles(facts: Facts) -> dict[str, tuple[str, str]]:
    """Kind and role by column, as the source or the release's manifest says."""
    places = (at(facts.source, "columns"), at(facts.release, "columns"))
    listed = next((found for place in places if (found := nodes(place))), [])
    return {text(at(one, "name")): (text(at(one, "kind")), text(at(one, "role"))) for one in listed}


def known_categories(facts: Facts, column: Node) -> list[tuple[str, float, float]]:
    """The categories that enough real records share, with both shares; what is left goes together under OTHER."""
    labels, real, made = values(at(column, "bins")), numbers(at(column, "real")), numbers(at(column, "synthetic"))
    if not (len(labels) == len(real) == len(made)):
        return []
    total, whole = sum(real) or 1.0, sum(made) or 1.0
    least = least_share(facts)
    every = [(text(name), one / total, two / whole) for name, one, two in zip(labels, real, made, strict=True)]
    return [one for one in every if one[1] >= least]


def least_share(facts: Facts) -> float:
    """The share of the real records that must be behind what is named."""
    rows = number(at(facts.scores, "rows", "real")) or number(at(facts.source, "rows"))
    return LEAST / rows if rows else LEAST_SHARE


def coarse(column: Node, value: float, *, least: float) -> str:
    """A number of a binned column, rounded to a fiftieth of its range; at both ends it is cut where few real records lie."""
    edges, real = numbers(at(column, "bins")), numbers(at(column, "real"))
    filled = _filled(real, least)
    if not filled:
        return OTHER
    step = round_step((edges[-1] - edges[0]) / FINEST)
    step = max(1.0, step) if text(at(column, "kind")) == "integer" else step
    low, high = edges[filled[0]], edges[filled[-1] + 1]
    ticks = [0.0, step]
    if value < low:
        return f"under {tick_text(step * ceil(low / step), ticks)}"
    if value > high:
        return f"over {tick_text(step * floor(high / step), ticks)}"
    return tick_text(step * round(value / step), ticks)


def _filled(real: Sequence[float], least: float) -> list[int]:
    """The bins in which enough real records lie: what is beyond the first and the last of them is a few people alone."""
    total = sum(real) or 1.0
    return [place for place, share in enumerate(real) if share / total >= least]


def span_of(column: Node, value: object) -> str:
    """The bar in which a value lies, by its label: "below 5", "5 to 10", "10 or more"; dates as 2024-05-01. "" for none."""
    for label in (text(one) for one in values(at(column, "bins"))):
        under, between, over = _BELOW.match(label), _BETWEEN.match(label), _FROM.match(label)
        low = between.group(1) if between else over.group(1) if over else None
        high = under.group(1) if under else between.group(2) if between else None
        if (low or high) and _within(value, low, high):
            return label
    return ""


def _within(value: object, low: str | None, high: str | None) -> bool:
    amount = number(value)
    if amount is None:
        day = text(value)[:10]
        dated = all(_DAY.fullmatch(one) for one in (day, low or day, high or day))
        return dated and (low is None or low <= day) and (high is None or day < high)
    try:
        return (low is None or float(low) <= amount) and (high is None or amount < float(high))
    except ValueError:  # labels of another kind than the value
        return False


def is_binned(column: Node) -> bool:
    """True when the column's bins are edges of numbers."""
    edges, real = numbers(at(column, "bins")), numbers(at(column, "real"))
    return len(edges) > 1 and len(edges) == len(real) + 1 and edges == sorted(edges) and edges[0] < edges[-1]


def _scores(caption: str, scores: Sequence[Node]) -> Html | None:
    """Every score with its interval, and beside it the same of unseen real records where that was measured."""
    if not scores:
        return None
    by_name = {text(at(one, "name")): one for one in scores}
    rows: list[tuple[object, ...]] = []
    for name, one in by_name.items():
        if name.endswith("_base") and name.removesuffix("_base") in by_name:
            continue
        base = by_name.get(f"{name}_base")
        span = Span.of(one)
        words = SCORE_NAMES.get(name, name.replace("_", " "))
        between = f"{brief(span.low)} to {brief(span.high)}" if span.low is not None and span.high is not None else ""
        better = {"low": "low", "high": "high", "target": "level"}.get(text(at(one, "better")), "")
        unseen = brief(Span.of(base).value) if base is not None else ""
        rows.append((join(words, " ", el("code", plain(name, 60))), brief(span.value), between, unseen, better))
    head = ("Score", "Value", "95 % interval", "Unseen real", "Better")
    return stacked(caption, head, rows, numeric=(1, 2, 3))


def _attacks(scores: Sequence[Node]) -> Html | None:
    """A bar for every attack that has an area under its curve: .5 is a coin."""
    found = [(text(at(one, "name")), Span.of(one)) for one in scores if text(at(one, "name")).endswith("auc")]
    rows = [
        (SCORE_NAMES.get(name, name.replace("_", " ")), join(bar(2 * abs(span.value - 0.5))), f"{span.value:.2f}")
        for name, span in found
        if span.value is not None
    ]
    if not rows:
        return None
    return table(
        "How far each attack is from guessing (full bar: it always knows)", ("Attack", "Drawn", "AUC"), rows, numeric=(2,)
    )


def _marginals(facts: Facts, columns: Sequence[Node]) -> Html | None:
    drawn = [(column, chart) for column in columns if (chart := _marginal(facts, column)) is not None]
    if not drawn:
        return None
    cards: list[Html] = []
    for column, chart in drawn[:CARDS]:
        apart, base = number(at(column, "distance")), number(at(column, "base"))
        chance = f"; chance alone gives {percent(base)}" if base is not None else ""
        cards.append(card(name_of(text(at(column, "name")), 40), chart, note(f"{percent(apart)} apart{chance}.")))
    rows = [
        (
            name_of(text(at(one, "name"))),
            text(at(one, "kind")),
            brief(number(at(one, "distance"))),
            brief(number(at(one, "base"))),
        )
        for one in columns[:LISTED]
    ]
    head = ("Column", "Kind", "Distance", "Unseen real")
    more = folded(f"Every column ({len(columns)})", table("Distance by column", head, rows, numeric=(2, 3)))
    signs = legend((swatch("real"), "real"), (key("diamond", "made"), "synthetic: line, or ◆"))
    first = f"The {min(CARDS, len(drawn))} columns farthest off come first." if len(drawn) > CARDS else None
    return join(el("h3", "Column by column"), signs, note(first) if first else None, grid(cards), more)


def _marginal(facts: Facts, column: Node) -> Html | None:
    name = plain(text(at(column, "name")), 60)
    apart = percent(number(at(column, "distance")))
    told = f"{name}: distribution of real and of synthetic records, {apart} apart"
    if is_binned(column):
        edges, real, made = (numbers(at(column, part)) for part in ("bins", "real", "synthetic"))
        filled = _filled(real, least_share(facts))
        if len(made) != len(real) or not filled:
            return None
        first, last = filled[0], filled[-1] + 1
        return histogram(told, edges[first : last + 1], real[first:last], made[first:last])
    known = known_categories(facts, column)
    if text(at(column, "kind")) not in ORDERED:
        known = sorted(known, key=lambda one: -one[1])[:SHOWN]
    if not known:
        return None
    rest = (OTHER, 1 - sum(one for _, one, _ in known), 1 - sum(two for *_, two in known))
    return paired(told, [*known, rest] if max(rest[1:]) > ROUNDED else known)


def _pairs(facts: Facts, allowed: Iterable[str]) -> Html | None:
    """Pairs of columns: how strongly they go together among real and among synthetic records."""
    names = [text(name) for name in values(at(facts.details, "pairs", "names"))]
    real, made = (_matrix(at(facts.details, "pairs", side), len(names)) for side in ("real", "synthetic"))
    fit = set(allowed) or {name for name, (kind, role) in roles(facts).items() if role not in NAMELESS and kind not in UNSHOWN}
    places = [place for place, name in enumerate(names) if name in fit]
    if real is None or made is None or len(places) < 2:
        return None
    apart = [[_stronger(made[i][j], real[i][j]) for j in range(len(names))] for i in range(len(names))]
    pairs = [(i, j, gap) for i in places for j in places if j < i and (gap := apart[i][j]) is not None]
    if not pairs:
        return None
    pairs.sort(key=lambda one: (-abs(one[2]), one[0], one[1]))
    chosen = sorted(list(dict.fromkeys(place for i, j, _ in pairs for place in (i, j)))[:PAIRED])
    most = abs(pairs[0][2])
    worst = f"{plain(names[pairs[0][0]], 40)} and {plain(names[pairs[0][1]], 40)}"
    told = f"How far pairs of columns are off; farthest: {worst}, {brief(most)}"
    chart = heat(told, [names[place] for place in chosen], [[apart[i][j] for j in chosen] for i in chosen], most)
    signs = legend((swatch("more"), "go together more than in real records"), (swatch("less"), "less"))
    rows = [
        (
            join(name_of(names[i], 40), " · ", name_of(names[j], 40)),
            *map(brief, (real[i][j], made[i][j], _less(made[i][j], real[i][j]))),
        )
        for i, j, _ in pairs[:20]
    ]
    head = ("Pair", "Real", "Synthetic", "Difference")
    numbers_ = folded("The pairs farthest off", table("Association by pair", head, rows, numeric=(1, 2, 3)))
    said = note(f"The largest square is {brief(most)}. A column's name stands at its top, and before its row.")
    return join(el("h3", "How columns go together"), el("div", chart, class_="narrow"), signs, said, numbers_)


def _matrix(value: object, size: int) -> list[list[float | None]] | None:
    rows = [[number(cell) for cell in values(row)] for row in values(value)]
    return rows if size and len(rows) == size and all(len(row) == size for row in rows) else None


def _stronger(made: float | None, real: float | None) -> float | None:
    """How far apart two associations are; + where that of the made records is the stronger one, of whatever sign."""
    return None if made is None or real is None else copysign(abs(made - real), abs(made) - abs(real))


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
