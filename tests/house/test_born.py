"""Made records on disk: what is read of them when only some of a block, or none, is kept."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pyarrow as pa

from complement.born import Born, Reader
from complement.testing.sample import sample_records


def test_a_block_of_which_nothing_is_needed_is_passed_over() -> None:
    records = sample_records(rows=40)
    # As they are read back: they cannot be written to, and the last block was made to spare.
    table = pa.table({"place": ["a", "b"], "kept": pa.array([list(range(40)), []], pa.list_(pa.int32()))})
    kept = Born.of_table(table, Path(), records.schema).kept
    made = Born(cast(Reader, lambda shard: records), kept)
    assert made.sample(10, seed=0).rows == 10
    assert made.sample(1000, seed=0).rows == 40
    assert [part.rows for part in made.shards()] == [40]
