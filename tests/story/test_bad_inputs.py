"""Bad inputs through the real command line: one screen, a code, what to do; no traceback, and nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from bad_calls import BY_TIME, BY_UNIT, GOOD, NO_PATIENT, PROVE, RECIPE, RUN, Bad
from bad_records import DELIVERIES, FILES, SPLITS, TARGETS
from bad_words import BLOCKED, CALLS, RECIPES, WHERES
from click.testing import CliRunner, Result
from pyarrow import parquet
from spoilt_files import Content, header, jsonl, lay_out, patients, some, spoilt, text, with_column

from complement.cli import main
from complement.core.errors import CODES
from complement.recipe import Recipe
from complement.source.read import read

BAD = [*FILES, *TARGETS, *SPLITS, *DELIVERIES, *RECIPES, *WHERES, *CALLS, *BLOCKED]
WIDE, HIGH = 80, 24  # a screen
# What a command may leave that failed: the salt by which records are sealed, and the beginnings of a run's folder.
HARMLESS = {".complement/salt", "RUN/events.jsonl", "RUN/recipe.yaml", "RUN/1-source/source.json", "RUN/1-source/plan.json"}
HARMLESS |= {"RUN/3-generate/request-0-turn-0/plan.json"}  # the name of work of which no shard was made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with real records in good.csv and a recipe for them in good.yaml."""
    lay_out(tmp_path, {"good.csv": text(), "good.yaml": RECIPE})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(line: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*shlex.split(line), *more])


def command(line: str, folder: Path, **keywords: object) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own."""
    words = [sys.executable, "-m", "complement.cli", *shlex.split(line)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, **keywords)  # type: ignore[call-overload]


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_screen(stderr: str, bad: Bad) -> None:
    """The error is one screen that says its code, what was met and what to do."""
    start = stderr.index("error[")
    lines = stderr[start:].splitlines()
    code = lines[0].partition("[")[2].partition("]:")[0]
    assert code in bad.code.split("|"), stderr
    assert any(line.strip().startswith("help: ") and len(line.split()) > 2 for line in lines), stderr
    assert sum(max(1, -(-len(line) // WIDE)) for line in lines) <= HIGH, stderr
    assert all(sign.isprintable() for line in lines for sign in line), stderr
    assert "Traceback" not in stderr


def assert_object(stdout: str, bad: Bad) -> dict[str, str]:
    """stdout is one JSON object with the error; what it says is what was asked for."""
    found = json.loads(stdout)
    assert set(found) == {"error"}
    error = found["error"]
    assert set(error) == {"code", "met", "where", "help"}
    assert error["code"] in bad.code.split("|"), error
    assert error["met"]
    assert error["help"]
    assert bad.says.lower() in " ".join(error.values()).lower(), error
    return error


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_input_is_refused_on_one_screen_and_leaves_nothing_behind(here: Path, bad: Bad):
    lay_out(here, bad.files)
    before = files_in(here)
    result = call(bad.call)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (bad.exit, ""), result.stderr
    assert_screen(result.stderr, bad)
    result = call(bad.call, "--json")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == bad.exit
    assert_object(result.stdout, bad)
    after = files_in(here)
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) <= HARMLESS


def test_the_bad_inputs_have_names_of_their_own_and_codes_that_exist():
    assert len({bad.name for bad in BAD}) == len(BAD)
    assert {code for bad in BAD for code in bad.code.split("|")} <= set(CODES)


@pytest.mark.parametrize(
    ("name", "more"),
    [("latin-1 bytes", ""), ("YAML tag", ""), ("code as condition", "--json"), ("os:system as learner", "--json")],
)
def test_a_process_of_its_own_says_the_same(here: Path, name: str, more: str):
    bad = next(one for one in BAD if one.name == name)
    lay_out(here, bad.files)
    done = command(f"{bad.call} {more}", here)
    assert done.returncode == bad.exit
    assert "Traceback" not in done.stderr
    if more:
        assert_object(done.stdout, bad)
    else:
        assert done.stdout == ""
        assert_screen(done.stderr, bad)
    assert not (here / "pwned").exists()


# ---- what must work ----

ODD_NAMES = ["class", "with space", "it's", 'say "x"', "new\nline", "🙂", "a,b", "%s {x} [red]", "`tick`", "_synthetic", "1"]
SURVIVED: list[tuple[str, str, str]] = [
    ("an empty column", spoilt("hollow", [None] * 200), PROVE),
    ("a constant column", spoilt("flat", "same"), PROVE),
    ("a column of mixed cells", spoilt("mixed", ["12", "many", "3.5", "2024-01-01"] * 50), PROVE),
    ("times out of order", text(patients().take(pa.array(range(199, -1, -1)))), BY_TIME),
    ("units all distinct", spoilt("patient", [f"Q{n}" for n in range(200)]), BY_UNIT),
    ("time with units", text(), f"{BY_TIME} --unit patient".replace(NO_PATIENT, "")),
    ("missing targets", spoilt("y", some("y", None)), PROVE),
    ("Windows lines and a byte order mark", "\ufeff" + text().replace("\n", "\r\n"), PROVE),
    ("semicolons", text().replace(",", ";"), PROVE),
    ("whole numbers beyond 2**53", spoilt("far", [9_007_199_254_740_993 + n for n in range(200)]), PROVE),
    ("numbers beyond float32", spoilt("far", [(-1.0) ** n * 1e60 * (n + 1) for n in range(200)]), PROVE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "line"), SURVIVED, ids=[one[0] for one in SURVIVED])
def test_what_is_odd_and_not_wrong_is_judged(here: Path, name: str, content: str, line: str):
    lay_out(here, {"bad.csv": content})
    result = call(line, "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["verdicts"][0]["learner"] == "tree"


def test_an_empty_column_is_ignored_and_somebody_is_told(here: Path):
    lay_out(here, {"bad.csv": spoilt("hollow", [None] * 200)})
    assert "hollow" in call(PROVE).stderr


@pytest.fixture
def oddly_named(here: Path) -> Path:
    """bad.csv: the patients with eleven more columns of strange names, each somebody else's measurement."""
    table = patients()
    for place, name in enumerate(ODD_NAMES, 1):
        values = table["smooth"].to_pylist()
        table = table.append_column(name, pa.array([*values[place:], *values[:place]]))  # not a copy of any other column
    lay_out(here, {"bad.csv": text(table)})
    return here


