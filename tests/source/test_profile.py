"""The profile: kinds, roles, missing codes, ranges and keys, each with a reason, and corrections that win."""

from __future__ import annotations

import random
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.errors import ComplementError, SourceError
from complement.source.delimited import UNTYPED
from complement.source.profile import Profile, profile, survey
from complement.source.read import read, read_table


def text_table(**columns: list[str]) -> pa.Table:
    """A table as CSV gives it: all text, marked as untyped."""
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return table.replace_schema_metadata(UNTYPED)


def guess(found: Profile, column: str, what: str) -> str | None:
    values = [g.value for g in found.guesses if g.column == column and g.what == what]
    return values[0] if values else None


def kind(values: list[str]) -> str:
    return profile(text_table(x=values)).schema.column("x").kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2", ""], "integer"),
        (["1.0", "2.0", "?"], "integer"),
        (["1", "2.5", "NA"], "number"),
        (["-1.5e3", "+2", ".5"], "number"),
        (["1,234", "12,345,678", "7"], "integer"),
        (["1,234.5", "999"], "number"),
        (["3,75", "12,5"], "number"),
        (["007", "012", "100"], "category"),
        (["12345678901234567890", "1"], "category"),
        (["true", "False", "-"], "boolean"),
        (["yes", "no"], "category"),
        (["2024-05-31", "1999-01-01"], "date"),
        (["2024-02-31", "1999-01-01"], "category"),
        (["2024-05-31 18:00", "2024-05-31T18:00:01"], "datetime"),
        (["2024-05-31T18:00:00Z", "2024-05-31T18:00:00+02:00"], "datetime"),
        (["31/05/2024", "01/06/2024"], "date"),
        (["5/31/2024", "1/6/2024"], "date"),
        (["31.05.2024", "01.06.2024"], "date"),
        (["01/02/2024", "03/04/2024"], "category"),
        (["250.83", "V57", "E909", "414", "786", "V58", "E1", "E2", "E3"], "category"),
        (["a", "b", ""], "category"),
        (["", "?", "NA"], "category"),
        ([f"{n} a sentence that goes on and on until it is long enough" for n in range(30)], "text"),
    ],
)
def test_text_shows_its_kind(values: list[str], expected: str) -> None:
    assert kind(values) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False)), min_size=1, max_size=20))
def test_numbers_keep_their_exact_value(values: list[float]) -> None:
    _, typed = survey(text_table(x=[repr(value) for value in values]))
    assert typed["records"].column("x").to_pylist() == values


def test_day_and_month_are_told_apart_by_values_above_twelve() -> None:
    for values in (["31/05/2024", "01/06/2024"], ["05/31/2024", "06/01/2024"]):
        _, typed = survey(text_table(x=values))
        assert typed["records"].column("x").to_pylist() == [date(2024, 5, 31), date(2024, 6, 1)]


def test_missing_codes_of_text_are_applied_and_told() -> None:
    found, typed = survey(text_table(town=["Rome", "?", "Oslo", "N/A", ""], n=["1", "NA", "3", "4", "5"]))
    assert typed["records"].column("town").to_pylist() == ["Rome", None, "Oslo", None, None]
    assert found.schema.column("town").constraints.missing_codes == ("?", "N/A")
    assert found.schema.column("n").constraints.missing_codes == ("NA",)
    assert found.schema.column("n").constraints.nullable


def test_the_word_none_is_a_value() -> None:
    assert survey(text_table(test=["None", "High"]))[1]["records"].column("test").null_count == 0


@pytest.mark.parametrize("code", [-1, -9, -99, 999, 9999])
def test_codes_of_numbers_are_found_and_kept(code: int) -> None:
    values = [*range(20, 90)] * 3 + [code] * 5
    found, typed = survey(pa.table({"age": values}))
    assert guess(found, "age", "missing code") == str(code)
    assert typed["records"].column("age").null_count == 0
    named, typed = survey(pa.table({"age": values}), corrections={"age": {"missing": [code]}})
    assert typed["records"].column("age").null_count == 5
    assert named.schema.column("age").constraints.low == 20
    assert guess(named, "age", "missing code") is None


