"""Collapse: what becomes of a generator that learns, generation after generation, from records that were made.

A policy says what each generation learns from, a chain is one run of it, a yardstick measures every generation against real
records that none has seen, and the null band is what generations that learn from real records alone differ by chance.
"""

from complement.measure.collapse.alarms import Alarms, Trend, alarms_of
from complement.measure.collapse.chain import Step, chain
from complement.measure.collapse.outcome import Collapse, Generation, PolicyOutcome, outcome_of
from complement.measure.collapse.policy import DEFAULT_POLICIES, NULL, Policy
from complement.measure.collapse.task import ChainTask, Drawn
from complement.measure.collapse.yardstick import Yardstick

__all__ = [
    "DEFAULT_POLICIES",
    "NULL",
    "Alarms",
    "ChainTask",
    "Collapse",
    "Drawn",
    "Generation",
    "Policy",
    "PolicyOutcome",
    "Step",
    "Trend",
    "Yardstick",
    "alarms_of",
    "chain",
    "outcome_of",
]
