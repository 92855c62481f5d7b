"""What states, metrics and scores are called on the page, in words that need no handbook."""

from __future__ import annotations

from collections.abc import Mapping

from complement.core.purpose import METRIC_NAMES

QUESTIONS: Mapping[str, str] = {
    "in-hand": "With these real data, does this generator help this learner?",
    "artifact": "Does this delivered file help the model that is shipped?",
    "recipe": "Would this generator help on other data like these?",
    "substitute": "Can the synthetic records stand in for the real ones?",
}
SIGNS: Mapping[str, tuple[str, str]] = {  # state: a sign that is no colour, and the tone
    "HELPS": ("✓", "good"),
    "SUBSTITUTES": ("✓", "good"),
    "HURTS": ("✗", "bad"),
    "FALLS SHORT": ("✗", "bad"),
    "MIXED": ("±", "mixed"),
    "NO DIFFERENCE": ("=", "same"),
    "INCONCLUSIVE": ("?", "open"),
}
# The verdict by its code, in a sentence about {learner}; {harmed} and {way} come from the guards and the competitors.
SENTENCES: Mapping[str, str] = {
    "helps": "Yes: adding the synthetic records makes {learner} better, and nothing that is free does the same.",
    "hurts": "No: adding the synthetic records makes {learner} worse.",
    "no-difference": "No need: with or without the synthetic records, {learner} would be as good.",
    "screened-out": "No need: {learner} did best on the real records alone, so no synthetic ones were used.",
    "class-weights-do-as-well": "No need: {learner} gets better, but class weights on the real records do as well, for nothing.",
    "copies-do-as-well": "No need: {learner} gets better, but repeating real records does as well, for nothing.",
    "regularisation-does-as-well": "No need: {learner} gets better, but stronger regularisation does as well, for nothing.",
    "threshold-does-as-well": "No need: {learner} gets better, but another threshold does as well, for nothing.",
    "guard-failed": "Not as they are: the synthetic records help {learner} in one way and harm it in another ({harmed}).",
    "not-separated": "Not shown: {learner} gets better, but so it may by {way}, which costs nothing.",
    "below-margin": "Not shown: {learner} changes, but perhaps by too little to matter.",
    "inconclusive": "Not shown either way: the real records kept aside cannot tell whether {learner} gets better.",
    "too-few-positives": "Cannot be told: the real records kept aside count as too few of one class to judge {learner}.",
    "too-few-units": "Cannot be told: too few real records were kept aside to judge {learner}.",
    "leak-void": "Void: a leak was found, so the numbers for {learner} could lie.",
    "substitutes": "Yes: trained on the synthetic records alone, {learner} is as good as on the real ones.",
    "privacy-not-shown": "Not yet: the records would do for {learner}, but nobody measured whether they are private.",
    "falls-short": "No: trained on the synthetic records alone, {learner} is worse.",
    "falls-short-guard": "No: trained on the synthetic records alone, {learner} harms what must not be harmed ({harmed}).",
    "falls-short-privacy": "No: the synthetic records give away who was in the real data.",
}
BY_STATE: Mapping[str, str] = {  # for a code that this version does not know
    "HELPS": SENTENCES["helps"],
    "HURTS": SENTENCES["hurts"],
    "NO DIFFERENCE": SENTENCES["no-difference"],
    "MIXED": "Not as they are: the synthetic records help {learner} in one way, and fail in another.",
    "INCONCLUSIVE": SENTENCES["inconclusive"],
    "SUBSTITUTES": SENTENCES["substitutes"],
    "FALLS SHORT": SENTENCES["falls-short"],
}
ATTACKS = ("membership", "density", "shadow", "isolated", "attribute", "linkability", "singling")


def gate_word(passed: object) -> tuple[str, str]:
    """What the privacy gate says, and its tone."""
    return ("✓ passed", "good") if passed is True else ("✗ failed", "bad") if passed is False else ("? not shown", "open")


def metric_name(name: str) -> str:
    """The metric's name as people write it."""
    return METRIC_NAMES.get(name, name.replace("_", " "))


def models_named(names: list[str]) -> str:
    """One, two or more learners in a sentence."""
    if len(names) == 1:
        return f"the {names[0]} model"
    return f"the {', '.join(names[:-1])} and {names[-1]} models"
