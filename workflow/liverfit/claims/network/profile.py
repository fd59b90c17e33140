"""Benefit over several outcomes: how nodes rank in each, and together, with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liverfit.claims.network import ranks

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "node", "label", "outcome", "outcome_label", "measure", "better", "ranked", "p_score",
    "mean_rank", "rank_lower", "rank_upper", "probability_best", "probability_best_everywhere",
    "estimate", "ci_lower", "ci_upper", "outcomes", "status", "reason",
)  # fmt: skip
ALL = "all"


def benefit_profile(networks: list[dict], seed: int) -> pd.DataFrame:
    """Ranks of every node in every outcome, then over all outcomes together.

    Together (`outcome` "all"): the nodes that every rankable network holds are ranked anew within
    each outcome; a node's mean rank over outcomes, and the chance that it is best on average or in
    every outcome, come from draws of the effects. Outcomes are drawn independently, since what
    their effects have in common within trials is not printed: where they go together, intervals of
    the mean rank are too narrow. A network whose heterogeneity could not be estimated, or whose
    outcome has no better side, is not part of it.

    Parameters
    ----------
    networks : results/networks/{outcome}_{measure}.json of the profile
    seed : of the draws, those behind the ranks of the networks

    Returns
    -------
    DataFrame with the columns `COLUMNS`; what is not ranked has the reason.
    """
    import pandas as pd

    labels = {n["node"]: n["label"] for net in networks for n in net["nodes"]}
    rows = [row for net in networks for row in _of_outcome(net, labels)]
    rows += _together(networks, labels, seed)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_outcome(net: dict, labels: dict[str, str]) -> list[dict]:
    inside = {n["node"]: n["connected"] for n in net["nodes"]}
    effects = {e["node"]: e for e in net["effects"]}
    told = net["ranks"] or {"status": "not_run", "reason": net["reason"], "nodes": []}
    ranked = {r["node"]: r for r in told["nodes"]}
    shared = {k: net[k] for k in ("outcome", "outcome_label", "measure", "better")}
    out = []
    for node, label in labels.items():
        row = {"node": node, "label": label, **shared, "status": "not_run", "outcomes": 1}
        row |= {k: effects.get(node, {}).get(k) for k in ("estimate", "ci_lower", "ci_upper")}
        if node in ranked:
            r = ranked[node]
            row |= {k: r[k] for k in ("p_score", "mean_rank", "rank_lower", "rank_upper")}
            row |= {"ranked": len(ranked), "probability_best": r["probabilities"][0],
                    "status": "ok", "reason": net["warning"]}  # fmt: skip
        elif node not in inside:
            row["reason"] = "no trial of this outcome"
        elif not inside[node] and net["status"] == "ok":
            row["reason"] = f"not connected with {net['reference']}"
        else:
            row["reason"] = told["reason"]
        out.append(row)
    return out


def usable(net: dict) -> str:
    """Why a network is no part of the joint profile; "" where it is."""
    if net["status"] != "ok":
        return net["reason"]
    if net["ranks"]["status"] != "ok":
        return net["ranks"]["reason"]
    if not net["heterogeneity"]["estimable"]:
        return "the heterogeneity between trials could not be estimated"
    return ""


def _together(networks: list[dict], labels: dict[str, str], seed: int) -> list[dict]:
    shared = {"outcome": ALL, "outcome_label": "All outcomes together", "status": "not_run"}
    used = [net for net in networks if not usable(net)]
    lost = [f"{net['outcome_label']}: {usable(net)}" for net in networks if usable(net)]
    nodes = [n for n in labels if all(_holds(net, n) for net in used)]
    told = "; ".join(
        [f"over {' and '.join(net['outcome_label'] for net in used) or 'none'}", *lost]
    )
    if len(used) < 2 or len(nodes) < 2:
        reason = f"fewer than two outcomes, or than two nodes in all of them ({told})"
        return [{"node": n, "label": labels[n], **shared, "reason": reason} for n in labels]
    by_outcome = np.stack([_ranks(net, nodes, seed) for net in used])
    mean = by_outcome.mean(axis=0)
    low, high = np.quantile(mean, [ranks.TAIL, 1 - ranks.TAIL], axis=0, method="inverted_cdf")
    best = mean == mean.min(axis=1, keepdims=True)
    best = best / best.sum(axis=1, keepdims=True)  # those that tie share
    everywhere = (by_outcome == 1).all(axis=0)
    out = []
    for node, label in labels.items():
        row = {"node": node, "label": label, **shared, "outcomes": len(used)}
        if node in nodes:
            i = nodes.index(node)
            row |= {
                "ranked": len(nodes),
                "mean_rank": float(mean[:, i].mean()),
                "rank_lower": float(low[i]),
                "rank_upper": float(high[i]),
                "probability_best": float(best[:, i].mean()),
                "probability_best_everywhere": float(everywhere[:, i].mean()),
                "status": "ok",
                "reason": told,
            }
        else:
            without = [net["outcome_label"] for net in used if not _holds(net, node)]
            row["reason"] = f"not in the network of {' and '.join(without)}"
        out.append(row)
    return out


def _holds(net: dict, node: str) -> bool:
    return any(n["node"] == node and n["connected"] for n in net["nodes"])


def _ranks(net: dict, nodes: list[str], seed: int) -> np.ndarray:
    """(draws, nodes) ranks among these nodes, from the very draws behind the network's ranks."""
    effect, cov = ranks.distribution(net)
    names = (seed, "network", net["outcome"], net["measure"])
    drawn = ranks.draws(effect, cov, net["ranks"]["draws"], *names)
    order = [net["covariance"]["nodes"].index(n) for n in nodes]
    return ranks.ranks_of(drawn[:, order], ranks.BETTER[net["better"]])
