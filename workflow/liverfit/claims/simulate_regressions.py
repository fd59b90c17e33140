"""Verdicts of a meta-regression on many simulated data sets, fitted together."""

from __future__ import annotations

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.moderation import explained, with_moderator
from liverfit.claims.verdict import HALF_OF_TAU2, line_verdict, superiority

REGRESSION = "meta_regression"


def fits_together(line: dict) -> bool:
    """Whether the line is a regression in which a trial gives several effects, so that the
    simulated data sets share V."""
    if line["specified_model"] != REGRESSION:
        return False
    trials = [e["trial_id"] for e in line["effects"] if e[line["moderator"]] is not None]
    return len(set(trials)) < len(trials)


def regression_verdicts(line: dict, y: np.ndarray, models: dict) -> list[str]:
    """The line's verdict on each row of effects (count, k); as of a fit of every row alone.

    Raises
    ------
    meta.ConvergenceError
        where a row cannot be fitted.
    """
    usable, x = with_moderator(line, line["effects"])
    known = [e[line["moderator"]] is not None for e in line["effects"]]
    y, columns = y[:, known], (x - x.min())[:, None]
    v, trials = sampling_covariance(usable), [e["trial_id"] for e in usable]
    groups, method = [trials, list(range(len(trials)))], models["estimator"]
    fit = meta.multilevel_regression_batch(
        y, v, groups, columns, method=method, level=models["level"]
    )
    total = meta.multilevel_batch(y, v, groups, method=method).sigma2.sum(axis=1)
    left, robust = fit.sigma2.sum(axis=1), fit.robust
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(total > 0, 100 * np.maximum(0.0, 1 - left / total), np.nan)
    out = []
    for b, row in enumerate(y.tolist()):
        extra = {
            "moderator": line["moderator"],
            "slope_ci_lower": float(robust.ci[b, 1, 0]),
            "slope_ci_upper": float(robust.ci[b, 1, 1]),
            "r2": None if np.isnan(r2[b]) else float(r2[b]),
        }
        fitted = {
            **line,
            "model": REGRESSION,
            "estimate": float(robust.coef[b, 0]),
            "ci_lower": float(robust.ci[b, 0, 0]),
            "ci_upper": float(robust.ci[b, 0, 1]),
            "extra": extra,
        }
        if needs_share(fitted):
            effects = [{**e, "yi": value} for e, value in zip(usable, row, strict=True)]
            limited = {**models, "r2_limit": HALF_OF_TAU2}
            extra |= explained(fitted, effects, columns, float(left[b]), limited)
        out.append(line_verdict(fitted)[0])
    return out


def needs_share(fitted: dict) -> bool:
    """Whether the verdict turns on the interval of the share of tau² explained, which is slow."""
    r2 = fitted["extra"].get("r2")
    able = fitted["rule"] == "lowest_dose" and fitted["status"] == "ok" and r2 is not None
    return able and r2 < HALF_OF_TAU2 and superiority(fitted)[0] == "supported"
