"""Guards: what synthetic records must not harm. Passed, failed, or not shown; only failed makes a verdict MIXED."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from complement.core.purpose import METRIC_NAMES, Purpose, Slice
from complement.core.verdict import Guard, SliceEffect
from complement.prove.calibration import prior_corrected, recalibrated
from complement.prove.estimate import MIN_PER_CLASS, Scores, Sealed, difference, part_masks, per_class, value_of
from complement.prove.guard_metrics import DecileBias, TailError, WorstClass
from complement.prove.plug_in_metric import OnArrays
from complement.prove.statistics import Estimate, benjamini_hochberg, critical, p_value

ATYPICAL_SHARE = 0.1  # the sealed records least like the real training records
FALSE_DISCOVERY = 0.1  # share of false findings among the slices that are called found
BINARY = ("log_loss", "brier", "ece", "recall_at_precision")
MULTICLASS = ("log_loss", "macro_f1")


@dataclass(frozen=True, repr=False)
class Contest:
    """One learner's arm against real only, on the sealed records."""

    sealed: Sealed
    purpose: Purpose
    metric: OnArrays
    metric_of: Callable[[str, Purpose], OnArrays]
    arm: Scores
    base: Scores
    atypical: list[np.ndarray]
    arm_prior: list[float] | None  # positive share of the arm's training mass by cut, binary tasks

    def estimate(
        self, metric: OnArrays, masks: Sequence[np.ndarray], arm: Scores | None = None, base: Scores | None = None
    ) -> Estimate | None:
        return difference(metric, self.sealed, arm or self.arm, base or self.base, masks)

    @property
    def everywhere(self) -> list[np.ndarray]:
        return part_masks(self.sealed, None, self.purpose)


def all_guards(contest: Contest) -> list[Guard]:
    """Every guard of the task, in the order in which the verdict prints them."""
    purpose = contest.purpose
    found: list[Guard] = []
    if purpose.primary is not None:
        found.append(_judge(contest, "the whole", contest.metric, contest.everywhere))
    names = {"binary": BINARY, "multiclass": MULTICLASS, "regression": ()}[purpose.task]
    for name in dict.fromkeys([*names, *purpose.guard_metrics]):
        if name != contest.metric.name or (purpose.primary is not None and name != contest.metric.name):
            found.append(_named(contest, name))
    if purpose.task == "regression":
        found += [_judge(contest, m.name, m, contest.everywhere) for m in (DecileBias(purpose), TailError(purpose))]
    if purpose.task == "multiclass":
        worst = WorstClass(purpose, contest.sealed)
        found.append(_judge(contest, worst.name, worst, contest.everywhere))
    found.append(_atypical(contest))
    found.append(_gap(contest))
    return found


def margin_of(metric: OnArrays, baseline: float) -> float:
    """The margin in the metric's unit; some are relative to the value that real only reaches."""
    return metric.margin * abs(baseline) if getattr(metric, "relative", False) else metric.margin


def _judge(contest: Contest, name: str, metric: OnArrays, masks: Sequence[np.ndarray], note: str = "") -> Guard:
    baseline = value_of(metric, contest.sealed, contest.base, masks)
    found = contest.estimate(metric, masks)
    if baseline is None or found is None:
        return Guard(name, "not applicable", note=note or "not defined on the sealed records")
    margin = margin_of(metric, baseline)
    effect = found.effect(critical(found, contest.purpose.alpha))
    if effect.low > -margin:
        return Guard(name, "passed", effect, margin, note)
    failed = effect.high < 0 and effect.value < -margin
    return Guard(name, "failed" if failed else "not shown", effect, margin, note)


def _named(contest: Contest, name: str) -> Guard:
    metric = contest.metric_of(name, contest.purpose)
    if contest.purpose.task not in metric.tasks:
        return Guard(name, "not applicable", note=f"not a metric of a {contest.purpose.task} task")
    guard = _judge(contest, name, metric, contest.everywhere)
    if guard.outcome != "failed" or contest.purpose.task != "binary" or name not in ("ece", "log_loss", "brier"):
        return guard
    return Guard(guard.name, guard.outcome, guard.effect, guard.margin, _mendable(contest, metric))


def _mendable(contest: Contest, metric: OnArrays) -> str:
    """Whether a failed calibration guard would pass after a prior correction or after isotonic recalibration."""
    if contest.arm_prior is not None:
        real = [float(np.average(t == 1, weights=w)) for t, w in zip(contest.sealed.truth, contest.sealed.weight, strict=True)]
        arm = prior_corrected(contest.arm, made=contest.arm_prior, real=real)
        if _passes(contest, metric, arm, contest.base):
            return "a prior shift: correcting the log odds by the class mass mends it"
    arm, base = (recalibrated(contest.sealed, scores) for scores in (contest.arm, contest.base))
    if _passes(contest, metric, arm, base):
        return "isotonic recalibration on held-out real records mends it"
    return "neither prior correction nor recalibration mends it"


