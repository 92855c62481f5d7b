"""Alarms: which metrics leave their null band in which generation, and how fast each of them moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from complement.measure.collapse.yardstick import KEPT, Worse

ALPHA = 0.05  # of a policy: the chance that any metric of any generation alarms where nothing collapses
CONFIDENCE = 0.95
HORIZON = 1000  # generations beyond which no forecast is given
LAST = 3  # generations by which it is judged whether a metric goes on moving


@dataclass(frozen=True)
class Trend:
    """How a metric moves per generation: a factor (1 stands still), or a change in its own unit (0 stands still).

    `low` and `high`: the 95 % interval over chains, None with fewer than two.
    """

    kind: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Alarms:
    """Of one policy: per metric the mean change against its own generation 1, shape (generations - 1,), and the null band.

    `changes` are signed so that + is towards collapse; a metric alarms in generation g where its change is above `band`.
    `going`: the change per generation over the last three, and how much of it chance gives. A metric that left its band may have
    lost what the step from real to made records costs, once, as accumulating does in theory, or go on losing.
    """

    changes: Mapping[str, np.ndarray]
    band: Mapping[str, float]
    going: Mapping[str, tuple[float, float]]
    trends: Mapping[str, Trend]

    @property
    def generations(self) -> int:
        return 1 + max((len(change) for change in self.changes.values()), default=0)

    def in_generation(self, generation: int) -> list[str]:
        """The metrics that alarm in this generation, counted from 1, those farthest outside their band first."""
        if generation < 2:
            return []
        beyond = {name: float(change[generation - 2]) / max(self.band[name], 1e-12) for name, change in self.changes.items()}
        return [name for name, times in sorted(beyond.items(), key=lambda pair: -pair[1]) if times > 1]

    @property
    def first(self) -> int | None:
        """The first generation in which any metric alarms."""
        return next((g for g in range(2, self.generations + 1) if self.in_generation(g)), None)

    def going_on(self) -> list[str]:
        """The metrics that left their band, in any generation, and still move towards collapse; all that left it where there
        are only two generations, which cannot tell."""
        left = [name for name in self.changes if any(name in self.in_generation(g) for g in range(2, self.generations + 1))]
        return [name for name in left if self.generations < 3 or self.moves(name)]

    def moves(self, name: str) -> bool:
        """Whether a metric moved towards collapse over the last three generations by more than chance gives."""
        return name in self.going and self.going[name][0] > self.going[name][1]

    def forecast(self) -> int | None:
        """The generation in which the first metric leaves its band if those that move go on as they did; None: none moves, or
        not within a thousand."""
        found: list[int] = []
        for name in (name for name in self.changes if self.moves(name)):
            left = self.band[name] - float(self.changes[name][-1])
            found.append(self.generations + max(1, int(np.ceil(left / self.going[name][0]))))
        return min((one for one in found if one <= HORIZON), default=None)


def alarms_of(
    values: Mapping[str, np.ndarray],
    null: Mapping[str, np.ndarray],
    worse: Mapping[str, Worse],
    *,
    resolution: Mapping[str, float] | None = None,
    alpha: float = ALPHA,
) -> Alarms:
    """Which metrics alarm. `values` and `null`: per metric one number per chain and generation, shape (chains, generations).

    The null's generations learn from fresh real records, so that all of them are repeats of a first generation, and their
    spread s, over all chains and generations, says what repeats differ by chance. The mean over c chains of a change is
    then off by s * sqrt(2 / c), and the band is that times the quantile of Student's t at alpha / tests, one-sided, where tests
    counts metrics times generations after the first (Bonferroni). The slope of the last generations is judged alike, its tests
    being the metrics. The spread is at least half the metric's `resolution`, its smallest step. Metrics that are undefined in
    any place are left out.
    """
    from scipy.special import stdtrit  # of which scipy.stats.t.ppf is a wrapper a hundred times slower

    names = [name for name in worse if _sound(values.get(name)) and _sound(null.get(name))]
    tests = max(1, sum(values[name].shape[1] - 1 for name in names))
    changes: dict[str, np.ndarray] = {}
    band: dict[str, float] = {}
    going: dict[str, tuple[float, float]] = {}
    for name in names:
        towards = values[name] if worse[name] == "high" else -values[name]
        spread = max(float(null[name].std(ddof=1)), (resolution or {}).get(name, 0.0) / 2)
        freedom, chains = null[name].size - 1, len(towards)
        changes[name] = (towards[:, 1:] - towards[:, :1]).mean(axis=0)
        band[name] = float(stdtrit(freedom, 1 - alpha / tests)) * spread * float(np.sqrt(2 / chains))
        late = towards[:, 1:][:, -LAST:].mean(axis=0)  # never the first: the step from real to made records is not going on
        if len(late) > 1:
            place = np.arange(len(late)) - (len(late) - 1) / 2
            error = spread / float(np.sqrt(chains * (place @ place)))
            going[name] = float(late @ place / (place @ place)), float(stdtrit(freedom, 1 - alpha / len(names))) * error
    return Alarms(changes, band, going, {name: trend_of(name, values[name]) for name in names})


def trend_of(name: str, values: np.ndarray) -> Trend:
    """The mean over chains of a line through the generations: of the logarithm for what shrinks by a factor."""
    from scipy.stats import t

    kind = "factor" if name in KEPT and bool((values > 0).all()) else "change"
    height = np.log(values) if kind == "factor" else values
    place = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    slopes = height @ place / (place @ place)
    mean, reach = float(slopes.mean()), None
    if len(slopes) > 1:
        reach = float(t.ppf(0.5 + CONFIDENCE / 2, len(slopes) - 1) * slopes.std(ddof=1) / np.sqrt(len(slopes)))
    ends = (mean, None, None) if reach is None else (mean, mean - reach, mean + reach)
    shown = [end if end is None or kind == "change" else float(np.exp(end)) for end in ends]
    return Trend(kind, float(shown[0] or 0.0), shown[1], shown[2])


def _sound(values: np.ndarray | None) -> bool:
    return values is not None and values.shape[1] > 1 and bool(np.isfinite(values).all())
