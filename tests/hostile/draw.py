"""The figure of the mutation corpus: what became of each class of damage."""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from liverfit.plots.style import INK, MUTED, house_style, save_figure

OUTCOMES = {
    "detected": ("told, with its place", "#0B6E4F", ""),
    "set_aside": ("left out, the ledger says why", "#7FB8A4", "///"),
    "harmless": ("same numbers", "#DADDE0", ""),
    "silent": ("silent: a wrong number", "#B03A00", ""),
}


def draw(table: Path, target: Path) -> None:
    """Draw corpus.csv as one bar a class, the silent ones first; write an SVG."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [{k: v if k == "mutation" else int(v) for k, v in r.items()}
                for r in csv.DictReader(file)]  # fmt: skip
    rows.sort(key=lambda r: (r["silent"] / r["tried"], r["harmless"] / r["tried"]))
    with house_style():
        fig = _figure(rows)
    with tempfile.TemporaryDirectory() as folder:
        save_figure(fig, Path(folder) / "mutations")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(folder) / "mutations.svg", target)


def _figure(rows: list[dict]) -> Figure:
    height = 0.185 * len(rows) + 1.5
    fig = Figure(figsize=(8.2, height))
    fig.set_label("What became of damaged data, by class of damage")
    axes = fig.add_axes((0.36, 0.55 / height, 0.57, 1 - 1.5 / height))
    for at, row in enumerate(rows):
        left = 0.0
        for name, (_, colour, hatch) in OUTCOMES.items():
            share = 100 * row[name] / row["tried"]
            axes.barh(at, share, 0.78, left, color=colour, hatch=hatch, edgecolor="white", lw=0.4)
            left += share
        axes.text(101.5, at, str(row["tried"]), va="center", fontsize=6.5, color=MUTED)
    labels = [row["mutation"].replace("_", " ") for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=7)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(0, 100)
    axes.set_xlabel("percent of the mutations of a class", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    total = sum(row["tried"] for row in rows)
    heading = f"{total} mutations of real data: what the check makes of them"
    fig.text(0.02, 1 - 0.25 / height, heading, fontsize=12, weight="bold", color=INK, va="center")
    x = 0.02
    for label, colour, hatch in OUTCOMES.values():
        box = (x, 1 - 0.62 / height, 0.016, 0.12 / height)
        patch = fig.add_axes(box)
        patch.set_axis_off()
        patch.barh(0, 1, 1, color=colour, hatch=hatch, edgecolor="white", lw=0)
        patch.set_xlim(0, 1)
        fig.text(x + 0.021, 1 - 0.56 / height, label, fontsize=7.5, color=INK, va="center")
        x += 0.055 + 0.0092 * len(label)
    return fig
