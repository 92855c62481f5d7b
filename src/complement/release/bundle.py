"""Bundle: records and all that is known of them as one folder that a stranger can check."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, fields
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from complement.core.dataset import Dataset
from complement.core.errors import RunError
from complement.engine.files import make_folder, refused, write_atomically
from complement.release.canonical import canonical, digest_of, plain
from complement.release.card import card
from complement.release.croissant import croissant
from complement.release.discreet import discreet, private_texts, without
from complement.release.facts import Facts
from complement.release.manifest import (
    CARD,
    CROISSANT,
    DIGEST,
    MANIFEST,
    PRIVACY,
    REPORT,
    VERDICT,
    digest_line,
    manifest_of,
)
from complement.release.shards import DATA, File, Written, write_shards

_AS_GIVEN = ("name", "url", "published", "report_html", "private", "watermark", "openings", "versions", "seeds", "plan")
# What a clock measured differs from run to run: the same recipe gives the same release, so it stays in the run's folder.
_MEASURED = ("seconds", "cpu_seconds", "pilot_cpu_seconds", "seconds_by_stage")
# Of a recipe's schema: levels and bounds are values of real records, perhaps of a single one.
_OF_REAL = ("values", "low", "high", "missing")


@dataclass(frozen=True)
class Release:
    """A finished release. `digest` is the sha256 of its manifest: give it to whoever gets the folder, by another way."""

    folder: Path
    digest: str
    rows: int
    files: tuple[str, ...]


def bundle(shards: Iterable[Dataset] | Dataset, folder: Path, facts: Facts, *, replace: bool = False) -> Release:
    """Write the release, beside `folder` first and then under its name: it is there whole, or not at all.

    `shards`: synthetic records, of which one shard at a time is held in memory; any number of them. Same shards and facts, same
    bytes: paths and names of this machine and what a clock measured are left out. `replace`: a release that stands there gives
    way. Raises RunError "release-folder" when something else does, SchemaError "release-records" for records that cannot be
    released, StorageError "disk".
    """
    folder = Path(folder)
    _refuse_occupied(folder, replace=replace)
    make_folder(folder.parent)
    making = folder.parent / f".{folder.name}.making-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        make_folder(making)
        written = write_shards(shards, making)
        files, manifest = _write_texts(_told(facts), written, making)
        _put(making, folder)
    except OSError as cause:
        raise refused("write", folder, cause) from cause
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Release(folder, digest_of(manifest), written.rows, files)


def is_release(folder: Path) -> bool:
    """True for a folder that has the manifest of a release and the digest beside it."""
    return (folder / MANIFEST).is_file() and (folder / DIGEST).is_file() and (folder / DATA).is_dir()


def _write_texts(facts: Facts, written: Written, folder: Path) -> tuple[tuple[str, ...], bytes]:
    title = facts.title or facts.name
    texts: dict[str, bytes] = {
        VERDICT: canonical(facts.verdict or {"schema": 1, "judged": False, "verdicts": []}),
        PRIVACY: canonical({**(facts.privacy or {"schema": 1, "measured": False}), "guarantee": facts.guarantee}),
        CROISSANT: canonical(plain(croissant(facts, written, title=title))),
        CARD: card(facts, written, title=title).encode(),
    }
    if facts.report_html:
        texts[REPORT] = facts.report_html.encode()
    for name, text in texts.items():
        write_atomically(folder / name, text)
    files = sorted([*written.files, *(File(name, digest_of(text), len(text)) for name, text in texts.items())], key=_path)
    manifest = canonical(plain(manifest_of(facts, written, files)))
    write_atomically(folder / MANIFEST, manifest)
    write_atomically(folder / DIGEST, digest_line(digest_of(manifest)))
    return (*(file.path for file in files), MANIFEST, DIGEST), manifest


def _path(file: File) -> str:
    return file.path


def _told(facts: Facts) -> Facts:
    """The facts as strangers may read them: plain values, no path, no host, no time that a clock measured."""
    private = private_texts(facts.private)
    values: dict[str, Any] = {field.name: getattr(facts, field.name) for field in fields(facts)}
    told = {name: discreet(plain(value), private) for name, value in values.items() if name not in _AS_GIVEN}
    told["recipe"] = _without_levels(told["recipe"])
    if told["verdict"]:
        spent = {key: value for key, value in (told["verdict"].get("spent") or {}).items() if key not in _MEASURED}
        told["verdict"] = {**told["verdict"], "spent": spent}
    return changed(facts, **told, report_html=without(facts.report_html, private))


def _without_levels(recipe: dict[str, Any]) -> dict[str, Any]:
    schema = recipe.get("schema")
    return {**recipe, "schema": _stripped(schema)} if schema else recipe


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(inner) for key, inner in value.items() if key not in _OF_REAL}
    return [_stripped(inner) for inner in value] if isinstance(value, list) else value


def _refuse_occupied(folder: Path, *, replace: bool) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RunError("release-folder", "A file or a link stands where the release should.", where=str(folder))
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not is_release(folder):
        raise RunError("release-folder", "The folder holds other things than a release.", where=str(folder))
    if not replace:
        raise RunError("release-folder", "A release stands there already.", where=str(folder))


def _put(making: Path, folder: Path) -> None:
    """Rename, so that a reader meets the former release or the new one; what gives way is removed afterwards."""
    former = making.with_name(f"{making.name}-former")
    if folder.is_dir():
        os.replace(folder, former)
    os.replace(making, folder)
    shutil.rmtree(former, ignore_errors=True)
