"""The conformance suite: what a plug-in must do to walk through one of the five doors. Our own built-ins pass it too."""

from __future__ import annotations

from complement.testing.generators import check_generator
from complement.testing.learners import check_learner
from complement.testing.metrics import check_metric
from complement.testing.sample import sample_purpose, sample_records
from complement.testing.steps import check_evaluator, check_step

__all__ = [
    "check_evaluator",
    "check_generator",
    "check_learner",
    "check_metric",
    "check_step",
    "sample_purpose",
    "sample_records",
]
