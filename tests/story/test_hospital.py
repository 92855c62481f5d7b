"""The showcase of hospital stays on a twentieth of the patients: from the file to a release that others can check."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyarrow import parquet

import complement
from complement.prepare import Inputs
from complement.ready import Ready, prepared
from complement.recipe import Recipe
from complement.release import verify
from complement.run import Run

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "hospital-readmission.yaml"
UNDER_50 = {"[0-10)", "[10-20)", "[20-30)", "[30-40)", "[40-50)"}
DRUGS = ["metformin", "glimepiride", "glipizide", "glyburide", "pioglitazone", "rosiglitazone", "insulin"]
COUNTS = ["number_outpatient", "number_emergency", "number_inpatient", "num_procedures"]
CODES = ["diag_1", "diag_2", "diag_3", "admission_type_id", "discharge_disposition_id", "medical_specialty", "payer_code"]


@dataclass(frozen=True)
class Told:
    """A finished run, what it was to learn from, and the records that it released."""

    run: Run
    ready: Ready
    made: pd.DataFrame

    def real(self, rows: np.ndarray) -> pd.DataFrame:
        return self.ready.source.real.take(rows).records.to_pandas()


def encounters(data_folder: Path) -> pd.DataFrame:
    with zipfile.ZipFile(data_folder / "diabetes130" / "dataset_diabetes.zip") as archive:
        name = next(one for one in archive.namelist() if one.endswith("diabetic_data.csv"))
        with archive.open(name) as file:
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table["early"] = np.where(table.pop("readmitted") == "<30", "yes", "no")
    return table[table["patient_nbr"].astype(int) % 20 == 7]


def small(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe of the page with what a twentieth of the patients bear: one learner, two seeds, values that 5 share."""
    recipe["purpose"]["learners"] = ["logistic"]
    recipe["generate"]["generator"]["forest"] |= {"min_leaf": 20, "rare": 5}
    recipe["prove"]["seeds"] = 2
    del recipe["gates"]["privacy"]  # some thousand stays cannot show that the gate passes
    return recipe


@pytest.fixture(scope="module")
def told(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    here = tmp_path_factory.mktemp("hospital")
    encounters(data_folder).to_csv(here / "encounters.csv", index=False)
    written = small(yaml.safe_load(RECIPE.read_text(encoding="utf-8")))
    (here / ".complement").mkdir()
    (here / ".complement" / "salt").write_text("5" * 32, encoding="utf-8")  # the same patients are sealed in every run
    (here / "recipe.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    done = complement.run(here / "recipe.yaml")
    assert done.released is not None
    made = parquet.read_table(done.released / "data").to_pandas()
    return Told(done, prepared(Recipe.load(here / "recipe.yaml"), Inputs(), lambda event, facts: None), made)


def test_no_patient_stands_in_two_parts(told: Told) -> None:
    sealed = np.flatnonzero(told.ready.partition.fold >= 0)
    parts = {"train": told.ready.train, "tune": told.ready.tune, "sealed": sealed}
    patients = {name: set(told.real(rows)["patient_nbr"]) for name, rows in parts.items()}
    assert sum(len(rows) for rows in parts.values()) == told.ready.source.real.rows
    assert min(len(found) for found in patients.values()) > 200
    assert patients["train"].isdisjoint(patients["tune"] | patients["sealed"])
    assert patients["tune"].isdisjoint(patients["sealed"])
    assert sum(len(rows) for rows in parts.values()) > sum(len(found) for found in patients.values())  # some have several stays
    assert set(told.made["patient_nbr"]).isdisjoint(set().union(*patients.values()))


def test_every_record_is_under_the_condition_that_it_was_made_for(told: Told) -> None:
    gaps = json.loads((told.run.folder / "2-gap" / "gaps.json").read_text(encoding="utf-8"))
    asked = {"under 50": told.made["age"].isin(UNDER_50)}
    asked |= {one["name"]: told.made.eval(one["where"]) for one in gaps["requests"]}
    assert set(told.made["_request"]) == set(asked)
    for name, met in asked.items():
        assert met[told.made["_request"] == name].all(), name


def test_codes_and_structural_zeros_are_kept(told: Told) -> None:
    real = told.real(told.ready.train)
    young, made = real[real["age"].isin(UNDER_50)], told.made[told.made["_request"] == "under 50"]
    for name in CODES:
        assert set(made[name].dropna()) <= set(real[name].dropna()), name
    apart = 3 * np.sqrt(0.5 / len(young))  # three standard errors of the difference of two shares, at their widest
    for name in COUNTS:
        assert (made[name] >= 0).all(), name
        assert abs((made[name] == 0).mean() - (young[name] == 0).mean()) < apart, name


def test_who_gets_no_drug_for_diabetes_gets_none_of_them(told: Told) -> None:
    real, made = told.real(told.ready.train), told.made
    assert (real.loc[real["diabetesMed"] == "No", DRUGS] == "No").all(axis=None)
    assert (made.loc[made["diabetesMed"] == "No", DRUGS] == "No").all(axis=None)


def test_the_release_verifies_and_any_change_is_named(told: Told, tmp_path: Path) -> None:
    import shutil

    assert told.run.released is not None
    folder = Path(shutil.copytree(told.run.released, tmp_path / "release"))
    digest = (folder / "manifest.sha256").read_text(encoding="utf-8").split()[0]
    assert verify(folder, digest=digest).passed
    file = next((folder / "data").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (fault,) = verify(folder, digest=digest).faults
    assert (fault.code, fault.file) == ("release-damaged", f"data/{file.name}")


def test_card_and_report_speak_of_what_was_asked(told: Told) -> None:
    (verdict,) = told.run.judgement.verdicts
    assert told.run.judgement.verified
    assert verdict.weight == 0.25
    assert told.run.released is not None
    card = (told.run.released / "README.md").read_text(encoding="utf-8")
    page = (told.run.folder / "report.html").read_text(encoding="utf-8")
    for text in (card, page):
        assert verdict.state in text
        assert "patient_nbr" in text
        assert str(told.run.folder.parent) not in text
