"""Ranks with their uncertainty: mean rank and interval, over the probabilities of every rank."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import number
from liverfit.plots.style import (
    BAND,
    INK,
    MUTED,
    clean,
    house_style,
    modality_colour,
    sentence,
)

EDGE, NAMES, PLOT, NUMBERS, ROW, GAP = 0.35, 1.65, 3.1, 1.75, 0.28, 0.62
COLUMNS = ("outcome", "outcome_label", "measure", "node", "label", "rank", "probability", "p_score",
           "mean_rank", "rank_lower", "rank_upper")  # fmt: skip


def ranks_table(networks: list[dict]) -> pd.DataFrame:
    """A row a network, node and rank: its probability, and the node's mean rank and interval.

    Parameters
    ----------
    networks : results/networks/{outcome}_{measure}.json
    """
    rows = []
    for net in networks:
        labels = {n["node"]: n["label"] for n in net["nodes"]}
        for r in (net["ranks"] or {}).get("nodes", []):
            for rank, p in enumerate(r["probabilities"], start=1):
                row = {k: net[k] for k in ("outcome", "outcome_label", "measure")}
                row |= {k: r[k] for k in ("p_score", "mean_rank", "rank_lower", "rank_upper")}
                row |= {"node": r["node"], "label": labels[r["node"]]}
                rows.append({**row, "rank": rank, "probability": p})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranks_figure(networks: list[dict], profile: pd.DataFrame) -> Figure:
    """Draw the ranks of every network of the benefit profile, and those over all outcomes.

    Each row is a node: a point at the mean rank, a line over its 95 % interval, and behind it a
    strip shaded by the probability of each rank. A network that is not ranked says why.

    Parameters
    ----------
    networks : results/networks/{outcome}_{measure}.json of the profile
    profile : results/networks/benefit_profile.csv
    """
    with house_style():
        return _draw(networks, profile)


def _draw(networks: list[dict], profile: pd.DataFrame) -> Figure:
    panels = [_of_network(net) for net in networks] + [_together(profile)]
    width = 2 * EDGE + NAMES + PLOT + NUMBERS
    intro = wrap(
        "Point: mean rank, 1 the best; line: 95 % interval; strip: the probability of each rank, "
        "darker the likelier. P-score: mean certainty of being better than another.",
        width - 2 * EDGE,
        8.5,
    )
    heights = [_height(panel, width) for panel in panels]
    top = EDGE + 0.36 + 0.17 * len(intro) + 0.1
    page = Page(width, top + sum(heights) + EDGE)
    page.fig.set_label("Ranks of modalities with their uncertainty")
    page.text(EDGE, EDGE + 0.1, "Ranks of modalities with their uncertainty", size=13,
              weight="bold")  # fmt: skip
    page.lines(EDGE, EDGE + 0.3, intro, size=8.5, leading=0.17, color=MUTED)
    for i, (panel, height) in enumerate(zip(panels, heights, strict=True)):
        _panel(page, top, panel, i)
        top += height
    return page.fig


def _of_network(net: dict) -> dict:
    label = {n["node"]: clean(n["label"]) for n in net["nodes"]}
    colour = {n["node"]: modality_colour(n["modalities"][0]) for n in net["nodes"]}
    told = net["ranks"] or {"reason": net["reason"], "nodes": []}
    return {
        "title": f"{clean(net['outcome_label'])} ({net['measure']})",
        "reason": told["reason"] or net["warning"],
        "rows": [
            {**r, "label": label[r["node"]], "colour": colour[r["node"]]} for r in told["nodes"]
        ],
        "count": len(told["nodes"]),
    }


def _together(profile: pd.DataFrame) -> dict:
    rows = profile[profile["outcome"] == "all"]
    ranked = rows[rows["status"] == "ok"].sort_values("mean_rank", kind="stable")
    reasons = ranked["reason"] if len(ranked) else rows["reason"]
    out = {
        "title": "All outcomes together: mean of the ranks among the nodes in all of them",
        "reason": next(iter(reasons), ""),
        "rows": [],
        "count": len(ranked),
    }
    for r in ranked.to_dict("records"):
        keys = ("label", "mean_rank", "rank_lower", "rank_upper", "probability_best")
        out["rows"].append({k: r[k] for k in keys} | {"colour": INK, "node": r["node"]})
    return out


def _reason_lines(panel: dict, width: float) -> list[str]:
    return wrap(sentence(panel["reason"]), width - 2 * EDGE, 8) if panel["reason"] else []


def _height(panel: dict, width: float) -> float:
    axis = 0.3 if panel["rows"] else 0.0
    return 0.3 + 0.16 * len(_reason_lines(panel, width)) + ROW * len(panel["rows"]) + axis + 0.22


def _panel(page: Page, y: float, panel: dict, number_of: int) -> None:
    page.text(EDGE, y + 0.08, panel["title"], size=10, weight="bold")
    lines = _reason_lines(panel, page.width)
    page.lines(EDGE, y + 0.2, lines, size=8, leading=0.16, color=MUTED)
    rows, count = panel["rows"], panel["count"]
    if not rows:
        return
    y += 0.3 + 0.16 * len(lines)
    x = EDGE + NAMES
    ax = page.axes(x, y, PLOT, ROW * len(rows), f"ranks-{number_of}")
    ax.set_xlim(0.5, count + 0.5)
    ax.set_xticks(range(1, count + 1))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    for i, r in enumerate(rows):
        middle = y + (i + 0.5) * ROW
        _strip(ax, r, middle, count)
        ends = [r["rank_lower"], r["rank_upper"]]
        ax.plot(ends, [middle, middle], color=INK, lw=1.6, gid=f"interval-{number_of}-{i}",
                solid_capstyle="round", zorder=2)  # fmt: skip
        ax.plot([r["mean_rank"]], [middle], marker="o", ms=6.5, mfc=r["colour"], mec="white",
                mew=0.9, ls="none", gid=f"rank-{number_of}-{i}", zorder=3)  # fmt: skip
        name = wrap(r["label"], NAMES - 0.1, 8.6, max_lines=1)[0]
        page.text(EDGE, middle, name, size=8.6)
        page.text(x + PLOT + 0.15, middle, _numbers(r), size=8, color=MUTED)


def _strip(ax, row: dict, middle: float, count: int) -> None:
    """A box for every rank, shaded by its probability."""
    for rank, p in enumerate(row.get("probabilities", [0.0] * count), start=1):
        ax.add_patch(
            Rectangle((rank - 0.5, middle - ROW * 0.38), 1, ROW * 0.76, linewidth=0, zorder=0,
                      facecolor=row["colour"] if p else BAND, alpha=0.75 * p if p else 0.0)
        )  # fmt: skip


def _numbers(row: dict) -> str:
    low, high = (f"{row[k]:.1f}".removesuffix(".0") for k in ("rank_lower", "rank_upper"))
    text = f"{row['mean_rank']:.1f} ({low} to {high})"
    if (p := number(row.get("p_score"))) is not None:
        return f"{text}, P-score {p:.2f}"
    return f"{text}, best {100 * row['probability_best']:.0f} %"
