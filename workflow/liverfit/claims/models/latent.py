"""Liver-fat effect on weight effect, with the error of the weight effect allowed for."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import stdtr, stdtrit

from liverfit import meta
from liverfit.claims.models.bivariate import LEAST_SHARE
from liverfit.claims.models.common import NotEstimable, TooFewTrials, participants
from liverfit.claims.streams import stream
from liverfit.claims.weight_pairs import imputed_sd, weight_pairs


def latent_regression(line: dict, effects: list[dict], models: dict) -> dict:
    """Intercept at zero weight effect of the meta-regression on the true weight effect, by SIMEX.

    The weight effect is itself estimated; taken as known, it would flatten the slope and move the
    intercept. Simulation-extrapolation (Cook and Stefanski 1994,
    doi:10.1080/01621459.1994.10476871) adds error of known variance, watches the coefficients move,
    and extrapolates (quadratically) to no error; its variance by Stefanski and Cook (1995,
    doi:10.1080/01621459.1995.10476629). One pair a trial, t with k − 2 degrees of freedom.
    `extra.naive` has the regression that ignores the error, `extra.reliability` the share of the
    variance of weight effects that is not error; where it is nil there is nothing to regress on,
    and the line is told to have no estimate. `extra.curve` has the line with its pointwise interval
    over the observed weight effects and zero.
    """
    settings = models["weight"]
    pairs = [p for p in weight_pairs(effects, settings) if p["weight"] is not None]
    if len(pairs) < line["minimum_trials"]:
        what = " with numbers for both liver fat and weight"
        raise TooFewTrials(len(pairs), line["minimum_trials"], what, {"pairs": pairs})
    y, v, w, vw = (np.array([p[k] for p in pairs]) for k in ("yi", "vi", "weight", "weight_vi"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        naive, coef, cov = simex(y, v, w, vw, models["estimator"], settings["simex"])
        true = float(meta.random_effects(w, vw, method=models["estimator"], test="z").tau2)
    df = len(pairs) - 2
    se, slope_se = (_se(cov, naive, np.array(x)) for x in ([1.0, 0.0], [0.0, 1.0]))
    t = float(stdtrit(df, 0.5 + models["level"] / 2))
    kept = {p["trial_id"] for p in pairs}
    used = [e for e in effects if e["trial_id"] in kept]
    sd, source = imputed_sd(effects, settings)
    names = ("estimate", "slope")
    extra = {
        "slope": float(coef[1]),
        "slope_se": slope_se,
        "naive": {
            **dict(zip(names, map(float, naive.coef), strict=True)),
            **{f"{n}_se": float(x) for n, x in zip(names, naive.se, strict=True)},
        },
        "reliability": true / (true + float(np.mean(vw))),
        "curve": _curve(coef, cov, naive, t, w, models["curve_points"]),
        "pairs": pairs,
        "weight_sd_percent": sd,
        "weight_sd_source": source,
    }
    if true < LEAST_SHARE * float(np.median(vw)):
        raise NotEstimable(
            "the weight effects differ between trials no more than their sampling error, so that "
            "nothing tells a slope",
            extra,
        )
    return {
        "estimate": float(coef[0]),
        "se": se,
        "ci_lower": float(coef[0]) - t * se,
        "ci_upper": float(coef[0]) + t * se,
        "pvalue": float(2 * stdtr(df, -abs(coef[0]) / se)),
        "df": float(df),
        "tau2": float(naive.tau2),
        "k": len(pairs),
        "n_effects": len(used),
        "n": participants(used),
        "fitted_model": f"meta-regression on weight effect, SIMEX, {models['estimator']}",
        "extra": extra,
    }


def simex(y, v, w, vw, method: str, settings: dict) -> tuple:
    """Naive fit, and the extrapolated coefficients (2,) and their covariance (2, 2).

    Parameters
    ----------
    y, v : (k,) effects and sampling variances; w, vw : (k,) moderator and its error variances
    settings : draws, seed
    """
    lambdas = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
    rng = stream("simex", settings["seed"])
    noise = rng.normal(size=(settings["draws"], len(y))) * np.sqrt(vw)
    means, spreads = [], []
    for extra in lambdas:
        fits = [
            meta.random_effects(y, v, (w + extra**0.5 * e)[:, None], method=method, test="z")
            for e in (noise if extra else noise[:1])
        ]
        found = np.array([f.coef for f in fits])
        covariance = np.array([f.vcov for f in fits]).mean(axis=0)
        means.append(found.mean(axis=0))
        spreads.append(covariance - (np.cov(found.T) if extra else 0.0))
        if not extra:
            naive = fits[0]
    coef = np.array([_at_minus_one(lambdas, m) for m in np.array(means).T])
    parts = np.array(spreads).reshape(len(lambdas), -1).T
    cov = np.array([_at_minus_one(lambdas, part) for part in parts]).reshape(2, 2)
    return naive, coef, cov


def _se(cov: np.ndarray, naive, x: np.ndarray) -> float:
    """Standard error of x'coef; never below that of the regression that ignores the error."""
    return float(np.sqrt(max(x @ cov @ x, x @ naive.vcov @ x)))


def _curve(coef, cov, naive, t: float, w: np.ndarray, points: int) -> list[dict]:
    """The line with its pointwise interval over the observed weight effects, zero among them."""
    rows = []
    grid = np.linspace(min(w.min(), 0.0), max(w.max(), 0.0), points)
    for value in np.union1d(grid, [0.0]):
        x = np.array([1.0, value])
        at, half = float(x @ coef), t * _se(cov, naive, x)
        rows.append({"value": float(value), "estimate": at, "ci_lower": at - half,
                     "ci_upper": at + half})  # fmt: skip
    return rows


def _at_minus_one(lambdas: np.ndarray, values: np.ndarray) -> float:
    return float(np.polyval(np.polyfit(lambdas, values, 2), -1.0))
