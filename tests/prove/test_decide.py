"""Deciding: every state and every code from evidence, in the order of the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from complement.core.purpose import Purpose
from complement.core.verdict import Comparison, Effect, Guard, Leak, Verdict
from complement.prove.arms import CLASS_WEIGHTS, COPIES, REGULARISED, THRESHOLD
from complement.prove.decide import Evidence, compare, decide, decide_substitute
from complement.prove.headline import headline
from complement.prove.statistics import Estimate


def effect(value: float, half: float) -> Effect:
    return Effect(value, value - half, value + half, 500)


def evidence(value: float = 0.02, half: float = 0.01, **changes: object) -> Evidence:
    plain = Evidence(effect(value, half), effect(value, 0.8 * half), 0.005, (), (), (), (0.5,), 100, 30)
    return replace(plain, **changes)


def level(name: str, outcome: str) -> tuple[Comparison, ...]:
    return (Comparison("other", None, "beaten"), Comparison(name, None, outcome))


ERROR, FINDING = Leak("repeats-sealed", "error", "seen"), Leak("nearer-to-sealed", "finding", "near")
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
    (evidence(comparisons=level(CLASS_WEIGHTS, "does as well")), "MIXED", "class-weights-do-as-well"),
    (evidence(comparisons=level(COPIES, "does as well")), "MIXED", "copies-do-as-well"),
    (evidence(comparisons=level(REGULARISED, "does as well")), "MIXED", "regularisation-does-as-well"),
    (evidence(comparisons=level(THRESHOLD, "does as well")), "MIXED", "threshold-does-as-well"),
    (evidence(comparisons=level(COPIES, "not separated")), "INCONCLUSIVE", "not-separated"),
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


@pytest.mark.parametrize(("value", "outcome"), [(0.03, "beaten"), (0.012, "not separated"), (0.002, "does as well")])
def test_a_free_way_is_beaten_not_separated_or_does_as_well(value, outcome):
    spread = np.array([0.007, -0.007])  # a standard error of .014
    found = Estimate(value, np.tile(spread, 1) / 1.0, np.zeros((1, 1)), 500)
    if outcome == "beaten":
        found = replace(found, units=spread / 100)
    assert compare("copies", found, alpha=0.05, margin=0.01, note="").outcome == outcome


def test_a_way_that_does_not_apply_says_why():
    met = compare("copies", None, alpha=0.05, margin=0.01, note="a delivered file names no request")
    assert (met.outcome, met.note) == ("not applicable", "a delivered file names no request")


def test_no_difference_prints_the_interval_that_decided_it():
    # The 95 % interval reaches beyond the margin, the 90 % one does not.
    wide, narrow = effect(0.0, 0.0055), effect(0.0, 0.0046)
    met = evidence(effect=wide, equivalence=narrow)
    assert decide(met) == ("NO DIFFERENCE", "no-difference")
    nothing = {"metric": "auroc", "margin": 0.005, "weight": 0.5, "weights": (0.5,), "units_to_settle": None}
    verdict = Verdict("tree", *decide(met), "", effect=wide, baseline=wide, detectable_effect=0.01, equivalence=narrow, **nothing)
    sentence = headline(verdict, Purpose("y", "binary", ("no", "yes")), rarest=99).headline
    assert "[-0.0055, +0.0055]; its 90 % interval [-0.0046, +0.0046] lies within ±0.005" in sentence
    strict = headline(verdict, Purpose("y", "binary", ("no", "yes"), alpha=0.01), rarest=99).headline
    assert "its 98 % interval" in strict


def test_every_code_has_a_headline_of_its_own():
    codes = {code for _, _, code in TABLE} | {code for *_, code in SUBSTITUTE}
    sentences = set()
    for code in codes:
        verdict = Verdict(
            learner="tree",
            state="HELPS",
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
            comparisons=tuple(c for c in level(code, "does as well")),
            guards=(FAILED,),
            leaks=(ERROR,),
        )
        sentence = headline(verdict, Purpose("y", "binary", ("no", "yes")), rarest=29).headline
        assert sentence.startswith("tree: ")
        assert ("harm to" in sentence and "ece" in sentence) == (code in ("guard-failed", "falls-short-guard"))
        assert sentence.endswith(".")
        sentences.add(sentence)
    assert len(sentences) == len(codes)
