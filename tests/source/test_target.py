"""The target: task, classes, and features that repeat it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from complement.core.dataset import Dataset
from complement.core.errors import ComplementError, SchemaError
from complement.source.read import read
from complement.source.target import check_sealed, check_target, drop_missing_target, find_target_copies


def single(values: list[object]) -> Dataset:
    return read(pa.table({"y": values}))


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([0, 1, 0, 0], "binary", ("0", "1")),
        ([1, 0, 1, 1], "binary", ("0", "1")),
        ([True, False, True], "binary", ("false", "true")),
        (["no", "yes", "yes"], "binary", ("no", "yes")),
        (["Yes", "No", "Yes"], "binary", ("No", "Yes")),
        (["alive", "gone", "alive"], "binary", ("alive", "gone")),
        (["gone", "alive", "gone"], "binary", ("gone", "alive")),
        (["a", "b", "a", "b"], "binary", ("a", "b")),
        ([1.0, 2.0, 2.0, None], "binary", ("2", "1")),
        ([2, 1, 2], "binary", ("2", "1")),
        (["c", "a", "b"], "multiclass", ("a", "b", "c")),
        ([3, 1, 2], "multiclass", ("1", "2", "3")),
        (list(range(11)), "regression", ()),
    ],
)
def test_the_task_and_classes_follow_from_the_values(values: list[object], task: str, classes: tuple[str, ...]) -> None:
    assert check_target(single(values), "y")[:2] == (task, classes)


def test_a_task_can_be_asked_for() -> None:
    assert check_target(single([1, 2, 3]), "y", task="regression")[0] == "regression"
    assert check_target(single(list(range(20))), "y", task="multiclass")[1][:3] == ("0", "1", "10")
    assert check_target(single([0, 1]), "y", task="multiclass")[0] == "multiclass"


@pytest.mark.parametrize(
    ("values", "target", "task", "code"),
    [
        ([1, 2], "yy", None, "target-missing"),
        ([1, 1, None], "y", None, "target-single"),
        ([None, None], "y", None, "target-empty"),
        ([f"c{n}" for n in range(51)], "y", None, "target-empty"),
        (list(range(51)), "y", "multiclass", "target-empty"),
        (["a", "b"], "y", "regression", "usage"),
        ([1, 2, 3], "y", "binary", "usage"),
        ([1, 2, 3], "y", "ranking", "usage"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(values: list[object], target: str, task: str | None, code: str) -> None:
    with pytest.raises(ComplementError) as met:
        check_target(single(values), target, task=task)
    assert met.value.code == code


def test_records_without_a_target_are_counted_and_left_out() -> None:
    data = single([0, None, 1, None])
    assert "2 records have no 'y'" in check_target(data, "y")[2][0]
    assert drop_missing_target(data, "y").column("y").to_pylist() == [0, 1]
    whole = single([0, 1])
    assert drop_missing_target(whole, "y") is whole


def test_copies_of_a_class_are_found_and_good_features_are_not() -> None:
    cancer = load_breast_cancer(as_frame=True).frame
    cancer["diagnosis"] = np.where(cancer["target"] == 1, "benign", "malignant")
    cancer["flag"] = cancer["target"] == 0
    cancer["code"] = 7.0 - 2 * cancer["target"]
    cancer["serial"] = [f"s{n:04d}" for n in range(len(cancer))]
    cancer["noisy"] = np.r_[1 - cancer["target"].to_numpy()[:1], cancer["target"].to_numpy()[1:]]
    assert find_target_copies(read(cancer), "target") == ["diagnosis", "flag", "code"]
    iris = load_iris(as_frame=True).frame
    assert find_target_copies(read(iris), "target") == []


def test_copies_of_a_number_are_found_in_another_unit() -> None:
    frame = load_diabetes(as_frame=True).frame
    frame["scaled"] = frame["target"] * -0.3 + 4
    frame["log"] = np.log(frame["target"])
    frame["near"] = frame["target"] + np.random.default_rng(0).normal(0, 20, len(frame))
    assert find_target_copies(read(frame), "target") == ["scaled", "log"]


def test_a_copy_with_holes_is_still_a_copy() -> None:
    table = pa.table({"y": ["a", "b"] * 20, "z": [None, None, "1", "2"] + ["1", "2"] * 18, "rare": ["1", "2"] + [None] * 38})
    assert find_target_copies(read(table), "y") == ["z"]


@pytest.mark.parametrize(
    ("real", "sealed", "met"),
    [
        (["<=50K", ">50K"], ["<=50K.", ">50K."], r"No sealed target is among.*'<=50K\.' \(did you mean '<=50K'\?\)"),
        (["yes", "no"], ["1", "0"], "No sealed target is among those of the real file: '0', '1'"),
        (["yes", "no"], ["yes", "No"], r"A sealed target is not among the two .*'No' \(did you mean 'no'\?\)"),
        ([0, 1, 1], [0, 2], "'2'"),
        (["a", "b", "c"], ["x", "y"], "No sealed target"),
    ],
)
def test_sealed_labels_that_are_spelt_otherwise_are_refused(real: list[object], sealed: list[object], met: str) -> None:
    with pytest.raises(SchemaError, match=met) as caught:
        check_sealed(single(sealed), single(real), "y")
    assert caught.value.code == "schema-mismatch"
    assert "Spell both files the same" in caught.value.help


def test_sealed_labels_that_fit_and_numbers_that_are_no_labels_are_taken() -> None:
    check_sealed(single(["a", "d"]), single(["a", "b", "c"]), "y")  # a rare class may be in one file only
    check_sealed(single([100, 200]), single(list(range(20))), "y")
    check_sealed(single([7, 8]), single([1, 2, 3]), "y", task="regression")
    check_sealed(single(["a", None]), single(["a", "b"]), "y")
