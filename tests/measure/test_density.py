"""The density-ratio attack finds what the distance alone misses, and finds nothing where nobody was learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer

from complement import catalog
from complement.core.contracts import Context, Evaluator
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.request import Request
from complement.core.schema import RECORDS, Column, Schema
from complement.core.score import Score
from complement.core.seed import rng_at
from complement.measure.privacy import MAX_AUC, Copies, DcrShare, DensityRatio, Membership, compared, gate
from complement.models.nearness import Space
from complement.prepare import privacy_gate


def part(records: Dataset, start: int, rows: int) -> Dataset:
    return records.take(np.arange(start, start + rows))


def attacked(made: Dataset, context: Context, **settings: int) -> dict[str, Score]:
    return {score.name: score for score in DensityRatio(**settings).score(made, context)}


def made_by(name: str, real: Dataset, rows: int) -> Dataset:
    return catalog.generator(name).fit(real, seed=0).generate(Request(rows=rows), seed=0).records


def low(score: Score) -> float:
    assert score.low is not None
    return score.low


def high(score: Score) -> float:
    assert score.high is not None
    return score.high


@pytest.fixture
def context(adult: Dataset) -> Context:
    """3,000 members; of the others the evaluator makes 3,000 non-members and 3,000 reference records."""
    return Context(part(adult, 0, 3000), part(adult, 3000, 6000), adult.schema)


def test_a_copy_of_train_is_caught(context: Context) -> None:
    scores = attacked(context.train, context)
    assert low(scores["density_auc"]) > 0.95
    assert low(scores["density_tpr"]) > 0.9
    assert low(scores["density_tpr_at_0.001"]) > 0.9
    assert low(scores["density_isolated_auc"]) > 0.95


def test_interpolation_of_neighbours_is_caught_and_better_than_by_distance(context: Context) -> None:
    made = made_by("interpolate", context.train, 3000)
    scores = attacked(made, context)
    assert low(scores["density_auc"]) > 0.7
    assert low(scores["density_tpr"]) > 0.1
    by_distance = next(score for score in Membership().score(made, context) if score.name == "membership_auc")
    assert low(scores["density_auc"]) > high(by_distance) + 0.05


def test_trees_that_pass_by_distance_are_ranked_above_chance(context: Context) -> None:
    made = made_by("trees", context.train, 3000)
    others = [score for one in (Copies(), Membership()) for score in one.score(made, context)]
    found = DensityRatio().score(made, context)
    assert gate(others)[0] is not False
    assert low(found[0]) > 0.53
    passed, why = gate([*others, *found])
    assert passed is not True, why


def test_a_generator_fitted_on_other_records_is_within_its_interval_of_chance(adult: Dataset) -> None:
    # A statistical test with fixed seeds: an interval of 95 % misses .5 in one split of twenty. Of 60 other splits of Adult,
    # with fresh real records for synthetic ones, 3 missed it for everybody and 2 for the isolated; the gate failed none.
    missed: list[str] = []
    for start in range(0, 24_000, 4000):
        context = Context(part(adult, start, 1500), part(adult, start + 1500, 2500), adult.schema)
        made = made_by("interpolate", part(adult, start + 4000, 1500), 1500)
        scores = attacked(made, context)
        missed += [name for name in ("density_auc",) if not low(scores[name]) <= 0.5 <= high(scores[name])]
        assert low(scores["density_auc"]) < MAX_AUC
    assert len(missed) <= 1, "2 of 6 or more happen in 3 % of all such tests"


def test_a_few_recoded_outliers_pass_every_other_test_and_are_caught_among_the_isolated(adult: Dataset) -> None:
    train, tune = part(adult, 0, 4000), part(adult, 4000, 4000)
    distance = Space.of(tune.records, compared(adult.schema)).nearest(train.records, tune.records)
    outliers = train.take(np.argsort(-distance)[:150]).records
    for name in ("age", "hours"):
        nudged = outliers.column(name).to_numpy() + rng_at(0, name).integers(-1, 2, 150)
        outliers = outliers.set_column(outliers.column_names.index(name), name, pa.array(nudged))
    weight = (outliers.column("weight").to_numpy() * (1 + rng_at(0, "weight").uniform(-0.01, 0.01, 150))).astype(int)
    outliers = outliers.set_column(outliers.column_names.index("weight"), "weight", pa.array(weight))
    for name in ("work", "country"):
        outliers = outliers.set_column(outliers.column_names.index(name), name, pa.array(["Other"] * 150))
    made = part(adult, 8000, 3850).concat(Dataset.of(outliers, adult.schema))
    context = Context(train, tune, adult.schema)
    others = [score for one in (Copies(), Membership(), DcrShare()) for score in one.score(made, context)]
    (dcr,) = [score for score in others if score.name == "dcr_share"]
    assert low(dcr) < 0.5 < high(dcr), "the mean over all records does not see 150 of them"
    assert gate(others)[0] is True
    found = attacked(made, context)
    assert low(found["density_isolated_auc"]) > 0.65
    passed, why = gate([*others, *found.values()])
    assert passed is False
    assert "isolated" in why


def test_people_with_one_category_changed_pass_by_distance_and_not_the_gate_of_a_substitute(adult: Dataset) -> None:
    real, unseen = part(adult, 0, 2000), part(adult, 2000, 2500)
    copied, rng = part(real, 0, 400).records, rng_at(0, "flip")
    for name in ("work", "degree", "job", "country"):
        one = rng.integers(4, size=400) == 0
        words = np.where(one, rng.permutation(copied.column(name).to_pylist()), copied.column(name).to_pylist())
        copied = copied.set_column(copied.column_names.index(name), name, pa.array(words, pa.string()))
    made = part(adult, 8000, 1600).concat(Dataset.of(copied, adult.schema))
    context = Context(real, unseen, adult.schema)
    assert all(low(score) <= MAX_AUC for score in Membership().score(made, context) if score.name == "membership_auc")
    passed, why, scores = privacy_gate(made, real, unseen)
    assert "density_tpr" in {score.name for score in scores}
    assert passed is False, why
    assert privacy_gate(part(adult, 8000, 2000), real, unseen)[0] is True


def test_a_dcr_share_is_high_for_a_copy_and_even_for_fresh_records(adult: Dataset, context: Context) -> None:
    for copied, fresh in zip(
        DcrShare().score(context.train, context), DcrShare().score(part(adult, 9000, 3000), context), strict=True
    ):
        assert low(copied) > (0.99 if copied.name == "dcr_share" else 0.9)
        assert low(fresh) < 0.5 < high(fresh), fresh.name
    assert context.tune is not None
    other, _ = DcrShare().score(part(context.tune, 0, 1000), replace(context, tune=part(context.tune, 0, 1000)))
    assert other.value < 0.01
    assert DcrShare().score(context.train, replace(context, tune=None)) == []


def cancer(rows: np.ndarray, *, each: int = 1) -> Dataset:
    """Ten measurements of tumours; `each` rows in a row belong to one patient."""
    features = load_breast_cancer(as_frame=False).data[:, :10]
    columns = {f"m{place}": features[rows, place] for place in range(10)}
    schema = Schema({RECORDS: (Column("patient", "integer", "unit"), *(Column(name, "number") for name in columns))})
    return Dataset.of(pa.table({"patient": rows // each, **columns}), schema)


def test_small_real_records_are_enough_for_a_copy() -> None:
    context = Context(cancer(np.arange(200)), cancer(np.arange(200, 400)), cancer(np.arange(1)).schema)
    scores = attacked(cancer(np.arange(200)), context)
    assert low(scores["density_auc"]) > 0.95
    assert set(scores) == {"density_auc", "density_tpr", "density_fpr"}, "too few for the others"
    fresh = attacked(cancer(np.arange(400, 569)), context)
    assert low(fresh["density_auc"]) < 0.5 < high(fresh["density_auc"])


def test_a_unit_counts_once_and_stands_on_one_side() -> None:
    train, tune = cancer(np.arange(200), each=4), cancer(np.arange(200, 400), each=4)
    scores = attacked(cancer(np.arange(0, 200, 4), each=4), Context(train, tune, train.schema))
    assert scores["density_auc"].n == 50 + 25
    assert scores["density_auc"].value > 0.95, "one record of each patient is enough to recognise them all"
    alone = Context(train, cancer(np.arange(200, 204), each=4), train.schema)
    assert attacked(train, alone) == {}, "a single unit cannot be non-member and reference"


def test_without_unseen_records_nothing_is_measured() -> None:
    real = cancer(np.arange(200))
    assert DensityRatio().score(real, Context(real, None, real.schema)) == []
    assert DensityRatio().score(real, Context(real, real.take(np.arange(0)), real.schema)) == []
    assert DensityRatio().score(real.take(np.arange(0)), Context(real, real, real.schema)) == []


def test_the_same_seed_gives_the_same_scores() -> None:
    real, unseen = cancer(np.arange(200)), cancer(np.arange(200, 400))
    context, made = Context(real, unseen, real.schema), cancer(np.arange(300, 569))
    once = DensityRatio(50, 100, 60, seed=3).score(made, context)
    assert once == DensityRatio(50, 100, 60, seed=3).score(made, context)
    assert once != DensityRatio(50, 100, 60, seed=4).score(made, context)
    assert once[0].n == 100


def test_both_meet_the_protocol_and_refuse_sizes_that_are_none() -> None:
    assert isinstance(DensityRatio(), Evaluator)
    assert isinstance(DcrShare(), Evaluator)
    with pytest.raises(UsageError, match="most_reference"):
        DensityRatio(most_reference=0)
    with pytest.raises(UsageError, match="most_synthetic"):
        DcrShare(most_synthetic=True)


def test_the_gate_weighs_the_density_ratio_where_it_was_measured() -> None:
    good = {
        "copy_share": Score("copy_share", 0.0, 0.0, 0.01, 500),
        "copy_share_base": Score("copy_share_base", 0.0, 0.0, 0.01, 500),
        "membership_auc": Score("membership_auc", 0.5, 0.48, 0.52, 1000),
        "membership_tpr": Score("membership_tpr", 0.01, 0.002, 0.02, 500),
        "membership_fpr": Score("membership_fpr", 0.01, 0.002, 0.02, 500),
        "density_auc": Score("density_auc", 0.5, 0.48, 0.52, 1000),
        "density_tpr": Score("density_tpr", 0.01, 0.002, 0.02, 500),
        "density_fpr": Score("density_fpr", 0.01, 0.002, 0.02, 500),
        "density_isolated_auc": Score("density_isolated_auc", 0.5, 0.4, 0.6, 80),
        "dcr_share": Score("dcr_share", 0.9, 0.88, 0.92, 500),
    }

    def judged(**changed: Score) -> tuple[bool | None, str]:
        return gate(list({**good, **changed}.values()))

    assert judged()[0] is True, "few isolated ones hold up no pass, and DCR has no say"
    assert "density ratio AUC 0.500" in judged()[1]
    assert judged(density_auc=Score("density_auc", 0.6, 0.57, 0.63, 1000))[0] is False
    assert judged(density_auc=Score("density_auc", 0.53, 0.49, 0.57, 1000))[0] is None
    assert judged(density_auc=Score("density_auc", 0.53, None, None, 50))[0] is None
    assert judged(density_tpr=Score("density_tpr", 0.05, 0.03, 0.07, 500))[0] is False
    assert judged(density_isolated_auc=Score("density_isolated_auc", 0.7, 0.6, 0.8, 80))[0] is False
