"""What the page of a network shows: graph, league table, ranks, inconsistency, components."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from liverfit.claims.lines import NETWORKS
from liverfit.plots.scales import MEASURE_WORDS, Scale, limits, number
from liverfit.plots.style import clean, sentence
from liverfit.report.explorer import words
from liverfit.report.explorer.network_graph import graph
from liverfit.report.explorer.network_tables import (
    components,
    inconsistency,
    interval_of,
    network_name,
    transitivity_of,
    with_ci,
    with_pi,
)

HEAT = 42.0  # percent of colour in the strongest cell: the ink on it stays legible


@dataclass(frozen=True)
class Networks:
    """All networks, and what was written over them.

    Parameters
    ----------
    fitted : documents results/networks/{outcome}_{measure}.json
    leagues : the rows of results/networks/league_{outcome}_{measure}.csv of each, in their order
    transitivity : rows of results/networks/transitivity.csv
    profile : rows of results/networks/benefit_profile.csv
    figures : name of a network -> name of a download -> the figure or table that is copied
    together : name of a download over all networks -> file
    """

    fitted: list[dict] = field(default_factory=list)
    leagues: list[list[dict]] = field(default_factory=list)
    transitivity: list[dict] = field(default_factory=list)
    profile: list[dict] = field(default_factory=list)
    figures: dict[str, dict[str, Path]] = field(default_factory=dict)
    together: dict[str, Path] = field(default_factory=dict)

    def pages(self, claims: list[dict], trials: set[str]) -> list[dict]:
        """What the page of each network shows; `trials` are those that have a page."""
        return [
            network_page(network, league, self.transitivity, claims, trials)
            for network, league in zip(self.fitted, self.leagues, strict=True)
        ]

    def of_trial(self, pages: list[dict], trial: str) -> list[dict]:
        """The pages of the networks that a trial is in."""
        inside = [
            any(t["trial_id"] == trial and t["fitted"] for t in network["trials"])
            for network in self.fitted
        ]
        return [page for page, found in zip(pages, inside, strict=True) if found]


def network_of(line: dict) -> str | None:
    """The network that a line of evidence rests on, None for a line of another model."""
    return network_name(line) if line["specified_model"] in NETWORKS else None


def network_page(
    network: dict, league: list[dict], transitivity: list[dict], claims: list[dict],
    trials: set[str],
) -> dict:  # fmt: skip
    """All that the template of a network's page needs; every number is one of the files given.

    Parameters
    ----------
    network : results/networks/{outcome}_{measure}.json
    league : rows of results/networks/league_{outcome}_{measure}.csv
    transitivity : rows of results/networks/transitivity.csv, of all networks
    claims : documents results/claims/{claim}.json
    trials : trials that have a page
    """
    name, scale = network_name(network), Scale.of(network)
    labels = {n["node"]: clean(n["label"]) for n in network["nodes"]}
    ranked = ranks(network, labels)
    order = [row["node"] for row in ranked["rows"]] or [
        n["node"] for n in network["nodes"] if n["connected"]
    ]
    return {
        "id": name,
        "page": words.page_name(name),
        "outcome": scale.outcome,
        "measure": network["measure"],
        "measure_words": MEASURE_WORDS.get(network["measure"], network["measure"]),
        "unit": scale.shown_unit,
        "analysed": clean(network["unit"]),
        "method": clean(network["method"]),
        "sensitivity": clean((network["sensitivity"] or {}).get("method")),
        "level": f"{100 * network['level']:g}%",
        "better": network["better"] if network["better"] in ("lower", "higher") else "",
        "reference": labels.get(network["reference"], clean(network["reference"])),
        "status": network["status"],
        "reason": sentence(network["reason"]),
        "warning": sentence(network["warning"]),
        "numbers": _numbers(network, ranked),
        "graph": graph(network, labels),
        "nodes": _nodes(network, scale, labels),
        "effects": _effects(network, scale, labels),
        "league": _league(network, league, scale, labels, order),
        "pairs": _pairs(network, scale, labels),
        "ranks": ranked,
        "inconsistency": inconsistency(network, labels),
        "components": components(network, scale, labels),
        "transitivity": transitivity_of(network, transitivity, labels),
        "trials": _trials(network, labels, trials),
        "left_out": _left_out(network, labels, trials),
        "rejected": Counter(sentence(row["detail"]) for row in network["rejected"]).most_common(),
        "claims": _claims(name, claims),
    }


def listed(page: dict, network: dict) -> dict:
    """A network as a row of the list of networks."""
    h, tested = network["heterogeneity"] or {}, network["components"]["additivity"] or {}
    best = page["ranks"]["rows"][:1]
    return {
        **{key: page[key] for key in ("page", "outcome", "measure")},
        "trials": len({t["trial_id"] for t in network["trials"] if t["fitted"]}),
        "nodes": sum(n["connected"] for n in network["nodes"]),
        "tau2": f"{h['tau2']:.2g}" if h.get("estimable") else "–",
        "inconsistency": page["inconsistency"]["p"],
        "additivity": words.p_value(tested.get("pvalue")),
        "best": f"{best[0]['label']}, {best[0]['p_score']}" if best else "",
        "claims": len(page["claims"]),
    }


def together(profile: list[dict]) -> dict:
    """The ranks over all outcomes, best first, and the nodes that are not ranked with the reason.

    Parameters
    ----------
    profile : rows of results/networks/benefit_profile.csv
    """
    rows = [row for row in profile if row["outcome"] == "all"]
    ranked = [row for row in rows if row["status"] == "ok"]
    others: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] != "ok":
            others.setdefault(sentence(row["reason"]), []).append(clean(row["label"]))
    return {
        "reasons": list(dict.fromkeys(sentence(row["reason"]) for row in ranked)),
        "rows": [
            {
                "label": clean(row["label"]),
                "told": f"{row['mean_rank']:.1f} ({row['rank_lower']:.1f} to "
                f"{row['rank_upper']:.1f})",
                "best": words.percent(row["probability_best"]),
                "everywhere": words.percent(row["probability_best_everywhere"]),
            }
            for row in sorted(ranked, key=lambda row: row["mean_rank"])
        ],
        "not_ranked": list(others.items()),
    }


def _numbers(network: dict, ranked: dict) -> list[tuple[str, str, str]]:
    """The key numbers: what, the number, what to know of it."""
    inside = [n for n in network["nodes"] if n["connected"]]
    fitted = {t["trial_id"] for t in network["trials"] if t["fitted"]}
    edges = [e for e in network["edges"] if e["connected"]]
    out = [
        ("Trials", words.count(len(fitted)), "in the connected network"),
        ("Nodes", words.count(len(inside)), f"{len(edges)} comparisons made by some trial"),
    ]
    h, tested = network["heterogeneity"], network["inconsistency"]
    if h and h["estimable"]:
        out.append(("Heterogeneity", f"{h['tau']:.2g}", f"τ, one for all comparisons; "
                    f"I² {h['i2']:.0f}%" if h["i2"] is not None else "τ"))  # fmt: skip
    if tested and tested["status"] == "ok":
        told = f"P, direct against indirect; Q {tested['q']:.2f} on {tested['df']} df"
        out.append(("Inconsistency", words.p_value(tested["pvalue"]), told))
    if ranked["rows"]:
        best = ranked["rows"][0]
        out.append(("Highest P-score", best["p_score"], best["label"]))
    return out


def _nodes(network: dict, scale: Scale, labels: dict) -> list[dict]:
    """Each node: its people and trials, and its effect against the reference."""
    against = {e["node"]: e for e in network["effects"]}
    other = {e["node"]: e for e in (network["sensitivity"] or {}).get("effects", [])}
    digits = scale.decimals([interval_of(e) for e in against.values()])
    out = []
    for n in network["nodes"]:
        found, second = against.get(n["node"]), other.get(n["node"])
        out.append(
            {
                "label": labels[n["node"]],
                "modality": n["modalities"][0],
                "people": words.count(n["participants"]),
                "trials": n["trials"],
                "connected": n["connected"],
                "told": with_ci(scale, found, digits),
                "prediction": with_pi(scale, found, digits),
                "p": words.p_value(found["pvalue"]) if found else "–",
                "other": with_ci(scale, second, digits),
            }
        )
    return out


def _effects(network: dict, scale: Scale, labels: dict) -> dict | None:
    """Effects against the reference as a chart; None without any."""
    if not network["effects"]:
        return None
    modality = {n["node"]: n["modalities"][0] for n in network["nodes"]}
    digits = scale.decimals([interval_of(e) for e in network["effects"]])
    rows = [
        {
            "key": labels[e["node"]], "order": order, "modality": modality[e["node"]],
            "yi": e["estimate"], "lo": e["ci_lower"], "hi": e["ci_upper"],
            "pi_lo": e["pi_lower"], "pi_hi": e["pi_upper"], "text": with_ci(scale, e, digits),
            "prediction": with_pi(scale, e, digits),
        }
        for order, e in enumerate(sorted(
            network["effects"], key=lambda e: e["estimate"], reverse=network["better"] == "higher"
        ))
    ]  # fmt: skip
    wide = [x for row in rows for x in (row["pi_lo"], row["pi_hi"]) if number(x) is not None]
    ends = limits(
        scale, [row["yi"] for row in rows], [(row["lo"], row["hi"]) for row in rows], wide=wide
    )
    return {
        "chart": "node_effects_ratio" if scale.is_ratio else "node_effects",
        "values": {"@title": scale.axis_label(), "@low": ends[0], "@high": ends[1],
                   "@null": scale.null},
        "frame": [],
        "rows": rows,
        "predicted": bool(wide),
    }  # fmt: skip


def _league(
    network: dict, league: list[dict], scale: Scale, labels: dict, order: list[str]
) -> list[dict]:
    """Rows of the league table, cells in the same order: row less column; none when not fitted."""
    pairs = {(r["node1"], r["node2"]): r for r in league if number(r["estimate"]) is not None}
    if not pairs:
        return []
    most = max(abs(r["estimate"]) for r in pairs.values()) or 1.0
    digits = scale.decimals([interval_of(r) for r in pairs.values()])
    rows = []
    for node in order:
        cells = []
        for other in order:
            r = pairs.get((node, other))
            if r is None:
                cells.append(None)
                continue
            direct = int(r["k_direct"])
            cells.append(
                {
                    "told": words.estimate_text(scale, r["estimate"], digits=digits),
                    "interval": words.interval_text(scale, *interval_of(r), digits),
                    "excludes": r["ci_lower"] > 0 or r["ci_upper"] < 0,
                    "side": _side(r["estimate"], network["better"]),
                    "heat": f"{HEAT * abs(r['estimate']) / most:.0f}%",
                    "direct": f"{direct} trial{'s' if direct != 1 else ''}" if direct
                    else "indirect",
                }
            )  # fmt: skip
        rows.append({"label": labels[node], "cells": cells})
    return rows


def _side(estimate: float, better: str) -> str:
    """Which side of a comparison is better: the colour of its cell."""
    if estimate == 0:
        return "none"
    return "row" if (estimate < 0) == (better != "higher") else "column"


def _pairs(network: dict, scale: Scale, labels: dict) -> list[dict]:
    """Every pair of nodes once, with the prediction interval and the share of direct evidence."""
    digits = scale.decimals([interval_of(r) for r in network["league"]])
    return [
        {
            "label": words.against(labels[r["node1"]], labels[r["node2"]]),
            "told": with_ci(scale, r, digits),
            "prediction": with_pi(scale, r, digits),
            "p": words.p_value(r["pvalue"]),
            "k": r["k_direct"],
            "share": words.percent(round(r["share_direct"], 9)),
        }
        for r in network["league"]
    ]


def ranks(network: dict, labels: dict) -> dict:
    """P-scores and ranks, best first: a table, and a chart of the probability of every rank."""
    found = network["ranks"] or {"nodes": [], "reason": network["reason"], "draws": None}
    modality = {n["node"]: n["modalities"][0] for n in network["nodes"]}
    rows, drawn = [], []
    for order, r in enumerate(found["nodes"]):
        label, kind = labels[r["node"]], modality[r["node"]]
        told = f"{r['mean_rank']:.1f} ({r['rank_lower']} to {r['rank_upper']})"
        rows.append(
            {
                "node": r["node"],
                "label": label,
                "modality": kind,
                "p_score": f"{r['p_score']:.2f}",
                "told": told,
                "best": words.percent(r["probabilities"][0]),
                "last": words.percent(r["probabilities"][-1]),
            }
        )
        drawn += [
            {"kind": "rank", "key": label, "order": order, "modality": kind, "rank": i,
             "from": i - 0.5, "to": i + 0.5, "probability": p}
            for i, p in enumerate(r["probabilities"], start=1)
        ]  # fmt: skip
        drawn.append(
            {"kind": "mean", "key": label, "order": order, "modality": kind, "text": told,
             "mean": r["mean_rank"], "lo": r["rank_lower"], "hi": r["rank_upper"]}
        )  # fmt: skip
    return {
        "rows": rows,
        "reason": sentence(found["reason"]),
        "draws": words.count(found["draws"]),
        "chart": {"chart": "ranks", "values": {"@high": len(rows) + 0.5}, "frame": [],
                  "rows": drawn, "lines": len(rows)},
    }  # fmt: skip


def _trials(network: dict, labels: dict, known: set[str]) -> list[dict]:
    return [
        {
            **_link(t, known),
            "nodes": [labels.get(node, node) for node in t["nodes"]],
            "contrasts": len(t["effect_ids"]),
            "fitted": t["fitted"],
        }
        for t in sorted(network["trials"], key=lambda t: (not t["fitted"], t["trial_id"]))
    ]


def _link(trial: dict, known: set[str]) -> dict:
    """The name of a trial, and its page where it has one."""
    name = trial["trial_id"]
    return {
        "label": clean(trial["label"]) or name,
        "page": words.page_name(name) if name in known else None,
    }


def _left_out(network: dict, labels: dict, known: set[str]) -> list[dict]:
    """Trials left out of the fit, the names of nodes in the reasons as their labels."""
    return [
        {
            **_link(row, known),
            "why": sentence(
                " ".join(words.within(labels.get(word, word))
                         for word in clean(row["detail"]).split(" "))
            ),
        }
        for row in {row["trial_id"]: row for row in network["left_out"]}.values()
    ]  # fmt: skip


def _claims(name: str, claims: list[dict]) -> list[dict]:
    """The claims with a line on this network, and what each of these lines says."""
    out = []
    for claim in claims:
        lines = [line for line in claim["lines"] if network_of(line) == name]
        if lines:
            out.append(
                {
                    "claim": claim["claim"],
                    "statement": claim["statement"],
                    "lines": [
                        {"name": words.plain(line["name"]), "role": line["role"],
                         "verdict": line["verdict"],
                         "why": sentence(line["status_reason"])
                         if line["status"] != "ok" else ""}
                        for line in lines
                    ],
                }
            )  # fmt: skip
    return out
