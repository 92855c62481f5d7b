"""Estimates: from the arms' predictions of sealed records to a difference with its variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Purpose, Slice
from complement.core.seed import rng_at
from complement.core.values import as_text
from complement.prove.fits import FitTask
from complement.prove.metrics import score_array, truth_array
from complement.prove.plug_in_metric import OnArrays
from complement.prove.statistics import Estimate, overlap_factor

REPLICATES = 200  # of the bootstrap behind metrics without influence values; the standard error is then good to 5 %
MIN_PER_CLASS = 30  # units per class below which a part is "too small" to judge

Scores = list[list[np.ndarray]]  # by cut, by seed (a single one where the learner does not vary)


@dataclass(frozen=True, repr=False)
class Sealed:
    """The sealed records, cut by cut: truth, weight, unit, and the cluster within which errors may go together."""

    truth: tuple[np.ndarray, ...]
    weight: tuple[np.ndarray, ...]
    unit: tuple[np.ndarray, ...]
    cluster: tuple[np.ndarray, ...]
    records: tuple[Dataset, ...]
    clusters: int
    shared: bool  # every cut is judged on the same records (draws of the question "recipe" beside one sealed part)
    overlap: float | None  # of half-draws, which overlap: records left out over records learnt from; else None


def sealed_of(task: FitTask) -> Sealed:
    """What the cuts of a trial are judged on."""
    trial = task.trial
    records = tuple(trial.real.take(cut.test) for cut in trial.cuts)
    _, cluster = np.unique(trial.partition.cluster, return_inverse=True)
    first = trial.cuts[0]
    shared = trial.plan.question == "recipe" and all(np.array_equal(cut.test, first.test) for cut in trial.cuts)
    return Sealed(
        truth=tuple(truth_array(part, trial.purpose) for part in records),
        weight=tuple(part.weight for part in records),
        unit=tuple(trial.partition.unit[cut.test] for cut in trial.cuts),
        cluster=tuple(cluster[cut.test] for cut in trial.cuts),
        records=records,
        clusters=int(cluster.max()) + 1,
        shared=shared,
        # Halves that are judged on one sealed part leave as many records out as they learn from.
        overlap=(1.0 if shared else len(first.test) / len(first.train)) if trial.half_draws else None,
    )


def part_masks(sealed: Sealed, part: Slice | None, purpose: Purpose) -> list[np.ndarray]:
    """Which sealed records of each cut a slice covers; None covers all."""
    return [covered(purpose, records, part) for records in sealed.records]


def covered(purpose: Purpose, records: Dataset, part: Slice | None) -> np.ndarray:
    """The records of a slice, shape (records,). A slice inside one class is judged against all records of the others."""
    if part is None:
        return np.ones(records.rows, bool)
    mask = part.where.mask(records.records)
    if purpose.task != "regression" and mask.any():
        labels = as_text(records.column(purpose.target))
        inside = set(labels[mask])
        if len(inside) == 1:
            mask = mask | (labels != inside.pop())
    return mask


def in_part(purpose: Purpose, records: Dataset) -> np.ndarray:
    """The records in which the metric is confirmatory: the primary slice, or all."""
    return covered(purpose, records, purpose.primary)


def measured(metric: OnArrays, held: Dataset, predictions: pa.Table, part: np.ndarray, purpose: Purpose) -> float:
    """The metric on a part of the records; nan when it is not defined there."""
    if not part.any():
        return float("nan")
    return metric.values(truth_array(held, purpose)[part], score_array(predictions)[part], held.weight[part])


def difference(
    metric: OnArrays,
    sealed: Sealed,
    arm: Scores,
    base: Scores | None,
    masks: Sequence[np.ndarray],
) -> Estimate | None:
    """Arm minus base on a part of the sealed records, + is better; with `base` None, the arm's own value, unsigned.

    None when the metric is defined in no cut. Values are averaged over cuts by their weight, and over seeds.
    """
    if metric.smooth:
        return _smooth(metric, sealed, arm, base, masks)
    return _bootstrapped(metric, sealed, arm, base, masks)


def value_of(metric: OnArrays, sealed: Sealed, scores: Scores, masks: Sequence[np.ndarray]) -> float | None:
    """An arm's own value on a part of the sealed records, as `difference` gives it, without the work for its variance."""
    if metric.smooth or sealed.shared or sealed.overlap is not None:
        found = difference(metric, sealed, scores, None, masks)
        return None if found is None else found.value
    truth = np.concatenate([t[m] for t, m in zip(sealed.truth, masks, strict=True)])
    weight = np.concatenate([w[m] for w, m in zip(sealed.weight, masks, strict=True)])
    if not len(truth):
        return None
    values = np.array([metric.values(truth, score, weight) for score in _side(scores, masks)])
    return float(values.mean()) if np.isfinite(values).all() else None


