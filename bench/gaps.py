"""The gap finder on gaps that were planted in real tables, and on tables whose losses are permuted.

    python bench/gaps.py planted --out bench/results/gaps.json                 # 20 for each of 5 tables
    python bench/gaps.py permuted --trials 50 --rows 1500                      # 50 for each of 5 tables
    python bench/gaps.py quiet --trials 60 --rows 1000                         # worlds without a gap (gap_worlds.py)
    python bench/gaps.py closed --trials 12                                    # complement run on a part that was removed
    python bench/gaps.py cost                                                  # CPU-seconds by records

`planted`: a slice of 5 to 15 % of a random part of a real table, by one random column or two (their own random ranges, not the
finder's), is *noised* (every target in it drawn at random, so that the learner is weak there), *thinned* (a tenth of its records
stay) or *removed*; for the latter two the finder gets fresh records without a target as what is expected. Found: one of the first
three gaps has a Jaccard index of at least .5 with the planted slice, on records where it is whole. The table has its own gaps
that compete for the three places. `permuted`: losses in random order across units, and all else as ever. `quiet`: no slice is
worse than another, and all else is done to make it seem so; `shadow`: one is, and a second one must not be reported.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from gap_worlds import WORLDS
from gaps_data import TABLES, part
from scipy.stats import binomtest

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.gap import Gaps
from complement.core.purpose import Purpose
from complement.core.seed import rng_at
from complement.core.values import as_numbers, as_text
from complement.gap.losses import Losses, losses_of
from complement.gap.search import Shuffled, overlap
from complement.gap.thin import find_thin, merged
from complement.gap.weak import Task, find_weak

HOW = ("noised", "noised", "thinned", "removed")  # in turn: half of the trials are noised
FIRST, ALIKE = 3, 0.5
SHARES, LEFT = (0.05, 0.15), 0.1
LEFT_OVER = ("0", "30")  # records of the removed part that are put back
RICH = 2
RAISED = 1.5  # standard deviations by which a true gap's losses are raised


def plant(records: Dataset, others: Dataset, rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
    """A random slice in words, and its mask on both parts."""
    features = records.schema.features()
    while True:
        masks = [np.ones(records.rows, bool), np.ones(others.rows, bool)]
        words = []
        for k in rng.choice(len(features), rng.integers(1, 3), replace=False):
            column = features[k]
            sides = [one.column(column.name) for one in (records, others)]
            if column.kind == "category":
                texts = [as_text(side) for side in sides]
                value = rng.choice(sorted({word for word in texts[0] if word is not None}))
                tests = [words_ == value for words_ in texts]
                words.append(f"{column.name} = {value}")
            else:
                numbers = [as_numbers(side) for side in sides]
                start = rng.random() * 0.8
                low, high = np.nanquantile(numbers[0], [start, min(1.0, start + rng.uniform(0.15, 0.5))])
                tests = [(side > low) & (side <= high) for side in numbers]
                words.append(f"{low:g} < {column.name} <= {high:g}")
            masks = [mask & test for mask, test in zip(masks, tests, strict=True)]
        if SHARES[0] <= masks[0].mean() <= SHARES[1]:
            return " and ".join(words), masks[0], masks[1]


def trial_of(name: str, number: int, rows: int) -> dict[str, object]:
    how = HOW[number % len(HOW)]
    records, later, purpose = part(name, rows, number)
    rng = rng_at(number, "gaps", "plant", name)
    words, mask, later_mask = plant(records, later, rng)
    task = Task(purpose, catalog.learner("lightgbm"))
    if how == "noised":
        found = find_weak(noised(records, mask, purpose, rng), task, most=FIRST)
        whole, truth = records, mask
    else:
        left = ~mask | (rng.random(records.rows) < LEFT if how == "thinned" else False)
        real = records.take(np.flatnonzero(left))
        found = merged(find_weak(real, task, most=FIRST), find_thin(real, later, most=FIRST), most=FIRST)
        whole, truth = later, later_mask
    return {
        "table": name,
        "trial": number,
        "how": how,
        "planted": words,
        "share": float(truth.mean()),
        **judged(found, whole, truth),
    }


def noised(records: Dataset, mask: np.ndarray, purpose: Purpose, rng: np.random.Generator) -> Dataset:
    """The records with every target in the slice drawn at random: a class, or the target of any record."""
    place = records.records.column_names.index(purpose.target)
    column = records.column(purpose.target)
    if purpose.task == "regression":
        values = np.array(column.to_pylist(), float)
        values[mask] = rng.choice(values, int(mask.sum()))
        drawn = pa.array(values).cast(column.type)
    else:
        texts = as_text(column)
        texts[mask] = rng.choice(list(purpose.classes), int(mask.sum()))
        drawn = pa.array(list(texts), pa.string())
    return Dataset.of(records.records.set_column(place, purpose.target, drawn), records.schema, lineage=records.lineage)


def judged(found: Gaps, whole: Dataset, truth: np.ndarray) -> dict[str, object]:
    alike = [overlap(gap.where.mask(whole.records), truth) for gap in found.found]
    rank = next((place + 1 for place, value in enumerate(alike) if value >= ALIKE), None)
    return {"rank": rank, "alike": max(alike, default=0.0), "gaps": [gap.where.text for gap in found.found]}


def permuted(name: str, number: int, rows: int) -> dict[str, object]:
    """Whether a gap is reported on losses in random order: a part, a fit, a permutation and a null of its own."""
    records, _, purpose = part(name, rows, 1000 + number)
    unit = records.units()
    losses = shuffled(records, purpose, unit, number)
    task = Task(purpose, catalog.learner("lightgbm"))
    found = find_weak(records, task, unit=unit, most=1, seed=number, losses=losses)
    return {"table": name, "number": number, "reported": len(found) > 0, "p": [one.p for one in found.found]}


def shuffled(records: Dataset, purpose: Purpose, unit: np.ndarray, number: int) -> Losses:
    losses = losses_of(records, purpose, catalog.learner("lightgbm", trees=30), unit=unit, seed=number)
    order = Shuffled.of(unit).draw(np.arange(records.rows), rng_at(number, "gaps", "permuted"))
    return losses.take(order)


def shadow(number: int, rows: int) -> dict[str, object]:
    """One true gap on losses in random order: is a gap reported in which it is not at least twice as frequent as in the table?"""
    records, others, purpose = part(TABLES[number % len(TABLES)], rows, 2000 + number)
    unit = records.units()
    losses = shuffled(records, purpose, unit, number)
    _, mask, _ = plant(records, others, rng_at(number, "gaps", "shadow"))
    lifted = losses.surplus + RAISED * losses.value.std() * mask
    raised = Losses(losses.loss + lifted - losses.surplus, lifted, losses.unrest, losses.scores)
    found = find_weak(records, Task(purpose, catalog.learner("lightgbm")), unit=unit, most=FIRST, seed=number, losses=raised)
    inside = [float(mask[gap.where.mask(records.records)].mean()) for gap in found.found]
    return {"world": "shadow", "number": number, "reported": any(one < RICH * mask.mean() for one in inside), "inside": inside}


def heavy(number: int, rows: int) -> dict[str, object]:
    """The world `tails`, its losses in random order: what tails do to chance, apart from what outliers do to a learner."""
    records, task, unit = WORLDS["tails"](rows, 3000 + number)
    losses = shuffled(records, task.purpose, unit, number)
    found = find_weak(records, task, unit=unit, most=FIRST, seed=number, losses=losses)
    return {"world": "heavy", "number": number, "reported": len(found) > 0, "gaps": [one.where.text for one in found.found]}


def quiet(world: str, number: int, rows: int) -> dict[str, object]:
    """Whether a gap is reported in a world without one, and whether any is said to be more than what the scores announce."""
    if world in ("shadow", "heavy"):
        return (shadow if world == "shadow" else heavy)(number, rows)
    records, task, unit = WORLDS[world](rows, 3000 + number)
    found = find_weak(records, task, unit=unit, most=FIRST, seed=number)
    more = [one.where.text for one in found.found if "may be noise" not in one.reason]
    return {
        "world": world,
        "number": number,
        "reported": len(found) > 0,
        "gaps": [one.where.text for one in found.found],
        "more_than_noise": len(more),
    }


def cost(rows: int) -> dict[str, float]:
    from complement.gap.ask import requests_of
    from complement.gap.loop import Means, close

    records, _, purpose = part("adult", rows, 0)
    started = time.process_time()
    found = find_weak(records, Task(purpose, catalog.learner("lightgbm")), most=3)
    middle = time.process_time()
    close(records, requests_of(found.found), Means(catalog.generator("trees"), catalog.learner("lightgbm"), purpose), rounds=3)
    return {"rows": rows, "find": middle - started, "close": time.process_time() - middle, "gaps": len(found)}


def share(hits: int, runs: int) -> str:
    interval = binomtest(hits, runs).proportion_ci(0.95, method="exact")
    return f"{hits} of {runs} ({hits / runs:.1%} [{interval.low:.1%}, {interval.high:.1%}])"


def closed(left: str, number: int, rows: int) -> dict[str, object]:
    """The example closing-a-gap on another draw, with so many of the houses that were taken out put back."""
    from complement.examples.data import _houses, _order, write_example
    from complement.run import run

    del rows
    with TemporaryDirectory() as place:
        recipe = write_example("closing-a-gap", place, draw=number)
        recipe.write_text(recipe.read_text() + f"\nseed: {number}\n")
        houses = _houses()
        learnt = houses.iloc[_order(len(houses), number)[:300]]
        back = learnt[learnt["Fireplaces"] >= 1].index[: int(left)]
        whole = {*back, *learnt[learnt["Fireplaces"] < 1].index}
        houses.loc[[row for row in learnt.index if row in whole]].to_csv(recipe.parent / "records.csv", index=False)
        done = run(recipe)
        (verdict,) = done.judgement.verdicts
        said = json.loads((done.folder / "2-gap" / "gaps.json").read_text())
    return {
        "left": left,
        "number": number,
        "state": verdict.state,
        "code": verdict.code,
        "effect": [verdict.effect.value, verdict.effect.low, verdict.effect.high],
        "real_only": verdict.baseline.value,
        "gaps": [one["where"] for one in said["gaps"]],
        "requests": [one["where"] for one in said["requests"]],
        "said": said["said"],
    }


def counted(lines: list[dict[str, object]]) -> dict[str, str]:
    """Per table, world and kind of planting: in how many trials the planted gap was found, or a gap reported."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for line in lines:
        if "state" in line:
            counts[f"{line['left']} left, HELPS"].append(line["state"] == "HELPS")
            continue
        for key in ("all", *(str(line[word]) for word in ("table", "how", "world") if word in line)):
            counts[key].append(line["rank"] is not None if "rank" in line else bool(line["reported"]))
    return {key: share(sum(hits), len(hits)) for key, hits in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["planted", "permuted", "quiet", "closed", "cost"])
    parser.add_argument("--trials", type=int, default=20, help="per table or world")
    parser.add_argument("--first", type=int, default=20, help="number of the first trial; settings were chosen on 0 to 5")
    parser.add_argument("--worlds", nargs="+", default=[*WORLDS, "heavy", "shadow"])
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines: list[dict[str, object]] = []
    if given.what != "cost":
        work = {"planted": trial_of, "permuted": permuted, "quiet": quiet, "closed": closed}[given.what]
        names = {"quiet": given.worlds, "closed": LEFT_OVER}.get(given.what, given.tables)
        for number in range(given.first, given.first + given.trials):
            for name in names:
                lines.append(work(name, number, given.rows))
                print(json.dumps(lines[-1]), flush=True)
        shown = counted(lines)
    else:
        lines = [cost(rows) for rows in (2000, 10_000)]
        shown = {str(line["rows"]): json.dumps(line) for line in lines}
    print("\n".join(f"{key:16} {text}" for key, text in shown.items()))
    if given.out:
        kept = json.loads(given.out.read_text()) if given.out.exists() else {}
        kept[given.what] = {"rows": given.rows, "first": given.first, "shown": shown, "lines": lines}
        given.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
