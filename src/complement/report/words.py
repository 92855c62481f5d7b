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
    "too-few-positives": "Cannot be told: too few real records of the rarest class were kept aside to judge {learner}.",
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
# Scores of an audit: what each says, in the words of docs/cli.md. A name that is not here is shown as it is.
SCORES: Mapping[str, str] = {
    "copy_share": "synthetic records that equal a real one",
    "copy_share_base": "unseen real records that do: coincidence",
    "train_repeated": "real records that a synthetic one repeats",
    "tune_repeated": "unseen real records that one repeats",
    "copies_of_train": "different synthetic records that equal one of some real ones",
    "copies_of_tune": "the same of as many unseen ones",
    "telling_repeated": "real records unlike all others, repeated",
    "telling_repeated_base": "the same of unseen ones: coincidence",
    "identity_repeated": "names or ids of real people repeated",
    "identity_repeated_base": "the same by coincidence",
    "value_repeated": "values of one real record alone, repeated",
    "value_repeated_base": "the same of unseen records",
    "holdout_twins": "unseen records with a synthetic twin",
    "holdout_twins_base": "unseen records with a real twin: coincidence",
    "membership_auc": "who was in the data, by distance",
    "membership_tpr": "real records that this attack finds",
    "membership_fpr": "false alarms at which it does",
    "density_auc": "who was in the data, by density ratio",
    "density_tpr": "real records that this attack finds",
    "density_fpr": "false alarms at which it does",
    "density_tpr_at_0.001": "real records found at 0.1 % false alarms",
    "density_isolated_auc": "who was in the data, of the 5 % who stand out",
    "density_isolated_tpr_at_0.001": "found of those who stand out at 0.1 % false alarms",
    "density_isolated_fpr_at_0.001": "false alarms at which it does",
    "density_rare_auc": "who was in the data, of the rarest class",
    "density_rare_tpr": "real records found of the rarest class",
    "density_rare_fpr": "false alarms at which it does",
    "density_rare_tpr_at_0.001": "found of the rarest class at 0.1 % false alarms",
    "density_rare_fpr_at_0.001": "false alarms at which it does",
    "density_busy_auc": "who was in the data, of those with many records",
    "density_busy_tpr": "found of those with many records",
    "density_busy_fpr": "false alarms at which it does",
    "density_busy_tpr_at_0.001": "found of those with many records at 0.1 % false alarms",
    "density_busy_fpr_at_0.001": "false alarms at which it does",
    "near_tpr": "real records nearly repeated, beyond all but three unseen ones",
    "near_fpr": "the same of unseen ones: coincidence",
    "near_tpr_at_0.001": "real records nearly repeated, at 0.1 % false alarms",
    "near_fpr_at_0.001": "false alarms at which they are found",
    "near_tpr_at_0.003": "real records nearly repeated, at 0.3 % false alarms",
    "near_fpr_at_0.003": "false alarms at which they are found",
    "near_rare_tpr": "real records of the rarest class, nearly repeated",
    "near_rare_fpr": "the same of unseen ones: coincidence",
    "near_busy_tpr": "people with many records, nearly repeated",
    "near_busy_fpr": "the same of unseen ones: coincidence",
    "part_tpr": "real records of which parts are repeated, beyond all but three unseen ones",
    "part_fpr": "the same of unseen ones: coincidence",
    "part_tpr_at_0.001": "real records of which parts are repeated, at 0.1 % false alarms",
    "part_fpr_at_0.001": "false alarms at which they are found",
    "part_tpr_at_0.003": "real records of which parts are repeated, at 0.3 % false alarms",
    "part_fpr_at_0.003": "false alarms at which they are found",
    "rare_repeated": "rare words of one real record, met again",
    "rare_repeated_base": "the same of unseen records: coincidence",
    "attribute_lift": "a secret column guessed oftener than of unseen people, mean",
    "attribute_lift_most": "the same of the column guessed best",
    "singled_out": "descriptions that fit exactly one real record",
    "singled_out_base": "the same of unseen records: coincidence",
    "singled_out_lift": "by how much more often",
    "linked": "two halves of a real record that meet in one made record",
    "linked_base": "the same of unseen records: coincidence",
    "linked_lift": "by how much more often",
    "shadow_auc": "who was in the data, by refitting the generator; of the most exposed",
    "dcr_share": "nearer to real than to unseen records; finds bugs only, passing proves nothing",
    "shape_error": "distance of single columns, mean",
    "shape_error_base": "the same of unseen real records: chance",
    "shape_worst": "distance of the column farthest off",
    "shape_worst_base": "the same of unseen real records",
    "pairs_error": "pairs of columns: how far they go together otherwise, mean",
    "pairs_worst": "the same of the pair farthest off",
    "joint_error": "pairs of columns: distance of both together, mean",
    "conditional_error": "columns for each value of the target, mean distance",
    "conditional_worst": "the same of the column farthest off",
    "c2st_p": "how often chance tells them apart as well",
    "detection_boosted": "hidden from boosted trees; 1 is best",
    "detection_logistic": "hidden from a logistic model; 1 is best",
    "distinct_records": "records that differ from all others",
    "distinct_values": "values that differ, against real ones",
    "levels_kept": "categories of the real records that are there",
    "rare_coverage": "rare categories that are there",
    "tail_mass": "mass of what is rare",
    "tstr_auroc": "AUROC of a model trained on synthetic records alone",
    "tstr_auroc_difference": "the same less that of one trained on real records",
    "tstr_r2": "R2 of a model trained on synthetic records alone",
    "tstr_r2_difference": "the same less that of one trained on real records",
    "precision": "synthetic records that lie among real ones",
    "recall": "real records that lie among synthetic ones",
    "density": "how densely synthetic records lie among real ones",
    "coverage": "real records with a synthetic neighbour",
    "vendi": "records that differ, as an effective number (Vendi)",
    "knn_precision": "synthetic records that lie among real ones",
    "knn_recall": "real records that lie among synthetic ones",
    "knn_density": "how densely they lie among real ones",
    "knn_coverage": "real records with a synthetic neighbour",
    "nndr_share": "as dcr_share, by the ratio of two distances",
    "density_isolated_tpr": "real records found of those who stand out",
    "density_isolated_fpr": "false alarms at which it does",
    "density_fpr_at_0.001": "false alarms at which it does",
    "c2st_auc": "told from real by a classifier; .5 is not at all",
    "c2st_auc_base": "real told from unseen real; .5 is right",
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
