"""Liver-fat effect against weight effect, and under it every line of evidence on the claim."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Patch

from liverfit.effects.ratios import Z975
from liverfit.plots.labels import place_labels
from liverfit.plots.page import Page, wrap
from liverfit.plots.style import (
    BAND,
    INK,
    MODALITY_MARKERS,
    MUTED,
    RULE,
    clean,
    house_style,
    modality_colour,
    modality_label,
    modality_order,
    verdict_look,
)
from liverfit.plots.weight_lines import draw_strips, lines_table, strips_height

WIDTH, EDGE, SCATTER, FOOT = 9.4, 0.4, 3.9, 1.2
LARGEST, SMALLEST = 260.0, 40.0  # area of a bubble, square points
REGION_95 = 5.991  # 95th percentile of chi-squared with two degrees of freedom
BAND_COLOUR, REGION_COLOUR = "#B4C2D0", "#8A5A00"
POINTS = ("effect_id", "trial_id", "label", "arm_label", "modality", "measure", "unit", "yi", "se",
          "weight", "weight_se", "imputed", "lines", "drawn")  # fmt: skip


def weight_table(claim: dict) -> pd.DataFrame:
    """Every contrast that has both effects, whichever lines use it; weight in percent of baseline.

    A contrast has a row a measure of liver fat; `drawn` says whether the figure shows that measure,
    `lines` which lines of evidence hold the contrast, `imputed` that its weight is printed without
    a spread, which is imputed.

    Parameters
    ----------
    claim : results/claims/{claim}.json of a claim with lines that set body weight beside liver fat
    """
    rows: dict[str, dict] = {}
    for line in claim["lines"]:
        for pair in line["extra"].get("pairs", []):
            for c in pair["contrasts"]:
                if c["weight"] is None:
                    continue
                same = ("effect_id", "label", "arm_label", "modality", "yi", "weight", "imputed")
                row = {k: c[k] for k in same} | {k: line[k] for k in ("measure", "unit")}
                row |= {"trial_id": pair["trial_id"], "se": math.sqrt(c["vi"])}
                row |= {"weight_se": math.sqrt(c["weight_vi"]), "lines": []}
                rows.setdefault(c["effect_id"], row)["lines"].append(line["name"])
    table = pd.DataFrame([rows[key] for key in sorted(rows)], columns=list(POINTS))
    table["lines"] = [";".join(names) for names in table["lines"]]
    table["drawn"] = table["measure"] == drawn_measure(claim, table)
    return table


def drawn_measure(claim: dict, table: pd.DataFrame) -> str:
    """The measure of the scatter: the primary bivariate line's where it was fitted, else that with
    most contrasts."""
    for line in claim["lines"]:
        if line["role"] == "primary" and _fit_of(line):
            return line["measure"]
    counts = table["measure"].value_counts()
    return "" if counts.empty else sorted(counts[counts == counts.max()].index)[0]


def weight_independence(claim: dict) -> Figure:
    """Scatter of both effects, and under it the battery, the margin sweep and other choices.

    Parameters
    ----------
    claim : results/claims/{claim}.json of a claim with lines that set body weight beside liver fat

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        points, lines = weight_table(claim), lines_table(claim)
        shown = points[points["drawn"]]
        told = wrap(_told(claim, points, shown), WIDTH - 2 * EDGE, 8.5)
        top = EDGE + 0.35 + 0.17 * len(told) + 0.3
        page = Page(WIDTH, top + SCATTER + FOOT + strips_height(lines) + 0.15)
        page.fig.set_label("Weight independence")
        page.text(EDGE, EDGE + 0.05, "Liver fat against body weight", size=13, weight="bold")
        page.tag(WIDTH - EDGE, EDGE + 0.05, verdict_look(claim["verdict"]))
        page.lines(EDGE, EDGE + 0.28, told, size=8.5, leading=0.17, color=MUTED)
        _scatter(page, claim, shown, top)
        draw_strips(page, top + SCATTER + FOOT, lines, EDGE, WIDTH - EDGE)
        return page.fig


def _told(claim: dict, points: pd.DataFrame, shown: pd.DataFrame) -> str:
    """What is drawn, what is imputed, and where the region comes from or why there is none."""
    imputed = int(shown["imputed"].sum())
    words = [
        f"A bubble is a contrast with numbers for both effects ({len(shown)} contrasts of "
        f"{shown['trial_id'].nunique()} trials), its area the precision of liver fat; {imputed} "
        "print weight without a spread, which is imputed (dotted bars)."
    ]
    elsewhere = {e.rpartition(":")[0] for e in points["effect_id"]}
    elsewhere -= {e.rpartition(":")[0] for e in shown["effect_id"]}
    if elsewhere:
        words.append(f"{len(elsewhere)} more have both on another measure only.")
    region = _region_line(claim, shown)
    which = f"the region is that of the line {_words(region)}" if region else "no region is drawn"
    for line in claim["lines"]:
        asked = line["role"] == "primary" and line["specified_model"] == "bivariate"
        if asked and not _fit_of(line):
            words.append(
                f"The primary bivariate model ({line['measure']}) was not fitted: "
                f"{clean(line['status_reason'])}; {which}."
            )
    words.append(f"Of the lines, {claim['agreement']['told']}")
    return " ".join(words)


