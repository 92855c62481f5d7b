"""The closed loop: requests are tried on records to learn from, and those whose slice does not gain are changed or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from scipy.stats import norm

from complement.core.contracts import Generator, Learner
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RequestError
from complement.core.purpose import Purpose
from complement.core.request import Request
from complement.core.seed import seed_at
from complement.gap.ask import FEWEST_ROWS, MOST_SHARE
from complement.gap.losses import deal, fit, loss_of, scores_of
from complement.gap.weak import bounded
from complement.gap.widen import wider
from complement.models.table_learner import target_array

FOLDS = 3
LIKELY = 0.9  # one-sided: screening only decides what the trial is asked, and the trial has its own, stricter rule
NOBODY = "no real record is there to learn from"
FEW_UNITS = 10  # units of a slice, below which nothing can be said of its gain
MOST_RECORDS = 20_000  # that requests are tried on
Decision = Literal["kept", "changed", "dropped"]


@dataclass(frozen=True)
class Means:
    """What requests are tried with: a generator and a learner, neither fitted nor changed here, and the purpose."""

    generator: Generator
    learner: Learner
    purpose: Purpose


@dataclass(frozen=True)
class Closed:
    """The requests that are left, and what was seen: per round and request its gain, the decision and why."""

    kept: tuple[Request, ...]
    history: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values for gaps.json."""
        kept = [{"name": r.name, "gap": r.gap, "rows": r.rows, "where": r.where.text if r.where else None} for r in self.kept]
        return {"kept": kept, "rounds": list(self.history)}


@dataclass(frozen=True, repr=False)
class _Tried:
    """A request on trial: `slice`, where its gain is measured (that of the first request, however it is widened)."""

    request: Request
    slice: np.ndarray
    decision: Decision = "changed"
    changes: int = 0


@dataclass(repr=False)
class _Bench:
    """Three folds of the records: what is learnt from, the fitted generator, and losses without any made record."""

    records: Dataset
    unit: np.ndarray
    fold: np.ndarray
    means: Means
    seed: int
    total: int
    made: dict[tuple[int, str, int], Dataset] = field(default_factory=dict[tuple[int, str, int], Dataset])
    fitted: dict[int, Generator] = field(default_factory=dict[int, Generator])

    def losses(self, requests: Sequence[Request]) -> np.ndarray:
        """The loss of every record by the learner of its other folds and of what is made from these, shape (records,)."""
        found = np.zeros(self.records.rows)
        for k in range(FOLDS):
            test = self.records.take(np.flatnonzero(self.fold == k))
            train = self._learn(k)
            for request in requests:
                train = train.concat(self.answer(k, request))
            learner = fit(self.means.learner, train, self.means.purpose, seed=seed_at(self.seed, "gap", "loop", "learn", k))
            scores = scores_of(learner, test, self.means.purpose)
            truth = target_array(test.column(self.means.purpose.target), self.means.purpose)
            found[self.fold == k] = loss_of(truth, scores, self.means.purpose)
        return found

    def answer(self, k: int, request: Request) -> Dataset:
        """The request's records for a fold, its rows shortened by the share that the fold learns from; made once."""
        key = (k, "" if request.where is None else request.where.text, request.rows)
        if key not in self.made:
            train = self._learn(k)
            if k not in self.fitted:
                fresh = deepcopy(self.means.generator)
                self.fitted[k] = fresh.fit(train, seed=seed_at(self.seed, "gap", "loop", "fit", k))
            rows = max(1, round(request.rows * train.rows / self.total))
            self.made[key] = (
                self.fitted[k].generate(replace(request, rows=rows), seed=seed_at(self.seed, "gap", "loop", *key)).records
            )
        return self.made[key]

    def _learn(self, k: int) -> Dataset:
        return self.records.take(np.flatnonzero(self.fold != k))


def close(
    records: Dataset, requests: Sequence[Request], means: Means, *, rounds: int, unit: np.ndarray | None = None, seed: int = 0
) -> Closed:
    """Try requests for at most `rounds` rounds on records that may be learnt from, and keep those whose slice gains.

    A round: in each of 3 folds of whole units the learner is fitted without and with the records of all requests at once, made by
    the generator that was fitted on the same two other folds; the gain of a request is the fall of the mean loss in its slice,
    with an interval by unit. Kept: its one-sided 90 % bound is above 0. Dropped: below 0, fewer than 10 units to tell by, records
    that cannot be made, or rounds at an end. Changed, else: first another size (twice as many if there was a gain, else or where
    that is over half of all records half as many), then a condition with one demand less. A kept request that turns bad beside
    others is dropped.
    With `rounds` 0 all are kept, untried, whose condition any of these records meets. Never give it sealed records: it sees
    `records` alone. Its choices are made on the records that it was given, so that its gains are hopeful; only a trial that
    repeats it inside each fold judges it.
    Bounded: of more than 20,000 records a random part by unit is used; 3 fits of the generator, 3 (rounds + 1) of the learner.
    """
    unit = records.units() if unit is None else unit
    if rounds < 1 or not requests:
        return Closed(tuple(one for one in requests if one.where is None or one.where.mask(records.records).any()), ())
    rows, _ = bounded(records.rows, unit, seed=seed, most=MOST_RECORDS)
    part, own = records.take(rows), unit[rows]
    truth = target_array(part.column(means.purpose.target), means.purpose)
    bench = _Bench(part, own, deal(own, truth, FOLDS, seed=seed_at(seed, "gap", "loop")), means, seed, records.rows)
    everywhere = np.ones(part.rows, bool)
    tried = [_Tried(one, one.where.mask(part.records) if one.where else everywhere) for one in requests]
    base = bench.losses([])
    history: list[dict[str, Any]] = []
    for number in range(rounds):
        tried, facts = _round(bench, tried, base, last=number == rounds - 1)
        history.append({"round": number + 1, **facts})
        if all(one.decision != "changed" for one in tried):
            break
    return Closed(tuple(one.request for one in tried if one.decision == "kept"), tuple(history))


