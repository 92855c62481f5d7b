"""Reading: every format gives the same records, and what cannot be read says where and what to do."""

from __future__ import annotations

import gzip
import sqlite3
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complement.core.errors import ComplementError, SchemaError, SourceError, StorageError
from complement.core.schema import Column, Constraints, Schema
from complement.source.profile import profile
from complement.source.read import read, read_table, read_tables, widen, write_table

TABLE = pa.table(
    {
        "age": pa.array([39, None, 17, 52]),
        "pay": [1.5, 2.25, None, 1e6],
        "town": ["Rome", "Oslo, East", None, 'the "Hague"'],
        "left": [True, False, None, True],
        "born": pa.array([date(1985, 2, 3), None, date(2007, 1, 1), date(1972, 12, 31)]),
        "seen": pa.array([datetime(2024, 1, 2, 3, 4, 5), None, datetime(2024, 5, 6), datetime(1999, 1, 1)], pa.timestamp("us")),
    }
)


def csv(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: object) -> ComplementError:
    with pytest.raises(ComplementError) as met:
        read(path)
    return met.value


SUFFIXES = ["csv", "csv.gz", "tsv", "tsv.gz", "jsonl", "jsonl.gz", "ndjson", "parquet", "feather", "arrow"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_back_the_same_records(tmp_path: Path, suffix: str) -> None:
    path = write_table(TABLE, tmp_path / f"t.{suffix}")
    assert read(path).records.equals(TABLE)
    assert read(str(path), schema=read(TABLE).schema).records.equals(TABLE)
    assert [column.kind for column in read(path).schema] == ["integer", "number", "category", "boolean", "date", "datetime"]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(10**15), 10**15)),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
            st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_written_as_csv_is_read_back(
    rows: list[tuple[int | None, float | None, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole, real, word = zip(*rows, strict=True)
    trimmed = [None if w is None or w.strip() in ("", "?", "NA", "N/A", "n/a", "-", "nan", "NaN") else w.strip() for w in word]
    table = pa.table({"i": pa.array(whole, pa.int64()), "x": pa.array(real, pa.float64()), "w": pa.array(word, pa.string())})
    path = write_table(table, tmp_path_factory.mktemp("csv") / "t.csv")
    columns = (
        Column("i", "integer"),
        Column("x", "number"),
        Column("w", "category", constraints=Constraints(missing_codes=("?", "NA", "N/A", "n/a", "-", "nan", "NaN"))),
    )
    back = read(path, schema=Schema({"records": columns})).records
    assert back.column("i").to_pylist() == list(whole)
    assert back.column("x").to_pylist() == list(real)
    assert back.column("w").to_pylist() == trimmed


def test_frames_relations_and_streams_are_read_without_an_index() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "y"]}, index=pd.Index([7, 8, 9], name="key"))
    for origin in (frame, frame.reset_index(drop=True), pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "y"]})):
        records = read(origin).records
        assert records.column_names == ["a", "b"]
        assert records.column("b").to_pylist() == ["x", None, "y"]
    relation = duckdb.sql("select 1 as a, 'x' as b")
    assert read(relation).records.to_pylist() == [{"a": 1, "b": "x"}]


def test_a_dataset_is_returned_as_it_is() -> None:
    data = read(TABLE)
    assert read(data) is data
    schema = data.schema.with_target("left")
    assert read(data, schema=schema).schema.target == schema.column("left")


def test_pandas_categories_nans_and_float32_are_plain_values() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"]), "x": np.array([0.1, np.nan, 0.935192], np.float32)})
    data = read(frame)
    assert data.records.column("c").to_pylist() == ["a", "b", "a"]
    assert data.records.column("x").to_pylist() == [0.1, None, 0.935192]
    assert data.schema.column("x").constraints.decimals == 6


def test_databases_are_read_by_table(tmp_path: Path) -> None:
    duck = tmp_path / "d.duckdb"
    with duckdb.connect(str(duck)) as database:
        database.execute("create table \"my people\" as select 1 as age, 'Rome' as town")
        database.execute("create table other as select 2 as z")
    lite = tmp_path / "l.db"
    with sqlite3.connect(lite) as database:
        database.execute("create table people (age integer, town text)")
        database.execute("insert into people values (1, 'Rome'), (null, 'Oslo')")
    database.close()
    assert read(f"{duck}::my people").records.to_pylist() == [{"age": 1, "town": "Rome"}]
    assert read(f"{lite}::people").rows == 2
    assert read(lite).rows == 2
    assert refused(f"{duck}::peple").code == "source-missing-file"
    assert "2 tables" in str(refused(duck))
    assert refused(tmp_path / "none.duckdb").code == "source-missing-file"
    assert refused(csv(tmp_path, "not a database", "x.duckdb")).code == "source-format"
    assert refused(csv(tmp_path, b"SQLite format 3\0" + b"damaged" * 99, "x.db")).code == "source-format"


