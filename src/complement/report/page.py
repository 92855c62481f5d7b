"""The page: every section in its order, the style, and nothing that is fetched from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from complement.report import evidence, kept, made, rerun, top
from complement.report.facts import Facts
from complement.report.html import Html, el, join
from complement.report.tables import Section

# A browser that obeys this fetches nothing, runs nothing and sends nothing, whatever stands in the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
ROOMS = (
    evidence.forest,
    evidence.weights,
    evidence.data_curve,
    evidence.slices,
    kept.gaps,
    made.fidelity,
    made.diversity,
    made.privacy,
    kept.collapse,
    kept.funnel,
    kept.samples,
    rerun.rerun,
)


def page(facts: Facts) -> str:
    """The report as one HTML file: no script, no request, no real record; the same facts give the same bytes.

    What the facts do not hold is said in one line, with how to get it, or left out. Anything in them is shown as text.
    """
    sections = [room(facts) for room in ROOMS]
    shown = [(section, html) for section in sections if (html := section.html()) is not None]
    body = el(
        "body",
        el("a", "To the evidence", href="#arms", class_="skip"),
        el("main", top.first_screen(facts), _contents([section for section, _ in shown]), [html for _, html in shown]),
        el("footer", el("p", "Made by complement. Synthetic records are a complement to real ones, never their replacement.")),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("link", rel="icon", href="data:,"),
        el("title", top.title_of(facts)),
        el("style", Html(_style())),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _contents(sections: list[Section]) -> Html:
    links = [el("li", el("a", section.heading, href=f"#{section.anchor}")) for section in sections]
    return el("nav", el("details", el("summary", "What is on this page"), el("ol", links)), aria_label="Contents")


@cache
def _style() -> str:
    lines = files("complement.report").joinpath("style.css").read_text(encoding="utf-8").splitlines()
    return join(Html("\n".join(line.strip() for line in lines if line.strip())))