def test_ordinary_ends_of_a_range_are_no_codes() -> None:
    rng = np.random.default_rng(0)
    table = pa.table({"score": rng.integers(-5, 100, 500), "percent": rng.integers(0, 100, 500), "state": [-1, 0] * 250})
    assert [g for g in profile(table).guesses if g.what == "missing code"] == []


def test_decimals_of_a_database_are_the_numbers_that_a_csv_would_give() -> None:
    written = [f"{cents / 100:.2f}" for cents in range(100, 1051)]
    accounts = [Decimal(10**25 + number) for number in range(len(written))]
    table = pa.table(
        {
            "price": pa.array([Decimal(text) for text in written], pa.decimal128(12, 2)),
            "count": pa.array([Decimal(number % 9) for number in range(len(written))], pa.decimal128(10, 0)),
            "account": pa.array(accounts, pa.decimal128(30, 0)),
        }
    )
    found = read(table)
    assert found.column("price").to_pylist() == [float(text) for text in written]
    assert found.schema.column("price").constraints.decimals == 2
    assert (found.schema.column("count").kind, found.column("count").type) == ("integer", pa.int64())
    assert found.column("account").to_pylist() == [str(account) for account in accounts]


def test_ranges_and_decimals_are_those_of_the_values() -> None:
    found = profile(pa.table({"x": [0.25, 1.5, 3.0], "n": [3, -2, 8], "third": [1 / 3, 2 / 3, 0.5]})).schema
    assert (found.column("x").constraints.low, found.column("x").constraints.high, found.column("x").constraints.decimals) == (
        0.25,
        3,
        2,
    )
    assert (found.column("n").constraints.low, found.column("n").constraints.decimals) == (-2, 0)
    assert found.column("third").constraints.decimals is None


def test_values_stand_in_their_order_of_appearance() -> None:
    assert profile(pa.table({"c": ["b", "a", None, "b"]})).schema.column("c").constraints.values == ("b", "a")


def test_few_whole_numbers_stay_numbers_and_are_told() -> None:
    found = profile(pa.table({"sex": [1, 2] * 50}))
    assert found.schema.column("sex").kind == "integer"
    assert guess(found, "sex", "codes") == "1, 2"


def test_identifiers_are_found_and_measurements_are_not() -> None:
    rng = np.random.default_rng(1)
    rows = 300
    table = pa.table(
        {
            "row": np.arange(rows),
            "patientId": rng.permutation(rows) + 5000,
            "patient_nbr": rng.integers(0, 150, rows),
            "token": [f"k{n:05d}" for n in rng.permutation(rows)],
            "weight_kg": rng.normal(70, 10, rows),
            "income": rng.permutation(rows * 10)[:rows],
            "year": np.arange(1700, 1700 + rows),
            "type_id": rng.integers(0, 8, rows),
        }
    )
    found = profile(table)
    assert {c.name for c in found.schema.with_role("identifier")} == {"row", "patientId", "patient_nbr", "token"}
    assert "perhaps the unit" in found.text()


NUMBERS = [n % 80 + 300 for n in range(400)]


@pytest.mark.parametrize(
    "name", ["pid", "PATNO", "usubjid", "case_no", "mrn", "nhs_number", "ptid", "hadm_id", "custid", "visit_pid"]
)
def test_the_numbers_of_patients_are_identifiers_and_perhaps_the_unit(name: str) -> None:
    for count in (80, 20):  # forty visits each, or twenty: where the name is plain, few patients are patients, too
        found = profile(pa.table({name: [number % count for number in NUMBERS]}))
        assert found.schema.column(name).role == "identifier"
        assert "perhaps the unit" in found.text()


@pytest.mark.parametrize(
    "name", ["humid", "paid", "rapid", "lipid", "covid", "members", "policy", "account", "subjects", "casino"]
)
def test_words_that_only_look_like_it_are_no_identifiers(name: str) -> None:
    assert profile(pa.table({name: NUMBERS})).schema.column(name).role == "feature"


