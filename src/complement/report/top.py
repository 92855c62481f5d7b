"""The first screen: the verdict as a sentence, what puts it in doubt, and the four figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from complement.core.score_names import SCORE_NAMES
from complement.report.facts import Facts, Node, at, nodes, number, text, values, whole
from complement.report.figures import Digits, Span, brief, count, percent
from complement.report.html import Html, el, join, name_of, plain
from complement.report.words import (
    ATTACKS,
    BY_STATE,
    QUESTIONS,
    SENTENCES,
    SIGNS,
    gate_word,
    metric_name,
    models_named,
)


def verdicts_in(facts: Facts) -> list[Node]:
    """The verdict of each learner."""
    return nodes(at(facts.verdict, "verdicts"))


def first_screen(facts: Facts) -> Html:
    """Verdict, doubts and figures: what a person sees who looks at nothing else."""
    found = verdicts_in(facts)
    question = text(at(facts.verdict, "question"))
    asked = QUESTIONS.get(question, question)
    above = el("p", el("span", "complement", class_="brand"), " · ", name_of(facts.name, 40), class_="eyebrow")
    head = el("header", above, _headline(found), _judged_on(facts, found))
    asked_line = el("p", el("b", "Asked: "), asked, class_="asked") if asked else None
    return join(head, _doubts(facts, found), _figures(facts, found), _said(found), asked_line)


def title_of(facts: Facts) -> str:
    """The page's title: state and name, for a tab or a list of files."""
    states = list(dict.fromkeys(text(at(one, "state")) for one in verdicts_in(facts)))
    return plain(f"{' / '.join(states) or 'No verdict yet'} · {facts.name}", 120)


def sentence_of(verdict: Node, names: Sequence[str]) -> str:
    """A verdict in a sentence, about these learners."""
    code, state = text(at(verdict, "code")), text(at(verdict, "state"))
    harmed = [metric_name(text(at(g, "name"))) for g in nodes(at(verdict, "guards")) if at(g, "outcome") == "failed"]
    ways = [text(at(c, "name")) for c in nodes(at(verdict, "comparisons")) if at(c, "outcome") == "not separated"]
    pattern = SENTENCES.get(code) or BY_STATE.get(state) or "{learner}: " + (state or "no verdict") + "."
    parts = {
        "learner": models_named([plain(name, 40) for name in names]),
        "harmed": ", ".join(plain(name, 40) for name in harmed[:3]) + (" and more" if len(harmed) > 3 else ""),
        "way": plain(ways[0], 40) if ways else "a way",
    }
    overlooked = harmed and state in ("NO DIFFERENCE", "INCONCLUSIVE", "MIXED") and "{harmed}" not in pattern
    beside = f" But harm is shown to: {parts['harmed']}." if overlooked else ""
    return pattern.format(**parts) + beside


def _headline(found: list[Node]) -> Html:
    """One sentence for each state; learners of which the same is true share it."""
    if not found:
        return el("h1", badge(""), " ", el("span", "There is no verdict yet: the run was not finished.", class_="says"))
    groups: dict[str, dict[str, list[Node]]] = {}
    for one in found:
        groups.setdefault(text(at(one, "state")), {}).setdefault(sentence_of(one, ["*"]), []).append(one)
    said: list[Html] = []
    for state, sentences in groups.items():
        says = [
            el("span", sentence_of(alike[0], [text(at(one, "learner")) for one in alike]), " ", class_="says")
            for alike in sentences.values()
        ]
        said.append(el("span", badge(state), " ", says, class_="verdict"))
    return el("h1", said, class_="several" if sum(map(len, groups.values())) > 1 else None)


def badge(state: str) -> Html:
    """The state as a word with a sign: its colour says nothing that these do not."""
    sign, tone = SIGNS.get(state, ("…", "open"))
    return el("span", el("span", sign, aria_hidden="true"), " ", state or "NO VERDICT", class_=f"badge {tone}")


def _judged_on(facts: Facts, found: list[Node]) -> Html | None:
    units = whole(at(found[0], "effect", "n")) if found else None
    if units is None:
        return None
    rows, kinds = whole(at(facts.source, "rows")), whole(at(facts.source, "units"))
    what = "real records" if rows is None or rows == kinds else "real units"
    target = text(at(facts.source, "target"))
    predicted = join("It predicts ", name_of(target), "; judged") if target else "Judged"
    folds = whole(at(facts.source, "folds")) or 1
    how = "kept aside" if folds == 1 else "each judged once by models that had not seen it"
    return el("p", predicted, f" on {units:,} {what}, {how}.", class_="judged")


def _said(found: list[Node]) -> Html | None:
    """The verdicts' own headlines: the same with its numbers."""
    lines = [text(at(one, "headline")) for one in found]
    said = [el("li", line) for line in lines if line]
    if not said:
        return None
    return el("section", el("h2", "In numbers", id="numbers"), el("ul", said, class_="said"), aria_labelledby="numbers")


