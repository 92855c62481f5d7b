"""The public surface: these names and no others, each of them found, whatever was imported before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import complement

LIST = Path(__file__).with_name("surface.txt")


def test_the_public_names_are_those_of_the_list():
    assert sorted(complement.__all__) == LIST.read_text().split()


@pytest.mark.parametrize("name", LIST.read_text().split())
def test_every_public_name_is_found_and_says_what_it_is(name: str):
    thing = getattr(complement, name)
    assert callable(thing)
    assert thing.__doc__


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        complement.nothing  # noqa: B018


@pytest.mark.parametrize("first", ["complement.prove.plan", "complement.run", "complement.generate.tabular", "complement.core"])
def test_a_verb_stays_callable_whatever_part_was_imported_first(first: str):
    code = (
        f"import {first}, complement, inspect\n"
        "assert all(callable(getattr(complement, verb)) for verb in ('prove', 'run', 'generate'))\n"
        "assert list(inspect.signature(complement.prove).parameters)[:3] == ['real', 'synthetic', 'target']\n"
        "from complement.prove.plan import Plan\n"
        "import complement.prove.plan as plan\n"
        "assert plan.Plan is Plan is complement.prove.plan.Plan\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_calling_the_verb_calls_the_function(monkeypatch: pytest.MonkeyPatch):
    import complement.verbs as story

    monkeypatch.setattr(story, "prove", lambda real, **given: (real, given))
    assert complement.prove("a.csv", target="y") == ("a.csv", {"target": "y"})
