"""Shows an audit on one screen: what it comes to first, then every score beside what real records have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from complement.core.score import Score

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from complement.assess import Audit

GATE = {True: ("PASSED", "bold green"), False: ("FAILED", "bold red"), None: ("NOT SHOWN", "bold yellow")}
BASE = "_base"  # the score of this name is what real records that no maker saw have
MEASURED = {  # what a line says; at most 29 signs, so that it fits beside name, score and base
    "shape_error": "columns off, mean",
    "shape_worst": "column farthest beyond chance",
    "pairs_error": "associations off, mean",
    "pairs_worst": "the pair farthest off",
    "joint_error": "pairs of columns off, mean",
    "conditional_error": "columns off within a class",
    "conditional_worst": "of the class farthest off",
    "c2st_auc": "told from real; chance .5",
    "c2st_p": "chance tells them as well",
    "detection_boosted": "as papers print it; 1 best",
    "detection_logistic": "the same by columns alone",
    "tstr_auroc": "learnt from them, AUROC",
    "tstr_auroc_difference": "less than from real ones",
    "tstr_r2": "learnt from them, R2",
    "tstr_r2_difference": "less than from real ones",
    "coverage": "real ones with one nearby",
    "recall": "real ones among them",
    "precision": "of them among real ones",
    "density": "how densely; 1 as real",
    "levels_kept": "values of 5 or more, kept",
    "tail_mass": "cells with rare values",
    "distinct_values": "different values, 1 as real",
    "distinct_records": "different records",
    "vendi": "as many unlike each other",
    "copy_share": "synthetic equal to a real one",
    "train_repeated": "real records repeated",
    "tune_repeated": "hold-out records repeated",
    "copies_of_train": "equal to some real ones",
    "copies_of_tune": "to as many hold-out ones",
    "telling_repeated": "unlike all others, repeated",
    "identity_repeated": "names or ids of real people",
    "value_repeated": "values only one real one has",
    "holdout_twins": "hold-out with a made twin",
    "membership_auc": "attack by distance; chance .5",
    "membership_tpr": "real records it finds",
    "membership_fpr": "false alarms at which it does",
    "density_auc": "attack by density; chance .5",
    "density_tpr": "real records it finds",
    "density_fpr": "false alarms at which it does",
    "density_tpr_at_0.001": "found at .1 % false alarms",
    "density_isolated_auc": "attack on 5 % who stand out",
    "density_fpr_at_0.001": "false alarms at which it does",
    "near_tpr": "real ones nearly repeated",
    "near_fpr": "of hold-out: coincidence",
    "near_tpr_at_0.003": "found at .3 % false alarms",
    "near_fpr_at_0.003": "false alarms at which it does",
    "rare_repeated": "rare values of one, repeated",
    "attribute_lift": "guessed of real beyond others",
    "attribute_lift_most": "of the column guessed best",
    "singled_out": "one real one met by a guess",
    "singled_out_lift": "beyond the hold-out",
    "linked": "two halves of a real one met",
    "linked_lift": "beyond the hold-out",
    "density_isolated_tpr": "real records it finds",
    "density_isolated_fpr": "false alarms at which it does",
    "density_isolated_tpr_at_0.001": "found at .1 % false alarms",
    "density_isolated_fpr_at_0.001": "false alarms at which it does",
    "density_rare_auc": "attack on the rarest class",
    "density_rare_tpr": "real records it finds",
    "density_rare_fpr": "false alarms at which it does",
    "density_rare_tpr_at_0.001": "found at .1 % false alarms",
    "density_rare_fpr_at_0.001": "false alarms at which it does",
    "density_busy_auc": "attack on units of 3 or more",
    "density_busy_tpr": "real units it finds",
    "density_busy_fpr": "false alarms at which it does",
    "density_busy_tpr_at_0.001": "found at .1 % false alarms",
    "density_busy_fpr_at_0.001": "false alarms at which it does",
    "near_tpr_at_0.001": "found at .1 % false alarms",
    "near_fpr_at_0.001": "false alarms at which it does",
    "near_rare_tpr": "of the rarest class",
    "near_rare_fpr": "of hold-out: coincidence",
    "near_busy_tpr": "of units of 3 or more",
    "near_busy_fpr": "of hold-out: coincidence",
    "part_tpr": "parts of real ones repeated",
    "part_fpr": "of hold-out: coincidence",
    "part_tpr_at_0.001": "found at .1 % false alarms",
    "part_fpr_at_0.001": "false alarms at which it does",
    "part_tpr_at_0.003": "found at .3 % false alarms",
    "part_fpr_at_0.003": "false alarms at which it does",
    "shadow_auc": "by refitting; chance .5",
    "dcr_share": "nearer to real; bugs only",
    "nndr_share": "the same by ratio; bugs only",
}


def show_audit(audit: Audit, console: Console) -> None:
    """Print what was measured of two files, and what the privacy gate says of it."""
    with console.capture() as held:
        for part in _audited(audit):
            console.print(part)
    for line in held.get().splitlines():  # tables fill their lines with blanks, which nobody wants in a file or a mail
        console.file.write(line.rstrip() + "\n")


def _of(rows: int, every: int) -> str:
    return f"{rows:,}" if rows == every else f"{rows:,} of {every:,}"


def _audited(audit: Audit) -> Iterable[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    real, synthetic, holdout = (_of(rows, every) for rows, every in zip(audit.rows, audit.every or audit.rows, strict=True))
    sizes = f"{real} real, {synthetic} synthetic, {holdout} hold-out records; {len(audit.columns)} columns compared"
    yield Text.assemble(("audit", "bold"), f": {sizes}")
    if audit.where is not None:
        yield Text(f"only records that meet the condition {audit.where}; nothing is said of the others")
    yield Text("")
    word, colour = GATE[audit.passed]
    yield Text.assemble((f" {word} ", f"{colour} reverse"), " the privacy gate")
    yield Padding(Text(audit.why), (0, 0, 0, 1), expand=False)
    parts = (
        ("Fidelity: how near to real", audit.fidelity, fidelity_told),
        ("Diversity: how much of it", audit.diversity, diversity_told),
        ("Privacy: what it gives away", audit.privacy, lambda scores: ""),
    )
    for title, scores, tell in parts:
        if not scores:
            continue
        yield Text(f"\n{title}", style="bold")
        told = tell({score.name: score for score in scores})
        if told:
            yield Padding(Text(told), (0, 0, 0, 1), expand=False)
        yield Padding(_table(scores), (0, 0, 0, 1), expand=False)
    for number, note in enumerate(audit.notes):
        yield Text(("\n" if number == 0 else "") + f"note: {note}")


def _table(scores: tuple[Score, ...]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    by_name = {score.name: score for score in scores}
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", max_width=24, overflow="fold")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, style="dim")
    table.add_column("real" if any(name.endswith(BASE) for name in by_name) else "", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for name, score in by_name.items():
        if name.removesuffix(BASE) in by_name and name.endswith(BASE):
            continue  # it stands beside its score
        base = by_name.get(name + BASE)
        shown = "" if base is None else number(base.value)
        table.add_row(Text(name), Text(number(score.value)), _between(score), shown, Text(MEASURED.get(name, "")))
    return table


def number(value: float) -> str:
    """With as many digits as are worth reading beside others."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def _between(score: Score) -> str:
    return "" if score.low is None or score.high is None else f"{number(score.low)} to {number(score.high)}"


