"""Writing HTML and SVG so that nothing a file of somebody else says can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# What no page may hold, and what turns the order of the signs beside it (a column name could hide what it says).
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_VOID = frozenset(("meta", "link", "br", "hr"))
_ALONE = frozenset(("line", "rect", "circle", "path", "polyline"))


class Html(str):
    """Text that is markup already: everything else is escaped where it is put into an element."""

    __slots__ = ()


def plain(text: object, most: int = 400) -> str:
    """The text without signs that a page cannot show, each spelled (`\\x1b`), and cut to `most` signs."""
    spelled = _UNFIT.sub(lambda sign: sign.group().encode("unicode_escape").decode("ascii"), str(text))
    return spelled if len(spelled) <= most else spelled[: most - 1] + "…"


def el(name: str, /, *children: object, **attributes: object) -> Html:
    """One element. Children: text (escaped), Html, lists of these, None (nothing).

    An attribute's `_` is written `-`, one at the end is dropped (`class_`); True gives the bare name, None and False nothing.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    inner = "".join(_inside(children))
    return Html(f"<{name}{written}/>") if name in _ALONE and not inner else Html(f"<{name}{written}>{inner}</{name}>")


def join(*children: object) -> Html:
    """Several children as one."""
    return Html("".join(_inside(children)))


def name_of(text: object, most: int = 80) -> Html:
    """A name that the data bring: isolated, so that its direction of writing leaves its surroundings alone."""
    return el("bdi", plain(text, most))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.6g}" if isinstance(value, float) else plain(value, 2000)
    return f' {name}="{escape(text, quote=True)}"'


def _inside(children: Iterable[object]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str):
            yield escape(plain(child, 4000), quote=False)
        elif isinstance(child, Iterable):
            yield from _inside(child)
        else:
            yield escape(plain(child), quote=False)
