"""Membership by density ratio (DOMIAS): where synthetic records are denser than the population, somebody was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.intervals import MIN_UNITS, area, share
from complement.measure.privacy.attack import FPR, LOW_FPR, check_sizes, compared, draw_whole_units, most_of_units, threshold
from complement.measure.privacy.groups import groups
from complement.models.nearness import Space

# Chosen on Adult and shoppers, against SMOTE and trees with 1, 5 and 20 records in a leaf. On Adult, SMOTE: AUC .62 by the
# distance alone, .69 by the ratio of nearest distances, .70 with the mean of five references, .77 with the two lines below.
NEIGHBOURS = 5  # reference records whose mean distance says how empty the place is; a single one is a noisy ruler
MISMATCH = 0.3  # of a category beside a number's 1: generators smooth categories over, and give numbers away
ROOT = True  # square roots of numbers' distances: an exact or nearly exact number tells more than several that are fairly near
BLUR = 0.02  # added to distances before the logarithm, so that equal records have one; typical distances are 1 and more
ISOLATED = 0.05  # the share of records with the emptiest surroundings: those who stand out (design of patient records)


@dataclass(frozen=True)
class DensityRatio:
    """How well the ratio of synthetic to real density tells train (members) from tune (never seen).

    The attack DOMIAS (van Breugel et al. 2023, 2302.12580): log p_synthetic(x) - log p_reference(x), estimated by nearest
    distances: log of the mean distance to 5 reference records, less log of that to the nearest synthetic one. One part of
    tune is the reference, the other part the non-members; no unit stands in both.

    "density_auc": .5 is chance; interval of DeLong et al. (1988), None below 30 on a side. "density_tpr": share of members
    found at a false-positive rate of at most 1 %, "density_fpr": of non-members, as in `Membership`.
    "density_tpr_at_0.001", "density_fpr_at_0.001": the same at .1 %, from 1,000 non-members on. "density_isolated_auc": among the
    5 % of members and of non-members that lie farthest from the reference, where that leaves 30 on a side;
    "density_isolated_tpr", "density_isolated_fpr", from 100 of them on, and the same "_at_0.001" from 1,000 on.
    "density_rare_auc", "density_busy_auc" and their rates: the same among a group (see `groups`), drawn from all of its records.
    A unit counts once, by the most conspicuous of its records. At most `most_rows` records a side, `most_synthetic` made ones
    and `most_reference` reference records are compared, drawn from `seed`; `reference`: the reference's share of
    tune. Empty without tune, or with a single unit of it. Raises UsageError "usage" for sizes and shares that are none.
    """

    most_rows: int = 5000
    most_synthetic: int = 20_000
    most_reference: int = 10_000
    reference: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(most_rows=self.most_rows, most_synthetic=self.most_synthetic, most_reference=self.most_reference)
        if not 0 < self.reference < 1:
            raise UsageError("usage", f"reference={self.reference!r} is not a share between 0 and 1.")

    def score(self, synthetic: Dataset, context: Context) -> list[Score]:
        if context.tune is None or not context.tune.rows or not context.train.rows or not synthetic.rows:
            return []
        unit = context.tune.units()
        units = int(unit.max()) + 1
        if units < 2:
            return []
        kept = min(units - 1, max(1, int(self.reference * units)))
        unseen = ~np.isin(unit, rng_at(self.seed, "density", "tune").permutation(units)[units - kept :])
        strangers = context.tune.take(unseen)
        reference = self._reference(context.tune.take(~unseen))
        rows = rng_at(self.seed, "density", "synthetic").permutation(synthetic.rows)[: self.most_synthetic]
        made = synthetic.records.take(pa.array(np.sort(rows), pa.int64()))
        # Scaled by the reference alone: it then says nothing of who is a member.
        against = _Against(Space.of(reference, compared(context.schema), mismatch=MISMATCH, root=ROOT), made, reference)
        members, far_members = self._attacked(context.train, against, "members")
        others, far_others = self._attacked(strangers, against, "non-members")
        scores = [area("density_auc", members, others), *_found("density", members, others, ((FPR, 0), (LOW_FPR, 1)))]
        scores += _of_group("density_isolated", members[_isolated(far_members)], others[_isolated(far_others)])
        for name, masks in groups(context.train, strangers).items():
            sides = (context.train.take(masks[0]), strangers.take(masks[1]))
            scores += _of_group(f"density_{name}", *(self._attacked(side, against, name)[0] for side in sides))
        return scores

    def _reference(self, part: Dataset) -> pa.Table:
        rows, _ = draw_whole_units(part.units(), self.most_reference, self.seed, "density", "reference")
        return part.records.take(pa.array(rows, pa.int64()))

    def _attacked(self, real: Dataset, against: _Against, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Of each unit of a sample the log density ratio and the distance to the reference, both of shape (units,)."""
        rows, unit = draw_whole_units(real.units(), self.most_rows, self.seed, "density", side)
        records = real.records.take(pa.array(rows, pa.int64()))
        count = min(NEIGHBOURS, against.reference.num_rows)
        empty = against.space.neighbours(records, against.reference, count=count)
        near = against.space.nearest(records, against.made)
        ratio = np.log(empty.mean(axis=1) + BLUR) - np.log(near + BLUR)
        return most_of_units(ratio, unit), most_of_units(empty[:, 0], unit)


@dataclass(frozen=True)
class _Against:
    """What records are held against: made ones and reference ones, in a space."""

    space: Space
    made: pa.Table
    reference: pa.Table


def _of_group(name: str, members: np.ndarray, others: np.ndarray) -> list[Score]:
    if min(len(members), len(others)) < MIN_UNITS:
        return []
    return [area(f"{name}_auc", members, others), *_found(name, members, others, ((FPR, 1), (LOW_FPR, 1)))]


def _found(name: str, members: np.ndarray, others: np.ndarray, at: tuple[tuple[float, int], ...]) -> list[Score]:
    """Shares of both above the threshold of each false-positive rate `at` which so many non-members allow, at least."""
    scores: list[Score] = []
    for fpr, allowed in at:
        if len(others) * fpr >= allowed:
            least, ending = threshold(others, fpr), "" if fpr == FPR else f"_at_{fpr}"
            for rate, side in (("tpr", members), ("fpr", others)):
                scores.append(share(f"{name}_{rate}{ending}", side > least))
    return scores


def _isolated(distance: np.ndarray) -> np.ndarray:
    """Positions of the units with the largest distances, shape (isolated,)."""
    return np.argsort(-distance, kind="stable")[: int(ISOLATED * len(distance))]
