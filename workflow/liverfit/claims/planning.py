"""The trial that would settle a claim: its size at the smallest effect of interest."""

from __future__ import annotations

import math
from statistics import median

from liverfit import meta
from liverfit.claims.covariance import one_effect_a_trial
from liverfit.claims.lines import STANDARDISED_MARGIN
from liverfit.claims.overview import primary_line

MOST_TRIALS = 200


def pooled_sd(line: dict) -> float | None:
    """SD of one person's outcome that the effects of a line imply, pooled over their n1 + n2 − 2.

    The variance of a difference of two means is SD² (1/n1 + 1/n2); on the scale of the measure, so
    about 1 for standardised differences. None where no effect has an n.
    """
    total = df = 0.0
    for e in line["effects"]:
        if e["n1"] and e["n2"] and e["n1"] + e["n2"] > 2:
            weight = e["n1"] + e["n2"] - 2
            total += weight * e["vi"] / (1 / e["n1"] + 1 / e["n2"])
            df += weight
    return math.sqrt(total / df) if df else None


def smallest_effect(line: dict) -> tuple[float | None, str]:
    """The smallest effect of interest on the line's scale, and where it is from.

    The declared margin; for a mean difference without one, `STANDARDISED_MARGIN` pooled SDs.
    """
    if line["margin"]:
        return line["margin"], "declared"
    sd, _ = spread_to_plan_with(line)
    if line["measure"] == "MD" and sd:
        return STANDARDISED_MARGIN * sd, f"{STANDARDISED_MARGIN} pooled SD"
    return None, ""


def spread_to_plan_with(line: dict) -> tuple[float | None, str]:
    """One person's SD on the line's scale, and where it is from.

    The line's own effects; where it has none, 1 for a standardised difference, else the pooled SD
    of every effect on that outcome and measure in other comparisons (`line["outcome_sd"]`).
    """
    if sd := pooled_sd(line):
        return sd, "pooled over the effects of the line"
    if line["measure"] == "SMD":
        return 1.0, "one, since the difference is standardised"
    other = line.get("outcome_sd") or {}
    if sd := other.get("sd"):
        count = other["trials"]
        trials = f"{count} trial{'s' if count != 1 else ''}"
        return sd, f"borrowed from {trials} of the same outcome in other comparisons"
    return None, ""


def settling_trial(
    line: dict, power: float, alpha: float, test: str = "knha", floor: bool = False
) -> dict:
    """People per arm of a trial that finds the smallest effect of interest, and further trials.

    Two-sided t test of independent groups (Cohen 1988, chapter 2; statsmodels' TTestIndPower) at
    the line's margin and the SD of `spread_to_plan_with`. An interaction in a trial of four cells
    has the variance of two such differences.

    Returns
    -------
    dict n_per_arm, n_total, arms, sd, sd_source, effect, effect_source, unit, power, alpha,
    further_trials (of `further_trials`); n_per_arm None with the reason where it cannot be given.
    """
    (sd, source), (margin, margin_source) = spread_to_plan_with(line), smallest_effect(line)
    factorial = line.get("specified_model", line["model"]) == "interaction"
    plan = {
        "n_per_arm": None,
        "n_total": None,
        "arms": 4 if factorial else 2,
        "sd": sd,
        "sd_source": source,
        "effect": margin,
        "effect_source": margin_source,
        "unit": line["unit"],
        "power": power,
        "alpha": alpha,
        "reason": "",
        "further_trials": further_trials(line, power, alpha, test, floor),
    }
    if line["rule"] == "moderator_slope":
        what = line["moderator"].replace("_", " ")
        why = f"no single trial of two arms tells how an effect changes with {what}"
        return {**plan, "reason": why}
    if not sd:
        why = f"no trial at hand gives a standard deviation of {line['outcome_label'].lower()}"
        return {**plan, "reason": f"{why} in {line['unit']}"}
    if not margin:
        return {**plan, "reason": "no smallest effect of interest is declared for this measure"}
    from statsmodels.stats.power import TTestIndPower

    size = margin / (sd * math.sqrt(2) if factorial else sd)
    per_arm = math.ceil(float(TTestIndPower().solve_power(size, alpha=alpha, power=power)))
    return {**plan, "n_per_arm": per_arm, "n_total": plan["arms"] * per_arm}


def further_trials(line: dict, power: float, alpha: float, test: str, floor: bool = False) -> dict:
    """How many more trials of the usual size the pooled analysis needs for the same power.

    The trials at hand with their own variances, each further one with two arms of the median size
    and the pooled SD, tau2 as estimated (meta.power: Hedges and Pigott 2001,
    doi:10.1037/1082-989X.6.3.203; Jackson and Turner 2017, doi:10.1002/jrsm.1240), with the floor
    of the standard error where the analysis has it. Heterogeneity
    that stays can make any number of small trials slow: above `MOST_TRIALS` none is given.

    Returns
    -------
    dict trials (None with the reason where it cannot be given), n_per_arm, power_now.
    """
    out = {"trials": None, "n_per_arm": None, "power_now": None, "reason": ""}
    if line["status"] != "ok":
        return {**out, "reason": "no model was fitted, so that the heterogeneity is unknown"}
    if line.get("specified_model", line["model"]) != "random_effects":
        return {**out, "reason": "the line does not pool one effect"}
    sd, (margin, _) = pooled_sd(line), smallest_effect(line)
    if not sd or not margin:
        return {**out, "reason": "no smallest effect of interest or no standard deviation is known"}
    now = [t["vi"] for t in one_effect_a_trial(line["effects"])]
    if len(now) < 2:
        return {**out, "reason": "one trial tells nothing of heterogeneity"}
    n = median(2 / (1 / e["n1"] + 1 / e["n2"]) for e in line["effects"] if e["n1"] and e["n2"])

    def reached(more: int) -> float:
        vi = [*now, *[2 * sd**2 / n] * more]
        found = meta.power(margin, vi, tau2=line["tau2"], alpha=alpha, test=test, floor=floor)
        return float(found.power)

    out |= {"n_per_arm": round(n), "power_now": reached(0)}
    if reached(MOST_TRIALS) < power:
        return {**out, "reason": f"more than {MOST_TRIALS} trials"}
    low, high = 0, MOST_TRIALS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle + 1, high)
    return {**out, "trials": low}


def claim_settling(claim: dict, lines: list[dict]) -> dict:
    """The settling trial of the claim: where all primary lines are needed, the largest.

    One line that cannot be planned leaves the claim without a number; otherwise the leading line's.
    """
    primary = [line for line in lines if line["role"] == "primary"]
    if len(primary) == 1 or claim.get("combine", "all") != "all":
        return primary_line({"lines": lines})["settling_trial"]
    plans = [line["settling_trial"] for line in primary]
    unknown = [plan for plan in plans if plan["n_per_arm"] is None]
    return unknown[0] if unknown else max(plans, key=lambda plan: plan["n_total"])