def test_a_school_subject_is_no_patient_and_many_subjects_are() -> None:
    few, many = pa.table({"subject": ["maths", "arts", "law"] * 40}), pa.table({"subject": NUMBERS})
    assert [profile(one).schema.column("subject").role for one in (few, many)] == ["feature", "identifier"]


def test_text_of_one_form_that_repeats_is_perhaps_the_unit() -> None:
    rows = 600
    table = pa.table(
        {
            "ref": [f"K-{n % 150 + 1000}" for n in range(rows)],
            "postcode": [f"{n % 150 + 10000}x" for n in range(rows)],
            "town": ["town " + "ab"[n % 2] * (n % 150) for n in range(rows)],
            "ward": [f"W{n % 9 + 100}" for n in range(rows)],
        }
    )
    found = profile(table)
    assert [g.column for g in found.guesses if g.what == "unit"] == ["ref"]
    assert found.schema.column("ref").role == "feature"
    corrected = profile(table, corrections={"ref": {"role": "feature"}})
    assert [g for g in corrected.guesses if g.what == "unit"] == []


def test_whole_numbers_with_few_values_and_the_name_of_a_code_are_told() -> None:
    values = [n % 30 for n in range(300)]
    found = profile(pa.table({"type_id": values, "shopCode": values, "visits": values}))
    assert [g.column for g in found.guesses if g.what == "codes"] == ["type_id", "shopCode"]


def test_one_cell_with_fourteen_digits_does_not_speak_for_its_column() -> None:
    values = [round(1 + n * 0.37 % 5, 2) for n in range(1000)]
    found = profile(pa.table({"creatinine": [*values, 1.23456789012345]}))
    assert found.schema.column("creatinine").constraints.decimals == 2
    assert "1 of 1,001 values" in found.text()
    many = profile(pa.table({"creatinine": [*values, *(n / 7 for n in range(1, 30))]}))
    assert many.schema.column("creatinine").constraints.decimals is None


def test_zeros_do_not_say_how_the_other_values_are_written() -> None:
    values = [0.0] * 5000 + [n / 7 for n in range(1, 30)]
    assert profile(pa.table({"gain": values})).schema.column("gain").constraints.decimals is None


def test_constant_and_empty_columns_are_ignored() -> None:
    found = profile(pa.table({"one": [1] * 30, "none": pa.nulls(30), "x": list(range(15)) * 2}))
    assert [c.name for c in found.schema.with_role("ignore")] == ["one", "none"]


def luhn(stem: str) -> str:
    total = sum(d if i % 2 else d * 2 - 9 * (d > 4) for i, d in enumerate(map(int, reversed(stem))))
    return stem + str(-total % 10)


def iban(account: str) -> str:
    check = 98 - int(account + "131400") % 97  # D is 13, E is 14
    return f"DE{check:02d}{account}"


def test_personal_columns_are_found_by_form_and_by_name() -> None:
    draw = random.Random(3)
    rows = 60
    digits = ["".join(draw.choice("0123456789") for _ in range(18)) for _ in range(rows)]
    table = pa.table(
        {
            "contact": [f"user{n}@example.org" for n in range(rows)],
            "reach": [f"+49 30 {d[:7]}" for d in digits],
            "payment": [luhn("4" + d[:14]) for d in digits],
            "account": [iban(d) for d in digits],
            "article": [f"DE{(int(iban(d)[2:4]) + 1) % 97:02d}{d}" for d in [*digits[:30], *digits[:30]]],
            "last_name": [f"Surname{n}" for n in range(rows)],
            "station_name": ["North", "South"] * 30,
            "number": digits,
            "day": [f"2024-01-{n % 28 + 1:02d}" for n in range(rows)],
        }
    )
    found = profile(table)
    personal = {c.name for c in found.schema.with_role("personal")}
    assert personal == {"contact", "reach", "payment", "account", "last_name"}
    assert "e-mail" in found.text()


