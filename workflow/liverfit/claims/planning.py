"""The trial that would settle a claim: its size at the smallest effect of interest."""

from __future__ import annotations

import math

from liverfit.claims.lines import STANDARDISED_MARGIN


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
    sd = pooled_sd(line)
    if line["measure"] == "MD" and sd:
        return STANDARDISED_MARGIN * sd, f"{STANDARDISED_MARGIN} pooled SD"
    return None, ""


def settling_trial(line: dict, power: float, alpha: float) -> dict:
    """People per arm of a two-arm trial that finds the smallest effect of interest.

    Two-sided t test of independent groups (Cohen 1988, chapter 2; statsmodels' TTestIndPower) at
    the line's margin and the pooled SD of its effects.

    Returns
    -------
    dict n_per_arm, n_total, sd, effect, unit, power, alpha; n_per_arm None with the reason where it
    cannot be given.
    """
    sd, (margin, source) = pooled_sd(line), smallest_effect(line)
    plan = {"n_per_arm": None, "n_total": None, "sd": sd, "effect": margin, "unit": line["unit"],
            "effect_source": source, "power": power, "alpha": alpha, "reason": ""}  # fmt: skip
    if not sd:
        return {**plan, "reason": "no effect of this line gives a standard deviation to plan with"}
    if not margin:
        return {**plan, "reason": "no smallest effect of interest is declared for this measure"}
    from statsmodels.stats.power import TTestIndPower

    n = TTestIndPower().solve_power(margin / sd, alpha=alpha, power=power)
    per_arm = math.ceil(float(n))
    return {**plan, "n_per_arm": per_arm, "n_total": 2 * per_arm}
