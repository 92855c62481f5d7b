"""Verdicts: one per learner, from the finished shards of a trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import cast

import numpy as np
import pyarrow as pa

from complement.core.purpose import METRIC_RANGES, Purpose
from complement.core.score import Score
from complement.core.values import as_text
from complement.core.verdict import GATE_WORDS, Comparison, Effect, Guard, Leak, SliceEffect, Verdict, Worth
from complement.prove.arms import ARM, COMPETITORS, REAL, real_mass
from complement.prove.curve import Curve, CurveTask, Ends, agreeing, curve_of, shown, worth_of
from complement.prove.decide import Evidence, compare, decide, decide_substitute
from complement.prove.design import Trial
from complement.prove.estimate import (
    MIN_PER_CLASS,
    Scores,
    Sealed,
    covered,
    difference,
    judged,
    part_masks,
    per_class,
    scores_of,
    sealed_of,
    told_rarest,
)
from complement.prove.fits import ATYPICAL, FitTask, facts_of
from complement.prove.guards import Contest, all_guards, margin_of, slices_of
from complement.prove.headline import headline, too_good
from complement.prove.metrics import score_array, truth_array
from complement.prove.plug_in_metric import OnArrays
from complement.prove.pool import Fixed
from complement.prove.screen import screened
from complement.prove.statistics import Estimate, critical, detectable, simultaneous, units_to_settle

FAR = 5  # times the metric's own margin, above or below which one that was asked for is pointed out


@dataclass(frozen=True, repr=False)
class Results:
    """What the shards of a trial gave."""

    task: FitTask
    tables: Sequence[pa.Table]
    curve: CurveTask | None
    points: Sequence[pa.Table]
    screening: Sequence[pa.Table]
    metric_of: Callable[[str, Purpose], OnArrays]
    leaks: tuple[Leak, ...]
    gate: tuple[bool | None, str, list[Score]] | None

    @property
    def trial(self) -> Trial:
        return self.task.trial


@dataclass(frozen=True, repr=False)
class _Case:
    """One learner: its scores, and the confirmatory estimate with its baseline and margin."""

    name: str
    arm: Scores
    base: Scores
    estimate: Estimate
    baseline: Estimate
    margin: float


def verdicts_of(results: Results) -> tuple[Verdict, ...]:
    """The verdicts in the order of the learners. Their confirmatory intervals hold together (max |t|)."""
    sealed = sealed_of(results.task)
    trial = results.trial
    masks = part_masks(sealed, trial.purpose.primary, trial.purpose)
    cases = [_case(results, sealed, masks, name) for name in trial.learners]
    known = [case.estimate for case in cases if case is not None]
    level = simultaneous(known, trial.purpose.alpha)
    loose = simultaneous(known, 2 * trial.purpose.alpha)
    return tuple(
        _verdict(results, sealed, masks, case, level, loose) if case is not None else _undefined(results, name)
        for case, name in zip(cases, trial.learners, strict=True)
    )


def margin_for(trial: Trial, pilot: pa.Table) -> float:
    """The margin in the metric's unit, from the purpose or the metric; a relative one follows the pilot's real only."""
    cut = trial.cuts[0]
    records = trial.real.take(cut.test)
    part = covered(trial.purpose, records, trial.purpose.primary)
    score = score_array(pa.table({"score": pilot.column("real")}))[part]
    value = trial.metric.values(truth_array(records, trial.purpose)[part], score, records.weight[part])
    return _margin(trial, value)


def _margin(trial: Trial, baseline: float) -> float:
    if trial.purpose.margin is not None:
        return trial.purpose.margin
    found = margin_of(trial.metric, baseline)
    return found if np.isfinite(found) else trial.metric.margin


def _case(results: Results, sealed: Sealed, masks: Sequence[np.ndarray], name: str) -> _Case | None:
    arm, base = (scores_of(results.task, results.tables, name, which) for which in (ARM, REAL))
    if arm is None or base is None:
        return None
    metric = results.trial.metric
    estimate, baseline = difference(metric, sealed, arm, base, masks), difference(metric, sealed, base, None, masks)
    if estimate is None or baseline is None:
        return None
    return _Case(name, arm, base, estimate, baseline, _margin(results.trial, baseline.value))


def _verdict(results: Results, sealed: Sealed, masks: Sequence[np.ndarray], case: _Case, level: float, loose: float) -> Verdict:
    trial = results.trial
    alpha = trial.purpose.alpha
    weights = results.task.weights[case.name]
    guards, slices = _guards(results, sealed, case)
    comparisons = _comparisons(results, sealed, masks, case)
    rarest = per_class(sealed, judged(trial.metric, sealed, masks), trial.purpose)
    curve = _curve(results, sealed, masks, case)
    evidence = Evidence(
        case.estimate.effect(max(level, critical(case.estimate, alpha))),
        case.estimate.effect(max(loose, critical(case.estimate, 2 * alpha))),
        case.margin,
        comparisons,
        guards,
        results.leaks,
        weights,
        rarest,
        MIN_PER_CLASS,
        classes=trial.purpose.task != "regression",
    )
    if trial.plan.question == "substitute":
        private = None if results.gate is None else results.gate[0]
        state, code = decide_substitute(evidence, private=private)
    else:
        state, code = decide(evidence)
    verdict = Verdict(
        learner=case.name,
        state=state,
        code=code,
        headline="",
        metric=trial.metric.name,
        margin=case.margin,
        weight=float(np.median(weights)),
        weights=tuple(weights),
        effect=evidence.effect,
        baseline=_baseline(trial, case),
        detectable_effect=detectable(case.estimate, alpha, case.margin),
        units_to_settle=units_to_settle(case.estimate, alpha, case.margin),
        real_rows_equivalent=_worth(results, curve, case),
        comparisons=tuple(comparisons),
        guards=tuple(guards),
        slices=tuple(slices),
        leaks=results.leaks,
        notes=_notes(results, case),
        equivalence=evidence.equivalence,
        screening=screened(results.screening, case.name),
        curve=None if curve is None else shown(curve, better="low" if trial.metric.better == "low" else "high"),
    )
    verdict = replace(verdict, cautions=(*trial.partition.cautions, *too_good(verdict, trial.purpose)))
    told = told_rarest(sealed, judged(trial.metric, sealed, masks), trial.purpose)
    return headline(verdict, trial.purpose, rarest=told, question=trial.plan.question)


def _baseline(trial: Trial, case: _Case) -> Effect:
    """The metric of real only; an interval by a normal law may reach beyond what the metric can be, and ends there."""
    found = case.baseline.effect(critical(case.baseline, trial.purpose.alpha))
    least, most = METRIC_RANGES.get(trial.metric.name, (-inf, inf))
    return replace(found, low=max(found.low, least), high=min(found.high, most))


def _comparisons(results: Results, sealed: Sealed, masks: Sequence[np.ndarray], case: _Case) -> list[Comparison]:
    """The arm against each free way; none for a substitute, which is not asked to beat what only real records can give."""
    if results.trial.plan.question == "substitute":
        return []
    notes = [cast("dict[str, str]", facts_of(table).get("notes") or {}) for table in results.tables]
    found: list[Comparison] = []
    for name in COMPETITORS:
        scores = _competitor(results, case, name)
        note = next((part[f"{case.name}|{name}"] for part in notes if f"{case.name}|{name}" in part), "")
        estimate = difference(results.trial.metric, sealed, case.arm, scores, masks) if scores is not None else None
        found.append(compare(name, estimate, alpha=results.trial.purpose.alpha, note=note if estimate is None else ""))
    return found


def _competitor(results: Results, case: _Case, name: str) -> Scores | None:
    """A free way's predictions; None where it never applies.

    It may apply in some folds and seeds only (the arm weighs 0, or has the class mass of the real records by chance): real
    only, of the same fold and seed, is what it gives in the others.
    """
    column = f"{case.name}|{name}"
    applies = False
    scores: Scores = []
    for cut, base in enumerate(case.base):
        first = cut * results.trial.seeds
        row: list[np.ndarray] = []
        for real_only, part in zip(base, results.tables[first : first + len(base)], strict=True):
            own = column in part.column_names
            applies = applies or own
            row.append(score_array(part.select([column]).rename_columns(["score"])) if own else real_only)
        scores.append(row)
    return scores if applies else None


def _guards(results: Results, sealed: Sealed, case: _Case) -> tuple[list[Guard], list[SliceEffect]]:
    trial = results.trial
    contest = Contest(
        sealed,
        trial.purpose,
        trial.metric,
        results.metric_of,
        case.arm,
        case.base,
        [results.tables[cut * trial.seeds].column(ATYPICAL).to_numpy() for cut in range(len(trial.cuts))],
        _arm_prior(results, case),
    )
    slices, worst = slices_of(contest)
    return [*all_guards(contest), worst], slices


def _arm_prior(results: Results, case: _Case) -> list[float] | None:
    """The positive share of what the arm was trained on, by cut; None where the task is not binary."""
    trial = results.trial
    if trial.purpose.task != "binary":
        return None
    shares: list[float] = []
    for cut, weight, index in zip(trial.cuts, results.task.weights[case.name], range(len(trial.cuts)), strict=True):
        train = trial.learnt(cut.train)
        labels = as_text(train.column(trial.purpose.target)) == trial.purpose.positive
        real = float(np.average(labels, weights=real_mass(train)))
        made = facts_of(results.tables[index * trial.seeds]).get("positive")
        shares.append((1 - weight) * real + weight * float(made if isinstance(made, int | float) else real))
    return shares


def _curve(results: Results, sealed: Sealed, masks: Sequence[np.ndarray], case: _Case) -> Curve | None:
    if results.curve is None:
        return None
    ends = Ends(sealed, case.base, case.arm, masks)
    return curve_of(results.curve, results.points, case.name, results.trial.metric, ends)


def _worth(results: Results, curve: Curve | None, case: _Case) -> Worth:
    trial = results.trial
    if results.curve is None:
        return Worth(note=_no_curve(trial))
    if curve is None:
        return Worth(note="the metric is not defined at every size of the curve")
    made = trial.pool.records.rows if isinstance(trial.pool, Fixed) else _made_of_all(results)
    worth = worth_of(curve, price=trial.plan.real_price, cost=made * (trial.plan.synthetic_price or 0.0))
    return agreeing(worth, case.estimate.value)


def _made_of_all(results: Results) -> float:
    """How many records the pool would hold if all real ones were learnt from: by what the folds made, gaps and all."""
    shares: list[float] = []
    for number, cut in enumerate(results.trial.cuts):
        made = facts_of(results.tables[number * results.trial.seeds]).get("pool", 0)
        shares.append(float(made if isinstance(made, int | float) else 0) / len(cut.train))
    return float(np.mean(shares)) * results.trial.real.rows


def _no_curve(trial: Trial) -> str:
    """Why no real-data curve was measured."""
    if not trial.plan.curve:
        return "no real-data curve was asked for"
    if trial.plan.question not in ("in-hand", "artifact"):
        return f"the question {trial.plan.question} has no real-data curve"
    if trial.partition.kind != "units":
        return "under time order there is no real-data curve: later folds learn from more records"
    return "no fold used synthetic records"


def _notes(results: Results, case: _Case) -> tuple[str, ...]:
    learner = results.trial.learners[case.name]
    notes = [*results.trial.partition.notes, *_of_margin(results.trial, case)]
    if not getattr(learner, "weighted", True):
        notes.append(f"{case.name} takes no weights: records were resampled in proportion to them")
    if results.gate is not None:
        notes.append(f"privacy gate {GATE_WORDS[results.gate[0]]}. {results.gate[1]}")
    if any(weight == 0 for weight in case_weights(results, case)) and any(weight > 0 for weight in case_weights(results, case)):
        notes.append("in some folds screening chose real records only")
    return tuple(notes)


def _of_margin(trial: Trial, case: _Case) -> tuple[str, ...]:
    """A note where the margin that was asked for is far from the metric's own: it decides what counts as an effect at all."""
    usual = margin_of(trial.metric, case.baseline.value)
    if trial.purpose.margin is None or not usual > 0 or 1 / FAR <= case.margin / usual <= FAR:
        return ()
    side = "smaller, so that effects of no use count as help" if case.margin < usual else "larger, so that harm counts as none"
    return (f"the margin {case.margin:.4g} was asked for; {trial.metric.name}'s own is {usual:.4g}: {side}",)


def case_weights(results: Results, case: _Case) -> tuple[float, ...]:
    """The arm's weight in each cut."""
    return results.task.weights[case.name]


def _undefined(results: Results, name: str) -> Verdict:
    """The metric is not defined in any cut: nothing is claimed."""
    nothing = Effect(float("nan"), float("nan"), float("nan"), 0)
    weights = results.task.weights[name]
    return Verdict(
        learner=name,
        state="INCONCLUSIVE",
        code="too-few-units",
        headline=f"{name}: {results.trial.metric.name} is not defined on the sealed records, so nothing can be said.",
        metric=results.trial.metric.name,
        margin=results.trial.metric.margin,
        weight=float(np.median(weights)),
        weights=tuple(weights),
        effect=nothing,
        baseline=nothing,
        detectable_effect=float("nan"),
        units_to_settle=None,
        leaks=results.leaks,
    )
