"""Lines that rest on a network: contrasts of nodes, and the test that nodes have one effect."""

from __future__ import annotations

import numpy as np

from liverfit.claims.models.common import TooFewTrials, participants
from liverfit.claims.network.fit import Network, fit_network
from liverfit.claims.network.trials import node_names, node_trials

FEWEST = 2  # trials of a node whose effect is tested against others, as in moderator_test


def network(line: dict, effects: list[dict], models: dict) -> dict:
    """Global Wald test that the nodes of the line have one effect against the reference.

    Nodes in fewer than two trials of the connected network are left out of the test and named;
    they stay in the network.
    """
    fitted = fit_network(effects, models)
    counts = _trials_of(fitted)
    groups = [n for n in line["nodes"] if counts.get(n, 0) >= FEWEST]
    if len(groups) < 2:
        raise TooFewTrials(len(groups), 2, " in each of two nodes of the connected network")
    _refuse_saturated(fitted)
    test = fitted.equality(groups)
    out = _shared(fitted, models)
    return {
        **out,
        "df": float(test["df"]),
        "pvalue": test["pvalue"],
        "q": test["wald"],
        "q_pvalue": test["pvalue"],
        "fitted_model": f"network, {fitted.result.method}, F test of equal effects",
        "extra": {
            **out["extra"],
            "groups": groups,
            "left_out": [n for n in line["nodes"] if n not in groups],
            "wald": test["wald"],
            "df_residual": test["df_residual"],
        },
    }


def network_contrast(line: dict, effects: list[dict], models: dict) -> dict:
    """The first node of the line less the second by direct and indirect evidence; with more
    nodes the first less the sum of the others, the departure from additivity.

    Every node must be in as many trials of the connected network as the line needs.
    """
    fitted = fit_network(effects, models)
    counts = _trials_of(fitted)
    for node in line["nodes"]:
        if counts.get(node, 0) < line["minimum_trials"]:
            what = f" of {node} in the connected network"
            raise TooFewTrials(counts.get(node, 0), line["minimum_trials"], what)
    _refuse_saturated(fitted)
    first, *others = line["nodes"]
    out = _shared(fitted, models)
    r = fitted.result
    split = r.split().reset_index()
    pair = split[[{a, b} == set(line["nodes"]) for a, b in
                  zip(split["treat1"], split["treat2"], strict=True)]]  # fmt: skip
    direct = pair.iloc[0] if len(pair) else None
    return {
        **out,
        **fitted.combination({first: 1.0, **dict.fromkeys(others, -1.0)}),
        "df": float(fitted.df),
        "q": float(r.q),
        "q_pvalue": float(r.q_pvalue),
        "fitted_model": f"network, {r.method}, t",
        "extra": {
            **out["extra"],
            "direct_trials": 0 if direct is None else int(direct["k"]),
            "share_direct": 0.0 if direct is None else float(direct["proportion"]),
            "inconsistency_pvalue": _finite(None if direct is None else direct["pvalue"]),
        },
    }


def _refuse_saturated(fitted: Network) -> None:
    if not fitted.df:
        k = len({t.trial_id for t in fitted.trials})
        raise ValueError(
            f"the {k} trials of the connected network leave no degree of freedom for the "
            "heterogeneity between trials"
        )


def _trials_of(fitted: Network) -> dict[str, int]:
    """Trials of every node of the connected network."""
    return {n: len({t.trial_id for t in fitted.trials if n in t.nodes}) for n in fitted.nodes}


def _shared(fitted: Network, models: dict) -> dict:
    used = [e for t in fitted.trials for e in t.effects]
    r = fitted.result
    names = node_names(models["network"])
    return {
        "tau2": float(r.tau2),
        "i2": float(r.i2),
        "k": len({t.trial_id for t in fitted.trials}),
        "n_effects": len(used),
        "n": participants(used),
        "extra": {
            "node_of": {m: n for m, n in sorted(names.items()) if n in fitted.nodes},
            "trials_of_node": _trials_of(fitted),
            "not_connected": sorted({x["trial_id"] for x in fitted.left_out}),
            "q_inconsistency": float(r.q_inconsistency),
            "q_inconsistency_df": r.q_inconsistency_df,
            "q_inconsistency_pvalue": _finite(r.q_inconsistency_pvalue),
            # contrasts of a trial share half of the heterogeneity (common to all comparisons)
            "sigma2_between_trials": float(r.tau2) / 2,
            "sigma2_within_trials": float(r.tau2) / 2,
        },
    }


def _finite(x: float | None) -> float | None:
    return float(x) if x is not None and np.isfinite(x) else None


def independent_effects(line: dict, models: dict) -> list[dict]:
    """The independent contrasts that a network line rests on, which is what can be simulated."""
    trials, _ = node_trials(line["effects"], models["network"])
    inside = set(line["extra"]["trials_of_node"])
    return [e for t in trials if set(t.nodes) <= inside for e in t.effects]


def shifted(line: dict, shift: float) -> np.ndarray:
    """Mean of each contrast (k,) where the line's first node differs by `shift`, others not."""
    node_of = line["extra"]["node_of"]
    first = (line["extra"].get("groups") or line["nodes"])[0]
    sides = (("modality", 1.0), ("comparator_modality", -1.0))
    return np.array(
        [sum(sign * shift * (node_of.get(e[key]) == first) for key, sign in sides)
         for e in line["effects"]]
    )  # fmt: skip
