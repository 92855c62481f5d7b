"""The yardstick for collapse: simulations of three cases whose answer is known."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def theory() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "bench" / "collapse_theory.py"
    spec = importlib.util.spec_from_file_location("collapse_theory", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_gaussian_that_replaces_itself_loses_variance_as_theory_says(theory: ModuleType) -> None:
    found = theory.replaced_variance(100, 100, 4000)[[8, 50, 100]]
    np.testing.assert_allclose(found, [0.914, 0.599, 0.362], rtol=0.03)


def test_a_gaussian_that_accumulates_keeps_it(theory: ModuleType) -> None:
    assert theory.accumulated_variance(100, 100, 4000)[-1] == pytest.approx(0.984, abs=0.005)


def test_regression_errors_grow_with_replacement_and_stay_bounded_when_added_up(theory: ModuleType) -> None:
    replaced = theory.regression_error(20, 100, 5, 300, accumulate=False)
    np.testing.assert_allclose(replaced, np.arange(1, 6), rtol=0.12)
    assert theory.regression_error(20, 100, 8, 300, accumulate=True)[-1] < np.pi**2 / 6


def test_the_best_weight_of_real_records_is_two_thirds_once_and_the_golden_ratio_for_ever(theory: ModuleType) -> None:
    assert theory.best_real_weight(1) == pytest.approx(2 / 3, abs=1e-4)
    assert theory.best_real_weight(200) == pytest.approx(0.618, abs=1e-3)
