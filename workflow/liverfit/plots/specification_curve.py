"""The multiverse of a claim as one figure: the specification curve above the choices behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.style import (
    FAINT,
    INK,
    MUTED,
    RULE,
    clean,
    headline,
    house_style,
    sentence,
    verdict_look,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EDGE, ROW, SIZE = 0.35, 0.165, 7.4
CURVE, GAP, BAR = 2.9, 0.3, 0.95
MEASURES = {"MD": "mean difference", "SMD": "standardised difference", "ROM": "log ratio of means"}
WORDS = {
    "measure": "Measure", "correlation": "Pre–post correlation",
    "unresolved_spread": "“±” of unknown kind", "dependence": "Effects of one trial",
    "leave_out": "Trial left out", "estimator": "Estimator of tau²", "test": "Test",
}  # fmt: skip


def options_table(summary: dict) -> pd.DataFrame:
    """One row an option: how many feasible specifications take it, how many of these agree, and
    the share of variance that its choice explains."""
    rows = []
    for declared in summary["choices"]:
        choice = declared["name"]
        for option in declared["options"]:
            found = summary["options"].get(choice, {}).get(option, {})
            rows.append(
                {
                    "choice": choice,
                    "option": option,
                    "n_feasible": found.get("n_feasible", 0),
                    "share_agrees": found.get("share_agrees"),
                    **{
                        f"eta2_{name}": parts["choices"][choice]
                        for name, parts in summary["variance"].items()
                    },
                }
            )
    columns = ["choice", "option", "n_feasible", "share_agrees", "eta2_estimate", "eta2_agreement"]
    return pd.DataFrame(rows).reindex(columns=columns)


def specification_curve(
    claim: dict, line: dict, summary: dict, points: pd.DataFrame, bins: pd.DataFrame
) -> Figure:
    """Draw a claim's specification curve (Simonsohn and others 2020).

    Above, for each measure, every distinct analysis at its place among the sorted specifications,
    with its interval, coloured by verdict; the main analysis as a diamond. Below, how often each
    option is taken along the curve. To the right, the share that agrees by option and the share
    of variance that each choice explains.

    Parameters
    ----------
    claim, line : the claim as concluded, and the line that the multiverse evaluates
    summary : results/multiverse/{claim}.json
    points : results/multiverse/{claim}.csv
    bins : results/multiverse/curves/{claim}.csv
    """
    with house_style():
        if not summary["n_feasible"]:
            return _empty(claim, summary)
        return _draw(claim, line, summary, points, bins)


def _title(page: Page, claim: dict, summary: dict, width: float) -> float:
    """Title and the line of numbers below it; returns where they end."""
    page.fig.set_label(f"Specification curve: {headline(claim['statement'])}")
    y = EDGE + 0.1
    for text in wrap(headline(claim["statement"]), width - 2 * EDGE, 12, weight="bold"):
        page.text(EDGE, y, text, size=12, weight="bold")
        y += 0.23
    n = summary["n_specifications"]
    told = f"{_count(n)} specifications, {_count(summary['n_feasible'])} of them feasible"
    if summary["n_feasible"]:
        told += (
            f" ({_count(summary['n_distinct'])} distinct analyses); "
            f"{100 * summary['share_agrees']:.0f}% of the feasible agree, that is, "
            f"{summary['agrees_where']}."
        )
    else:
        told += "."
    if not summary["covers_claim"]:
        told += " The claim itself is tested by another model."
    for text in wrap(told, width - 2 * EDGE, 8.5):
        page.text(EDGE, y, text, size=8.5, color=MUTED)
        y += 0.17
    return y


def _empty(claim: dict, summary: dict) -> Figure:
    width = 7.5
    reasons = summary["infeasible"]
    page = Page(width, EDGE * 2 + 0.85 + 0.2 * len(reasons))
    y = _title(page, claim, summary, width) + 0.15
    page.text(EDGE, y, "No specification is feasible. Why, and how many:", size=9)
    for reason, count in sorted(reasons.items(), key=lambda x: -x[1]):
        y += 0.2
        page.text(EDGE + 1.1, y, _count(count), size=8.5, ha="right")
        text = wrap(sentence(reason), width - EDGE * 2 - 1.3, 8.5, max_lines=1)[0]
        page.text(EDGE + 1.25, y, text, size=8.5, color=MUTED)
    return page.fig


def _draw(claim: dict, line: dict, summary: dict, points, bins) -> Figure:
    table = options_table(summary)
    measures = [
        o for o in table["option"][table["choice"] == "measure"] if o in summary["measures"]
    ]
    names = [_option(o) for o in table["option"]]
    labels = max(text_width(n, SIZE) for n in names) + 0.15
    heads = max(text_width(_words(c), SIZE, "bold") for c in table["choice"]) + 0.15
    x_curve = EDGE + heads + labels + 0.35
    each = {1: 5.2, 2: 2.9, 3: 2.2}[len(measures)]
    x_right = x_curve + len(measures) * (each + 0.6) - 0.15
    width = x_right + 2 * BAR + 0.95 + EDGE
    page = Page(width, 30)
    top = _title(page, claim, summary, width) + 0.3
    rows = _places(table, top + CURVE + 0.55)
    end = rows[-1] + ROW / 2
    page = Page(width, end + 0.75 + EDGE)
    _title(page, claim, summary, width)
    for i, measure in enumerate(measures):
        x = x_curve + i * (each + 0.6)
        _panel(page, (x, top, each), measure, line, summary, points)
        _matrix(page, (x, each), measure, table, rows, bins)
    _labels(page, table, rows, heads)
    _bars(page, x_right, table, rows, summary)
    _note(page, x_curve, end + 0.35, width, points)
    return page.fig


def _places(table: pd.DataFrame, top: float) -> list[float]:
    """Heights of the rows of options, a gap between choices."""
    y, before, out = top, None, []
    for choice in table["choice"]:
        y += ROW + (0.07 if before not in (None, choice) else 0.0)
        before = choice
        out.append(y)
    return out


def _panel(page: Page, place: tuple, measure: str, line: dict, summary: dict, points) -> None:
    x, top, width = place
    rows = points[
        (points["measure"] == measure) & (points["status"] == "ok") & points["duplicate_of"].isna()
    ].sort_values(["estimate", "specification"])
    width_of = rows["n_same"] / rows["n_same"].sum()
    at = width_of.cumsum() - width_of / 2
    ax = page.axes(x, top, width, CURVE, f"curve-{measure}")
    low, high = _limits(rows, line, measure, summary)
    ax.set_xlim(0, 1)
    ax.set_ylim(low, high)
    for word in ("inconclusive", "refuted", "supported"):
        some = (rows["verdict"] == word).to_numpy()
        colour = verdict_look(word).colour
        place, part, wide = at[some], rows[some], width_of[some]
        left, right = place - wide / 2, place + wide / 2
        corners = [left, left, right, right]
        ends = [part["ci_lower"], part["ci_upper"], part["ci_upper"], part["ci_lower"]]
        boxes = np.stack([np.array(corners), np.array(ends)]).T
        ax.add_collection(
            PolyCollection(boxes, facecolor=colour, alpha=0.28, lw=0, rasterized=True, zorder=2)
        )
        # As `hlines`, whose masked arrays take most of the time for tens of thousands of lines.
        marks = np.stack([[left, right], [part["estimate"]] * 2], axis=-1).swapaxes(0, 1)
        ax.add_collection(
            LineCollection(marks, colors=colour, linewidths=2.2, rasterized=True, zorder=3)
        )
    ax.axhline(line["null"], color=INK, lw=0.8, zorder=1)
    if measure == line["measure"] and line["margin"]:
        for side in (-1, 1):
            ax.axhline(side * line["margin"], color=MUTED, lw=0.8, ls=(0, (3, 3)), zorder=1)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="y", length=3, pad=2)
    unit = line["unit"] if measure == line["measure"] else {"SMD": "SD"}.get(measure, "")
    name = MEASURES[measure].capitalize() + (f" ({clean(unit)})" if unit and unit != "log ratio"
                                             else "")  # fmt: skip
    for i, text in enumerate(wrap(name, width + 0.3, 8, weight="bold", max_lines=1)):
        page.text(x, top - 0.13 + 0.14 * i, text, size=8, weight="bold")
    share = summary["measures"][measure]["share_agrees"]
    page.text(x + width, top + CURVE + 0.1, f"{100 * share:.0f}% agree", size=7.4, ha="right",
              color=MUTED)  # fmt: skip
    told = f"{_count(summary['measures'][measure]['n_feasible'])} specifications"
    page.text(x, top + CURVE + 0.1, told, size=7.4, color=MUTED)
    _main(ax, measure, summary, rows, at)


def _main(ax: Axes, measure: str, summary: dict, rows: pd.DataFrame, at: pd.Series) -> None:
    main = summary["primary"]
    if main.get("status") != "ok" or main["choices"]["measure"] != measure:
        return
    place = float(at[rows["specification"] == main["specification"]].iloc[0])
    ax.plot([place] * 2, [main["ci_lower"], main["ci_upper"]], color=INK, lw=1.4, zorder=5)
    ax.scatter([place], [main["estimate"]], marker="D", s=34, color=INK, edgecolor="white", lw=0.8,
               zorder=6)  # fmt: skip


def _limits(rows, line: dict, measure: str, summary: dict) -> tuple[float, float]:
    """Where nearly all intervals end; null, margins and the main analysis are always in sight."""
    weight = rows["n_same"].to_numpy(dtype=float)
    ends = []
    for name, q in (("ci_lower", 0.02), ("ci_upper", 0.98)):
        order = np.argsort(rows[name].to_numpy())
        upto = np.cumsum(weight[order]) / weight.sum()
        ends.append(
            float(rows[name].to_numpy()[order][min(np.searchsorted(upto, q), len(order) - 1)])
        )
    seen = [*ends, line["null"], rows["estimate"].min(), rows["estimate"].max()]
    if measure == line["measure"] and line["margin"]:
        seen += [-line["margin"], line["margin"]]
    main = summary["primary"]
    if main.get("status") == "ok" and main["choices"]["measure"] == measure:
        seen += [main["ci_lower"], main["ci_upper"]]
    low, high = min(seen), max(seen)
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _matrix(page: Page, place: tuple, measure: str, table, rows: list[float], bins) -> None:
    x, width = place
    part = bins[bins["measure"] == measure]
    columns = [f"{c}={o}" for c, o in zip(table["choice"], table["option"], strict=True)]
    top, bottom = rows[0] - ROW / 2, rows[-1] + ROW / 2
    ax = page.axes(x, top, width, bottom - top, f"options-{measure}")
    for name, y in zip(columns, rows, strict=True):
        ax.imshow(
            part[[name]].to_numpy(dtype=float).T, aspect="auto", cmap="Greys", vmin=0, vmax=1.15,
            extent=(0, 1, y + 0.42 * ROW, y - 0.42 * ROW), interpolation="nearest",
        )  # fmt: skip
        ax.axhspan(y - 0.42 * ROW, y + 0.42 * ROW, fill=False, edgecolor=FAINT, lw=0.5)
    ax.set(xlim=(0, 1), ylim=(bottom, top))
    ax.set_axis_off()


def _labels(page: Page, table: pd.DataFrame, rows: list[float], heads: float) -> None:
    before = None
    for choice, option, y in zip(table["choice"], table["option"], rows, strict=True):
        if choice != before:
            page.text(EDGE, y, _words(choice), size=SIZE, weight="bold")
        before = choice
        page.text(EDGE + heads, y, _option(option), size=SIZE)


def _bars(page: Page, x: float, table: pd.DataFrame, rows: list[float], summary: dict) -> None:
    """Share that agrees, a dot an option; variance explained, a bar a choice."""
    top, bottom = rows[0] - ROW / 2, rows[-1] + ROW / 2
    head = {"size": SIZE, "weight": "bold"}
    page.text(x, top - 0.27, "Share that agrees", **head)
    ax = page.axes(x, top, BAR, bottom - top, "agree")
    ax.set(xlim=(0, 1), ylim=(bottom, top))
    for tick in (0, 0.5, 1):
        ax.axvline(tick, color=FAINT, lw=0.6, zorder=0)
    ax.axvline(summary["share_agrees"], color=MUTED, lw=0.8, ls=(0, (3, 3)), zorder=1)
    some = table["share_agrees"].notna()
    ys = np.array(rows)
    ax.scatter(table["share_agrees"][some].astype(float), ys[some], s=13, color=INK, clip_on=False,
               zorder=3)  # fmt: skip
    for y in ys[~some]:
        ax.text(
            1, y, "none feasible", size=7, color=MUTED, ha="right", va="center_baseline",
            bbox={"facecolor": "white", "lw": 0, "pad": 0.6},
        )  # fmt: skip
    _plain(ax, [0, 0.5, 1], ["0", "50", "100%"])
    x += BAR + 0.45
    page.text(x, top - 0.27, "Variance explained", **head)
    ax = page.axes(x, top, BAR, bottom - top, "variance")
    largest = max(0.1, np.nanmax(table[["eta2_estimate", "eta2_agreement"]].to_numpy(dtype=float)))
    ax.set(xlim=(0, 1.05 * largest), ylim=(bottom, top))
    for name, shift, colour in (("estimate", -0.045, INK), ("agreement", 0.045, "#0072B2")):
        for choice in table["choice"].unique():
            at = ys[(table["choice"] == choice).to_numpy()].mean()
            value = summary["variance"][name]["choices"][choice]
            ax.barh(at + shift, value, height=0.08, color=colour, lw=0)
    _plain(ax, [0, largest], ["0", f"{100 * largest:.0f}%"])
    page.text(x, top - 0.13, "estimate", size=7, color=INK)
    page.text(x + text_width("estimate  ", 7), top - 0.13, "agreement", size=7, color="#0072B2")


def _plain(ax: Axes, ticks: list, names: list[str]) -> None:
    ax.set_yticks([])
    ax.set_xticks(ticks, names)
    ax.tick_params(axis="x", length=2, pad=1, labelsize=7)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(RULE)


def _note(page: Page, x: float, y: float, width: float, points: pd.DataFrame) -> None:
    shown = [w for w in ("supported", "inconclusive", "refuted") if (points["verdict"] == w).any()]
    at = x
    for word in shown:
        look = verdict_look(word)
        page.text(at, y, "●", size=7, color=look.colour)
        page.text(at + 0.13, y, word, size=7.4)
        at += text_width(word, 7.4) + 0.32
    page.text(at, y, "◆ main analysis", size=7.4)
    note = (
        "Each distinct analysis stands as wide as it has specifications; shades below: share of "
        "the specifications at that place of the curve that take the option."
    )
    for i, text in enumerate(wrap(note, width - x - EDGE, 7.4)):
        page.text(x, y + 0.17 + 0.14 * i, text, size=7.4, color=MUTED)


def _words(choice: str) -> str:
    return WORDS.get(choice, clean(choice).replace("_", " ").capitalize())


def _option(option: str) -> str:
    return clean(option).replace("_", " ")


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")
