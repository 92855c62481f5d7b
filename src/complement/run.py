"""The story of a run, from top to bottom: read, split, generate, prove, decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, GateError, GenerateError, RunError, UsageError
from complement.core.partition import Partition
from complement.core.request import Request
from complement.core.schema import nearest
from complement.core.seed import rng_at, seed_at
from complement.core.verdict import Judgement, Leak
from complement.engine.events import Events
from complement.engine.plan import plan_hash
from complement.engine.shards import Engine
from complement.prepare import (
    Inputs,
    Source,
    asks_of,
    learners_of,
    partition_of,
    plan_of,
    pool_of,
    privacy_gate,
    read_source,
)
from complement.prove.pool import Pool, Refit
from complement.prove.trial import judge
from complement.recipe import IN_MEMORY, Recipe
from complement.recipe.write import first_recipe, recipe_text
from complement.release import release, versions
from complement.runfolder import EVENTS, GENERATE, MANIFEST, PROVE, RECIPE, SOURCE, VERDICT, RunFolder
from complement.source.ledger import Ledger
from complement.source.profile import survey
from complement.source.read import read, read_tables
from complement.source.write import write_table
