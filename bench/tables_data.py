"""The real tables of the bench: how each is read, its halves, and its split into train, fresh real rows and test."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from complement.core.dataset import Dataset
from complement.core.schema import Column, Schema
from complement.core.seed import rng_at

DATA = Path(os.environ.get("COMPLEMENT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
SALT = "complement, bench of tables, halves"  # never change it: whoever looked at one half must not meet its rows in the other
HALVES = ("development", "confirmation", "all")
SHARES = (0.4, 0.8)  # ends of train and of the fresh real rows; the rest is test
SMALL_ROWS = 2000
MISSING = ("?", "")

ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation", "relationship", "race", "sex"]
ADULT += ["gain", "loss", "hours", "country", "income"]
SHOPPERS_CODES = ("OperatingSystems", "Browser", "Region", "TrafficType", "Weekend", "Revenue")
CREDIT_CODES = ("SEX", "EDUCATION", "MARRIAGE", *(f"PAY_{n}" for n in (0, 2, 3, 4, 5, 6)), "default.payment.next.month")
VISIT_CODES = ("admission_type_id", "discharge_disposition_id", "admission_source_id", "diag_1", "diag_2", "diag_3")
GERMAN = ["checking", "months", "history", "purpose", "amount", "savings", "employment", "rate", "personal", "debtors"]
GERMAN += ["residence", "property", "age", "plans", "housing", "credits", "job", "liable", "telephone", "foreign", "risk"]
PIMA = ["pregnancies", "glucose", "pressure", "skin", "insulin", "bmi", "pedigree", "age", "diabetes"]
COLON_CODES = ("study", "sex", "obstruct", "perfor", "adhere", "status", "differ", "extent", "surg", "node4", "etype")
PBC_CODES = ("status", "trt", "ascites", "hepato", "spiders", "edema", "stage")
SUPPORT_CODES = ("death", "hospdead", "diabetes", "dementia")


@dataclass(frozen=True)
class Source:
    """A real table: how to read it, its target, and what is known of its columns.

    `codes` are categories that the file writes as numbers, `unit` the column that no split may cut, `leaks` what a learner of
    the target must not see because it is known only with it. `most_rows`: a larger table is cut down to a random part.
    """

    read: Callable[[], pa.Table]
    target: str
    positive: str
    codes: tuple[str, ...] = ()
    unit: str | None = None
    drop: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    most_rows: int | None = None


@dataclass(frozen=True)
class Split:
    """Train, fresh real rows (never shown to a generator) and test of one table, with its unit column where it has one.

    `kinds` names the columns that a generator sees, in order: "number", "integer" or "category".
    """

    name: str
    source: Source
    kinds: dict[str, str]
    train: pa.Table
    fresh: pa.Table
    test: pa.Table
    note: str

    def shown(self) -> pa.Table:
        """What a generator is fitted on: train without the unit."""
        return self.train.select(list(self.kinds))

    def dataset(self, table: pa.Table) -> Dataset:
        """A part of this split, or made rows, as complement sees them: with target and unit marked."""
        target = self.source.target
        columns = [Column(n, kind, "target" if n == target else "feature") for n, kind in self.kinds.items()]  # type: ignore[arg-type]
        if self.source.unit in table.column_names:
            columns.append(Column(str(self.source.unit), "category", "unit"))
        return Dataset.of(table.select([column.name for column in columns]), Schema({"records": tuple(columns)}))


def split_of(name: str, *, half: str, rows: int | None) -> Split:
    """The 40/40/20 split of one half of a table, by unit, the same at every call."""
    source = SOURCES[name]
    table, unit = _units(read(name), source)
    held = _half(name, unit, half)
    note = [f"{half}: {int(held.sum()):,} of {table.num_rows:,} rows"]
    table, unit = table.filter(pa.array(held)), unit[held]
    most = min(rows or table.num_rows, source.most_rows or table.num_rows)
    order = _order(unit, "split", name)
    if most < table.num_rows:
        order = order[:most]
        note.append(f"a random {most:,} of them")
    if len(order) < SMALL_ROWS:
        note.append("small: every figure is loose")
    ends = [_unit_end(unit[order], int(share * len(order))) for share in SHARES]
    train, fresh, test = (table.take(pa.array(part)) for part in np.split(order, ends))
    return Split(name, source, _kinds(table, source), train, fresh, test, "; ".join(note))


def split_of_papers(name: str, *, rows: int | None) -> Split:
    """The split that TabSyn, TabDiff and TabPC state, on the full table: Adult its official one, the others 90/10 at random.

    They hold out no rows beyond test: it stands for the fresh ones, too.
    """
    source = SOURCES[name]
    table = read(name)
    order, end = rng_at(0, "tables", "papers", name).permutation(table.num_rows), int(0.9 * table.num_rows)
    if name == "adult":
        order, end = np.arange(table.num_rows), 32_561
    train, test = (table.take(pa.array(part)) for part in np.split(order, [end]))
    if rows and rows < train.num_rows:
        train = train.take(pa.array(rng_at(0, "tables", "cap", name).permutation(train.num_rows)[:rows]))
    return Split(name, source, _kinds(table, source), train, test, test, f"the papers' split of all {table.num_rows:,} rows")


def read(name: str) -> pa.Table:
    """A whole table: codes as text, "?" and "" as null, text without blanks around it."""
    source = SOURCES[name]
    table = source.read()
    table = table.select([column for column in table.column_names if column not in source.drop])
    columns = {}
    for column in table.column_names:
        values = table.column(column).combine_chunks()
        code = column in source.codes or column == source.unit
        columns[column] = _text(values) if code or not _numeric(values.type) else _number(values)
    return pa.table(columns)


def conform(made: pa.Table, split: Split) -> pa.Table:
    """Made rows in the columns and types of the real ones: whole numbers rounded, what is not finite null."""
    lacking = [name for name in split.kinds if name not in made.column_names]
    if lacking:
        raise ValueError(f"made rows lack {', '.join(lacking[:5])}")
    columns = {}
    for name, kind in split.kinds.items():
        values = made.column(name).combine_chunks()
        if kind == "category":
            columns[name] = _text(values)
            continue
        numbers = np.array(values.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False))
        numbers[~np.isfinite(numbers)] = np.nan
        numbers = np.round(numbers) if kind == "integer" else numbers
        columns[name] = pa.array(numbers, from_pandas=True).cast(split.train.schema.field(name).type)
    return pa.table(columns)


def _units(table: pa.Table, source: Source) -> tuple[pa.Table, np.ndarray]:
    """The table and the name of each row's unit; without a unit column every row is its own, named by its place."""
    if source.unit is None:
        return table, np.arange(table.num_rows).astype(str)
    return table, np.asarray(table.column(source.unit).to_pylist(), str)


