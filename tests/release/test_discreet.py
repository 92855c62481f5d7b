"""What no release tells: folders and names of the machine on which it was made."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from complement.release.discreet import discreet, private_texts, without

PRIVATE = ("/home/anna", "wards-laptop-7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/data/hospital/patients.csv", "patients.csv"),
        ("../hospital/patients.csv", "patients.csv"),
        ("~/patients.csv", "patients.csv"),
        (r"C:\Users\anna\patients.csv", "patients.csv"),
        (r"\\server\share\patients.csv", "patients.csv"),
        ("read from /data/hospital/patients.csv, 3 columns", "read from patients.csv, 3 columns"),
        ("kept in '/home/anna/x y.csv'", "kept in 'x y.csv'"),
        ("by anna on wards-laptop-7", "by anna on …"),
        ("home is /home/anna", "home is …"),
        ("https://spdx.org/licenses/MIT.html", "https://spdx.org/licenses/MIT.html"),
        ("and/or, 1/2/3, km/h, a < b / c", "and/or, 1/2/3, km/h, a < b / c"),
        ("records.csv", "records.csv"),
        ("data/records.csv", "data/records.csv"),
        ("", ""),
    ],
)
def test_of_a_path_only_the_last_name_is_told(text: str, told: str) -> None:
    assert discreet(text, PRIVATE) == told
    assert discreet({"a": [{text: text}]}, PRIVATE) == {"a": [{told: told}]}


def test_a_text_as_a_whole_loses_private_folders_and_nothing_else() -> None:
    page = '<a href="/home/anna/runs/report.html">/homely</a><script>x=/a/b/.test("/c/d")</script>wards-laptop-77'
    told = '<a href="report.html">/homely</a><script>x=/a/b/.test("/c/d")</script>wards-laptop-77'
    assert without(page, PRIVATE) == told


def test_the_folders_and_the_host_of_this_machine_are_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "wards-laptop-7")
    monkeypatch.chdir(tmp_path)
    found = private_texts(("the-ward",))
    assert {str(tmp_path), str(Path.home()), "wards-laptop-7", "the-ward"} <= set(found)
    assert list(found) == sorted(found, key=lambda text: (-len(text), text)), "the longest first, so that no shorter one cuts it"
    assert not {"/", ""} & set(found)
    monkeypatch.setattr(socket, "gethostname", lambda: "model")
    assert "model" not in private_texts(), "an ordinary word cannot be told from the name of a host"
