"""Ranks of a network's nodes, never without their uncertainty."""

from __future__ import annotations

import numpy as np

from liverfit.claims.network.fit import Network
from liverfit.claims.streams import stream

BETTER = {"lower": True, "higher": False}  # whether small is good
TAIL = 0.025


def draws(effect: np.ndarray, cov: np.ndarray, count: int, *names: object) -> np.ndarray:
    """(count, T) draws from a multivariate normal distribution of effects against the reference.

    A function of the distribution and of the names alone (`claims.streams.stream`).
    """
    # the reference has no variance: an eigenvalue of zero
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return effect + stream(*names).standard_normal((count, len(effect))) @ root.T


def ranks_of(drawn: np.ndarray, small_is_good: bool) -> np.ndarray:
    """(count, T) rank of every node in every draw, 1 the best."""
    order = np.argsort(drawn if small_is_good else -drawn, axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable") + 1


def summary(network: Network, better: str, count: int, *names: object) -> dict:
    """How nodes rank: probability of every rank, mean rank with 95 % interval, P-score.

    Ranks are those of draws from the multivariate normal distribution of the effects (Salanti and
    others 2011, doi:10.1016/j.jclinepi.2010.03.016); a P-score is the mean certainty that a node
    beats another (Rücker and Schwarzer 2015, doi:10.1186/s12874-015-0060-8).

    Returns
    -------
    dict status, reason, draws, better, nodes: a list of node, p_score, mean_rank, rank_lower,
    rank_upper, probabilities (of rank 1, 2, …), by P-score. No ranks where the outcome has no
    better side.
    """
    out = {"status": "ok", "reason": "", "better": better, "draws": count, "nodes": []}
    if better not in BETTER:
        out.update(status="not_run", reason="the outcome has no better side to rank by", draws=0)
        return out
    ranks = ranks_of(draws(*network.levels(), count, *names), BETTER[better])
    scores = network.result.p_scores(small_is_good=BETTER[better])
    T = len(network.nodes)
    for i, node in enumerate(network.nodes):
        low, high = np.quantile(ranks[:, i], [TAIL, 1 - TAIL], method="inverted_cdf")
        out["nodes"].append(
            {
                "node": node,
                "p_score": float(scores[node]),
                "mean_rank": float(ranks[:, i].mean()),
                "rank_lower": int(low),
                "rank_upper": int(high),
                "probabilities": [float((ranks[:, i] == r).mean()) for r in range(1, T + 1)],
            }
        )
    out["nodes"].sort(key=lambda row: (-row["p_score"], row["node"]))
    return out


def distribution(content: dict) -> tuple[np.ndarray, np.ndarray]:
    """Effects against the reference (T,), that of the reference 0, and their covariance, of a
    network as written to results/networks, in the order of `covariance.nodes`."""
    effects = {row["node"]: row["estimate"] for row in content["effects"]}
    nodes = content["covariance"]["nodes"]
    return np.array([effects.get(n, 0.0) for n in nodes]), np.array(content["covariance"]["matrix"])
