"""Words: what was judged and measured, as sentences of the card. `verify` looks for the same sentences again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from complement.core.purpose import METRIC_NAMES
from complement.core.score_names import SCORE_NAMES

NOT_JUDGED = "**NOT JUDGED.** No trial was run: whether these records help anybody is not known."
NOT_MEASURED = (
    "**NOT MEASURED.** What these records give away of the real ones was not examined: treat them as if they were real."
)
NO_GUARANTEE = (
    "Differential privacy (in the terms of NIST SP 800-226): **none**. There is no unit of privacy, no epsilon and no delta: "
    "nothing bounds what an attacker with knowledge of which nobody thought could learn."
)
GATE = {True: "PASSED", False: "FAILED", None: "NOT SHOWN"}
_GATE_MEANS = {
    True: "No attack that was run succeeded better than on real records that the generator never saw. Others were not run.",
    False: "The records, or the generator that made them, give away who or what was among the real ones. Do not pass them on as "
    "if they did not.",
    None: "The records at hand do not suffice to tell. That is not a pass.",
}
_QUESTIONS = {
    "in-hand": "With these real data, does this generator help this learner?",
    "artifact": "Do exactly these records help this learner?",
    "recipe": "Does this way of making records help on data like these?",
    "substitute": "Can these records stand in for the real ones?",
}


def inline(text: object) -> str:
    """The text on one line of Markdown: signs that would begin a table cell, a link, code or HTML are escaped."""
    return re.sub(r"([\\`|<>\[\]*])", r"\\\1", " ".join(str(text).split()))


def verdict_line(verdict: Mapping[str, Any]) -> str:
    """One learner's verdict: its state, the learner, the weight, and the sentence that the trial ended with."""
    weight = verdict.get("weight")
    at = f" at weight {weight:g}" if isinstance(weight, int | float) else ""
    return f"- **{verdict['state']}** for {inline(verdict['learner'])}{at}. {inline(verdict['headline'])}"


def verdict_lines(verdict: Mapping[str, Any] | None) -> list[str]:
    """The whole section: the question, a line per learner with what is harmed and what puts it in doubt, leaks."""
    if not verdict or not verdict.get("verdicts"):
        return [NOT_JUDGED]
    asked = str(verdict.get("question", ""))
    lines = [f"The question was `{inline(asked)}`: {_QUESTIONS.get(asked, '')}".rstrip(": "), ""]
    for one in verdict["verdicts"]:
        lines += [verdict_line(one), *(f"  - {line}" for line in _details(one))]
    if not verdict.get("verified", True):
        lines += ["", "**Unverified**: the records it was judged on are not known to be unseen by the maker."]
    lines += [
        f"- Leak `{inline(leak['code'])}` ({leak['severity']}): {inline(leak['note'])}" for leak in verdict.get("leaks", ())
    ]
    return [*lines, "", "A verdict is about this learner, this purpose and this weight. For any other, judge again."]


def privacy_line(privacy: Mapping[str, Any] | None) -> str:
    """What the gate of the attacks said, in one line."""
    gate = (privacy or {}).get("gate")
    if not gate:
        return NOT_MEASURED
    passed = gate.get("passed")
    return f"Attacks that were run: **{GATE[passed]}**. {inline(gate.get('why', ''))} {_GATE_MEANS[passed]}".replace(".  ", ". ")


def guarantee_line(guarantee: Mapping[str, Any] | None) -> str:
    """The formal guarantee by unit, epsilon and delta, or that there is none (NIST SP 800-226)."""
    if not guarantee:
        return NO_GUARANTEE
    parts = [f"{name} {inline(guarantee[name])}" for name in ("epsilon", "delta", "accountant", "adjacency") if name in guarantee]
    unit = inline(guarantee.get("unit", "not stated"))
    return f"Differential privacy (in the terms of NIST SP 800-226): unit of privacy {unit}; {'; '.join(parts)}."


