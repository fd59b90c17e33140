"""One pooled effect: univariate, or effects within trials where a trial gives several."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import coefficient, prediction_interval

TESTS = {"knha": "Hartung-Knapp", "z": "Wald"}


def random_effects(line: dict, effects: list[dict], models: dict) -> dict:
    """Pooled effect with prediction interval, heterogeneity and each effect's weight.

    The cluster-robust SE is, as the Hartung-Knapp one, never allowed below the model's own: few
    trials that happen to agree would shrink it towards zero.
    """
    yi = np.array([e["yi"] for e in effects])
    trials = [e["trial_id"] for e in effects]
    if len(set(trials)) == len(trials):
        return _univariate(yi, np.array([e["vi"] for e in effects]), models)
    return three_level(effects, sampling_covariance(effects), models)


def three_level(effects: list[dict], v: np.ndarray, models: dict) -> dict:
    """Effects within trials, with sampling covariance `v` (k, k); cluster-robust inference."""
    yi = np.array([e["yi"] for e in effects])
    trials = [e["trial_id"] for e in effects]
    m = meta.multilevel(
        yi, v, [trials, list(range(len(yi)))], method=models["estimator"], level=models["level"]
    )
    robust = m.robust(trials, kind="CR2")
    out = {
        **coefficient(robust.coef, robust.se, robust.ci, robust.pvalue, 0),
        **prediction_interval(robust.prediction_interval),
        "df": float(robust.df[0]),
        "tau2": float(np.sum(m.sigma2)),
        "i2": float(m.i2),
        "q": float(m.q),
        "q_pvalue": float(m.q_pvalue),
        "weights": _multilevel_weights(v, m.sigma2, trials),
        "fitted_model": f"three-level random effects, {models['estimator']}, CR2",
        "extra": {"sigma2_between_trials": float(m.sigma2[0]),
                  "sigma2_within_trials": float(m.sigma2[1])},
    }  # fmt: skip
    wald = float(np.atleast_1d(m.se)[0])
    if models["hartung_knapp_floor"] and out["se"] < wald:
        out.update(_t_interval(out["estimate"], wald, out["tau2"], out["df"], models["level"]))
        out["fitted_model"] += " (floor)"
    return out


def _univariate(yi: np.ndarray, vi: np.ndarray, models: dict) -> dict:
    """One effect a trial; the Hartung-Knapp SE is never allowed below the Wald SE.

    Effects that happen to agree shrink the Hartung-Knapp SE towards zero; the floor is that of
    Knapp and Hartung 2003 (metafor's test="adhoc"), recommended by Jackson et al. 2017.
    """
    r = meta.random_effects(
        yi, vi, method=models["estimator"], test=models["test"], level=models["level"]
    )
    weights = 1 / (vi + r.tau2)
    wald = weights.sum() ** -0.5
    out = {
        **coefficient(r.coef, r.se, r.ci, r.pvalue, 0),
        **prediction_interval(r.prediction_interval),
        "df": float(r.k - r.p),
        "tau2": float(r.tau2),
        "i2": float(r.i2),
        "q": float(r.q),
        "q_pvalue": float(r.q_pvalue),
        "weights": list(100 * weights / weights.sum()),
        "fitted_model": f"random effects, {models['estimator']}, {TESTS[r.test]}",
    }
    if models["hartung_knapp_floor"] and r.test == "knha" and out["se"] < wald:
        out.update(_t_interval(out["estimate"], wald, float(r.tau2), out["df"], models["level"]))
        out["fitted_model"] += " (floor)"
    return out


def _t_interval(estimate: float, se: float, tau2: float, df: float, level: float) -> dict:
    t = float(stdtrit(df, 0.5 + level / 2))
    spread = t * (tau2 + se**2) ** 0.5
    return {
        "se": float(se),
        "ci_lower": estimate - t * se,
        "ci_upper": estimate + t * se,
        "pi_lower": estimate - spread,
        "pi_upper": estimate + spread,
        "pvalue": float(2 * stdtr(df, -abs(estimate / se))),
    }


def _multilevel_weights(v: np.ndarray, sigma2, trials: list[str]) -> list[float]:
    same = np.array([[a == b for b in trials] for a in trials], dtype=float)
    w = np.linalg.inv(v + sigma2[0] * same + sigma2[1] * np.eye(len(trials))).sum(axis=0)
    return list(100 * w / w.sum())
