"""The documentation is held to the code: a page for every code, examples that come true, links that lead somewhere."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from complement.core.verdict import Effect, Guard, Leak
from complement.prove.decide import FREE_WAYS, Evidence, compare, decide, decide_substitute
from complement.prove.leaks import leaks_of
from complement.prove.statistics import Estimate, critical
from complement.source.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
PROVE = ROOT / "src" / "complement"
CODES = ROOT / "docs" / "codes"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CODES.glob("*.md")) if path.stem != "README"}
HEADINGS = ["How decided", "Why it matters", "What to do", "Example"]
MARKDOWN = [path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.is_file()]
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")
STATES = {"HELPS", "HURTS", "NO DIFFERENCE", "MIXED", "INCONCLUSIVE", "SUBSTITUTES", "FALLS SHORT"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", flags=re.DOTALL)


def codes_in(text: str) -> set[str]:
    """The codes that a module of prove can give: (state, code) pairs, free ways, code=…, and the first argument of Leak."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        values: list[ast.expr] = []
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _text(node.elts[0]) in STATES:
            values = [node.elts[1]]
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            values = [k.value for k in node.keywords if name == "Verdict" and k.arg == "code"]
            values += node.args[:1] if name == "Leak" else []
        found |= {slug for value in values if (slug := _text(value)) and SLUG.fullmatch(slug)}
    return found


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def all_codes() -> set[str]:
    found = {code for path in PROVE.rglob("*.py") for code in codes_in(path.read_text(encoding="utf-8"))}
    return found | set(FREE_WAYS.values()) | {"repeats-sealed", "fitted-on-sealed"}


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n", 1)[-1].split("\n## ", 1)[0].strip()


def example_of(page: str) -> dict[str, Any] | None:
    found = re.search(r"```json\n(.*?)```", section(page, "Example"), flags=re.DOTALL)
    return json.loads(found.group(1)) if found else None


def estimate_of(value: float, low: float, high: float) -> Estimate:
    """An estimate with this interval at alpha .05, over a thousand units."""
    units = np.tile([1.0, -1.0], 500)
    one = Estimate(0.0, units, np.zeros((1, 1)), 1000)
    assert high - value == pytest.approx(value - low), "an interval of the examples is symmetric"
    return Estimate(value, units * (high - value) / (critical(one, 0.05) * one.error), np.zeros((1, 1)), 1000)


def evidence_of(example: dict[str, Any]) -> Evidence:
    compared = [compare(name, estimate_of(*effect), alpha=0.05, note="") for name, effect in example["comparisons"].items()]
    return Evidence(
        effect=Effect(*example["effect"], 1000),
        equivalence=Effect(*example["equivalence"], 1000),
        margin=example["margin"],
        comparisons=compared,
        guards=[Guard(name, outcome) for name, outcome in example["guards"].items()],
        leaks=[Leak(code, "error", "") for code in example["leaks"]],
        weights=example["weights"],
        rarest=example["rarest"],
        least=30,
    )


def calls_in(page: str) -> list[str]:
    """What follows `complement` in inline code and in shell blocks, up to the end of the command."""
    fences = re.findall(r"```(?:sh|bash|console|shell)\n(.*?)```", page, flags=re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
    found = [re.findall(r"(?:^|[\s/&;])complement ([a-z]+[^&|;#\n]*)", code, flags=re.MULTILINE) for code in [*spans, *fences]]
    return [call.strip() for calls in found for call in calls]


def test_every_code_that_prove_can_give_has_a_page_and_no_page_is_left_over() -> None:
    assert set(PAGES) == all_codes()


def test_the_search_for_codes_finds_the_known_ones() -> None:
    assert codes_in('def f():\n    return "MIXED", "a-code"\n') == {"a-code"}
    assert codes_in('Leak("b-code", "error", "")\nVerdict(code="c-code")\n') == {"b-code", "c-code"}
    assert {"helps", "hurts", "no-difference", "inconclusive", "leak-void"} <= all_codes()


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_says_how_why_what_and_gives_an_example(code: str) -> None:
    page = PAGES[code]
    assert page.startswith(f"# `{code}`\n")
    assert re.findall(r"^## (.+)$", page, flags=re.MULTILINE) == HEADINGS
    assert all(len(section(page, heading).split()) >= 8 for heading in HEADINGS)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_the_example_of_a_page_comes_true(code: str, tmp_path: Path) -> None:
    example = example_of(PAGES[code])
    if example is None:
        assert code == "too-few-units", "only what is not defined has no example in numbers"
    elif "openings" in example:
        told = [Ledger(tmp_path).open("sealed", plan=plan, question="in-hand").reused for plan in example["openings"]]
        assert told == [plan != example["openings"][0] for plan in example["openings"]]
    elif "facts" in example:
        (leak,) = leaks_of(example["facts"], delivered=example["delivered"], nearer=example["nearer"])
        assert (leak.code, f"Leak: **{leak.severity}**" in PAGES[code]) == (code, True)
    else:
        evidence = evidence_of(example)
        state, met = decide_substitute(evidence, private=example["private"]) if "private" in example else decide(evidence)
        assert met == code
        assert f"State: **{state}**" in PAGES[code]


def test_the_list_of_codes_names_every_page() -> None:
    listed = re.findall(r"\]\(([a-z-]+)\.md\) \|", (CODES / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(PAGES)


@pytest.mark.parametrize("path", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN])
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN])
def test_every_command_and_option_that_a_page_names_exists(path: Path) -> None:
    from complement.cli import main

    for call in calls_in(path.read_text(encoding="utf-8")):
        command, *rest = call.split()
        assert command in main.commands, f"complement {call}"
        known = {option for part in main.commands[command].params for option in (*part.opts, *part.secondary_opts)}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known | {"--help"}, f"complement {call}"


def test_the_search_for_commands_finds_them_in_code_alone() -> None:
    page = "complement answers.\n`complement init DATA --target y` and\n```sh\n.venv/bin/complement run r.yaml && ls # go\n```\n"
    assert calls_in(page) == ["init DATA --target y", "run r.yaml"]


@pytest.mark.parametrize("path", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN])
def test_every_snippet_marked_as_a_file_is_that_file(path: Path) -> None:
    for name, snippet in FENCE.findall(path.read_text(encoding="utf-8")):
        file = ROOT / name
        assert file.is_file(), name
        assert snippet.strip() in file.read_text(encoding="utf-8"), f"{name} says something else"


def test_every_example_file_is_shown_on_a_page() -> None:
    shown = {name for path in MARKDOWN for name, _ in FENCE.findall(path.read_text(encoding="utf-8"))}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "examples").glob("*.*") if path.suffix != ".md"}
    assert there <= shown


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "examples").glob("*.py")), ids=lambda path: path.name)
def test_every_python_example_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
