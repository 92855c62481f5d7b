"""Outcome: what a run of generations showed, per policy a sentence, and every number that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from complement.core.score import Score
from complement.measure.collapse.alarms import ALPHA, CONFIDENCE, Alarms, Trend, alarms_of
from complement.measure.collapse.policy import NULL
from complement.measure.collapse.yardstick import Worse

State = Literal["alarm", "settles", "no alarm", "cannot say"]
LEAST_CHAINS = 5  # design of the verdict: over fewer, chance and change are hardly told apart
LEAST_HOLDOUT = 100  # records: with fewer a C2ST of .5 has a 95 % interval of more than .1 on either side
BLIND = 0.1  # of the C2ST's AUC, or of coverage: bands wider than that would let a collapse pass that anybody sees
FULL = 0.98  # AUC of the C2ST from which on it has no room to rise
SHOWN = 3  # metrics that a sentence names


@dataclass(frozen=True)
class Generation:
    """One generation of a policy: each metric's mean over chains, with its 95 % interval, and which of them alarm."""

    generation: int
    metrics: Mapping[str, Score]
    alarms: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        scores = {name: score.as_json() for name, score in self.metrics.items()}
        return {"generation": self.generation, "metrics": scores, "alarms": list(self.alarms)}


@dataclass(frozen=True)
class PolicyOutcome:
    """What became of a generator under one policy.

    `state`: "alarm", a metric left its null band and goes on moving away; "settles", it left the band and what moved has come
    to rest; "no alarm"; or "cannot say". `safe`: generations before any metric left its band, all of them where none did, None
    where nothing can be said. `first`: the generation in which the first one did. `forecast`: without an alarm, the
    generation in which the first metric would leave its band if those that move go on so, None where none moves.
    """

    policy: str
    state: State
    headline: str
    safe: int | None
    first: int | None
    forecast: int | None
    generations: tuple[Generation, ...]
    trends: Mapping[str, Trend]

    def as_json(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("policy", "state", "headline", "safe", "first", "forecast")}
        trends = {name: asdict(trend) for name, trend in self.trends.items()}
        return {**own, "trends": trends, "generations": [one.as_json() for one in self.generations]}


