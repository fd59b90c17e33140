"""How often the verdict rule errs on a claim's own trial structure, by simulation.

After Morris, White and Crowther (2019, doi:10.1002/sim.8086): data are simulated from the trials
that the claim has (their sampling covariance, their heterogeneity), the same model and the same
rule judge each, and the share of each verdict is counted with its Monte-Carlo standard error.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from liverfit import meta
from liverfit.claims.fit import fit_line
from liverfit.claims.planning import smallest_effect
from liverfit.claims.simulate import CHUNK, draw, intervals, ordered, stream
from liverfit.claims.verdict import VERDICTS, combined, line_verdict, superiority

POOLED = "random_effects"
FITTED_ONE_BY_ONE = ("meta_regression", "moderator_test", "interaction")
SCENARIOS = ("null", "smallest_effect", "null_more_heterogeneity")
NOMINAL = 0.05


def calibrate_claim(claim: dict, settings: dict) -> dict:
    """Chance of a false `supported` and power of a judged claim's rule.

    Parameters
    ----------
    claim : results/judged/{claim}.json
    settings : the sections `models` and `calibration` of the analysis plan

    Returns
    -------
    dict as written to results/calibration/{claim}.json: status and reason; scenarios, each with the
    share of every verdict; false_positive_rate (supported under the null) and power (supported at
    the smallest effect of interest) with their Monte-Carlo standard errors; false_negative_rate
    (refuted at the smallest effect of interest); warning where the false-positive rate exceeds 5 %
    by more than two Monte-Carlo standard errors.
    """
    primary = [line for line in claim["lines"] if line["role"] == "primary"]
    out = {
        "claim": claim["claim"],
        "status": "ok",
        "reason": "",
        "scenarios": {},
        **dict.fromkeys(
            ("false_positive_rate", "false_positive_rate_se", "power", "power_se",
             "false_negative_rate", "false_positive_rate_more_heterogeneity")
        ),
        "warning": "",
    }  # fmt: skip
    reason = _cannot(primary)
    if reason:
        return {**out, "status": "not_run", "reason": reason}
    slow = any(line["specified_model"] != POOLED for line in primary if line["status"] == "ok")
    count = settings["calibration"]["simulations_one_by_one" if slow else "simulations"]
    for scenario in SCENARIOS:
        if scenario == "smallest_effect" and not _has_smallest_effect(primary):
            out["reason"] = "no smallest effect of interest: power is not defined"
            continue
        out["scenarios"][scenario] = _shares(
            verdicts_of_simulations(claim, scenario, settings, range(count)), count
        )
    null, high = out["scenarios"]["null"], out["scenarios"]["null_more_heterogeneity"]
    out["false_positive_rate"] = null["supported"]
    out["false_positive_rate_se"] = null["supported_se"]
    out["false_positive_rate_more_heterogeneity"] = high["supported"]
    if found := out["scenarios"].get("smallest_effect"):
        out["power"], out["power_se"] = found["supported"], found["supported_se"]
        out["false_negative_rate"] = found["refuted"]
    if null["supported"] > NOMINAL + 2 * null["supported_se"]:
        out["warning"] = (
            f"on trials of this structure the rule calls a null effect supported in "
            f"{100 * null['supported']:.1f} % of simulations, more than {100 * NOMINAL:.0f} %"
        )
    return out


def _cannot(primary: list[dict]) -> str:
    fitted = [line for line in primary if line["status"] == "ok"]
    if not fitted:
        return "; ".join(dict.fromkeys(line["status_reason"] for line in primary))
    known = (POOLED, *FITTED_ONE_BY_ONE)
    strange = [line["specified_model"] for line in fitted if line["specified_model"] not in known]
    return f"no simulation is written for the model {strange[0]}" if strange else ""


def _has_smallest_effect(primary: list[dict]) -> bool:
    return all(
        smallest_effect(line)[0] and line["rule"] != "moderator_slope"
        for line in primary
        if line["status"] == "ok"
    )


def _shares(verdicts: list[str], count: int) -> dict:
    counts = Counter(verdicts)
    out = {"simulations": count, **{word: counts[word] / count for word in VERDICTS}}
    p = out["supported"]
    return {**out, "supported_se": (p * (1 - p) / count) ** 0.5}


def verdicts_of_simulations(
    claim: dict, scenario: str, settings: dict, indices: range
) -> list[str]:
    """The claim's verdict on each simulated data set; a function of the indices alone.

    `indices` begins and ends at multiples of `CHUNK` (or at the last simulation), so that the work
    can be divided without changing a number.
    """
    primary = [ordered(line) for line in claim["lines"] if line["role"] == "primary"]
    out = []
    for first in range(indices.start, indices.stop, CHUNK):
        count = min(CHUNK, indices.stop - first)
        judged = [_judged(claim, line, scenario, settings, first, count) for line in primary]
        for verdicts in zip(*judged, strict=True):
            lines = [
                {**line, "verdict": word, "verdict_reason": ""}
                for line, word in zip(primary, verdicts, strict=True)
            ]
            out.append(combined(claim, lines)[0])
    return out


def _judged(
    claim: dict, line: dict, scenario: str, settings: dict, first: int, count: int
) -> list[str]:
    """The line's verdict on `count` simulated data sets."""
    if line["status"] != "ok":
        return ["untestable"] * count
    models, names = settings["models"], (claim["claim"], line["name"], scenario, first)
    rng = stream(settings["calibration"]["seed"], *names)
    mean, tau2 = truth(line, scenario), _tau2(line, scenario)
    y, vi = draw(line, mean, tau2, count, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        if line["specified_model"] != POOLED:
            return [_refitted(line, *row, models) for row in zip(y, vi, strict=True)]
        found = zip(*intervals(line, y, vi, models), strict=True)
        return [
            line_verdict({**line, "estimate": e, "ci_lower": low, "ci_upper": high})[0]
            for e, low, high in found
        ]


def _refitted(line: dict, y: np.ndarray, vi: np.ndarray, models: dict) -> str:
    effects = []
    for e, value, variance in zip(line["effects"], y.tolist(), vi.tolist(), strict=True):
        scale = variance / e["vi"]
        parts = {k: e[k] * scale for k in ("v_arm", "v_comparator")}
        effects.append({**e, **parts, "yi": value, "vi": variance})
    again = {**line, "model": line["specified_model"], "effects": effects}
    fitted = {**again, **fit_line(again, {**models, "curve_points": 0, "r2_resamples": 0})}
    if _needs_share(fitted):
        fitted |= fit_line(again, {**models, "curve_points": 0})
    return line_verdict(fitted)[0]


def _needs_share(fitted: dict) -> bool:
    """Whether the verdict turns on the interval of the share of tau² explained, which is slow."""
    r2 = fitted["extra"].get("r2")
    able = fitted["rule"] == "lowest_dose" and fitted["status"] == "ok" and r2 is not None
    return able and r2 < 50 and superiority(fitted)[0] == "supported"


def truth(line: dict, scenario: str) -> np.ndarray:
    """Mean true effect (k,) of each contrast in a scenario.

    Null: no effect; for non-inferiority an effect at the margin; for a slope or a test of groups no
    slope or no difference; at the lowest dose no effect, with the slope as estimated. Smallest
    effect of interest: the margin in the claimed direction; no difference for non-inferiority; one
    group, the first by name, that differs by the margin for a test of groups.
    """
    effects, margin = line["effects"], smallest_effect(line)[0] or 0.0
    side = 1.0 if line["direction"] == "increase" else -1.0
    null, extra = scenario != "smallest_effect", line["extra"]
    mean = np.full(len(effects), float(line["null"]))
    if line["rule"] == "non_inferiority":
        return mean - side * margin if null else mean
    if line["rule"] == "omnibus":
        first = extra["groups"][0]
        odd = np.array([e[extra["moderator"]] == first for e in effects], dtype=float)
        return mean if null else mean + margin * odd
    if line["rule"] == "moderator_slope":
        return mean + line["estimate"]
    if line["rule"] == "lowest_dose":
        dose = np.array([e[extra["moderator"]] or extra["lowest"] for e in effects])
        return mean + extra["slope"] * (dose - extra["lowest"]) if null else mean + side * margin
    if line["specified_model"] == "interaction":
        both = np.array([e["modality"] == "drug_plus_exercise" for e in effects], dtype=float)
        return mean if null else mean + side * margin * both
    return mean if null else mean + side * margin


def _tau2(line: dict, scenario: str) -> tuple[float, float]:
    """Variance of the true effects between and within trials; more of it: twice what was estimated,
    and at least the median sampling variance, since few trials estimate it badly."""
    parts = (
        line["extra"].get("sigma2_between_trials", line["tau2"] or 0.0),
        line["extra"].get("sigma2_within_trials", 0.0),
    )
    if scenario != "null_more_heterogeneity":
        return parts
    return max(2 * parts[0], float(np.median([e["vi"] for e in line["effects"]]))), 2 * parts[1]
