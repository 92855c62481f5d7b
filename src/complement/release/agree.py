"""Agree: whether records, card, Croissant, verdict and privacy of a release say the same. Hashes alone would not show that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from complement.release.canonical import digest_of, parse
from complement.release.card import Front, paths_of_splits, read_front, summary
from complement.release.columns import type_name
from complement.release.manifest import CARD, CROISSANT, PRIVACY, VERDICT
from complement.release.mark import MARKS
from complement.release.shards import COUNTED, FILE_MARK, SPLIT, counted
from complement.release.stated import Stated, StatedFile
from complement.release.words import NOT_JUDGED, guarantee_line, privacy_line, verdict_line

Found = Iterator[tuple[str, str]]  # the file, and what was met
_VERDICT_LINE = re.compile(r"^- \*\*[A-Z ]+\*\* for .*$", flags=re.MULTILINE)


def agree(folder: Path, stated: Stated) -> Found:
    """What contradicts the manifest or another file, when every file is there and has the hash that the manifest says."""
    yield from _records(folder, stated)
    yield from ((CROISSANT, met) for met in _croissant(folder, stated))
    judged: dict[str, dict[str, Any]] = {}
    for name in (PRIVACY, VERDICT):
        try:
            content = parse((folder / name).read_bytes())
            judged[name] = content if isinstance(content, dict) else {}
        except ValueError as cause:
            yield name, f"cannot be relied on: {cause}."
    if digest_of((folder / VERDICT).read_bytes()) != stated.verdict_sha256:
        yield VERDICT, "is not the verdict whose sha256 the manifest names."
    yield from ((CARD, met) for met in _card(folder, stated, judged))


def _records(folder: Path, stated: Stated) -> Found:
    counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
    for file in stated.shards:
        try:
            yield from ((file.path, met) for met in _shard(folder, stated, file, counts))
        except (pa.ArrowException, OSError, ValueError, KeyError) as cause:
            yield file.path, f"cannot be read as Parquet ({str(cause).partition(chr(10))[0]})."
    for name, found in counts.items():
        if dict(found) != stated.counts[name.lstrip("_")]:
            yield stated.shards[0].path, f"and the other files hold other numbers of records by {name} than the manifest says."


def _shard(folder: Path, stated: Stated, file: StatedFile, counts: dict[str, Counter[str]]) -> Iterator[str]:
    with parquet.ParquetFile(folder / file.path) as reader:
        arrow, metadata = reader.schema_arrow, reader.metadata
        if metadata.num_rows != file.rows:
            yield f"holds {metadata.num_rows:,} records, and {file.rows:,} in the manifest."
        found = [(field.name, type_name(field.type)) for field in arrow]
        if found != [(column.name, column.type) for column in stated.columns]:
            yield "has other columns or types than the manifest says."
        footer = {key.decode(): value.decode() for key, value in (arrow.metadata or {}).items()}
        if footer != FILE_MARK:
            yield "does not say in its metadata that it is synthetic."
        if set(arrow.names) >= set(MARKS):
            yield from _marks(reader, counts)
        else:
            yield "lacks a column of those that mark each record as synthetic."


def _marks(reader: parquet.ParquetFile, counts: dict[str, Counter[str]]) -> Iterator[str]:
    unmarked = 0
    for batch in reader.iter_batches(columns=list(MARKS)):
        table = pa.Table.from_batches([batch])
        marked = pc.and_kleene(table.column("_synthetic"), pc.greater_equal(table.column("_depth"), 1))
        unmarked += table.num_rows - (pc.sum(marked).as_py() or 0)
        for name, found in counts.items():
            found.update(counted(table.column(name)))
    if unmarked:
        yield f"has {unmarked:,} records that are not marked as synthetic."


def _card(folder: Path, stated: Stated, judged: dict[str, dict[str, Any]]) -> Iterator[str]:
    try:
        front, body = read_front((folder / CARD).read_bytes().decode())
    except ValueError as cause:
        yield f"is no card of a release: {cause}."
        return
    yield from _front(front, stated)
    if f"**{stated.rows:,} synthetic records** of {len(stated.columns) - len(MARKS):,} columns" not in body:
        yield "names another number of records or columns in its text."
    if VERDICT in judged and PRIVACY in judged:
        try:
            yield from _judged(front, body, judged[VERDICT], judged[PRIVACY])
        except (KeyError, TypeError, AttributeError) as cause:
            yield f"cannot be compared with {VERDICT} and {PRIVACY}, which lack what they should have ({cause})."


def _front(front: Front, stated: Stated) -> Iterator[str]:
    if front.rows != stated.rows:
        yield f"says {front.rows:,} records in its front matter, and the manifest {stated.rows:,}."
    if front.columns != tuple((column.name, column.type) for column in stated.columns):
        yield "has other columns or types in its front matter than the manifest."
    if front.splits != (SPLIT,) or front.paths != paths_of_splits():
        yield f"has other splits in its front matter than {SPLIT} alone."
    if "synthetic" not in front.tags or front.ours.get("synthetic") is not True:
        yield "does not say in its front matter that the records are synthetic."


def _judged(front: Front, body: str, verdict: dict[str, Any], privacy: dict[str, Any]) -> Iterator[str]:
    short = summary(verdict, privacy)
    if {key: front.ours.get(key) for key in short} != short:
        yield f"has another verdict or privacy gate in its front matter than {VERDICT} and {PRIVACY}."
    lines = [verdict_line(one) for one in verdict["verdicts"]]
    if _VERDICT_LINE.findall(body) != lines or (NOT_JUDGED in body) != (not lines):
        yield f"tells another verdict in its text than {VERDICT}."
    told = (privacy_line(privacy), guarantee_line(privacy["guarantee"]))
    if not set(told) <= set(body.splitlines()):
        yield f"tells another privacy in its text than {PRIVACY}."


def _croissant(folder: Path, stated: Stated) -> Iterator[str]:
    try:
        content = parse((folder / CROISSANT).read_bytes())
        files = [
            (one["@id"], one["contentUrl"], one["contentSize"], one["sha256"])
            for one in content["distribution"]
            if one["@type"] == "cr:FileObject"
        ]
        (records,) = content["recordSet"]
        names = [one["source"]["extract"]["column"] for one in records["field"]]
    except (ValueError, KeyError, TypeError) as cause:
        yield f"cannot be relied on: {cause}."
        return
    if files != [(file.path, file.path, f"{file.bytes} B", file.sha256) for file in stated.shards]:
        yield "names other files, sizes or hashes than the manifest."
    if names != [column.name for column in stated.columns] or content["name"] != stated.name:
        yield "names other columns, or another data set, than the manifest."
