"""The contour-enhanced funnel plot: is what is missing what would have been non-significant?

Peters et al. (2008), J Clin Epidemiol 61:991-996, doi:10.1016/j.jclinepi.2007.11.010: contours of
statistical significance around the null tell publication bias from other causes of asymmetry.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from liverfit.plots.forest_rows import is_pooled, pick_line
from liverfit.plots.page import wrap
from liverfit.plots.scales import Scale, number
from liverfit.plots.style import (
    INK,
    MODALITY_MARKERS,
    MUTED,
    RULE,
    clean,
    house_style,
    modality_colour,
    modality_label,
    modality_order,
)

# Two-sided p → standard normal quantile; the area outside the widest contour is p < 0.01.
CONTOURS = ((0.01, 2.5758293035489), (0.05, 1.95996398454005), (0.10, 1.64485362695147))
SHADES = ("#E3E7EB", "#F1F3F5", "#FFFFFF")


def funnel_table(
    claim: dict, line_name: str = "primary", *, filled: list[tuple[float, float]] | None = None
) -> pd.DataFrame:
    """The points of the funnel plot: ``kind`` (observed or filled), yi and se as analysed.

    Effects without an estimate or a standard error have no place in the funnel and are left out.
    """
    line = pick_line(claim, line_name)
    records = []
    for effect in line.get("effects") or []:
        yi, se = number(effect.get("yi")), number(effect.get("se"))
        if yi is None or se is None or se <= 0:
            continue
        records.append(
            {
                "kind": "observed",
                "label": clean(effect.get("label")),
                "modality": clean(effect.get("modality")) or "other",
                "yi": yi,
                "se": se,
                "trial_id": clean(effect.get("trial_id")),
                "effect_id": clean(effect.get("effect_id")),
            }
        )
    records += [
        {"kind": "filled", "label": "", "modality": "", "yi": y, "se": s, "trial_id": "",
         "effect_id": ""}
        for y, s in filled or []
    ]  # fmt: skip
    columns = ["kind", "label", "modality", "yi", "se", "trial_id", "effect_id"]
    return pd.DataFrame.from_records(records, columns=columns)


def funnel(
    claim: dict,
    line_name: str = "primary",
    *,
    filled: list[tuple[float, float]] | None = None,
    note: str = "",
) -> Figure:
    """Draw effects against standard errors over contours of significance.

    Parameters
    ----------
    claim : dict
        A judged claim.
    line_name : str
        Name of the analysis line.
    filled : list of (yi, se), optional
        Effects imputed by trim and fill, drawn open.
    note : str
        One line under the title, for instance the result of Egger's test.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    KeyError
        When the claim has no line of that name.
    """
    line = pick_line(claim, line_name)
    table = funnel_table(claim, line_name, filled=filled)
    scale = Scale.of(line)
    with house_style():
        fig = Figure(figsize=(7.6, 5.6))
        FigureCanvasAgg(fig)
        title = wrap(claim.get("statement"), 6.8, 12, weight="bold", max_lines=2)
        fig.set_label("Funnel plot: " + clean(claim.get("statement")))
        for i, text in enumerate(title):
            fig.text(0.055, 0.955 - 0.042 * i, text, fontsize=12, weight="bold")
        under = 0.955 - 0.042 * len(title)
        observed = int((table["kind"] == "observed").sum())
        words = f"{scale.outcome} · {observed} effect{'s' * (observed != 1)}"
        words += f" · {clean(note)}" if note else ""
        for i, text in enumerate(wrap(words, 6.8, 8.8, max_lines=2)):
            fig.text(0.055, under - 0.032 * i, text, fontsize=8.8, color=MUTED)
        if table.empty:
            fig.text(0.055, 0.6, "No effect with a standard error.", fontsize=9, color=MUTED)
            return fig
        ax = fig.add_axes((0.1, 0.27, 0.86, 0.56), label="funnel")
        _draw(ax, table, scale, number(line.get("estimate")) if is_pooled(line) else None)
        _legend(fig, table)
        return fig


def _draw(ax: Axes, table: pd.DataFrame, scale: Scale, pooled: float | None) -> None:
    deepest = float(table["se"].max()) * 1.08
    ends = [*table["yi"], scale.null, *([] if pooled is None else [pooled])]
    low, high = min(ends), max(ends)
    # Room for the 95% contour at the bottom keeps the funnel's shape in sight.
    low = min(low, scale.null - 2.2 * deepest)
    high = max(high, scale.null + 2.2 * deepest)
    pad = 0.04 * (high - low)
    ax.set_xlim(low - pad, high + pad)
    ax.set_ylim(deepest, 0)
    # Painted from the outside in: the field is p < 0.01, each triangle the next larger p.
    ax.set_facecolor("#D3D9DF")
    for (_, z), shade in zip(CONTOURS, SHADES, strict=True):
        ax.fill(
            [scale.null, scale.null - z * deepest, scale.null + z * deepest],
            [0, deepest, deepest], color=shade, lw=0, zorder=0,
        )  # fmt: skip
    ax.axvline(scale.null, color=RULE, lw=0.9, zorder=1, gid="null")
    if pooled is not None:
        ax.axvline(pooled, color=INK, lw=1.0, linestyle=(0, (4, 3)), zorder=1, gid="pooled-line")
        for side in (-1, 1):
            ends = [pooled, pooled + side * CONTOURS[1][1] * deepest]
            ax.plot(ends, [0, deepest], color=INK, lw=0.7, linestyle=(0, (1, 2)), zorder=1)
    for modality in modality_order([m for m in table["modality"] if m]):
        points = table[table["modality"] == modality]
        ax.scatter(
            points["yi"], points["se"], s=34, marker=MODALITY_MARKERS.get(modality, "o"),
            color=modality_colour(modality), edgecolors="white", linewidths=0.6, zorder=3,
            gid=f"points-{modality}",
        )  # fmt: skip
    imputed = table[table["kind"] == "filled"]
    if len(imputed):
        ax.scatter(
            imputed["yi"], imputed["se"], s=34, facecolors="none", edgecolors=INK,
            linewidths=0.9, zorder=3, gid="points-filled",
        )  # fmt: skip
    places, labels = scale.ticks(*ax.get_xlim())
    ax.set_xticks(places, labels)
    depth = np.array(Scale("MD").ticks(0, deepest, most=6)[0])
    ax.set_yticks(depth, Scale("MD").ticks(0, deepest, most=6)[1])
    ax.set_xlabel(scale.axis_label(), fontsize=8.8, parse_math=False)
    unit = "log scale" if scale.is_ratio else scale.shown_unit
    ax.set_ylabel(f"Standard error{', ' + clean(unit) if unit else ''}", fontsize=8.8,
                  parse_math=False)  # fmt: skip


def _legend(fig: Figure, table: pd.DataFrame) -> None:
    marks = [
        Line2D(
            [], [], marker=MODALITY_MARKERS.get(m, "o"), color=modality_colour(m), ms=6,
            linestyle="none", mec="white", label=clean(modality_label(m)),
        )
        for m in modality_order([m for m in table["modality"] if m])
    ]  # fmt: skip
    if (table["kind"] == "filled").any():
        marks.append(
            Line2D([], [], marker="o", mfc="none", mec=INK, ms=6, linestyle="none",
                   label="Imputed by trim and fill")
        )  # fmt: skip
    shades = [
        Patch(facecolor=c, edgecolor=RULE, linewidth=0.5, label=t)
        for c, t in zip(
            (*SHADES[::-1], "#D3D9DF"),
            ("p > 0.10", "0.05 < p < 0.10", "0.01 < p < 0.05", "p < 0.01"),
            strict=True,
        )
    ]
    place = {"bbox_to_anchor": (0.1, 0.165, 0.86, 0.0), "borderaxespad": 0, "handletextpad": 0.4}
    columns = 3
    first = fig.legend(handles=marks, loc="upper left", ncols=columns, **place)
    rows = -(-len(marks) // columns)
    place["bbox_to_anchor"] = (0.1, 0.15 - 0.036 * rows, 0.86, 0.0)
    fig.legend(handles=shades, loc="upper left", ncols=4, **place)
    for text in first.get_texts():
        text.set_parse_math(False)
