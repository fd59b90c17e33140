"""League tables as heat maps: every node against every other, the numbers in the cells."""

from __future__ import annotations

import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import Scale, number, signed
from liverfit.plots.style import (
    BAND,
    INK,
    MUTED,
    clean,
    house_style,
    sentence,
)

EDGE, CELL_WIDTH, CELL_HEIGHT, NAMES = 0.35, 1.16, 0.46, 1.7
NUMBERS = ("estimate", "ci_lower", "ci_upper")
COLOURS = LinearSegmentedColormap.from_list(
    "league", ["#2B6A99", "#8FB8D6", "#F7F7F7", "#E8B58A", "#B35806"]
)


def league(table: pd.DataFrame, network: dict) -> Figure:
    """Draw a league table: row less column, with the interval below.

    Parameters
    ----------
    table : results/networks/league_{outcome}_{measure}.csv
    network : results/networks/{outcome}_{measure}.json

    Notes
    -----
    Colour is the effect over the largest one; a bold number is one whose interval excludes no
    effect, a dot one that some trial compares directly. Blue is the better side where the outcome
    has one.
    """
    with house_style():
        return _draw(table, network)


def _draw(table: pd.DataFrame, network: dict) -> Figure:
    title = f"League table: {clean(network['outcome_label'])}, {network['measure']}"
    nodes = _order(network)
    pairs = {(r["node1"], r["node2"]): r for r in table.to_dict("records") if r["node1"]}
    width = max(7.2, 2 * EDGE + NAMES + CELL_WIDTH * len(nodes))
    told = _told(network)
    lines = [x for words in told for x in wrap(words, width - 2 * EDGE, 8.5)]
    head = EDGE + 0.36 + 0.17 * len(lines) + 0.15
    page = Page(width, head + CELL_HEIGHT * (len(nodes) + 1) + EDGE)
    page.fig.set_label(title)
    page.text(EDGE, EDGE + 0.1, title, size=13, weight="bold")
    page.lines(EDGE, EDGE + 0.3, lines, size=8.5, leading=0.17, color=MUTED)
    if not pairs:
        return page.fig
    labels = {n["node"]: clean(n["label"]) for n in network["nodes"]}
    most = max(abs(r["estimate"]) for r in pairs.values()) or 1.0
    decimals = Scale(network["measure"]).decimals(
        [(r["ci_lower"], r["ci_upper"]) for r in pairs.values()]
    )
    x0, y0 = EDGE + NAMES, head + CELL_HEIGHT
    for j, node in enumerate(nodes):
        for k, part in enumerate(wrap(labels[node], CELL_WIDTH - 0.1, 8.2, max_lines=2)):
            page.text(x0 + (j + 0.5) * CELL_WIDTH, y0 - 0.32 + 0.15 * k, part, size=8.2,
                      ha="center", color=INK)  # fmt: skip
    for i, node in enumerate(nodes):
        y = y0 + i * CELL_HEIGHT
        name = wrap(labels[node], NAMES - 0.15, 9, weight="bold", max_lines=1)[0]
        page.text(EDGE, y + CELL_HEIGHT / 2, name, size=9, weight="bold")
        for j, other in enumerate(nodes):
            _cell(page, x0 + j * CELL_WIDTH, y, pairs.get((node, other)), most, network,
                  decimals)  # fmt: skip
    return page.fig


def _order(network: dict) -> list[str]:
    """Best first where the outcome has a better side, else as the plan has them."""
    inside = [n["node"] for n in network["nodes"] if n["connected"]]
    ranked = [r["node"] for r in (network["ranks"] or {}).get("nodes", [])]
    return ranked or inside


def _told(network: dict) -> list[str]:
    if network["status"] != "ok":
        return [f"No network could be fitted: {sentence(network['reason'])}"]
    unit = "percent change" if network["measure"] == "ROM" else network["unit"]
    level = f"{100 * network['level']:g}"
    out = [
        f"Row less column, {clean(unit)}, with the {level} % interval. Bold: the interval excludes "
        "no effect. Dot: compared directly by some trial."
    ]
    if network["better"] in ("lower", "higher"):
        out[0] += " Blue: the row is better."
    else:
        out[0] += " Blue: lower in the row."
    if network["warning"]:
        out.append(sentence(network["warning"]))
    return out


def _cell(
    page: Page, x: float, y: float, pair: dict | None, most: float, network: dict, decimals: int
) -> None:
    scale = Scale(network["measure"])
    if pair is None:
        page.box(x, y, CELL_WIDTH, CELL_HEIGHT, facecolor=BAND, edgecolor="white", linewidth=1.5)
        return
    worse = -1.0 if network["better"] == "higher" else 1.0
    colour = COLOURS(0.5 + 0.5 * worse * pair["estimate"] / most)
    page.ax.add_patch(
        Rectangle((x, y), CELL_WIDTH, CELL_HEIGHT, facecolor=colour, edgecolor="white",
                  linewidth=1.5, gid=f"cell-{pair['node1']}-{pair['node2']}")
    )  # fmt: skip
    dark = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 0.55
    ink = "white" if dark else INK
    clear = pair["ci_lower"] > 0 or pair["ci_upper"] < 0
    texts = [signed(scale.shown(pair[k]), decimals) for k in NUMBERS]
    page.text(x + CELL_WIDTH / 2, y + 0.15, texts[0], size=9.5, ha="center", color=ink,
              weight="bold" if clear else "normal")  # fmt: skip
    size = 7.6
    interval = f"{texts[1]} to {texts[2]}"
    while text_width(interval, size) > CELL_WIDTH - 0.06 and size > 7.0:
        size -= 0.2
    page.text(x + CELL_WIDTH / 2, y + 0.33, interval, size=size, ha="center", color=ink)
    if number(pair["k_direct"]):
        page.ax.plot([x + 0.09], [y + 0.09], marker="o", ms=3, color=ink, ls="none")