def test_columns_may_be_called_anything(oddly_named: Path):
    result = call(f"{PROVE} --slice '`with space` > 0'", "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    for suffix in ("parquet", "csv", "jsonl"):
        result = call(f"generate bad.csv --rows 7 --out out.{suffix} --json", "--where", '`say "x"` > 0')
        assert result.exit_code == 0, result.stdout
        made = read(f"out.{suffix}")
        assert made.rows == 7
        assert set(ODD_NAMES) <= set(made.records.column_names)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_target_may_be_called_anything(oddly_named: Path, name: str):
    result = call("init bad.csv --json --target", name)
    assert result.exit_code == 0, result.stdout
    assert Recipe.load("recipe.yaml").purpose.target == name
    result = call("generate bad.csv --rows 3 --out out.parquet --generator bootstrap --json --target", name)
    assert result.exit_code == 0, result.stdout


def test_a_nested_column_is_carried_by_whole_records(here: Path):
    nested = patients().append_column("pair", pa.array([{"a": n} for n in range(200)]))
    parquet.write_table(nested, "nested.parquet")
    result = call("generate nested.parquet --rows 5 --out out.parquet --generator bootstrap --json")
    assert result.exit_code == 0, result.stdout
    assert set(parquet.read_table("out.parquet")["pair"].to_pylist()[0]) == {"a"}


def test_lines_of_json_may_have_different_keys(here: Path):
    lines = [line if place % 3 else line.replace('"texture"', '"grain"') for place, line in enumerate(jsonl())]
    lay_out(here, {"bad.jsonl": "\n".join(lines)})
    result = call(PROVE.replace("bad.csv", "bad.jsonl"), "--json")
    assert result.exit_code == 0, result.stdout + result.stderr


# ---- what the machine refuses ----


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ")
def test_a_disk_that_takes_no_more_is_said_and_a_rerun_goes_on(here: Path):
    lay_out(here, {"bad.yaml": RECIPE})
    done = command(f"{RUN} --json", here, preexec_fn=_small_files)
    assert done.returncode == 3, done.stdout + done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "disk"
    assert [name for name in files_in(here) if ".tmp-" in name or name.endswith((".parquet", "stage.json"))] == []
    assert call(RUN, "--json").exit_code == 0
    done = command("generate good.csv --rows 200 --out out.csv --json", here, preexec_fn=_small_files)
    assert done.returncode == 3, done.stdout + done.stderr
    assert [name for name in files_in(here) if name.startswith("out.csv")] == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk_is_said_with_what_to_do(here: Path):
    lay_out(here, {"bad.yaml": RECIPE})
    if not mounted(here / "disk", "size=24k"):
        pytest.skip("this machine does not let root mount")
    try:
        result = call(RUN.replace("RUN", "disk/RUN"), "--json")
        error = assert_object(result.stdout, Bad("full", "", "disk"))
        assert result.exit_code == 3
        assert "No space left" in error["met"]
        assert [name for name in files_in(here / "disk") if ".tmp-" in name] == []
    finally:
        subprocess.run(["umount", "-l", str(here / "disk")], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="rights differ")
@pytest.mark.parametrize("line", [GOOD, "generate good.csv --rows 5 --out out.csv", RUN, "init good.csv --target y"])
def test_a_folder_that_may_only_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str):
    shut = tmp_path / "shut"
    with shut_to_writing(shut, {"good.csv": text(), "bad.yaml": RECIPE}):
        monkeypatch.chdir(shut)
        result = call(line, "--json")
        monkeypatch.chdir(tmp_path)
    error = assert_object(result.stdout, Bad("shut", "", "disk"))
    assert result.exit_code == 3
    assert "denied" in error["met"].lower() or "read-only" in error["met"].lower()


