"""Leaks: the ways in which the numbers could lie, each with a code. An error voids the verdict, a finding stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from complement.core.dataset import Dataset
from complement.core.seed import rng_at
from complement.core.verdict import Leak
from complement.models.fingerprint import codes_of, fingerprints
from complement.prove.agreement import agreement, by_nature, limit

MIN_DISTINCT = 100  # a column with fewer distinct values says little about who a record is
SURE_COLUMNS, SURE_MATCHES = 2, 3  # by chance alone, agreement in two such columns does not happen, in one it rarely does
NEARER_Z = 4.0  # standard errors; under the null one file in 30,000
# A made record is "alone with" a sealed one that is four times nearer than the second nearest. Real records are so by chance in
# 0 to 1 % (14 % where three coarse columns are all there is); what six built-in ways of making gave on five real tables stays
# within 2 standard errors of that, copies of sealed records with a jitter of 5 % of the spread reach 10 and more.
ALONE, TWICE = 0.25, 2.0
# Along up to five nearest records the next one may be four times as far: in one column by chance for a third of the records, in
# two for 7 % (powers of 1/4). More than half of them have it only where records were repeated with noise.
TWINS, MOST_TWINS, FEWEST = 5, 0.5, 20
SAMPLE = 2000


def matches(pool: Dataset, train: Dataset, test: Dataset) -> dict[str, float]:
    """How often made records repeat sealed ones, and records that were open to the maker.

    "distinctive": sealed records repeated that are unique in the real data over their high-entropy columns, and
    "distinctive_chance": how many of them because records repeat by nature; "columns": how many such columns there are;
    "sealed", "train": share of records repeated at all; "rows", "train_rows": of how many;
    "agreeing" and its kin: sealed records that are repeated in some of their columns (see `agreement`).
    """
    names = [column.name for column in test.schema.features()] + [c.name for c in test.schema.with_role("target")]
    made = fingerprints(pool.records, names, near=True)
    real = np.concatenate([fingerprints(part.records, names, near=True) for part in (test, train)])
    sealed, seen = np.split(np.isin(real, made), [test.rows])
    telling = _telling_columns(train, test)
    distinctive, chance = 0, 0.0
    if telling:
        keys = np.concatenate([fingerprints(part.records, telling, near=True) for part in (test, train)])
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        alone = counts[inverse] == 1
        distinctive = int((sealed & alone[: test.rows]).sum())
        chance = by_nature(seen[alone[test.rows :]], made, real) * int(alone[: test.rows].sum())
    return {
        "distinctive": distinctive,
        "distinctive_chance": chance,
        "columns": len(telling),
        "sealed": float(sealed.mean()),
        "train": float(seen.mean()),
        "rows": test.rows,
        "train_rows": train.rows,
        "alone": aloneness(pool, train, test),
        "twins": twins(train, test),
        **agreement(pool, train, test),
    }


def _telling_columns(train: Dataset, test: Dataset) -> list[str]:
    least = max(MIN_DISTINCT, (train.rows + test.rows) // 20)
    both = {column.name: (train.column(column.name), test.column(column.name)) for column in test.schema.features()}
    return [
        name
        for name, (one, other) in both.items()
        if len(np.union1d(codes_of(one, near=True), codes_of(other, near=True))) >= least
    ]


def nearness(pool: Dataset, train: Dataset, test: Dataset) -> float:
    """How much nearer sealed records are to made ones than records open to the maker are, in standard errors (Mann-Whitney)."""
    from scipy.stats import rankdata

    made, one, other = _places(train, (pool, 10 * SAMPLE), (test, SAMPLE), (train, SAMPLE))
    near = [_nearest(made, part, 1)[:, 0] for part in (one, other)]
    sealed, seen = len(near[0]), len(near[1])
    ranks = rankdata(np.concatenate(near))[:sealed]
    share = 1 - (ranks.sum() - sealed * (sealed + 1) / 2) / (sealed * seen)
    return float((share - 0.5) / np.sqrt((sealed + seen + 1) / (12 * sealed * seen)))


def aloneness(pool: Dataset, train: Dataset, test: Dataset) -> float:
    """Whether made records lie suspiciously near to single sealed ones, in standard errors (two proportions); 0 where not.

    Altered copies of sealed records do, also where open records are copied as much, which hides them from `nearness`. The
    ratio of the distances to the nearest and second nearest sealed record does not depend on how dense records are there;
    records to learn from, which are real and were not made from sealed ones, say what chance gives. Under twice that is 0.
    """
    sealed, made, real = _places(train, (test, 10 * SAMPLE), (pool, SAMPLE), (train, SAMPLE))
    if len(sealed) < 2:
        return 0.0
    alone = [_alone(_nearest(sealed, part, 2)) for part in (made, real)]
    shares = [float(part.mean()) for part in alone]
    every = float(np.concatenate(alone).mean())
    error = np.sqrt(every * (1 - every) * (1 / len(made) + 1 / len(real)))
    return float((shares[0] - shares[1]) / error) if error > 0 and shares[0] > TWICE * shares[1] else 0.0


def twins(train: Dataset, test: Dataset) -> float:
    """The share of sealed records with a few open ones very close by and then a gap: nearly the same record on both sides.

    Equal records do not count: those that are copies were joined to one unit, and others are equal by nature.
    """
    learnt, sealed = _places(train, (train, 10 * SAMPLE), (test, SAMPLE))
    if len(sealed) < FEWEST:
        return 0.0
    distance = _nearest(learnt, sealed, min(TWINS + 1, len(learnt)))
    near, further = distance[:, :-1], distance[:, 1:]
    return float(((near > 0) & (near < ALONE * further)).any(axis=1).mean())


def _places(train: Dataset, *parts: tuple[Dataset, int]) -> list[np.ndarray]:
    """Where at most so many records of each part stand, drawn at random, scaled by the learning part."""
    from complement.models.encoder import Encoder

    def drawn(part: Dataset, most: int) -> Dataset:
        return part if part.rows <= most else part.take(np.sort(rng_at(0, "leaks", part.rows).permutation(part.rows)[:most]))

    learnt = drawn(train, 10 * SAMPLE)
    encoder = Encoder().fit(learnt, learnt.weight)
    return [np.nan_to_num(encoder.transform(drawn(*part))) for part in parts]


def _nearest(among: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=count).fit(among).kneighbors(of)[0]


def _alone(distance: np.ndarray) -> np.ndarray:
    return distance[:, 0] < ALONE * distance[:, 1]


def leaks_of(facts: Iterable[Mapping[str, float]], *, delivered: bool, nearer: float | None = None) -> list[Leak]:
    """The leaks that repeated records give away. `delivered`: the pool is a file that was made elsewhere."""
    found: list[Leak] = []
    every = [fact for fact in facts if fact]
    columns = max((fact["columns"] for fact in every), default=0)
    distinctive = sum(fact["distinctive"] for fact in every)
    natural = sum(fact.get("distinctive_chance", 0.0) for fact in every)
    # Where records do not repeat by nature, a few are proof; where they do, there must clearly be more than that gives.
    least = limit(natural) if natural else 1 if columns >= SURE_COLUMNS else SURE_MATCHES
    partly = _partly(every)
    code, who = ("repeats-sealed", "The delivered file repeats") if delivered else ("fitted-on-sealed", "Made records repeat")
    if distinctive >= least:
        by_chance = f" (by nature about {natural:,.1f} would be)" if natural else ""
        note = f"{who} {distinctive:,.0f} sealed records that are unique in the real data{by_chance}: the maker had seen them."
        found.append(Leak(code, "error", note))
    elif partly is not None:
        note = (
            f"{who} {partly['agreeing']:,.0f} sealed records in {partly['agreeing_columns']:.0f} columns in which they are unique"
            f" in the real data (chance gives at most about {partly['agreeing_chance']:,.1f}): whoever made them had seen them."
        )
        found.append(Leak(code, "error", note))
    elif every and delivered:
        gap, error = _rate_gap(every)
        if gap > NEARER_Z * error:
            rate = 100 * np.mean([fact["sealed"] for fact in every])
            note = f"{rate:.1f} % of the sealed records are repeated, more than of the records open to the maker."
            found.append(Leak("repeats-sealed", "finding", note))
    paired = float(np.median([fact.get("twins", 0.0) for fact in every])) if every else 0.0
    if paired > MOST_TWINS:
        note = f"{100 * paired:.0f} % of the sealed records have near copies among those learnt from: they count for too much."
        found.append(Leak("near-copies", "finding", note))
    alone = float(np.median([fact.get("alone", 0.0) for fact in every])) if every else 0.0
    if any(leak.code != "near-copies" for leak in found):
        return found
    if nearer is not None and nearer > NEARER_Z:
        note = f"Sealed records lie nearer to the file than open ones do (z = {nearer:.1f}): it may hold altered copies of them."
        found.append(Leak("nearer-to-sealed", "finding", note))
    elif alone > NEARER_Z:
        note = f"Made records lie suspiciously near to single sealed ones (z = {alone:.1f}): they may be altered copies of them."
        found.append(Leak("nearer-to-sealed", "finding", note))
    return found


def _partly(every: list[Mapping[str, float]]) -> Mapping[str, float] | None:
    """The cut with most sealed records repeated in part, if they are more than chance gives."""
    copied = [fact for fact in every if fact.get("agreeing", 0.0) >= limit(fact.get("agreeing_chance", 0.0))]
    return max(copied, key=lambda fact: fact["agreeing"], default=None)


def _rate_gap(every: list[Mapping[str, float]]) -> tuple[float, float]:
    sealed = float(np.mean([fact["sealed"] for fact in every]))
    train = float(np.mean([fact["train"] for fact in every]))
    rows, train_rows = sum(f["rows"] for f in every), max(f["train_rows"] for f in every)
    variance = sealed * (1 - sealed) / max(rows, 1) + train * (1 - train) / max(train_rows, 1)
    return sealed - train, float(np.sqrt(variance)) or 1e-9