def test_a_few_words_among_numbers_are_an_error_that_shows_them() -> None:
    values = [str(n) for n in range(1000)]
    values[7] = "unknown"
    with pytest.raises(SourceError) as met:
        profile(text_table(income=values))
    assert met.value.code == "source-type"
    assert "'unknown'" in met.value.met
    assert "row 8 (line 9" in met.value.where
    assert (
        profile(text_table(income=values), corrections={"income": {"missing": ["unknown"]}}).schema.column("income").kind
        == "integer"
    )
    assert (
        profile(text_table(income=values), corrections={"income": {"kind": "category"}}).schema.column("income").kind
        == "category"
    )


def test_corrections_win_over_guesses() -> None:
    table = pa.table({"code": [1, 2, 1], "n": [1, 2, 3]})
    corrections = {
        "code": {"kind": "category", "role": "target", "values": [1, 2, 3]},
        "n": {"low": 0, "high": 9, "decimals": 1, "kind": "number"},
    }
    found, typed = survey(table, corrections=corrections)
    assert typed["records"].column("code").to_pylist() == ["1", "2", "1"]
    assert found.schema.target is not None
    assert found.schema.target.constraints.values == ("1", "2", "3")
    number = found.schema.column("n").constraints
    assert (number.low, number.high, number.decimals) == (0, 9, 1)
    assert typed["records"].column("n").type == pa.float64()


@pytest.mark.parametrize(
    ("corrections", "code"),
    [
        ({"agee": {"kind": "number"}}, "schema-column"),
        ({"age": {"kin": "number"}}, "recipe-unknown-key"),
        ({"age": {"kind": "float"}}, "recipe-value"),
        ({"age": {"role": "label"}}, "recipe-value"),
        ({"age": {"missing": -1}}, "recipe-value"),
        ({"age": {"decimals": 1.5}}, "recipe-value"),
        ({"age": {"low": "zero"}}, "recipe-value"),
        ({"town": {"kind": "number"}}, "source-type"),
    ],
)
def test_corrections_that_cannot_be_meant_are_refused(corrections: dict[str, dict[str, object]], code: str) -> None:
    with pytest.raises(ComplementError) as met:
        profile(text_table(age=["1", "2"], town=["Rome", "Oslo"]), corrections=corrections)
    assert met.value.code == code


def test_tables_are_corrected_by_table_and_column() -> None:
    tables = {"a": pa.table({"k": [1, 2, 3], "x": [1, 1, 2]}), "b": pa.table({"k": [1, 1], "x": [5, 6]})}
    found = profile(tables, corrections={"b.x": {"kind": "category"}})
    assert [c.kind for c in found.schema.tables["b"]] == ["integer", "category"]
    assert found.schema.tables["a"][1].kind == "integer"
    assert found.schema.root == "a"
    assert any(g.column == "b.k" and g.what == "key" for g in found.guesses)


def test_structs_bytes_and_strange_types_have_a_kind_or_an_error() -> None:
    image = pa.array([{"bytes": b"x", "path": "p"}])
    found = profile(pa.table({"img": image, "list": [[1]]})).schema
    assert [c.kind for c in found] == ["image", "other"]
    assert found.features() == []
    with pytest.raises(SourceError, match=r"2\*\*63"):
        profile(pa.table({"n": pa.array([2**64 - 1], pa.uint64())}))


def test_hospital_encounters_are_described_as_their_authors_do(data_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(data_folder / "diabetes130" / "dataset_diabetes.zip") as packed:
        lines = packed.read("dataset_diabetes/diabetic_data.csv").split(b"\n")[:15_001]
    (tmp_path / "d.csv").write_bytes(b"\n".join(lines))
    found = profile(read_table(tmp_path / "d.csv"))
    assert {c.name for c in found.schema.with_role("identifier")} == {"encounter_id", "patient_nbr"}
    assert {"examide", "citoglipton"} <= {c.name for c in found.schema.with_role("ignore")}
    assert found.schema.column("diag_1").kind == "category"
    assert found.schema.column("weight").constraints.missing_codes == ("?",)
    assert found.schema.column("max_glu_serum").constraints.values is not None
    assert guess(found, "diag_1", "many values") is not None
