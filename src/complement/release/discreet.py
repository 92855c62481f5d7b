"""Discreet: what a stranger reads names no folder and no host of the machine on which it was made."""

from __future__ import annotations

import platform
import re
import socket
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

# A path inside a sentence: two parts or more, not behind a word, a colon (as in https://) or another slash.
_PATH = re.compile(r"(?<![\w:/.<~])~?(?:/[\w.@+%-]+){2,}/?")
# A value that is nothing but a path: absolute, from a home folder, of Windows, or leading out of where it was written.
_WHOLE = re.compile(r"(?:~?/[^/\s].*/.*|~/.+|[A-Za-z]:[\\/].+|\\\\.+|(?:.*[\\/])?\.\.[\\/].+)", flags=re.DOTALL)
_SHORTEST = 4  # characters: "/" or "C:\" would be found everywhere
_ORDINARY = re.compile(r"[A-Za-z]{1,11}")  # a host called so cannot be told from a word of the text


def private_texts(more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Folders and names of this machine that no release may tell: home, working and temporary folder, and the host's names.

    A host whose name is an ordinary word is not among them: it could not be told from that word.
    """
    folders = [Path.home(), Path.cwd(), Path(tempfile.gettempdir())]
    places = {str(place) for folder in folders for place in (folder, folder.resolve())}
    hosts = {name for name in (socket.gethostname(), platform.node()) if not _ORDINARY.fullmatch(name)}
    found = {text.rstrip("/\\") for text in (*places, *hosts, *more)}
    return tuple(sorted((text for text in found if len(text) >= _SHORTEST), key=lambda text: (-len(text), text)))


def discreet(value: Any, private: tuple[str, ...]) -> Any:
    """The same plain values, of every path only the last name, and "…" in place of every private text."""
    if isinstance(value, str):
        if _WHOLE.fullmatch(value):
            return _last(value)
        return _PATH.sub(lambda found: _last(found.group()), without(value, private))
    if isinstance(value, Mapping):
        pairs = cast(Mapping[str, Any], value).items()
        return {discreet(key, private): discreet(inner, private) for key, inner in pairs}
    if isinstance(value, list | tuple):
        return [discreet(inner, private) for inner in cast(list[Any], value)]
    return value


def without(text: str, private: tuple[str, ...]) -> str:
    """The text with only the last name of what stands in a private folder, and "…" in place of every other private text."""
    for one in private:
        pattern = rf"(?<![\w/]){re.escape(one)}(?:([\\/][^\s\"'<>|,;:)\]}}&]*)|(?!\w))"
        text = re.sub(pattern, cast(Callable[[re.Match[str]], str], partial(_shortened)), text)
    return text


def _shortened(found: re.Match[str]) -> str:
    return (_last(found.group(1)) if found.group(1) else "") or "…"


def _last(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
