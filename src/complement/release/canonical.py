"""Canonical JSON: one content, one string of bytes, so that a digest of the bytes is a digest of the content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, cast

EXACT = (
    2**53
)  # the largest whole number up to which a reader that knows doubles only, such as JavaScript, reads every one exactly
_CHUNK = 1 << 20


def canonical(content: object) -> bytes:
    """UTF-8 with sorted keys, one space of indent, the shortest digits that read back the same float, and a closing newline.

    Raises ValueError for NaN and infinities, TypeError for what JSON does not have.
    """
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def plain(value: Any) -> Any:
    """The same values as canonical JSON holds them: infinite or NaN becomes null, whole numbers beyond `EXACT` become text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in cast(list[Any], value)]
    return value


def parse(text: bytes) -> Any:
    """What canonical JSON says. Raises ValueError when it is not JSON, or not in the one form that `canonical` gives."""
    content = json.loads(text.decode(), parse_constant=_refuse)
    if canonical(content) != text:
        raise ValueError("it is JSON, but not in canonical form")
    return content


def digest_of(content: bytes) -> str:
    """The sha256, 64 hexadecimal digits."""
    return sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
