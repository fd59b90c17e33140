"""Each trial's liver-fat effect beside its weight effect, with the uncertainty of both."""

from __future__ import annotations

from statistics import median

import numpy as np

from liverfit.claims.covariance import sampling_covariance

OF_CHANGES = ("printed_contrast", "change_scores", "printed_p")


def weight_pairs(effects: list[dict], settings: dict) -> list[dict]:
    """One pair a trial: its contrasts as one, weighted by the inverse of their covariance.

    The weight effect is in percent of baseline. Where a contrast prints the means of weight without
    a spread, its variance is SD² (1/n1 + 1/n2) with the SD that `imputed_sd` gives, and the pair
    says so. Trials without any number for weight have `weight` None.

    Parameters
    ----------
    effects : of a line that declares `beside: body_weight`
    settings : the section `models.weight` of the analysis plan
    """
    sd, _ = imputed_sd(effects, settings)
    by_trial = {}
    for e in effects:
        by_trial.setdefault(e["trial_id"], []).append(e)
    return [_pair(members, sd) for _, members in sorted(by_trial.items())]


def imputed_sd(effects: list[dict], settings: dict) -> tuple[float, str]:
    """SD of one person's weight change, percent: the median of the line's own, else the plan's."""
    found = [
        (v / (1 / e["n1"] + 1 / e["n2"])) ** 0.5
        for e in effects
        if e["n1"] and e["n2"] and (v := _printed_variance(e)) is not None
    ]
    if found:
        return median(found), f"median of {len(found)} contrast(s) that print it"
    return settings["change_sd_percent"], "declared in the plan"


def _printed_variance(e: dict) -> float | None:
    """Variance of the weight effect in percent² where the contrast prints a spread in kg.

    End values do not count: people's weights are so alike before and after that the imputed
    correlation would make the spread of the change many times too wide.
    """
    beside, percent = e.get("beside"), e["weight_change_percent"]
    if not beside or not beside["yi"] or percent is None or beside["route"] not in OF_CHANGES:
        return None
    return beside["vi"] * (percent / beside["yi"]) ** 2


def _pair(members: list[dict], sd: float) -> dict:
    v = sampling_covariance(members)
    share = np.linalg.solve(v, np.ones(len(members)))
    share = share / share.sum()
    out = {
        "trial_id": members[0]["trial_id"],
        "label": members[0]["label"],
        "modality": members[0]["modality"],
        "n": sum(e["n1"] or 0 for e in members) + (members[0]["n2"] or 0),
        "yi": float(share @ [e["yi"] for e in members]),
        "vi": float(share @ v @ share),
        "weight": None,
        "weight_vi": None,
        "imputed": False,
    }
    if any(e["weight_change_percent"] is None for e in members):
        return out
    printed = [_printed_variance(e) for e in members]
    n1, n2 = sum(e["n1"] or 0 for e in members), members[0]["n2"]
    if None in printed and not (n1 and n2):
        return out
    out["weight"] = float(share @ [e["weight_change_percent"] for e in members])
    out["imputed"] = None in printed
    known = sd**2 * (1 / n1 + 1 / n2) if None in printed else float(share @ printed)
    return {**out, "weight_vi": known}