def _round(bench: _Bench, tried: list[_Tried], base: np.ndarray, *, last: bool) -> tuple[list[_Tried], dict[str, Any]]:
    failed = {place: why for place, one in enumerate(tried) if one.decision != "dropped" and (why := _unmade(bench, one))}
    active = [one.request for place, one in enumerate(tried) if one.decision != "dropped" and place not in failed]
    gain = base - bench.losses(active) if active else np.zeros(len(base))
    after: list[_Tried] = []
    facts: list[dict[str, Any]] = []
    for place, one in enumerate(tried):
        if one.decision == "dropped":
            after.append(one)
            continue
        value, reach, units = _gained(gain, one.slice, bench.unit)
        if place in failed:
            then, why = replace(one, decision="dropped"), failed[place]
        else:
            then, why = _decide(one, value, reach, units=units, last=last, total=bench.total)
        known = place not in failed and np.isfinite(reach)
        facts.append(
            {
                "request": one.request.name,
                "where": one.request.where.text if one.request.where else None,
                "rows": one.request.rows,
                "gain": {"value": value, "low": value - reach, "high": value + reach, "n": units} if known else None,
                "decision": then.decision,
                "why": why,
            }
        )
        after.append(then)
    whole, reach, _ = _gained(gain, np.ones(len(base), bool), bench.unit)
    overall = {"value": whole, "low": whole - reach, "high": whole + reach} if active else None
    return after, {"said": "; ".join(map(_said, facts)), "gain_overall": overall, "requests": facts}


def _said(fact: dict[str, Any]) -> str:
    """A request's round in short words."""
    gain = fact["gain"]
    seen = f", gain {gain['value']:+.3g} [{gain['low']:+.3g}, {gain['high']:+.3g}]" if gain else ""
    return f"{fact['request']}, {fact['rows']:,} records{seen}: {fact['decision']}, {fact['why']}"


def _unmade(bench: _Bench, one: _Tried) -> str:
    """Why the records of a request cannot be made in some fold; "" when they can."""
    if not one.slice.any():
        return NOBODY
    try:
        for k in range(FOLDS):
            bench.answer(k, one.request)
    except (RequestError, GenerateError) as error:
        return error.met.rstrip(".")
    return ""


def _gained(gain: np.ndarray, inside: np.ndarray, unit: np.ndarray) -> tuple[float, float, int]:
    """Mean gain in a slice, the reach of its one-sided 90 % bound by unit (NaN below two units), and its units."""
    names, place = np.unique(unit[inside], return_inverse=True)
    if len(names) < 2:
        return float(gain[inside].mean()) if inside.any() else 0.0, float("nan"), len(names)
    value = float(gain[inside].mean())
    sums = np.bincount(place.reshape(-1), weights=gain[inside] - value)
    error = np.sqrt((sums**2).sum() * len(names) / (len(names) - 1)) / int(inside.sum())
    return value, float(norm.ppf(LIKELY) * error), len(names)


def _decide(one: _Tried, value: float, reach: float, *, units: int, last: bool, total: int) -> tuple[_Tried, str]:
    if units < FEW_UNITS:
        return replace(one, decision="dropped"), f"{units} units of the slice are too few to see a gain by"
    if value - reach > 0:
        return replace(one, decision="kept"), "its slice gained"
    if value + reach < 0:
        return replace(one, decision="dropped"), "its slice was harmed"
    if one.decision == "kept":
        return one, "it gained before, and is not harmed"
    if last:
        return replace(one, decision="dropped"), "no gain was shown in the rounds allowed"
    changed, how = _changed(one, value, total)
    if changed is None:
        return replace(one, decision="dropped"), "no gain was shown, and there is nothing left to change"
    return replace(one, request=changed, changes=one.changes + 1), f"no gain was shown: {how}"


def _changed(one: _Tried, value: float, total: int) -> tuple[Request | None, str]:
    request = one.request
    if one.changes % 2 == 1 and request.where is not None:
        broad = wider(request.where)
        if broad is not None:
            return replace(request, where=broad), f"asked under '{broad}' next"
    more, less = min(2 * request.rows, max(1, round(MOST_SHARE * total))), max(FEWEST_ROWS, request.rows // 2)
    sizes = [more, less] if value > 0 else [less]
    rows = next((size for size in sizes if size != request.rows), request.rows)
    return (replace(request, rows=rows), f"{rows:,} rows next") if rows != request.rows else (None, "")
