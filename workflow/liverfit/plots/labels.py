"""Labels beside marks, placed where they meet neither each other nor the marks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from liverfit.plots.page import text_width
from liverfit.plots.style import INK, RULE, clean

SIDES = [(math.cos(a), math.sin(a)) for a in np.radians([30, 150, -30, -150, 90, -90, 0, 180])]
DISTANCES = (7.0, 15.0, 25.0, 38.0, 54.0, 75.0, 100.0)  # points; further ones get a leader
LEADER_FROM = 20.0
NEVER, HEAVY = 1e6, 100.0  # price of a clash with a label or the edge, and with a mark


def place_labels(
    ax: Axes,
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    *,
    radii: Sequence[float],
    lines: Sequence[np.ndarray] = (),
    marks: Sequence[tuple[float, float]] = (),
    size: float = 7.4,
) -> None:
    """Write each label beside its point, the first given served first.

    A label takes the cheapest of several places around its point: what costs most is another label
    or the edge of the axes, then a mark, then a line. Call it when the limits of the axes are set.

    Parameters
    ----------
    points : data coordinates, one a label
    radii : radius of each point's mark, in points (1/72 inch)
    lines : arrays (n, 2) of data coordinates of polylines that labels should not cross
    marks : data coordinates of further marks to stay clear of
    """
    scale = 72.0 / ax.figure.dpi
    at = ax.transData.transform(np.asarray(points, dtype=float).reshape(-1, 2)) * scale
    radius = np.asarray(radii, dtype=float)
    others = ax.transData.transform(np.asarray(marks, dtype=float).reshape(-1, 2)) * scale
    centres, reach = np.vstack([at, others]), np.concatenate([radius, np.full(len(others), 5.0)])
    crossed = np.vstack([_dense(ax.transData.transform(x) * scale) for x in lines] or [at[:0]])
    edge = ax.bbox.x0 * scale, ax.bbox.y0 * scale, ax.bbox.x1 * scale, ax.bbox.y1 * scale
    taken: list[tuple[float, float, float, float]] = []
    for (x, y), r, label in zip(at, radius, labels, strict=True):
        text = clean(label)
        half = 36 * text_width(text, size) + 1, 0.62 * size
        places = [
            (d, x + (r + d) * ux + half[0] * np.sign(round(ux, 6)) * (abs(ux) > 0.1),
             y + (r + d) * uy)
            for d in DISTANCES for ux, uy in SIDES
        ]  # fmt: skip
        priced = []
        for d, cx, cy in places:
            box = cx - half[0], cy - half[1], cx + half[0], cy + half[1]
            priced.append((_price(box, taken, edge, centres, reach, crossed) + 0.2 * d, d, cx, cy))
        _, d, cx, cy = min(priced)
        taken.append((cx - half[0], cy - half[1], cx + half[0], cy + half[1]))
        # As shares of the axes, since pixels are others at another resolution.
        extent = edge[2] - edge[0], edge[3] - edge[1]
        share = (cx - edge[0]) / extent[0], (cy - edge[1]) / extent[1]
        ax.text(*share, text, transform=ax.transAxes, size=size, color=INK, ha="center",
                va="center_baseline", zorder=7, gid="point-label")  # fmt: skip
        if d >= LEADER_FROM:
            near = np.clip((x, y), taken[-1][:2], taken[-1][2:])
            ends = (np.array([(x, y), near]) - edge[:2]) / extent
            ax.plot(*ends.T, transform=ax.transAxes, color=RULE, lw=0.6, zorder=3,
                    scalex=False, scaley=False)  # fmt: skip


def _price(box, taken, edge, centres, reach, crossed) -> float:
    x0, y0, x1, y1 = box
    price = NEVER * sum(
        x0 < b[2] + 2 and b[0] < x1 + 2 and y0 < b[3] + 1 and b[1] < y1 + 1 for b in taken
    )
    price += NEVER * (x0 < edge[0] or y0 < edge[1] or x1 > edge[2] or y1 > edge[3])
    nearest = np.clip(centres, (x0, y0), (x1, y1))
    price += HEAVY * float((np.hypot(*(centres - nearest).T) < reach).sum())
    if len(crossed):
        inside = (crossed > (x0, y0)).all(axis=1) & (crossed < (x1, y1)).all(axis=1)
        price += float(inside.sum())
    return price


def _dense(line: np.ndarray, step: float = 3.0) -> np.ndarray:
    """Points along a polyline, `step` apart."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0.0, length[-1], max(2, int(length[-1] / step)))
    return np.column_stack([np.interp(at, length, line[:, i]) for i in (0, 1)])
