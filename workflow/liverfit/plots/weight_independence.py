"""Liver-fat effect against weight effect, and every line of evidence on the claim."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from liverfit.effects.ratios import Z975
from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import signed
from liverfit.plots.style import (
    BAND,
    FAINT,
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

WIDTH, EDGE, SCATTER, ROW = 9.4, 0.4, 3.5, 0.29
LARGEST = 260.0
POINTS = ("trial_id", "label", "modality", "yi", "se", "weight", "weight_se", "imputed")
LINES = (
    "line",
    "role",
    "measure",
    "unit",
    "status",
    "k",
    "estimate",
    "ci_lower",
    "ci_upper",
    "reason",
)


def weight_table(claim: dict) -> pd.DataFrame:
    """The points of the scatter: a row a trial of the line with most pairs, as `POINTS`."""
    line = _scatter_line(claim)
    rows = [
        {
            **{k: p[k] for k in ("trial_id", "label", "modality", "yi", "weight", "imputed")},
            "se": math.sqrt(p["vi"]),
            "weight_se": math.sqrt(p["weight_vi"]),
        }
        for p in _pairs(line)
    ]
    return pd.DataFrame(rows, columns=list(POINTS))


def lines_table(claim: dict) -> pd.DataFrame:
    """Every line and every margin of the sweep with its estimate, or why it has none."""
    rows = []
    for line in claim["lines"]:
        rows.append(
            {
                "line": line["name"],
                "role": line["role"],
                **{k: line[k] for k in ("measure", "unit", "status", "k", "estimate", "ci_lower",
                                        "ci_upper")},
                "reason": line["status_reason"],
            }
        )  # fmt: skip
        for m in line["extra"].get("margins", []):
            rows.append(
                {
                    "line": f"{line['name']}, {m['margin_percent']:g} %",
                    "role": "sensitivity",
                    "measure": line["measure"],
                    "unit": line["unit"],
                    **{k: m.get(k) for k in ("status", "k", "estimate", "ci_lower", "ci_upper")},
                    "reason": m["reason"] or _equivalence(m),
                }
            )
    return pd.DataFrame(rows, columns=list(LINES))


def _equivalence(m: dict) -> str:
    if m["tost_pvalue"] is None:
        return ""
    return f"equivalence of weight P={m['tost_pvalue']:.2g} ({m['weight_trials']} trials)"


def weight_independence(claim: dict) -> Figure:
    """Scatter of both effects a trial, and under it the estimate of every line of evidence.

    Parameters
    ----------
    claim : results/claims/{claim}.json of a claim with lines that set body weight beside liver fat

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        table = lines_table(claim)
        groups = [
            (measure, part) for measure, part in table.groupby("measure", sort=False) if len(part)
        ]
        height = 1.35 + SCATTER + 0.95 + sum(0.62 + ROW * len(part) for _, part in groups) + 0.2
        page = Page(WIDTH, height)
        page.fig.set_label("Weight independence")
        page.text(EDGE, EDGE + 0.05, "Liver fat against body weight", size=13, weight="bold")
        words = wrap(_told(claim), WIDTH - 2 * EDGE, 8.5)
        page.lines(EDGE, EDGE + 0.28, words, size=8.5, leading=0.17, color=MUTED)
        top = 1.35
        _scatter(page, claim, top)
        y = top + SCATTER + 0.95
        for measure, part in groups:
            y = _strip(page, y, measure, part)
        return page.fig


def _told(claim: dict) -> str:
    line = _scatter_line(claim)
    pairs = _pairs(line)
    imputed = sum(p["imputed"] for p in pairs)
    return (
        f"A bubble is a trial that prints numbers for both, its area the precision of liver fat; "
        f"{imputed} of {len(pairs)} print weight without a spread, which is imputed (dotted bars). "
        f"Lines: regression on weight as it is printed, and with its error allowed for (SIMEX). "
        f"Below, every line of evidence on the claim: {claim['agreement']['told']}"
    )


def _scatter_line(claim: dict) -> dict:
    """The line whose pairs are drawn: that with most trials that have both numbers."""
    candidates = [line for line in claim["lines"] if "pairs" in line["extra"]]
    if not candidates:
        return {"extra": {"pairs": []}, "measure": "", "unit": "", "outcome_label": "Liver fat"}
    return max(candidates, key=lambda line: (len(_pairs(line)), "slope" in line["extra"]))