@dataclass(frozen=True, repr=False)
class Collapse:
    """Repeated training on made records: one outcome per policy, the null band, and what was run.

    `null`: per metric the mean and spread of generations that learn from real records alone, and the half-width of the band.
    `rows`: real records per chain, made ones per generation, and hold-out ones.
    """

    generator: str
    chains: int
    rows: Mapping[str, int]
    policies: tuple[PolicyOutcome, ...]
    null: Mapping[str, Mapping[str, float]]
    worse: Mapping[str, Worse]
    notes: tuple[str, ...] = ()

    def of(self, policy: str) -> PolicyOutcome:
        """The outcome under this policy."""
        return next(one for one in self.policies if one.policy == policy)

    def as_json(self) -> dict[str, Any]:
        """What `complement collapse --json` prints."""
        return {
            "schema": 1,
            "generator": self.generator,
            "chains": self.chains,
            "generations": max((len(one.generations) for one in self.policies), default=0),
            "rows": dict(self.rows),
            "alpha": ALPHA,
            "policies": [one.as_json() for one in self.policies],
            "null": {name: dict(facts) for name, facts in self.null.items()},
            "worse": dict(self.worse),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"Collapse({', '.join(f'{one.policy}: {one.state}' for one in self.policies)})"


def outcome_of(
    values: Mapping[str, Mapping[str, np.ndarray]],
    worse: Mapping[str, Worse],
    *,
    resolution: Mapping[str, float],
    generator: str,
    rows: Mapping[str, int],
    notes: tuple[str, ...] = (),
) -> Collapse:
    """What measured chains show. `values`: by policy and metric, shape (chains, generations), the null's among them."""
    null = values[NULL.name]
    judged = {name: alarms_of(found, null, worse, resolution=resolution) for name, found in values.items() if name != NULL.name}
    chains = len(next(iter(null.values())))
    outcomes = tuple(_policy(name, values[name], alarms, worse, rows["holdout"]) for name, alarms in judged.items())
    band = next(iter(judged.values())).band
    facts = {
        name: {"mean": float(null[name].mean()), "spread": float(null[name].std(ddof=1)), "band": half}
        for name, half in band.items()
    }
    lost = [name for name in worse if name not in band]
    told = [*notes, *([f"Not judged, because it was undefined in some generation: {', '.join(lost)}."] if lost else [])]
    told += _saturated(facts)
    return Collapse(generator, chains, rows, outcomes, facts, {name: worse[name] for name in band}, tuple(told))


def _saturated(facts: Mapping[str, Mapping[str, float]]) -> list[str]:
    told = facts.get("c2st_auc", {}).get("mean", 0.0)
    if told < FULL:
        return []
    return [f"A classifier tells records of a first generation nearly always (AUC {told:.3f}): c2st_auc has no room to alarm."]


def _policy(
    name: str, values: Mapping[str, np.ndarray], alarms: Alarms, worse: Mapping[str, Worse], holdout: int
) -> PolicyOutcome:
    length = next(iter(values.values())).shape[1]
    generations = tuple(
        Generation(
            g,
            {metric: _score(metric, found[:, g - 1], worse[metric]) for metric, found in values.items()},
            tuple(alarms.in_generation(g)),
        )
        for g in range(1, length + 1)
    )
    first, going = alarms.first, alarms.going_on()
    blind = _blind(alarms, len(next(iter(values.values()))), holdout, first)
    forecast = alarms.forecast() if first is None and not blind else None
    if blind:
        state, safe, headline = "cannot say", None, f"cannot say: {blind}"
    elif first is None:
        state, safe, headline = "no alarm", length, f"no alarm in {length} generations"
        headline += f"; at the rate measured, one in generation {forecast}" if forecast else ""
    else:
        safe = first - 1
        left = f"{_named(alarms.in_generation(first))} left the null band in generation {first}"
        count = "1 generation" if safe == 1 else f"{safe} generations"
        state = "alarm" if going else "settles"
        headline = f"safe for {count}: {left}" if going else f"settles: {left}, and nothing moves on by generation {length}"
    return PolicyOutcome(name, state, headline, safe, None if blind else first, forecast, generations, alarms.trends)


def _named(metrics: list[str]) -> str:
    return ", ".join(metrics[:SHOWN]) + (f" and {len(metrics) - SHOWN} more" if len(metrics) > SHOWN else "")


def _blind(alarms: Alarms, chains: int, holdout: int, first: int | None) -> str:
    """Why nothing can be said of this policy; "" where something can."""
    if chains < LEAST_CHAINS:
        return f"{chains} {'chain' if chains == 1 else 'chains'}, and a null band needs {LEAST_CHAINS}"
    if holdout < LEAST_HOLDOUT:
        return f"{holdout} hold-out records, and {LEAST_HOLDOUT} are needed"
    bands = [alarms.band[name] for name in ("c2st_auc", "knn_coverage") if name in alarms.band]
    if first is None and (not bands or min(bands) > BLIND):
        seen = f" (c2st_auc by {alarms.band['c2st_auc']:.2f})" if "c2st_auc" in alarms.band else ""
        return f"chance alone moves the metrics so much{seen} that a collapse could hide in it; give more --rows or --chains"
    return ""


def _score(name: str, values: np.ndarray, worse: Worse) -> Score:
    from scipy.stats import t

    better = "high" if worse == "low" else "target" if name == "c2st_auc" else "low"
    mean, count = float(values.mean()), len(values)
    if count < 2 or not np.isfinite(values).all():
        return Score(name, mean, None, None, count, better)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, count - 1) * values.std(ddof=1) / np.sqrt(count))
    return Score(name, mean, mean - reach, mean + reach, count, better)
