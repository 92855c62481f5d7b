"""The privacy gate: what the attacks' scores together allow, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.intervals import MIN_UNITS
from complement.measure.privacy.attack import FPR
from complement.measure.privacy.copies import Copies
from complement.measure.privacy.density import DensityRatio
from complement.measure.privacy.membership import Membership
from complement.measure.privacy.repeated import SURE_NAMES, Identities, Values, given_away, named
from complement.measure.privacy.twins import NEARER, Twins, seen

# With fewer unseen records even none that is copied is compatible with a base rate above 3.6 % (exact binomial).
MIN_UNSEEN = 100
# The whole interval of the attack's AUC must lie below. Chance is .50; measured on Adult: a copula .51, trees with 5
# records in a leaf .59, interpolation of neighbours (SMOTE) .76 (design of patient records). Halfway between what
# learns distributions and what repeats records.
MAX_AUC = 0.55
# A classifier that is wrong about records it did not learn from met their twins on the other side. Fresh records: .5.
MIN_C2ST = 0.45
MAX_APART = 0.5  # beyond the hold-out: half of the records would have to change that column to make it like the real one
SURE_COPIES = 3  # of records unlike all others: see copies.py
# TPR shown to be above twice what guessing gives at this FPR: someone's presence can be told with confidence.
MAX_TPR = 2 * FPR
NEEDED = ("copy_share", "copy_share_base", "membership_auc", "membership_tpr", "membership_fpr")
Verdict = tuple[bool | None, str]


def attacked(made: Dataset, context: Context) -> list[Score]:
    """What `gate` weighs, where no question is asked of fidelity: for the gate of a substitute, whose worth a trial measures.

    The cost is bounded, as each attack compares a bounded number of records: 3 CPU-seconds on the whole of Adult.
    """
    evaluators = (Copies(), Identities(), Values(), Twins(), Membership(), DensityRatio())
    return [score for evaluator in evaluators for score in evaluator.score(made, context)]


def gate(scores: Sequence[Score], *, strangers: str = "") -> Verdict:
    """Whether the scores of `Copies` and `Membership` let synthetic records stand in for real ones, and why.

    True when every attack was run on enough records and failed; False when one is shown to succeed; None, which is
    no pass, when the records do not suffice to tell, the hold-out was seen by the maker, or a column has other units. Scores of
    `Identities`, `Values`, `DensityRatio`, `Twins`, `Shape` and `C2st` count where they are there. "dcr_share" never counts:
    passing it proves nothing. `strangers` says why the hold-out is of another population: then what tells
    members from it tells only that, and nothing is shown.
    """
    by_name = {score.name: score for score in scores}
    lacking = [name for name in NEEDED if name not in by_name]
    if lacking:
        were = "was" if len(lacking) == 1 else "were"
        return None, f"Not shown: {', '.join(lacking)} {were} not measured; that takes real records that no generator saw."
    if strangers:
        return None, f"Not shown: {strangers}"
    attacks = {"Membership": "membership"} | ({"Density ratio": "density"} if "density_auc" in by_name else {})
    failed = _copied(by_name) or _repeated(by_name)
    for told, name in attacks.items():
        failed = failed or _recognised(by_name, told, name)
    for told, name in attacks.items():
        failed = failed or _ranked(by_name, told, f"{name}_auc")
    failed = failed or _ranked(by_name, "Density ratio, most isolated 5 %", "density_isolated_auc")
    return failed or _not_shown(by_name, attacks) or (True, _passed(by_name, attacks))


def _passed(by_name: Mapping[str, Score], attacks: Mapping[str, str]) -> str:
    areas = {told: by_name[f"{name}_auc"] for told, name in attacks.items()}
    told_areas = [f"{told.lower()} AUC {auc.value:.3f} (at most {auc.high or 1.0:.3f})" for told, auc in areas.items()]
    copies, base = by_name["copy_share"], by_name["copy_share_base"]
    return (
        f"Exact copies {copies.value:.2%} (base rate {base.value:.2%}); {'; '.join(told_areas)}. Stronger attacks were not run."
    )


def _not_shown(by_name: Mapping[str, Score], attacks: Mapping[str, str]) -> Verdict | None:
    """Why a pass would say nothing, None when it would."""
    reason = _not_unseen(by_name) or _not_comparable(by_name) or _too_few(by_name, attacks)
    return (None, f"Not shown: {reason}") if reason else None


def _not_unseen(by_name: Mapping[str, Score]) -> str:
    twins, base, told = (by_name.get(name) for name in ("holdout_twins", "holdout_twins_base", "c2st_auc"))
    if twins is not None and base is not None and seen(twins, base):
        return (
            f"the hold-out is not unseen. {twins.value:.1%} of its records have a synthetic one {NEARER} times nearer than any "
            f"train record (at least {twins.low or 0.0:.1%}); the other way round it is {base.value:.1%}."
        )
    if told is not None and told.high is not None and told.high < MIN_C2ST:
        return (
            f"the hold-out is not unseen. A classifier that tells synthetic from hold-out records is wrong more often than not "
            f"(AUC {told.value:.3f}, at most {told.high:.3f}): they repeat each other."
        )
    return ""


def _not_comparable(by_name: Mapping[str, Score]) -> str:
    worst, base = by_name.get("shape_worst"), by_name.get("shape_worst_base")
    if worst is not None and base is not None and worst.value - base.value > MAX_APART:
        return (
            f"a column is not comparable: other units or spellings, or values that real records lack. Its distance from the "
            f"real one is {worst.value:.2f}, that of the hold-out {base.value:.2f}; the attacks do not see what it gives away."
        )
    named_in, of_holdout = by_name.get("identity_repeated"), by_name.get("identity_repeated_base")
    if named_in is not None and of_holdout is not None and not of_holdout.n and round(named_in.value * named_in.n) >= SURE_NAMES:
        met = f"{round(named_in.value * named_in.n):,} names or identifiers of train records are repeated"
        return f"{met}, and the hold-out has none that would say whether by coincidence."
    return ""


def _too_few(by_name: Mapping[str, Score], attacks: Mapping[str, str]) -> str:
    areas = {told: by_name[f"{name}_auc"] for told, name in attacks.items()}
    if any(auc.high is None for auc in areas.values()):
        return f"fewer than {MIN_UNITS} units on a side for the membership attack."
    base = by_name["copy_share_base"]
    if base.n < MIN_UNSEEN:
        return f"{base.n} unseen real records are too few to tell copies from coincidence ({MIN_UNSEEN})."
    for told, auc in areas.items():
        if (auc.high or 0.0) > MAX_AUC:
            met = f"the AUC of the attack by {told.lower()}, {auc.value:.3f}, may be as high as {auc.high:.3f}"
            return f"{met} (allowed {MAX_AUC})."
    return ""


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
    if telling is None or round(telling.value * telling.n) < SURE_COPIES:
        return None
    count, by_chance = round(telling.value * telling.n), by_name.get("telling_repeated_base")
    # Where no unseen record is repeated in this way, three are no accident; where some are, there must clearly be more.
    if by_chance is not None and by_chance.value > 0 and (telling.low or 0.0) <= (by_chance.high or 0.0):
        return None
    return False, f"Copies: {count:,} train records that are unlike all others are repeated exactly."


def _repeated(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by names or single values that only real people of train have, None when none is shown."""
    found, base = by_name.get("identity_repeated"), by_name.get("identity_repeated_base")
    if found is not None and base is not None and base.n and named(found, base):
        return False, (
            f"Identities: in one column {round(found.value * found.n):,} of {found.n:,} names or identifiers of train records "
            f"are repeated ({found.value:.2%}); coincidence gives {base.value:.2%} (at most {base.high or 0.0:.2%})."
        )
    found, base = by_name.get("value_repeated"), by_name.get("value_repeated_base")
    if found is not None and base is not None and given_away(found, base):
        return False, (
            f"Values: in a column where hardly two people share one, {round(found.value * found.n):,} of the {found.n:,} values "
            f"that only train has are repeated exactly ({found.value:.2%}); of those that only unseen records have "
            f"{base.value:.2%} are (at most {base.high or 0.0:.2%})."
        )
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