def _pairs(line: dict) -> list[dict]:
    return [p for p in line["extra"].get("pairs", []) if p["weight"] is not None]


def _scatter(page: Page, claim: dict, top: float) -> None:
    line = _scatter_line(claim)
    pairs = _pairs(line)
    ax = page.axes(EDGE + 0.55, top, WIDTH - 2 * EDGE - 0.6, SCATTER, "scatter")
    if not pairs:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No trial prints numbers for both liver fat and body weight.",
                ha="center", color=MUTED, transform=ax.transAxes)  # fmt: skip
        return
    w, y = (np.array([p[k] for p in pairs]) for k in ("weight", "yi"))
    sw, sy = (np.sqrt([p[k] for p in pairs]) for k in ("weight_vi", "vi"))
    reach = max(3.4, float(np.abs(w).max()) + 1.2)
    low, high = float((y - Z975 * sy).min()), float((y + Z975 * sy).max())
    pad = 0.08 * (high - low)
    ax.set_xlim(-reach, max(reach * 0.45, float(w.max()) + 1.0))
    ax.set_ylim(min(low, 0) - pad, max(high, 0) + pad)
    ax.axvspan(-3, 3, color=BAND, zorder=0)
    ax.text(-2.95, ax.get_ylim()[1], " within 3 % of baseline weight", size=7.2, color=MUTED,
            va="top", zorder=1)  # fmt: skip
    ax.axhline(0, color=RULE, lw=0.8, zorder=1)
    ax.axvline(0, color=RULE, lw=0.8, zorder=1)
    for p, x, dx, v, dv in zip(pairs, w, sw, y, sy, strict=True):
        colour = modality_colour(p["modality"])
        ax.plot([x, x], [v - Z975 * dv, v + Z975 * dv], color=colour, lw=0.9, alpha=0.7, zorder=2)
        style = (0, (1, 2)) if p["imputed"] else "-"
        ax.plot([x - dx, x + dx], [v, v], color=colour, lw=0.9, ls=style, alpha=0.7, zorder=2)
    area = LARGEST * sy.min() ** 2 / sy**2
    for p, x, v, size in zip(pairs, w, y, area, strict=True):
        ax.scatter([x], [v], s=max(size, 40), color=modality_colour(p["modality"]),
                   marker=MODALITY_MARKERS.get(p["modality"], "o"), edgecolor="white", lw=0.7,
                   zorder=4)  # fmt: skip
        ax.annotate(clean(p["label"]), (x, v), xytext=(7, 5), textcoords="offset points",
                    size=7.6, color=INK, zorder=5)  # fmt: skip
    _regressions(ax, claim, line)
    ax.set_xlabel("Weight effect, percent of baseline (exercise minus comparator)")
    ax.set_ylabel(f"{clean(line['outcome_label'])} effect, {clean(line['unit'])}")
    _legend(ax, pairs)


def _regressions(ax: Axes, claim: dict, scatter: dict) -> None:
    """The regression lines and the estimate at zero weight effect; the region of the bivariate."""
    x = np.array(ax.get_xlim())
    bottom, top = ax.get_ylim()
    for line in claim["lines"]:
        extra = line["extra"]
        if line["measure"] != scatter["measure"] or line["status"] != "ok":
            continue
        if "naive" in extra:
            naive = extra["naive"]
            ax.plot(x, naive["estimate"] + naive["slope"] * x, color=MUTED, lw=1, ls=(0, (4, 3)))
            ax.plot(x, line["estimate"] + extra["slope"] * x, color=INK, lw=1.2)
        elif "fit" not in extra:
            continue
        ends = np.clip([line["ci_lower"], line["ci_upper"]], bottom, top)
        ax.plot([0, 0], ends, color=INK, lw=2.2, solid_capstyle="butt", zorder=3)
        ax.plot(
            [0], [np.clip(line["estimate"], bottom, top)], marker="D", ms=6, color=INK, zorder=6
        )
        if "fit" in extra and extra["fit"].get("psi"):
            _region(ax, extra["fit"])
    ax.set_xlim(x)
    ax.set_ylim(bottom, top)


