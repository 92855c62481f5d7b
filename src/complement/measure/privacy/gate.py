"""The privacy gate: what the attacks' scores together allow, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from complement.core.score import Score
from complement.measure.intervals import MIN_UNITS
from complement.measure.privacy.attack import FPR

# With fewer unseen records even none that is copied is compatible with a base rate above 3.6 % (exact binomial).
MIN_UNSEEN = 100
# The whole interval of the attack's AUC must lie below. Chance is .50; measured on Adult: a copula .51, trees with 5
# records in a leaf .59, interpolation of neighbours (SMOTE) .76 (design of patient records). Halfway between what
# learns distributions and what repeats records.
MAX_AUC = 0.55
SURE_COPIES = 3  # of records unlike all others: see copies.py
# TPR shown to be above twice what guessing gives at this FPR: someone's presence can be told with confidence.
MAX_TPR = 2 * FPR
NEEDED = ("copy_share", "copy_share_base", "membership_auc", "membership_tpr", "membership_fpr")
Verdict = tuple[bool | None, str]


def gate(scores: Sequence[Score]) -> Verdict:
    """Whether the scores of `Copies` and `Membership` let synthetic records stand in for real ones, and why.

    True when every attack was run on enough records and failed; False when one is shown to succeed; None, which is
    no pass, when the records do not suffice to tell. Scores of `DensityRatio` count where they are there. "dcr_share" never
    counts: passing it proves nothing.
    """
    by_name = {score.name: score for score in scores}
    lacking = [name for name in NEEDED if name not in by_name]
    if lacking:
        were = "was" if len(lacking) == 1 else "were"
        return None, f"Not shown: {', '.join(lacking)} {were} not measured; that takes real records that no generator saw."
    attacks = {"Membership": "membership"} | ({"Density ratio": "density"} if "density_auc" in by_name else {})
    failed = _copied(by_name)
    for told, name in attacks.items():
        failed = failed or _recognised(by_name, told, name)
    if failed:
        return failed
    areas = [by_name[f"{name}_auc"] for name in attacks.values()]
    if any(auc.high is None for auc in areas):
        return None, f"Not shown: fewer than {MIN_UNITS} units on a side for the membership attack."
    failed = next((found for told, name in attacks.items() if (found := _ranked(by_name, told, f"{name}_auc"))), None)
    failed = failed or _ranked(by_name, "Density ratio, most isolated 5 %", "density_isolated_auc")
    if failed:
        return failed
    base = by_name["copy_share_base"]
    if base.n < MIN_UNSEEN:
        return None, f"Not shown: {base.n} unseen real records are too few to tell copies from coincidence ({MIN_UNSEEN})."
    told_areas: list[str] = []
    for told, auc in zip(attacks, areas, strict=True):
        if (auc.high or 0.0) > MAX_AUC:
            met = f"the AUC of the attack by {told.lower()}, {auc.value:.3f}, may be as high as {auc.high:.3f}"
            return None, f"Not shown: {met} (allowed {MAX_AUC})."
        told_areas.append(f"{told.lower()} AUC {auc.value:.3f} (at most {auc.high:.3f})")
    return True, (
        f"Exact copies {by_name['copy_share'].value:.2%} (base rate {base.value:.2%}); {'; '.join(told_areas)}. "
        "Stronger attacks were not run."
    )


def _copied(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by exact copies, None when none is shown."""
    copies, base = by_name["copy_share"], by_name["copy_share_base"]
    # Above everything that the unseen records say coincidence may give.
    if copies.value > (base.high or 0.0):
        return False, (
            f"Copies: {copies.value:.2%} of the synthetic records repeat a train record exactly; of unseen real records "
            f"{base.value:.2%} do (at most {base.high or 0.0:.2%})."
        )
    train, tune, telling = (by_name.get(name) for name in ("train_repeated", "tune_repeated", "telling_repeated"))
    if train is not None and tune is not None and (train.low or 0.0) > (tune.high or 0.0):
        return False, (
            f"Copies: {train.value:.2%} of the train records are repeated exactly; of unseen real records {tune.value:.2%} are "
            f"(at most {tune.high or 0.0:.2%})."
        )
    if telling is not None and round(telling.value * telling.n) >= SURE_COPIES:
        count = round(telling.value * telling.n)
        return False, f"Copies: {count:,} train records that are unlike all others are repeated exactly."
    return None


def _recognised(by_name: Mapping[str, Score], told: str, name: str) -> Verdict | None:
    """The failure by members who are recognised with few false alarms, None when none is shown."""
    tpr, fpr = by_name[f"{name}_tpr"], by_name[f"{name}_fpr"]
    # With few non-members the threshold is loose: guessing may then find as many members as `fpr.high`.
    allowed = max(MAX_TPR, fpr.high or 0.0)
    if (tpr.low or 0.0) <= allowed:
        return None
    return False, (
        f"{told}: at {FPR:.0%} false alarms {tpr.value:.1%} of the train records are recognised "
        f"(at least {tpr.low or 0.0:.1%}; allowed {allowed:.1%})."
    )


def _ranked(by_name: Mapping[str, Score], told: str, name: str) -> Verdict | None:
    """The failure by an AUC that is shown to be too high, None when it is not, or was not measured."""
    auc = by_name.get(name)
    if auc is None or auc.low is None or auc.low <= MAX_AUC:
        return None
    return False, f"{told}: the attack has AUC {auc.value:.3f} (at least {auc.low:.3f}; allowed {MAX_AUC})."
