"""Any scikit-learn estimator, named by its import path, as a learner of the trial."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np

from complement.core.errors import ProveError
from complement.core.purpose import Task
from complement.models.encoder import Style
from complement.models.learners import takes_weight
from complement.models.openmp import one_thread
from complement.models.table_learner import TASKS, Lesson, TableLearner

# One step more regularised, by the parameter that the estimator has; the first that it has and that is set counts.
STEPS: dict[str, Any] = {
    "C": lambda value: value / 10,
    "alpha": lambda value: value * 10,
    "reg_lambda": lambda value: value + 10,
    "l2_regularization": lambda value: value + 10,
    "n_neighbors": lambda value: value * 2,
    "max_depth": lambda value: max(1, value - 1),
    "min_samples_leaf": lambda value: value * 2,
}


class SklearnLearner(TableLearner):
    """`SklearnLearner("sklearn.ensemble:RandomForestClassifier", n_estimators=50)`: settings go to the estimator.

    The path is "module:Class" or "module.Class", of scikit-learn or of any package with its interface. Estimators of
    sklearn.tree and sklearn.ensemble get category codes, all others scaled and one-hot encoded features; missing
    numbers are always filled. Weights are passed when `fit` takes them; `random_state`, where there is one and the
    settings leave it open, is the fit's seed. A classifier without predict_proba gives its decision function
    through a sigmoid or softmax: its ranking holds, its calibration does not. Raises ProveError "prove-learner"
    when the path or the settings do not give an estimator.
    """

    def __init__(self, path: str, **settings: Any) -> None:
        super().__init__()
        self.path, self.settings = path, settings
        self._estimator()

    @property
    def name(self) -> str:
        return self.path

    @property
    def tasks(self) -> tuple[Task, ...]:
        kinds = import_module("sklearn.base")
        if kinds.is_classifier(self._estimator()):
            return ("binary", "multiclass")
        return ("regression",) if kinds.is_regressor(self._estimator()) else TASKS

    @property
    def deterministic(self) -> bool:
        parameters = self._estimator().get_params(deep=False)
        return "random_state" not in parameters or parameters["random_state"] is not None

    @property
    def weighted(self) -> bool:
        return takes_weight(self._estimator())

    def regularised(self) -> SklearnLearner | None:
        """One step on the first parameter of STEPS that the estimator has; None when it has none."""
        parameters = self._estimator().get_params(deep=False)
        for key, step in STEPS.items():
            value = parameters.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return SklearnLearner(self.path, **{**self.settings, key: step(value)})
        return None

    def __repr__(self) -> str:
        settings = "".join(f", {key}={value!r}" for key, value in self.settings.items())
        return f"SklearnLearner({self.path!r}{settings})"

    def _style(self, task: Task) -> Style:
        return "filled" if type(self._estimator()).__module__.startswith(("sklearn.tree", "sklearn.ensemble")) else "scaled"

    def _estimator(self) -> Any:
        """A new estimator with the settings."""
        module, mark, kind = self.path.partition(":")
        if not mark:
            module, _, kind = self.path.rpartition(".")
        try:
            made = getattr(import_module(module), kind)(**self.settings)
        except (ImportError, AttributeError, TypeError, ValueError) as cause:
            raise ProveError(
                "prove-learner",
                f"'{self.path}' with the settings {self.settings} gives no estimator: {cause}",
                help="Write it like sklearn.ensemble:RandomForestClassifier, with settings that the class takes.",
            ) from cause
        if not all(hasattr(made, method) for method in ("fit", "predict", "get_params", "set_params")):
            raise ProveError("prove-learner", f"'{self.path}' has no fit, predict and get_params: it is no estimator.")
        return made

    def _learn(self, lesson: Lesson) -> Any:
        model = self._estimator()
        parameters = model.get_params(deep=False)
        if "random_state" in parameters and parameters["random_state"] is None:
            model.set_params(random_state=lesson.seed)
        given = {"sample_weight": lesson.weight} if takes_weight(model) else {}
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", import_module("sklearn.exceptions").ConvergenceWarning)
            try:
                return model.fit(lesson.matrix, lesson.target, **given)
            except (ValueError, TypeError) as cause:
                raise ProveError("prove-learner", f"{self!r} cannot be fitted: {cause}") from cause

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        with one_thread():
            if task == "regression":
                return np.asarray(model.predict(matrix), float).ravel()
            if hasattr(model, "predict_proba"):
                return np.asarray(model.predict_proba(matrix), float)
            if hasattr(model, "decision_function"):
                return _probabilities(np.asarray(model.decision_function(matrix), float))
            return (np.asarray(model.predict(matrix))[:, None] == model.classes_[None, :]).astype(float)


def _probabilities(margin: np.ndarray) -> np.ndarray:
    special = import_module("scipy.special")
    if margin.ndim == 1:
        positive = special.expit(margin)
        return np.column_stack([1 - positive, positive])
    return special.softmax(margin, axis=1)
