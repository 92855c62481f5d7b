"""Thin: slices of which the expected records have more than the real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.gap import Gap, Gaps
from complement.core.schema import Column, Schema
from complement.core.score import Score
from complement.gap.ask import rows_to_reach
from complement.gap.atoms import atoms_of
from complement.gap.clusters import named_clusters
from complement.gap.search import Field, Null, Slice, evident, null_of
from complement.gap.weak import LEAST, LEAST_SHARE, bounded, contrast


def find_thin(
    records: Dataset,
    expected: Dataset,
    *,
    unit: np.ndarray | None = None,
    expected_unit: np.ndarray | None = None,
    most: int = 5,
    seed: int = 0,
) -> Gaps:
    """The slices whose share among the expected records is higher than among these beyond chance, at most `most`.

    `expected`: records of the population that the model will meet; its features are compared, a target is not needed and not
    read. The value of the search is 1 for an expected record and 0 for a real one, permuted across units: the same search and
    the same control as in `find_weak`. A slice without a single real record is found, which no search in one file could do.
    Bounded: at most 10,000 records of each side are searched. The loss inside is unknown here (NaN).
    """
    unit = records.units() if unit is None else unit
    other = expected.units() if expected_unit is None else expected_unit
    notes: list[str] = []
    sides: list[Dataset] = []
    units: list[np.ndarray] = []
    columns = expected.schema.features()
    for side, own in ((_features(records, columns), unit), (_features(expected, columns), other)):
        kept, told = bounded(side.rows, own, seed=seed, most=10_000)
        notes += told
        sides.append(side.take(kept))
        units.append(own[kept])
    both = sides[0].concat(sides[1])
    joined = np.r_[units[0], units[1] + int(units[0].max()) + 1]
    later = np.r_[np.zeros(sides[0].rows), np.ones(sides[1].rows)]
    least = max(LEAST, round(LEAST_SHARE * both.rows))
    atoms = atoms_of(both, least=least)
    field = Field(atoms, named_clusters(both, atoms, seed=seed), least)
    null = null_of(field, later, joined, seed=seed)
    found = [
        _gap(number, one, (records, unit), (sides[1], units[1]), null)
        for number, one in enumerate(evident(field, null, later, most=most))
    ]
    return Gaps(tuple(found), field.count(), tuple(notes))


def _features(side: Dataset, columns: Sequence[Column]) -> Dataset:
    """The records with these columns alone."""
    schema = Schema({side.schema.root: tuple(columns)})
    return Dataset.of(side.records.select([column.name for column in columns]), schema)


def _gap(number: int, one: Slice, real: tuple[Dataset, np.ndarray], expected: tuple[Dataset, np.ndarray], null: Null) -> Gap:
    where = Condition.parse(one.text)
    (records, unit), (others, other_unit) = real, expected
    here, there = where.mask(records.records), where.mask(others.records)
    both, side = np.r_[here, there].astype(float), np.r_[np.zeros(len(here), bool), np.ones(len(there), bool)]
    value, error = contrast(both, side, np.r_[unit, other_unit + int(unit.max()) + 1])
    reach = null.bound * error
    units = len(np.unique(unit[here]))
    has = f"{here.mean():.1%} of the real records are there, {there.mean():.1%} of the expected ones"
    none = "" if here.any() else " No generator can learn from records that are not there: collect some."
    return Gap(
        name=f"few-{number + 1}",
        where=where,
        kind="few",
        records=int(here.sum()),
        units=units,
        share=float(here.mean()),
        inside=float("nan"),
        outside=float("nan"),
        excess=Score("share_lacking", value, max(-1.0, value - reach), min(1.0, value + reach), units, "low"),
        p=null.p(one.height),
        rows=rows_to_reach(int(here.sum()), records.rows, float(there.mean())),
        reason=f"{has}.{none}",
        expected_share=float(there.mean()),
    )


def merged(weak: Gaps, thin: Gaps, *, most: int) -> Gaps:
    """Both lists as one, in turn by rank, thin ones first; a slice that stands in both comes once."""
    order: list[Gap] = []
    for rank in range(max(len(weak), len(thin))):
        order += [side.found[rank] for side in (thin, weak) if rank < len(side)]
    kept: dict[str, Gap] = {}
    for gap in order:
        kept.setdefault(gap.where.text, gap)
    named = [gap for gap in kept.values() if gap.name.startswith("named-")]
    rest = [gap for gap in kept.values() if not gap.name.startswith("named-")]
    return Gaps((*named, *rest[:most]), weak.tested + thin.tested, (*weak.notes, *thin.notes))


__all__: Sequence[str] = ("find_thin", "merged")
