"""The probability that a claim holds, by Bayesian random effects on one effect a trial."""

from __future__ import annotations

from collections.abc import Callable

from scipy.special import ndtr

from liverfit import meta
from liverfit.claims.covariance import one_effect_a_trial
from liverfit.claims.models.common import POOLED
from liverfit.claims.planning import pooled_sd


def probability(line: dict, models: dict) -> dict:
    """Posterior probability that a fitted line's effect is on the claimed side.

    Pooled lines: exact quadrature over tau (Röver 2020, doi:10.18637/jss.v093.i06) on one effect a
    trial, with a half-normal prior of tau and a normal prior of the mean around the null; their
    scales are `models["bayes"]` times the pooled SD of the outcome (Röver et al. 2021,
    doi:10.1002/jrsm.1475, give 0.5 for standardised differences). Non-inferiority: not worse than
    the margin. Other lines that estimate an effect: the normal approximation to their likelihood
    with a flat prior, which `probability_method` says.

    Returns
    -------
    dict probability (None where there is none, with probability_reason), probability_method,
    probability_beyond_margin (that the effect is relevant: beyond the margin on the claimed side;
    None without a margin), bayes: posterior mean, median, interval, tau, predictive probability,
    Bayes factor against no effect.
    """
    out = {"probability": None, "probability_reason": "", "probability_method": "",
           "probability_beyond_margin": None, "bayes": {}}  # fmt: skip
    if line["status"] != "ok":
        return {**out, "probability_reason": line["status_reason"]}
    if line["rule"] in ("omnibus", "moderator_slope") or line["estimate"] is None:
        return {**out, "probability_reason": "the rule is a test and names no effect with a side"}
    if line["direction"] == "either":
        return {**out, "probability_reason": "the claim names no direction"}
    bound, below = _bound(line)
    effects = [e for e in line["effects"] if e.get("vi")]
    sd = pooled_sd(line)
    if line["specified_model"] not in POOLED or not sd:

        def normal(x: float) -> float:
            return float(ndtr((x - line["estimate"]) / line["se"]))

        return {
            **out,
            "probability": _on_side(normal, bound, below),
            "probability_method": "normal approximation, flat prior",
            "probability_beyond_margin": _beyond_margin(normal, line, below),
        }
    scales = models["bayes"]
    trials = one_effect_a_trial(sorted(effects, key=lambda e: e["effect_id"]))
    fit = meta.bayes_random_effects(
        [t["yi"] for t in trials],
        [t["vi"] for t in trials],
        effect_prior=(line["null"], scales["effect_scale"] * sd),
        tau_prior=("half-normal", scales["tau_scale"] * sd),
        level=models["level"],
        null=line["null"],
    )
    return {
        **out,
        "probability": _on_side(fit.probability_below, bound, below),
        "probability_method": "random effects, half-normal prior of tau, exact quadrature",
        "probability_beyond_margin": _beyond_margin(fit.probability_below, line, below),
        "bayes": {
            "mean": fit.effect.mean,
            "median": fit.effect.median,
            "ci_lower": fit.effect.ci[0],
            "ci_upper": fit.effect.ci[1],
            "tau_median": fit.tau.median,
            "bayes_factor": fit.bayes_factor,
            "probability_of_new_trial": _on_side(fit.predictive_below, bound, below),
            "tau_prior_scale": scales["tau_scale"] * sd,
            "effect_prior_scale": scales["effect_scale"] * sd,
        },
    }


def _on_side(below_of: Callable[[float], float], bound: float, below: bool) -> float:
    lower = float(below_of(bound))
    return lower if below else 1 - lower


def _beyond_margin(below_of: Callable[[float], float], line: dict, below: bool) -> float | None:
    if not line["margin"]:
        return None
    return _on_side(below_of, line["null"] + line["margin"] * (-1 if below else 1), below)


def _bound(line: dict) -> tuple[float, bool]:
    """The value that the effect must be below (or above), and which of both."""
    below = line["direction"] == "decrease"
    if line["rule"] == "non_inferiority":
        return line["margin"] * (1 if below else -1), below
    return line["null"], below


def claim_probability(lines: list[dict]) -> tuple[float | None, str]:
    """Of the primary lines: the lowest, which is an upper bound of all holding together."""
    primary = [line for line in lines if line["role"] == "primary"]
    found = [line for line in primary if line["probability"] is not None]
    if not found:
        return None, primary[0]["probability_reason"]
    lowest = min(found, key=lambda line: line["probability"])
    if len(primary) == 1:
        return lowest["probability"], ""
    return lowest["probability"], f"of the primary line that is least likely, {lowest['name']}"
