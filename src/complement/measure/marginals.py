"""What a report draws of columns and pairs: bars and matrices, coarse enough that no single real record stands in them."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10
from typing import Any

import numpy as np

from complement.core.contracts import Context
from complement.core.dataset import Dataset
from complement.core.schema import Column
from complement.core.values import absent, as_numbers, as_text
from complement.measure.associations import associations
from complement.measure.coded import learn
from complement.measure.drawn import drawn
from complement.measure.fidelity.shape import Shape
from complement.measure.privacy.attack import compared
from complement.models.nearness import MEASURED

MOST_COLUMNS = 60
LEAST = 10  # real records behind a bar
BINS, MOST_BARS = 10, 12
MOST_ROWS = 20_000  # records a side
DIGITS = 2  # of the width between neighbouring quantiles: edges are rounded to it, so that none is somebody's value
OTHER, MISSING = "other", "missing"
DAY = 86_400


def details(synthetic: Dataset, context: Context, *, seed: int = 0) -> dict[str, Any]:
    """Bars of each column and associations of each pair, real and synthetic, as JSON for the report.

    {"columns": [{"name", "kind", "distance", "base", "bins": [labels], "real": [shares], "synthetic": [shares]}], "pairs":
    {"names": [...], "real": [[...]], "synthetic": [[...]]}, "left_out": columns not shown}. Real means train; "base" is None
    without tune. At most 60 columns: the target, then those farthest off beyond the base, in the order of the schema. No bar
    stands for fewer than 10 real records: rarer levels are "other", together with the least of the rest if those are too few;
    edges are rounded quantiles, or a value that a tenth of the records share, and never the largest value. With fewer than 10
    real records there are no bars and no pairs. At most
    20,000 records a side are looked at; shares are rounded to .001, associations (`measure.associations`) to .01.
    """
    train = drawn(context.train, MOST_ROWS, seed, "details", "train")
    made = drawn(synthetic, MOST_ROWS, seed, "details", "synthetic")
    apart = Shape(most_rows=MOST_ROWS, seed=seed).by_column(synthetic, context)
    columns = _chosen(compared(context.schema), apart)
    enough = train.rows >= LEAST and made.rows > 0
    shown = [_column(train, made, column, apart[column.name]) for column in columns] if enough else []
    codes = learn(train, columns) if enough else []
    hang = [np.round(associations(side, codes), 2).tolist() for side in (train, made)] if enough else [[], []]
    names = [column.name for column in columns] if enough else []
    return {
        "columns": shown,
        "pairs": {"names": names, "real": hang[0], "synthetic": hang[1]},
        "left_out": len(compared(context.schema)) - len(shown),
    }


def _chosen(columns: list[Column], apart: dict[str, tuple[float, ...]]) -> list[Column]:
    def beyond(column: Column) -> tuple[bool, float]:
        far = apart.get(column.name, (0.0,))
        return column.role != "target", -(far[0] - (far[1] if len(far) > 1 else 0.0))

    kept = {column.name for column in sorted(columns, key=beyond)[:MOST_COLUMNS]}
    return [column for column in columns if column.name in kept]


def _column(train: Dataset, made: Dataset, column: Column, apart: tuple[float, ...]) -> dict[str, Any]:
    bars = _of_numbers if column.kind in MEASURED else _of_words
    labels, real, synthetic = bars(train, made, column)
    return {
        "name": column.name,
        "kind": column.kind,
        "distance": round(apart[0], 4),
        "base": round(apart[1], 4) if len(apart) > 1 else None,
        "bins": labels,
        "real": [round(float(share), 3) for share in real],
        "synthetic": [round(float(share), 3) for share in synthetic],
    }


def _of_words(train: Dataset, made: Dataset, column: Column) -> tuple[list[str], np.ndarray, np.ndarray]:
    sides = [as_text(side.column(column.name)) for side in (train, made)]
    known = sides[0][~absent(sides[0])].astype(str)
    names, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = [str(names[place]) for place in order if counts[place] >= LEAST][: MOST_BARS - 2]
    codes = [_coded(words, kept) for words in sides]
    return _merged([*kept, OTHER, MISSING], codes[0], codes[1])


def _coded(words: np.ndarray, kept: list[str]) -> np.ndarray:
    place = {word: number for number, word in enumerate(kept)}
    return np.array([len(kept) + 1 if word is None else place.get(word, len(kept)) for word in words], int)


def _of_numbers(train: Dataset, made: Dataset, column: Column) -> tuple[list[str], np.ndarray, np.ndarray]:
    sides = [as_numbers(side.column(column.name)) for side in (train, made)]
    edges = _edges(sides[0][np.isfinite(sides[0])], column)
    last = len(edges) + 1
    codes = [np.where(np.isnan(side), last + 1, np.searchsorted(edges, side, side="right")) for side in sides]
    return _merged([*_spans(edges, column), OTHER, MISSING], *(np.where(code == last, last, code) for code in codes))


def _edges(values: np.ndarray, column: Column) -> np.ndarray:
    """Rounded quantiles between which, and beyond which, at least 10 real records lie."""
    if len(values) < 2 * LEAST:
        return np.zeros(0)
    distinct, counts = np.unique(values, return_counts=True)
    own = distinct[counts * BINS >= len(values)]  # zeros, say: a value that a bin's worth of records share
    rest = values[~np.isin(values, own)]
    inner = np.unique(np.quantile(rest, np.arange(1, BINS) / BINS)) if len(rest) >= 2 * LEAST else np.zeros(0)
    width = float(np.median(np.diff(inner))) if len(inner) > 1 else float(values.std()) or 1.0
    step = DAY if column.kind in ("date", "datetime") else 10.0 ** (floor(log10(width)) + 1 - DIGITS)
    step = max(1.0, step) if column.kind == "integer" else step
    after = own + (1.0 if column.kind == "integer" else step)
    found = np.unique(np.concatenate([np.round(inner / step) * step, own, after]))
    edges: list[float] = []
    for edge in found[found > distinct[0]]:
        before = edges[-1] if edges else -np.inf
        if ((values >= before) & (values < edge)).sum() >= LEAST and (values >= edge).sum() >= LEAST:
            edges.append(float(edge))
    return np.array(edges)


def _spans(edges: np.ndarray, column: Column) -> list[str]:
    words = [_edge(edge, column) for edge in edges]
    if not words:
        return ["all"]
    between = [f"{low} to {high}" for low, high in pairwise(words)]
    return [f"below {words[0]}", *between, f"{words[-1]} or more"]


def _edge(value: float, column: Column) -> str:
    if column.kind in ("date", "datetime"):
        return str(np.datetime64(round(value), "s").astype("datetime64[D]"))
    return f"{value:.10g}"


def _merged(labels: list[str], real: np.ndarray, made: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Shares of each label; those of fewer than 10 real records are "other", which joins the least label if it is too few."""
    counts = np.bincount(real, minlength=len(labels))
    other = labels.index(OTHER)
    into = np.where(counts < LEAST, other, np.arange(len(labels)))
    if 0 < counts[into == other].sum() < LEAST and (into != other).any():
        least = min(np.flatnonzero(into != other), key=lambda place: counts[place])
        labels = [f"{label} or {OTHER}" if place == least else label for place, label in enumerate(labels)]
        into = np.where(into == other, least, into)
    sides = [np.bincount(into[codes], minlength=len(labels)) / max(1, len(codes)) for codes in (real, made)]
    shown = [place for place in range(len(labels)) if sides[0][place] + sides[1][place] > 0]
    return [labels[place] for place in shown], sides[0][shown], sides[1][shown]
