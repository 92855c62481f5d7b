"""The privacy gate: what the attacks' scores together allow, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.score import Score
from complement.measure.intervals import MIN_UNITS
from complement.measure.privacy.attack import FPR, LOW_FPR
from complement.measure.privacy.attributes import Attributes
from complement.measure.privacy.bounds import AREAS, BASES, LIFTS, RATES, least, looks
from complement.measure.privacy.copies import Copies
from complement.measure.privacy.density import DensityRatio
from complement.measure.privacy.formal import Formal, told_of
from complement.measure.privacy.linking import Linkability
from complement.measure.privacy.membership import Membership
from complement.measure.privacy.near import NearCopies
from complement.measure.privacy.rare import RareValues
from complement.measure.privacy.repeated import SURE_NAMES, Identities, Values, given_away, named
from complement.measure.privacy.singling import SinglingOut
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
TIMES = 2  # TPR shown to be above twice what guessing gives at its FPR: someone's presence can be told with confidence
# In twenty attempts on members one more succeeds than on strangers. Measured on Adult (5,000 rows): SMOTE .12, .05 and .09 for
# attributes, links and singling out, trees with 5 records in a leaf .01, .00 and .02.
MAX_LIFT = 0.05
ATTACKS = {"Membership": "membership_auc", "Density ratio": "density_auc"}
NEEDED = ("copy_share", "copy_share_base", "membership_auc", "membership_tpr", "membership_fpr")
UNMEASURED = (
    "No real record was kept back from the generator: whether records are copied or recognised takes such to compare with."
)
Verdict = tuple[bool | None, str]


def attacked(made: Dataset, context: Context) -> list[Score]:
    """What `gate` weighs, where no question is asked of fidelity: for the gate of a substitute, whose worth a trial measures.

    The cost is bounded, as each attack compares a bounded number of records (docs/privacy.md says what it is on Adult).
    """
    evaluators = (
        *(Copies(), NearCopies(), Identities(), Values(), RareValues(), Twins(), Membership(), DensityRatio()),
        *(Attributes(), SinglingOut(), Linkability()),
    )
    return [score for evaluator in evaluators for score in evaluator.score(made, context)]


def gate(scores: Sequence[Score], *, strangers: str = "", formal: Formal | None = None) -> Verdict:
    """Whether the scores of `Copies` and `Membership` let synthetic records stand in for real ones, and why.

    True when every attack was run on enough records and failed; False when one is shown to succeed; None, which is
    no pass, when the records do not suffice to tell, the hold-out was seen by the maker, or a column has other units. Scores of
    all other evaluators of this folder, of `Shape` and of `C2st` count where they are there; "dcr_share" and "nndr_share" never
    do: passing them proves nothing. `strangers` says why the hold-out is of another population: then what tells
    members from it tells only that, and nothing is shown. `formal`: the generator's guarantee, which is told and not weighed.

    An attack succeeds when the low end of its interval, widened for as many attacks as there are (see `bounds.least`), is above
    what is allowed, so that a harmless file fails by chance in 5 % at most. To pass, each must fail alone: no widening there.
    """
    by_name = {score.name: score for score in scores}
    if any(name not in by_name for name in NEEDED):
        answer: Verdict = (None, UNMEASURED)
    elif strangers:
        answer = (None, _sentence(strangers))
    else:
        failed = _copied(by_name) or _repeated(by_name) or _recognised(by_name) or _ranked(by_name) or _lifted(by_name)
        answer = failed or _not_shown(by_name) or (True, _passed(by_name))
    return answer[0], f"{answer[1]} {told_of(formal)}"


def _passed(by_name: Mapping[str, Score]) -> str:
    areas = {told: by_name[name] for told, name in ATTACKS.items() if name in by_name}
    told_areas = [f"{told.lower()} AUC {auc.value:.3f} (at most {auc.high or 1.0:.3f})" for told, auc in areas.items()]
    copies, base = by_name["copy_share"], by_name["copy_share_base"]
    lifts = [by_name[name] for name in LIFTS if name in by_name]
    stronger = "Stronger attacks were not run."
    if lifts:
        most = max(lifts, key=lambda lift: lift.high or 0.0)
        points = 100 * (most.high or 1.0)
        stronger = f"Attributes, links, descriptions: of a hundred, at most {points:.1f} more are right of train than of others."
    return f"Exact copies {copies.value:.2%} (base rate {base.value:.2%}); {'; '.join(told_areas)}. {stronger}"


def _not_shown(by_name: Mapping[str, Score]) -> Verdict | None:
    """Why a pass would say nothing, None when it would."""
    reason = _not_unseen(by_name) or _not_comparable(by_name) or _too_few(by_name)
    return (None, _sentence(reason)) if reason else None


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


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


def _too_few(by_name: Mapping[str, Score]) -> str:
    areas = {told: by_name[name] for told, name in ATTACKS.items() if name in by_name}
    if any(auc.high is None for auc in areas.values()):
        return f"fewer than {MIN_UNITS} units on a side for the membership attack."
    base = by_name["copy_share_base"]
    if base.n < MIN_UNSEEN:
        return f"{base.n} unseen real records are too few to tell copies from coincidence ({MIN_UNSEEN})."
    told, auc = max(areas.items(), key=lambda one: one[1].high or 0.0)  # the surest of those that may succeed
    if (auc.high or 0.0) > MAX_AUC:
        met = f"the AUC of the attack by {told.lower()}, {auc.value:.3f}, may be as high as {auc.high:.3f}"
        return f"{met} (allowed {MAX_AUC})."
    return ""


def _copied(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by exact copies, None when none is shown."""
    copies, base = by_name["copy_share"], by_name["copy_share_base"]
    of_train, of_tune = (by_name.get(name) for name in ("copies_of_train", "copies_of_tune"))
    # What is common is made oftener than it is by some generators, SMOTE for one, whomever they learnt from.
    common = of_train is not None and of_tune is not None and (of_train.low or 0.0) <= (of_tune.high or 0.0)
    # Above everything that the unseen records say coincidence may give.
    if copies.value > (base.high or 0.0) and not common:
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


