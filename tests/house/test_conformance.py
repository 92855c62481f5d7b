"""Every built-in passes the conformance suite that plug-ins are held to, on several kinds of tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pyarrow as pa
import pytest

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.errors import ProveError
from complement.core.purpose import Task
from complement.core.schema import Column, Schema
from complement.testing import (
    check_evaluator,
    check_generator,
    check_learner,
    check_metric,
    check_step,
    sample_purpose,
    sample_records,
)

TASKS: list[Task] = ["binary", "multiclass", "regression"]
ALWAYS = {
    "as many rows as asked for",
    "the same seed gives the same bytes",
    "different seeds differ",
    "it can be pickled once fitted",
    "the lineage is filled",
    "depth is one more than the deepest record learnt from",
}
ON_CATEGORIES = {"conditions hold", "an impossible condition is a RequestError", "weights are honoured"}


def iris() -> Dataset:
    """Fisher's irises: four measured numbers and the species."""
    from sklearn.datasets import load_iris

    found = load_iris()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    table = pa.table({name: found.data[:, place] for place, name in enumerate(names)})
    table = table.append_column("species", pa.array(found.target_names[found.target].astype(str)))
    columns = (*(Column(name, "number") for name in names), Column("species", "category"))
    return Dataset.of(table, Schema({"records": columns}).with_target("species"))


def wine_with_cultivar() -> Dataset:
    """Thirteen measurements of 178 wines, and the cultivar as a feature: more columns, no missing values."""
    from sklearn.datasets import load_wine

    found = load_wine()
    table = pa.table({name.replace("/", "_"): found.data[:, place] for place, name in enumerate(found.feature_names)})
    table = table.append_column("cultivar", pa.array(found.target_names[found.target].astype(str)))
    columns = (*(Column(name, "number") for name in table.column_names[:-1]), Column("cultivar", "category"))
    return Dataset.of(table, Schema({"records": columns}))


def weighted() -> Dataset:
    """The sample with weights that differ, some of them 0."""
    real = sample_records(150, task="multiclass", seed=9)
    return real.weighted(np.arange(150) % 4 * 0.75)


TABLES: dict[str, Callable[[], Dataset]] = {
    "the sample": sample_records,
    "a regression sample": partial(sample_records, 90, task="regression", seed=3),
    "irises": iris,
    "wines": wine_with_cultivar,
    "weights that differ": weighted,
}


def refused(call: Callable[[], object]) -> str:
    """The code with which a task is refused, "" when it is not."""
    try:
        call()
    except ProveError as refusal:
        return refusal.code
    return ""


@cache
def table_named(name: str) -> Dataset:
    return TABLES[name]()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", catalog.BUILT_IN["generators"])
def test_a_built_in_generator_passes_the_suite(name: str, table: str) -> None:
    passed = set(check_generator(partial(catalog.generator, name), real=table_named(table)))
    assert passed >= ALWAYS
    if table == "the sample":
        assert passed >= ON_CATEGORIES


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", catalog.BUILT_IN["learners"])
def test_a_built_in_learner_passes_the_suite_or_refuses_the_task(name: str, task: Task) -> None:
    real = sample_records(40, task=task)
    code = refused(lambda: catalog.learner(name).fit(real, sample_purpose(task), weight=real.weight, seed=0))
    assert bool(code) == ((name, task) in {("logistic", "regression"), ("linear", "binary"), ("linear", "multiclass")})
    if code:
        assert code == "prove-learner"
        return
    passed = check_learner(partial(catalog.learner, name), task=task)
    assert {"predict does not read the target", "weights are honoured", "it learns what is there to learn"} <= set(passed)


@pytest.mark.parametrize("task", TASKS)
def test_an_estimator_by_its_path_passes_the_suite(task: Task) -> None:
    kind = "Regressor" if task == "regression" else "Classifier"
    make = partial(catalog.learner, f"sklearn.ensemble:ExtraTrees{kind}", n_estimators=20)
    assert "predict does not read the target" in check_learner(make, task=task)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", catalog.BUILT_IN["metrics"])
def test_a_built_in_metric_passes_the_suite_or_refuses_the_task(name: str, task: Task) -> None:
    code = refused(lambda: catalog.metric(name, sample_purpose(task)))
    if code:
        assert code == "prove-metric"
        return
    passed = check_metric(partial(catalog.metric, name), task=task)
    assert {"perfect predictions are best", "a record of weight 0 does not count"} <= set(passed)


def test_every_task_has_metrics() -> None:
    names = catalog.BUILT_IN["metrics"]
    fits = {task: [n for n in names if not refused(partial(catalog.metric, n, sample_purpose(task)))] for task in TASKS}
    assert all(len(found) >= 3 for found in fits.values()), fits


@pytest.mark.parametrize("name", catalog.BUILT_IN["evaluators"])
def test_a_built_in_evaluator_passes_the_suite(name: str) -> None:
    assert check_evaluator(partial(catalog.evaluator, name))


@pytest.mark.parametrize("name", list(catalog.BUILT_IN["steps"]))
def test_a_built_in_step_passes_the_suite(name: str) -> None:
    assert check_step(partial(catalog.step, name))
