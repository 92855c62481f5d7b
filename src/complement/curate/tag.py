"""Tag: every step says of every candidate why it should be left out; nothing is dropped, and one funnel counts it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context, Signatures, Step
from complement.core.dataset import Dataset
from complement.core.errors import PluginError
from complement.curate.funnel import Funnel, Passage
from complement.curate.step import Found, TableStep
from complement.engine.shards import Engine, map_shards

SHARD_ROWS = 250_000  # candidates that are looked at together
REASONS = "reasons"
Read = Callable[[int], Dataset]  # the candidates of a shard, by its number; the same ones whenever it is asked


@dataclass(frozen=True, repr=False)
class Tagged:
    """What the steps said. `codes`, shape (records,) over all shards in order: 0 for a kept record, else the place of its reason
    in `reasons` + 1; a reason is "STEP: why". `ends`: where each shard ends. A record has the reason of the first step that tags
    it: later ones no longer look at it, so that what they count is what only they find."""

    codes: np.ndarray
    reasons: tuple[str, ...]
    funnel: Funnel
    ends: tuple[int, ...]

    @property
    def kept(self) -> np.ndarray:
        """Positions of the records without a reason, over all shards, shape (kept,)."""
        return np.flatnonzero(self.codes == 0)

    def kept_of(self, shard: int) -> np.ndarray:
        """Positions of the kept records within one shard."""
        return np.flatnonzero(self._of(shard) == 0)

    def lists(self, shard: int | None = None) -> pa.ListArray:
        """`list<string>` per record, of all shards or of one: empty where it is kept, else with its reason."""
        codes = self.codes if shard is None else self._of(shard)
        left = codes > 0
        offsets = np.concatenate([[0], np.cumsum(left)]).astype(np.int32)
        words = pa.array(np.array([*self.reasons, ""], object)[codes[left] - 1], pa.string())
        return pa.ListArray.from_arrays(pa.array(offsets), words)

    def _of(self, shard: int) -> np.ndarray:
        return self.codes[(self.ends[shard - 1] if shard else 0) : self.ends[shard]]

    def __repr__(self) -> str:
        return f"Tagged({self.funnel.made} records, {self.funnel.kept} kept)"


def tag(candidates: Dataset, steps: Mapping[str, Step], context: Context, *, shard_rows: int = SHARD_ROWS) -> Tagged:
    """What the steps, by name and in this order, say of these candidates. See `tag_shards`.

    The descendants of a root record go with it: `candidates.take(tagged.kept)` leaves them out, too.
    """
    count = max(1, -(-candidates.rows // shard_rows))

    def read(shard: int) -> Dataset:
        if count == 1:
            return candidates
        return candidates.take(np.arange(shard * shard_rows, min((shard + 1) * shard_rows, candidates.rows)))

    return tag_shards(read, count, steps, context)


def tag_shards(
    read: Read,
    count: int,
    steps: Mapping[str, Step],
    context: Context,
    *,
    engine: Engine = Engine(),
    folder: Path | None = None,
    plan: str = "",
) -> Tagged:
    """What the steps say of `count` shards of candidates, each read once, by one pass that may be resumed from `folder`.

    What a built-in step needs of the real records is learnt once, before the pass, and bounded. What needs all candidates at once
    (duplicates, unique values, natural rates) is settled afterwards on 64-bit prints: 8 to 40 bytes of a record. A step that is
    not built in is asked shard by shard. Raises PluginError "plugin-broken" when one does not give one text per record.
    """
    ready = prepared(steps, context)
    context = taught(context, ready.values())
    return _settled(map_shards(_LookAt(read, ready, context), count, engine=engine, folder=folder, plan=plan), ready)


def prepared(steps: Mapping[str, Step], context: Context) -> dict[str, Step]:
    """The same steps, with what the built-in ones need of the real records: so that several calls need not learn it again."""
    return {name: step.prepared(context) if isinstance(step, TableStep) else step for name, step in steps.items()}


def taught(context: Context, steps: Iterable[Step]) -> Context:
    """The context that prepared steps still need: all that built-in ones want of the real records is in them, so that millions
    need neither be held nor sent to workers. With a step that is not built in it stays as it is."""
    if not all(isinstance(step, TableStep) for step in steps):
        return context
    return replace(context, train=context.train.take(np.arange(0)), tune=None, sealed=Signatures())


@dataclass(frozen=True)
class _LookAt:
    """The work of one shard: a table with the tag that each step gives by itself, and its prints."""

    read: Read
    steps: Mapping[str, Step]
    context: Context

    def __call__(self, shard: int) -> pa.Table:
        candidates = self.read(shard)
        rows = candidates.rows
        left = np.arange(rows)
        columns: dict[str, Any] = {"row": pa.array(np.arange(rows, dtype=np.int32))}  # so that a shard without steps has rows
        for number, (name, step) in enumerate(self.steps.items()):
            part = candidates if len(left) == rows else candidates.take(left)
            found, prints = _asked(name, step, part, self.context)
            codes = np.zeros(rows, np.int32)
            codes[left] = found.codes
            words = pa.array(["", *found.reasons], pa.string())
            columns[f"tag {number}"] = pa.DictionaryArray.from_arrays(pa.array(codes), words)
            for place in range(prints.shape[1]):
                whole = np.zeros(rows, np.uint64)
                whole[left] = prints[:, place]
                columns[f"print {number} {place}"] = pa.array(whole)
            left = left[found.codes == 0]
        return pa.table(columns)


def _asked(name: str, step: Step, part: Dataset, context: Context) -> tuple[Found, np.ndarray]:
    if isinstance(step, TableStep):
        look = step.look(part, context)
        return look.found, look.prints
    tags = list(step.tag(part, context))
    if len(tags) != part.rows or not all(isinstance(one, str) for one in tags):
        met = f"The step '{name}' gave {len(tags)} tags for {part.rows} records; one text for each is due."
        raise PluginError("plugin-broken", met, help="Run complement.testing.check_step on it.")
    reasons = list(dict.fromkeys(one for one in tags if one))
    place = {reason: number for number, reason in enumerate(reasons, 1)} | {"": 0}
    return Found(np.array([place[one] for one in tags], np.int32), tuple(reasons)), np.zeros((part.rows, 0), np.uint64)


def _settled(looks: list[pa.Table], steps: Mapping[str, Step]) -> Tagged:
    """Step by step: what shards said, then what only all of them say; every step sees what the steps before it kept."""
    ends = tuple(np.cumsum([look.num_rows for look in looks]).tolist())
    rows = ends[-1] if ends else 0
    codes, reasons, passages = np.zeros(rows, np.int32), list[str](), list[Passage]()
    for number, (name, step) in enumerate(steps.items()):
        left = np.flatnonzero(codes == 0)
        own = _said(looks, number)
        found = Found(own.codes[left], own.reasons)
        if isinstance(step, TableStep):
            still = left[found.codes == 0]
            columns = [c for c in looks[0].column_names if c.startswith(f"print {number} ")] if looks else []
            prints = np.empty((len(still), len(columns)), np.uint64)
            for place, name_of in enumerate(columns):
                prints[:, place] = np.concatenate([look.column(name_of).to_numpy() for look in looks])[still]
            looks = [look.drop_columns(columns) for look in looks]  # of millions of records they are hundreds of megabytes
            settled = step.settle(prints)
            del prints
            late = np.zeros(len(left), np.int32)
            late[found.codes == 0] = settled.codes
            found = found.then(Found(late, settled.reasons))
        hit = np.flatnonzero(found.codes > 0)
        codes[left[hit]] = found.codes[hit] + len(reasons)
        reasons += [f"{name}: {reason}" for reason in found.reasons]
        counts = np.bincount(found.codes, minlength=len(found.reasons) + 1)[1:]
        told: dict[str, int] = {}
        for reason, count in sorted(zip(found.reasons, counts.tolist(), strict=True), key=lambda one: -one[1]):
            if count:
                told[reason] = told.get(reason, 0) + count
        passages.append(Passage(name, len(left), len(hit), told))
    kept = int((codes == 0).sum())
    return Tagged(codes, tuple(reasons), Funnel(rows, kept, tuple(passages)), ends)


def _said(looks: list[pa.Table], number: int) -> Found:
    """The reasons that shards gave by themselves, under one numbering."""
    place: dict[str, int] = {"": 0}
    parts: list[np.ndarray] = []
    for look in looks:
        for chunk in look.column(f"tag {number}").chunks:
            words = chunk.dictionary.to_pylist()
            numbers = np.array([place.setdefault(word, len(place)) for word in words], np.int32)
            parts.append(numbers[chunk.indices.to_numpy()])
    codes = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    return Found(codes, tuple(place)[1:])