def test_a_folder_is_one_table_per_file_with_keys_and_a_root(tmp_path: Path) -> None:
    csv(tmp_path, "n,pid,sex\n" + "".join(f"{n},{n},f\n" for n in range(1, 6)), "patients.csv")
    csv(tmp_path, "n,sid,pid\n1,10,1\n2,11,1\n3,12,5\n", "stays.csv")  # n counts rows: it links nothing
    csv(tmp_path, "sid,value\n10,1.5\n12,2.5\n12,3.5\n", "tests.csv")
    data = read(tmp_path)
    assert data.schema.root == "patients"
    assert {(k.parent, k.child, k.column) for k in data.schema.keys} == {("patients", "stays", "pid"), ("stays", "tests", "sid")}
    assert data.take(np.array([4])).tables["tests"].num_rows == 2
    assert set(read_tables(tmp_path)) == {"patients", "stays", "tests"}
    with pytest.raises(SourceError, match="3 tables"):
        read_table(tmp_path)


def test_a_folder_whose_root_is_not_clear_says_so(tmp_path: Path) -> None:
    csv(tmp_path, "a\n1\n2\n", "one.csv")
    csv(tmp_path, "b\n1\n2\n", "two.csv")
    assert refused(tmp_path).code == "schema-key"
    (tmp_path / "two.csv").unlink()
    assert read(tmp_path).schema.root == "records"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", "source-empty", "empty"),
        ("a,b\n", "source-empty", "no rows"),
        ("a,a\n1,2\n", "source-header", "'a' stands 2 times"),
        (",a\n0,2\n", "source-header", "index=False"),
        ("6,148,33.6\n1,85,26.6\n", "source-header", "not names"),
        ("a,b\n1,2\n3,4\n5,6,7\n", "source-ragged", "Line 4 has 3 cells"),
        ("a,b\n1\n", "source-ragged", "Line 2 has 1 cells"),
        (b"a,b\nM\xfcnchen,2\n", "source-encoding", "byte 5 (line 2)"),
        ("a,b\n1,2\n".encode("utf-16"), "source-encoding", "UTF-16"),
        ("a,b\n1,inf\n2,3\n", "source-infinite", "first stands in row 1"),
        (",".join(f"c{n}" for n in range(2001)) + "\n" + ",".join(["1"] * 2001), "source-wide", "2,001"),
    ],
)
def test_a_broken_csv_says_what_and_where(tmp_path: Path, text: str | bytes, code: str, says: str) -> None:
    met = refused(csv(tmp_path, text))
    assert met.code == code
    assert says in str(met)


def test_old_line_ends_marks_and_delimiters_are_read(tmp_path: Path) -> None:
    for text in ("a;b\r1;2\r", "a|b\r\n1|2\r\n", "\ufeffa,b\n1,2", "\n a , b \n 1 , 2 \n", "a\tb\n1\t2\n", '"a";"b"\n1;2\n'):
        assert read(csv(tmp_path, text)).records.to_pylist() == [{"a": 1, "b": 2}], text


def test_the_delimiter_is_not_taken_from_inside_quotes(tmp_path: Path) -> None:
    assert read(csv(tmp_path, '"weight, in kg";age\n70,5;30\n')).records.to_pylist() == [{"weight, in kg": 70.5, "age": 30}]


def test_lines_inside_quotes_belong_to_one_cell(tmp_path: Path) -> None:
    assert read(csv(tmp_path, 'a,b\n1,"x\ny"\n')).records.column("b").to_pylist() == ["x\ny"]


def test_other_sources_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    csv(tmp_path, "a\n1\n", "train.csv")
    met = refused(tmp_path / "trian.csv")
    assert met.code == "source-missing-file"
    assert "train.csv" in met.help
    assert refused(csv(tmp_path, "x", "t.xlsx")).code == "source-format"
    assert refused(csv(tmp_path, "x", "t.parquet")).code == "source-format"
    whole = write_table(TABLE, tmp_path / "whole.parquet").read_bytes()
    assert refused(csv(tmp_path, whole[:40] + b"?" * 60 + whole[100:], "t.parquet")).code == "source-format"
    assert refused(csv(tmp_path, "x", "t.csv.gz")).code == "source-format"
    assert refused(csv(tmp_path, '{"a": 1}\n{"a": {"b": 2}}\n', "t.jsonl")).code == "source-type"
    assert refused(csv(tmp_path, "{broken", "u.jsonl")).code == "source-format"
    assert refused(pd.DataFrame({"a": [1, "x", {"y": 2}]})).code == "source-type"
    assert refused(pa.table({"a": pa.array([], pa.int64())})).code == "source-empty"
    assert refused(42).code == "source-format"
    assert refused(pd.DataFrame({"a": [1.0, np.inf]})).code == "source-infinite"