def _smooth(
    metric: OnArrays,
    sealed: Sealed,
    arm: Scores,
    base: Scores | None,
    masks: Sequence[np.ndarray],
) -> Estimate | None:
    sign = -1.0 if base is not None and metric.better == "low" else 1.0
    cells: list[tuple[int, float, np.ndarray, np.ndarray]] = []  # cut, mass, deltas and influence by seed
    for cut, mask in enumerate(masks):
        truth, weight = sealed.truth[cut][mask], sealed.weight[cut][mask]
        deltas, influence = _cell(metric, truth, weight, arm[cut], None if base is None else base[cut], mask)
        widened = widening(metric, truth, sealed.unit[cut][mask], weight)
        if len(truth) and widened is not None and np.isfinite(deltas).all():
            cells.append((cut, float(weight.sum()), sign * deltas, sign * influence * widened))
    if not cells:
        return None
    total = sum(mass for _, mass, _, _ in cells)
    freedom = _freedom(metric, sealed, masks, [(cut, mass * psi.mean(axis=0)) for cut, mass, _, psi in cells])
    if sealed.shared or sealed.overlap is not None:
        found = _over_draws(sealed, masks, [(cut, deltas, psi.mean(axis=0)) for cut, _, deltas, psi in cells])
        return replace(found, units_df=freedom)
    units = np.zeros(sealed.clusters)
    seeds = np.zeros((len(cells), max(len(deltas) for _, _, deltas, _ in cells)))
    value, both = 0.0, 0.0
    for row, (cut, mass, deltas, psi) in enumerate(cells):
        share = mass / total
        value += share * float(deltas.mean())
        seeds[row] = share * (deltas - deltas.mean())
        weight = sealed.weight[cut][masks[cut]]
        cluster = sealed.cluster[cut][masks[cut]]
        parts = np.stack([np.bincount(cluster, share * weight * one / weight.sum(), sealed.clusters) for one in psi])
        units += parts.mean(axis=0)
        if len(parts) > 1:
            both += float(np.sum(parts.var(axis=0, ddof=1))) / len(parts)
    return Estimate(value, _judged(units, sealed, masks), seeds, _count(sealed, masks), both=both, units_df=freedom)


