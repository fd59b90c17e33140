"""The truths under which a claim's trials are simulated: true effects and their heterogeneity."""

from __future__ import annotations

import numpy as np

from liverfit.claims.lines import NETWORKS
from liverfit.claims.models.network import shifted
from liverfit.claims.planning import smallest_effect

NULLS = ("null", "null_more_heterogeneity")
SCENARIOS = ("null", "smallest_effect", "null_more_heterogeneity")
ONLY_IN = "_in_"  # between a null and the name of a line: only there, the other lines are certain
CERTAIN = "certain"
HALF = "null_dose_explains_half"  # of tau2, with an effect at the lowest dose


def has_smallest_effect(primary: list[dict]) -> bool:
    """Whether every fitted line has one, so that power is defined."""
    return all(
        smallest_effect(line)[0] and line["rule"] != "moderator_slope"
        for line in primary
        if line["status"] == "ok"
    )


def scenarios_of(primary: list[dict]) -> list[str]:
    """`SCENARIOS` that a claim's primary lines allow, and the nulls in which only a part fails.

    Of several fitted lines each in turn is null while the others are supported for certain; the
    highest of these rates is the size of a rule that needs them all, whatever the correlation of
    the lines (intersection-union test: Berger 1982,
    doi:10.1080/00401706.1982.10487790).
    """
    defined = has_smallest_effect(primary)
    out = [s for s in SCENARIOS if defined or s != "smallest_effect"]
    fitted = [line["name"] for line in primary if line["status"] == "ok"]
    if len(fitted) > 1:
        out += [s + ONLY_IN + name for s in SCENARIOS if s in NULLS for name in fitted]
    if defined and any(total_tau2(x) for x in primary if x["rule"] == "lowest_dose"):
        out.append(HALF)
    return out


def of_line(scenario: str, line: dict) -> str:
    """Which of `SCENARIOS`, `HALF` or `CERTAIN` a line is under."""
    base, _, only = scenario.partition(ONLY_IN)
    if (only and line["name"] != only) or (base == HALF and line["rule"] != "lowest_dose"):
        return CERTAIN
    return base


def truth(line: dict, scenario: str) -> np.ndarray:
    """Mean true effect (k,) of each contrast in a scenario.

    Null: no effect; for non-inferiority an effect at the margin; for a slope or a test of groups no
    slope or no difference; at the lowest dose no effect, with the slope as estimated. Smallest
    effect of interest: the margin in the claimed direction; no difference for non-inferiority; one
    group, the first by name, that differs by the margin for a test of groups. `HALF`: besides the
    margin a slope in the claimed direction whose variance is half of all there is.
    """
    effects, margin = line["effects"], smallest_effect(line)[0] or 0.0
    side = 1.0 if line["direction"] == "increase" else -1.0
    null, extra = scenario != "smallest_effect", line["extra"]
    mean = np.full(len(effects), float(line["null"]))
    if line["rule"] == "non_inferiority":
        return mean - side * margin if null else mean
    if line["specified_model"] in NETWORKS:
        return mean if null else mean + shifted(line, side * margin)
    if line["rule"] == "omnibus":
        first = extra["groups"][0]
        odd = np.array([e[extra["moderator"]] == first for e in effects], dtype=float)
        return mean if null else mean + margin * odd
    if line["rule"] == "moderator_slope":
        return mean + line["estimate"]
    if line["rule"] == "lowest_dose":
        dose = np.array([e[extra["moderator"]] or extra["lowest"] for e in effects])
        dose = dose - extra["lowest"]
        if scenario == HALF:
            slope = (total_tau2(line) / 2 / dose.var()) ** 0.5
            return mean + side * (margin + slope * dose)
        return mean + extra["slope"] * dose if null else mean + side * margin
    return mean if null else mean + side * margin


def tau2_of(line: dict, scenario: str, settings: dict) -> tuple[float, float]:
    """Variance of the true effects between and within trials.

    As estimated; under `HALF` half of all that there is without the moderator; under more
    heterogeneity `settings["heterogeneity_factor"]` times that, and between trials at least the
    median sampling variance, since few trials estimate it badly. Of a bivariate line what weight
    leaves of `psi_of`.
    """
    parts = (
        line["extra"].get("sigma2_between_trials", line["tau2"] or 0.0),
        line["extra"].get("sigma2_within_trials", 0.0),
    )
    if scenario == HALF:
        share = total_tau2(line) / 2 / sum(parts)
        return share * parts[0], share * parts[1]
    if line["specified_model"] == "bivariate":
        psi = psi_of(line, scenario, settings)
        return float(psi[0, 0] - psi[0, 1] ** 2 / psi[1, 1]), 0.0
    if scenario != "null_more_heterogeneity":
        return parts
    factor = settings["heterogeneity_factor"]
    least = float(np.median([e["vi"] for e in line["effects"]]))
    return max(factor * parts[0], least), factor * parts[1]


def psi_of(line: dict, scenario: str, settings: dict) -> np.ndarray:
    """Between-trial covariance (2, 2) of liver fat and weight that a bivariate line is simulated
    with: as estimated; under more heterogeneity both variances as in `tau2_of`, with the estimated
    correlation."""
    fit = line["extra"]["fit"]
    psi = np.array(fit["psi"])
    if scenario != "null_more_heterogeneity":
        return psi
    pairs = line["extra"]["pairs"]
    least = [
        float(np.median([p[key] for p in pairs if p[key] is not None]))
        for key in ("vi", "weight_vi")
    ]
    wider = np.maximum(settings["heterogeneity_factor"] * np.diag(psi), least)
    scale = np.sqrt(wider / np.diag(psi))
    return psi * np.outer(scale, scale)


def total_tau2(line: dict) -> float:
    """tau2 without the moderator, from what is left with it and the share explained; 0 where that
    share is not known or whole."""
    r2 = line["extra"].get("r2")
    if line["status"] != "ok" or r2 is None or r2 >= 100:
        return 0.0
    return line["tau2"] / (1 - r2 / 100)
