"""One linear mixed model on pseudo individual data of all trials at once."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import ndtr

from liverfit import meta
from liverfit.claims.models.common import TooFewTrials
from liverfit.claims.pseudo import pseudo_sample, whiten
from liverfit.claims.streams import stream
from liverfit.meta.distributions import norm_critical

FEWEST = 3  # people in an arm


def one_stage(line: dict, effects: list[dict], models: dict) -> dict:
    """Effect of the intervention on the change of the outcome, people within trials.

    y = trial + (effect + u_trial) · trained + slope · weight change + e, with a fixed intercept a
    trial, a random effect a trial, and a residual variance of each arm's own. The pseudo data have
    every arm's n, mean and SD of change exactly; statsmodels' MixedLM fits them by REML after each
    row is divided by its arm's SD. The change of weight is a covariate where at least
    `minimum_trials` trials print it for both arms with its SD (`extra.weight_adjusted`); it is then
    correlated with the change of the outcome by the imputed `models.weight.within_correlation`.
    """
    settings = models["weight"]
    arms = _arms(effects)
    trials = sorted({a["trial_id"] for a in arms})
    if len(trials) < line["minimum_trials"]:
        what = " with n, mean and SD of change in both arms"
        raise TooFewTrials(len(trials), line["minimum_trials"], what)
    with_weight = _whole([a for a in arms if a["weight_sd"] is not None])
    weighed = sorted({a["trial_id"] for a in with_weight})
    adjusted = {
        "status": "too_few",
        "reason": str(TooFewTrials(len(weighed), line["minimum_trials"],
                                   " with n, mean and SD of weight change in both arms")),
    }  # fmt: skip
    if len(weighed) >= line["minimum_trials"]:
        adjusted = {"status": "ok", "reason": "",
                    **fit_arms(with_weight, models, settings["within_correlation"])}  # fmt: skip
    fit = fit_arms(arms, models, None)
    estimate, se = fit["estimate"], fit["se"]
    half = norm_critical(models["level"]) * se
    spread = norm_critical(models["level"]) * (se**2 + fit["tau2"]) ** 0.5
    return {
        "estimate": estimate,
        "se": se,
        "ci_lower": estimate - half,
        "ci_upper": estimate + half,
        "pi_lower": estimate - spread,
        "pi_upper": estimate + spread,
        "pvalue": float(2 * ndtr(-abs(estimate / se))),
        "tau2": fit["tau2"],
        "k": len(trials),
        "n": round(sum(a["n"] for a in arms)),
        "n_effects": sum(e["trial_id"] in trials for e in effects),
        "fitted_model": "one-stage linear mixed model on pseudo individual data, REML",
        "extra": {"residual_scale": fit["scale"], "arms": arms, "weight_adjusted": adjusted},
    }


def _arms(effects: list[dict]) -> list[dict]:
    """Arms of the line's contrasts with n, mean and SD of change, of trials with both kinds."""
    out = {}
    for e in effects:
        for side, trained in (("arm_summary", 1.0), ("comparator_summary", 0.0)):
            found = (e.get(side) or {}).get("outcome")
            if not found or not found["n"] or not found["change_sd"] or found["n"] < FEWEST:
                continue
            weight = (e[side] or {}).get("body_weight") or {}
            out[e["trial_id"], found["arm_id"]] = {
                "trial_id": e["trial_id"],
                "arm_id": found["arm_id"],
                "trained": trained,
                "n": int(found["n"]),
                "mean": found["change_mean"],
                "sd": found["change_sd"],
                "weight_mean": weight.get("change_mean"),
                "weight_sd": weight.get("change_sd"),
                "source_rows": found["source_rows"],
            }
    return _whole([out[key] for key in sorted(out)])


def _whole(arms: list[dict]) -> list[dict]:
    """The arms of trials that have a trained and an untrained one."""
    kinds = {}
    for a in arms:
        kinds.setdefault(a["trial_id"], set()).add(a["trained"])
    return [a for a in arms if len(kinds[a["trial_id"]]) == 2]


def fit_arms(arms: list[dict], models: dict, r: float | None, seed: int = 0) -> dict:
    """Fit the model to arm summaries; with `r` the change of weight is a covariate.

    Returns
    -------
    dict estimate, se (of the intervention), tau2 (its variance between trials), slope of weight
    change (None without), scale (residual variance in units of the arms' own; near 1), loglik.

    Raises
    ------
    meta.ConvergenceError
        when MixedLM does not converge.
    """
    rows, sds, groups, trained, change = [], [], [], [], []
    trials = sorted({a["trial_id"] for a in arms})
    for a in arms:
        rng = stream("pseudo", seed, a["trial_id"], a["arm_id"])
        if r is None:
            y = pseudo_sample(a["n"], [a["mean"]], [[a["sd"] ** 2]], rng)[:, 0]
            x, residual = np.zeros(a["n"]), a["sd"]
        else:
            c = r * a["sd"] * a["weight_sd"]
            cov = [[a["sd"] ** 2, c], [c, a["weight_sd"] ** 2]]
            y, x = pseudo_sample(a["n"], [a["mean"], a["weight_mean"]], cov, rng).T
            residual = a["sd"] * (1 - r * r) ** 0.5
        rows.append(y)
        change.append(x)
        sds.append(np.full(a["n"], residual))
        groups.append(np.full(a["n"], trials.index(a["trial_id"])))
        trained.append(np.full(a["n"], a["trained"]))
    y, change, sd, trial, arm = map(np.concatenate, (rows, change, sds, groups, trained))
    X = np.column_stack([arm, *(trial == i for i in range(len(trials)))]).astype(float)
    if r is not None:
        X = np.column_stack([X, change])
    return fit_rows(y, X, arm[:, None], sd, trial)


def fit_rows(
    y: np.ndarray, X: np.ndarray, Z: np.ndarray, sd: np.ndarray, trial: np.ndarray
) -> dict:
    """MixedLM by REML on whitened rows; the first column of X is the intervention.

    Where the random effect has no variance MixedLM's covariance is singular (it then returns no
    standard error); the model without it is ordinary least squares, and `tau2` is 0.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, X, Z = whiten(y, X, Z, sd)
    slope_at = X.shape[1] - 1 if X.shape[1] > 1 + len(np.unique(trial)) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a random effect of zero variance is a result here
        try:
            fit = MixedLM(y, X, groups=trial, exog_re=Z).fit(
                reml=True, method=["lbfgs", "bfgs", "cg"], gtol=1e-8
            )
            coef, se = fit.fe_params, fit.bse_fe
            tau2, loglik = float(np.ravel(fit.cov_re)[0]), float(fit.llf)
        except np.linalg.LinAlgError:
            tau2 = 0.0
        if tau2 <= 0 or not np.isfinite(se[0]):
            fit, tau2 = OLS(y, X).fit(), 0.0
            coef, se, loglik = fit.params, fit.bse, float(fit.llf)
        elif not fit.converged:
            raise meta.ConvergenceError("MixedLM did not converge on the pseudo individual data")
    return {
        "estimate": float(coef[0]),
        "se": float(se[0]),
        "tau2": tau2,
        "slope": None if slope_at is None else float(coef[slope_at]),
        "scale": float(fit.scale),
        "loglik": loglik,
    }
