"""Headlines: the verdict as one sentence that a person can act on."""

from __future__ import annotations

from dataclasses import replace
from math import floor, isfinite, log10

from complement.core.purpose import Purpose
from complement.core.verdict import Comparison, Verdict

NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "recall_at_precision": "recall at fixed precision",
    "macro_f1": "macro-F1",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
}


def headline(verdict: Verdict, purpose: Purpose, *, rarest: int) -> Verdict:
    """The same verdict with its sentence. Numbers are those of the verdict; + is better, also for losses."""
    metric = NAMES.get(verdict.metric, verdict.metric)
    where = f" on {purpose.primary.name}" if purpose.primary is not None else ""
    effect = verdict.effect
    places = _places(verdict.margin)
    moved = f"{metric}{where} {effect.value:+,.{places}f} [{effect.low:+,.{places}f}, {effect.high:+,.{places}f}]"
    failed = [guard.name for guard in verdict.guards if guard.outcome == "failed"]
    weight = f"at weight {verdict.weight:g}"
    level = [c.name for c in verdict.comparisons if c.outcome in ("does as well", "not separated")]
    free = level[0] if level else "a free way"
    as_well = [c for c in verdict.comparisons if c.outcome == "does as well"]
    voided = [leak for leak in verdict.leaks if leak.severity == "error"]
    sentences = {
        "helps": f"synthetic records help {weight}: {moved}, better than every free way",
        "hurts": f"synthetic records hurt {weight}: {moved}",
        "no-difference": f"no difference {weight}: {moved}; {_inside(verdict, places, alpha=purpose.alpha)}",
        "screened-out": "no difference: inside every fold, real records alone did best, so no synthetic ones were used",
        "guard-failed": f"{moved}, but harm to: {', '.join(failed)}{_also(as_well)}",
        "not-separated": f"{moved}, better than real only, but not shown better than {free}",
        "below-margin": f"{moved}: there is an effect, but not shown to be as large as the margin {verdict.margin:.4g}",
        "too-few-positives": f"only {rarest} sealed units in the rarest class (30 are needed): {moved} decides nothing",
        "too-few-units": f"only {rarest} sealed units (30 are needed): {moved} decides nothing",
        "leak-void": f"void, because of a leak: {voided[0].note if voided else ''}",
        "substitutes": f"synthetic records can stand in for the real ones: {moved} is no worse than -{verdict.margin:.4g}",
        "falls-short": f"synthetic records alone fall short: {moved}",
        "falls-short-guard": f"synthetic records alone fall short: harm to {', '.join(failed)}; the metric says {moved}",
        "falls-short-privacy": f"synthetic records give away who was in the real data, whatever they are worth: {moved}",
        "privacy-not-shown": f"{moved} would do, but the privacy gate was not measured",
        "inconclusive": f"not shown either way: {moved}; {_settle(verdict)}",
    }
    free_way = f"{moved}, but {free} on real records alone does as well"
    return replace(verdict, headline=f"{verdict.learner}: {sentences.get(verdict.code, free_way)}.")


def _inside(verdict: Verdict, places: int, *, alpha: float) -> str:
    """The interval that the equivalence test looks at. It is the narrower one: of both, only it need lie inside the margin."""
    found = verdict.equivalence or verdict.effect
    level = f"its {100 * (1 - 2 * alpha):g} % interval [{found.low:+,.{places}f}, {found.high:+,.{places}f}]"
    return f"{level} lies within ±{verdict.margin:.4g}"


def _places(margin: float) -> int:
    """Decimals that show a twentieth of the margin, and no more: 4 for .005, none for 800."""
    return min(6, max(0, 1 - floor(log10(margin)))) if margin > 0 and isfinite(margin) else 4


def _also(free_ways: list[Comparison]) -> str:
    """What real records alone would do: better where the interval says so, else as well."""
    better = [way.name for way in free_ways if way.effect is not None and way.effect.high < 0]
    equal = [way.name for way in free_ways if way.name not in better]
    parts = [f"{' and '.join(names)} would do {how}" for names, how in ((better, "better"), (equal, "as well")) if names]
    return f"; on real records alone, {' and '.join(parts)}" if parts else ""


def unverified(verdict: Verdict) -> Verdict:
    """The same verdict, with the warning that the records it was judged on may have been seen by the maker."""
    return replace(verdict, headline=f"{verdict.headline} Unverified: the maker may have trained on any of these records.")


def _settle(verdict: Verdict) -> str:
    detectable = f"an effect of {verdict.detectable_effect:.4g} would have been found"
    if verdict.units_to_settle is None:
        return f"{detectable}; no number of sealed units would settle it, because the seeds alone vary more"
    if verdict.units_to_settle <= verdict.effect.n:
        return f"{detectable}; what there is lies too near the margin to be told from it"
    return f"{detectable}, and about {verdict.units_to_settle:,} sealed units would settle it"
