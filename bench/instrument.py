"""The instrument's own tests: how often a verdict is false, how often it finds a planted effect, whether intervals cover.

    python bench/instrument.py nulls|balanced|power|all [--runs N] [--workers 2] --out bench/results/instrument.json

Every run is one `judge` on 500 simulated records, 5 folds x 5 seeds, a fixed weight, all competitors. Guards are left out
here: they can only turn HELPS into MIXED, so without them the count of false HELPS is larger, never smaller. Runs are a
function of their number: the same N gives the same table. Costs and real data stand in `on_real_data.py`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from simulators import Case, FreshRows, Law, learner_of, true_deltas, truth_of

from complement import catalog
from complement.core.verdict import Verdict
from complement.generate.bootstrap import Bootstrap
from complement.prove import arms, fits, trial, verdicts
from complement.prove.arms import Training
from complement.prove.metric_ranks import auroc
from complement.prove.plan import Plan
from complement.prove.pool import Ask, Refit
from complement.prove.trial import judge

ALPHA, SEEDS, FURTHER = 0.05, 5, 5
CALIBRATION = 6  # data sets by which the share of flipped targets is set for a wanted true difference
FLIPS = (-1.0, -0.5, 0.0, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6)
BALANCED = {"logistic": Law("linear", 5, 1.5), "tree": Law("linear", 5, 1.5)}
PLANTED = Case(Law("linear", 60, 30.0), "starved logistic", weight=0.9, times=16.0, fresh_rows=20_000)
TIMES_DETECTABLE = (1.0, 2.0, 4.0, -1.0, -2.0, -4.0)

Row = dict[str, Any]


def verdicts_for(case: Case, generator: object, learners: tuple[str, ...], times: float) -> tuple[tuple[Verdict, ...], Row]:
    """The verdicts of one run, and what was planned."""
    pool = Refit(generator, (Ask(times=times),))  # type: ignore[arg-type]
    found = judge(
        trial.Case(case.real(), case.partition(), case.law.purpose, pool),
        trial.Means({name: learner_of(name) for name in learners}, catalog.metric),
        plan=Plan(weights=(case.weight,), curve=False, seeds=SEEDS, seed=case.seed),
    )
    return found.verdicts, found.planned["detectable_effect"]  # type: ignore[return-value]


def without_guards() -> None:
    """Leave the guards out of every verdict of this process (see the top of this file)."""
    verdicts.all_guards = lambda contest: []
    fits.atypicality = lambda train, shown: np.zeros(shown.rows)


def exchangeable(seed: int) -> list[Row]:
    """Logistic and tree on random halves of the real records: true difference 0 in every data set."""
    case = Case(Law("linear", 5, 1.5), "half", seed=seed)
    found, _ = verdicts_for(case, Bootstrap(), ("half logistic", "half tree"), 1.0)
    return [_row(verdict, 0.0) for verdict in found]


def balanced(seed: int, learner: str, flip: float, slope: float) -> list[Row]:
    """Fresh rows with as many wrong targets as make the true difference of this very data set 0, in one Newton step."""
    case = Case(BALANCED[learner], learner, seed=seed)
    here = _deltas(case, flip, range(SEEDS, SEEDS + FURTHER)).mean()
    return [_judged(case, float(np.clip(flip - here / slope, FLIPS[0], FLIPS[-1])))]


def planted(seed: int, flip: float) -> list[Row]:
    """An effect of chosen size, and what a 5 x 5 corrected t says of the same data with as many fits of the arm."""
    case = replace(PLANTED, seed=seed)
    return [{**_judged(case, flip), "corrected_t": corrected_t(case, flip)}]


def corrected_t(case: Case, flip: float) -> float:
    """The statistic of Nadeau & Bengio (2003) over 5 repeats of 5 folds: mean / sqrt((1/25 + 1/4) s^2)."""
    real, learner, purpose = case.real(), learner_of(case.learner), case.law.purpose
    pool = Refit(FreshRows(case.law, flip), (Ask(times=case.times),))
    deltas: list[float] = []
    for repeat in range(SEEDS):
        partition = case.partition("repeat", repeat)
        for fold in range(case.folds):
            train, test = real.take(partition.train(fold)), real.take(partition.test(fold))
            truth = test.column(purpose.target).to_numpy() == purpose.positive
            made = pool.make(train, total=real.rows, seed=1000 * repeat + fold)
            values: list[float] = []
            for training in (arms.mixed(train, made, case.weight), Training(train, arms.real_mass(train))):
                scores = arms.fit(learner, training, purpose, seed=repeat).predict(test.drop(purpose.target))
                values.append(auroc(truth, scores.column("score").to_numpy(), np.ones(len(truth))))
            deltas.append(values[0] - values[1])
    spread = float(np.var(deltas, ddof=1)) * (1 / len(deltas) + 1 / (case.folds - 1))
    return float(np.mean(deltas) / np.sqrt(spread))


def _judged(case: Case, flip: float) -> Row:
    found, planned = verdicts_for(case, FreshRows(case.law, flip), (case.learner,), case.times)
    truth = truth_of(_deltas(case, flip, range(SEEDS + FURTHER)), SEEDS)
    return {**_row(found[0], truth), "flip": flip, "planned": planned[case.learner]}


def _deltas(case: Case, flip: float, draws: range) -> np.ndarray:
    pool = Refit(FreshRows(case.law, flip), (Ask(times=case.times),))
    return true_deltas(case, case.real(), case.partition(), pool, case.seed, draws)


def _row(verdict: Verdict, truth: float) -> Row:
    return {
        "learner": verdict.learner,
        "state": verdict.state,
        "code": verdict.code,
        "value": verdict.effect.value,
        "low": verdict.effect.low,
        "high": verdict.effect.high,
        "truth": truth,
        "detectable": verdict.detectable_effect,
    }


def calibration(case: Case, seed: int) -> np.ndarray:
    """True differences of one data set of its own at every share of FLIPS, one draw per fold."""
    case = replace(case, seed=10**6 + seed)
    return np.array([_deltas(case, flip, range(1)).mean() for flip in FLIPS])


def flip_for(curve: np.ndarray, wanted: float) -> tuple[float, float]:
    """The share of wrong targets at which the mean true difference is `wanted`, and the slope there; the nearest reachable."""
    falling = np.minimum.accumulate(curve)
    flip = float(np.interp(-wanted, -falling, FLIPS))
    at = min(max(int(np.searchsorted(FLIPS, flip)), 1), len(FLIPS) - 1)
    return flip, float((falling[at] - falling[at - 1]) / (FLIPS[at] - FLIPS[at - 1]))


def share(count: int, runs: int) -> Row:
    """A share with its 95 % interval (Clopper & Pearson 1934)."""
    low = float(stats.beta.ppf(ALPHA / 2, count, runs - count + 1)) if count else 0.0
    high = float(stats.beta.ppf(1 - ALPHA / 2, count + 1, runs - count)) if count < runs else 1.0
    return {"count": count, "runs": runs, "share": count / runs, "low": low, "high": high}


def summary(rows: list[Row]) -> Row:
    """What a set of runs says: states, false verdicts, coverage, and the spread of truth and estimate."""
    value, truth = (np.array([row[name] for row in rows]) for name in ("value", "truth"))
    states = [row["state"] for row in rows]
    low, high = (np.array([row[name] for row in rows]) for name in ("low", "high"))
    return {
        "runs": len(rows),
        "states": {state: states.count(state) for state in sorted(set(states))},
        "helps_or_hurts": share(sum(state in ("HELPS", "HURTS") for state in states), len(rows)),
        "interval_excludes_0": share(int(((low > 0) | (high < 0)).sum()), len(rows)),
        "covers_truth": share(int(((low <= truth) & (truth <= high)).sum()), len(rows)),
        "mean_estimate": float(value.mean()),
        "mean_truth": float(truth.mean()),
        "sd_truth": float(truth.std()),
        "true_error": float((value - truth).std(ddof=1)),
        "stated_error": float(np.sqrt(np.mean(((high - low) / 2 / 1.96) ** 2))),
        "detectable": float(np.mean([row["detectable"] for row in rows])),
    }


def power(rows: list[Row]) -> Row:
    """How often the effect is found: by the trial, by the corrected t, and by a z-test that knows the true error."""
    value, truth = (np.array([row[name] for row in rows]) for name in ("value", "truth"))
    sign = 1.0 if truth.mean() > 0 else -1.0
    error = float((value - truth).std(ddof=1))
    right = "HELPS" if sign > 0 else "HURTS"
    bound = np.array([row["low"] if sign > 0 else -row["high"] for row in rows])
    t = sign * np.array([row["corrected_t"] for row in rows])
    count = {
        "right_state": sum(row["state"] == right for row in rows),
        "found": int((bound > 0).sum()),
        "oracle": int((sign * value > stats.norm.ppf(1 - ALPHA / 2) * error).sum()),
        "corrected_t": int((t > stats.t.ppf(1 - ALPHA / 2, 24)).sum()),
    }
    return {
        **summary(rows),
        "planned_detectable": float(np.mean([row["planned"] for row in rows])),
        **{name: share(found, len(rows)) for name, found in count.items()},
    }


def gathered(
    task: Callable[[int], list[Row]], runs: int, workers: int, start: int, note: Callable[[list[Row]], None]
) -> list[Row]:
    """The rows of `runs` runs, whatever the number of workers; `note` hears of every fortieth."""
    rows: list[Row] = []
    with ProcessPoolExecutor(workers, initializer=without_guards) as crew:
        for number, found in enumerate(crew.map(task, range(start, start + runs)), start=1):
            rows += found
            if number % 40 == 0 or number == runs:
                note(rows)
    return rows


def sections(which: str, runs: int, workers: int, note: Callable[[str, Row], None]) -> Iterator[str]:
    """Run the parts that are asked for; each is noted as it grows."""
    if which in ("nulls", "all"):

        def both(rows: list[Row]) -> None:
            for learner in ("half logistic", "half tree"):
                note(f"exchangeable null, {learner}", summary([row for row in rows if row["learner"] == learner]))

        gathered(exchangeable, runs, workers, 0, both)
        yield "nulls"
    if which in ("balanced", "all"):
        for learner, law in BALANCED.items():
            flip, slope = flip_for(_curve(Case(law, learner), workers), 0.0)
            task = partial(balanced, learner=learner, flip=flip, slope=slope)
            gathered(task, runs, workers, 10_000, lambda rows, of=learner: note(f"balanced null, {of}", summary(rows)))
        yield "balanced"
    if which in ("power", "all"):
        curve = _curve(PLANTED, workers)
        first = gathered(partial(planted, flip=flip_for(curve, 0.0)[0]), 8, workers, 20_000, lambda rows: None)
        detectable = float(np.mean([row["detectable"] for row in first]))
        for times in TIMES_DETECTABLE:
            flip, _ = flip_for(curve, times * detectable)
            name = f"planted {times:+g} x detectable"
            reached = float(np.interp(flip, FLIPS, np.minimum.accumulate(curve)))
            if abs(reached - times * detectable) > 0.1 * abs(times) * detectable:
                note(name, {"not reachable": f"{times * detectable:+.4f}; made rows give {curve[0]:+.4f} at most"})
                continue
            gathered(partial(planted, flip=flip), runs, workers, 30_000, lambda rows, of=name: note(of, power(rows)))
        yield "power"


def _curve(case: Case, workers: int) -> np.ndarray:
    with ProcessPoolExecutor(workers) as crew:
        return np.mean(list(crew.map(partial(calibration, case), range(CALIBRATION))), axis=0)


def printed(results: dict[str, Row]) -> str:
    """The table for a person."""
    lines = [f"{'case':34s} {'N':>4s}  {'HELPS+HURTS':24s} {'covers the truth':24s} {'error: true / stated':>20s}"]
    for name, row in results.items():
        if "runs" not in row:
            lines.append(f"{name:34s} {row}")
            continue
        false, covers = (_cell(row[key]) for key in ("helps_or_hurts", "covers_truth"))
        errors = f"{row['true_error']:.4f} / {row['stated_error']:.4f}"
        lines.append(f"{name:34s} {row['runs']:4d}  {false:24s} {covers:24s} {errors:>20s}")
        if "oracle" in row:
            found = {key: f"{100 * row[key]['share']:.0f} %" for key in ("right_state", "found", "oracle", "corrected_t")}
            lines.append(f"{'':40s} {found}; truth {row['mean_truth']:+.4f}; detectable {row['detectable']:.4f}")
    return "\n".join(lines)


def _cell(part: Row) -> str:
    return f"{100 * part['share']:5.1f} % [{100 * part['low']:.1f}, {100 * part['high']:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="?", default="all", choices=("nulls", "balanced", "power", "all"))
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "instrument.json")
    asked = parser.parse_args()
    results: dict[str, Row] = json.loads(asked.out.read_text())["results"] if asked.out.exists() else {}
    begun = time.monotonic()

    def note(name: str, row: Row) -> None:
        results[name] = row
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps({"schema": 1, "rows": 500, "folds": 5, "seeds": SEEDS, "results": results}, indent=1))

    for part in sections(asked.which, asked.runs, asked.workers, note):
        print(f"{part}: {time.monotonic() - begun:.0f} s", flush=True)
    print(printed(results))


if __name__ == "__main__":
    main()
