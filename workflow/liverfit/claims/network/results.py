"""A network as written to results/networks: what was fitted, from which trials, what it says."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from liverfit import meta
from liverfit.claims.evidence import WORDS, as_records, screen
from liverfit.claims.network import ranks
from liverfit.claims.network.fit import Network, comparison_columns, fit_network
from liverfit.claims.network.trials import NodeTrial, node_names, node_trials

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"SMD": "SD", "ROM": "log ratio"}
NOT_FITTED = (meta.ConvergenceError, np.linalg.LinAlgError, ValueError)
NO_DF = (
    "no degree of freedom is left for the heterogeneity between trials, which is taken as zero: "
    "intervals and ranks are too sure of themselves"
)


def network_effects(
    effects: pd.DataFrame, outcome: str, measure: str, settings: dict, plan: dict
) -> tuple[list[dict], list[dict]]:
    """Effects that may enter a network, and those that may not with the reason.

    Parameters
    ----------
    effects : results/effects/effects.csv
    outcome, measure : of the network
    settings : the section `models.network` of the analysis plan
    plan : its section `primary`
    """
    names = node_names(settings)
    candidates = [
        e
        for e in as_records(effects)
        if (e["outcome"], e["measure"]) == (outcome, measure)
        and not e["acute"]
        and e["modality"] in names
        and e["comparator_modality"] in names
    ]
    return screen(candidates, {"where": {}}, plan)


def build_network(
    effects: pd.DataFrame, outcome: str, measure: str, outcomes: dict, settings: dict
) -> dict:
    """Fit one network and describe it.

    Parameters
    ----------
    effects : results/effects/effects.csv
    outcome, measure : of the network
    outcomes : contents of config/outcomes.yaml
    settings : the sections `models`, `primary` and `networks` of the analysis plan

    Returns
    -------
    dict as written to results/networks/{outcome}_{measure}.json; `status` is ok or not_run, with
    `reason`.
    """
    models, entry = settings["models"], outcomes["outcomes"][outcome]
    kept, rejected = network_effects(
        effects, outcome, measure, models["network"], settings["primary"]
    )
    out = {
        "outcome": outcome,
        "outcome_label": entry["label"],
        "measure": measure,
        "unit": UNITS.get(measure, entry["unit"]),
        "better": entry["better"],
        "reference": models["network"]["reference"],
        "level": models["level"],
        "method": models["network"]["estimator"],
        "status": "ok",
        "reason": "",
        "warning": "",
        "rejected": _rejected(rejected),
        "components": _components(kept, models),
        **dict.fromkeys(("covariance", "heterogeneity", "inconsistency", "ranks", "sensitivity")),
        **{
            key: []
            for key in ("effects", "league", "split", "interactions", "edges", "trials", "left_out")
        },
    }
    trials, one_node = node_trials(kept, models["network"])
    out["nodes"] = _nodes(kept, set(), models["network"])
    out["trials"] = [_trial(t, False) for t in trials]
    out["edges"] = _edges(trials, set())
    try:
        network = fit_network(kept, models)
    except NOT_FITTED as error:
        out.update(status="not_run", reason=str(error), left_out=one_node)
        return out
    names = (models["seed"], "network", outcome, measure)
    out.update(
        warning="" if network.df else NO_DF,
        nodes=_nodes(kept, set(network.nodes), models["network"]),
        trials=[_trial(t, set(t.nodes) <= set(network.nodes)) for t in trials],
        left_out=sorted(network.left_out, key=lambda row: row["trial_id"]),
        edges=_edges(trials, set(network.nodes)),
        effects=_against_reference(network),
        covariance={"nodes": list(network.nodes), "matrix": network.levels()[1].tolist()},
        league=_league(network),
        heterogeneity=_heterogeneity(network),
        inconsistency=_inconsistency(network),
        split=_split(network),
        interactions=_interactions(network, models["network"]),
        ranks=ranks.summary(network, entry["better"], settings["networks"]["draws"], *names),
        sensitivity=_sensitivity(kept, models, settings["networks"]["sensitivity_estimator"]),
    )
    return out


def _rejected(rejected: list[tuple]) -> list[dict]:
    rows = []
    for e, reason in rejected:
        name, _, which = reason.partition(":")
        detail = WORDS[name] + (f" ({which})" if which else "")
        rows.append({"effect_id": e["effect_id"], "reason": name, "detail": detail})
    return sorted(rows, key=lambda row: row["effect_id"])


def _nodes(effects: list[dict], inside: set[str], settings: dict) -> list[dict]:
    """Every declared node that has a trial: people and trials, and whether it is connected."""
    names = node_names(settings)
    people, trials = defaultdict(dict), defaultdict(set)
    for e in effects:
        ends = (("modality", "arm_id", "n1"), ("comparator_modality", "comparator_arm_id", "n2"))
        for modality, arm, n in ends:
            node, key = names[e[modality]], (e["trial_id"], e[arm])
            trials[node].add(e["trial_id"])
            people[node][key] = max(e[n] or 0, people[node].get(key, 0))
    return [
        {
            "node": name,
            "label": node["label"],
            "modalities": list(node["modalities"]),
            "components": list(node["components"]),
            "connected": name in inside,
            "trials": len(trials[name]),
            "participants": round(sum(people[name].values())) or None,
        }
        for name, node in settings["nodes"].items()
        if name in trials
    ]


def _trial(t: NodeTrial, fitted: bool) -> dict:
    return {
        "study": t.study,
        "trial_id": t.trial_id,
        "label": t.label,
        "nodes": list(t.nodes),
        "fitted": fitted,
        "effect_ids": [e["effect_id"] for e in t.effects],
        "redundant_effect_ids": [e["effect_id"] for e in t.redundant],
        "largest_gap_in_se": t.gap,
        "source_rows": sorted({r for e in t.effects for r in e["source_rows"].split(";") if r}),
    }


def _edges(trials: list[NodeTrial], inside: set[str]) -> list[dict]:
    found = defaultdict(set)
    for t in trials:
        for _, one, two, _, _ in t.comparisons():
            found[tuple(sorted((one, two)))].add(t.trial_id)
    return [
        {"node1": one, "node2": two, "k": len(ids), "trials": sorted(ids),
         "connected": one in inside}
        for (one, two), ids in sorted(found.items())
    ]  # fmt: skip


def _against_reference(network: Network) -> list[dict]:
    reference = network.result.reference
    return [{"node": n, **network.contrast(n, reference)} for n in network.nodes if n != reference]


def _league(network: Network) -> list[dict]:
    """Every pair of nodes once, the first less the second, with the evidence it rests on."""
    split = network.result.split().reset_index()
    direct = {frozenset((r.treat1, r.treat2)): r for r in split.itertuples()}
    out = []
    for i, one in enumerate(network.nodes):
        for two in network.nodes[i + 1 :]:
            found = direct.get(frozenset((one, two)))
            k = int(found.k) if found else 0
            share = float(found.proportion) if found else 0.0
            row = {"node1": one, "node2": two, **network.contrast(one, two)}
            out.append({**row, "k_direct": k, "share_direct": share})
    return out


def _heterogeneity(network: Network) -> dict:
    r = network.result
    return {
        "tau2": r.tau2,
        "tau": r.tau,
        "i2": r.i2 if r.q_df else None,  # nothing to disagree
        "q": r.q,
        "q_df": r.q_df,
        "q_pvalue": r.q_pvalue,
        "q_within_designs": r.q_heterogeneity,
        "q_within_designs_df": r.q_heterogeneity_df,
        "q_within_designs_pvalue": r.q_heterogeneity_pvalue,
        "df_residual": network.df,
        "estimable": network.df > 0,
    }


def _inconsistency(network: Network) -> dict:
    """Cochran's Q between designs: what direct and indirect evidence disagree by, all in all."""
    r = network.result
    testable = r.q_inconsistency_df > 0
    return {
        "q": r.q_inconsistency,
        "df": r.q_inconsistency_df,
        "pvalue": r.q_inconsistency_pvalue,
        "status": "ok" if testable else "not_run",
        "reason": "" if testable else "no closed loop of trials of different designs",
    }


