"""The frontier: how real made rows look against how much of the train rows they give away, one panel per table."""

from __future__ import annotations

from pathlib import Path

REAL, COPY = "real test", "train itself"
MARKS = "osD^vPX*<>hpd"


def frontier(rows: list[dict], path: Path) -> None:
    """Draws XGB detection score (up is better) against attack AUC (left is better); the real test rows as lines."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    tables = list(dict.fromkeys(row["table"] for row in rows))
    names = sorted({row["generator"] for row in rows} - {REAL, COPY})
    style = {name: (MARKS[place % len(MARKS)], plt.get_cmap("tab20")(place % 20)) for place, name in enumerate(names)}
    wide = min(3, len(tables))
    high = -(-len(tables) // wide)
    figure, panels = plt.subplots(high, wide, figsize=(max(4.6 * wide, 7), 3.7 * high + 1.2), squeeze=False)
    for panel, table in zip(panels.flat, tables, strict=False):
        _panel(panel, [row for row in rows if row["table"] == table and "attack_auc" in row], table, style)
    for panel in panels.flat[len(tables) :]:
        panel.axis("off")
    shapes = {label: shape for panel in panels.flat for shape, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    labels = sorted(shapes, key=lambda label: (not label.startswith(REAL), label))
    across = 4 if wide == 1 else 7
    handles = [shapes[label] for label in labels]
    figure.legend(handles, labels, loc="lower center", ncols=across, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, (0.3 + 0.2 * -(-len(labels) // across)) / figure.get_figheight(), 1, 1))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _panel(panel, rows: list[dict], table: str, style: dict) -> None:
    by_name = {row["generator"]: row for row in rows}
    seen = [row["attack_auc"] for name, row in by_name.items() if name != COPY] or [0.5]
    low, high = min(*seen, 0.5) - 0.01, max(*seen, 0.53) + 0.02
    if REAL in by_name:
        panel.axvline(by_name[REAL]["attack_auc"], color="green", lw=1, ls="--", label=f"{REAL} (a perfect generator)")
        panel.axhline(by_name[REAL]["xgb_detection"], color="green", lw=1, ls="--")
    if COPY in by_name:
        copied = by_name[COPY]["attack_auc"]
        panel.text(0.99, 0.02, f"{COPY}: {copied:.2f} →", transform=panel.transAxes, ha="right", fontsize=8, color="firebrick")
    for name, row in by_name.items():
        if name in style:
            mark, colour = style[name]
            edge = {"edgecolors": "black", "linewidths": 0.6}
            panel.scatter(row["attack_auc"], row["xgb_detection"], marker=mark, color=colour, s=60, label=name, zorder=3, **edge)
    panel.set_title(table, fontsize=11)
    panel.set_xlabel("membership attack AUC (.5: nothing given away)", fontsize=8)
    panel.set_ylabel("XGB detection score (1: not told apart)", fontsize=8)
    panel.set_xlim(low, high)
    panel.set_ylim(-0.04, 1.06)
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.25)
