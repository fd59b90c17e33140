"""Many responses on one design: the intercept-only model of `multilevel`, vectorised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ._batch_robust import cluster_robust_batch, robust_tests
from ._batch_search import parts, search
from ._inputs import covariance_matrix, refuse_correlated, response_rows
from ._intercept import MeanDesign, mean_moments
from ._nested import rotated
from ._validate import level_in_unit, one_of
from .distributions import norm_critical, norm_two_sided
from .multilevel import _estimable, _nested_codes, multilevel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RobustBatch:
    """Cluster-robust tests of every row: coef, se, statistic, df, pvalue (B,); ci (B, 2)."""

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    df: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray = field(repr=False)

    def summary_frame(self) -> pd.DataFrame:
        """One row a response."""
        return _frame(self, ("coef", "se", "statistic", "df", "pvalue"))


@dataclass(frozen=True)
class MultilevelBatchResult:
    """One model a row; attributes as in `MultilevelResult`.

    Attributes
    ----------
    coef, se, statistic, pvalue, loglik : (B,) arrays; ci : (B, 2)
    sigma2 : (B, 2), outermost level first
    refitted : rows that `multilevel` fitted one by one, where the joint search did not settle
    """

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray = field(repr=False)
    sigma2: np.ndarray = field(repr=False)
    loglik: np.ndarray = field(repr=False)
    refitted: int
    method: str
    level: float
    _y: np.ndarray = field(repr=False)
    _V: np.ndarray = field(repr=False)
    _outer: np.ndarray = field(repr=False)

    @cached_property
    def robust(self) -> RobustBatch:
        """Each row's `MultilevelResult.robust(kind="CR2")`, the clusters being the outer groups.

        Raises ValueError with fewer than two clusters.
        """
        if self._outer.max() < 1:
            raise ValueError("a cluster-robust variance needs at least two clusters")
        constant, resid = np.ones((self._y.shape[1], 1)), self._y - self.coef[:, None]
        tested = cluster_robust_batch(constant, resid, self._V, self._outer, self.sigma2)
        se, df = (column[:, 0] for column in tested)
        return RobustBatch(**robust_tests(self.coef, se, df, self.level))

    def summary_frame(self) -> pd.DataFrame:
        """One row a response."""
        frame = _frame(self, ("coef", "se", "statistic", "pvalue"))
        return frame.assign(sigma2_outer=self.sigma2[:, 0], sigma2_inner=self.sigma2[:, 1])


def multilevel_batch(
    yi: Any,
    V: Any,
    groups: Sequence[Any],
    method: str = "REML",
    level: float = 0.95,
) -> MultilevelBatchResult:
    """Fit the intercept-only three-level model to many responses that share V and the groups.

    What a simulation needs: row b equals `multilevel(yi[b], V, groups, method=method)`.

    Parameters
    ----------
    yi : (B, k) effect sizes, one data set a row
    V : (k,) sampling variances, or their (k, k) covariance matrix, of every row
    groups : [outer, inner], two (k,) label arrays; inner labels are single effects, outer groups
        hold all effects whose sampling errors are correlated
    method : "REML" or "ML"
    level : confidence level

    Returns
    -------
    MultilevelBatchResult

    Raises
    ------
    ValueError
        as `multilevel`, and for a design without both variance components, or with inner groups
        of several effects
    ConvergenceError
        when a row could not be fitted

    Notes
    -----
    Joint projected Newton search from the best point of a grid; rows that do not settle are fitted
    one by one. Sources as in `multilevel`; the closed form is Sherman and Morrison's (1950)
    doi:10.1214/aoms/1177729893.

    Examples
    --------
    >>> y = [[-0.18, -0.22, 0.23, -0.30, 0.13, -0.26, 0.19, 0.32],
    ...      [0.12, 0.05, 0.33, -0.10, 0.18, -0.02, 0.09, 0.22]]
    >>> v = [0.118, 0.118, 0.144, 0.144, 0.014, 0.014, 0.015, 0.024]
    >>> fit = multilevel_batch(y, v, [[1, 1, 1, 1, 2, 2, 2, 2], [1, 2, 3, 4, 1, 2, 3, 4]])
    >>> print(fit.coef.round(4))
    [0.0356 0.1051]
    """
    y = response_rows(yi)
    k = y.shape[1]
    cov = covariance_matrix(V, k)
    one_of(method, ("REML", "ML"), "method")
    level_in_unit(level)
    codes = _nested_codes(groups, k)
    estimated, notes = _estimable(codes, k, 1)
    if len(codes) != 2 or estimated != [0, 1] or int(codes[1].max()) + 1 < k:
        raise ValueError(
            f"a component cannot be estimated: {'; '.join(notes)}"
            if notes
            else "groups must be [outer, inner] with single effects"
        )
    outer = codes[0]
    refuse_correlated(outer, cov)
    v, z, starts, group = rotated(cov, np.ones((k, 1)), outer)
    design = MeanDesign(v, z[:, 0], starts, group)
    turned = rotated(cov, y.T, outer)[1].T
    centred = turned - ((turned @ design.z) / k)[:, None] * design.z
    means = _Means(design, centred, method == "REML")
    theta, settled = search(means, (centred**2).mean(axis=1), v)
    beta, C, loglik = (np.empty(len(y)) for _ in range(3))
    for part in parts(len(y), k):
        loglik[part], beta[part], C[part] = mean_moments(
            design, turned[part], theta[part], method == "REML"
        )[:3]
    for b in np.flatnonzero(~settled):
        one = multilevel(y[b], cov, groups, method=method, level=level)
        beta[b], C[b], loglik[b], theta[b] = one.coef[0], one.vcov[0, 0], one.loglik, one.sigma2
    se = np.sqrt(C)
    statistic, half = beta / se, norm_critical(level) * se
    return MultilevelBatchResult(
        coef=beta,
        se=se,
        statistic=statistic,
        pvalue=norm_two_sided(statistic),
        ci=np.column_stack([beta - half, beta + half]),
        sigma2=theta,
        loglik=loglik,
        refitted=int((~settled).sum()),
        method=method,
        level=level,
        _y=y,
        _V=cov,
        _outer=outer,
    )


@dataclass(frozen=True)
class _Means:
    """The likelihoods of rows y (B, k) with a mean alone, for `search`."""

    design: MeanDesign
    y: np.ndarray
    reml: bool

    def __len__(self) -> int:
        return len(self.y)

    @property
    def cells(self) -> int:
        return len(self.design.starts)

    @property
    def width(self) -> int:
        return self.design.k

    def grid_logliks(self, rows: slice, axis: np.ndarray) -> np.ndarray:
        return self.design.grid_logliks(self.y[rows], axis, self.reml)

    def moments(self, rows: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        value, _, _, *derivatives = mean_moments(self.design, self.y[rows], theta, self.reml)
        return value, *derivatives


def _frame(result: Any, names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    columns = {name: getattr(result, name) for name in names}
    return pd.DataFrame({**columns, "ci_lower": result.ci[:, 0], "ci_upper": result.ci[:, 1]})