def _half(name: str, unit: np.ndarray, half: str) -> np.ndarray:
    """Which rows are in a half: the parity of a salted hash of their unit, bool of shape (rows,)."""
    if half == "all":
        return np.ones(len(unit), bool)
    names, place = np.unique(unit, return_inverse=True)
    odd = np.array([blake2b(f"{SALT}|{name}|{one}".encode(), digest_size=8).digest()[0] % 2 == 1 for one in names])
    return odd[place] == (half == "confirmation")


def _order(unit: np.ndarray, *place: str) -> np.ndarray:
    """All rows in random order, those of a unit together."""
    names, index = np.unique(unit, return_inverse=True)
    rank = rng_at(0, "tables", *place).permutation(len(names))[index]
    return np.argsort(rank, kind="stable")


def _unit_end(unit: np.ndarray, end: int) -> int:
    """The first place at or after `end` where a unit ends."""
    while 0 < end < len(unit) and unit[end] == unit[end - 1]:
        end += 1
    return end


def _kinds(table: pa.Table, source: Source) -> dict[str, str]:
    found = {}
    for name in table.column_names:
        of = table.schema.field(name).type
        if name != source.unit:
            found[name] = "category" if pa.types.is_string(of) else "integer" if pa.types.is_integer(of) else "number"
    return found


def _numeric(of: pa.DataType) -> bool:
    return pa.types.is_integer(of) or pa.types.is_floating(of)


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):  # codes with missing ones: 1.0 is "1"
        whole = all(v is None or v != v or v.is_integer() for v in pc.unique(values).to_pylist())
        values = pa.array(values.to_numpy(zero_copy_only=False), from_pandas=True)
        values = values.cast(pa.int64()) if whole else values
    text = pc.utf8_trim_whitespace(values.cast(pa.string()))
    return pc.if_else(pc.is_in(text, pa.array(MISSING)), None, text)


def _number(values: pa.Array) -> pa.Array:
    """float64, or int64 where every value is whole."""
    numbers = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    kept = numbers[np.isfinite(numbers)]
    array = pa.array(numbers, from_pandas=True)
    return array.cast(pa.int64()) if len(kept) and np.array_equal(kept, np.round(kept)) else array


def _csv(path: str, names: list[str] | None = None, **options: object) -> pa.Table:
    """A CSV file of the data folder, perhaps gzipped; spaces beside a comma belong to no value."""
    raw = (DATA / path).read_bytes()
    text = gzip.decompress(raw) if path.endswith(".gz") else raw
    text = text.replace(b", ", b",").replace(b"'", b"") if options.pop("blanks", False) else text
    lines = csv.ReadOptions(column_names=names, skip_rows=int(options.pop("skip", 0)))  # type: ignore[call-overload]
    nulls = csv.ConvertOptions(null_values=["", "NA", "?"], strings_can_be_null=True)
    return csv.read_csv(io.BytesIO(text), read_options=lines, convert_options=nulls)


