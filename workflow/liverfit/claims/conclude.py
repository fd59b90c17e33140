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
    risk_of_bias: dict[str, str],
    calibration: dict,
    rules: dict,
    multiverse: dict | None = None,
) -> dict:
    """Complete a judged claim.

    Parameters
    ----------
    judged : what `judge_claim` returned
    bias : what `assess_bias` returned for it
    risk_of_bias : {trial_id: overall judgement}
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
        "risk_of_bias": {
            e["trial_id"]: risk_of_bias.get(e["trial_id"], "no_information")
            for line in judged["lines"]
            if line["role"] == "primary"
            for e in line["effects"]
        },
    }
    return {**concluded, "empty_cells": empty_cells(concluded)}
