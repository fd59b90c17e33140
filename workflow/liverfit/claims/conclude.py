"""One claim concluded: the judged claim with all that stands beside a verdict."""

from __future__ import annotations

from liverfit.claims.agreement import agreement
from liverfit.claims.certainty import claim_certainty
from liverfit.claims.overview import empty_cells

CALIBRATED = (
    "power", "power_se", "false_positive_rate", "false_positive_rate_se", "false_negative_rate",
    "false_positive_rate_more_heterogeneity",
)  # fmt: skip


def conclude_claim(
    judged: dict,
    bias: dict,
    risk_of_bias: dict[str, dict[str, dict]],
    calibration: dict,
    rules: dict,
    multiverse: dict | None = None,
) -> dict:
    """Complete a judged claim.

    Parameters
    ----------
    judged : what `judge_claim` returned
    bias : what `assess_bias` returned for it
    risk_of_bias : {outcome: {trial_id: judgement}}, as `judgements_of` returns it
    calibration : what `calibrate_claim` returned for it
    rules : the section `certainty` of the analysis plan
    multiverse : what `summarise` said of its multiverse; None where that was not evaluated

    Returns
    -------
    dict as written to results/claims/{claim}.json.
    """
    rated = claim_certainty(judged, bias, risk_of_bias, rules)
    concluded = {
        **judged,
        "certainty": rated["certainty"],
        "certainty_reason": rated["reason"],
        "certainty_domains": rated["lines"],
        "bias": bias["lines"],
        "agreement": agreement(judged),
        "multiverse_share": multiverse["multiverse_share"] if multiverse else None,
        "multiverse": multiverse,
        "multiverse_reason": multiverse["multiverse_reason"] if multiverse else "not evaluated",
        **{name: calibration[name] for name in CALIBRATED},
        "calibration_reason": calibration["reason"],
        "warning": calibration["warning"],
        "risk_of_bias": _judged(judged, risk_of_bias),
    }
    return {**concluded, "empty_cells": empty_cells(concluded)}


def _judged(claim: dict, risk_of_bias: dict[str, dict[str, dict]]) -> dict[str, dict[str, dict]]:
    """{outcome: {trial_id: judgement}} of the trials in the primary lines, by label."""
    out: dict[str, dict[str, dict]] = {}
    for line in claim["lines"]:
        if line["role"] == "primary" and line["effects"]:
            trials = risk_of_bias.get(line["outcome"], {})
            named = {e["trial_id"]: e["label"] for e in line["effects"]}
            out.setdefault(line["outcome"], {}).update(
                {t: trials[t] for t in sorted(named, key=named.get) if t in trials}
            )
    return out
