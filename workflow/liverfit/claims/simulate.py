"""Data sets simulated from a line's own trial structure, and what its model makes of them."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.factorial import cell_contrasts

CHUNK = 500  # simulations that share a random stream, whatever the number of chunks


def ordered(line: dict) -> dict:
    """The line as it is pooled, its effects by id, so that the order of input rows cannot matter.

    A factorial line becomes the pooled line of its interaction contrasts, one a trial.
    """
    effects = sorted(line["effects"], key=lambda e: e["effect_id"])
    if line["specified_model"] != "interaction" or line["status"] != "ok":
        return {**line, "effects": effects}
    found = cell_contrasts(effects, line, "interaction")
    return {**line, "specified_model": "random_effects", "effects": found}


def draw(
    line: dict, mean: np.ndarray, tau2: tuple[float, float], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulated effects (count, k) and the variances that would be printed with them.

    True effects: `mean` (k,) plus a normal deviation of each trial and of each effect, with the
    variances `tau2` (between, within trials). Sampling errors: normal with the line's own
    covariance. The printed variances scatter as chi-squared with n1 + n2 − 2 degrees of freedom
    where every trial gives one effect; with several a trial V is kept as it is, since arms that are
    shared would have to scatter together.
    """
    effects = line["effects"]
    k = len(effects)
    trials = {t: i for i, t in enumerate(dict.fromkeys(e["trial_id"] for e in effects))}
    of = np.array([trials[e["trial_id"]] for e in effects])
    v = sampling_covariance(effects)
    y = mean + rng.normal(size=(count, len(trials)))[:, of] * tau2[0] ** 0.5
    y += rng.normal(size=(count, k)) * tau2[1] ** 0.5
    y += rng.normal(size=(count, k)) @ np.linalg.cholesky(v).T
    vi = np.broadcast_to(np.diag(v), (count, k))
    if len(trials) == k:
        df = np.array([max((e["n1"] or 0) + (e["n2"] or 0) - 2, 4) for e in effects])
        vi = vi * rng.chisquare(df, size=(count, k)) / df
    return y, vi


def intervals(
    line: dict, y: np.ndarray, vi: np.ndarray, models: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate and interval of each simulated data set by the line's random-effects model.

    Exactly what `claims.models.pooled.random_effects` does, for all rows at once.
    """
    effects = line["effects"]
    trials = [e["trial_id"] for e in effects]
    level = models["level"]
    if len(set(trials)) == len(trials):
        b = meta.random_effects_batch(
            y, vi, method=models["estimator"], test=models["test"], level=level
        )
        coef, se, df = b.coef, b.se, np.full(len(y), len(trials) - 1.0)
        floor = (1 / (vi + b.tau2[:, None])).sum(axis=1) ** -0.5
        if models["test"] == "z":
            return coef, *b.ci.T
    else:
        v = sampling_covariance(effects)
        groups = [trials, list(range(len(trials)))]
        b = meta.multilevel_batch(y, v, groups, method=models["estimator"], level=level)
        coef, se, df, floor = b.coef, b.robust.se, b.robust.df, b.se
    if models["hartung_knapp_floor"]:
        se = np.maximum(se, floor)
    half = stdtrit(df, 0.5 + level / 2) * se
    return coef, coef - half, coef + half
