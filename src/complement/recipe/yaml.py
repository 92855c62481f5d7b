"""Reads a recipe's YAML: plain values only, each with the line it stands on.

What a recipe never needs is refused and not merely ignored: tags, anchors, aliases, merge keys, several documents,
a key given twice, nesting without end, a file of megabytes. Words are read by the core rules of YAML 1.2, so that
`no`, `off`, `1:30` and `2024-05-01` stay the text that somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from complement.core.errors import RecipeError

Plain = str | int | float | bool | None | tuple["Plain", ...] | dict[str, "Plain"]
Key = tuple[str | int, ...]  # the way to a value, such as ("purpose", "learners", 0)
MAX_BYTES = 1_000_000  # a recipe is written by a person; data stand in their own files
MAX_DEPTH = 20  # levels of nesting; the deepest valid recipe has 6


@dataclass(frozen=True)
class Text:
    """The values of a YAML file and where each of them stands."""

    values: dict[str, Plain]
    file: str = "recipe"
    lines: dict[Key, int] = field(default_factory=dict)
    text: str = ""

    def where(self, key: Key) -> str:
        """`file:line:key` of a value; of a value that is not there, the line of what it belongs to."""
        line = 0
        for end in range(len(key), -1, -1):
            if key[:end] in self.lines:
                line = self.lines[key[:end]]
                break
        dotted = spell(key)
        return ":".join(part for part in (self.file, str(line) if line else "", dotted) if part)


def read_yaml(path: Path) -> Text:
    """The recipe at `path`. Raises RecipeError: recipe-missing, recipe-unsafe or recipe-syntax, with file and line."""
    name = path.name
    try:
        if not path.is_file():
            raise RecipeError(
                "recipe-missing", f"There is no recipe '{path}'.", help="complement init DATA --target y writes one."
            )
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as cause:
        raise RecipeError("recipe-missing", f"The recipe '{path}' cannot be opened: {cause.strerror}.") from cause
    if len(raw) > MAX_BYTES:
        raise RecipeError("recipe-unsafe", f"The recipe is larger than {MAX_BYTES:,} bytes.", where=name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = raw[: cause.start].count(b"\n") + 1
        raise RecipeError("recipe-syntax", "The recipe is not UTF-8 text.", where=f"{name}:{line}") from cause
    return parse_yaml(text, file=name)


def parse_yaml(text: str, *, file: str = "recipe") -> Text:
    """The values in a recipe's text. Raises like `read_yaml`."""
    try:
        _refuse(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        raise RecipeError("recipe-syntax", f"This is not YAML: {cause.problem or cause.context}.", where=where) from cause
    except yaml.YAMLError as cause:  # a control character, which has no mark
        raise RecipeError("recipe-syntax", f"This is not YAML: {str(cause).splitlines()[0]}.", where=file) from cause
    lines: dict[Key, int] = {}
    if node is None:
        return Text({}, file, lines, text)
    if not isinstance(node, yaml.MappingNode):
        raise RecipeError(
            "recipe-syntax", "A recipe is a list of 'key: value' lines.", where=f"{file}:1", help="See: complement schema"
        )
    values = _plain(node, (), lines, file)
    return Text(values if isinstance(values, dict) else {}, file, lines, text)


def spell(key: Key) -> str:
    """A key as a person writes it: purpose.learners[0]."""
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


class _Loader(yaml.SafeLoader):
    """SafeLoader with the words of YAML 1.2's core rules; it only composes nodes, it never constructs objects."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (the name is PyYAML's)


_WORDS: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
)
for _tag, _pattern, _first in _WORDS:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), [*_first, ""] if _tag.endswith("null") else list(_first))


def _refuse(text: str, file: str) -> None:
    depth, documents = 0, 0
    for event in _events(text):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _unsafe("an anchor or alias (& or *)", file, line)
        if getattr(event, "tag", None):
            raise _unsafe(f"the tag '{event.tag}'", file, line)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _unsafe("a second document (---)", file, line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _unsafe(f"more than {MAX_DEPTH} levels of nesting", file, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=_Loader)


def _unsafe(what: str, file: str, line: int) -> RecipeError:
    return RecipeError(
        "recipe-unsafe",
        f"The recipe holds {what}, which a recipe never needs.",
        where=f"{file}:{line}",
        help="Write the value out; put text with a leading & * or ! in quotes.",
    )


def _plain(node: yaml.Node, key: Key, lines: dict[Key, int], file: str) -> Plain:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return tuple(_plain(part, (*key, index), lines, file) for index, part in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, lines, file)
    return _scalar(node, key, file)


def _mapping(node: yaml.MappingNode, key: Key, lines: dict[Key, int], file: str) -> dict[str, Plain]:
    values: dict[str, Plain] = {}
    for name_node, part in node.value:
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            raise RecipeError("recipe-syntax", "A key must be a word, not a list.", where=f"{file}:{line}")
        name = str(name_node.value)  # a column may be called 1 or true: keys are always text
        if name in values:
            raise RecipeError(
                "recipe-syntax",
                f"The key '{name}' is given twice.",
                where=f"{file}:{line}:{spell((*key, name))}",
                help=f"It stands in line {lines[(*key, name)]} already; keep one.",
            )
        lines[(*key, name)] = line
        values[name] = _plain(part, (*key, name), lines, file)
    return values


def _scalar(node: yaml.Node, key: Key, file: str) -> Plain:
    text, kind = str(node.value), node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        if len(text) > 19:  # more digits than a 64-bit number has
            raise RecipeError(
                "recipe-syntax", "A number has too many digits.", where=f"{file}:{node.start_mark.line + 1}:{spell(key)}"
            )
        return int(text)
    return float(text) if kind == "float" else text
