"""Tables of one network for reading: the league table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LEAGUE_COLUMNS = (
    "node1", "node2", "label1", "label2", "estimate", "ci_lower", "ci_upper", "pi_lower",
    "pi_upper", "se", "pvalue", "k_direct", "share_direct", "unit", "status", "reason",
)  # fmt: skip


def league_table(network: dict) -> pd.DataFrame:
    """Every ordered pair of nodes, the first less the second; one row with the reason where the
    network could not be fitted.

    Parameters
    ----------
    network : results/networks/{outcome}_{measure}.json
    """
    import pandas as pd

    labels = {n["node"]: n["label"] for n in network["nodes"]}
    shared = {"unit": network["unit"], "status": network["status"], "reason": network["reason"]}
    rows = []
    for pair in network["league"]:
        for row in (pair, reversed_pair(pair)):
            names = {f"label{i}": labels[row[f"node{i}"]] for i in (1, 2)}
            rows.append({**row, **names, **shared})
    place = {n["node"]: i for i, n in enumerate(network["nodes"])}
    rows.sort(key=lambda row: (place[row["node1"]], place[row["node2"]]))
    return pd.DataFrame(rows or [shared], columns=list(LEAGUE_COLUMNS))


def reversed_pair(pair: dict) -> dict:
    """The same comparison seen from the other node."""

    def minus(x: float | None) -> float | None:
        return None if x is None else 0.0 - x

    return {
        **pair,
        "node1": pair["node2"],
        "node2": pair["node1"],
        "estimate": minus(pair["estimate"]),
        "ci_lower": minus(pair["ci_upper"]),
        "ci_upper": minus(pair["ci_lower"]),
        "pi_lower": minus(pair["pi_upper"]),
        "pi_upper": minus(pair["pi_lower"]),
    }