def _split(network: Network) -> list[dict]:
    """Direct and indirect estimates of every comparison that a trial makes; `status` only_direct
    where nothing indirect is there to compare with."""
    rows = (
        network.result.split().reset_index().rename(columns={"treat1": "node1", "treat2": "node2"})
    )
    out = []
    for row in rows.to_dict("records"):
        both = bool(np.isfinite(row["indirect"]))
        out.append({**row, "status": "ok" if both else "only_direct"})
    return out


def _interactions(network: Network, settings: dict) -> list[dict]:
    """Each combination less the sum of its parts, where all of them are in the network."""
    single = {
        node["components"][0]: name
        for name, node in settings["nodes"].items()
        if len(node["components"]) == 1
    }
    out = []
    for name in network.nodes:
        parts = [single.get(c) for c in settings["nodes"][name]["components"]]
        if len(parts) > 1 and set(parts) <= set(network.nodes):
            weights = {name: 1.0, **dict.fromkeys(parts, -1.0)}
            out.append({"node": name, "parts": parts, **network.combination(weights)})
    return out


def _sensitivity(effects: list[dict], models: dict, method: str) -> dict:
    """The effects against the reference with another estimator of heterogeneity."""
    try:
        network = fit_network(effects, models, method)
    except NOT_FITTED as error:
        return {"method": method, "status": "not_run", "reason": str(error), "effects": []}
    return {
        "method": method,
        "status": "ok",
        "reason": "",
        "tau2": network.result.tau2,
        "effects": _against_reference(network),
    }


