"""The page as text: verdict first, sections in their order, nothing fetched, nothing run, whatever the facts hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.report import Facts, page
from complement.report.facts import PLACES
from complement.report.words import BY_STATE, SENTENCES, SIGNS

NAMES = ("helps", "hurts", "mixed", "inconclusive", "full")
MOST_BYTES = 2_000_000
ORDER = [
    "arms",
    "weights",
    "curve",
    "slices",
    "gaps",
    "fidelity",
    "diversity",
    "privacy",
    "collapse",
    "funnel",
    "samples",
    "rerun",
]
VOID = {"meta", "link", "br", "hr"}
HOSTILE = "</style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\x00\ud800&lt;"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "low", "high", "bins", "real", "n"]), inner)
    ),
    max_leaves=6,
)


class Outline(HTMLParser):
    """What a page is built of. Raises where a tag is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text.append(data)

    def of(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def hostile(value: Any) -> Any:
    """The same facts with every text, and every key that the data bring, replaced by one that would like to run."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return {key: hostile(one) for key, one in value.items()} if isinstance(value, dict) else value


def check_harmless(text: str) -> Outline:
    outline = Outline(text)
    names = {tag for tag, _ in outline.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "input", "base", "video", "audio", "foreignobject"}
    keys = {key for _, attributes in outline.tags for key in attributes}
    assert not {key for key in keys if key.startswith("on")} | (keys & {"src", "srcset", "style", "action", "xlink:href"})
    assert {one["href"] for one in outline.of("a", "link")} <= {*(f"#{anchor}" for anchor in ORDER), "data:,"}
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    return outline


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_stands_first_and_then_four_figures(facts: Callable[[str], Facts], name: str) -> None:
    given = facts(name)
    text = page(given)
    verdict = (given.verdict or {})["verdicts"][0]
    assert text.index(f"> {verdict['state']}</span>") < text.index("<h2") < text.index('id="arms"')
    figures = text.index('class="figures"')
    assert text.index("<h1") < figures < text.index("<h2")
    assert verdict["learner"] in text[text.index("<h1") : text.index("</h1>")]
    assert verdict["headline"] in "".join(Outline(text).text)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_small_and_harmless_and_the_same_each_time(facts: Callable[[str], Facts], name: str) -> None:
    text = page(facts(name))
    assert len(text.encode()) < MOST_BYTES
    assert text == page(facts(name))
    check_harmless(text)
    assert not re.findall(r"https?://", text)


@pytest.mark.parametrize("name", NAMES)
def test_headings_tables_and_anchors_are_in_order(facts: Callable[[str], Facts], name: str) -> None:
    outline = Outline(page(facts(name)))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(cell.get("scope") in ("col", "row", "colgroup") for cell in outline.of("th"))
    assert len(outline.of("caption")) == len(outline.of("table"))
    anchors = [one["id"] for _, one in outline.tags if "id" in one]
    assert len(anchors) == len(set(anchors))
    assert {(one["href"] or "")[1:] for one in outline.of("a")} <= set(anchors)
    assert [anchor for anchor in anchors if anchor in ORDER] == [anchor for anchor in ORDER if anchor in anchors]
    assert outline.of("html")[0]["lang"] == "en"
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in outline.of("svg") if "class" in one)


def test_a_run_with_everything_measured_has_every_section(facts: Callable[[str], Facts]) -> None:
    text = page(facts("full"))
    missing = re.findall(r'<section class="absent" aria-labelledby="(\w+)"', text)
    assert missing == ["diversity"], "the audit that these facts are of measured none"
    assert {one.get("data-chart") for one in Outline(text).of("svg")} >= {
        "interval",
        "lines",
        "histogram",
        "paired",
        "heat",
        "bar",
    }


@pytest.mark.parametrize("kind", PLACES)
def test_what_was_not_measured_is_said_in_a_line_or_left_out(facts: Callable[[str], Facts], kind: str) -> None:
    whole, without = page(facts("full")), page(replace(facts("full"), **{kind: None}))
    check_harmless(without)
    if getattr(facts("full"), kind) is not None:
        assert len(without) < len(whole)
    assert without.count('class="missing"') >= whole.count('class="missing"')


def test_a_run_without_a_verdict_says_so() -> None:
    text = page(Facts("empty"))
    assert "There is no verdict yet" in text
    check_harmless(text)


def test_hostile_names_are_shown_as_text(facts: Callable[[str], Facts]) -> None:
    full = facts("full")
    parts = {field.name: hostile(getattr(full, field.name)) for field in fields(full)}
    for text in (page(Facts(**parts)), page(replace(full, details=hostile(full.details), samples=hostile(full.samples)))):
        outline = check_harmless(text)
        assert not {"\u202e", "\x00", "\ud800"} & set(text)
        assert "<script>alert(1)</script>" in "".join(outline.text)
        text.encode()


@settings(deadline=None, max_examples=25)
@given(place=st.integers(0, 10**6), value=JSON)
def test_any_fact_may_be_of_any_kind(place: int, value: Any) -> None:
    whole = json.loads((Path(__file__).parent / "facts" / "full.json").read_text(encoding="utf-8"))
    del whole["collapse"]
    whole["details"]["columns"] = whole["details"]["columns"][:3]
    spots: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            spots.append((node, key))
            walk(node[key])

    for name in ("verdict", "scores", "gaps", "funnel"):
        walk({name: whole[name]})
    walk({"details": whole["details"], "source": whole["source"], "samples": whole["samples"]})
    node, key = spots[place % len(spots)]
    node[key] = value
    check_harmless(page(Facts(**{kind: one for kind, one in whole.items() if isinstance(one, dict | list | str)})))


def test_every_code_of_a_verdict_has_its_sentence(root: Path) -> None:
    listed = (root / "docs" / "codes" / "README.md").read_text(encoding="utf-8")
    codes = dict(re.findall(r"^\| \[`([\w-]+)`\]\([\w-]+\.md\) \| ([A-Z ]+) \|", listed, flags=re.MULTILINE))
    assert len(codes) > 15
    assert set(SENTENCES) == set(codes)
    assert set(codes.values()) <= set(SIGNS)
    assert set(SIGNS) == set(BY_STATE)


def test_learners_of_which_the_same_is_true_share_a_sentence(facts: Callable[[str], Facts]) -> None:
    given = facts("helps")
    verdict = (given.verdict or {})["verdicts"][0]
    both = [verdict, {**verdict, "learner": "logistic"}]
    text = page(replace(given, verdict={**(given.verdict or {}), "verdicts": both}))
    assert "makes the lightgbm and logistic models better" in text
    assert text[: text.index("</h1>")].count('class="badge') == 1


def test_a_doubt_stands_before_the_numbers(facts: Callable[[str], Facts]) -> None:
    given = facts("helps")
    leak = {"code": "reused-hold-out", "severity": "finding", "note": "Another plan opened these."}
    doubted = replace(given, verdict={**(given.verdict or {}), "verified": False, "leaks": [leak]})
    text = page(doubted)
    assert text.index("Unverified.") < text.index("reused-hold-out") < text.index('class="figures"')
    assert 'class="doubts"' not in page(given)


def test_a_page_on_four_hundred_columns_and_many_slices_stays_small(facts: Callable[[str], Facts]) -> None:
    full = json.loads((Path(__file__).parent / "facts" / "full.json").read_text(encoding="utf-8"))
    names, columns = [f"column {place}" for place in range(400)], full["details"]["columns"]
    wide = [{**columns[place % len(columns)], "name": name} for place, name in enumerate(names)]
    square = [[(one * other) % 7 / 10 for one in range(400)] for other in range(400)]
    full["details"] = {"columns": wide, "pairs": {"names": names, "real": square, "synthetic": square[::-1]}}
    full["source"]["columns"] = [{"name": one["name"], "kind": one["kind"], "role": "feature"} for one in wide]
    full["samples"] = [dict.fromkeys(names, 1)] * 100
    full["gaps"]["gaps"] *= 500
    for verdict in full["verdict"]["verdicts"]:
        verdict["slices"] *= 500
    assert len(page(Facts(**full)).encode()) < MOST_BYTES / 4
