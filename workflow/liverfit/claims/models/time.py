"""Time efficiency: weekly minutes of two arms set against each other, effects per weekly hour."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtr, stdtrit

from liverfit.claims.models.common import TooFewTrials, participants
from liverfit.claims.models.pooled import random_effects


def minutes_ratio(pairs: list[dict], level: float) -> dict:
    """Geometric mean over trials of the ratio of weekly minutes, experimental over comparator.

    One log ratio a trial (the mean over its contrasts), then mean and t interval over trials: the
    minutes are prescribed, so that trials differ and sampling plays no part. One trial has no
    interval, trials that all agree one of no width.

    Parameters
    ----------
    pairs : dicts with trial_id, minutes_per_week and comparator_minutes_per_week; contrasts that
        miss one of the two count as not printed
    level : confidence level

    Returns
    -------
    dict of time_ratio, its interval, the trials behind it and those that do not print both.
    """
    by_trial: dict[str, list[float]] = {}
    for p in pairs:
        logs = by_trial.setdefault(p["trial_id"], [])
        if p["minutes_per_week"] and p["comparator_minutes_per_week"]:
            logs.append(math.log(p["minutes_per_week"] / p["comparator_minutes_per_week"]))
    logs = [math.fsum(by_trial[t]) / len(by_trial[t]) for t in sorted(by_trial) if by_trial[t]]
    k = len(logs)
    out = {
        "time_ratio": None,
        "time_ratio_ci_lower": None,
        "time_ratio_ci_upper": None,
        "time_ratio_trials": k,
        "time_ratio_unknown": len(by_trial) - k,
    }
    if k:
        out["time_ratio"] = math.exp(math.fsum(logs) / k)
    if k > 1:
        mean, se = float(np.mean(logs)), float(np.std(logs, ddof=1)) / math.sqrt(k)
        half = float(stdtrit(k - 1, 0.5 + level / 2)) * se
        out["time_ratio_ci_lower"] = math.exp(mean - half)
        out["time_ratio_ci_upper"] = math.exp(mean + half)
    return out


def non_inferiority_test(line: dict, fit: dict) -> dict:
    """One-sided p-value of the null that the effect is worse than the comparator's by the margin.

    The line's two-sided interval at level 1 − α excludes the margin where this p is below α/2
    (Piaggio et al. 2012, doi:10.1001/jama.2012.87802). Empty where the line was not fitted.
    """
    if fit["estimate"] is None or not fit["se"] or not line["margin"]:
        return {}
    worse = 1 if line["direction"] == "decrease" else -1
    distance = (line["margin"] - worse * fit["estimate"]) / fit["se"]
    df = fit["df"] if fit["df"] and fit["df"] > 0 else math.inf
    return {"non_inferiority_pvalue": float(stdtr(df, -distance))}


def effect_per_hour(line: dict, effects: list[dict], models: dict) -> dict:
    """Pooled effect of one weekly hour: each effect over the hours its experimental arm trains.

    Hours are prescribed and taken as known, so that by the delta method the variance is that of
    the effect over hours² (and the parts of shared arms likewise, both contrasts' hours in turn).
    Dividing takes the effect to be proportional to time, which short programmes flatter.
    """
    usable = [e for e in effects if e["minutes_per_week"]]
    k = len({e["trial_id"] for e in usable})
    if k < line["minimum_trials"]:
        raise TooFewTrials(k, line["minimum_trials"], " with minutes_per_week printed")
    scaled = []
    for e in usable:
        hours = e["minutes_per_week"] / 60
        parts = {key: e[key] / hours**2 for key in ("vi", "v_arm", "v_comparator")}
        scaled.append({**e, "yi": e["yi"] / hours, **parts})
    fit = random_effects(line, scaled, models)
    weight = dict(zip([e["effect_id"] for e in usable], fit["weights"], strict=True))
    return {
        **fit,
        "weights": [weight.get(e["effect_id"]) for e in effects],
        "unit": f"{line['unit']} per weekly hour",
        "margin": None,
        "k": k,
        "n_effects": len(usable),
        "n": participants(usable),
        "fitted_model": f"per weekly hour, {fit['fitted_model']}",
        "extra": {
            **fit.get("extra", {}),
            "per": "weekly hour",
            "trials_without_minutes": len({e["trial_id"] for e in effects}) - k,
        },
    }
