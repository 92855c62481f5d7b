"""Any scikit-learn estimator can be a learner by its import path."""

from __future__ import annotations

import numpy as np
import pytest

from complement.core.errors import ProveError
from complement.models.sklearn_learner import SklearnLearner
from complement.testing import check_learner

FOREST = "sklearn.ensemble:RandomForestClassifier"


def fitted(learner, case, *, seed=0):
    records, purpose = case
    return learner.fit(records, purpose, weight=np.ones(records.rows), seed=seed)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_forest_passes_the_house_conformance_checks(task):
    assert check_learner(lambda: SklearnLearner(FOREST, n_estimators=10, max_depth=6), task=task)


def test_a_regressor_passes_the_house_conformance_checks():
    assert check_learner(lambda: SklearnLearner("sklearn.linear_model:Lasso", alpha=0.01), task="regression")


def test_a_dotted_path_names_the_same_estimator(built_in):
    one = fitted(SklearnLearner("sklearn.linear_model:LogisticRegression"), built_in("wine"))
    other = fitted(SklearnLearner("sklearn.linear_model.LogisticRegression"), built_in("wine"))
    assert one.predict(built_in("wine")[0]) == other.predict(built_in("wine")[0])


def test_the_seed_reaches_random_state_unless_the_settings_fix_it(built_in):
    case = built_in("breast_cancer")
    free, fixed = ({"n_estimators": 5}, {"n_estimators": 5, "random_state": 3})
    for settings, same in ((free, False), (fixed, True)):
        one, other = (fitted(SklearnLearner(FOREST, **settings), case, seed=seed).predict(case[0]) for seed in (1, 2))
        assert (one == other) is same
        assert SklearnLearner(FOREST, **settings).deterministic is same


def test_weights_are_announced_as_the_estimator_takes_them():
    assert SklearnLearner(FOREST).weighted
    assert not SklearnLearner("sklearn.neighbors:KNeighborsClassifier").weighted


def test_one_step_more_regularised_uses_the_parameter_that_exists():
    assert SklearnLearner("sklearn.svm:SVC", C=2.0).regularised().settings == {"C": 0.2}
    assert SklearnLearner(FOREST).regularised().settings == {"min_samples_leaf": 2}
    assert SklearnLearner("sklearn.naive_bayes:GaussianNB").regularised() is None


def test_a_classifier_without_probabilities_gives_its_decision_as_a_ranking(built_in):
    records, purpose = built_in("breast_cancer")
    found = fitted(SklearnLearner("sklearn.svm:LinearSVC"), (records, purpose)).predict(records).column("score").to_numpy()
    assert np.mean((found > 0.5) == records.column("y").to_numpy()) > 0.95
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize(
    ("path", "settings"),
    [("sklearn.nowhere:X", {}), ("sklearn.svm:Nothing", {}), ("SVC", {}), (FOREST, {"trees": 3}), ("fractions:Fraction", {})],
)
def test_a_path_that_gives_no_estimator_is_an_error_with_a_code(path, settings):
    with pytest.raises(ProveError) as caught:
        SklearnLearner(path, **settings)
    assert caught.value.code == "prove-learner"


def test_an_estimator_of_another_task_is_refused(built_in):
    with pytest.raises(ProveError, match="does not fit the task 'regression'"):
        fitted(SklearnLearner(FOREST), built_in("diabetes"))
    assert repr(SklearnLearner(FOREST, max_depth=3)) == f"SklearnLearner('{FOREST}', max_depth=3)"
