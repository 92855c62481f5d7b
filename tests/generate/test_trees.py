"""Sequential trees: what they keep of real data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import UsageError
from complement.core.request import Request
from complement.generate.shuffle import Shuffle
from complement.generate.trees import SequentialTrees


def _correlations(records: Dataset) -> np.ndarray:
    numbers = [records.column(column.name).to_numpy() for column in records.schema.columns if column.numeric]
    return np.corrcoef(np.stack(numbers))


def _share(records: Dataset, name: str, value: object) -> float:
    return float(np.mean([met == value for met in records.column(name).to_pylist()]))


def test_class_conditional_means_are_kept_better_than_by_shuffling(wine: Dataset) -> None:
    def gap(records: Dataset) -> float:
        real_class, made_class = wine.column("cultivar").to_numpy(), records.column("cultivar").to_numpy()
        gaps: list[float] = []
        for column in wine.schema.columns:
            if column.numeric:
                real, made = wine.column(column.name).to_numpy(), records.column(column.name).to_numpy()
                gaps += [abs(made[made_class == c].mean() - real[real_class == c].mean()) / real.std() for c in "ABC"]
        return float(np.mean(gaps))

    trees = SequentialTrees(min_leaf=10).fit(wine, seed=1).generate(Request(2000), seed=2).records
    shuffled = Shuffle().fit(wine, seed=1).generate(Request(2000), seed=2).records
    assert gap(trees) < 0.25
    assert gap(shuffled) > 2 * gap(trees)


def test_correlations_are_kept_better_than_by_shuffling(cancer: Dataset) -> None:
    trees = SequentialTrees().fit(cancer, seed=1).generate(Request(2000), seed=2).records
    shuffled = Shuffle().fit(cancer, seed=1).generate(Request(2000), seed=2).records
    real = _correlations(cancer)
    assert np.abs(_correlations(trees) - real).mean() < 0.1
    assert np.abs(_correlations(shuffled) - real).mean() > 0.3


def test_zero_inflation_is_kept(adult: Dataset) -> None:
    made = SequentialTrees().fit(adult, seed=1).generate(Request(20_000), seed=2).records
    for name in ("capital_gain", "capital_loss"):
        assert abs(_share(made, name, 0) - _share(adult, name, 0)) < 0.01


def test_missing_values_keep_their_share_and_their_company(adult: Dataset) -> None:
    made = SequentialTrees().fit(adult, seed=1).generate(Request(10_000), seed=2).records
    assert abs(_share(made, "workclass", None) - _share(adult, "workclass", None)) < 0.015
    gone = pc.is_null(made.column("workclass"))
    # Occupation is missing wherever workclass is, in the real data.
    assert pc.mean(pc.is_null(made.column("occupation")).filter(gone).cast(pa.float64())).as_py() > 0.95


def test_a_functional_dependency_survives(adult: Dataset) -> None:
    pairs = set(zip(adult.column("education").to_pylist(), adult.column("education_num").to_pylist(), strict=True))
    made = SequentialTrees().fit(adult, seed=1).generate(Request(5000), seed=2).records
    broken = [
        p not in pairs for p in zip(made.column("education").to_pylist(), made.column("education_num").to_pylist(), strict=True)
    ]
    assert np.mean(broken) < 0.02


def test_a_measured_number_is_not_copied(adult: Dataset) -> None:
    made = SequentialTrees().fit(adult, seed=1).generate(Request(4000), seed=2).records
    known = set(adult.column("fnlwgt").to_pylist())
    assert np.mean([value in known for value in made.column("fnlwgt").to_pylist()]) < 0.2


def test_the_rest_follows_the_condition(adult: Dataset) -> None:
    rich = Condition.parse("income = '>50K'")
    fitted = SequentialTrees().fit(adult, seed=1)
    made = fitted.generate(Request(3000, where=rich), seed=2).records
    real = adult.take(rich.mask(adult.records))
    for name in ("age", "education_num", "hours_per_week"):
        numbers = real.column(name).to_numpy()
        assert abs(made.column(name).to_numpy().mean() - numbers.mean()) < 0.2 * numbers.std()
    assert abs(_share(made, "sex", "Male") - _share(real, "sex", "Male")) < 0.05


def test_numbers_of_a_condition_are_smoothed_inside_it(cancer: Dataset) -> None:
    condition = Condition.parse("mean_area > 500 and mean_area < 900")
    made = SequentialTrees().fit(cancer, seed=1).generate(Request(500, where=condition), seed=2).records
    known = set(cancer.column("mean_area").to_pylist())
    assert condition.mask(made.records).all()
    assert np.mean([value in known for value in made.column("mean_area").to_pylist()]) < 0.5


def test_heavier_records_are_met_more_often_in_every_column(adult: Dataset) -> None:
    heavy = np.array(adult.column("income").to_numpy() == ">50K")
    weight = np.where(heavy, 10.0, 1.0)
    made = SequentialTrees().fit(adult.weighted(weight), seed=1).generate(Request(4000), seed=2).records
    assert abs(_share(made, "income", ">50K") - np.average(heavy, weights=weight)) < 0.04
    for name in ("age", "education_num"):
        numbers = adult.column(name).to_numpy()
        assert abs(made.column(name).to_numpy().mean() - np.average(numbers, weights=weight)) < 0.1 * numbers.std()


def test_a_larger_leaf_is_another_generator(wine: Dataset) -> None:
    small = SequentialTrees(min_leaf=2).fit(wine, seed=1).generate(Request(100), seed=2).records.records
    large = SequentialTrees(min_leaf=60).fit(wine, seed=1).generate(Request(100), seed=2).records.records
    assert not small.equals(large)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "20"])
def test_a_leaf_that_is_no_positive_whole_number_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="min_leaf"):
        SequentialTrees(min_leaf=value)  # pyright: ignore[reportArgumentType]


def test_dates_stay_dates_of_the_same_days(as_dataset: object) -> None:
    days = pa.array(np.datetime64("2024-01-01") + np.arange(0, 400).astype("timedelta64[D]")).cast(pa.date32())
    hours = pa.array((np.datetime64("2024-01-01T00:00") + np.arange(400).astype("timedelta64[h]")).astype("datetime64[us]"))
    real: Dataset = as_dataset(pa.table({"day": days, "hour": hours}))  # pyright: ignore[reportCallIssue]
    made = SequentialTrees().fit(real, seed=1).generate(Request(300), seed=2).records
    assert made.column("day").type == pa.date32()
    assert set(pc.minute(made.column("hour")).to_pylist()) == {0}
    positions = (made.column("day").cast(pa.int32()).to_numpy(), made.column("hour").cast(pa.int64()).to_numpy())
    assert np.corrcoef(*positions)[0, 1] > 0.95
