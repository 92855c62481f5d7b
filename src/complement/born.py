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
import pyarrow.compute as pc

from complement.core.condition import Condition
from complement.core.contracts import Context, Generator, Step
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.parcel import packed, unpacked
from complement.core.request import Request
from complement.core.schema import Schema
from complement.core.seed import rng_at, seed_at
from complement.curate.funnel import Funnel, Passage
from complement.curate.tag import Tagged, tag_shards
from complement.engine.folder import shard_path
from complement.engine.shards import Engine, map_shards

BLOCK = 100_000  # records that are made, tagged and written together: some hundred megabytes with all copies of them
SPARE = 1.05  # asked for at first, of what is wanted, where steps may leave some out
TURNS, MOST = 4, 10  # of making what is lacking; what loses nine in ten is not refilled any further
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
    """The made records of a shard, read where they stand: workers of this machine get paths, not records."""

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
            if len(rows):  # of the last blocks, which were made to spare, nothing may be needed
                drawn = rows if share == 1 else np.sort(rng.permutation(rows)[: ceil(share * len(rows))])
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
    """What is to be made: a fitted generator's requests, the steps that judge what was made under a condition, and by what."""

    fitted: Generator
    requests: tuple[Request, ...]
    steps: Callable[[Condition | None], Mapping[str, Step]]
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

    A request is cut into blocks of at most 100,000 rows with seeds by their place, so that the records do not depend on where
    or in which order they were made. A turn makes what the turns before it lack. Every request is curated by itself.
    """
    lots = [_made(order, shop, number) for number in range(len(order.requests))]
    places = tuple(place for lot in lots for place in lot.places)
    made = Born(Reader(places, order.context.schema), tuple(rows for lot in lots for rows in lot.kept))
    funnel = _summed([lot.tagged.funnel for lot in lots])
    if not made.rows:
        steps = ", ".join(f"{one.step} {one.left_out:,}" for one in funnel.steps if one.left_out)
        met = f"Curation leaves out every one of the {funnel.made:,} records that were made: {steps}."
        raise GenerateError("generate-short", met, help="Name another generator, or other steps under curate.steps.")
    told = funnel.as_json()
    short = {one.name: lot.lacking for one, lot in zip(order.requests, lots, strict=True) if lot.lacking}
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
            table = table.set_column(place, column.name, pc.add(values, pa.scalar(before, values.type)))
    return replace(made, tables={made.schema.root: table})


@dataclass(frozen=True, repr=False)
class _Lot:
    """The blocks of one request, which rows of each are kept, and how many are lacking."""

    places: tuple[Path, ...]
    kept: tuple[np.ndarray, ...]
    tagged: Tagged
    lacking: int


def _made(order: Order, shop: Workshop, number: int) -> _Lot:
    request = order.requests[number]
    steps = order.steps(request.where)
    wanted, places, turn = ceil(request.rows * (SPARE if steps and order.refill else 1)), list[Path](), 0
    before = sum(ceil(MOST * one.rows) for one in order.requests[:number])  # numbers that no other request reaches
    while True:
        blocks = _blocks(order, number, wanted, turn, before=before)
        before += wanted
        folder = shop.made / f"request-{number}-turn-{turn}"
        shop.tell("stage", {"stage": "generate", "shards": len(blocks)})
        task, plan = MakeTask(order.fitted, blocks), f"{shop.plan} request {number} turn {turn}"
        map_shards(task, len(blocks), engine=shop.engine, folder=folder, plan=plan, load=False)
        places += [shard_path(folder, shard) for shard in range(len(blocks))]
        reader = Reader(tuple(places), order.context.schema)
        pa.default_memory_pool().release_unused()
        shop.tell("stage", {"stage": "curate", "shards": len(places)})
        folder = shop.tagged / f"request-{number}-turn-{turn}"
        tagged = tag_shards(reader, len(places), steps, order.context, engine=shop.engine.near, folder=folder, plan=plan)
        kept, lacking = _dealt(request.rows, tagged)
        turn += 1
        if not lacking or not order.refill or turn == TURNS:
            return _Lot(tuple(places), kept, tagged, lacking)
        share = max(1 / MOST, tagged.funnel.kept / max(1, tagged.funnel.made))
        wanted = ceil(1.1 * lacking / share)


def _blocks(order: Order, number: int, wanted: int, turn: int, *, before: int) -> tuple[Block, ...]:
    """The rows that are wanted in blocks of like size; one block where there are several tables."""
    count = 1 if len(order.context.schema.tables) > 1 else ceil(wanted / BLOCK)
    found: list[Block] = []
    for part in range(count):
        size = wanted // count + (part < wanted % count)
        seed = seed_at(order.seed, "release", "answer", number, turn, part)
        found.append(Block(replace(order.requests[number], rows=size), before, seed))
        before += size
    return tuple(found)


def _dealt(rows: int, tagged: Tagged) -> tuple[tuple[np.ndarray, ...], int]:
    """Per block the kept records that are needed, and how many are lacking."""
    kept: list[np.ndarray] = []
    for shard in range(len(tagged.ends)):
        kept.append(tagged.kept_of(shard)[:rows])
        rows -= len(kept[-1])
    return tuple(kept), rows


def _summed(funnels: list[Funnel]) -> Funnel:
    steps: dict[str, Passage] = {}
    for funnel in funnels:
        for one in funnel.steps:
            known = steps.get(one.step, Passage(one.step, 0, 0))
            reasons = {why: known.reasons.get(why, 0) + one.reasons.get(why, 0) for why in {**known.reasons, **one.reasons}}
            steps[one.step] = Passage(one.step, known.seen + one.seen, known.left_out + one.left_out, reasons)
    return Funnel(sum(one.made for one in funnels), sum(one.kept for one in funnels), tuple(steps.values()))
