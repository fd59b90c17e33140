"""A claim's lines of evidence, with the defaults that its entry leaves out filled in."""

from __future__ import annotations

STANDARDISED_MARGIN = 0.2  # a small effect (Cohen 1988), where an outcome declares none

NETWORKS = ("network", "network_contrast")
"""The models of lines that rest on a network of modalities."""

# what the two sides of a figure are called where a change has no comparator: the claimed side first
UNCONTROLLED = {
    "decrease": ["fall from baseline, uncontrolled", "rise from baseline, uncontrolled"],
    "increase": ["rise from baseline, uncontrolled", "fall from baseline, uncontrolled"],
    "either": ["change from baseline, uncontrolled", "change from baseline, uncontrolled"],
}


def lines_of(claim: dict, outcomes: dict) -> list[dict]:
    """The lines of a claims.yaml entry, complete: labels, unit, margin, comparison, model.

    Parameters
    ----------
    claim : one entry of config/claims.yaml
    outcomes : contents of config/outcomes.yaml (key `outcomes`)
    """
    return [_line(claim, line, outcomes["outcomes"][line["outcome"]]) for line in claim["lines"]]


def _line(claim: dict, line: dict, outcome: dict) -> dict:
    measure = line["measure"]
    margin = {
        "MD": outcome.get("margin"),
        "SMD": outcome.get("standardised_margin", STANDARDISED_MARGIN),
        "ROM": None,
    }
    margin |= {"MC": margin["MD"], "SMCR": margin["SMD"], "SMCC": None, "ROMC": None}
    unit = {"MD": outcome["unit"], "MC": outcome["unit"], "ROM": "log ratio", "ROMC": "log ratio"}
    comparison = {**claim["comparison"], **line.get("comparison", {})}
    design = line.get("design", "controlled")
    label, favours = outcome["label"], comparison["favours"]
    if design == "before_after":
        label, favours = f"{label}, uncontrolled change", UNCONTROLLED[line["direction"]]
    return {
        "name": line["name"],
        "role": line.get("role", "secondary"),
        "outcome": line["outcome"],
        "outcome_label": label,
        "design": design,
        "measure": measure,
        "unit": unit.get(measure, "SD"),
        "direction": line["direction"],
        "null": 0.0,
        "margin": line.get("margin", margin[measure]),
        "rule": line.get("rule", "superiority"),
        "model": line.get("model", "random_effects"),
        "moderator": line.get("moderator"),
        "nodes": line.get("nodes"),
        "exposure": line.get("exposure", "training"),
        "where": line.get("where", {}),
        "plan": line.get("plan", {}),
        "beside": line.get("beside"),
        "minimum_trials": line.get("minimum_trials", claim.get("minimum_trials")),
        "indirectness": line.get("indirectness"),
        "comparison": comparison,
        "favours_positive": favours[0 if line["direction"] == "increase" else 1],
        "favours_negative": favours[1 if line["direction"] == "increase" else 0],
    }