def _recognised(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by members who are recognised with few false alarms, the gravest first; None when none is shown."""
    found: list[tuple[float, str]] = []
    for name, base in RATES.items():
        if name not in by_name or base not in by_name:
            continue
        tpr, fpr = by_name[name], by_name[base]
        # With few non-members the threshold is loose: guessing may then find as many members as `fpr.high`.
        wanted = 0.0 if name.startswith(("near", "part")) else LOW_FPR if name.endswith("_at_0.001") else FPR
        allowed = max(TIMES * wanted, fpr.high or 0.0)
        low = least(tpr, looks(by_name))
        if low is not None and low > allowed:
            rate = f"{wanted:.1%}" if wanted == LOW_FPR else f"{wanted:.0%}" if wanted else f"{fpr.value:.2%}"
            told = f"at {rate} false alarms {tpr.value:.1%} of the train records are recognised"
            found.append((low / max(allowed, 1e-9), f"{_named(name)}: {told} (at least {low:.1%}; allowed {allowed:.1%})."))
    return _gravest(found)


def _gravest(found: list[tuple[float, str]]) -> Verdict | None:
    """The sentence of the attack that is farthest above what is allowed, and the names of the others."""
    if not found:
        return None
    found.sort(key=lambda one: -one[0])
    others = list(dict.fromkeys(told.partition(":")[0] for _, told in found[1:] if told.partition(":")[0] not in found[0][1]))
    return False, found[0][1] + (f" Also: {'; '.join(others)}." if others else "")


def _ranked(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by AUCs that are shown to be too high, the highest first; None when none is, or none was measured."""
    found: list[tuple[float, str]] = []
    for name in AREAS:
        low = least(by_name[name], looks(by_name)) if name in by_name else None
        if low is not None and low > MAX_AUC:
            told = f"the attack has AUC {by_name[name].value:.3f} (at least {low:.3f}; allowed {MAX_AUC})."
            found.append((low, f"{_named(name)}: {told}"))
    return _gravest(found)


def _lifted(by_name: Mapping[str, Score]) -> Verdict | None:
    """The failure by what is inferred, singled out, linked or met of members and not of strangers, None when none is shown."""
    many = looks(by_name)
    for name in LIFTS:
        low = least(by_name[name], many) if name in by_name else None
        if low is not None and low > MAX_LIFT:
            met = f"succeeds {by_name[name].value:.1%} oftener on train records than on unseen ones"
            return False, f"{_named(name)}: {met} (at least {low:.1%}; allowed {MAX_LIFT:.0%})."
    for name, base in BASES.items():
        low = least(by_name[name], many) if name in by_name and base in by_name else None
        allowed = TIMES * (by_name[base].high or 0.0) if base in by_name else 1.0
        if low is not None and low > allowed:
            met = f"{by_name[name].value:.1%}, of unseen ones {by_name[base].value:.1%}"
            return False, f"{_named(name)}: of train records {met} (at least {low:.1%}; allowed {allowed:.1%})."
    return None


def _named(score: str) -> str:
    """What the sentence calls an attack."""
    named = {
        "membership": "Membership",
        "density_isolated": "Density ratio, most isolated 5 %",
        "density_rare": "Density ratio, rarest class",
        "density_busy": "Density ratio, units with many records",
        "density": "Density ratio",
        "near_rare": "Near copies, rarest class",
        "near_busy": "Near copies, units with many records",
        "near": "Near copies",
        "part": "Parts of records",
        "shadow": "Shadow models, most exposed records",
        "attribute": "Attribute inference",
        "linked": "Linkability",
        "singled_out": "Singling out",
        "rare": "Rare values",
    }
    return next(words for start, words in named.items() if score.startswith(start))
