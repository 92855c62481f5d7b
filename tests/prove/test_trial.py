"""Whole trials in a world whose law is known: every state end to end, all four questions, and the leaks that are planted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_diabetes, load_wine

from complement import catalog
from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import METRIC_NAMES, Purpose, Slice
from complement.core.schema import Column, Schema
from complement.core.verdict import Leak
from complement.engine.shards import Engine
from complement.generate.bootstrap import Bootstrap
from complement.generate.shuffle import Shuffle
from complement.prove.pool import Ask, Refit
from complement.prove.trial import Case, Means, Site, judge


def told(judgement) -> tuple[str, str]:
    (verdict,) = judgement.verdicts
    return verdict.state, verdict.code


def test_clean_fresh_rows_help_a_learner_that_overfits(world):
    judgement = world.run(world.real(700), world.refit(world.Fresh()), world.rote, plan=world.plan(weights=(1.0,)))
    verdict = judgement.verdicts[0]
    assert told(judgement) == ("HELPS", "helps")
    assert verdict.effect.low > 0
    assert verdict.effect.value >= verdict.margin
    assert {c.outcome for c in verdict.comparisons} <= {"beaten", "not applicable"}
    assert verdict.comparisons[0].outcome == "beaten"
    assert "help at weight 1" in verdict.headline


def test_rows_with_wrong_targets_hurt(world):
    judgement = world.run(world.real(), world.refit(world.Fresh(flip=0.8)))
    assert told(judgement) == ("HURTS", "hurts")


def test_what_is_shown_to_be_too_small_is_no_difference(world):
    purpose = replace(world.PURPOSE, margin=0.05)
    judgement = world.run(world.real(), world.refit(Bootstrap(), 1.0), purpose=purpose, plan=world.plan(weights=(0.1,)))
    assert told(judgement) == ("NO DIFFERENCE", "no-difference")
    verdict = judgement.verdicts[0]
    assert verdict.effect.low < verdict.equivalence.low < verdict.equivalence.high < verdict.effect.high
    assert judgement.as_json()["verdicts"][0]["equivalence"]["value"] == verdict.effect.value
    assert "90 % interval" in verdict.headline


def test_what_cannot_be_told_is_inconclusive_and_says_what_would_settle_it(world):
    judgement = world.run(world.real(200), world.refit(Bootstrap(), 1.0), world.rote)
    verdict = judgement.verdicts[0]
    assert told(judgement) == ("INCONCLUSIVE", "inconclusive")
    assert f"{verdict.detectable_effect:.4g}" in verdict.headline
    assert verdict.detectable_effect > verdict.margin


def test_a_gain_in_ranking_with_harm_to_calibration_is_mixed(world):
    # Every made row has the likelier class: the tree ranks better and becomes far too sure.
    pool, learners = world.refit(world.Fresh(), 8.0), {"tree": world.Rote(5, 20)}
    plan = world.plan(weights=(1.0,), seeds=3)
    judgement = world.run(world.real(2000), pool, learners, partition=world.once(2000, 0.8), plan=plan)
    verdict = judgement.verdicts[0]
    failed = [guard for guard in verdict.guards if guard.outcome == "failed"]
    assert told(judgement) == ("MIXED", "guard-failed")
    assert "ece" in [guard.name for guard in failed]
    assert all(METRIC_NAMES.get(guard.name, guard.name) in verdict.headline for guard in failed)
    assert all("mends it" in guard.note for guard in failed if guard.name == "ece")


def test_copies_of_one_class_are_mixed_because_class_weights_do_as_well(world):
    # The learner is too timid: any more mass of positives mends it, and class weights are free.
    purpose = replace(world.PURPOSE, metric="log_loss")
    positives = Refit(Bootstrap(), (Ask(where=Condition.parse("y = 'yes'")),))
    judgement = world.run(world.real(600), positives, {"timid": world.Timid()}, purpose=purpose, plan=world.plan(weights=(0.4,)))
    assert told(judgement) == ("MIXED", "class-weights-do-as-well")
    assert judgement.verdicts[0].comparisons[1].outcome == "not separated"  # copies of the requested records, too


def test_screening_that_keeps_to_real_records_gives_no_difference(world):
    judgement = world.run(world.real(200), world.refit(world.Fresh(flip=1.0), 1.0), plan=world.plan(weights=(0.0, 0.9)))
    assert told(judgement) == ("NO DIFFERENCE", "screened-out")
    assert judgement.verdicts[0].effect.value == 0.0


def test_screening_takes_the_weight_that_does_best(world):
    judgement = world.run(world.real(300), world.refit(world.Fresh(flip=1.0), 1.0), plan=world.plan(weights=(0.25, 1.0)))
    assert judgement.verdicts[0].weights == (0.25,) * 5


def test_too_few_sealed_positives_decide_nothing(world):
    judgement = world.run(world.real(250, shift=-7.0), world.refit(world.Fresh(shift=-7.0)))
    assert told(judgement) == ("INCONCLUSIVE", "too-few-positives")


def test_a_metric_that_is_defined_in_no_fold_decides_nothing(world):
    x, _ = world.law(60, "one class")
    judgement = world.run(world.records(x, np.zeros(60, bool)), world.refit(Bootstrap(), 1.0))
    assert told(judgement) == ("INCONCLUSIVE", "too-few-units")


def test_a_generator_that_saw_the_sealed_records_voids_the_verdict(world):
    dataset = world.real()
    judgement = world.run(dataset, world.refit(world.Cheat(dataset)), world.rote)
    assert told(judgement) == ("INCONCLUSIVE", "leak-void")
    assert [(leak.code, leak.severity) for leak in judgement.leaks] == [("fitted-on-sealed", "error")]


def test_a_delivered_file_with_sealed_rows_voids_the_verdict(world):
    dataset, partition = world.real(), world.once(400)
    stolen = dataset.take(partition.test(0)).concat(world.records(*world.law(200, "own"), made=True))
    judgement = world.run(dataset, world.Fixed(stolen), partition=partition, plan=world.plan(question="artifact"))
    assert told(judgement) == ("INCONCLUSIVE", "leak-void")
    assert judgement.leaks[0].code == "repeats-sealed"


def test_jittered_copies_of_sealed_rows_are_found_near(world):
    dataset, partition = world.real(), world.once(400)
    sealed = dataset.take(partition.test(0))
    x = np.stack([sealed.column(f"x{k}").to_numpy() for k in range(3)], axis=1)
    y = sealed.column("y").to_numpy() == "yes"
    jittered = world.records(x + 0.02 * np.random.default_rng(0).standard_normal(x.shape), y, made=True)
    judgement = world.run(dataset, world.Fixed(jittered), partition=partition, plan=world.plan(question="artifact"))
    assert [(leak.code, leak.severity) for leak in judgement.leaks] == [("nearer-to-sealed", "finding")]
    assert told(judgement)[1] != "leak-void"


def test_an_honest_delivered_file_has_no_leak_and_may_help(world):
    dataset = world.real(600)
    honest = world.records(*world.law(2000, "honest", noise=0), made=True)
    plan = world.plan(question="artifact", weights=(1.0,))
    judgement = world.run(dataset, world.Fixed(honest), world.rote, partition=world.once(600), plan=plan)
    assert judgement.leaks == ()
    assert told(judgement) == ("HELPS", "helps")


def test_a_file_whose_maker_may_have_seen_all_rows_is_called_unverified(world):
    honest = world.records(*world.law(300, "honest"), made=True)
    judgement = world.run(world.real(200), world.Fixed(honest), plan=world.plan(question="artifact"), verified=False)
    assert judgement.verified is False
    assert "nverified" in judgement.verdicts[0].headline


def test_a_reused_hold_out_stands_beside_the_verdict_without_voiding_it(world):
    leak = Leak("reused-hold-out", "finding", "opened before")
    case = Case(world.real(200), world.folds(200), world.PURPOSE, world.refit(Bootstrap(), 1.0), leaks=(leak,))
    judgement = judge(case, Means({"logistic": catalog.learner("logistic")}, catalog.metric), plan=world.plan())
    assert judgement.leaks == (leak,)
    assert judgement.verdicts[0].code != "leak-void"


@pytest.mark.parametrize(
    ("generator", "private", "expected"),
    [
        ({"noise": 1.0}, True, ("SUBSTITUTES", "substitutes")),
        ({"noise": 1.0}, None, ("INCONCLUSIVE", "privacy-not-shown")),
        ({"noise": 1.0}, False, ("FALLS SHORT", "falls-short-privacy")),
        ({"flip": 0.9}, True, ("FALLS SHORT", "falls-short")),
    ],
)
def test_a_substitute_is_judged_by_non_inferiority_and_privacy(world, generator, private, expected):
    gate = (lambda made, members, others: (private, "as told", [])) if private is not None else None
    purpose = replace(world.PURPOSE, margin=0.03)
    plan = world.plan(question="substitute", weights=(1.0,))
    judgement = world.run(world.real(), world.refit(world.Fresh(**generator)), purpose=purpose, plan=plan, privacy=gate)
    assert told(judgement) == expected
    assert judgement.verdicts[0].weight == 1.0


def test_a_recipe_is_judged_over_independent_draws(world):
    plan = world.plan(question="recipe", draws=6, draw_rows=80, weights=(1.0,))
    judgement = world.run(world.real(900), world.refit(world.Fresh()), world.rote, partition=world.once(900), plan=plan)
    assert judgement.question == "recipe"
    assert told(judgement) == ("HELPS", "helps")
    assert judgement.verdicts[0].weights == (1.0,) * 6


def test_half_draws_are_judged_more_cautiously(world):
    plan = world.plan(question="recipe", draws=6, weights=(1.0,))
    verdict = world.run(world.real(500), world.refit(world.Fresh()), world.rote, plan=plan).verdicts[0]
    assert verdict.code in ("helps", "inconclusive", "not-separated")
    assert verdict.effect.low < verdict.effect.value < verdict.effect.high


def test_a_recipe_beside_a_sealed_part_never_learns_from_it(world):
    # Sealed records whose classes are turned round: whoever learnt from them would rank them well.
    x, y = world.law(600, "real", 0)
    partition = world.once(600, 0.3)
    sealed = partition.test(0)
    y[sealed] = ~y[sealed]
    plan = world.plan(question="recipe", draws=6, weights=(0.5,))
    judgement = world.run(world.records(x, y), world.refit(Bootstrap(), 1.0), partition=partition, plan=plan)
    verdict = judgement.verdicts[0]
    assert verdict.effect.n == len(sealed)
    assert verdict.baseline.value < 0.3
    assert verdict.effect.low < verdict.effect.high


def test_the_gap_between_slices_has_an_interval_of_its_own_over_half_draws(world):
    slices = (Slice("left", Condition.parse("x0 < 0")), Slice("right", Condition.parse("x0 >= 0")))
    plan = world.plan(question="recipe", draws=6, weights=(0.5,))
    purpose = replace(world.PURPOSE, slices=slices)
    verdict = world.run(world.real(500), world.refit(world.Fresh(noise=1.5), 1.0), purpose=purpose, plan=plan).verdicts[0]
    gap = next(guard for guard in verdict.guards if guard.name == "gap between slices")
    wide = [part.effect.high - part.effect.low for part in verdict.slices]
    assert max(wide) / 2 < gap.effect.high - gap.effect.low < sum(wide)


def test_a_substitute_that_harms_what_must_not_be_harmed_falls_short_and_says_what(world):
    # The law's own records, balanced: the ranking stays, the probabilities are far too high.
    purpose = replace(world.PURPOSE, margin=0.05)
    plan = world.plan(question="substitute", weights=(1.0,))
    judgement = world.run(world.real(1000, shift=-4.0), world.refit(world.Fresh(noise=1.5), 1.0), purpose=purpose, plan=plan,
                          privacy=lambda made, members, others: (True, "as told", []))  # fmt: skip
    verdict = judgement.verdicts[0]
    assert verdict.effect.low > -0.05
    assert told(judgement) == ("FALLS SHORT", "falls-short-guard")
    assert "harm to" in verdict.headline
    assert "log-loss" in verdict.headline
    assert verdict.comparisons == (), "who has no real records has no free way either"


def test_a_delivered_file_never_gets_the_question_recipe(world):
    with pytest.raises(ProveError, match="refitted") as caught:
        world.run(world.real(200), world.Fixed(world.real(50)), plan=world.plan(question="recipe"))
    assert caught.value.code == "prove-question"


def test_permuted_columns_alone_hurt(world):
    judgement = world.run(world.real(), world.refit(Shuffle(), 1.0), plan=world.plan(weights=(1.0,)))
    assert told(judgement) == ("HURTS", "hurts")


def test_bootstrap_copies_do_not_help(world):
    # Real copies add nothing. At alpha = .05 one of these 6 verdicts may be HELPS in a quarter of all worlds; two in 3 %.
    states = [
        verdict.state
        for seed in range(3)
        for verdict in world.run(world.real(300, seed), world.refit(Bootstrap(), 1.0), "logistic,tree").verdicts
    ]
    assert states.count("HELPS") <= 1


def test_two_learners_get_one_verdict_each_and_a_joint_interval(world):
    dataset, pool = world.real(300), world.refit(Bootstrap(), 1.0)
    together = world.run(dataset, pool, "logistic,tree").verdicts
    alone = world.run(dataset, pool, "logistic").verdicts[0]
    assert [verdict.learner for verdict in together] == ["logistic", "tree"]
    assert together[0].effect.value == alone.effect.value
    assert together[0].effect.high - together[0].effect.low > alone.effect.high - alone.effect.low


def test_the_primary_slice_is_confirmatory_and_the_whole_a_guard(world):
    part = Slice("high x0", Condition.parse("x0 > 0"))
    other = Slice("low x0", Condition.parse("x0 <= 0"))
    purpose = replace(world.PURPOSE, primary=part, slices=(part, other))
    dataset = world.real(600)
    verdict = world.run(dataset, world.refit(world.Fresh(flip=0.9)), purpose=purpose).verdicts[0]
    whole = next(guard for guard in verdict.guards if guard.name == "the whole")
    assert whole.outcome == "failed"
    assert verdict.effect.n == int((dataset.column("x0").to_numpy() > 0).sum())
    assert whole.effect.n == 600
    assert [effect.found for effect in verdict.slices] == [True, True]
    assert "on high x0" in verdict.headline


def test_regression_is_judged_by_rmse(world):
    x, y = load_diabetes(return_X_y=True)
    schema = Schema({"records": (*(Column(f"f{k}", "number") for k in range(10)), Column("y", "number", "target"))})
    table = pa.table({**{f"f{k}": x[:, k] for k in range(10)}, "y": y})
    purpose = Purpose("y", "regression", metric="rmse", target_sd=float(y.std()))
    verdict = world.run(Dataset.of(table, schema), world.refit(Shuffle(), 1.0), "linear", purpose=purpose,
                        plan=world.plan(weights=(1.0,))).verdicts[0]  # fmt: skip
    assert (verdict.state, verdict.code) == ("HURTS", "hurts")
    assert verdict.margin == pytest.approx(0.01 * y.std())
    assert {"bias per predicted decile", "90th percentile of absolute error"} <= {guard.name for guard in verdict.guards}
    assert verdict.comparisons[0].note == "a regression target has no classes"


def test_several_classes_are_judged_by_macro_f1(world):
    x, y = load_wine(return_X_y=True)
    schema = Schema({"records": (*(Column(f"f{k}", "number") for k in range(4)), Column("y", "category", "target"))})
    table = pa.table({**{f"f{k}": x[:, k] for k in range(4)}, "y": np.array(["a", "b", "c"])[y]})
    purpose = Purpose("y", "multiclass", ("a", "b", "c"), metric="macro_f1")
    verdict = world.run(Dataset.of(table, schema), world.refit(Shuffle(), 1.0), purpose=purpose,
                        plan=world.plan(weights=(1.0,))).verdicts[0]  # fmt: skip
    assert verdict.state == "HURTS"
    assert "recall of the worst class" in [guard.name for guard in verdict.guards if guard.outcome == "failed"]


@pytest.mark.parametrize("metric", ["ece", "recall_at_precision"])
def test_a_metric_without_influence_values_is_bootstrapped(world, metric):
    purpose = replace(world.PURPOSE, metric=metric, min_precision=0.8)
    verdict = world.run(world.real(300), world.refit(world.Fresh(flip=0.9)), purpose=purpose).verdicts[0]
    assert verdict.state == "HURTS"
    assert verdict.effect.low < verdict.effect.value < verdict.effect.high


class ShareRight:
    """A metric that meets the public Protocol and nothing more."""

    name, better, tasks, margin = "share_right", "high", ("binary",), 0.01

    def __init__(self, purpose):
        self.purpose = purpose

    def score(self, truth, predictions, *, weight):
        positive = truth.column(self.purpose.target).to_numpy() == self.purpose.positive
        return float(np.average((predictions.column("score").to_numpy() > 0.5) == positive, weights=weight))

    def influence(self, truth, predictions, *, weight):
        return None


def test_a_plug_in_metric_that_only_meets_the_protocol_is_judged_by(world):
    def metric_of(name, purpose):
        return ShareRight(purpose) if name == "share_right" else catalog.metric(name, purpose)

    purpose = replace(world.PURPOSE, metric="share_right")
    own = world.run(world.real(300), world.refit(world.Fresh(flip=0.9)), purpose=purpose, metric_of=metric_of).verdicts[0]
    same = world.run(world.real(300), world.refit(world.Fresh(flip=0.9)), purpose=replace(purpose, metric="accuracy")).verdicts[0]
    assert own.state == same.state == "HURTS"
    assert own.effect.value == pytest.approx(same.effect.value, abs=0.02)


def test_a_plug_in_metric_that_does_not_say_which_values_are_better_is_refused(world):
    class Loss(ShareRight):
        name, better = "loss", "lower"

    def metric_of(name, purpose):
        return Loss(purpose) if name == "loss" else catalog.metric(name, purpose)

    with pytest.raises(ProveError, match="'lower'; it is 'high' or 'low'") as caught:
        world.run(world.real(300), world.refit(world.Fresh()), purpose=replace(world.PURPOSE, metric="loss"), metric_of=metric_of)
    assert caught.value.code == "prove-metric"


def test_a_learner_that_ignores_weights_gets_resampled_records(world):
    learners = {"nearest": catalog.learner("sklearn.neighbors:KNeighborsClassifier", n_neighbors=1)}
    verdict = world.run(world.real(), world.refit(world.Fresh()), learners).verdicts[0]
    assert verdict.effect.value != 0
    assert any("takes no weights" in note for note in verdict.notes)


def test_a_learner_that_varies_is_judged_with_its_own_spread(world):
    # The class mass of the pool differs from the real one by chance, in some seeds enough for class weights to apply.
    learners = {"mlp": catalog.learner("mlp", steps=40)}
    verdict = world.run(world.real(300), world.refit(Bootstrap(), 1.0), learners, plan=world.plan(seeds=4)).verdicts[0]
    assert verdict.effect.high > verdict.effect.low
    assert verdict.comparisons[0].outcome != "not applicable"


def test_a_metric_that_does_not_fit_and_a_trial_without_learners_are_refused(world):
    with pytest.raises(ProveError, match="does not fit"):
        world.run(world.real(100), world.refit(Bootstrap()), purpose=replace(world.PURPOSE, metric="rmse"))
    with pytest.raises(ProveError, match="No learner"):
        world.run(world.real(100), world.refit(Bootstrap()), {})


def test_one_and_two_workers_and_a_folder_give_the_same_judgement(world, tmp_path):
    def told_all(**site) -> str:
        judgement = world.run(world.real(150), world.refit(Shuffle(), 1.0), site=Site(**site))
        facts = judgement.as_json()
        del facts["spent"]
        return json.dumps(facts, sort_keys=True)

    first = told_all()
    assert told_all(engine=Engine("process", 2), folder=tmp_path) == first
    assert told_all(engine=Engine("process", 1), folder=tmp_path) == first  # from the folder


def test_the_interval_of_a_metric_stays_within_what_the_metric_can_be(world):
    base = world.run(world.real(300, noise=0.05), world.refit(Bootstrap(), 1.0)).verdicts[0].baseline
    assert base.value > 0.99
    assert base.value < base.high == 1.0
