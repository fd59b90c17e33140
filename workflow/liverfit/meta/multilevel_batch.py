"""Many responses on one design: the intercept-only model of `multilevel`, vectorised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from ._inputs import covariance_matrix
from ._intercept import MeanDesign, mean_moments
from ._nested import rotated
from ._reml import LAST_STEP, grid_peaks
from ._validate import level_in_unit, one_of
from .distributions import norm_critical, norm_two_sided, t_two_sided
from .multilevel import _estimable, _nested_codes, multilevel

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 2**16  # numbers per work array, as in `batch`
ROUNDS = 40
# The grid of starts: ratio of neighbours, and most points on one axis.
RATIO, FINEST = 2.5, 20


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
        se, df = _cr2(self._y - self.coef[:, None], self._V, self._outer, self.sigma2)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = self.coef / se
        half = stdtrit(df, 0.5 + self.level / 2.0) * se
        return RobustBatch(
            coef=self.coef,
            se=se,
            statistic=statistic,
            df=df,
            pvalue=t_two_sided(statistic, df),
            ci=np.column_stack([self.coef - half, self.coef + half]),
        )

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
    y = np.atleast_2d(np.asarray(yi, dtype=float))
    k = y.shape[1]
    if not np.isfinite(y).all():
        row, column = np.argwhere(~np.isfinite(y))[0]
        raise ValueError(f"yi[{row}, {column}] is {y[row, column]}; it must be finite")
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
    if ((outer[:, None] != outer) & (cov != 0)).any():
        raise ValueError("sampling errors of different outer groups must not be correlated")
    v, z, starts, group = rotated(cov, np.ones((k, 1)), outer)
    design = MeanDesign(v, z[:, 0], starts, group)
    turned = rotated(cov, y.T, outer)[1].T
    theta, settled = _search(design, turned, method == "REML")
    beta, C, loglik = (np.empty(len(y)) for _ in range(3))
    for part in _parts(len(y), k):
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


def _parts(rows: int, k: int) -> list[slice]:
    step = max(1, CHUNK // k)
    return [slice(first, first + step) for first in range(0, rows, step)]


def _search(design: MeanDesign, y: np.ndarray, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """Variance components (B, 2) and whether the search settled on each (B,)."""
    theta, settled = np.zeros((len(y), 2)), np.zeros(len(y), dtype=bool)
    mean = (y @ design.z) / design.k
    spread = ((y - mean[:, None] * design.z) ** 2).mean(axis=1)
    scale = max(float(spread.max()), float(design.v.mean()))
    low = 0.01 * min(float(design.v.min()), max(float(spread.min()), 1e-6 * scale))
    points = max(4, int(np.ceil(np.log(4.0 * scale / low) / np.log(RATIO))))
    axis = np.concatenate([[0.0], np.geomspace(low, 4.0 * scale, min(points, FINEST))])
    for part in _parts(len(y), len(axis) ** 2 * len(design.starts)):
        centred = y[part] - mean[part, None] * design.z
        theta[part], settled[part] = _search_part(design, centred, axis, reml)
    return theta, settled


def _search_part(
    design: MeanDesign, y: np.ndarray, axis: np.ndarray, reml: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The best of the searches from every maximum of each row's likelihood on the grid."""
    peak, face = grid_peaks(design.grid_logliks(y, axis, reml), 2)
    row, at = np.nonzero(peak | face)
    start = np.column_stack([axis[at // len(axis)], axis[at % len(axis)]])
    # Where the likelihood rises off the face there is no maximum on it.
    score = mean_moments(design, y[row], start, reml)[3].T
    keep = peak[row, at] | ((start > 0) | (score <= 0)).all(axis=1)
    row, start = row[keep], start[keep]
    theta, settled, loglik = _newton(design, y[row], start, reml, axis[-1])
    order = np.lexsort((np.where(settled, loglik, -np.inf), row))
    last = order[np.append(np.flatnonzero(np.diff(row[order])), len(row) - 1)]
    return theta[last], settled[last]


def _newton(
    design: MeanDesign, y: np.ndarray, theta: np.ndarray, reml: bool, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variance components (n, 2), whether the search settled, and the log-likelihood (n,)."""
    theta = theta.copy()
    settled = np.zeros(len(y), dtype=bool)
    active = np.arange(len(y))
    now = mean_moments(design, y, theta, reml)
    value = now[0].copy()
    for _ in range(ROUNDS):
        loglik, score, expected, observed = now[0], now[3], now[4], now[5]
        step, decrement = _steps(theta[active], score, expected, observed)
        done = decrement < LAST_STEP
        trial = np.maximum(theta[active] + step, 0.0)
        then = mean_moments(design, y[active], trial, reml)
        slack = 1e-13 * (1.0 + np.abs(loglik))
        for halving in range(1, 12):
            worse = ~(then[0] >= loglik - slack) & ~done
            if not worse.any():
                break
            trial[worse] = np.maximum(theta[active[worse]] + step[worse] * 0.5**halving, 0.0)
            again = mean_moments(design, y[active[worse]], trial[worse], reml)
            for whole, new in zip(then, again, strict=True):
                whole[..., worse] = new
        better = then[0] >= loglik - np.where(done, 1e-10, slack)
        theta[active[better]], value[active[better]] = trial[better], then[0][better]
        theta[theta < 1e-14 * scale] = 0.0
        settled[active[done]] = True
        keep = ~done & better
        active = active[keep]
        if not len(active):
            break
        now = tuple(part[..., keep] for part in then)
    return theta, settled, value


def _steps(
    theta: np.ndarray, score: np.ndarray, expected: np.ndarray, observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton steps on the free components, and the gain that each promises."""
    free = (theta.T > 0) | (score > 0)
    both = free.all(axis=0)
    positive = (observed[0] > 0) & (
        observed[0] * observed[2] - observed[1] ** 2 > 1e-14 * np.abs(observed[0] * observed[2])
    )
    oo, oi, ii = np.where(positive, observed, expected)
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = oo * ii - oi * oi
        joint = np.array([ii * score[0] - oi * score[1], oo * score[1] - oi * score[0]])
        diagonal = np.where(observed[[0, 2]] > 0, observed[[0, 2]], expected[[0, 2]])
        step = np.where(both, joint / determinant, np.where(free, score / diagonal, 0.0))
    step = np.where(np.isfinite(step), step, 0.0)
    return step.T, 0.5 * (score * step).sum(axis=0)


def _cr2(
    resid: np.ndarray, V: np.ndarray, outer: np.ndarray, sigma2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """CR2 standard error and Satterthwaite degrees of freedom (B,), as `robust.cluster_robust`."""
    clusters = int(outer.max()) + 1
    members = [np.flatnonzero(outer == j) for j in range(clusters)]
    rows = len(resid)
    blocks = [
        V[np.ix_(at, at)] + sigma2[:, 0, None, None] + sigma2[:, 1, None, None] * np.eye(len(at))
        for at in members
    ]
    weights = [np.linalg.solve(M, np.ones((rows, len(M[0]), 1)))[..., 0] for M in blocks]
    C = 1.0 / sum(w.sum(axis=1) for w in weights)
    part, own, shared = (np.empty((rows, clusters)) for _ in range(3))
    for j, (at, M, w) in enumerate(zip(members, blocks, weights, strict=True)):
        if len(at) == 1:
            E = w * (C / np.sqrt(1.0 - C / M[:, 0, 0]))[:, None]
        else:
            E = (_adjusted(M, C) @ w[..., None])[..., 0] * C[:, None]
        part[:, j] = np.vecdot(E, resid[:, at])
        own[:, j] = np.einsum("bn,bnm,bm->b", E, M, E)
        shared[:, j] = E.sum(axis=1)
    # P = diag(own) - C h h' with h the shared parts: df = tr(P)² / sum of squares of P.
    h2 = shared**2
    trace = own.sum(axis=1) - C * h2.sum(axis=1)
    squares = (own**2).sum(axis=1) - 2.0 * C * np.vecdot(own, h2) + (C * h2.sum(axis=1)) ** 2
    return np.sqrt((part**2).sum(axis=1)), trace**2 / squares


def _adjusted(M: np.ndarray, C: np.ndarray) -> np.ndarray:
    """The matrices A_j (B, n, n) of one cluster, as `robust._adjustment` for a mean alone."""
    root = np.swapaxes(np.linalg.cholesky(M), 1, 2)
    middle = root @ (M - C[:, None, None]) @ np.swapaxes(root, 1, 2)
    values, vectors = np.linalg.eigh(0.5 * (middle + np.swapaxes(middle, 1, 2)))
    with np.errstate(divide="ignore"):
        inverse = np.where(values > 1e-12 * values[:, -1:], values, np.inf) ** -0.5
    power = (vectors * inverse[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return np.swapaxes(root, 1, 2) @ power @ root


def _frame(result: Any, names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    columns = {name: getattr(result, name) for name in names}
    return pd.DataFrame({**columns, "ci_lower": result.ci[:, 0], "ci_upper": result.ci[:, 1]})
