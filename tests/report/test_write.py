"""From a folder to the file: what is read, where it is written, and what `complement show` does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from complement.core.errors import RunError, UsageError
from complement.report import Facts, facts_of, for_release, page, write
from complement.report.facts import PLACES


@pytest.fixture
def folder(tmp_path: Path, facts: Callable[[str], Facts]) -> Path:
    """A run's folder with every file of a run in its place, and tables that nobody may read."""
    place = tmp_path / "crashes"
    for kind, (name, *_) in PLACES.items():
        value = getattr(facts("full"), kind)
        if value is not None:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(json.dumps(value), encoding="utf-8")
    (place / "3-generate").mkdir()
    (place / "3-generate" / "synthetic.parquet").write_bytes(b"no table")
    return place


@pytest.fixture
def release(folder: Path) -> Path:
    """A release: no stages, and a digest beside its manifest."""
    place = folder.parent / "release"
    place.mkdir()
    funnel = json.loads((folder / "4-curate" / "funnel.json").read_text())
    manifest = {"funnel": funnel, "source": {"rows": 2000, "columns": 11}, "columns": [{"name": "dead", "kind": "category"}]}
    (place / "manifest.json").write_text(json.dumps(manifest))
    (place / "verdict.json").write_text((folder / "verdict.json").read_text())
    (place / "privacy.json").write_text((folder / "5-measure" / "scores.json").read_text())
    (place / "manifest.sha256").write_text(f"{'a' * 64}  manifest.json\n")
    return place


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    from complement.cli import main

    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0), capsys.readouterr().out


def test_every_fact_of_a_run_is_read_from_its_place(folder: Path, facts: Callable[[str], Facts]) -> None:
    assert facts_of(folder) == facts("full")


def test_the_report_of_a_run_stands_in_its_folder(folder: Path) -> None:
    file = write(folder)
    assert file == folder / "report.html"
    assert file.read_text(encoding="utf-8") == page(facts_of(folder))
    before = file.read_bytes()
    assert write(folder).read_bytes() == before


def test_the_facts_of_a_release_are_those_that_it_states(release: Path) -> None:
    found = facts_of(release)
    assert found.digest == "a" * 64
    assert (found.funnel or {})["made"] == 2000
    assert "release digest" in page(found)


def test_a_release_tells_nothing_of_a_clock_and_of_an_earlier_release(folder: Path) -> None:
    first = page(for_release(facts_of(folder), name="crashes"))
    (folder / "8-release").mkdir()
    (folder / "8-release" / "manifest.json").write_text('{"columns": []}')
    (folder / "8-release" / "manifest.sha256").write_text(f"{'b' * 64}  manifest.json\n")
    verdict = json.loads((folder / "verdict.json").read_text())
    verdict["spent"] = {"seconds": 98765.0, "cpu_seconds": 87654.0}
    (folder / "verdict.json").write_text(json.dumps(verdict))
    assert "b" * 64 in page(facts_of(folder))
    assert page(for_release(facts_of(folder), name="crashes")) == first


def test_nothing_is_written_into_a_release(release: Path) -> None:
    before = sorted(release.iterdir())
    with pytest.raises(UsageError, match="nothing is written into it"):
        write(release)
    assert write(release, out=release.parent / "seen.html").is_file()
    assert sorted(release.iterdir()) == before


def test_a_folder_that_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run and no release"):
        write(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        write(tmp_path / "nowhere")


def test_a_file_that_is_no_json_is_named(folder: Path) -> None:
    (folder / "5-measure" / "scores.json").write_text("{")
    with pytest.raises(RunError, match=r"5-measure/scores.json cannot be read as JSON") as met:
        write(folder)
    assert met.value.code == "run-damaged"


def test_show_writes_the_report_and_prints_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = call(capsys, "show", str(folder), "--no-open")
    assert (code, told.strip()) == (0, str(folder / "report.html"))
    other = folder.parent / "other.html"
    code, told = call(capsys, "show", str(folder), "--out", str(other), "--json")
    assert (code, json.loads(told)) == (0, {"schema": 1, "report": str(other), "opened": False})
    assert other.read_bytes() == (folder / "report.html").read_bytes()


def test_show_opens_the_report_where_there_is_a_screen(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setenv("DISPLAY", ":0")
    call(capsys, "show", str(folder))
    assert opened == [(folder / "report.html").as_uri()]
    call(capsys, "show", str(folder), "--json")
    assert len(opened) == 1
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    call(capsys, "show", str(folder))
    assert len(opened) == 1


def test_show_shows_a_release_as_it_was_delivered(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (release / "report.html").write_text("as delivered")
    code, told = call(capsys, "show", str(release), "--no-open")
    assert (code, told.strip()) == (0, str(release / "report.html"))
    assert (release / "report.html").read_text() == "as delivered"


def test_show_refuses_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = call(capsys, "show", str(tmp_path), "--json")
    assert (code, json.loads(told)["error"]["code"]) == (2, "usage")
