"""What each study does to a univariate model: deletion diagnostics and cumulative analysis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from ._profile import Weighted
from .errors import ConvergenceError
from .univariate import RandomEffectsResult, fit_core, refit

if TYPE_CHECKING:
    import pandas as pd


def influence(result: RandomEffectsResult) -> pd.DataFrame:
    """Deletion diagnostics of a fitted model, one row a study.

    Parameters
    ----------
    result : RandomEffectsResult
        Of `random_effects`, with or without moderators, k >= 2.

    Returns
    -------
    DataFrame, indexed by the position of the study
        rstudent (externally standardised deleted residual), dffits, cook (Cook's distance), cov_r
        (covariance ratio), tau2_del, q_del, coef_del (the constant, or the first coefficient,
        without the study), hat, weight (percent), one column dfbetas_<term> a coefficient, and
        influential: metafor's rule on dffits, cook, hat and dfbetas. Rows are NaN where the
        model cannot be fitted without the study.

    Raises
    ------
    ValueError
        For a model of one study.

    Notes
    -----
    Source: Viechtbauer & Cheung (2010) doi:10.1002/jrsm.11, sections 2.1 to 2.4.

    Examples
    --------
    Which of the BCG trials moves the mean the most?

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> table = meta.random_effects(yi, vi).influence()
    >>> int(table["cook"].idxmax()), round(float(table["cook"].max()), 3)
    (3, 0.227)
    """
    import pandas as pd

    if result.k < 2:
        raise ValueError("influence needs at least two studies")
    rows = [_deleted(result, i) for i in range(result.k)]
    columns = ["rstudent", "dffits", "cook", "cov_r", "tau2_del", "q_del", "coef_del"]
    columns += [f"dfbetas_{name}" for name in result.names]
    table = pd.DataFrame(rows, columns=columns)
    table["hat"] = _hat(result)
    table["weight"] = result.weights
    table["influential"] = _is_influential(table, result)
    return table


def _hat(result: RandomEffectsResult) -> np.ndarray:
    w = 1.0 / (result.vi + result.tau2)
    bread = Weighted(result.yi, w, result.design).bread
    return np.einsum("kp,pq,kq->k", result.design, bread, result.design) * w


def _deleted(result: RandomEffectsResult, i: int) -> list[float]:
    """One row of the table (all but hat and weight)."""
    y, v, X = result.yi, result.vi, result.design
    keep = np.arange(result.k) != i
    missing = [float("nan")] * (7 + result.p)
    if (np.linalg.svd(X[keep], compute_uv=False) < 1e-9 * np.linalg.norm(X)).any():
        return missing
    if keep.sum() < result.p or (keep.sum() == result.p > 1 and result.method != "EE"):
        return missing
    try:
        core = fit_core(y[keep], v[keep], X[keep], result.method, result.test == "knha")
    except ConvergenceError:
        return missing
    x = X[i]
    w = 1.0 / (v + core.tau2)
    full = Weighted(y, w, X)
    moved = result.coef - core.beta
    prediction = x @ core.beta
    resid = y[i] - prediction
    with np.errstate(divide="ignore", invalid="ignore"):
        rstudent = resid / np.sqrt((v[i] + core.tau2) * core.s2w + x @ core.vcov @ x)
        # metafor: leverage of the full fit, variances with the tau² of the deleted fit.
        spread = core.s2w * _hat(result)[i] * (core.tau2 + v[i])
        dffits = (x @ result.coef - prediction) / np.sqrt(spread)
        dfbetas = moved / np.sqrt(core.s2w * np.diagonal(full.bread))
        cov_r = np.linalg.det(core.vcov) / np.linalg.det(result.vcov)
        cook = moved @ np.linalg.pinv(result.vcov) @ moved
    fixed = Weighted(y[keep], 1.0 / v[keep], X[keep])
    q = fixed.rss if keep.sum() > result.p else 0.0
    return [rstudent, dffits, cook, cov_r, core.tau2, q, core.beta[0], *dfbetas]


def _is_influential(table: pd.DataFrame, result: RandomEffectsResult) -> np.ndarray:
    """Any of the four rules of metafor's influence()."""
    from scipy.special import chdtr

    k, p = result.k, result.p
    dfbetas = table.filter(like="dfbetas_").abs().gt(1.0).any(axis=1)
    limit = 3.0 * np.sqrt(p / (k - p)) if k > p else np.inf
    return np.asarray(
        (table["dffits"].abs() > limit)
        | (chdtr(p, table["cook"].fillna(0.0)) > 0.5)
        | (table["hat"] > 3.0 * p / k)
        | dfbetas
    )


def _row(fit: RandomEffectsResult) -> list[float]:
    lower, upper = fit.prediction_interval or (np.nan, np.nan)
    head = [fit.coef[0], fit.se[0], fit.pvalue[0], *fit.ci[0], lower, upper]
    return [float(x) for x in [*head, fit.tau2, fit.i2, fit.q, fit.q_pvalue, fit.k]]


COLUMNS = ["coef", "se", "pvalue", "ci_lower", "ci_upper", "pi_lower", "pi_upper"]
COLUMNS += ["tau2", "i2", "q", "q_pvalue", "k"]


def leave_one_out(result: RandomEffectsResult) -> pd.DataFrame:
    """The model without moderators refitted without each study in turn.

    Returns a DataFrame with one row a study left out (indexed by its position) and the columns
    coef, se, pvalue, ci_lower, ci_upper, pi_lower, pi_upper, tau2, i2, q, q_pvalue, k.

    Raises ValueError for models with moderators or of one study.

    Source: Viechtbauer & Cheung (2010) doi:10.1002/jrsm.11.

    >>> from liverfit import meta
    >>> fit = meta.random_effects([-0.8893, -1.5854, -1.3481], [0.3256, 0.1946, 0.4154], test="z")
    >>> meta.leave_one_out(fit)["coef"].round(3).tolist()
    [-1.51, -1.091, -1.325]
    """
    import pandas as pd

    _only_a_mean(result, "leave_one_out")
    if result.k < 2:
        raise ValueError("leave_one_out needs at least two studies")
    studies = np.arange(result.k)
    model = {"method": result.method, "test": result.test, "level": result.level}
    rows = [_row(refit(result.yi[studies != i], result.vi[studies != i], **model)) for i in studies]
    return pd.DataFrame(rows, columns=COLUMNS)


def cumulative(
    yi: Any,
    vi: Any,
    order: Iterable[Any] | None = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> pd.DataFrame:
    """The mean effect as studies are added one by one.

    Parameters
    ----------
    yi, vi : array_like (k,)
        Effects and sampling variances.
    order : array_like (k,), optional
        Sort key, such as the year; ties keep the order given. None adds them as they come.
    method, test, level
        As in `random_effects`; the first row, a single study, has normal tests.

    Returns
    -------
    DataFrame
        One row a step: study (position of the study added), then the columns of `leave_one_out`.

    Raises
    ------
    ValueError
        As `random_effects`, and for an order of the wrong length or with missing keys.

    Notes
    -----
    Source: Lau et al. (1992) doi:10.1056/NEJM199207233270406.

    Examples
    --------
    The first five BCG trials by year of publication:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512]
    >>> meta.cumulative(yi, vi, [1948, 1949, 1960, 1977, 1973], test="z")["coef"].round(3).tolist()
    [-0.889, -1.325, -1.33, -0.912, -1.059]
    """
    y, v = check.effects_and_variances(yi, vi)
    positions = np.arange(len(y))
    if order is not None:
        key = np.asarray(order)
        if key.shape != y.shape:
            raise ValueError(f"order must have shape {y.shape}, got {key.shape}")
        bad = np.flatnonzero(key != key)
        if bad.size:
            raise ValueError(f"order[{bad[0]}] is missing")
        positions = np.argsort(key, kind="stable")
    import pandas as pd

    model = {"method": method, "test": test, "level": level}
    steps = [positions[:step] for step in range(1, len(y) + 1)]
    rows = [_row(refit(y[here], v[here], **model)) for here in steps]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.insert(0, "study", positions)
    return table


def _only_a_mean(result: RandomEffectsResult, what: str) -> None:
    if result.names != ("intercept",):
        raise ValueError(f"{what} is defined for models without moderators")
