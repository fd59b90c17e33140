"""The contour-enhanced funnel plot: is what is missing what would have been non-significant?

Peters et al. (2008), J Clin Epidemiol 61:991-996, doi:10.1016/j.jclinepi.2007.11.010: contours of
statistical significance around the null tell publication bias from other causes of asymmetry.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from liverfit.plots.forest_rows import is_pooled, pick_line
from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import Scale, number
from liverfit.plots.style import (
    INK,
    MODALITY_MARKERS,
    MUTED,
    RULE,
    clean,
    headline,
    house_style,
    modality_colour,
    modality_label,
    modality_order,
)

# Two-sided p → standard normal quantile; the area outside the widest contour is p < 0.01.
CONTOURS = ((0.01, 2.5758293035489), (0.05, 1.95996398454005), (0.10, 1.64485362695147))
SHADES = ("#E3E7EB", "#F1F3F5", "#FFFFFF")
FIELD_SHADE = "#D3D9DF"
SHADE_WORDS = ("p > 0.10", "0.05 < p < 0.10", "0.01 < p < 0.05", "p < 0.01")
WIDTH, FIELD, EDGE, COLUMNS = 7.8, 3.5, 0.35, 3


def funnel_table(
    claim: dict, line_name: str = "primary", *, filled: list[tuple[float, float]] | None = None
) -> pd.DataFrame:
    """The points of the funnel plot: ``kind`` (observed or filled), yi and se as analysed.

    Effects without an estimate or a standard error have no place in the funnel and are left out, as
    are those of a network.
    """
    line = pick_line(claim, line_name)
    records = []
    # A network compares several kinds: their effects are no one funnel.
    for effect in [] if line.get("nodes") else line.get("effects") or []:
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


def small_studies(claim: dict) -> dict:
    """What the leading line's funnel is drawn with: ``filled`` and ``note`` of :func:`funnel`.

    ``claim`` is results/claims/{claim}.json. Trim and fill and Egger's test take one effect a
    trial; where there are too few for either, or for asymmetry to mean anything, the note says so.
    """
    found = (claim.get("bias") or {}).get(pick_line(claim).get("name")) or {}
    if found.get("status") != "ok":
        return {"filled": [], "note": f"asymmetry not tested: {found.get('reason') or 'no fit'}"}
    tests, filling = found["tests"], found["adjusted"]["trim_and_fill"]
    told = [f"{tests['k']} trials"]
    if not tests["enough_trials"]:
        told.append("too few for asymmetry to say much")
    if tests["egger"]["status"] == "ok":
        told.append(f"Egger's test P = {tests['egger']['pvalue']:.2f}")
    if filling["status"] != "ok":
        return {"filled": [], "note": " · ".join([*told, "trim and fill: " + filling["reason"]])}
    told.append(f"trim and fill adds {filling['k0']}")
    pairs = zip(filling["filled_yi"], filling["filled_vi"], strict=True)
    return {"filled": [(yi, vi**0.5) for yi, vi in pairs], "note": " · ".join(told)}


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
    pooled = number(line.get("estimate")) if is_pooled(line) else None
    with house_style():
        return _page(claim, table, scale, pooled, note)


def _page(
    claim: dict, table: pd.DataFrame, scale: Scale, pooled: float | None, note: str
) -> Figure:
    """Title, axes and key on a page whose height follows what they hold."""
    title = wrap(headline(claim.get("statement")), WIDTH - 2 * EDGE, 12, weight="bold", max_lines=3)
    observed = int((table["kind"] == "observed").sum())
    words = f"{scale.outcome} · {observed} effect{'s' * (observed != 1)}"
    under = wrap(words + (f" · {clean(note)}" if note else ""), WIDTH - 2 * EDGE, 8.8, max_lines=3)
    marks = _modality_marks(table) + _other_marks(table, pooled)
    rows = -(-len(marks) // COLUMNS)
    top = EDGE + 0.24 * len(title) + 0.18 * len(under) + 0.15
    bottom = top + (FIELD if len(table) else 0.0)
    page = Page(WIDTH, bottom + (0.6 + 0.2 * rows + 0.3 if len(table) else 0.3) + 0.3)
    page.fig.set_label("Funnel plot: " + headline(claim.get("statement")))
    y = page.lines(EDGE, EDGE, title, size=12, leading=0.24, weight="bold")
    page.lines(EDGE, y + 0.04, under, size=8.8, leading=0.18, color=MUTED)
    if table.empty:
        page.text(EDGE, top + 0.1, "There is no effect for a funnel.", size=9)
        return page.fig
    ax = page.axes(EDGE + 0.5, top, WIDTH - 2 * EDGE - 0.5, FIELD, "funnel")
    ax.patch.set_visible(True)
    _draw(ax, table, scale, pooled)
    _key(page, marks, bottom + 0.58, rows)
    return page.fig


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
    ax.set_facecolor(FIELD_SHADE)
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
            points["yi"], points["se"], s=_side(modality),
            marker=MODALITY_MARKERS.get(modality, "o"), color=modality_colour(modality),
            edgecolors="white", linewidths=0.6, zorder=3, gid=f"points-{modality}",
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


def _modality_marks(table: pd.DataFrame) -> list[Line2D]:
    return [
        Line2D(
            [], [], marker=MODALITY_MARKERS.get(m, "o"), color=modality_colour(m),
            ms=_side(m) ** 0.5, linestyle="none", mec="white", mew=0.6,
            label=clean(modality_label(m)),
        )
        for m in modality_order([m for m in table["modality"] if m])
    ]  # fmt: skip


def _other_marks(table: pd.DataFrame, pooled: float | None) -> list[Line2D]:
    marks = []
    if (table["kind"] == "filled").any():
        marks.append(
            Line2D([], [], marker="o", mfc="none", mec=INK, ms=6, linestyle="none",
                   label="Imputed by trim and fill")
        )  # fmt: skip
    if pooled is not None:
        marks.append(Line2D([], [], color=INK, lw=1.0, linestyle=(0, (4, 3)), label="Pooled"))
        marks.append(
            Line2D([], [], color=INK, lw=0.8, linestyle=(0, (1, 2)), label="Pooled ± 1.96 SE")
        )
    return marks


def _side(modality: str) -> float:
    """Marker area in square points; the star needs more to look as large as the others."""
    return 80.0 if MODALITY_MARKERS.get(modality) == "*" else 36.0


def _key(page: Page, marks: list[Line2D], y: float, rows: int) -> None:
    """The marks in columns, then one row of shades."""
    left, step = EDGE + 0.5, (WIDTH - 2 * EDGE - 0.5) / COLUMNS
    for i, mark in enumerate(marks):
        x, at = left + (i // rows) * step, y + (i % rows + 0.5) * 0.2
        lined = mark.get_linestyle() not in ("None", "none", "")
        mark.set_data([x, x + 0.22] if lined else [x + 0.11], [at] * (2 if lined else 1))
        page.ax.add_line(mark)
        label = wrap(mark.get_label(), step - 0.36, 8, max_lines=1)[0]
        page.text(x + 0.3, at, label, size=8)
    y += 0.2 * rows + 0.17
    shades = zip((*SHADES[::-1], FIELD_SHADE), SHADE_WORDS, strict=True)
    for i, (shade, words) in enumerate(shades):
        x = left + i * (WIDTH - 2 * EDGE - 0.5) / 4
        page.box(x, y - 0.06, 0.22, 0.12, facecolor=shade, edgecolor=RULE, linewidth=0.5)
        page.text(x + 0.3, y, words, size=8)