def test_a_known_schema_reads_what_it_names(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,code,grade,more\n1,-1,007,x\n2,5,010,y\n")
    columns = (Column("grade", "category"), Column("code", "integer", constraints=Constraints(missing_codes=("-1",))))
    data = read(path, schema=Schema({"records": columns}))
    assert data.records.to_pylist() == [{"grade": "007", "code": None}, {"grade": "010", "code": 5}]


def test_a_value_that_does_not_fit_the_schema_is_shown(tmp_path: Path) -> None:
    path = csv(tmp_path, "age\n39\n40.5\n")
    with pytest.raises(SourceError, match=r"first is 40\.5 in row 2"):
        read(path, schema=Schema({"records": (Column("age", "integer"),)}))
    with pytest.raises(SourceError, match="first is '39'"):
        read(path, schema=Schema({"records": (Column("age", "boolean"),)}))
    with pytest.raises(SchemaError, match="absent"):
        read(path, schema=Schema({"records": (Column("size", "integer"),)}))


def test_blanks_around_words_mean_nothing_from_any_source(tmp_path: Path) -> None:
    frame = read(pd.DataFrame({"job": [" ?", " Sales", "Craft "]})).records
    assert frame.column("job").to_pylist() == [None, "Sales", "Craft"]
    assert read(csv(tmp_path, "job\n ?\n Sales\nCraft \n")).records.equals(frame)


def test_a_declared_kind_takes_an_empty_column_and_no_wrong_number(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n,1\n,2\n")
    for kind in ("number", "integer", "boolean", "category", "text", "date", "datetime"):
        assert read(path, schema=Schema({"records": (Column("a", kind),)})).column("a").null_count == 2
    flags = Schema({"records": (Column("b", "boolean"),)})
    for origin in (path, pa.table({"b": [1, 2]}), pa.table({"b": [1.0, 0.5]})):
        with pytest.raises(SourceError, match="declared as boolean"):
            read(origin, schema=flags)
    assert read(pa.table({"b": [1.0, None, 0.0]}), schema=flags).column("b").to_pylist() == [True, None, False]


def test_a_schema_widens_where_the_other_file_has_fractions(tmp_path: Path) -> None:
    real = read(pa.table({"age": [39, 40], "n": [1, 2]}))
    made = read_table(csv(tmp_path, "age,n\n39.27,3\n40.5,4\n"))
    schema = widen(real.schema, made)
    assert [column.kind for column in schema] == ["number", "integer"]
    assert read(made, schema=schema).concat(read(real.records, schema=schema)).rows == 4


def test_gzip_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    one, two = (write_table(TABLE, tmp_path / f"{name}.csv.gz").read_bytes() for name in "ab")
    assert one == two
    assert gzip.decompress(one).startswith(b'"age","pay"')


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_table(pa.table({"a": [1]}), tmp_path / "t.csv")
    before = path.read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_table(pa.table({"a": [2]}), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


def test_who_reads_the_old_file_keeps_the_whole_of_it(tmp_path: Path) -> None:
    path = write_table(pa.table({"a": [1, 2, 3]}), tmp_path / "t.csv")
    before = path.read_bytes()
    with path.open("rb") as reader:
        write_table(pa.table({"a": [4]}), path)
        assert reader.read() == before
    assert path.read_bytes() == b'"a"\n4\n'


def test_unknown_suffixes_and_nested_csv_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="written as"):
        write_table(TABLE, tmp_path / "t.xlsx")
    with pytest.raises(SourceError, match="CSV cannot"):
        write_table(pa.table({"a": [[1, 2]]}), tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_credit_file_of_old_line_ends_is_read_whole(data_folder: Path) -> None:
    data = read(data_folder / "default_credit" / "UCI_Credit_Card.csv.gz")
    assert (data.rows, len(data.schema.columns)) == (30_000, 25)
    assert int(np.sum(data.column("default.payment.next.month").to_numpy())) == 6_636


def test_adult_without_a_header_is_refused_and_with_one_is_read(data_folder: Path, tmp_path: Path) -> None:
    raw = gzip.decompress((data_folder / "adult" / "adult.data.gz").read_bytes())
    assert refused(csv(tmp_path, raw)).code == "source-header"
    names = "age,workclass,fnlwgt,education,education_num,marital,occupation,relationship,race,sex,gain,loss,hours,country,income"
    data = read(csv(tmp_path, names.encode() + b"\n" + raw))
    assert data.rows == 32_561
    assert data.column("occupation").null_count == 1_843
    assert data.column("income").to_pylist()[:2] == ["<=50K", "<=50K"]
    assert {c.name for c in data.schema if c.kind == "integer"} == {"age", "fnlwgt", "education_num", "gain", "loss", "hours"}


def test_linked_hospital_tables_have_patients_as_root(data_folder: Path, tmp_path: Path) -> None:
    for name in ("PATIENTS", "ADMISSIONS", "ICUSTAYS", "DIAGNOSES_ICD", "D_ICD_DIAGNOSES"):
        (tmp_path / f"{name}.csv.gz").write_bytes((data_folder / "mimic3_demo" / f"{name}.csv.gz").read_bytes())
    schema = profile(read_tables(tmp_path)).schema
    assert schema.root == "PATIENTS"
    links = {(key.parent, key.child, key.column) for key in schema.keys}
    assert {("PATIENTS", "ADMISSIONS", "subject_id"), ("ADMISSIONS", "DIAGNOSES_ICD", "hadm_id")} <= links
    assert not any(key.column == "row_id" for key in schema.keys)