def _passes(contest: Contest, metric: OnArrays, arm: Scores, base: Scores) -> bool:
    found = contest.estimate(metric, contest.everywhere, arm, base)
    baseline = value_of(metric, contest.sealed, base, contest.everywhere)
    if found is None or baseline is None:
        return False
    effect = found.effect(critical(found, contest.purpose.alpha))
    return not (effect.high < 0 and effect.value < -margin_of(metric, baseline))


def _atypical(contest: Contest) -> Guard:
    masks = [values >= np.quantile(values, 1 - ATYPICAL_SHARE) for values in contest.atypical]
    name = "atypical 10 % of sealed"
    for metric in (
        contest.metric,
        contest.metric_of("log_loss" if contest.purpose.task != "regression" else "rmse", contest.purpose),
    ):
        if per_class(contest.sealed, masks, contest.purpose) >= MIN_PER_CLASS or metric is not contest.metric:
            if sum(int(mask.sum()) for mask in masks) < MIN_PER_CLASS:
                break
            return _judge(contest, name, metric, masks, note=f"by {METRIC_NAMES.get(metric.name, metric.name)}")
    return Guard(name, "not applicable", note=f"fewer than {MIN_PER_CLASS} records")


def _gap(contest: Contest) -> Guard:
    """The gap between the best and the worst named slice under real only must not widen."""
    name = "gap between slices"
    known: list[tuple[float, Estimate, str]] = []
    for part in contest.purpose.slices:
        masks = part_masks(contest.sealed, part, contest.purpose)
        found = contest.estimate(contest.metric, masks)
        value = value_of(contest.metric, contest.sealed, contest.base, masks)
        if found is not None and value is not None and per_class(contest.sealed, masks, contest.purpose) >= MIN_PER_CLASS:
            known.append((value if contest.metric.better == "high" else -value, found, part.name))
    if len(known) < 2:
        return Guard(name, "not applicable", note="fewer than two named slices are large enough")
    (_, worst, low), (_, best, high) = min(known, key=lambda k: k[0]), max(known, key=lambda k: k[0])
    found = _apart(worst, best)
    if found is None:
        return Guard(name, "not applicable", note=f"{low} and {high} are not defined in the same folds or draws")
    base = value_of(contest.metric, contest.sealed, contest.base, contest.everywhere)
    margin = margin_of(contest.metric, 1.0 if base is None else base)
    effect = found.effect(critical(found, contest.purpose.alpha))
    outcome = "passed" if effect.low > -margin else "failed" if effect.high < 0 and effect.value < -margin else "not shown"
    return Guard(name, outcome, effect, margin, f"{low} against {high}")


def _apart(one: Estimate, other: Estimate) -> Estimate | None:
    """One estimate less another of the same trial, part by part; None where their parts do not belong to the same folds,
    seeds or draws. What units and seeds share is not taken off: it is not known of a difference, and this side is wider."""
    pairs = ((one.units, other.units), (one.seeds, other.seeds), (one.draws, other.draws))
    if any(a.shape != b.shape for a, b in pairs):
        return None
    units, seeds, draws = (a - b for a, b in pairs)
    return Estimate(one.value - other.value, units, seeds, min(one.n, other.n), draws, max(one.draws_factor, other.draws_factor))


def slices_of(contest: Contest) -> tuple[list[SliceEffect], Guard]:
    """Effects in the named slices, exploratory (Benjamini-Hochberg), and the guard on the worst of them."""
    rows: list[tuple[Slice, Estimate | None, str]] = []
    for part in contest.purpose.slices:
        masks = part_masks(contest.sealed, part, contest.purpose)
        least = per_class(contest.sealed, masks, contest.purpose)
        large = least >= MIN_PER_CLASS
        found = contest.estimate(contest.metric, masks) if large else None
        rows.append((part, found, "" if large else f"too small: {least} units in its rarest class, {MIN_PER_CLASS} are needed"))
    tested = [found for _, found, _ in rows if found is not None]
    rejected = iter(benjamini_hochberg(np.array([p_value(found) for found in tested]), FALSE_DISCOVERY))
    effects = [
        SliceEffect(part.name, found.effect(critical(found, contest.purpose.alpha)), bool(next(rejected)), note)
        if found is not None
        else SliceEffect(part.name, None, False, note)
        for part, found, note in rows
    ]
    return effects, _worst_slice(contest, effects)


def _worst_slice(contest: Contest, effects: list[SliceEffect]) -> Guard:
    shown = [(effect.effect, effect) for effect in effects if effect.effect is not None]
    if not shown:
        return Guard(
            "worst named slice", "not applicable", note="no named slice is large enough" if effects else "no slice is named"
        )
    effect, worst = min(shown, key=lambda pair: pair[0].value)
    base = value_of(contest.metric, contest.sealed, contest.base, contest.everywhere)
    margin = margin_of(contest.metric, 1.0 if base is None else base)
    if worst.found and effect.high < 0 and effect.value < -margin:
        return Guard("worst named slice", "failed", effect, margin, worst.name)
    return Guard("worst named slice", "passed" if effect.low > -margin else "not shown", effect, margin, worst.name)
