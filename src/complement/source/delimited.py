"""CSV and TSV: every cell as trimmed text, with errors that name the line. What the text means is decided in infer.py."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from complement.core.errors import SourceError, StorageError

MAX_COLUMNS = 2000  # beyond it neither a profile nor a verdict can be read by a person
UNTYPED = {b"complement.untyped": b"1"}  # marks a table whose text still has to be given types
MOST_HEADER_LINES = 100  # of a header whose names hold line ends
DELIMITERS = (",", ";", "\t", "|")


def read_delimited(path: Path, *, tabs: bool = False) -> pa.Table:
    """All cells as text without surrounding blanks; an empty cell is "". The table is marked as untyped.

    The delimiter is a tab for TSV; for CSV the one of `, ; tab |` that cuts the header into most names. Raises
    SourceError for a file that is empty, not UTF-8, ragged, too wide, or whose header lacks or repeats names.
    """
    content = text_bytes(path)
    if not content.strip():
        raise SourceError("source-empty", "The file is empty.", where=str(path))
    first, lines = _first_record(content)
    delimiter = "\t" if tabs else max(DELIMITERS, key=lambda mark: len(_cells(first, mark)))
    names = _header(first, delimiter, path)
    try:
        table = _parse(content, names, delimiter, skip=lines)
    except pa.ArrowInvalid as cause:
        raise _ragged(content, names, delimiter, path, lines) from cause
    if table.num_rows == 0:
        raise SourceError("source-empty", "The file has a header and no rows.", where=str(path))
    if b" " in content or (b"\t" in content and delimiter != "\t"):
        table = pa.table([pc.utf8_trim_whitespace(column) for column in table.columns], names=names)
    return table.replace_schema_metadata(UNTYPED)


def file_bytes(path: Path) -> bytes:
    """The file's bytes, unpacked when its name ends in .gz."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as cause:
        raise SourceError("source-format", f"The file is not sound gzip: {cause}.", where=str(path)) from cause
    except FileNotFoundError as cause:
        raise SourceError("source-missing-file", "The file does not exist.", where=str(path)) from cause
    except OSError as cause:
        raise StorageError("disk", f"The file cannot be read: {cause.strerror}.", where=str(path)) from cause


def text_bytes(path: Path) -> bytes:
    """UTF-8 bytes without a byte order mark, with lines that end in a line feed."""
    content = file_bytes(path).removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        name = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "CP1252"
        raise SourceError(
            "source-encoding",
            f"The text is not UTF-8: byte {cause.start} (line {line}) is 0x{content[cause.start]:02x}.",
            where=str(path),
            help=f"Convert it, for example: iconv -f {name} -t UTF-8 {path.name} > converted_{path.name}",
        ) from cause
    if b"\0" in content:  # UTF-8, and yet no text: a spreadsheet, a picture, or a disk that lost a block
        line = content[: content.index(0)].count(b"\n") + 1
        raise SourceError(
            "source-format",
            "The file holds NUL bytes: it is not text, or it was damaged on its way.",
            where=f"{path}:{line}",
            help="Write it anew from where it came. A spreadsheet is saved as CSV first.",
        )
    if b"\r" in content:  # Windows, and the single carriage returns of old Macintosh files
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content.lstrip(b"\n")


def check_width(names: list[str], where: str) -> None:
    """Raises SourceError when there are no columns, too many, or names that are empty or repeated."""
    if not names:
        raise SourceError("source-empty", "There are no columns.", where=where)
    if len(names) > MAX_COLUMNS:
        raise SourceError(
            "source-wide",
            f"There are {len(names):,} columns; complement handles {MAX_COLUMNS:,} at once.",
            where=where,
            help="Select the columns that matter first, for example with DuckDB: "
            f"COPY (SELECT {names[0]}, {names[1]} FROM 'FILE') TO 'small.parquet'",
        )
    empty = [place for place, name in enumerate(names, 1) if not name.strip()]
    if empty:
        raise SourceError(
            "source-header",
            f"Column {empty[0]} of {len(names)} has no name.",
            where=where,
            help="Give it a name. pandas writes such a column for its index: use to_csv(..., index=False).",
        )
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise SourceError(
            "source-header",
            f"The column name {twice[0]!r} stands {names.count(twice[0])} times.",
            where=where,
            help="Every column needs a name of its own.",
        )


def _first_record(content: bytes) -> tuple[str, int]:
    """The header, and how many lines it takes: a name in quotes may hold line ends, as spreadsheets write them."""
    lines = content.split(b"\n", MOST_HEADER_LINES)[:MOST_HEADER_LINES]
    taken = next((end for end in range(1, len(lines) + 1) if b"\n".join(lines[:end]).count(b'"') % 2 == 0), 1)
    return b"\n".join(lines[:taken]).decode(), taken


def _header(first: str, delimiter: str, path: Path) -> list[str]:
    names = [name.strip() for name in _cells(first, delimiter)]
    if _looks_like_values(names):
        raise SourceError(
            "source-header",
            f"The first line looks like values, not names: {', '.join(names[:6])}.",
            where=f"{path}:1",
            help="Put a line with the column names on top.",
        )
    check_width(names, f"{path}:1")
    return names


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=delimiter, skipinitialspace=True), [])


def _looks_like_values(names: list[str]) -> bool:
    """Two numbers or more that do not count up evenly; "1", "2", "3" or "2019", "2020" may well be names."""
    numbers: list[float] = []
    for name in names:
        try:
            numbers.append(float(name))
        except ValueError:
            continue
    steps = {round(after - before, 9) for before, after in pairwise(numbers)}
    return len(numbers) >= 2 and (len(steps) > 1 or min(steps) <= 0 or any(n % 1 for n in numbers))


def _parse(content: bytes, names: list[str], delimiter: str, *, skip: int, handler: object = None) -> pa.Table:
    return arrow_csv.read_csv(
        io.BytesIO(content),
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=skip, use_threads=handler is None, block_size=_block(content)
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=b'"' in content, invalid_row_handler=handler
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False, quoted_strings_can_be_null=False
        ),
    )


def _block(content: bytes) -> int:
    # A record must fit into one block; a quoted text may be long.
    return 1 << 24 if b'"' in content else 1 << 22


def _ragged(content: bytes, names: list[str], delimiter: str, path: Path, skip: int) -> SourceError:
    """The error for a file that Arrow refuses: read once more, in one thread, to learn the number of the line."""
    met: list[tuple[int, int, str]] = []

    def remember(row: arrow_csv.InvalidRow) -> str:
        met.append((int(row.number or 0), int(row.actual_columns), str(row.text)))
        return "skip"

    try:
        _parse(content, names, delimiter, skip=skip, handler=remember)
        why = "its lines differ in length"
    except pa.ArrowInvalid as cause:
        why = str(cause).splitlines()[0]
    if not met:
        return SourceError("source-format", f"The file cannot be read: {why}.", where=str(path))
    line, cells, text = met[0]
    more = f" So have {len(met) - 1} more lines." if len(met) > 1 else ""
    return SourceError(
        "source-ragged",
        f"Line {line} has {cells} cells, the header {len(names)}: {text[:60]!r}.{more}",
        where=f"{path}:{line}",
        help=f"Cells that contain {delimiter!r} must stand in double quotes."
        if text.count('"') % 2 == 0
        else "A double quote that opens in this line is never closed.",
    )
