"""Network graphs: the area of a node is its people, the width of a line its trials."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from liverfit.plots.page import Page, wrap
from liverfit.plots.style import (
    BAND,
    FAINT,
    INK,
    MUTED,
    clean,
    house_style,
    modality_colour,
    sentence,
)

WIDTH, EDGE, SIDE = 8.2, 0.35, 5.4
RADIUS, LARGEST, SMALLEST = 1.95, 0.40, 0.09  # inches: of the ring, of circles
SHADES = ("#C7D3DE", "#D9CFC0", "#CFDCCB", "#DCCBD6")


def network_table(network: dict) -> pd.DataFrame:
    """The circles and lines: nodes with people and trials, comparisons with trials.

    Parameters
    ----------
    network : results/networks/{outcome}_{measure}.json
    """
    rows = [
        {"mark": "node", "node1": n["node"], "node2": "", "label": n["label"], "k": n["trials"],
         "participants": n["participants"], "connected": n["connected"]}
        for n in network["nodes"]
    ]  # fmt: skip
    rows += [
        {"mark": "comparison", "node1": e["node1"], "node2": e["node2"], "label": "", "k": e["k"],
         "participants": None, "connected": e["connected"]}
        for e in network["edges"]
    ]  # fmt: skip
    columns = ["mark", "node1", "node2", "label", "k", "participants", "connected"]
    return pd.DataFrame(rows, columns=columns)


def network_graph(network: dict) -> Figure:
    """Draw the network of one outcome and measure.

    Nodes lie on a ring in the order of the plan, coloured as their modality; trials of several
    nodes are shaded areas. Nodes that are not connected with the reference are hollow and dashed.
    Without two connected nodes the figure says why there is no network.
    """
    with house_style():
        return _draw(network)


def _draw(network: dict) -> Figure:
    nodes = network["nodes"]
    told = _told(network)
    lines = [x for words in told for x in wrap(words, WIDTH - 2 * EDGE, 8.5, max_lines=3)]
    top = EDGE + 0.36 + 0.17 * len(lines) + 0.12
    height = SIDE if len(nodes) > 1 else 0.3
    page = Page(WIDTH, top + height + 0.62)
    title = f"Network of modalities: {clean(network['outcome_label'])}, {network['measure']}"
    page.fig.set_label(title)
    page.text(EDGE, EDGE + 0.1, title, size=13, weight="bold")
    page.lines(EDGE, EDGE + 0.3, lines, size=8.5, leading=0.17, color=MUTED)
    if len(nodes) < 2:
        return page.fig
    ax = page.axes(0, top, WIDTH, height, "network")
    ax.set_axis_off()
    ax.set_xlim(-WIDTH / 2, WIDTH / 2)
    ax.set_ylim(-height / 2, height / 2)
    places = ring(len(nodes), RADIUS * min(1.0, 0.7 + 0.06 * len(nodes)))
    at = {n["node"]: place for n, place in zip(nodes, places, strict=True)}
    _trials_of_many(ax, network, at)
    _lines(ax, network, at)
    _circles(ax, nodes, at)
    foot = (
        "Area of a circle: people. Width of a line and its number: trials that compare the two. "
        "Shaded: trials of three or more of these nodes. Dashed: not connected with "
        f"{_label(network, network['reference']).lower()}."
    )
    foot_lines = wrap(foot, WIDTH - 2 * EDGE, 8)
    page.lines(EDGE, top + height + 0.06, foot_lines, size=8, leading=0.16, color=MUTED)
    return page.fig


def ring(count: int, radius: float) -> list[tuple[float, float]]:
    """Places on a circle, the first at the top, clockwise."""
    turn = [math.pi / 2 - 2 * math.pi * i / count for i in range(count)]
    return [(radius * math.cos(a) * 1.14, radius * math.sin(a)) for a in turn]


def _told(network: dict) -> list[str]:
    """What the network is, in numbers; and what must be known of it."""
    if network["status"] != "ok":
        return [f"No network could be fitted: {sentence(network['reason'])}"]
    trials = {t["trial_id"] for t in network["trials"] if t["fitted"]}
    h, inconsistent = network["heterogeneity"], network["inconsistency"]
    words = f"{len(trials)} trials, {sum(n['connected'] for n in network['nodes'])} nodes."
    if h["estimable"]:
        words += f" τ² {h['tau2']:.3g}, I² {h['i2']:.0f} %."
    if inconsistent["status"] == "ok":
        words += (
            f" Inconsistency between designs: Q {inconsistent['q']:.2f} on {inconsistent['df']} "
            f"degrees of freedom, P={inconsistent['pvalue']:.2g}."
        )
    else:
        words += f" Inconsistency cannot be tested: {clean(inconsistent['reason'])}."
    out = [words]
    if network["warning"]:
        out.append(sentence(network["warning"]))
    if network["left_out"]:
        rows = {row["trial_id"]: row for row in network["left_out"]}.values()
        told = "; ".join(f"{clean(row['label'])} ({_words(network, row)})" for row in rows)
        out.append(f"Left out: {told}.")
    return out


def _words(network: dict, row: dict) -> str:
    """Why a trial is left out, nodes by their labels."""
    words = clean(row["detail"]).split(" ")
    labels = {n["node"]: clean(n["label"]).lower() for n in network["nodes"]}
    return " ".join(labels.get(word, word) for word in words)


def _label(network: dict, node: str) -> str:
    return next((n["label"] for n in network["nodes"] if n["node"] == node), clean(node))


def _trials_of_many(ax: Axes, network: dict, at: dict) -> None:
    """Shade the nodes of trials that compare more than two, once for each set of nodes."""
    sets = Counter(tuple(t["nodes"]) for t in network["trials"] if len(t["nodes"]) > 2)
    for i, (nodes, _) in enumerate(sorted(sets.items())):
        middle = [sum(at[n][axis] for n in nodes) / len(nodes) for axis in (0, 1)]
        corners = sorted(
            (at[n] for n in nodes), key=lambda p: math.atan2(p[1] - middle[1], p[0] - middle[0])
        )
        shape = Polygon(corners, closed=True, facecolor=SHADES[i % len(SHADES)], alpha=0.55,
                        linewidth=0, gid=f"multi-arm-{i}", zorder=0)  # fmt: skip
        ax.add_patch(shape)


def _lines(ax: Axes, network: dict, at: dict) -> None:
    most = max((e["k"] for e in network["edges"]), default=1)
    for i, e in enumerate(network["edges"]):
        (x0, y0), (x1, y1) = at[e["node1"]], at[e["node2"]]
        ax.plot([x0, x1], [y0, y1], color="#6D7F8F", lw=1.2 + 7.5 * (e["k"] - 1) / max(most - 1, 1),
                ls="-" if e["connected"] else (0, (4, 3)), solid_capstyle="round", alpha=0.85,
                gid=f"comparison-{i}", zorder=1)  # fmt: skip
        # off the middle, so that the numbers of lines that cross there stay apart
        share = (0.5, 0.4, 0.6)[i % 3]
        ax.text(x0 + share * (x1 - x0), y0 + share * (y1 - y0), str(e["k"]), fontsize=8,
                ha="center", va="center_baseline", color=INK, zorder=2, parse_math=False,
                bbox={"boxstyle": "round,pad=0.16", "facecolor": "white", "edgecolor": FAINT,
                      "linewidth": 0.6})  # fmt: skip


def _circles(ax: Axes, nodes: list[dict], at: dict) -> None:
    most = max((n["participants"] or 0 for n in nodes), default=0) or 1
    for n in nodes:
        x, y = at[n["node"]]
        radius = max(SMALLEST, LARGEST * math.sqrt((n["participants"] or 0) / most))
        colour = modality_colour(n["modalities"][0])
        ax.add_patch(
            Circle((x, y), radius, facecolor=colour if n["connected"] else BAND, edgecolor=colour,
                   linewidth=1.6, linestyle="-" if n["connected"] else (0, (3, 2)),
                   gid=f"node-{n['node']}", zorder=3)
        )  # fmt: skip
        _name(ax, n, x, y, radius)


def _name(ax: Axes, n: dict, x: float, y: float, radius: float) -> None:
    """The node's name and numbers, outwards of the ring."""
    people = "people not printed" if not n["participants"] else f"{n['participants']} people"
    trials = f"{n['trials']} {'trial' if n['trials'] == 1 else 'trials'}"
    away = math.hypot(x, y) or 1.0
    dx, dy = x / away, y / away
    style = {"color": INK, "zorder": 4, "parse_math": False, "va": "center_baseline"}
    if abs(dx) > 0.35:
        ha = "left" if dx > 0 else "right"
        tx, ty = x + math.copysign(radius + 0.1, dx), y + 0.1 * dy
    else:
        ha, tx = "center", x
        ty = y + math.copysign(radius + 0.24, dy or 1.0)
    # As wide as the page leaves from here, on two lines where it must.
    room = {"left": WIDTH / 2 - EDGE - tx, "right": tx + WIDTH / 2 - EDGE, "center": 1.9}[ha]
    names = wrap(n["label"], room, 9.5, weight="bold", max_lines=2)
    below = wrap(f"{people}, {trials}", room, 8, max_lines=2)
    for i, part in enumerate(reversed(names)):
        ax.text(tx, ty + 0.08 + 0.17 * i, part, ha=ha, fontsize=9.5, weight="bold", **style)
    for i, part in enumerate(below):
        ax.text(tx, ty - 0.09 - 0.15 * i, part, ha=ha, fontsize=8, **{**style, "color": MUTED})