def _adult() -> pa.Table:
    train = _csv("adult/adult.data.gz", ADULT, blanks=True)
    test = _csv("adult/adult.test.gz", ADULT, blanks=True)
    labels = pc.utf8_rtrim(test.column("income").combine_chunks(), ".")
    test = test.set_column(test.column_names.index("income"), "income", labels)
    return pa.concat_tables([train, test.cast(train.schema)])


def _diabetes() -> pa.Table:
    with zipfile.ZipFile(DATA / "diabetes130" / "dataset_diabetes.zip") as folder:
        inside = next(name for name in folder.namelist() if name.endswith("diabetic_data.csv"))
        types = csv.ConvertOptions(
            null_values=["?"], strings_can_be_null=True, column_types=dict.fromkeys(VISIT_CODES, pa.string())
        )
        table = csv.read_csv(io.BytesIO(folder.read(inside)), convert_options=types)
    early = pc.if_else(pc.equal(table.column("readmitted"), "<30"), "<30", "no")
    return table.set_column(table.column_names.index("readmitted"), "readmitted", early)


def _payments() -> pa.Table:
    """Without exact duplicates; six decimals, as the file was made."""
    table = parquet.read_table(DATA / "ulb_creditcard" / "creditcard_minmax.parquet")
    frame = table.to_pandas().drop_duplicates(ignore_index=True)
    return pa.Table.from_pandas(frame.astype("float64").round(6), preserve_index=False)


def _wdbc() -> pa.Table:
    text = (DATA / "uci_small" / "keel_wdbc.dat").read_bytes().replace(b" ", b"")
    return csv.read_csv(io.BytesIO(text), read_options=csv.ReadOptions(column_names=WDBC))


def _small(path: str, names: list[str]) -> Callable[[], pa.Table]:
    return lambda: _csv(path, names, blanks=True)


WDBC = [*(f"x{n}" for n in range(1, 31)), "cancer"]
MAMMOGRAPHY = [*(f"x{n}" for n in range(1, 7)), "cancer"]
SURVIVAL = "patient_small/r_survival_"
SOURCES: dict[str, Source] = {
    "adult": Source(_adult, "income", ">50K"),
    "default_credit": Source(
        lambda: _csv("default_credit/UCI_Credit_Card.csv.gz"), "default.payment.next.month", "1", CREDIT_CODES, drop=("ID",)
    ),
    "shoppers": Source(lambda: _csv("shoppers/online_shoppers_intention.csv.gz"), "Revenue", "1", SHOPPERS_CODES),
    "diabetes130": Source(_diabetes, "readmitted", "<30", VISIT_CODES, "patient_nbr", ("encounter_id",), most_rows=50_000),
    "ulb_creditcard": Source(_payments, "Class", "1", ("Class",), most_rows=60_000),
    "pima": Source(_small("uci_small/pima-indians-diabetes.csv", PIMA), "diabetes", "1", ("diabetes",)),
    "german": Source(_small("uci_small/german.csv", GERMAN), "risk", "2", ("risk",)),
    "mammography": Source(_small("uci_small/mammography.csv", MAMMOGRAPHY), "cancer", "1", ("cancer",)),
    "wdbc": Source(_wdbc, "cancer", "M"),
    "support2": Source(
        lambda: _csv("patient_small/support2.csv.gz", blanks=True),
        "death",
        "1",
        SUPPORT_CODES,
        drop=("sno",),
        leaks=("hospdead", "d.time", "sfdm2", "slos"),
    ),
    "flchain": Source(
        lambda: _csv(SURVIVAL + "flchain.csv.gz"),
        "death",
        "1",
        ("death", "mgus"),
        drop=("rownames",),
        leaks=("futime", "chapter"),
    ),
    "pbcseq": Source(lambda: _csv(SURVIVAL + "pbcseq.csv.gz"), "status", "2", PBC_CODES, "id", ("rownames",), ("futime",)),
    "colon": Source(lambda: _csv(SURVIVAL + "colon.csv.gz"), "status", "1", COLON_CODES, "id", ("rownames",), ("time",)),
}
PAPERS = ("adult", "default_credit", "shoppers")
FOLDERS = {"uci_small": ("pima", "german", "mammography", "wdbc"), "patient_small": ("support2", "flchain", "pbcseq", "colon")}


def named(names: list[str]) -> list[str]:
    """Tables by name; a folder of several stands for all of them, and none for every table."""
    wanted = [table for name in names for table in FOLDERS.get(name, (name,))] or list(SOURCES)
    unknown = [name for name in wanted if name not in SOURCES]
    if unknown:
        raise SystemExit(f"There is no table '{unknown[0]}'. There are: {', '.join([*SOURCES, *FOLDERS])}.")
    return wanted
