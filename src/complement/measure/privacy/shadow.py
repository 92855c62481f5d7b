"""Shadow models: the generator is refitted with and without its most exposed people; can its records tell who was in?"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context, Generator
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError
from complement.core.request import Request
from complement.core.score import Score
from complement.core.seed import rng_at, seed_at
from complement.measure.intervals import CONFIDENCE
from complement.measure.privacy.attack import check_sizes, compared, draw_whole_units
from complement.models.nearness import Space


@dataclass(frozen=True)
class Shadow:
    """How well records of a refitted generator tell whether one of the most exposed records was among those it learnt.

    The attack of Stadler et al. (2022) and of Carlini et al. (2022), "LiRA", by rank: `models` generators are fitted, each on
    half of at most `most_rows` records of `learnt`; every exposed record is in half of them. Each makes as many as it learnt.
    Of an exposed record the statistic is minus the distance to the nearest made one; its AUC tells models that had it from
    those that had not. **Exposed** are the `most` records that lie farthest from all others, of a unit the farthest.

    "shadow_auc": mean of these AUCs, .5 is chance, interval of Student's t over the exposed records.
    It speaks of the **generator** at that size, not of a file: fewer records to learn from expose each of them more.
    Cost: `models` fits and as many files made. Gives nothing without a generator, or where the `most` exposed ones are more than
    a quarter of the units. `learnt`: default the train records. Raises what the generator raises, GenerateError "generate-short"
    when it makes fewer records than it learnt from, or lacks a column.
    """

    generator: Generator | None = None
    learnt: Dataset | None = None
    most: int = 40
    models: int = 24
    most_rows: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most=self.most, models=self.models, most_rows=self.most_rows)

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        if self.generator is None or self.models < 4 or self.most < 2:
            return []
        learnt = context.train if self.learnt is None else self.learnt
        rows, unit = draw_whole_units(learnt.units(), self.most_rows, self.seed, "shadow", "pool")
        if int(unit.max()) + 1 < 4 * self.most:
            return []
        pool = learnt.take(rows)
        space = Space.of(pool.records, compared(context.schema))
        exposed = self._exposed(pool, unit, space)
        within = self._dealt(unit, unit[exposed])
        apart = np.empty((len(exposed), self.models))
        for model in range(self.models):
            made = _made(self.generator, pool.take(np.flatnonzero(within[model][unit])), seed_at(self.seed, "shadow", model))
            apart[:, model] = space.nearest(pool.records.take(pa.array(exposed, pa.int64())), made)
        areas = [_area(-apart[place], within[:, unit[row]]) for place, row in enumerate(exposed)]
        return [_over_records("shadow_auc", np.array(areas))]

    def _exposed(self, pool: Dataset, unit: np.ndarray, space: Space) -> np.ndarray:
        """Positions of the most isolated records, one of a unit, shape (most,)."""
        first = np.unique(unit, return_index=True)[1]
        people = pool.records.take(pa.array(first, pa.int64()))
        alone = space.neighbours(people, people, count=2)[:, 1]  # the nearest is the record itself
        return first[np.argsort(-alone, kind="stable")[: self.most]]

    def _dealt(self, unit: np.ndarray, exposed: np.ndarray) -> np.ndarray:
        """Which units each model learns from, bool of shape (models, units): each exposed one is in exactly half of them."""
        rng = rng_at(self.seed, "shadow", "dealt")
        within = rng.random((self.models, int(unit.max()) + 1)) < 0.5
        half = np.arange(self.models) < self.models // 2
        for one in exposed:
            within[:, one] = rng.permutation(half)
        return within


def shadow_scores(generator: Generator, learnt: Dataset, made: Dataset, context: Context, *, seed: int = 0) -> list[Score]:
    """The score of `Shadow` for a generator as the run uses it, `learnt` being the records that its released form learns from.

    Bounded: 24 fits, each of about 1,000 records, however many are learnt from, in turn, in this process. `made` is not
    looked at. Empty below 160 units. The generator is copied, and stays as it is.
    """
    return Shadow(generator, learnt, seed=seed).score(made, context)


def _made(generator: Generator, real: Dataset, seed: int) -> pa.Table:
    made = deepcopy(generator).fit(real, seed=seed).generate(Request(rows=real.rows), seed=seed).records
    lacking = [column.name for column in real.schema.features() if column.name not in made.records.column_names]
    if made.rows < real.rows or lacking:
        met = f"Refitted on {real.rows:,} records for shadow models, {generator!r} made {made.rows:,}"
        met += f" without '{lacking[0]}'." if lacking else "."
        raise GenerateError("generate-short", met, help="What will not be refitted cannot be attacked: name no generator here.")
    return made.records


def _area(values: np.ndarray, within: np.ndarray) -> float:
    """The area under the ROC curve, ties counting half."""
    from scipy.stats import rankdata

    ours, theirs = int(within.sum()), int((~within).sum())
    return float((rankdata(values)[within].sum() - ours * (ours + 1) / 2) / (ours * theirs))


def _over_records(name: str, areas: np.ndarray) -> Score:
    from scipy.stats import t as student

    reach = float(student.ppf(0.5 + CONFIDENCE / 2, len(areas) - 1)) * float(areas.std(ddof=1)) / len(areas) ** 0.5
    value = float(areas.mean())
    return Score(name, value, max(0.0, value - reach), min(1.0, value + reach), len(areas), "low")
