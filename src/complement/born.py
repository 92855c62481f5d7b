"""Born: the records that are handed over, made block by block, tagged, and made again where too many were left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context, Generator, Step
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, UsageError
from complement.core.parcel import packed, unpacked
from complement.core.request import Request
from complement.core.schema import Schema
from complement.core.seed import rng_at, seed_at
from complement.curate.tag import Tagged, tag_shards
from complement.engine.folder import shard_path
from complement.engine.shards import Engine, map_shards

BLOCK = 250_000  # records that are made, tagged and written together
SPARE = 1.05  # asked for at first, of what is wanted, where steps may leave some out
TURNS = 4
Tell = Callable[[str, dict[str, object]], None]


@dataclass(frozen=True)
class Block:
    """One shard of work: the request with the rows of this block, how many records stand before it, and its seed."""

    request: Request
    before: int
    seed: int


@dataclass(frozen=True)
class MakeTask:
    """Shard number = block."""

    fitted: Generator
    blocks: tuple[Block, ...]

    def __call__(self, shard: int) -> pa.Table:
        block = self.blocks[shard]
        answer = self.fitted.generate(block.request, seed=block.seed)
        if answer.records.rows < block.request.rows:
            reasons = "; ".join(failure.reason for failure in answer.failures) or "no reason given"
            met = f"{answer.records.rows} of {block.request.rows} records could be made for '{block.request.name}': {reasons}."
            raise GenerateError("generate-short", met, help="Widen the request's where, or use a generator that conditions.")
        return packed(renumbered(answer.records, block.before))


@dataclass(frozen=True)
class Reader:
    """The made records of a shard, read where they stand: workers get paths, not records."""

    places: tuple[Path, ...]
    schema: Schema

    def __call__(self, shard: int) -> Dataset:
        return unpacked(pa.ipc.open_file(pa.memory_map(str(self.places[shard]))).read_all(), self.schema)


@dataclass(frozen=True, repr=False)
class Born:
    """Made records on disk, and which rows of each block are kept."""

    reader: Reader
    kept: tuple[np.ndarray, ...]

    @property
    def rows(self) -> int:
        return sum(len(rows) for rows in self.kept)

    def shards(self) -> Iterator[Dataset]:
        """The kept records, one block at a time."""
        for shard, rows in enumerate(self.kept):
            if len(rows):
                yield self.reader(shard).take(rows)

    def sample(self, most: int, *, seed: int) -> Dataset:
        """At most about so many of the kept records, drawn at random, of every block the same share."""
        share, rng = min(1.0, most / max(1, self.rows)), rng_at(seed, "born", "sample")
        parts: list[Dataset] = []
        for shard, rows in enumerate(self.kept):
            drawn = rows if share == 1 else np.sort(rng.permutation(rows)[: ceil(share * len(rows))])
            if len(drawn):
                parts.append(self.reader(shard).take(drawn))
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.concat(part)
        return whole

    def as_table(self, root: Path) -> pa.Table:
        """Where the blocks stand below `root`, and which rows of them are kept: what `of_table` reads back."""
        places = [place.relative_to(root).as_posix() for place in self.reader.places]
        return pa.table({"place": places, "kept": pa.array([rows.tolist() for rows in self.kept], pa.list_(pa.int32()))})

    @staticmethod
    def of_table(table: pa.Table, root: Path, schema: Schema) -> Born:
        """What `as_table` told."""
        places = tuple(root / place for place in table.column("place").to_pylist())
        return Born(Reader(places, schema), tuple(rows.values.to_numpy() for rows in table.column("kept")))


@dataclass(frozen=True)
class Order:
    """What is to be made: a fitted generator's requests, the steps that judge what it makes, and by what they judge."""

    fitted: Generator
    requests: tuple[Request, ...]
    steps: Mapping[str, Step]
    context: Context
    refill: bool
    seed: int


@dataclass(frozen=True)
class Workshop:
    """Where it is made: the folders of both stages, the plan that names the work, the engine, and who hears of it."""

    made: Path
    tagged: Path
    plan: str
    engine: Engine
    tell: Tell


