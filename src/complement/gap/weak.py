"""Weak: slices in which the learner loses more than elsewhere, out of fold, and why that may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from complement.core.condition import Condition
from complement.core.contracts import Learner, Metric
from complement.core.dataset import Dataset
from complement.core.gap import Gap, Gaps
from complement.core.purpose import Purpose
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.gap.ask import rows_to_double
from complement.gap.atoms import atoms_of
from complement.gap.clusters import named_clusters
from complement.gap.effect import metric_effect
from complement.gap.losses import Losses, losses_of
from complement.gap.search import ALPHA, Field, Null, evident, null_of, standard

MOST_RECORDS = 20_000  # that are searched: a random part of the units of a larger table
LEAST, LEAST_SHARE = (
    30,
    0.015,
)  # records of a slice: fewer carry no interval, and chance makes small ones high
THIN = 0.1  # share of the records up to which a slice is "few" if its predictions are unrestful
UNREST = 2.0  # standard errors by which they must be so


@dataclass(frozen=True)
class Task:
    """What gaps are looked for in: the purpose, its learner (not fitted), and a metric for the effect (None: loss only)."""

    purpose: Purpose
    learner: Learner
    metric: Metric | None = None


@dataclass(frozen=True, repr=False)
class _Looked:
    """What was measured on the records that are searched."""

    records: Dataset
    unit: np.ndarray
    losses: Losses
    field: Field
    null: Null


def find_weak(
    records: Dataset,
    task: Task,
    *,
    unit: np.ndarray | None = None,
    named: Sequence[Condition] = (),
    most: int = 5,
    seed: int = 0,
    losses: Losses | None = None,
) -> Gaps:
    """The slices where the learner is weak beyond chance, at most `most`, the most evident first; `named` ones come before.

    Losses are out of fold on `records` (train and tune; never sealed ones), by whole `unit` (default: the schema's). The whole
    search is repeated on 199 permutations of the losses across units: p is (1 + those whose highest slice is as high) / 200, and
    below .05 a gap is reported, so that a table without gaps gives one in less than 5 %. The same bound makes every interval
    hold for all slices at once: no half of the records is spent on confirming, and choosing the best does not void it (the value
    itself stays optimistic; trust the low end). After a gap is taken, its excess is removed and the search goes on: what is only
    its shadow is not reported. `named` slices are measured and reported whether or not they are evident. `losses`: those of these
    records in their order, where they are known already; no learner is then fitted.
    Bounded: of more than 20,000 records, a random part by unit is searched. Conditions speak of features only: the records of a
    class differ in loss by how rare it is, which is no gap. Raises ProveError "prove-too-few" below 40 records or 10 units.
    """
    unit = records.units() if unit is None else unit
    kept, notes = bounded(records.rows, unit, seed=seed)
    part, own = records.take(kept), unit[kept]
    known = losses_of(part, task.purpose, task.learner, unit=own, seed=seed) if losses is None else losses.take(kept)
    looked = _look(part, known, own, seed)
    whole = (records, unit)
    found: list[Gap] = []
    for number, where in enumerate(named):
        mask = where.mask(looked.records.records)
        if 2 <= int(mask.sum()) < looked.records.rows:
            found.append(_gap(f"named-{number + 1}", where, mask, (looked, task, whole), seed))
        else:
            notes.append(
                f"The named gap '{where}' holds {int(mask.sum())} of {looked.records.rows:,} records: nothing to measure."
            )
    known_masks = [where.mask(part.records) for where in named]
    found += [
        _gap(f"weak-{number + 1}", Condition.parse(one.text), one.mask, (looked, task, whole), seed, one.height)
        for number, one in enumerate(evident(looked.field, looked.null, known.value, most=most, barred=known_masks))
    ]
    return Gaps(tuple(found), looked.field.count(), tuple(notes))


def bounded(rows: int, unit: np.ndarray, *, seed: int, most: int = MOST_RECORDS) -> tuple[np.ndarray, list[str]]:
    """Positions of the records that are searched: all, or those of random units up to `most`; and a note where some are not."""
    if rows <= most:
        return np.arange(rows), []
    names, place, size = np.unique(unit, return_inverse=True, return_counts=True)
    order = rng_at(seed, "gap", "bounded").permutation(len(names))
    chosen = order[np.cumsum(size[order]) <= most]
    kept = np.flatnonzero(np.isin(place.reshape(-1), chosen))
    return kept, [f"Searched: {len(kept):,} of {rows:,} records, a random part by unit."]


def _look(records: Dataset, losses: Losses, unit: np.ndarray, seed: int) -> _Looked:
    least = max(LEAST, round(LEAST_SHARE * records.rows))
    atoms = atoms_of(records, least=least)
    field = Field(atoms, named_clusters(records, atoms, seed=seed), least)
    return _Looked(records, unit, losses, field, null_of(field, losses.value, unit, seed=seed))


def _gap(
    name: str,
    where: Condition,
    mask: np.ndarray,
    seen: tuple[_Looked, Task, tuple[Dataset, np.ndarray]],
    seed: int,
    height: float | None = None,
) -> Gap:
    looked, task, (records, unit) = seen
    losses = looked.losses
    if height is None:  # a slice that somebody named: as high as it stands
        sums = float(standard(losses.value)[mask].sum())
        height = sums / float(np.sqrt(mask.sum() * (1 - mask.mean())))
    everywhere = where.mask(records.records)
    count, units, share = int(everywhere.sum()), len(np.unique(unit[everywhere])), float(everywhere.mean())
    inside, outside = float(losses.loss[mask].mean()), float(losses.loss[~mask].mean())
    value, error = contrast(losses.value, mask, looked.unit)
    reach = max(looked.null.bound, 1.96) * error
    excess = Score("loss_excess", value, value - reach, value + reach, len(np.unique(looked.unit[mask])), "low")
    surplus = float(losses.surplus[mask].mean() - losses.surplus[~mask].mean())
    unrest, unrest_error = contrast(losses.unrest, mask, looked.unit)
    few = share <= THIN and unrest > UNREST * unrest_error
    effects = {"loss": share * surplus, "loss_as_the_rest": share * (inside - outside)}
    if task.metric is not None:
        gain = metric_effect(looked.records, losses, mask, task.purpose, task.metric, seed=seed)
        effects.update({task.metric.name: gain} if gain > 0 else {})
    return Gap(
        name=name,
        where=where,
        kind="few" if few else "weak",
        records=count,
        units=units,
        share=share,
        inside=inside,
        outside=outside,
        excess=excess,
        p=looked.null.p(height),
        rows=rows_to_double(count, records.rows),
        reason=_reason(inside, outside, surplus, few, looked.null.p(height)),
        effects=effects,
    )


def contrast(value: np.ndarray, mask: np.ndarray, unit: np.ndarray) -> tuple[float, float]:
    """The mean inside less the mean outside, and its standard error with errors of a unit going together."""
    difference = float(value[mask].mean() - value[~mask].mean())
    share = np.where(mask, 1 / mask.sum(), -1 / (~mask).sum())
    centred = np.where(mask, value - value[mask].mean(), value - value[~mask].mean())
    place = np.unique(unit, return_inverse=True)[1].reshape(-1)
    return difference, float(np.sqrt((np.bincount(place, weights=share * centred) ** 2).sum()))


def _reason(inside: float, outside: float, surplus: float, few: bool, p: float) -> str:
    told = f"The learner loses {inside:.3g} per record there and {outside:.3g} elsewhere"
    more = inside - outside
    known = 1 - surplus / more if more > 0 else 0.0
    if p >= ALPHA:
        return (
            f"{told}: no more than chance explains (p = {p:.2g} after all slices that were looked at). It was named, not found."
        )
    if few:
        why = "records are few and learners of other parts of the records disagree about them: more like these may help"
    elif known >= 0.5:
        why = f"its scores announce {min(known, 1):.0%} of that: it may be noise that no record removes. Weak is not closable"
    else:
        why = "it is surer there than it should be, and learners of other parts agree: records help only if they say otherwise"
    return f"{told}; {why}."
