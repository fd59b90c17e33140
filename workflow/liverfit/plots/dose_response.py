"""Effects against dose: a bubble an effect, the line and the spline with their pointwise bands."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import Scale, number, p_text, signed
from liverfit.plots.style import (
    MODALITY_MARKERS,
    MUTED,
    RULE,
    clean,
    house_style,
    modality_colour,
    modality_label,
    modality_order,
    sentence,
)

AXIS_LABELS = {
    "minutes_per_week": "Minutes of exercise a week",
    "weekly_volume": "Weekly volume, minutes × share of VO2max",
    "percent_vo2max": "Intensity, percent of VO2max",
    "weeks": "Length of the programme, weeks",
}
SHAPES = {"linear": ("Straight line", "#3B4A57", "-"), "spline": ("Spline", "#8A5A00", (0, (5, 2)))}
WIDTH, EDGE, PANEL, GAP, HEAD = 9.4, 0.35, 2.7, 0.62, 0.76
LARGEST = 260.0  # area of the most precise effect's bubble, square points
COLUMNS = ("claim", "outcome", "measure", "unit", "moderator", "effect_id", "label", "modality",
           "value", "yi", "se")  # fmt: skip


def bubble_table(lines: list[tuple[str, dict]]) -> pd.DataFrame:
    """The bubbles: a row an effect of a line whose moderator is known.

    Parameters
    ----------
    lines : pairs of a claim's id and one of its judged lines with a moderator
    """
    rows = {}
    for claim, line in lines:
        for e in line["effects"]:
            value = number(e.get(line["moderator"]))
            if value is not None:
                row = {key: line[key] for key in ("outcome", "measure", "unit", "moderator")}
                row |= {key: clean(e[key]) for key in ("effect_id", "label", "modality")}
                key = (claim, line["moderator"], row["effect_id"])
                rows[key] = row | {
                    "claim": claim,
                    "value": value,
                    "yi": e["yi"],
                    "se": math.sqrt(e["vi"]),
                }
    return pd.DataFrame([rows[key] for key in sorted(rows)], columns=list(COLUMNS))


def dose_response(bubbles: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """One panel a claim, outcome, measure and moderator.

    Parameters
    ----------
    bubbles : table of `bubble_table`
    curves : rows of results/dose_response/{moderator}.csv, all moderators together

    Returns
    -------
    matplotlib.figure.Figure
    """
    keys = ["claim", "outcome", "measure", "moderator"]
    panels = list(curves.groupby(keys, sort=False))
    with house_style():
        return _page(panels, bubbles, keys)


def _page(panels: list, bubbles: pd.DataFrame, keys: list[str]) -> Figure:
    rows = max(1, -(-len(panels) // 2))
    marks = _marks(bubbles)
    key_rows = -(-len(marks) // 4)
    top = EDGE + 0.84
    page = Page(WIDTH, top + rows * (HEAD + PANEL + GAP) + 0.2 * key_rows + 0.3)
    page.fig.set_label("Dose-response")
    page.text(EDGE, EDGE + 0.1, "Effect against dose", size=13, weight="bold")
    words = (
        "A bubble is an effect, its area the precision; curves are the expected effect with "
        "pointwise intervals. Most of what is compared differs between trials, not within them."
    )
    page.lines(EDGE, EDGE + 0.3, wrap(words, WIDTH - 2 * EDGE, 8.5), size=8.5, leading=0.17,
               color=MUTED)  # fmt: skip
    if not panels:
        page.text(EDGE, top + 0.3, "No claim asks for a dose-response curve.", size=9)
        return page.fig
    width = (WIDTH - 2 * EDGE - 0.55) / 2
    for i, (key, rows_of_panel) in enumerate(panels):
        x, y = EDGE + (i % 2) * (width + 0.55), top + (i // 2) * (HEAD + PANEL + GAP)
        mine = bubbles
        for name, value in zip(keys, key, strict=True):
            mine = mine[mine[name] == value]
        _panel(page, x, y, width, rows_of_panel, mine)
    _key(page, marks, top + rows * (HEAD + PANEL + GAP))
    return page.fig


def _panel(page: Page, x: float, y: float, width: float, rows: pd.DataFrame, mine: pd.DataFrame):
    """Title and numbers of the models, then the axes, or why there are none."""
    first = rows.iloc[0]
    title = AXIS_LABELS.get(first["moderator"], clean(first["moderator"]).replace("_", " "))
    standardised = " (SMD)" if first["measure"] == "SMD" else ""
    headed = wrap(title + standardised, width, 9.5, weight="bold", max_lines=1)[0]
    page.text(x, y + 0.08, headed, size=9.5, weight="bold")
    told = [line for words in _told(rows) for line in wrap(words, width, 7.6, max_lines=2)]
    page.lines(x, y + 0.22, told[:3], size=7.6, leading=0.145, color=MUTED)
    if mine.empty:
        page.text(x, y + HEAD + 0.2, "No effect prints this dose.", size=8.5)
        return
    ax = page.axes(x + 0.5, y + HEAD, width - 0.5, PANEL, f"{first['claim']}-{first['moderator']}")
    ax.patch.set_visible(True)
    _draw(ax, rows, mine, Scale(first["measure"]))
    ax.set_xlabel(title, fontsize=8.4, parse_math=False)
    unit = "log ratio" if first["measure"] == "ROM" else first["unit"]
    ax.set_ylabel(clean(f"{first['measure']}, {unit}"), fontsize=8.4, parse_math=False)


def _told(rows: pd.DataFrame) -> list[str]:
    """For each model: trials, share of tau² explained, test of non-linearity; or why it is not."""
    out = []
    for _, points in rows.groupby("line", sort=False):
        row = points.iloc[0]
        name = SHAPES[row["shape"]][0]
        if row["status"] != "ok":
            out.append(f"{name}: not fitted. {sentence(row['status_reason'])}")
            continue
        r2, low, high = (number(row[c]) for c in ("r2", "r2_ci_lower", "r2_ci_upper"))
        share = "R² undefined" if r2 is None else f"R² {signed(r2, 0)} %"
        if None not in (r2, low, high):
            share += f" ({signed(low, 0)} to {signed(high, 0)})"
        words = f"{name}: {row['k']:.0f} trials, {share}"
        if (p := number(row["nonlinearity_pvalue"])) is not None:
            words += f", non-linearity {p_text(p)}"
        out.append(words)
    return out


def _draw(ax: Axes, rows: pd.DataFrame, mine: pd.DataFrame, scale: Scale) -> None:
    ax.axhline(scale.null, color=RULE, lw=0.9, zorder=1, gid="null")
    low, high = float((mine.yi - mine.se).min()), float((mine.yi + mine.se).max())
    for shape, (_, colour, style) in SHAPES.items():
        points = rows[(rows["shape"] == shape) & rows["value"].notna()]
        if points.empty:
            continue
        x = points["value"].to_numpy(float)
        band = points[["ci_lower", "ci_upper"]].to_numpy(float)
        ax.fill_between(x, band[:, 0], band[:, 1], color=colour, alpha=0.13, lw=0, zorder=1,
                        gid=f"band-{shape}")  # fmt: skip
        ax.plot(x, points["estimate"], color=colour, lw=1.5, linestyle=style, zorder=3,
                gid=f"curve-{shape}")  # fmt: skip
        low, high = min(low, float(points["estimate"].min())), max(
            high, float(points["estimate"].max()))  # fmt: skip
    precision = 1 / mine["se"] ** 2
    sizes = np.maximum(LARGEST * precision / precision.max(), 14.0)
    for modality in modality_order(list(mine["modality"])):
        of = mine["modality"] == modality
        ax.scatter(
            mine.value[of], mine.yi[of], s=sizes[of], marker=MODALITY_MARKERS.get(modality, "o"),
            color=modality_colour(modality), alpha=0.85, edgecolors="white", linewidths=0.7,
            zorder=4, gid=f"bubbles-{modality}",
        )  # fmt: skip
    # Bands of few trials reach far: they are cut where the effects and the curves end.
    low, high = min(low, scale.null), max(high, scale.null)
    pad = 0.18 * (high - low) or 1.0
    ax.set_ylim(low - pad, high + pad)
    span = float(mine.value.max() - mine.value.min()) or max(1.0, abs(float(mine.value.max())))
    ax.set_xlim(mine.value.min() - 0.07 * span, mine.value.max() + 0.07 * span)
    plain = Scale("MD")
    ax.set_xticks(*plain.ticks(*ax.get_xlim(), most=6))
    ax.set_yticks(*plain.ticks(*ax.get_ylim(), most=6))


def _marks(bubbles: pd.DataFrame) -> list:
    marks: list = [
        Line2D([], [], marker=MODALITY_MARKERS.get(m, "o"), color=modality_colour(m), ms=6.5,
               linestyle="none", mec="white", mew=0.6, label=clean(modality_label(m)))
        for m in modality_order([m for m in bubbles["modality"] if m])
    ]  # fmt: skip
    for label, colour, style in SHAPES.values():
        marks.append(Line2D([], [], color=colour, lw=1.5, linestyle=style, label=label))
    return [*marks, Patch(facecolor="#3B4A57", alpha=0.2, lw=0, label="95 % interval, pointwise")]


def _key(page: Page, marks: list, y: float) -> None:
    """All marks below the panels, four in a row."""
    step = (WIDTH - 2 * EDGE) / 4
    for i, mark in enumerate(marks):
        x, at = EDGE + (i % 4) * step, y + (i // 4 + 0.5) * 0.2
        if isinstance(mark, Patch):
            page.box(x, at - 0.06, 0.22, 0.12, facecolor=mark.get_facecolor(), linewidth=0)
        else:
            lined = mark.get_linestyle() not in ("None", "none", "")
            mark.set_data([x, x + 0.26] if lined else [x + 0.12], [at] * (2 if lined else 1))
            page.ax.add_line(mark)
        page.text(x + 0.34, at, wrap(mark.get_label(), step - 0.4, 8, max_lines=1)[0], size=8)