def score_table(scores: Sequence[Mapping[str, Any]]) -> list[str]:
    """Scores as a Markdown table: what each says, its name, value, 95 % interval, over how many."""
    rows = [
        f"| {inline(_says(str(one['name'])))} | {inline(one['name'])} | {_number(one['value'])} | {_span(one)} "
        f"| {_number(one.get('n'))} | {inline(one['better'])} |"
        for one in scores
        if one.get("n") != 0  # of nothing nothing was measured
    ]
    return ["| what | score | value | 95 % interval | over | better |", "|---|---|--:|---|--:|---|", *rows] if rows else []


def funnel_table(funnel: Mapping[str, Any]) -> list[str]:
    """The curation: what each step saw and left out, and for which reasons."""
    rows: list[str] = []
    for step in funnel.get("steps", ()):
        reasons = step.get("reasons") or {}
        said = reasons.items() if isinstance(reasons, Mapping) else ((reason, "") for reason in reasons)
        told = ", ".join(f"{inline(reason)} {count:,}" if isinstance(count, int) else inline(reason) for reason, count in said)
        rows.append(f"| {inline(step['step'])} | {_number(step['seen'])} | {_number(step['left_out'])} | {told} |")
    table = ["| step | seen | left out | reasons |", "|---|--:|--:|---|", *rows] if rows else []
    counts = {"made": funnel.get("made"), "kept": funnel.get("kept"), "made to spare and not needed": funnel.get("spare")}
    told = [f"{count:,} {words}" for words, count in counts.items() if isinstance(count, int)]
    lacks = [f"'{inline(name)}' lacks {count:,}" for name, count in (funnel.get("short") or {}).items()]
    return [*table, *(["", f"{', '.join(told + lacks)}."] if table and told else [])]


def licence_line(licence: str) -> str:
    """Under which licence the records stand, or that nobody has said."""
    return f"Licence: {inline(licence)}."


def _details(verdict: Mapping[str, Any]) -> list[str]:
    effect, metric = verdict.get("effect"), verdict.get("metric", "")
    lines = [f"effect {_number(effect['value'])} {_span(effect)} {inline(metric)}, + is better"] if effect else []
    if verdict.get("margin") is not None:
        lines.append(f"smallest change that matters {_number(verdict['margin'])}; this trial could find {_seen(verdict)}")
    lines += _harmed_or_not(verdict.get("guards", ()))
    worth = verdict.get("real_rows_equivalent") or {}
    if worth.get("value") is not None:
        low, high = (None if worth.get(end) is None else _number(round(worth[end])) for end in ("low", "high"))
        between = "" if low is None else f" [{low}, {high or 'no bound'}]"
        lines.append(f"worth about {_number(round(worth['value']))}{between} real records: {inline(worth.get('note', ''))}")
    lines += [f"in doubt: {inline(caution)}" for caution in verdict.get("cautions", ())]
    return lines + [f"leak `{inline(leak['code'])}`: {inline(leak['note'])}" for leak in verdict.get("leaks", ())]


def _harmed_or_not(guards: Sequence[Mapping[str, Any]]) -> list[str]:
    """The guards that are harmed, those that are not, and apart from them those of which this trial cannot tell."""
    words = {"failed": "harmed", "passed": "not harmed", "not shown": "harm neither shown nor ruled out"}
    by_outcome = {
        outcome: [inline(METRIC_NAMES.get(guard["name"], guard["name"])) for guard in guards if guard.get("outcome") == outcome]
        for outcome in words
    }
    return [f"{words[outcome]}: {', '.join(names)}" for outcome, names in by_outcome.items() if names]


def _says(name: str) -> str:
    return SCORE_NAMES.get(name, "the same of unseen real records" if name.endswith("_base") else "")


def _seen(verdict: Mapping[str, Any]) -> str:
    found = verdict.get("detectable_effect")
    return "an effect of unknown size" if found is None else f"effects of {_number(found)}"


def _span(one: Mapping[str, Any]) -> str:
    low, high = one.get("low"), one.get("high")
    return "" if low is None or high is None else f"[{_number(low)}, {_number(high)}]"


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not known" if value is None else inline(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
