"""The built-in learners: boosted trees, logistic and ridge regression, one tree, a small neural network."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from complement.core.purpose import Task
from complement.models.encoder import Style
from complement.models.openmp import load_lightgbm, one_thread
from complement.models.table_learner import Lesson, TableLearner


@dataclass
class LightGBM(TableLearner):
    """Gradient boosted trees (LightGBM's own defaults, 100 rounds) on category codes, missing values as they are.

    No bagging and no feature sampling, so that the seed has no effect. `min_data_in_leaf` counts records whatever
    their weight and is the same in every arm. One thread.
    """

    trees: int = 100
    learning_rate: float = 0.1
    num_leaves: int = 31
    min_data_in_leaf: int = 20
    lambda_l2: float = 0.0

    @property
    def name(self) -> str:
        return "lightgbm"

    def regularised(self) -> LightGBM:
        """Half the leaves, twice the records per leaf, 10 more on the L2 penalty."""
        return replace(
            self,
            num_leaves=max(2, self.num_leaves // 2),
            min_data_in_leaf=2 * self.min_data_in_leaf,
            lambda_l2=self.lambda_l2 + 10,
        )

    def _style(self, task: Task) -> Style:
        return "codes"

    def _learn(self, lesson: Lesson) -> Any:
        lightgbm = load_lightgbm()
        settings: dict[str, object] = {
            "objective": lesson.task if lesson.classes != 2 else "binary",
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_data_in_leaf,
            "lambda_l2": self.lambda_l2,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        if settings["objective"] == "multiclass":
            settings["num_class"] = lesson.classes
        rows = lightgbm.Dataset(lesson.matrix, label=lesson.target, weight=lesson.weight, params=settings)
        return lightgbm.train(settings, rows, num_boost_round=self.trees)

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        scores = np.asarray(model.predict(matrix, num_threads=1), float)
        return np.column_stack([1 - scores, scores]) if task != "regression" and scores.ndim == 1 else scores


@dataclass
class Logistic(TableLearner):
    """Logistic regression (multinomial for several classes), L2 penalty, on scaled and one-hot encoded features."""

    C: float = 1.0
    max_iter: int = 500

    @property
    def name(self) -> str:
        return "logistic"

    @property
    def tasks(self) -> tuple[Task, ...]:
        return ("binary", "multiclass")

    @property
    def counts_records(self) -> bool:
        return False

    def regularised(self) -> Logistic:
        """A tenth of C."""
        return replace(self, C=self.C / 10)

    def _learn(self, lesson: Lesson) -> Any:
        model = import_module("sklearn.linear_model").LogisticRegression(C=self.C, solver="lbfgs", max_iter=self.max_iter)
        return _fit_quietly(model, lesson)

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        with one_thread():
            return model.predict_proba(matrix)


@dataclass
class Linear(TableLearner):
    """Ridge regression on scaled and one-hot encoded features."""

    alpha: float = 1.0

    @property
    def name(self) -> str:
        return "linear"

    @property
    def tasks(self) -> tuple[Task, ...]:
        return ("regression",)

    @property
    def counts_records(self) -> bool:
        return False

    def regularised(self) -> Linear:
        """Ten times alpha."""
        return replace(self, alpha=self.alpha * 10)

    def _learn(self, lesson: Lesson) -> Any:
        return _fit_quietly(import_module("sklearn.linear_model").Ridge(alpha=self.alpha, solver="cholesky"), lesson)

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        with one_thread():
            return model.predict(matrix)


@dataclass
class Tree(TableLearner):
    """One decision tree of limited depth on category codes. Ties between splits are broken in one fixed way, not
    by the seed, so that the tree is deterministic."""

    depth: int = 5
    min_leaf: int = 5

    @property
    def name(self) -> str:
        return "tree"

    def regularised(self) -> Tree:
        """One level less, twice the records per leaf."""
        return replace(self, depth=max(1, self.depth - 1), min_leaf=2 * self.min_leaf)

    def _style(self, task: Task) -> Style:
        return "filled"

    def _learn(self, lesson: Lesson) -> Any:
        trees = import_module("sklearn.tree")
        kind = trees.DecisionTreeRegressor if lesson.task == "regression" else trees.DecisionTreeClassifier
        model = kind(max_depth=self.depth, min_samples_leaf=self.min_leaf, random_state=0)
        return _fit_quietly(model, lesson)

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        return model.predict(matrix) if task == "regression" else model.predict_proba(matrix)


@dataclass
class Mlp(TableLearner):
    """A neural network with one hidden layer on scaled and one-hot encoded features, trained by Adam.

    The number of steps is fixed, not the number of passes: arms with more records are then not trained longer. Steps
    and penalty are for hundreds to thousands of records: 1000 steps at alpha .001 did worse than the mean on 120.
    A regression target is centred and scaled by its weighted mean and sd. Weights need scikit-learn 1.7; before it
    `weighted` is False.
    """

    hidden: int = 32
    alpha: float = 0.3
    steps: int = 300
    batch: int = 64
    rate: float = 3e-3

    @property
    def name(self) -> str:
        return "mlp"

    @property
    def deterministic(self) -> bool:
        return False

    @property
    def weighted(self) -> bool:
        return takes_weight(import_module("sklearn.neural_network").MLPClassifier)

    def regularised(self) -> Mlp:
        """Ten times the L2 penalty."""
        return replace(self, alpha=self.alpha * 10)

    def _learn(self, lesson: Lesson) -> Any:
        networks = import_module("sklearn.neural_network")
        regression = lesson.task == "regression"
        batch = min(self.batch, len(lesson.target))
        passes = max(1, round(self.steps / -(-len(lesson.target) // batch)))
        model = (networks.MLPRegressor if regression else networks.MLPClassifier)(
            hidden_layer_sizes=(self.hidden,),
            alpha=self.alpha,
            batch_size=batch,
            learning_rate_init=self.rate,
            max_iter=passes,
            n_iter_no_change=passes,
            tol=0.0,
            early_stopping=False,
            random_state=lesson.seed,
        )
        if not regression:
            return _fit_quietly(model, lesson), 0.0, 1.0
        centre = float(np.average(lesson.target, weights=lesson.weight))
        spread = float(np.sqrt(np.average((lesson.target - centre) ** 2, weights=lesson.weight))) or 1.0
        return _fit_quietly(model, replace(lesson, target=(lesson.target - centre) / spread)), centre, spread

    def _scores(self, model: Any, matrix: np.ndarray, task: Task) -> np.ndarray:
        network, centre, spread = model
        with one_thread():
            return network.predict(matrix) * spread + centre if task == "regression" else network.predict_proba(matrix)


def takes_weight(kind: Any) -> bool:
    """Whether `fit` of this scikit-learn class or object has the parameter sample_weight."""
    return "sample_weight" in inspect.signature(kind.fit).parameters


def _fit_quietly(model: Any, lesson: Lesson) -> Any:
    """Fit on one thread, with weights where they are taken. That a fixed number of steps did not converge is how
    these learners are defined, not news for the reader of a trial."""
    convergence = import_module("sklearn.exceptions").ConvergenceWarning
    given = {"sample_weight": lesson.weight} if takes_weight(model) else {}
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", convergence)
        return model.fit(lesson.matrix, lesson.target, **given)
