"""Sketches: the same records are known again in any disguise that is cheap, and other records of the kind are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from complement.core.dataset import Dataset
from complement.source.ledger import Ledger
from complement.source.read import read
from complement.source.sketch import KEPT, known_again, sketch

CANCER = load_breast_cancer(as_frame=True).frame
RNG = np.random.default_rng(0)
DISGUISES = {
    "order": lambda data: data.sample(frac=1, random_state=1),
    "names": lambda data: data.rename(columns=lambda name: f"c_{name}"),
    "one record less": lambda data: data.iloc[1:],
    "half of the records": lambda data: data.sample(frac=0.5, random_state=2),
    "more records": lambda data: pd.concat([data, CANCER.iloc[300:]]),
    "a column of ids": lambda data: data.assign(id=RNG.random(len(data))),
    "a column less": lambda data: data.drop(columns="mean radius"),
    "a column with noise": lambda data: data.assign(**{"mean area": data["mean area"] + RNG.random(len(data))}),
    "another target": lambda data: data.assign(target=(data["mean area"] > 600).astype(int)),
}


def of(data: pd.DataFrame) -> Dataset:
    return read(data.reset_index(drop=True))


@pytest.mark.parametrize("name", DISGUISES)
def test_records_are_known_again(name: str) -> None:
    here = CANCER.iloc[:300]
    one, other = sketch(of(here)), sketch(of(DISGUISES[name](here)))
    assert known_again(one, other)
    assert known_again(other, one)


def test_other_records_of_the_same_table_are_other_records() -> None:
    assert not known_again(sketch(of(CANCER.iloc[:300])), sketch(of(CANCER.iloc[300:])))
    assert not known_again(sketch(of(CANCER)), sketch(of(load_diabetes(as_frame=True).frame)))


def test_a_table_too_coarse_to_tell_records_apart_has_no_sketch() -> None:
    coarse = pd.DataFrame({"a": RNG.integers(0, 3, 500), "b": RNG.integers(0, 4, 500), "y": RNG.integers(0, 2, 500)})
    assert sketch(of(coarse)) == []
    assert not known_again([], [])


def test_a_sketch_stays_small_whatever_the_table() -> None:
    found = sketch(of(pd.concat([CANCER + k for k in range(20)])))
    assert all(len(hashes) <= KEPT for hashes in found)
    assert len(found) <= 22


def test_the_ledger_counts_openings_of_the_same_records_together(tmp_path) -> None:
    ledger = Ledger(tmp_path)
    first, shorter, other = (sketch(of(part)) for part in (CANCER.iloc[:300], CANCER.iloc[5:300], CANCER.iloc[300:]))
    assert not ledger.open("a", plan="p", question="q", sketch=first).reused
    assert ledger.open("b", plan="p2", question="q", sketch=shorter).reused
    assert not ledger.open("c", plan="p3", question="q", sketch=other).reused
    assert ledger.open("d", plan="p4", question="q", sketch=first).count == 3


def test_openings_of_an_older_version_are_still_counted(tmp_path) -> None:
    ledger = Ledger(tmp_path)
    ledger.open("a", plan="p", question="q")
    path = ledger.folder / "openings.jsonl"
    path.write_text('{"at": 1, "plan": "p", "question": "q", "sealed": "a"}\n')
    assert ledger.open("a", plan="p2", question="q", sketch=sketch(of(CANCER))).reused