def _region(ax: Axes, fit: dict) -> None:
    """95 % prediction region of (weight, liver fat) in a new trial."""
    psi = np.array(fit["psi"])[::-1, ::-1] + np.array(fit["vcov"])[::-1, ::-1]
    values, vectors = np.linalg.eigh(psi)
    width, height = 2 * np.sqrt(5.991 * np.maximum(values, 0))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    ax.add_patch(Ellipse((fit["mean_weight"], fit["mean_liver_fat"]), width, height, angle=angle,
                         fc="none", ec=RULE, lw=1, ls="--"))  # fmt: skip


def _legend(ax: Axes, pairs: list[dict]) -> None:
    marks = [
        Line2D([], [], ls="", marker=MODALITY_MARKERS.get(m, "o"), color=modality_colour(m),
               ms=6, label=modality_label(m))
        for m in modality_order([p["modality"] for p in pairs])
    ]  # fmt: skip
    marks += [
        Line2D([], [], color=MUTED, lw=1, ls=(0, (4, 3)), label="Weight taken as known"),
        Line2D([], [], color=INK, lw=1.2, label="Its error allowed for (SIMEX)"),
        Line2D([], [], color=INK, marker="D", ms=5, lw=2, label="Effect at zero, with interval"),
    ]
    ax.legend(handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.155), ncols=len(marks),
              frameon=False, fontsize=7.4, handletextpad=0.4, columnspacing=1.2)  # fmt: skip


def _strip(page: Page, y: float, measure: str, part: pd.DataFrame) -> float:
    """The lines of one measure as a small forest; returns where it ends."""
    unit = clean(part.iloc[0]["unit"])
    page.text(EDGE, y, f"{measure}, {unit}", size=9.2, weight="bold")
    page.text(WIDTH - EDGE, y, "estimate (95 % CI), trials", size=7.6, color=MUTED, ha="right")
    y += 0.16
    left, width = EDGE + 2.35, WIDTH - 2 * EDGE - 2.35 - 2.55
    height = ROW * len(part)
    ax = page.axes(left, y, width, height, f"lines {measure}")
    shown = part[part["status"] == "ok"]
    low, high = shown["ci_lower"].min(), shown["ci_upper"].max()
    if not len(shown):
        low, high = -1.0, 1.0
    centre = shown[["estimate"]].abs().max().max() if len(shown) else 1.0
    low, high = max(min(low, 0), -6 * centre), min(max(high, 0), 3 * centre)
    pad = 0.05 * (high - low)
    ax.set_xlim(low - pad, high + pad)
    ax.set_ylim(len(part) - 0.5, -0.5)
    ax.axvline(0, color=RULE, lw=0.8)
    ax.set_yticks([])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    for i, row in enumerate(part.itertuples()):
        at = y + ROW * (i + 0.5)
        name = clean(row.line).replace("_", " ")
        strong = row.role == "primary"
        page.text(EDGE + (0.18 if "," in name else 0), at, name[:1].upper() + name[1:], size=8.2,
                  weight="bold" if strong else "normal")  # fmt: skip
        ax.axhline(i + 0.5, color=FAINT, lw=0.5)
        if row.status != "ok":
            told = wrap(clean(row.reason), width + 2.45, 7.2, max_lines=2)
            page.lines(left + 0.05, at - 0.055 * (len(told) - 1), told, size=7.2, leading=0.125,
                       color=MUTED)  # fmt: skip
            continue
        ends = np.clip([row.ci_lower, row.ci_upper], *ax.get_xlim())
        ax.plot(ends, [i, i], color=INK, lw=2 if strong else 1.2)
        for end, real, arrow in zip(ends, (row.ci_lower, row.ci_upper), "<>", strict=True):
            if end != real:
                ax.plot([end], [i], marker=arrow, color=INK, ms=4, clip_on=False)
        ax.plot([row.estimate], [i], marker="D" if strong else "s", color=INK, ms=5.5)
        numbers = (
            f"{signed(row.estimate, 2)} ({signed(row.ci_lower, 2)} to {signed(row.ci_upper, 2)}), "
        )
        page.text(WIDTH - EDGE, at, f"{numbers}{row.k:.0f}", size=8, ha="right",
                  weight="bold" if strong else "normal")  # fmt: skip
    return y + height + 0.46