def widening(metric: OnArrays, truth: np.ndarray, unit: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """What the influence values in one cut are multiplied by, shape (records,), so that their squares add up to the variance.

    A metric that compares classes knows each class by its m units there: their spread around their own mean is that of m - 1,
    as in DeLong et al. (1988). None where a class of two has a single unit, whose spread nobody knows.
    """
    factor = np.ones(len(truth))
    if not getattr(metric, "by_class", False):
        return factor
    codes = np.unique(truth[truth >= 0])
    for code in codes:
        count = _effective(unit[truth == code], weight[truth == code])
        if count < 2 and len(codes) == 2:
            return None
        factor[truth == code] = np.sqrt(max(count, 2) / (max(count, 2) - 1))
    return factor


def judged(metric: OnArrays, sealed: Sealed, masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The same part of the sealed records without the cuts that are left out (see `widening`)."""
    parts = zip(masks, sealed.truth, sealed.unit, sealed.weight, strict=True)
    return [
        mask if widening(metric, truth[mask], unit[mask], weight[mask]) is not None else np.zeros_like(mask)
        for mask, truth, unit, weight in parts
    ]


def _freedom(
    metric: OnArrays, sealed: Sealed, masks: Sequence[np.ndarray], parts: Sequence[tuple[int, np.ndarray]]
) -> float | None:
    """Degrees of freedom of the units' variance of a metric that compares classes (Welch-Satterthwaite over the classes).

    It rests on the units of the rarest class, however many others there are, and one of each cut goes to its mean. `parts`: per
    cut the influence of each record, times the cut's mass. None for other metrics, which rest on all units.
    """
    if not getattr(metric, "by_class", False):
        return None
    cuts = [cut for cut, _ in parts]
    truth, unit, weight = (
        np.concatenate([values[cut][masks[cut]] for cut in cuts]) for values in (sealed.truth, sealed.unit, sealed.weight)
    )
    each = np.concatenate([sealed.weight[cut][masks[cut]] * part / sealed.weight[cut][masks[cut]].sum() for cut, part in parts])
    means = 1 if sealed.shared else len(cuts)
    total = spread = 0.0
    for code in np.unique(truth[truth >= 0]):
        met = truth == code
        variance = float(np.sum(np.bincount(np.unique(unit[met], return_inverse=True)[1], each[met]) ** 2))
        total += variance
        spread += variance**2 / max(_effective(unit[met], weight[met]) - means, 1)
    return total**2 / spread if spread > 0 else None


def _cell(
    metric: OnArrays,
    truth: np.ndarray,
    weight: np.ndarray,
    arm: list[np.ndarray],
    base: list[np.ndarray] | None,
    mask: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Differences by seed, shape (seeds,), and influence by seed, shape (seeds, records of the part)."""
    count = max(len(arm), len(base or []))
    if not len(truth):
        return np.full(count, np.nan), np.zeros((count, 0))

    def own(scores: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        found = [metric.values(truth, score[mask], weight) for score in scores]
        psi = np.stack([influence_of(metric, truth, score[mask], weight) for score in scores])
        return np.broadcast_to(found, count) if len(found) == 1 else np.array(found), psi

    values, psi = own(arm)
    if base is None:
        return np.array(values, float), psi
    other, base_psi = own(base)
    return np.array(values - other, float), psi - base_psi


def influence_of(metric: OnArrays, truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Influence values of a smooth metric, shape (records,)."""
    found = metric.influences(truth, score, weight)
    if found is None:
        raise ProveError("prove-metric", f"The metric '{metric.name}' calls itself smooth and has no influence values.")
    return found


def _over_draws(sealed: Sealed, masks: Sequence[np.ndarray], cells: list[tuple[int, np.ndarray, np.ndarray]]) -> Estimate:
    """Training draws and sealed units vary both: the two-way variance (Owen 2007), that of half-draws the cautious one.

    The spread of half-draws that are judged on each other's records already holds that of the units.
    """
    means = np.array([float(deltas.mean()) for _, deltas, _ in cells])
    draws = (means - means.mean()) / len(means)
    units = np.zeros(sealed.clusters)
    if sealed.shared:
        for cut, _, psi in cells:
            weight = sealed.weight[cut][masks[cut]]
            share = weight * psi / (weight.sum() * len(cells))
            units += np.bincount(sealed.cluster[cut][masks[cut]], share, sealed.clusters)
    factor = _draws_factor(sealed, len(means))
    return Estimate(float(means.mean()), _judged(units, sealed, masks), np.zeros((1, 1)), _count(sealed, masks), draws, factor)


def _draws_factor(sealed: Sealed, draws: int) -> float:
    """What the spread over draws is widened by, because half-draws have records in common."""
    return 1.0 if sealed.overlap is None else overlap_factor(draws, tested=round(1000 * sealed.overlap), trained=1000)


def _bootstrapped(
    metric: OnArrays, sealed: Sealed, arm: Scores, base: Scores | None, masks: Sequence[np.ndarray]
) -> Estimate | None:
    """For metrics without influence values: all cuts together, clusters resampled for all seeds at once."""
    if sealed.overlap is not None and not sealed.shared:
        return _half_draws(metric, sealed, arm, base, masks)
    if sealed.shared:
        masks = [masks[0]]  # the draws are judged on the same records: each stands where a seed stands elsewhere
        arm, base = _as_seeds(arm), None if base is None else _as_seeds(base)
    sign = -1.0 if base is not None and metric.better == "low" else 1.0
    truth, weight, cluster = (
        np.concatenate([part[mask] for part, mask in zip(parts, masks, strict=False)])
        for parts in (sealed.truth, sealed.weight, sealed.cluster)
    )
    if not len(truth):
        return None
    sides = [[weigher(metric, truth, score) for score in _side(scores, masks)] for scores in (arm, base) if scores is not None]

    def deltas(weights: np.ndarray) -> np.ndarray:
        # A learner that does not vary has one prediction per cut: it is measured once and stands for all seeds.
        found = [np.array([value(weights) for value in side]) for side in sides]
        return sign * (found[0] - found[1] if len(found) == 2 else found[0])

    here = deltas(weight)
    if not np.isfinite(here).all():
        return None
    rng = rng_at(0, "bootstrap", metric.name)
    _, cluster = np.unique(cluster, return_inverse=True)
    size = int(cluster.max()) + 1
    drawn = [
        deltas(weight * np.bincount(rng.integers(size, size=size), minlength=size)[cluster]).mean() for _ in range(REPLICATES)
    ]
    drawn = np.array([value for value in drawn if np.isfinite(value)])
    units = (drawn - drawn.mean()) / np.sqrt(max(len(drawn), 1))
    apart = (here - here.mean())[None, :]
    if sealed.shared:
        factor = _draws_factor(sealed, len(here))
        return Estimate(float(here.mean()), units, np.zeros((1, 1)), _count(sealed, masks), apart[0] / len(here), factor)
    return Estimate(float(here.mean()), units, apart, _count(sealed, masks))


def _as_seeds(scores: Scores) -> Scores:
    return [[parts[0] for parts in scores]]


def _side(scores: Scores, masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """An arm's predictions of all cuts in one array, by seed."""
    count = max(len(parts) for parts in scores)
    return [
        np.concatenate([parts[min(seed, len(parts) - 1)][mask] for parts, mask in zip(scores, masks, strict=True)])
        for seed in range(count)
    ]


def weigher(metric: OnArrays, truth: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], float]:
    """The metric of these predictions as a function of the weights, prepared once where the metric can."""
    prepared = getattr(metric, "by_weight", None)
    return prepared(truth, score) if prepared is not None else lambda weight: metric.values(truth, score, weight)


def _half_draws(
    metric: OnArrays, sealed: Sealed, arm: Scores, base: Scores | None, masks: Sequence[np.ndarray]
) -> Estimate | None:
    """Half-draws of a metric without influence values: their spread alone, which already holds that of the units."""
    sign = -1.0 if base is not None and metric.better == "low" else 1.0
    values: list[float] = []
    for cut, mask in enumerate(masks):
        truth, weight = sealed.truth[cut][mask], sealed.weight[cut][mask]
        other = 0.0 if base is None else metric.values(truth, base[cut][0][mask], weight)
        values.append(sign * (metric.values(truth, arm[cut][0][mask], weight) - other))
    means = np.array([value for value in values if np.isfinite(value)])
    if len(means) < 2:
        return None
    draws = (means - means.mean()) / len(means)
    factor = _draws_factor(sealed, len(means))
    return Estimate(float(means.mean()), np.zeros(sealed.clusters), np.zeros((1, 1)), _count(sealed, masks), draws, factor)


def _judged(units: np.ndarray, sealed: Sealed, masks: Sequence[np.ndarray]) -> np.ndarray:
    """Contributions of all clusters of the sealed records; clusters outside the part stay at 0 so that shapes agree."""
    del masks
    return units[np.unique(np.concatenate(sealed.cluster))]


def _count(sealed: Sealed, masks: Sequence[np.ndarray]) -> int:
    return len(np.unique(np.concatenate([u[m] for u, m in zip(sealed.unit, masks, strict=False)])))


def per_class(sealed: Sealed, masks: Sequence[np.ndarray], purpose: Purpose) -> int:
    """Sealed units of the rarest class within a part (all units for regression).

    Units count by what they weigh, as (sum w)^2 / sum w^2 equal ones (Kish 1965): three giant units are as few as three, however
    many others stand beside them."""
    return _rarest(sealed, masks, purpose)[0]


def told_rarest(sealed: Sealed, masks: Sequence[np.ndarray], purpose: Purpose) -> str:
    """What `per_class` counted, in words: how many units, of which class, and whether others weigh next to nothing."""
    worth, there, code = _rarest(sealed, masks, purpose)
    if there < MIN_PER_CLASS:
        return f"only {worth} sealed units{'' if code is None else ' in the rarest class'} ({MIN_PER_CLASS} are needed)"
    named = "" if code is None else f" of class '{purpose.classes[code]}'"
    few = f"count as {worth} ({MIN_PER_CLASS} are needed), because a few of them hold most of the records"
    return f"the {there:,} sealed units{named} {few}"


def _rarest(sealed: Sealed, masks: Sequence[np.ndarray], purpose: Purpose) -> tuple[int, int, int | None]:
    """What the units of the rarest class count as, how many there are, and the class (None for regression)."""
    units, weight, truth = (
        np.concatenate([one[m] for one, m in zip(arrays, masks, strict=True)])
        for arrays in (sealed.unit, sealed.weight, sealed.truth)
    )
    if purpose.task == "regression":
        return _effective(units, weight), len(np.unique(units)), None
    worth, code = min((_effective(units[truth == one], weight[truth == one]), one) for one in range(len(purpose.classes)))
    return worth, len(np.unique(units[truth == code])), code


def _effective(units: np.ndarray, weight: np.ndarray) -> int:
    """How many units of equal weight these records are worth, to the nearest whole one."""
    mass = np.bincount(np.unique(units, return_inverse=True)[1], weight)
    return round(float(mass.sum() ** 2 / np.sum(mass**2))) if mass.sum() > 0 else 0


def scores_of(task: FitTask, tables: Sequence[pa.Table], learner: str, arm: str) -> Scores | None:
    """An arm's predictions by cut and seed; None when the arm does not apply in some cut."""
    seeds = task.trial.seeds
    found: Scores = []
    for cut in range(len(task.trial.cuts)):
        name = f"{learner}|{arm}"
        parts = [tables[cut * seeds + s] for s in range(seeds)]
        scores = [score_array(pa.table({"score": part.column(name)})) for part in parts if name in part.column_names]
        if not scores:
            return None
        found.append(scores)
    return found
