"""Transitivity at the level of populations: are trials of different comparisons alike?

Indirect evidence holds where the trials of one comparison could have made another one: where what
modifies effects is spread alike over comparisons (Salanti 2012, doi:10.1002/jrsm.1037).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from liverfit.claims.evidence import as_records

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "outcome", "measure", "node1", "node2", "k", "modifier", "kind", "k_known", "median", "lowest",
    "highest", "values", "test", "tested_comparisons", "statistic", "pvalue", "reason",
)  # fmt: skip
OF_TRIAL = {"age": "age_mean", "bmi": "bmi_mean", "percent_female": "pct_female"}
OF_EFFECT = ("weeks", "minutes_per_week")
CATEGORIES = ("condition", "method", "diet_cointervention")
BASELINE = "baseline_liver_fat"
FEWEST = 3  # trials of a comparison that enter the test


def modifiers(trials: pd.DataFrame, arms: pd.DataFrame, measurements: pd.DataFrame,
              effects: pd.DataFrame) -> dict[str, dict]:  # fmt: skip
    """{trial_id: {modifier: value}}: a number or None, or the text of a category.

    Weekly minutes are the median over the arms that train; baseline liver fat is the mean over arms
    weighted by people, in percent.
    """
    out = defaultdict(dict)
    for t in trials.to_dict("records"):
        out[t["trial_id"]] |= {name: _number(t[column]) for name, column in OF_TRIAL.items()}
        out[t["trial_id"]] |= {c: t[c] for c in ("condition", "diet_cointervention")}
    minutes, weeks = defaultdict(list), defaultdict(list)
    for a in arms.to_dict("records"):
        for found, column in ((minutes, "minutes_per_week"), (weeks, "weeks")):
            if (value := _number(a[column])) is not None:
                found[a["trial_id"]].append(value)
    fat = defaultdict(list)
    for m in measurements.to_dict("records"):
        printed = m["outcome"] == "liver_fat" and m["timepoint"] == "baseline"
        if printed and m["scale"] == "percent" and not m["comparator_arm_id"]:
            center, n = _number(m["center"]), _number(m["n"])
            if center is not None:
                fat[m["trial_id"]].append((center, n or 1.0))
    for trial, row in out.items():
        row["minutes_per_week"] = median(minutes[trial]) if minutes[trial] else None
        row["weeks"] = median(weeks[trial]) if weeks[trial] else None
        people = sum(n for _, n in fat[trial])
        row[BASELINE] = sum(x * n for x, n in fat[trial]) / people if fat[trial] else None
    methods = defaultdict(set)
    for e in as_records(effects):
        if e["method"]:
            methods[e["trial_id"], e["outcome"]].add(e["method"])
    for (trial, outcome), names in methods.items():
        out[trial].setdefault("method", {})[outcome] = ";".join(sorted(names))
    return dict(out)


def transitivity(networks: list[dict], known: dict[str, dict]) -> pd.DataFrame:
    """Effect modifiers by comparison of every network.

    Parameters
    ----------
    networks : results/networks/{outcome}_{measure}.json
    known : as `modifiers` gives it

    Returns
    -------
    DataFrame with the columns `COLUMNS`, one row a network, comparison and modifier. Numbers: the
    median and range over trials, and a Kruskal-Wallis test over the comparisons with at least three
    trials that tell the modifier. A trial of several arms is in several comparisons, so that this p
    is a guide, no more. Categories: how many trials have each value.
    """
    import pandas as pd

    rows = []
    for net in networks:
        for name in (*OF_TRIAL, BASELINE, *OF_EFFECT):
            rows += _numbers(net, name, known)
        for name in CATEGORIES:
            rows += _categories(net, name, known)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _edges(net: dict) -> list[dict]:
    """Comparisons of the connected network, or all of them where there is none."""
    inside = [edge for edge in net["edges"] if edge["connected"]]
    return inside or net["edges"]


def _shared(net: dict, edge: dict, modifier: str, kind: str) -> dict:
    return {
        **{key: net[key] for key in ("outcome", "measure")},
        **{key: edge[key] for key in ("node1", "node2", "k")},
        "modifier": modifier,
        "kind": kind,
    }


def _numbers(net: dict, modifier: str, known: dict[str, dict]) -> list[dict]:
    edges = _edges(net)
    values = [[known[t].get(modifier) for t in edge["trials"]] for edge in edges]
    values = [[x for x in of_edge if x is not None] for of_edge in values]
    test = kruskal_wallis([v for v in values if len(v) >= FEWEST])
    out = []
    for edge, found in zip(edges, values, strict=True):
        row = {**_shared(net, edge, modifier, "number"), "k_known": len(found), **test}
        if found:
            row |= {"median": median(found), "lowest": min(found), "highest": max(found)}
        out.append(row)
    return out


def kruskal_wallis(groups: list[list[float]]) -> dict:
    """Kruskal-Wallis test that groups have one distribution (pingouin), or why there is none."""
    out = {"test": "Kruskal-Wallis", "tested_comparisons": len(groups), "statistic": None,
           "pvalue": None, "reason": ""}  # fmt: skip
    if len(groups) < 2:
        few = f"fewer than two comparisons with {FEWEST} trials that tell it"
        return {**out, "test": "", "reason": few}
    if len({x for g in groups for x in g}) < 2:
        return {**out, "test": "", "reason": "every trial has the same value"}
    import pandas as pd
    import pingouin

    table = pd.DataFrame([{"group": i, "value": x} for i, g in enumerate(groups) for x in g])
    got = pingouin.kruskal(table, dv="value", between="group").iloc[0]
    p = got["p-unc"] if "p-unc" in got else got["p_unc"]
    return {**out, "statistic": float(got["H"]), "pvalue": float(p)}


def _categories(net: dict, modifier: str, known: dict[str, dict]) -> list[dict]:
    out = []
    for edge in _edges(net):
        found = [known[t].get(modifier, "") for t in edge["trials"]]
        if modifier == "method":
            found = [(x or {}).get(net["outcome"], "") for x in found]
        told = [part for x in found for part in set(str(x).split(";")) if part]
        counts = sorted(Counter(told).items(), key=lambda item: (-item[1], item[0]))
        row = _shared(net, edge, modifier, "category")
        out.append(
            {
                **row,
                "k_known": sum(bool(x) for x in found),
                "values": ", ".join(f"{name} {count}" for name, count in counts),
                "reason": "categories are counted, not tested",
            }
        )
    return out


def _number(value: object) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None
