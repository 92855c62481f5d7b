"""Headlines: the verdict as one sentence that a person can act on."""

from __future__ import annotations

from dataclasses import replace
from math import floor, isfinite, log10

from complement.core.purpose import METRIC_NAMES, Purpose
from complement.core.verdict import Comparison, Question, Verdict
from complement.prove.decide import as_well

# What hardly any honest model reaches; accuracy is not among them, for where one in a hundred is positive nothing is easier.
PERFECT = {"auroc": 0.99, "auprc": 0.99, "macro_f1": 0.99, "r2": 0.99}
PERFECT_RMSE = 0.1  # of the target's standard deviation: an R2 of .99
UNDECIDED = ("NO DIFFERENCE", "INCONCLUSIVE", "MIXED")  # beside these words harm would be overlooked
SAYS_HARM = ("guard-failed", "leak-void")  # codes whose sentence names what is harmed, or nothing at all


def headline(verdict: Verdict, purpose: Purpose, *, rarest: str, question: Question) -> Verdict:
    """The same verdict with its sentence. Numbers are those of the verdict; + is better, also for losses."""
    metric = METRIC_NAMES.get(verdict.metric, verdict.metric)
    where = f" on {purpose.primary.name}" if purpose.primary is not None else ""
    effect = verdict.effect
    places = _places(verdict.margin)
    moved = f"{metric}{where} {effect.value:+,.{places}f} [{effect.low:+,.{places}f}, {effect.high:+,.{places}f}]"
    failed = [METRIC_NAMES.get(guard.name, guard.name) for guard in verdict.guards if guard.outcome == "failed"]
    weight = _weight(verdict)
    apart = [c.name for c in verdict.comparisons if c.outcome == "not separated"]
    level = as_well(verdict.comparisons, verdict.margin)
    voided = [leak for leak in verdict.leaks if leak.severity == "error"]
    sentences = {
        "helps": f"synthetic records help {weight}: {moved}, better than every free way",
        "hurts": f"synthetic records hurt {weight}: {moved}",
        "no-difference": f"no difference {weight}: {moved}; {_inside(verdict, places, alpha=purpose.alpha)}",
        "screened-out": "no difference: inside every fold, real records alone did best, so no synthetic ones were used",
        "guard-failed": f"{moved}, but harm to: {', '.join(failed)}{_also(level)}",
        "not-separated": f"{moved}, better than real only, but not shown better than {apart[0] if apart else 'a free way'}",
        "below-margin": f"{moved}: there is an effect, but not shown to be as large as the margin {verdict.margin:.4g}",
        "too-few-positives": f"{rarest}: {moved} decides nothing",
        "too-few-units": f"{rarest}: {moved} decides nothing",
        "leak-void": f"void, because of a leak: {voided[0].note.rstrip('.') if voided else ''}",
        "substitutes": f"synthetic records can stand in for the real ones: {moved} is no worse than -{verdict.margin:.4g}",
        "falls-short": f"synthetic records alone fall short: {moved}",
        "falls-short-guard": f"synthetic records alone fall short: harm to {', '.join(failed)}; the metric says {moved}",
        "falls-short-privacy": f"synthetic records give away who was in the real data, whatever they are worth: {moved}",
        "privacy-not-shown": f"{moved} would do, but the privacy gate was not measured",
        "inconclusive": f"not shown either way: {moved}; {_settle(verdict, question)}",
    }
    free_way = f"{moved}, but on real records alone {_free(level, places)}"
    beside = (
        f"; but harm is shown to: {', '.join(failed)}"
        if failed and verdict.state in UNDECIDED and verdict.code not in SAYS_HARM
        else ""
    )
    return replace(verdict, headline=f"{verdict.learner}: {sentences.get(verdict.code, free_way)}{beside}.")


def _weight(verdict: Verdict) -> str:
    """The median weight of the folds, and in how many of them screening left the synthetic records out."""
    out, folds = sum(weight == 0 for weight in verdict.weights), len(verdict.weights)
    without = f" (screening used none in {out} of {folds} folds)" if 0 < out < folds else ""
    if without and not verdict.weight:
        return f"at weights up to {max(verdict.weights):g}{without}"
    return f"at weight {verdict.weight:g}{without}"


def _inside(verdict: Verdict, places: int, *, alpha: float) -> str:
    """The interval that the equivalence test looks at. It is the narrower one: of both, only it need lie inside the margin."""
    found = verdict.equivalence or verdict.effect
    level = f"its {100 * (1 - 2 * alpha):g} % interval [{found.low:+,.{places}f}, {found.high:+,.{places}f}]"
    return f"{level} lies within ±{verdict.margin:.4g}"


def _places(margin: float) -> int:
    """Decimals that show a twentieth of the margin, and no more: 4 for .005, none for 800."""
    return min(6, max(0, 1 - floor(log10(margin)))) if margin > 0 and isfinite(margin) else 4


def _also(free_ways: list[Comparison]) -> str:
    """What real records alone would do: better where the interval says so, else nothing that is shown to be beaten."""
    better = [way.name for way in free_ways if way.outcome == "does better"]
    level = [way.name for way in free_ways if way.name not in better]
    parts = [f"{' and '.join(better)} would do better"] if better else []
    parts += [f"{' and '.join(level)} {'is' if len(level) == 1 else 'are'} not beaten"] if level else []
    return f"; on real records alone, {', and '.join(parts)}" if parts else ""


def _free(free_ways: list[Comparison], places: int) -> str:
    """Why the gain counts for nothing: the first free way that is not beaten by the margin."""
    if not free_ways:
        return "a free way does as well"
    way = free_ways[0]
    if way.outcome == "does better" or way.effect is None:
        return f"{way.name} does better"
    return f"{way.name} does as well: the lead over it, {way.effect.value:+,.{places}f}, is below the margin and not shown"


def unverified(verdict: Verdict) -> Verdict:
    """The same verdict, with the warning that the records it was judged on may have been seen by the maker."""
    return replace(verdict, headline=f"{verdict.headline} Unverified: the maker may have trained on any of these records.")


def too_good(verdict: Verdict, purpose: Purpose) -> tuple[str, ...]:
    """A caution where real records alone foretell the target nearly perfectly: then a column may tell the outcome itself."""
    value, metric = verdict.baseline.value, verdict.metric
    perfect = value > PERFECT[metric] if metric in PERFECT else metric == "rmse" and value < PERFECT_RMSE * purpose.target_sd
    if not perfect:
        return ()
    told = f"Real only is nearly perfect ({METRIC_NAMES[metric]} {value:,.4g}): is some column known only after the outcome?"
    return (f"{told} If so, this verdict says nothing of a model in use.",)


def _settle(verdict: Verdict, question: Question) -> str:
    detectable = f"an effect of {verdict.detectable_effect:.4g} would have been found"
    twice = f"one of twice the margin ({2 * verdict.margin:.4g})"
    if verdict.units_to_settle is None:
        varies = "draws" if question == "recipe" else "seeds"
        return f"{detectable}; no number of sealed units would show {twice}, because the {varies} alone vary more"
    if verdict.units_to_settle <= verdict.effect.n:
        return f"{detectable}; what there is lies too near the margin of {verdict.margin:.4g} to be told from it"
    return f"{detectable}, and about {verdict.units_to_settle:,} sealed units would show {twice}"
