"""Stated: what a manifest says, read with suspicion, for whoever forged it chose every word of it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from complement.release.canonical import parse
from complement.release.manifest import ALLOWED, FORM, NEEDED
from complement.release.shards import COUNTED, DATA, SPLIT, file_name

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, strict=True)]
_SHARD = re.compile(rf"{DATA}/{SPLIT}-(\d{{5,}})-of-(\d{{5,}})\.parquet")


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class StatedFile(_Read):
    path: str
    sha256: Digest
    bytes: Count
    rows: Count | None = None


class StatedColumn(_Read):
    name: str
    kind: str
    role: str
    type: str


class Stated(_Read):
    """The part of a manifest that can be compared with the files."""

    form: str
    name: str
    synthetic: Literal[True]
    watermark: Literal["none"]
    rows: Count
    splits: dict[str, Count]
    counts: dict[str, dict[str, Count]]
    columns: list[StatedColumn]
    files: list[StatedFile]
    verdict_sha256: Digest

    @property
    def shards(self) -> list[StatedFile]:
        """The files that hold records, in order."""
        return [file for file in self.files if file.path not in ALLOWED]


def read_manifest(text: bytes) -> Stated:
    """The manifest. Raises ValueError, in words that follow "manifest.json", when it is none or contradicts itself."""
    content = parse(text)
    if not isinstance(content, dict) or content.get("form") != FORM:
        raise ValueError(f"it is not of the form '{FORM}'; another version of complement may read it")
    try:
        stated = Stated.model_validate(content)
    except ValidationError as cause:
        first = cause.errors()[0]
        raise ValueError(f"at {'.'.join(map(str, first['loc']))}: {first['msg']}") from cause
    for why, wrong in _contradictions(stated).items():
        if wrong:
            raise ValueError(why)
    return stated


def _contradictions(stated: Stated) -> dict[str, bool]:
    paths = [file.path for file in stated.files]
    shards = stated.shards
    # Only names of this layout are ever opened: a forged path must lead nowhere else.
    laid_out = [file.path for file in shards] == [file_name(number, len(shards)) for number in range(len(shards))]
    known = all(path in ALLOWED or _SHARD.fullmatch(path) for path in paths)
    counts = stated.counts
    return {
        "it lists a file twice, or files out of order": paths != sorted(set(paths)),
        f"it lacks one of {', '.join(NEEDED)}": not set(NEEDED) <= set(paths),
        "it lists files of another layout than that of a release": not (shards and known and laid_out),
        "its rows are not the sum of its files": stated.rows != sum(file.rows or 0 for file in shards),
        f"its splits are not {SPLIT} alone": stated.splits != {SPLIT: stated.rows},
        "its counts do not add up to its rows": set(counts) != {name.lstrip("_") for name in COUNTED}
        or any(sum(by.values()) != stated.rows for by in counts.values()),
    }
