"""The graph of a network as rows of an interactive chart."""

from __future__ import annotations

import math

from liverfit.plots.network import ring
from liverfit.report.explorer import words

HEIGHT, REACH = 430, 1.42  # pixels; half of the height of the chart in radii of the ring
PIXEL = 2 * REACH / HEIGHT
LARGEST, SMALLEST = 1500.0, 70.0  # areas of circles in square pixels
WIDEST, THINNEST = 11.0, 1.5  # lines, in pixels


def graph(network: dict, labels: dict[str, str]) -> dict | None:
    """Nodes on a ring, in the order of the plan, and the comparisons that trials make.

    The area of a circle is its people, the width of a line its trials. None with fewer than two
    nodes. Rows of kind node hold x, y, size, and where the name stands; those of kind edge the
    two ends, the place of the number and the labels of the trials.
    """
    nodes = network["nodes"]
    if len(nodes) < 2:
        return None
    places = [(x / 1.14, y) for x, y in ring(len(nodes), 1.0)]
    at = {n["node"]: place for n, place in zip(nodes, places, strict=True)}
    names = {t["trial_id"]: t["label"] for t in network["trials"]}
    people = max((n["participants"] or 0 for n in nodes), default=0) or 1
    trials = max((e["k"] for e in network["edges"]), default=1)
    rows = []
    for order, e in enumerate(network["edges"]):
        (x, y), (x2, y2) = at[e["node1"]], at[e["node2"]]
        share = (0.5, 0.4, 0.6)[order % 3]  # numbers of lines that cross in the middle stay apart
        rows.append(
            {
                "kind": "edge", "x": x, "y": y, "x2": x2, "y2": y2,
                "mx": x + share * (x2 - x), "my": y + share * (y2 - y),
                "k": e["k"], "connected": e["connected"], "modality": "",
                "width": THINNEST + (WIDEST - THINNEST) * (e["k"] - 1) / max(trials - 1, 1),
                "label": words.against(labels[e["node1"]], labels[e["node2"]]),
                "more": ", ".join(names.get(t, t) for t in e["trials"]),
            }
        )  # fmt: skip
    near = {n["node"]: [] for n in nodes}
    for e in network["edges"]:
        near[e["node1"]].append(at[e["node2"]][1])
        near[e["node2"]].append(at[e["node1"]][1])
    for n in nodes:
        x, y = at[n["node"]]
        size = max(SMALLEST, LARGEST * (n["participants"] or 0) / people)
        told = f"{n['trials']} trial{'s' if n['trials'] != 1 else ''}"
        rows.append(
            {
                "kind": "node", "x": x, "y": y, "size": size, "connected": n["connected"],
                "modality": n["modalities"][0], "label": labels[n["node"]],
                "more": f"{words.count(n['participants'])} people, {told}"
                if n["participants"] else told,
                **_name_place(x, y, math.sqrt(size / math.pi), near[n["node"]]),
            }
        )  # fmt: skip
    return {"chart": "network", "values": {}, "frame": [], "rows": rows}


def _name_place(x: float, y: float, radius: float, near: list[float]) -> dict:
    """Where a node's name and the line below it stand: beyond its circle, away from its lines."""
    above = y >= sum(near) / len(near) if near else y > 0
    first = y + (radius + 24) * PIXEL if above else y - (radius + 14) * PIXEL
    side = "center" if abs(x) < 0.12 or abs(x) > 0.75 else "left" if x > 0 else "right"
    return {"name_y": first, "more_y": first - 14 * PIXEL, "side": side}
