"""The engine: order, funnel, shards, descendants, plug-ins, and that nothing is ever dropped."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from complement.core.contracts import Context, Tags
from complement.core.dataset import Dataset
from complement.core.errors import PluginError
from complement.core.schema import Column, Constraints, Key, Schema
from complement.curate.funnel import Funnel
from complement.curate.refill import refilled
from complement.curate.tag import prepared, tag, tag_shards
from complement.curation import Keeper, steps_of
from complement.engine.shards import Engine
from complement.testing.sample import replace_values

ALL = ("valid", "duplicates", "copied", "outliers", "labels")


def spoilt(tumours: Dataset) -> Dataset:
    """269 fresh tumours with 20 repeated and 20 copies of what was learnt from."""
    rows = np.concatenate([np.arange(300, 569), np.arange(300, 320), np.arange(20)])
    return tumours.take(rows)


@dataclass(frozen=True)
class Shards:
    """A dataset in pieces, read one by one."""

    records: Dataset
    rows: int

    def __call__(self, shard: int) -> Dataset:
        return self.records.take(np.arange(shard * self.rows, min((shard + 1) * self.rows, self.records.rows)))


@dataclass(frozen=True)
class Odd:
    """A plug-in that leaves out every second record that it sees."""

    short: bool = False

    def tag(self, candidates: Dataset, context: Context) -> Tags:
        return ["odd" if row % 2 else "" for row in range(candidates.rows - self.short)]


def test_every_record_is_tagged_and_none_is_dropped(tumours: Dataset, context: Context) -> None:
    made = spoilt(tumours)
    found = tag(made, steps_of(ALL), context)
    assert len(found.codes) == len(found.lists()) == made.rows
    assert [len(one) for one in found.lists().to_pylist()] == [int(code > 0) for code in found.codes]
    assert found.lists().type == pa.list_(pa.string())


def test_the_funnel_adds_up_and_survives_json(tumours: Dataset, context: Context) -> None:
    found = tag(spoilt(tumours), steps_of(ALL), context).funnel
    seen = found.made
    for one in found.steps:
        assert one.seen == seen
        assert sum(one.reasons.values()) == one.left_out
        seen -= one.left_out
    assert seen == found.kept
    assert Funnel.from_json(found.as_json()) == found
    assert [one["step"] for one in found.as_json()["steps"]] == list(ALL)


def test_what_was_planted_is_found_by_the_step_that_is_for_it(tumours: Dataset, context: Context) -> None:
    found = tag(spoilt(tumours), steps_of(("valid", "duplicates", "copied")), context)
    said = ["".join(one) for one in found.lists().to_pylist()]
    assert sum(one.startswith("duplicates: equals") for one in said[269:289]) >= 19
    assert all(one.startswith("copied: equals") for one in said[289:])
    assert sum(bool(one) for one in said[:269]) <= 8


@pytest.mark.parametrize("rows", [1, 50, 309])
def test_shards_of_any_size_give_the_same_tags(tumours: Dataset, context: Context, rows: int) -> None:
    made = spoilt(tumours)
    whole = tag(made, steps_of(ALL), context).lists()
    if rows == 1:
        made, whole = made.take(np.arange(30)), tag(made.take(np.arange(30)), steps_of(ALL), context).lists()
    assert tag(made, steps_of(ALL), context, shard_rows=rows).lists() == whole


def test_shards_can_be_made_by_processes_and_resumed(tumours: Dataset, context: Context, tmp_path: Path) -> None:
    made = spoilt(tumours)
    steps = steps_of(("valid", "duplicates", "copied"))
    inline = tag_shards(Shards(made, 110), 3, steps, context)
    folder = tmp_path / "looks"
    first = tag_shards(Shards(made, 110), 3, steps, context, engine=Engine("inline"), folder=folder, plan="p")
    again = tag_shards(_refuse, 3, steps, context, folder=folder, plan="p")
    assert inline.lists() == first.lists() == again.lists()
    assert [len(inline.lists(shard)) for shard in range(3)] == [110, 110, 89]
    assert np.concatenate([inline.kept_of(0), 110 + inline.kept_of(1), 220 + inline.kept_of(2)]).tolist() == inline.kept.tolist()


def _refuse(shard: int) -> Dataset:
    raise AssertionError("a finished shard is read again")


def test_prepared_steps_can_be_pickled_and_say_the_same_without_real_records(tumours: Dataset, context: Context) -> None:
    made = spoilt(tumours)
    ready = pickle.loads(pickle.dumps(prepared(steps_of(ALL), context)))
    empty = Context(context.train.take(np.arange(0)), None, context.schema, context.purpose)
    assert tag(made, ready, empty).lists() == tag(made, steps_of(ALL), context).lists()


def test_a_plug_in_sees_what_earlier_steps_kept(tumours: Dataset, context: Context) -> None:
    found = tag(spoilt(tumours), {"duplicates": steps_of(("duplicates",))["duplicates"], "odd": Odd()}, context).funnel
    assert found.steps[1].left_out == pytest.approx(found.steps[1].seen / 2, abs=11)
    assert found.steps[1].reasons == {"odd": found.steps[1].left_out}


def test_a_plug_in_that_gives_too_few_tags_is_an_error(tumours: Dataset, context: Context) -> None:
    with pytest.raises(PluginError, match="'odd' gave 568 tags for 569"):
        tag(tumours, {"odd": Odd(short=True)}, context)


def test_no_records_and_no_steps_are_no_error(tumours: Dataset, context: Context) -> None:
    none = tumours.take(np.arange(0))
    assert tag(none, steps_of(ALL), context).funnel.made == 0
    assert tag(tumours, {}, context).funnel.kept == 569


def test_descendants_go_with_their_root_and_a_broken_child_tags_it(context: Context) -> None:
    stays = Column("days", "integer", constraints=Constraints(low=0, high=90, nullable=False))
    schema = Schema(
        {
            "patients": (Column("id", "integer", "identifier"), Column("age", "integer")),
            "stays": (Column("of", "integer"), stays),
        },
        (Key("patients", "id", "stays", "of"),),
        "patients",
    )
    tables = {
        "patients": pa.table({"id": [1, 2, 3], "age": [40, 50, 60]}),
        "stays": pa.table({"of": [1, 1, 2, 3], "days": [3, 4, 400, 5]}),
    }
    made = Dataset.of(tables, schema)
    found = tag(made, steps_of(("valid",)), Context(made, None, schema))
    assert found.lists().to_pylist() == [[], ["valid: a row of stays breaks the schema"], []]
    assert made.take(found.kept).tables["stays"].column("of").to_pylist() == [1, 1, 3]


def test_a_refill_gives_exactly_what_was_wanted_or_says_what_lacks(tumours: Dataset, context: Context) -> None:
    asked: list[int] = []

    def draw(rows: int, turn: int) -> Dataset:
        asked.append(rows)
        return tumours.take(np.arange(300, 569)[:rows])

    steps = steps_of(("valid",))
    whole = refilled(draw, 100, {"odd": Odd(), **steps}, context)
    assert (whole.records.rows, whole.short, len(asked)) == (100, 0, 2)
    less = refilled(draw, 200, {"odd": Odd()}, context)
    assert (less.records.rows, less.short) == (135, 65)


def test_a_keeper_names_positions_and_learns_once(tumours: Dataset, context: Context) -> None:
    keeper, made = Keeper(), spoilt(tumours)
    kept = keeper(made, context.train)
    assert kept.tolist() == tag(made, steps_of(("valid", "duplicates", "copied")), context).kept.tolist()
    assert pickle.loads(pickle.dumps(keeper))(made, context.train).tolist() == kept.tolist()


def test_a_value_that_is_changed_changes_the_tags(tumours: Dataset, context: Context) -> None:
    made = tumours.take(np.arange(300, 330))
    far = replace_values(made, "mean_area", pa.array([1000000.0, *made.column("mean_area").to_pylist()[1:]]))
    assert tag(far, steps_of(("valid",)), context).lists().to_pylist()[0] == ["valid: mean_area is above 2501"]
