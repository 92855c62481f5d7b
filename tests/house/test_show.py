"""The screen of a judgement: everything that matters is on it, in 80 columns, with and without colour."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from complement.core.verdict import Comparison, Effect, Guard, Judgement, Leak, SliceEffect, Verdict, Worth
from complement.show import COLOURS, WIDTH, show, show_records

VERDICT = Verdict(
    learner="lightgbm",
    state="MIXED",
    code="guard-failed",
    headline="lightgbm: AUROC rises by 0.0123 at weight 0.25, but log_loss is harmed. " * 2,
    metric="auroc",
    margin=0.005,
    weight=0.25,
    weights=(0.1, 0.25, 0.25),
    effect=Effect(0.0123, 0.004, 0.0201, 12_345),
    baseline=Effect(0.81234, 0.80, 0.82, 12_345),
    detectable_effect=0.009,
    units_to_settle=None,
    real_rows_equivalent=Worth(320.4, 100.0, None, "extrapolated", "beyond what was measured", saved=12_800.0),
    comparisons=(
        Comparison("class weights", Effect(0.01, 0.002, 0.018, 12_345), "beaten"),
        Comparison("threshold move", None, "not applicable", "the metric knows no threshold"),
    ),
    guards=(Guard("log_loss", "failed", Effect(-0.02, -0.03, -0.01, 12_345), 0.004, "isotonic recalibration mends it"),),
    slices=(SliceEffect("ward [3]", Effect(0.05, 0.01, 0.09, 300), True), SliceEffect("tiny", None, False, "too small")),
    leaks=(Leak("reused-hold-out", "finding", "Another plan opened these sealed records before."),),
    notes=("The positive class is '1'.",),
)
JUDGEMENT = Judgement("in-hand", True, (VERDICT,), {"fits": 36}, {"seconds": 12.5, "seconds_by_stage": {"fits": 1.0}})


def screen(judgement: Judgement, *, colour: bool = False) -> str:
    held = io.StringIO()
    show(judgement, Console(file=held, width=WIDTH, force_terminal=colour, color_system="standard" if colour else None))
    return held.getvalue()


def test_the_screen_is_the_one_that_was_looked_at():
    # To renew it after a change: write `screen(JUDGEMENT)` to the file, and read it as a user would.
    assert screen(JUDGEMENT) == Path(__file__).with_name("screen.txt").read_text(encoding="utf-8")


def test_a_note_is_not_read_twice():
    both = replace(JUDGEMENT, verdicts=(VERDICT, replace(VERDICT, learner="logistic")))
    assert screen(both).count("The positive class is '1'.") == 1
    for terminal in (True, False):
        held = io.StringIO()
        show(JUDGEMENT, Console(file=held, width=WIDTH, force_terminal=terminal), told=VERDICT.notes)
        assert ("The positive class" in held.getvalue()) != terminal


def test_every_number_of_the_verdict_is_on_the_screen():
    text = " ".join(screen(JUDGEMENT).split())  # a line may be cut anywhere
    for said in (
        "in-hand", "does this generator help", "MIXED", "lightgbm", "+0.0123", "[+0.0040, +0.0201]", "12,345 units", "0.8123",
        "0.0090", "0.25", "share of the training mass; median of 3 folds, 0.1 to 0.25",
        "320", "[100, unbounded]", "saves 12,800.00", "class weights", "beaten",
        "threshold move (the metric knows no threshold)", "log_loss", "failed", "isotonic recalibration mends it",
        "ward [3]", "found", "tiny (too small)", "finding reused-hold-out", "The positive class is '1'.", "12 seconds",
    ):  # fmt: skip
        assert said in text, said


def test_the_screen_keeps_to_its_width_and_has_no_trailing_blanks():
    for line in screen(JUDGEMENT).splitlines():
        assert len(line) <= WIDTH
        assert line == line.rstrip()


def test_colour_adds_nothing_but_colour():
    coloured = screen(JUDGEMENT, colour=True)
    assert "\x1b[" in coloured
    assert "\x1b[" not in screen(JUDGEMENT)


@pytest.mark.parametrize("state", COLOURS)
def test_every_state_is_written_out(state: str):
    assert f" {state} " in screen(replace(JUDGEMENT, verdicts=(replace(VERDICT, state=state),)))  # type: ignore[arg-type]


def test_an_unverified_judgement_says_so():
    assert "Unverified" in screen(replace(JUDGEMENT, verified=False))
    assert "Unverified" not in screen(JUDGEMENT)


def test_what_would_settle_it_is_said_only_of_what_is_open():
    def words(verdict: Verdict) -> str:
        return " ".join(screen(replace(JUDGEMENT, verdicts=(verdict,))).split())  # a line may be cut anywhere

    more = 2 * VERDICT.effect.n
    undecided = replace(VERDICT, state="INCONCLUSIVE", units_to_settle=more)
    assert f"about {more:,} units would show twice the margin" in words(undecided)
    assert "lies too near the margin" in words(replace(undecided, units_to_settle=VERDICT.effect.n))
    assert "no number of units would show twice the margin" in words(replace(undecided, units_to_settle=None))
    few = replace(undecided, code="too-few-positives", units_to_settle=None)
    assert "30 units of the rarest class are needed first" in words(few)
    assert "no number of units" not in words(few)
    assert "would show" not in words(VERDICT)


def test_a_caution_stands_right_under_the_headline_once_and_is_never_left_out():
    doubtful = replace(VERDICT, headline="A headline.", cautions=("Perhaps a unit: pid.", "Too good."))
    both = replace(JUDGEMENT, verdicts=(doubtful, replace(doubtful, learner="logistic")))
    held = io.StringIO()
    show(both, Console(file=held, width=WIDTH, force_terminal=True, color_system=None), told=doubtful.cautions)
    lines = held.getvalue().splitlines()
    start = lines.index(" A headline.")
    assert lines[start : start + 4] == [" A headline.", " note: Perhaps a unit: pid.", " note: Too good.", ""]
    assert held.getvalue().count("Perhaps a unit") == 1


def test_a_leak_keeps_its_indent_on_every_line():
    long = Leak("repeats-sealed", "error", "The delivered file repeats sealed records. " * 3)
    lines = screen(replace(JUDGEMENT, verdicts=(replace(VERDICT, leaks=(long,)),))).splitlines()
    start = lines.index("Leaks") + 1
    assert lines[start].startswith(" error repeats-sealed: The")
    assert all(line.startswith(" ") for line in lines[start : lines.index("", start)])


def test_numbers_that_are_not_known_are_not_printed_as_numbers():
    unknown = replace(VERDICT, effect=Effect(float("nan"), float("nan"), float("nan"), 0), detectable_effect=float("inf"))
    text = screen(replace(JUDGEMENT, verdicts=(unknown,)))
    assert "not known" in text
    assert "nan" not in text
    assert "inf" not in text


def test_text_from_the_data_is_never_read_as_markup():
    assert "[red]x" in screen(replace(JUDGEMENT, verdicts=(replace(VERDICT, headline="[red]x[/nonsense]"),)))


def test_records_are_shown_column_by_column():
    held = io.StringIO()
    show_records(pa.table({"[age]": [1.23456789, None], "city": ["Rome", "x" * 50]}), Console(file=held, width=WIDTH))
    assert "[age]" in held.getvalue()
    assert "1.23457" in held.getvalue()
    assert "Rome" in held.getvalue()
