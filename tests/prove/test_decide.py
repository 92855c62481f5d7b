"""Deciding: every state and every code from evidence, in the order of the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from complement.core.purpose import Purpose
from complement.core.verdict import Comparison, Effect, Guard, Leak, Verdict
from complement.prove.arms import CLASS_WEIGHTS, COPIES, REGULARISED, THRESHOLD
from complement.prove.decide import Evidence, compare, decide, decide_substitute
from complement.prove.headline import headline, too_good
from complement.prove.statistics import Estimate


def effect(value: float, half: float) -> Effect:
    return Effect(value, value - half, value + half, 500)


def evidence(value: float = 0.02, half: float = 0.01, **changes: object) -> Evidence:
    plain = Evidence(effect(value, half), effect(value, 0.8 * half), 0.005, (), (), (), (0.5,), 100, 30)
    return replace(plain, **changes)


def level(name: str, outcome: str, lead: float = 0.002) -> tuple[Comparison, ...]:
    """A free way that is beaten, and one over which the arm has this lead."""
    return (Comparison("other", effect(0.03, 0.01), "beaten"), Comparison(name, effect(lead, 0.01), outcome))


def verdict_of(code: str, **changes: object) -> Verdict:
    plain = Verdict(
        learner="tree",
        state="INCONCLUSIVE",
        code=code,
        headline="",
        metric="auroc",
        margin=0.005,
        weight=0.5,
        weights=(0.5,),
        effect=effect(0.02, 0.01),
        baseline=effect(0.8, 0.01),
        detectable_effect=0.015,
        units_to_settle=None,
    )
    return replace(plain, **changes)


PURPOSE = Purpose("y", "binary", ("no", "yes"))
ERROR, FINDING = Leak("repeats-sealed", "error", "seen."), Leak("nearer-to-sealed", "finding", "near")
FAILED, UNSHOWN = Guard("ece", "failed"), Guard("ece", "not shown")

TABLE = [
    (evidence(), "HELPS", "helps"),
    (evidence(guards=(UNSHOWN,)), "HELPS", "helps"),
    (evidence(leaks=(FINDING,)), "HELPS", "helps"),
    (evidence(leaks=(ERROR,)), "INCONCLUSIVE", "leak-void"),
    (evidence(-0.02), "HURTS", "hurts"),
    (evidence(-0.02, guards=(FAILED,)), "HURTS", "hurts"),
    (evidence(0.0, 0.004), "NO DIFFERENCE", "no-difference"),
    (evidence(0.003, 0.002), "NO DIFFERENCE", "no-difference"),  # not 0, and too small to matter: tested first
    (evidence(0.0, 0.0, weights=(0.0, 0.0)), "NO DIFFERENCE", "screened-out"),
    (evidence(0.0, 0.0, weights=(0.0, 0.1)), "NO DIFFERENCE", "no-difference"),
    (evidence(guards=(FAILED,)), "MIXED", "guard-failed"),
    (evidence(comparisons=level(CLASS_WEIGHTS, "not separated")), "MIXED", "class-weights-do-as-well"),
    (evidence(comparisons=level(COPIES, "not separated")), "MIXED", "copies-do-as-well"),
    (evidence(comparisons=level(COPIES, "does better", -0.02)), "MIXED", "copies-do-as-well"),
    (evidence(comparisons=level(REGULARISED, "not separated")), "MIXED", "regularisation-does-as-well"),
    (evidence(comparisons=level(THRESHOLD, "not separated")), "MIXED", "threshold-does-as-well"),
    (evidence(comparisons=level(COPIES, "not separated", 0.008)), "INCONCLUSIVE", "not-separated"),
    (evidence(comparisons=level(COPIES, "not applicable")), "HELPS", "helps"),
    (evidence(0.0045, 0.004), "INCONCLUSIVE", "below-margin"),
    (evidence(-0.0045, 0.004), "INCONCLUSIVE", "below-margin"),
    (evidence(0.01, 0.02), "INCONCLUSIVE", "inconclusive"),
    (evidence(rarest=29), "INCONCLUSIVE", "too-few-positives"),
    (evidence(rarest=29, classes=False), "INCONCLUSIVE", "too-few-units"),
]
SUBSTITUTE = [
    (evidence(-0.001, 0.003), True, "SUBSTITUTES", "substitutes"),
    (evidence(-0.001, 0.003), None, "INCONCLUSIVE", "privacy-not-shown"),
    (evidence(-0.001, 0.003), False, "FALLS SHORT", "falls-short-privacy"),
    (evidence(-0.02), True, "FALLS SHORT", "falls-short"),
    (evidence(-0.02, guards=(FAILED,)), True, "FALLS SHORT", "falls-short"),
    (evidence(-0.001, 0.003, guards=(FAILED,)), True, "FALLS SHORT", "falls-short-guard"),
    (evidence(-0.001, 0.003, guards=(FAILED,)), None, "FALLS SHORT", "falls-short-guard"),
    (evidence(-0.004, 0.01, guards=(FAILED,)), True, "FALLS SHORT", "falls-short-guard"),
    (evidence(-0.001, 0.003, guards=(FAILED,)), False, "FALLS SHORT", "falls-short-privacy"),
    (evidence(-0.001, 0.003, guards=(UNSHOWN,)), True, "SUBSTITUTES", "substitutes"),
    (evidence(-0.004, 0.01), True, "INCONCLUSIVE", "inconclusive"),
    (evidence(rarest=3), True, "INCONCLUSIVE", "too-few-positives"),
    (evidence(leaks=(ERROR,)), False, "INCONCLUSIVE", "leak-void"),
]


@pytest.mark.parametrize(("met", "state", "code"), TABLE, ids=[f"{code}-{k}" for k, (_, _, code) in enumerate(TABLE)])
def test_the_rules_give_the_state_and_the_code(met, state, code):
    assert decide(met) == (state, code)


@pytest.mark.parametrize(("met", "private", "state", "code"), SUBSTITUTE)
def test_a_substitute_is_decided_by_non_inferiority_and_the_gate(met, private, state, code):
    assert decide_substitute(met, private=private) == (state, code)


@pytest.mark.parametrize(
    ("value", "outcome"), [(0.05, "beaten"), (0.012, "not separated"), (-0.002, "not separated"), (-0.05, "does better")]
)
def test_a_free_way_is_beaten_not_separated_or_does_better(value, outcome):
    # Two clusters at the same distance: an interval of .02 to either side.
    found = Estimate(value, np.tile([0.0007, -0.0007], 100), np.zeros((1, 1)), 500)
    assert compare("copies", found, alpha=0.05, note="").outcome == outcome


@pytest.mark.parametrize(("lead", "outcome"), [(0.002, "not separated"), (-0.02, "does better")])
def test_a_free_way_that_is_better_is_called_better_and_not_as_good(lead, outcome):
    met = verdict_of("copies-do-as-well", comparisons=level(COPIES, outcome, lead))
    sentence = headline(met, PURPOSE, rarest="", question="in-hand").headline
    assert ("does better" in sentence, "does as well" in sentence) == (lead < 0, lead > 0)
    harmed = verdict_of("guard-failed", comparisons=(*level(COPIES, outcome, lead), *level(THRESHOLD, "not separated", 0.008)))
    sentence = headline(harmed, PURPOSE, rarest="", question="in-hand").headline
    assert (COPIES in sentence, "would do better" in sentence) == (True, lead < 0)
    assert THRESHOLD not in sentence, "its lead is above the margin"


def test_a_way_that_does_not_apply_says_why():
    met = compare("copies", None, alpha=0.05, note="a delivered file names no request")
    assert (met.outcome, met.note) == ("not applicable", "a delivered file names no request")


def test_no_difference_prints_the_interval_that_decided_it():
    # The 95 % interval reaches beyond the margin, the 90 % one does not.
    wide, narrow = effect(0.0, 0.0055), effect(0.0, 0.0046)
    met = evidence(effect=wide, equivalence=narrow)
    assert decide(met) == ("NO DIFFERENCE", "no-difference")
    nothing = {"metric": "auroc", "margin": 0.005, "weight": 0.5, "weights": (0.5,), "units_to_settle": None}
    verdict = Verdict("tree", *decide(met), "", effect=wide, baseline=wide, detectable_effect=0.01, equivalence=narrow, **nothing)
    sentence = headline(verdict, PURPOSE, rarest="", question="in-hand").headline
    assert "[-0.0055, +0.0055]; its 90 % interval [-0.0046, +0.0046] lies within ±0.005" in sentence
    strict = headline(verdict, replace(PURPOSE, alpha=0.01), rarest="", question="in-hand").headline
    assert "its 98 % interval" in strict


def test_every_code_has_a_headline_of_its_own():
    codes = {code for _, _, code in TABLE} | {code for *_, code in SUBSTITUTE}
    sentences = set()
    for code in codes:
        verdict = verdict_of(code, comparisons=level(code, "not separated"), guards=(FAILED,), leaks=(ERROR,))
        sentence = headline(verdict, PURPOSE, rarest=f"only 29 {code}", question="in-hand").headline
        assert sentence.startswith("tree: ")
        assert ("harm to" in sentence and "calibration error" in sentence) == (code in ("guard-failed", "falls-short-guard"))
        assert sentence.endswith(".")
        assert not sentence.endswith("..")
        sentences.add(sentence)
    assert len(sentences) == len(codes)


@pytest.mark.parametrize(("question", "varies"), [("in-hand", "seeds"), ("recipe", "draws")])
def test_what_would_settle_it_is_an_effect_of_twice_the_margin_and_names_what_varies(question, varies):
    def said(units: int | None) -> str:
        return headline(verdict_of("inconclusive", units_to_settle=units), PURPOSE, rarest="", question=question).headline

    assert "about 1,234 sealed units would show one of twice the margin (0.01)" in said(1234)
    assert f"no number of sealed units would show one of twice the margin (0.01), because the {varies} alone vary more" in said(
        None
    )
    assert "lies too near the margin" in said(500)


@pytest.mark.parametrize(
    ("metric", "value", "told"),
    [("auroc", 1.0, True), ("auroc", 0.97, False), ("accuracy", 1.0, False), ("rmse", 0.05, True), ("rmse", 0.3, False),
     ("log_loss", 0.0, False)],
)  # fmt: skip
def test_a_baseline_that_is_too_good_is_pointed_out(metric, value, told):
    met = too_good(verdict_of("no-difference", metric=metric, baseline=effect(value, 0.001)), PURPOSE)
    assert ["known only after the outcome" in note for note in met] == [True] * told


def test_harm_is_said_beside_a_word_that_would_hide_it():
    def said(state: str, code: str, guard: Guard) -> str:
        told = verdict_of(code, state=state, guards=(guard,))
        return headline(told, PURPOSE, rarest="", question="in-hand").headline

    assert "; but harm is shown to: calibration error." in said("NO DIFFERENCE", "no-difference", FAILED)
    assert "; but harm is shown to: calibration error." in said("INCONCLUSIVE", "inconclusive", FAILED)
    assert "harm" not in said("NO DIFFERENCE", "no-difference", UNSHOWN)
    assert said("MIXED", "guard-failed", FAILED).count("calibration error") == 1
    assert "but harm" not in said("HURTS", "hurts", FAILED)
