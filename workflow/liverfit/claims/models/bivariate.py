"""Liver fat and body weight together: the liver-fat effect where weight does not change."""

from __future__ import annotations

from statistics import median

import numpy as np
from scipy.linalg import block_diag

from liverfit import meta
from liverfit.claims.models.common import NotEstimable, TooFewTrials, participants
from liverfit.claims.weight_pairs import imputed_sd, weight_pairs
from liverfit.meta.distributions import norm_critical

BOUNDARY = 1 - 1e-6
LEAST_SHARE = 1e-4  # of the sampling variance; less variance of weight between trials is none


def bivariate(line: dict, effects: list[dict], models: dict) -> dict:
    """Expected liver-fat effect given a weight effect of exactly zero.

    Bivariate random effects with unstructured covariance between trials by REML (van Houwelingen
    et al. 2002, doi:10.1002/sim.1040; Riley 2009, doi:10.1111/j.1467-985X.2008.00593.x). Trials
    without a number for weight stay in with liver fat alone. The correlation of both effects
    within a trial is imputed and varied (`extra.sweep`); a fit at the boundary (between-trial
    correlation of ±1, or no variance of weight between trials) has no estimable slope and is told
    as such, never reported as an estimate. The prediction interval is that of the liver-fat effect
    of a new trial whose weight effect is zero: normal, with the variance that weight leaves.
    """
    settings = models["weight"]
    pairs = weight_pairs(effects, settings)
    both = [p for p in pairs if p["weight"] is not None]
    sd, source = imputed_sd(effects, settings)
    extra = {
        "trials_with_both": len(both),
        "trials_imputed": sum(p["imputed"] for p in both),
        "trials_without_weight": [p["trial_id"] for p in pairs if p["weight"] is None],
        "weight_sd_percent": sd,
        "weight_sd_source": source,
        "pairs": pairs,
    }
    if len(both) < line["minimum_trials"]:
        what = " with numbers for both liver fat and weight"
        raise TooFewTrials(len(both), line["minimum_trials"], what, extra)
    chosen = fit_pairs(pairs, settings["within_correlation"], models)
    extra["fit"] = chosen
    extra["sweep"] = [fit_pairs(pairs, r, models) for r in settings["within_correlation_sweep"]]
    if chosen["status"] != "ok":
        raise NotEstimable(chosen["reason"], extra)
    names = ("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "pvalue", "tau2")
    return {
        **{name: chosen[name] for name in names},
        "k": len(pairs),
        "n_effects": len(effects),
        "n": participants(effects),
        "fitted_model": "bivariate random effects, REML, at zero weight effect",
        "extra": extra,
    }


def pair_covariance(p: dict, r: float) -> np.ndarray:
    """Sampling covariance of a pair's effects, liver fat first; (1, 1) without weight."""
    if p["weight"] is None:
        return np.array([[p["vi"]]])
    c = r * (p["vi"] * p["weight_vi"]) ** 0.5
    return np.array([[p["vi"], c], [c, p["weight_vi"]]])


def fit_pairs(pairs: list[dict], r: float, models: dict) -> dict:
    """The model at one within-trial correlation; status ok, boundary or not_run with the reason."""
    out = {"within_correlation": r, "status": "ok", "reason": ""}
    y, outcome, trial, blocks = [], [], [], []
    for p in pairs:
        y.append(p["yi"])
        outcome.append("liver_fat")
        trial.append(p["trial_id"])
        if p["weight"] is not None:
            y.append(p["weight"])
            outcome.append("weight")
            trial.append(p["trial_id"])
        blocks.append(pair_covariance(p, r))
    try:
        fit = meta.multivariate(
            y, block_diag(*blocks), outcome, trial, structure="UN", level=models["level"]
        )
        rho, tau2 = float(np.ravel(fit.rho)[0]), [float(t) for t in fit.tau2]
        out.update(rho=rho, tau2_liver_fat=tau2[0], tau2_weight=tau2[1],
                   mean_liver_fat=float(fit.coef[0]), mean_weight=float(fit.coef[1]))  # fmt: skip
        varies = tau2[1] > LEAST_SHARE * median(p["weight_vi"] for p in pairs if p["weight_vi"])
        if not abs(rho) < BOUNDARY or not varies or tau2[0] <= 0:
            reason = (
                f"the between-trial covariance of liver fat and weight is estimated at its limit "
                f"(correlation {rho:.2f}): the effects differ too little between trials, beside "
                "their sampling error, to tell a slope"
            )
            return {**out, "status": "boundary", "reason": reason}
        given = fit.conditional("liver_fat", "weight", 0.0)
    except (ValueError, meta.ConvergenceError, np.linalg.LinAlgError) as error:
        return {**out, "status": "not_run", "reason": str(error)}
    spread = norm_critical(models["level"]) * (given.se**2 + given.residual_tau2) ** 0.5
    return {
        **out,
        "estimate": given.estimate,
        "pi_lower": given.estimate - spread,
        "pi_upper": given.estimate + spread,
        "se": given.se,
        "ci_lower": given.ci[0],
        "ci_upper": given.ci[1],
        "pvalue": given.pvalue,
        "slope": given.slope,
        "slope_se": given.slope_se,
        "tau2": given.residual_tau2,
        "psi": fit.psi,
        "vcov": fit.vcov,
    }