def _words(line: dict) -> str:
    return clean(line["name"]).replace("_", " ")


def _fit_of(line: dict) -> dict | None:
    """The bivariate fit of a line, None where it has none that can be drawn."""
    fit = line["extra"].get("fit")
    return fit if line["status"] == "ok" and fit and fit.get("psi") else None


def _region_line(claim: dict, shown: pd.DataFrame) -> dict | None:
    """The first bivariate line on the measure that is drawn."""
    measures = set(shown["measure"])
    found = [x for x in claim["lines"] if _fit_of(x) and x["measure"] in measures]
    return found[0] if found else None


def _regression_line(claim: dict, shown: pd.DataFrame) -> dict | None:
    """The regression on weight whose error is allowed for, on the measure that is drawn."""
    measures = set(shown["measure"])
    found = [
        x for x in claim["lines"]
        if x["status"] == "ok" and "naive" in x["extra"] and x["measure"] in measures
    ]  # fmt: skip
    return found[0] if found else None


def _scatter(page: Page, claim: dict, shown: pd.DataFrame, top: float) -> None:
    left, width = EDGE + 0.55, WIDTH - 2 * EDGE - 0.6
    ax = page.axes(left, top, width, SCATTER, "scatter")
    if shown.empty:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No contrast prints numbers for both liver fat and body weight.",
                ha="center", color=MUTED, transform=ax.transAxes)  # fmt: skip
        return
    w, y, sy = (shown[k].to_numpy(float) for k in ("weight", "yi", "se"))
    low, high = min((y - Z975 * sy).min(), 0), max((y + Z975 * sy).max(), 0)
    low, high = _with_zero_intervals(claim, shown, low, high)
    pad = 0.07 * (high - low)
    ax.set_xlim(min(w.min() - 1.2, -3.4), max(w.max() + 1.2, 3.4))
    ax.set_ylim(low - pad, high + pad)
    ax.axvspan(-3, 3, color=BAND, zorder=0, lw=0)
    middle = left + width * (0 - ax.get_xlim()[0]) / np.ptp(ax.get_xlim())
    page.text(middle, top - 0.1, "weight within 3 % of baseline", size=7.4, color=MUTED,
              ha="center")  # fmt: skip
    ax.axhline(0, color=RULE, lw=0.8, zorder=1)
    ax.axvline(0, color=RULE, lw=0.8, zorder=1)
    crossed = [np.array([[x, 0.0] for x in ax.get_xlim()])]
    for p in shown.itertuples():
        colour, reach = modality_colour(p.modality), Z975 * p.weight_se
        upright = np.array([[p.weight, p.yi - Z975 * p.se], [p.weight, p.yi + Z975 * p.se]])
        level = np.array([[p.weight - reach, p.yi], [p.weight + reach, p.yi]])
        dots = (0, (1, 2)) if p.imputed else "-"
        ax.plot(*upright.T, color=colour, lw=0.9, alpha=0.7, zorder=2)
        ax.plot(*level.T, color=colour, lw=0.9, ls=dots, alpha=0.7, zorder=2)
        level[:, 0] = np.clip(level[:, 0], *ax.get_xlim())
        crossed += [upright, level]
    area = np.maximum(LARGEST * sy.min() ** 2 / sy**2, SMALLEST)
    for p, size in zip(shown.itertuples(), area, strict=True):
        ax.scatter([p.weight], [p.yi], s=size, color=modality_colour(p.modality),
                   marker=MODALITY_MARKERS.get(p.modality, "o"), edgecolor="white", lw=0.7,
                   zorder=4).set_gid(f"bubble-{p.effect_id}")  # fmt: skip
    marks, more, key = _models(ax, claim, shown)
    several = shown["trial_id"].duplicated(keep=False)
    labels = [
        f"{p.label}, {p.arm_label}" if many else p.label
        for p, many in zip(shown.itertuples(), several, strict=True)
    ]
    place_labels(ax, list(zip(w, y, strict=True)), labels, radii=np.sqrt(area / math.pi),
                 lines=[*crossed, *more], marks=marks)  # fmt: skip
    ax.set_xlabel("Weight effect, percent of baseline (exercise minus comparator)")
    first = shown.iloc[0]
    ax.set_ylabel(f"Liver-fat effect, {first['measure']}, {clean(first['unit'])}")
    _legend(ax, list(shown["modality"]), key)


