"""Search: the closest setting whose records do not give away who was learnt from, found on a part of the real records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.schema import Column
from complement.core.seed import rng_at, seed_at
from complement.generate.codec import Code
from complement.generate.forest.column import Setting
from complement.generate.forest.model import Model
from complement.models.nearness import Space
from complement.models.openmp import load_lightgbm

CANDIDATES = (
    Setting(20, window=0.02, apart=True, by="numbers"),
    Setting(10, folds=3, window=0.02, apart=True),
    Setting(10, folds=3, window=0.02, apart=True, by="numbers"),
    Setting(20, folds=3, window=0.02, apart=True),
    Setting(40, folds=3, window=0.02, apart=True),
)
SAFE_SHARE, SAFE_LEAF = 8, (15, 100)  # one leaf in so many of all records, within these ends, where no candidate is safe
HELD_OUT = 0.3
FEWEST = 1000  # records below which the standard error of what is measured exceeds what is allowed: the safest setting is taken
FEWEST_UNITS, GIANT = 100, 0.1  # units, and the share of one of them, beyond which whole units cannot be kept aside
MOST, MOST_COMPARED = 16_000, 5000  # records to search on, and of a side to compare
SPLITS = 3  # at most; a large file needs one
ALLOWED = 0.015  # by which the attack's AUC may exceed that of fresh real records: half an interval of 3000 a side. Where fewer
# records show so little by luck, that is no leave to show more: if no candidate passes, the safest setting is taken
ROUNDS = 60


@dataclass(frozen=True)
class Tried:
    """One candidate, averages over splits: by how much the AUC of the membership attack exceeds what fresh real records in the
    place of made ones give, and the AUC of telling made from fresh real records."""

    setting: Setting
    attack: float
    detection: float


@dataclass(frozen=True, repr=False)
class Known:
    """The real records as codes, with what decodes them."""

    codings: Mapping[str, Code]
    codes: Mapping[str, np.ndarray]
    columns: Sequence[Column]
    decoded: Callable[[Mapping[str, np.ndarray]], pa.Table]
    unit: np.ndarray  # whose record each is, by number

    @property
    def rows(self) -> int:
        return len(next(iter(self.codes.values())))

    def part(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[rows] for name, values in self.codes.items()}


def searched(known: Known, *, least: int, seed: int) -> tuple[Setting, tuple[Tried, ...]]:
    """The setting to use, and what was tried. Real records only: a part of them is kept from the trees.

    Of the candidates whose attack does hardly better (`ALLOWED`) than with fresh real records, the one that is hardest to
    tell from real; where none is, the safest: the least of several noisy figures is not the least of what they measure.
    """
    safest = Setting(int(np.clip(known.rows // SAFE_SHARE, *SAFE_LEAF)), folds=3, window=0.02, apart=True, least=least)
    of_units = np.bincount(known.unit)
    if known.rows < FEWEST or len(of_units) < FEWEST_UNITS or of_units.max() > GIANT * known.rows:
        return safest, ()
    candidates = [*(replace(one, least=least) for one in CANDIDATES), safest]
    splits = int(np.clip(MOST // known.rows, 1, SPLITS))
    found = np.array([_split(known, candidates, seed_at(seed, "search", number)) for number in range(splits)]).mean(axis=0)
    tried = tuple(Tried(one, float(attack), float(told)) for one, (attack, told) in zip(candidates, found, strict=True))
    passed = [one for one in tried if one.attack <= ALLOWED]
    if not passed:
        return safest, tried
    return min(passed, key=lambda one: abs(one.detection - 0.5)).setting, tried


def _split(known: Known, candidates: Sequence[Setting], seed: int) -> list[tuple[float, float]]:
    """Attack above that of fresh records, and detection, of every candidate on one split."""
    place = rng_at(seed, "split").permutation(int(known.unit.max()) + 1)[known.unit]
    order = np.argsort(place, kind="stable")[:MOST]
    aside = place[order] < place[order[round(HELD_OUT * len(order))]]  # whole units
    held, learnt = order[aside], order[~aside]
    inside = known.part(learnt)
    some = known.decoded(known.part(learnt[:MOST_COMPARED]))
    # Half of those kept aside are the attack's non-members, the others stand where made records do.
    unseen = known.decoded(known.part(held[place[held] % 2 == 0][:MOST_COMPARED]))
    fresh = known.part(held[place[held] % 2 == 1])
    space = Space.of(some, known.columns)
    floor = _attack(space, some, unseen, known.decoded(fresh))
    found: list[tuple[float, float]] = []
    for number, setting in enumerate(candidates):
        model = Model.of(known.codings, inside, None, setting, unit=known.unit[learnt], most_rows=MOST, seed=seed)
        made = model.draw({}, len(learnt), rng_at(seed, "made", number))
        attack = _attack(space, some, unseen, known.decoded(made))
        found.append((attack - floor, _detection(known.codings, made, known.part(held[:MOST_COMPARED]), seed)))
    return found


def _attack(space: Space, members: pa.Table, others: pa.Table, made: pa.Table) -> float:
    """AUC of "the nearer to a made record, the rather a member"."""
    from scipy.stats import rankdata

    near = [space.nearest(side, made) for side in (members, others)]
    ranks = rankdata(-np.concatenate(near))[: len(near[0])]
    return float((ranks.mean() - (len(near[0]) + 1) / 2) / len(near[1]))


def _detection(codings: Mapping[str, Code], made: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], seed: int) -> float:
    """AUC of boosted trees that tell made from real records, over two halves."""
    from scipy.stats import rankdata

    lightgbm = load_lightgbm()
    size = min(len(next(iter(real.values()))), len(next(iter(made.values()))))
    names = list(real)
    matrix = np.concatenate([np.stack([side[name][:size] for name in names], axis=1) for side in (real, made)])
    truth = np.repeat([0.0, 1.0], size)
    half = rng_at(seed, "detection").permutation(2 * size) % 2
    settings = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    found = np.zeros(2 * size)
    grouped = [at for at, name in enumerate(names) if codings[name].levels is not None]
    for part in (0, 1):
        rows = lightgbm.Dataset(matrix[half == part], truth[half == part], categorical_feature=grouped, params=settings)
        model = lightgbm.train(settings, rows, num_boost_round=ROUNDS)
        score = np.asarray(model.predict(matrix[half != part]))
        found[half != part] = rankdata(score) / len(score)
    ranks = rankdata(found)[size:]
    return float((ranks.mean() - (size + 1) / 2) / size)