def _components(effects: list[dict], models: dict) -> dict:
    """The additive model: effects of components, and how far combinations are from their sums.

    Combinations act as the sum of their parts (Rücker, Petropoulou and Schwarzer 2020,
    doi:10.1002/bimj.201800167); it links parts of the network that share components only.
    """
    settings = models["network"]
    out = {"status": "ok", "reason": "", "components": [], "combinations": [],
           **dict.fromkeys(("additivity", "tau2", "df_residual"))}  # fmt: skip
    trials, _ = node_trials(effects, settings)
    inactive = settings["reference"]
    written = {
        name: "+".join(node["components"]) or name for name, node in settings["nodes"].items()
    }
    if not trials:
        return {**out, "status": "not_run", "reason": "no trial compares two nodes"}
    study, one, two, te, se = comparison_columns(trials)
    one, two = [written[n] for n in one], [written[n] for n in two]
    try:
        fit = meta.component_network(
            study, one, two, te, se, inactive=inactive if inactive in {*one, *two} else None,
            method=settings["estimator"], level=models["level"],
        )  # fmt: skip
    except NOT_FITTED as error:
        return {**out, "status": "not_run", "reason": str(error)}
    tested = fit.q_difference_df > 0
    return {
        **out,
        "components": fit.components.reset_index().to_dict("records"),
        "tau2": fit.tau2,
        "df_residual": fit.q_additive_df,
        "additivity": {
            "q": fit.q_difference,
            "df": fit.q_difference_df,
            "pvalue": fit.q_difference_pvalue,
            "status": "ok" if tested else "not_run",
            "reason": "" if tested else "no combination is compared beside all of its parts",
        },
        "combinations": _sums(fit, {*one, *two}, written),
    }


def _sums(fit, present: set[str], written: dict[str, str]) -> list[dict]:
    """Effects of combinations as the sum of their components."""
    out = []
    for name, parts in written.items():
        if "+" in parts and parts in present:
            estimate, se, (low, high) = fit.combination(parts)
            out.append({"node": name, "estimate": estimate, "se": se, "ci_lower": low,
                        "ci_upper": high})  # fmt: skip
    return out
