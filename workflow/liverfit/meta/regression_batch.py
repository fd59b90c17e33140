"""Many three-level meta-regressions on one design: simulated effects, or resampled trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ._batch_robust import cluster_robust_batch, robust_tests
from ._batch_search import parts, search
from ._inputs import covariance_matrix, refuse_correlated, response_rows
from ._nested import rotated
from ._regressions import Regressions
from ._validate import design, level_in_unit, one_of
from .distributions import norm_critical, norm_two_sided
from .multilevel import _nested_codes, multilevel


@dataclass(frozen=True)
class CoefficientBatch:
    """Cluster-robust tests of all coefficients of every row: coef, se, statistic, df, pvalue
    (B, p); ci (B, p, 2)."""

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    df: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class RegressionBatchResult:
    """One model a row; attributes as in `MultilevelResult`.

    Attributes
    ----------
    coef, se, statistic, pvalue : (B, p) arrays; ci : (B, p, 2); vcov : (B, p, p)
    sigma2 : (B, 2), outermost level first
    loglik : (B,)
    refitted : rows that `multilevel` fitted one by one, where the joint search did not settle
    names : of the coefficients
    """

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray = field(repr=False)
    vcov: np.ndarray = field(repr=False)
    sigma2: np.ndarray
    loglik: np.ndarray = field(repr=False)
    refitted: int
    names: tuple[str, ...]
    method: str
    level: float
    _data: dict[str, Any] = field(repr=False)

    @cached_property
    def robust(self) -> CoefficientBatch:
        """Each row's `MultilevelResult.robust(kind="CR2")`, the clusters being the outer groups.

        Raises ValueError with fewer than two clusters, and for resampled groups.
        """
        y, X, V, outer = (self._data[name] for name in ("y", "X", "V", "outer"))
        if self._data["resampled"]:
            raise ValueError("a cluster-robust variance is not written for resampled groups")
        if outer.max() < 1:
            raise ValueError("a cluster-robust variance needs at least two clusters")
        se, df = cluster_robust_batch(X, y - self.coef @ X.T, V, outer, self.sigma2)
        return CoefficientBatch(**robust_tests(self.coef, se, df, self.level))


def multilevel_regression_batch(
    yi: Any,
    V: Any,
    groups: Sequence[Any],
    mods: Any = None,
    counts: Any = None,
    method: str = "REML",
    level: float = 0.95,
) -> RegressionBatchResult:
    """Fit a three-level meta-regression to many responses, or to many resamples of its groups.

    Row b equals `multilevel(yi[b], V, groups, mods, method=method)`, or where `counts` are given
    the fit to the data in which outer group j stands counts[b, j] times, each time as another
    group: a bootstrap of whole trials.

    Parameters
    ----------
    yi : (B, k) effect sizes, one data set a row; or (k,), the same for every row of `counts`
    V : (k,) sampling variances, or their (k, k) covariance matrix, of every row
    groups : [outer, inner], two (k,) label arrays; inner labels are single effects, outer groups
        hold all effects whose sampling errors are correlated
    mods : (k, p) moderators without the constant, of every row; a DataFrame gives the coefficients
        their names
    counts : (B, J) how often each row has each outer group, in order of first appearance
    method : "REML" or "ML"
    level : confidence level

    Returns
    -------
    RegressionBatchResult

    Raises
    ------
    ValueError
        as `multilevel`; for no more effects than coefficients; for counts of another shape,
        negative or not whole; naming the first row whose groups do not determine the coefficients
    ConvergenceError
        when a row could not be fitted

    Notes
    -----
    Joint projected Newton search from the best points of a grid; rows that do not settle, or that
    drew no group of several effects, are fitted one by one. Sources as in `multilevel`.

    Examples
    --------
    Effects of four trials as they are, and with the first and third drawn twice:

    >>> y = [-0.18, -0.22, 0.23, -0.30, 0.13, -0.26, 0.19, 0.32]
    >>> v = [0.118, 0.118, 0.144, 0.144, 0.014, 0.014, 0.015, 0.024]
    >>> trial, effect = [1, 1, 2, 2, 3, 3, 4, 4], range(8)
    >>> fit = multilevel_regression_batch(y, v, [trial, effect], counts=[[1] * 4, [2, 0, 2, 0]])
    >>> print(fit.coef[:, 0].round(4))
    [ 0.0295 -0.0933]
    """
    y = response_rows(yi)
    k = y.shape[1]
    cov = covariance_matrix(V, k)
    X, names = design(mods, k, True)
    one_of(method, ("REML", "ML"), "method")
    level_in_unit(level)
    if k <= X.shape[1]:
        raise ValueError(f"{k} effects are too few for {X.shape[1]} coefficients and two variances")
    codes = _nested_codes(groups, k)
    if len(codes) != 2 or int(codes[1].max()) + 1 < k:
        raise ValueError("groups must be [outer, inner] with single effects")
    outer = codes[0]
    refuse_correlated(outer, cov)
    times = _counts(counts, len(y), outer, X)
    y = np.broadcast_to(y, (len(times), k))
    v, turned, starts, group = rotated(cov, np.column_stack([X, np.ones(k), y.T]), outer)
    p = X.shape[1]
    X_turned, z, y_turned = turned[:, :p], turned[:, p], turned[:, p + 1 :]
    # Least-squares residuals keep the quadratic forms free of cancellation.
    offset = np.linalg.lstsq(X_turned, y_turned, rcond=None)[0]
    residual = (y_turned - X_turned @ offset).T
    effects = np.bincount(outer)
    several = (times[:, effects > 1] > 0).any(axis=1)
    able = np.flatnonzero(several & (times @ effects > p) & (times.sum(axis=1) > 1))
    alone = np.ones(len(times), dtype=bool)
    beta, C = np.zeros((len(times), p)), np.empty((len(times), p, p))
    theta, loglik = np.empty((len(times), 2)), np.empty(len(times))
    if len(able):
        model = Regressions(
            X_turned, v, z, starts, group, residual[able], times[able], method == "REML"
        )
        theta[able], settled = search(model, (residual[able] ** 2).mean(axis=1), v)
        for part in parts(len(able), model.width):
            rows = np.arange(len(able))[part]
            beta[able[part]], C[able[part]], loglik[able[part]] = model.fitted(
                rows, theta[able[part]]
            )[:3]
        alone[able[settled]] = False
    beta += offset.T
    for b in np.flatnonzero(alone):
        at, trial = _drawn(times[b], outer)
        pair = [trial, np.arange(len(at))]
        V_b = cov[np.ix_(at, at)] * (trial[:, None] == trial)
        one = multilevel(y[b, at], V_b, pair, X[at], method=method, intercept=False)
        beta[b], C[b], loglik[b], theta[b] = one.coef, one.vcov, one.loglik, one.sigma2
    se = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    statistic, half = beta / se, norm_critical(level) * se
    return RegressionBatchResult(
        coef=beta,
        se=se,
        statistic=statistic,
        pvalue=norm_two_sided(statistic),
        ci=np.stack([beta - half, beta + half], axis=-1),
        vcov=C,
        sigma2=theta,
        loglik=loglik,
        refitted=int(alone.sum()),
        names=names,
        method=method,
        level=level,
        _data={"y": y, "X": X, "V": cov, "outer": outer, "resampled": counts is not None},
    )


def _counts(counts: Any, rows: int, outer: np.ndarray, X: np.ndarray) -> np.ndarray:
    """How often each row has each group (B, J), checked."""
    groups = int(outer.max()) + 1
    if counts is None:
        return np.ones((rows, groups))
    times = np.atleast_2d(np.asarray(counts, dtype=float))
    if times.shape[1] != groups or rows not in (1, len(times)):
        raise ValueError(
            f"counts must be (B, {groups}) with B rows of yi or one, got {times.shape}"
        )
    if not ((times >= 0) & (times == np.floor(times))).all():
        raise ValueError("counts must be whole numbers from 0")
    rank = np.linalg.matrix_rank(np.sqrt(times[:, outer, None]) * X)
    lacking = np.flatnonzero(rank < X.shape[1])
    if len(lacking):
        raise ValueError(f"counts[{lacking[0]}]: these groups do not determine the coefficients")
    return times


def _drawn(times: np.ndarray, outer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The effects of one resample, and the number of the draw that each belongs to."""
    drawn = np.repeat(np.arange(len(times)), times.astype(int))
    members = [np.flatnonzero(outer == j) for j in drawn]
    return np.concatenate(members), np.repeat(np.arange(len(drawn)), [len(m) for m in members])