def _doubts(facts: Facts, found: list[Node]) -> Html | None:
    """What puts the verdict in doubt stands before its numbers."""
    lines: list[Html] = []
    if at(facts.verdict, "verified") is False:
        lines.append(join(el("b", "Unverified. "), "The maker may have seen the records that it was judged on."))
    every = [*nodes(at(facts.verdict, "leaks")), *(leak for one in found for leak in nodes(at(one, "leaks")))]
    for code, severity, note in dict.fromkeys((text(at(x, "code")), text(at(x, "severity")), text(at(x, "note"))) for x in every):
        lines.append(join(el("b", "Leak" if severity == "error" else "Finding", f" ({code}). "), note))
    cautions = dict.fromkeys(text(note) for one in found for note in values(at(one, "cautions")))
    lines += [join(el("b", "Caution. "), note) for note in cautions]
    why = text(at(facts.outcome, "why"))
    if why:
        lines.append(join(el("b", "Nothing is released. "), why))
    if not lines:
        return None
    return el("ul", [el("li", line) for line in lines], class_="doubts", aria_label="What puts the verdict in doubt")


def _figures(facts: Facts, found: list[Node]) -> Html:
    first = found[0] if found else None
    boxes = (_effect(first, alone=len(found) < 2), _worth(first), _attack(facts), _left_out(facts))
    return el("dl", boxes, class_="figures", aria_label="Four figures")


def _box(name: str, value: str, under: object, *, known: bool = True) -> Html:
    return el("div", el("dt", name), el("dd", value, class_="big" if known else "big none"), el("dd", under), class_="figure")


def _effect(verdict: Node | None, *, alone: bool) -> Html:
    effect = Span.of(at(verdict, "effect"))
    learner = text(at(verdict, "learner"))
    name = "Effect" if alone or not learner else join("Effect on ", name_of(learner, 20))
    if verdict is None or effect.value is None:
        return el("div", el("dt", name), el("dd", "–", class_="big none"), el("dd", "no trial finished"), class_="figure")
    digits = Digits.of(number(at(verdict, "margin")))
    metric = metric_name(text(at(verdict, "metric")))
    under = join(el("span", digits.span(effect.low, effect.high), class_="span"), f" {metric}, + is better")
    return el("div", el("dt", name), el("dd", digits.signed(effect.value), class_="big"), el("dd", under), class_="figure")


def _worth(verdict: Node | None) -> Html:
    worth = at(verdict, "real_rows_equivalent")
    value, low, high = (number(at(worth, key)) for key in ("value", "low", "high"))
    if value is None:
        return _box("Worth", "–", text(at(worth, "note")) or "not estimated", known=False)
    top = "no bound" if high is None else count(high)
    between = f"[{count(low)}, {top}]" if low is not None else ""
    saved = number(at(worth, "saved"))
    money = f"; saves {saved:,.0f}" if saved is not None else ""
    if low is not None and low <= 0 and (high is None or high >= 0):
        money = f", not shown to be any{money}"
    size = re.search(r"(at|with) [\d,]+ real records", text(at(worth, "note")))  # where the curve was measured, often on fewer
    beside = f" more, {size.group()}" if size else " real records"
    return _box("Worth", count(value), join(el("span", between, class_="span"), beside, money))


def worst_attack(facts: Facts) -> Node | None:
    """The attack that is surest to tell who was in the data: of the areas among the privacy scores the one with the highest low
    end. By its value alone the attack on the smallest group would be the worst by chance."""
    found = [
        one
        for one in nodes(at(facts.scores, "privacy"))
        if text(at(one, "name")).endswith("auc")
        and text(at(one, "name")).startswith(ATTACKS)
        and number(at(one, "value")) is not None
    ]
    return max(found, key=lambda one: (number(at(one, "low")) or 0.0, number(at(one, "value")) or 0.0), default=None)


def _attack(facts: Facts) -> Html:
    """What the gate says, at which attack it failed, and which area is surest: the two need not be the same attack."""
    passed, why, worst = at(facts.scores, "gate", "passed"), text(at(facts.scores, "gate", "why")), worst_attack(facts)
    failed = f"{why.partition(':')[0]}. " if passed is False and ":" in why else ""
    if worst is None:
        return _box("Privacy gate", gate_word(passed)[0], failed or "privacy was not measured", known=passed is not None)
    span = Span.of(worst)
    between = f" [{brief(span.low)}, {brief(span.high)}]" if span.low is not None and span.high is not None else ""
    said = SCORE_NAMES.get(text(at(worst, "name")), text(at(worst, "name")).replace("_", " "))
    auc = el("span", f"AUC {span.value:.2f}{between}", class_="span")
    told = join(failed, "Surest attack: ", auc, f", {said}; 0.5 is a guess")
    return _box("Privacy gate", gate_word(passed)[0], told, known=passed is not None)


def left_out_share(facts: Facts) -> float | None:
    """The share of the made records that curation left out; what was made to spare is none of it."""
    made, kept, spare = (number(at(facts.funnel, part)) for part in ("made", "kept", "spare"))
    return (made - kept - (spare or 0.0)) / made if made and kept is not None else None


def _left_out(facts: Facts) -> Html:
    share = left_out_share(facts)
    if share is None:
        return _box("Left out", "–", "records were not curated", known=False)
    made, kept = whole(at(facts.funnel, "made")), whole(at(facts.funnel, "kept"))
    spare = number(at(facts.funnel, "spare")) or 0.0
    more = f", {count(spare)} were to spare" if spare else ""
    return _box("Left out", percent(share), f"of {count(made)} made records; {count(kept)} were kept{more}")