def _with_zero_intervals(claim: dict, shown: pd.DataFrame, low: float, high: float):
    """The limits, wider by up to half on either side to show the intervals at zero whole."""
    reach = (high - low) / 2
    for line in (_regression_line(claim, shown), _region_line(claim, shown)):
        if line:
            low = max(min(low, line["ci_lower"]), low - reach)
            high = min(max(high, line["ci_upper"]), high + reach)
    return low, high


def _models(ax: Axes, claim: dict, shown: pd.DataFrame) -> tuple[list, list, list]:
    """Draw regression, region and the effects at zero; return their marks, lines and key."""
    x, bottom, top = ax.get_xlim(), *ax.get_ylim()
    marks, lines, key, at_zero = [], [], [], []
    regression, region = _regression_line(claim, shown), _region_line(claim, shown)
    if regression:
        extra = regression["extra"]
        curve = pd.DataFrame(extra["curve"])
        ax.fill_between(curve["value"], curve["ci_lower"], curve["ci_upper"], color=BAND_COLOUR,
                        alpha=0.6, lw=0, zorder=1).set_gid("regression-band")  # fmt: skip
        drawn = curve[["value", "estimate"]].to_numpy()
        ax.plot(*drawn.T, color=INK, lw=1.4, zorder=3, gid="regression")
        naive = extra["naive"]
        ends = np.array([[v, naive["estimate"] + naive["slope"] * v] for v in drawn[[0, -1], 0]])
        ax.plot(*ends.T, color=MUTED, lw=1, ls=(0, (4, 3)), zorder=3)
        lines += [drawn, ends]
        key += [
            Line2D([], [], color=INK, lw=1.4,
                   label="Regression, error of weight allowed for (SIMEX)"),
            Patch(color=BAND_COLOUR, alpha=0.6, lw=0, label="Its pointwise 95 % CI"),
            Line2D([], [], color=MUTED, lw=1, ls=(0, (4, 3)),
                   label="Regression, weight taken as known"),
        ]  # fmt: skip
        at_zero.append((regression, INK, "Regression at zero weight effect, 95 % CI"))
    if region:
        lines.append(_region(ax, _fit_of(region)))
        words = "95 % prediction region, bivariate model"
        key.append(Line2D([], [], color=REGION_COLOUR, lw=1.1, ls="--", label=words))
        at_zero.append((region, REGION_COLOUR, "Bivariate model at zero, 95 % CI"))
    for i, (line, colour, words) in enumerate(at_zero):
        # Both stand at zero: they are drawn side by side, a little apart.
        place = 0.007 * (x[1] - x[0]) * (2 * i - len(at_zero) + 1)
        ends = np.clip([line["ci_lower"], line["ci_upper"]], bottom, top)
        ax.plot([place, place], ends, color=colour, lw=2.4, zorder=5)
        middle = float(np.clip(line["estimate"], bottom, top))
        ax.plot([place], [middle], marker="D", ms=6.5, color=colour, mec="white", mew=0.6,
                zorder=6, gid=f"at-zero-{line['name']}")  # fmt: skip
        marks.append((place, middle))
        lines.append(np.array([[place, e] for e in ends]))
        key.append(Line2D([], [], color=colour, marker="D", ms=5, lw=2, label=words))
    ax.set_xlim(x)
    ax.set_ylim(bottom, top)
    return marks, lines, key


def _region(ax: Axes, fit: dict) -> np.ndarray:
    """Draw the 95 % prediction region of both effects in a new trial; return its outline."""
    psi = np.array(fit["psi"])[::-1, ::-1] + np.array(fit["vcov"])[::-1, ::-1]
    values, vectors = np.linalg.eigh(psi)
    axes = np.sqrt(REGION_95 * np.maximum(values, 0))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    centre = np.array([fit["mean_weight"], fit["mean_liver_fat"]])
    ax.add_patch(Ellipse(centre, *(2 * axes), angle=angle, fc="none", ec=REGION_COLOUR, lw=1.1,
                         ls="--", zorder=3, gid="prediction-region"))  # fmt: skip
    turn = np.linspace(0, 2 * np.pi, 120)
    return centre + (np.column_stack([np.cos(turn), np.sin(turn)]) * axes) @ vectors.T


def _legend(ax: Axes, modalities: list[str], key: list) -> None:
    marks = [
        Line2D([], [], ls="", marker=MODALITY_MARKERS.get(m, "o"), color=modality_colour(m),
               ms=6, label=modality_label(m))
        for m in modality_order(modalities)
    ]  # fmt: skip
    ax.legend(handles=marks + key, loc="upper left", bbox_to_anchor=(-0.05, -0.13), ncols=3,
              fontsize=7.4, handletextpad=0.5, columnspacing=1.4)  # fmt: skip