@contextmanager
def shut_to_writing(folder: Path, files: Mapping[str, Content]) -> Generator[None]:
    """A folder with these files in which nobody may write: for root a disk that is mounted to be read only."""
    if os.geteuid() != 0:
        lay_out(folder, files)
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    if not mounted(folder, "size=1m"):
        pytest.skip("this machine does not let root mount")
    try:
        lay_out(folder, files)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def mounted(place: Path, options: str) -> bool:
    place.mkdir()
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True).returncode == 0


def test_a_mended_input_runs_in_the_folder_of_the_refused_one(here: Path):
    lay_out(
        here, {"bad.yaml": RECIPE.replace("good.csv", "bad.csv"), "bad.csv": header("radius,radius,smooth,size,patient,day,y")}
    )
    assert call(RUN).exit_code == 2
    lay_out(here, {"bad.csv": text()})
    result = call(RUN, "--json")
    assert result.exit_code == 0, result.stdout
    assert json.loads(result.stdout)["leaks"] == []


def test_a_call_that_was_refused_does_not_count_as_an_opening(here: Path):
    for wrong in (
        "--learner sklearn.linear_model:LinearRegression",
        "--metric rmse",
        "--generator tress",
        "--learner nosuch:Model",
    ):
        assert call(f"{GOOD} {wrong}", "--json").exit_code == 2
    assert not (here / ".complement" / "openings.jsonl").exists()
    assert json.loads(call(GOOD, "--json").stdout)["leaks"] == []


def test_a_fresh_column_of_the_same_name_gives_way_to_ours(here: Path):
    lay_out(here, {"bad.csv": text(with_column("_generator", "somebody"))})
    assert call("generate bad.csv --rows 5 --out out.parquet --json").exit_code == 0
    assert set(parquet.read_table("out.parquet")["_generator"].to_pylist()) == {"forest"}
