"""What keeps the house readable: short files, short functions, few parameters, no room without a name."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
FILES = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]
MOST_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS = 400, 60, 7
NAMELESS = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions_of(text: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def long_functions(text: str) -> list[str]:
    sizes = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions_of(text)}
    return [f"{name}: {lines} lines" for name, lines in sizes.items() if lines > MOST_FUNCTION_LINES]


def wide_functions(text: str) -> list[str]:
    found: list[str] = []
    for function in functions_of(text):
        if any(".command" in ast.unparse(decorator) for decorator in function.decorator_list):
            continue  # a command of the command line has a parameter for each of its options
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        counted = [name for name in names if name not in ("self", "cls")]
        if len(counted) > MOST_PARAMETERS:
            found.append(f"{function.name}: {len(counted)} parameters")
    return found


def broad_handlers(text: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            caught = "everything" if node.type is None else ast.unparse(node.type)
            if re.search(r"\b(everything|Exception|BaseException)\b", caught):
                found.append(f"line {node.lineno}: except {caught}")
    return found


def asserts(text: str) -> list[str]:
    return [f"line {node.lineno}" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]


def dangerous_calls(text: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [f"line {c.lineno}: {c.func.id}" for c in calls if isinstance(c.func, ast.Name) and c.func.id in ("eval", "exec")]


def unfinished(text: str) -> list[str]:
    comments = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT]
    return [f"line {comment.start[0]}" for comment in comments if UNFINISHED.search(comment.string)]


def opening(text: str) -> list[str]:
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].strip()
    starts = text.startswith(('"""', 'r"""'))
    return [] if starts and len(first.split()) >= 3 and first.endswith((".", ":", "?")) else [first or "no docstring"]


def long_file(text: str) -> list[str]:
    lines = len(text.splitlines())
    return [f"{lines} lines"] if lines > MOST_LINES else []


RULES: list[tuple[str, Callable[[str], list[str]], str]] = [
    ("a file has at most 400 lines", long_file, "x = 1\n" * 401),
    ("a function has at most 60 lines", long_functions, "def f():\n" + "    x = 1\n" * 60),
    ("a function has at most 7 parameters", wide_functions, "def f(a, b, c, d, *, e, f, g, h): ...\n"),
    ("a file begins with a sentence on what it is for", opening, "import os\n"),
    ("nothing is left to do in a comment", unfinished, "x = 1  # TODO: more\n"),
]
SOURCE_RULES: list[tuple[str, Callable[[str], list[str]], str]] = [
    ("no handler catches everything", broad_handlers, "try:\n    f()\nexcept (Exception, OSError):\n    g()\n"),
    ("nothing is asserted that a user may break", asserts, "assert x\n"),
    ("no text is run as a program", dangerous_calls, "eval('1')\n"),
]


@pytest.mark.parametrize(("rule", "find"), [(rule, find) for rule, find, _ in RULES])
def test_every_file_keeps_the_rule(rule: str, find: Callable[[str], list[str]]) -> None:
    found = {short(path): faults for path in FILES if (faults := find(path.read_text(encoding="utf-8")))}
    assert not found, rule


@pytest.mark.parametrize(("rule", "find"), [(rule, find) for rule, find, _ in SOURCE_RULES])
def test_every_source_file_keeps_the_rule(rule: str, find: Callable[[str], list[str]]) -> None:
    # edge.py is the one place that may turn an unknown exception into a failed shard with its number.
    files = [path for path in SOURCES if not (find is broad_handlers and path.name == "edge.py")]
    found = {short(path): faults for path in files if (faults := find(path.read_text(encoding="utf-8")))}
    assert not found, rule


@pytest.mark.parametrize(("rule", "find", "fault"), [*RULES, *SOURCE_RULES])
def test_a_planted_fault_is_found(rule: str, find: Callable[[str], list[str]], fault: str) -> None:
    assert find(fault), rule


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    names = {path.stem for path in FILES} | {path.parent.name for path in FILES}
    assert not names & NAMELESS


def test_there_are_files_to_look_at() -> None:
    assert len(SOURCES) > 30
    assert len(FILES) > len(SOURCES) + 20
