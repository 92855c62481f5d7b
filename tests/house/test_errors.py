"""One tree of errors: every code is defined, used, documented; every class is also a builtin and crosses processes."""

from __future__ import annotations

import ast
import builtins
import inspect
import pickle
import re
from pathlib import Path

import pytest

from complement.core import errors
from complement.core.errors import ADVICE, CODES, MOST_HELP, MOST_MET, MOST_WHERE, ComplementError

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "src" / "complement" / "core" / "errors.py"
CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ComplementError) and kind is not ComplementError
]
NAMES = {kind.__name__ for kind in CLASSES} | {"ComplementError"}
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def raised_in(text: str) -> set[str]:
    """The codes that a module gives to an error as a literal."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in NAMES and isinstance(node.args[0].value, str):
                found.add(node.args[0].value)
    return found


def literals_in(text: str) -> set[str]:
    nodes = ast.walk(ast.parse(text))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def sources(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if path not in (HOME, Path(__file__).resolve())]


def test_every_code_that_is_raised_is_defined() -> None:
    raised = {code: path for path in sources("src") for code in raised_in(path.read_text(encoding="utf-8"))}
    assert len(raised) > 10
    assert not {code: str(path.relative_to(ROOT)) for code, path in raised.items() if code not in CODES}


def test_a_code_that_is_not_defined_is_found() -> None:
    assert raised_in('raise SourceError("never-heard-of", "met")') == {"never-heard-of"}


def test_every_code_is_used_somewhere() -> None:
    used = {text for path in sources("src") for text in literals_in(path.read_text(encoding="utf-8"))}
    assert sorted(set(CODES) - used) == []


def test_every_code_is_documented_in_the_same_words() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]+?) \|", PAGE, flags=re.MULTILINE))
    assert rows == CODES


def test_every_documented_code_says_what_to_do() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]*) \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) == len(CODES)
    assert [code for code, what in rows if len(what.split()) < 4] == []


def test_an_error_that_says_nothing_better_gives_the_advice_of_the_page() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]*) \|$", PAGE, flags=re.MULTILINE)
    plain = {code: re.sub(r"\[(\w+)\]\([^)]*\)", r"docs/\1.md", what).replace("`", "") for code, what in rows}
    assert plain == ADVICE
    assert ComplementError("disk", "met").help == ADVICE["disk"]
    assert ComplementError("disk", "met", help="do that").help == "do that"


def test_an_error_is_one_screen_of_signs_that_can_be_printed() -> None:
    error = ComplementError("usage", "x" * 5000, where="a\nb" * 2000, help="\x1b[2J\0🙂ü")
    assert len(error.met) <= MOST_MET + 2
    assert len(error.where.splitlines()) <= MOST_WHERE // 80 + 1
    assert error.help == "\\x1b[2J\\x00🙂ü"
    assert MOST_MET + MOST_WHERE + MOST_HELP <= 21 * 80
    assert len(str(error).splitlines()) < 24


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.__name__ for kind in CLASSES])
def test_an_error_is_also_a_builtin(kind: type[ComplementError]) -> None:
    assert any(base in vars(builtins).values() and base is not Exception for base in kind.__mro__[1:-3])


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.__name__ for kind in CLASSES])
def test_an_error_crosses_processes_with_all_it_carries(kind: type[ComplementError]) -> None:
    error = kind("usage", "met this", where="file.csv:3", help="do that")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert copy.as_json() == error.as_json() == {"code": "usage", "met": "met this", "where": "file.csv:3", "help": "do that"}


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.__name__ for kind in CLASSES])
def test_an_error_reads_as_what_was_met_where_and_what_to_do(kind: type[ComplementError]) -> None:
    assert str(kind("usage", "met this", where="file.csv:3", help="do that")) == "met this\nwhere: file.csv:3\nhelp: do that"


def test_an_unknown_code_is_refused_when_the_error_is_made() -> None:
    with pytest.raises(KeyError, match="never-heard-of"):
        ComplementError("never-heard-of", "met")


def test_exit_codes_are_those_that_the_command_line_promises() -> None:
    assert {kind.exit_code for kind in CLASSES} == {1, 2, 3}
    assert [kind.__name__ for kind in CLASSES if kind.exit_code == 1] == ["GateError"]
