"""Tables of a network's page: inconsistency, components, and effect modifiers by comparison."""

from __future__ import annotations

from liverfit.plots.scales import Scale, number
from liverfit.plots.style import clean, sentence
from liverfit.report.explorer import words

MODIFIERS = {
    "age": "Age, years",
    "bmi": "BMI, kg/m²",
    "percent_female": "Women, %",
    "baseline_liver_fat": "Liver fat at baseline, %",
    "minutes_per_week": "Minutes a week",
    "condition": "Conditions (trials)",
    "diet_cointervention": "Diet besides (trials)",
    "method": "Method (trials)",
}


def network_name(entry: dict) -> str:
    """The name of the network of an outcome and a measure, as in its file's name."""
    return f"{entry['outcome']}_{entry['measure']}"


def inconsistency(network: dict, labels: dict) -> dict:
    """Direct against indirect evidence: over the whole network, and comparison by comparison.

    Numbers are on the scale of analysis, since a standard error has no percent.
    """
    h = network["heterogeneity"]
    within = h and h["q_within_designs_df"] > 0
    return {
        "found": network["inconsistency"],
        "p": words.p_value((network["inconsistency"] or {}).get("pvalue")),
        "reason": sentence((network["inconsistency"] or {}).get("reason")),
        "within": {
            "q": f"{h['q_within_designs']:.2f}",
            "df": h["q_within_designs_df"],
            "p": words.p_value(h["q_within_designs_pvalue"]),
        }
        if within
        else None,
        "split": [
            {
                "label": words.against(labels[r["node1"]], labels[r["node2"]]),
                "k": r["k"],
                "share": words.percent(round(r["proportion"], 9)),
                **{key: with_se(r[key], r[f"{key}_se"]) for key in ("direct", "indirect")},
                "network": words.figure(r["network"], 2),
                "difference": with_se(r["difference"], r["se"]),
                "p": words.p_value(r["pvalue"]),
                "both": r["status"] == "ok",
            }
            for r in network["split"]
        ],
    }


def components(network: dict, scale: Scale, labels: dict) -> dict:
    """The additive model: components, combinations beside their sums, and the test of the sum."""
    found = network["components"]
    sums = {r["node"]: r for r in found["combinations"]}
    free = {r["node"]: r for r in network["effects"]}
    beyond = {r["node"]: r for r in network["interactions"]}
    parts = [{**r, "estimate": r["coef"]} for r in found["components"]]
    digits = scale.decimals([interval_of(r) for r in [*parts, *sums.values(), *beyond.values()]])
    test = found["additivity"]
    return {
        "status": found["status"],
        "reason": sentence(found["reason"]),
        "tau2": "–" if found["tau2"] is None else f"{found['tau2']:.2g}",
        "df": found["df_residual"],
        "test": test and {**test, "p": words.p_value(test["pvalue"]),
                          "reason": sentence(test["reason"])},
        "parts": [
            {"label": words.capital(words.plain(r["component"])), "told": with_ci(scale, r, digits),
             "p": words.p_value(r["pvalue"])}
            for r in parts
        ],
        "combinations": [
            {"label": labels[node], "sum": with_ci(scale, sums.get(node), digits),
             "free": with_ci(scale, free.get(node), digits),
             "beyond": with_ci(scale, beyond.get(node), digits),
             "p": words.p_value(beyond[node]["pvalue"]) if node in beyond else "–"}
            for node in labels if node in sums or node in beyond
        ],
    }  # fmt: skip


def transitivity_of(network: dict, table: list[dict], labels: dict) -> dict:
    """Effect modifiers by comparison: a row a comparison, and the tests of each modifier."""
    own = [r for r in table if network_name(r) == network_name(network)]
    names = list(dict.fromkeys(r["modifier"] for r in own))
    cells = {(r["node1"], r["node2"], r["modifier"]): r for r in own}
    pairs = list(dict.fromkeys((r["node1"], r["node2"]) for r in own))
    heads = [MODIFIERS.get(name, words.capital(words.plain(name))) for name in names]
    tests, untested = [], {}
    for name, head in zip(names, heads, strict=True):
        r = next(r for r in own if r["modifier"] == name)
        if number(r["pvalue"]) is not None:
            tests.append({"name": head, "test": clean(r["test"]), "p": words.p_value(r["pvalue"]),
                          "comparisons": words.count(r["tested_comparisons"])})  # fmt: skip
        else:
            untested.setdefault(sentence(r["reason"]), []).append(head)
    return {
        "heads": heads,
        "rows": [
            {
                "label": words.against(labels[one], labels[two]),
                "k": words.count(cells[one, two, names[0]]["k"]),
                "cells": [_modifier(cells.get((one, two, name))) for name in names],
            }
            for one, two in pairs
        ],
        "tests": tests,
        "untested": [{"why": why, "names": told} for why, told in untested.items()],
    }


def _modifier(row: dict | None) -> str:
    """Median and range of a number, trials by value of a category, and how many trials tell it."""
    if row is None or not number(row["k_known"]):
        return "–"
    if row["kind"] == "number":
        ends = [f"{row[key]:.3g}" for key in ("lowest", "highest")]
        told = f"{row['median']:.3g}"
        told += f" ({' to '.join(ends)})" if ends[0] != ends[1] else ""
    else:
        told = words.plain(row["values"])
    known, k = int(row["k_known"]), int(row["k"])
    return told if known == k else f"{told}; {known} of {k} tell"


def interval_of(row: dict) -> tuple[float | None, float | None]:
    """The confidence interval of an estimate."""
    return number(row["ci_lower"]), number(row["ci_upper"])


def with_ci(scale: Scale, row: dict | None, digits: int) -> str:
    """An estimate with its interval, on the scale that readers see."""
    if row is None or number(row["estimate"]) is None:
        return "–"
    return words.estimate_text(scale, row["estimate"], *interval_of(row), digits)


def with_pi(scale: Scale, row: dict | None, digits: int) -> str:
    """The prediction interval of an estimate."""
    if row is None:
        return "–"
    return words.interval_text(scale, row["pi_lower"], row["pi_upper"], digits)


def with_se(value: object, se: object) -> str:
    """A number with its standard error, on the scale of analysis."""
    if number(value) is None:
        return "–"
    return f"{words.figure(value, 2)} ({words.figure(se, 2)})"