def born(order: Order, shop: Workshop) -> tuple[Born, dict[str, Any]]:
    """Make what is ordered: every request's rows after curation, unless steps leave out too much in four turns. And the funnel
    as JSON, in which "spare" counts what was made to spare and not needed, "short" what a request lacks in the end.

    A request is cut into blocks of at most 250,000 rows with seeds by their place, so that the records do not depend on where
    or in which order they were made. A turn makes what the turns before it lack.
    """
    blocks: list[tuple[int, Block]] = []  # the number of the request, and the block
    places: list[Path] = []
    wanted = [ceil(one.rows * (SPARE if order.steps and order.refill else 1)) for one in order.requests]
    turn = 0
    while True:
        fresh = _blocks(order, wanted, turn, before=sum(block.request.rows for _, block in blocks))
        folder = shop.made / f"turn-{turn}"
        task = MakeTask(order.fitted, tuple(block for _, block in fresh))
        shop.tell("stage", {"stage": "generate", "shards": len(fresh)})
        map_shards(task, len(fresh), engine=shop.engine, folder=folder, plan=f"{shop.plan} turn {turn}", load=False)
        blocks += fresh
        places += [shard_path(folder, shard) for shard in range(len(fresh))]
        reader = Reader(tuple(places), order.context.schema)
        shop.tell("stage", {"stage": "curate", "shards": len(blocks)})
        place, plan = shop.tagged / f"turn-{turn}", f"{shop.plan} tags {turn}"
        tagged = tag_shards(reader, len(blocks), order.steps, order.context, engine=shop.engine, folder=place, plan=plan)
        kept, lacking = _dealt(order, [number for number, _ in blocks], tagged)
        turn += 1
        if not any(lacking) or not order.refill or turn == TURNS:
            break
        share = max(0.05, tagged.funnel.kept / max(1, tagged.funnel.made))
        wanted = [ceil(1.1 * rows / share) if rows else 0 for rows in lacking]
    if not sum(len(rows) for rows in kept):
        met = "Curation leaves out every record that was made."
        raise GenerateError("generate-short", met, help="Look at 4-curate/funnel.json in the run's folder, and drop a step.")
    short = {one.name: rows for one, rows in zip(order.requests, lacking, strict=True) if rows}
    made, told = Born(reader, tuple(kept)), tagged.funnel.as_json()
    return made, {**told, "kept": made.rows, "spare": told["kept"] - made.rows, "short": short}


def fitted(generator: Generator, train: Dataset, *, seed: int) -> Generator:
    """A copy of the generator that has learnt from these records."""
    return deepcopy(generator).fit(train, seed=seed_at(seed, "release", "fit"))


def renumbered(made: Dataset, before: int) -> Dataset:
    """The same records with whole-number identifiers moved up by the records before them: every block starts where the real
    ones end, and so would repeat the others. Records of several tables are made in one block and stay as they are."""
    if not before or len(made.tables) > 1:
        return made
    table = made.records
    for place, column in enumerate(made.schema):
        values = table.column(column.name)
        if column.role in ("identifier", "unit") and pa.types.is_integer(values.type):
            moved = pa.array(np.asarray(values.combine_chunks().to_numpy(zero_copy_only=False)) + before).cast(values.type)
            table = table.set_column(place, column.name, moved)
    return replace(made, tables={made.schema.root: table})


def _blocks(order: Order, wanted: list[int], turn: int, *, before: int) -> list[tuple[int, Block]]:
    whole = len(order.context.schema.tables) > 1
    found: list[tuple[int, Block]] = []
    for number, (request, rows) in enumerate(zip(order.requests, wanted, strict=True)):
        count = 1 if whole else ceil(rows / BLOCK)
        for part in range(count if rows else 0):
            size = rows // count + (part < rows % count)
            seed = seed_at(order.seed, "release", "answer", number, turn, part)
            found.append((number, Block(replace(request, rows=size), before, seed)))
            before += size
    if not found:
        raise UsageError("usage", "Nothing is asked for.", help="Give a request with rows.")
    return found


def _dealt(order: Order, owners: list[int], tagged: Tagged) -> tuple[list[np.ndarray], list[int]]:
    """Per block the kept records that are needed, and per request how many are lacking."""
    lacking = [one.rows for one in order.requests]
    kept: list[np.ndarray] = []
    for shard, owner in enumerate(owners):
        rows = tagged.kept_of(shard)[: lacking[owner]]
        kept.append(rows)
        lacking[owner] -= len(rows)
    return kept, lacking