def fidelity_told(scores: Mapping[str, Score]) -> str:
    """What a reader needs first of fidelity, in a sentence or two; "" when too little was measured."""
    told: list[str] = []
    off, chance = scores.get("shape_error"), scores.get("shape_error_base")
    pairs, pairs_chance = scores.get("pairs_error"), scores.get("pairs_error_base")
    if off is not None:
        words = f"Columns are {off.value:.3f} off" + (f" (real ones {chance.value:.3f})" if chance else "")
        if pairs is not None:
            words += f", associations {pairs.value:.3f}" + (f" ({pairs_chance.value:.3f})" if pairs_chance else "")
        told.append(words + ".")
    auc, p = scores.get("c2st_auc"), scores.get("c2st_p")
    if auc is not None and p is not None:
        sure = (auc.low or 0.0) > 0.5
        met = "tells" if sure else "does not surely tell"
        told.append(f"A classifier {met} them from real ones (AUC {auc.value:.2f}, p {p.value:.3f}).")
    for name, unit in (("tstr_auroc", "AUROC"), ("tstr_r2", "R2")):
        made, real = scores.get(name), scores.get(f"{name}_base")
        if made is not None and real is not None:
            told.append(
                f"A model that learns from them has {unit} {made.value:.3f}, from real ones {real.value:.3f}: no verdict."
            )
    return " ".join(told)


def diversity_told(scores: Mapping[str, Score]) -> str:
    """What a reader needs first of diversity, in a sentence or two; "" when too little was measured."""
    told: list[str] = []
    for name, words in (
        ("coverage", "They cover {} of what is real"),
        ("levels_kept", "They keep {} of the values of categories"),
    ):
        score, base = scores.get(name), scores.get(name + BASE)
        if score is not None:
            told.append(words.format(f"{score.value:.1%}") + (f" (real ones {base.value:.1%})." if base else "."))
    made, real = scores.get("vendi"), scores.get("vendi_base")
    if made is not None and real is not None:
        told.append(
            f"{made.n:,} of them are as diverse as {made.value:,.0f} that have nothing in common, real ones as {real.value:,.0f}."
        )
    return " ".join(told)
