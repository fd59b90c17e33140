"""What models with a moderator share: the fit, the share of tau² explained, the fitted curve."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import TooFewTrials, coefficient, participants
from liverfit.claims.models.pooled import TESTS
from liverfit.claims.models.resampling import resampled_shares
from liverfit.meta._doses import spline_basis

STABLE_TRIALS = 10  # López-López et al. 2014: below, estimates of R² say little


class Fitted(NamedTuple):
    """A regression of effects on columns: coefficients (the constant first) and what is left."""

    r: object  # coef, se, ci, pvalue, df
    sigma2: tuple[float, ...]  # between trials; within them where one gives several effects
    i2: float  # percent, of what the columns leave
    label: str

    @property
    def tau2(self) -> float:
        return sum(self.sigma2)


def components_of(m) -> tuple[float, float]:
    """Variance of true effects between and within trials, of a three-level fit."""
    return float(m.sigma2[0]), float(m.sigma2[1])


def named_components(sigma2: tuple[float, ...]) -> dict:
    """The components as a line's `extra` names them; none where trials give one effect each."""
    names = ("sigma2_between_trials", "sigma2_within_trials")
    return dict(zip(names, sigma2, strict=True)) if len(sigma2) == 2 else {}


def with_moderator(line: dict, effects: list[dict], needed: int = 0) -> tuple[list[dict], Any]:
    """The effects whose moderator is known, in one order whatever the input's, and its values.

    Raises
    ------
    TooFewTrials
        where fewer trials than the line's minimum, or than `needed`, print it.
    """
    name = line["moderator"]
    usable = sorted((e for e in effects if e[name] is not None), key=lambda e: e["effect_id"])
    k = len({e["trial_id"] for e in usable})
    needed = max(needed, line["minimum_trials"])
    if k < needed:
        raise TooFewTrials(k, needed, f" with {name} printed")
    return usable, np.array([e[name] for e in usable])


def at_lowest(line: dict, effects: list[dict], usable: list, fitted: Fitted, models: dict) -> dict:
    """The fields of a line that every regression fills: the constant, and what it rests on.

    The prediction interval is that of a new trial's effect at the lowest value (Riley et al. 2011,
    doi:10.1136/bmj.d549); I² is that of what the moderator leaves.
    """
    r = fitted.r
    constant = coefficient(r.coef, r.se, r.ci, r.pvalue, 0)
    # By the interval's own quantile, half its width in standard errors; effects may all agree.
    half, se = constant["ci_upper"] - constant["estimate"], constant["se"]
    spread = half * (1 + fitted.tau2 / se**2) ** 0.5 if se else 0.0
    return {
        **constant,
        "pi_lower": constant["estimate"] - spread,
        "pi_upper": constant["estimate"] + spread,
        "df": float(np.atleast_1d(r.df)[0]),
        "tau2": fitted.tau2,
        "i2": fitted.i2,
        "k": len({e["trial_id"] for e in usable}),
        "n_effects": len(usable),
        "n": participants(usable),
        "fitted_model": f"{fitted.label} on {line['moderator']}, {models['estimator']}",
    }


def described(line: dict, effects: list[dict], usable: list[dict], x: np.ndarray) -> dict:
    """The moderator, its range, and the trials that do not print it."""
    known = {e["trial_id"] for e in usable}
    return {
        "moderator": line["moderator"],
        "lowest": float(x.min()),
        "highest": float(x.max()),
        "trials_without": len({e["trial_id"] for e in effects} - known),
    }


def fit_regression(
    effects: list[dict], x: np.ndarray | None, models: dict, robust: bool = True
) -> Fitted:
    """Random-effects regression on the columns `x` (k, p), or on a constant alone.

    Univariate where every trial gives one effect, else three-level with CR2; with `robust` false
    for those who want tau² alone.
    """
    trials = [e["trial_id"] for e in effects]
    yi = np.array([e["yi"] for e in effects])
    options = {"method": models["estimator"], "level": models["level"]}
    if len(set(trials)) == len(trials):
        vi = [e["vi"] for e in effects]
        r = meta.random_effects(yi, vi, mods=x, test=models["test"], **options)
        return Fitted(r, (float(r.tau2),), float(r.i2), f"{TESTS[r.test]} meta-regression")
    v = sampling_covariance(effects)
    m = meta.multilevel(yi, v, [trials, list(range(len(yi)))], mods=x, **options)
    r = m.robust(trials, kind="CR2") if robust else m
    return Fitted(r, components_of(m), float(m.i2), "three-level CR2 meta-regression")


def explained(line: dict, effects: list[dict], x: np.ndarray, tau2: float, models: dict) -> dict:
    """Percent of tau² that the columns `x` explain, with a bootstrap interval over trials.

    R² = 100 (1 − tau² with / tau² without), not below 0 (Raudenbush 2009); undefined where there
    is nothing to explain. The interval is that of resamples of whole trials (percentiles); those
    without an R² are left out, and there is no interval where fewer than half have one.
    `r2_stable` is false below ten trials, where the estimator has large bias and spread
    (López-López et al. 2014, doi:10.1111/bmsp.12002).

    A setting `r2_limit`, for simulations that ask of the interval alone whether it reaches that
    percentage, ends the resampling once it must; the numbers are then those of the draws so far.
    """
    trials = [e["trial_id"] for e in effects]
    out = {
        "r2": _share(effects, tau2, models),
        "r2_ci_lower": None,
        "r2_ci_upper": None,
        "r2_resamples": 0,
        "r2_stable": len(set(trials)) >= STABLE_TRIALS,
    }
    draws = resampled_shares(line, effects, x, models)
    out["r2_resamples"] = len(draws)
    if len(draws) >= models["r2_resamples"] / 2 > 0:
        tail = (1 - models["level"]) / 2
        low, high = np.quantile(draws, [tail, 1 - tail])
        out.update(r2_ci_lower=float(low), r2_ci_upper=float(high))
    return out


def _share(effects: list[dict], tau2: float, models: dict) -> float | None:
    total = fit_regression(effects, None, models, robust=False).tau2
    return 100 * max(0.0, 1 - tau2 / total) if total > 0 else None


def curve(effects: list[dict], x: np.ndarray, knots: np.ndarray | None, models: dict) -> list[dict]:
    """Expected effect over the observed range of the moderator, with a pointwise interval.

    Each point is the constant of the same model with the moderator counted from there, so that
    its interval has the degrees of freedom of that very point.
    """
    out = []
    basis = spline_basis(x, knots)
    for value in np.linspace(x.min(), x.max(), models["curve_points"]):
        shifted = basis - spline_basis(np.array([value]), knots)
        r = fit_regression(effects, shifted, models).r
        point = coefficient(r.coef, r.se, r.ci, r.pvalue, 0)
        point.pop("pvalue")
        out.append({"value": float(value), **point})
    return out
