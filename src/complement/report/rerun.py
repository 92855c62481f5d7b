"""How to run it again: the command, what it rested on, and what would have to be the same."""

from __future__ import annotations

from complement.report.facts import Facts, as_node, at, number, text, values, whole
from complement.report.figures import brief
from complement.report.html import Html, el, join, name_of
from complement.report.tables import Section, folded, note, table
from complement.report.top import verdicts_in

SHORT = 16  # signs of a hash that are shown: enough to compare by eye
PARTS = ("question", "plan", "seed", "sealing", "released")


def rerun(facts: Facts) -> Section:
    """The command, the versions and hashes; notes on the data, and what it cost."""
    if facts.manifest is None:
        return Section("rerun", "How to run it again", None, "No manifest: the run was not finished.")
    command = el("pre", el("code", "complement run recipe.yaml"), tabindex=0)
    rows: list[tuple[object, object]] = [(name, _short(text(at(facts.manifest, name)))) for name in PARTS]
    if text(at(facts.outcome, "why")):
        rows[-1] = (PARTS[-1], "nothing")
    rows += [(join("input ", name_of(name, 30)), el("code", text(one)[:SHORT])) for name, one in _pairs(facts, "inputs")]
    rows += [(name, text(one)) for name, one in _pairs(facts, "versions")]
    if facts.digest:
        rows.append(("release digest", el("code", facts.digest)))
    told = note(
        "The same recipe, data, seed and packages give the same bytes. The recipe stands in the run's folder as "
        "recipe.yaml; put it beside the data first."
    )
    body = join(command, told, folded("What it rested on", table("What it rested on", ("What", "Value"), rows)))
    return Section("rerun", "How to run it again", join(body, _spent(facts), _notes(facts)))


def _short(value: str) -> str | Html:
    return el("code", value[:SHORT]) if len(value) == 64 else value


def _pairs(facts: Facts, key: str) -> list[tuple[str, object]]:
    return sorted((as_node(at(facts.manifest, key)) or {}).items())


def _spent(facts: Facts) -> Html | None:
    seconds, cpu = (number(at(facts.verdict, "spent", name)) for name in ("seconds", "cpu_seconds"))
    fits = whole(at(facts.verdict, "planned", "fits"))
    told = [
        f"{fits:,} models fitted" if fits is not None else "",
        f"{brief(seconds)} seconds" if seconds is not None else "",
        f"{brief(cpu)} of processor time" if cpu is not None else "",
    ]
    said = ", ".join(part for part in told if part)
    return note(f"Spent by the trial: {said}.") if said else None


def _notes(facts: Facts) -> Html | None:
    every = [*values(at(facts.source, "notes")), *(note for one in verdicts_in(facts) for note in values(at(one, "notes")))]
    every += values(at(facts.scores, "notes"))
    told = [el("li", one) for one in dict.fromkeys(text(note) for note in every) if one]
    return folded("Notes on the data", el("ul", told)) if told else None
