"""Cluster-robust (sandwich) variance with small-sample corrections, CR0 to CR2.

Source: Bell & McCaffrey (2002), Survey Methodology 28:169; Tipton & Pustejovsky (2015)
doi:10.3102/1076998615606099; Pustejovsky & Tipton (2018) doi:10.1080/07350015.2016.1247004.
The conventions are those of R's clubSandwich: the working covariance is the fitted marginal
covariance, and its inverse is the weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from ._inputs import coefficient_frame
from ._validate import one_of
from .distributions import t_two_sided

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("CR0", "CR1", "CR1p", "CR2")


@dataclass(frozen=True)
class RobustResult:
    """Coefficients with cluster-robust standard errors and Satterthwaite degrees of freedom.

    Attributes
    ----------
    coef, se, statistic, df, pvalue : (p,) arrays
    ci : (p, 2) array, from a t distribution with `df` degrees of freedom
    vcov : (p, p) array, the sandwich estimate
    kind : the correction; clusters : their number
    prediction_interval : (lower, upper) for the true effect of a new study, from the same t
        distribution and the fitted heterogeneity; None for models with moderators
    """

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    df: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray
    vcov: np.ndarray
    kind: str
    clusters: int
    level: float
    prediction_interval: tuple[float, float] | None = None
    names: tuple[str, ...] = field(default=(), repr=False)

    def summary_frame(self) -> pd.DataFrame:
        """One row a coefficient: coef, se, statistic, df, pvalue, ci_lower, ci_upper."""
        columns = {"coef": self.coef, "se": self.se, "statistic": self.statistic}
        columns |= {"df": self.df, "pvalue": self.pvalue}
        return coefficient_frame(self.names, columns, self.ci)


def _square_root_inverse(matrix: np.ndarray) -> np.ndarray:
    """Symmetric inverse square root; directions without variance are dropped (pseudo-inverse)."""
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 1e-12 * max(float(values[-1]), np.finfo(float).tiny)
    return (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T


def _adjustment(
    kind: str, theta: np.ndarray, X: np.ndarray, C: np.ndarray, clusters: int, p: int
) -> np.ndarray:
    """The matrix A_j that multiplies the residuals of one cluster (equation 8 of the 2018
    source, with the fitted covariance `theta` as working model)."""
    if kind == "CR2":
        root = np.linalg.cholesky(theta).T
        middle = root @ (theta - X @ C @ X.T) @ root.T
        return root.T @ _square_root_inverse(0.5 * (middle + middle.T)) @ root
    factor = {"CR0": 1.0, "CR1": clusters / (clusters - 1)}
    if kind == "CR1p":
        if clusters <= p:
            raise ValueError(f"CR1p needs more clusters ({clusters}) than coefficients ({p})")
        factor["CR1p"] = clusters / (clusters - p)
    return np.sqrt(factor[kind]) * np.eye(len(theta))


def cluster_robust(
    X: np.ndarray,
    M: np.ndarray,
    resid: np.ndarray,
    cluster: np.ndarray,
    kind: str = "CR2",
) -> tuple[np.ndarray, np.ndarray]:
    """Sandwich covariance (p, p) and Satterthwaite degrees of freedom (p,) of a GLS fit.

    X (k, p) design; M (k, k) working (fitted marginal) covariance, block-diagonal by cluster;
    resid (k,); cluster (k,) labels.

    Raises ValueError for an unknown kind, fewer than two clusters, or a covariance between
    clusters.
    """
    one_of(kind, KINDS, "kind")
    code = np.unique(cluster, return_inverse=True)[1].ravel()
    clusters, p = int(code.max()) + 1, X.shape[1]
    if clusters < 2:
        raise ValueError("a cluster-robust variance needs at least two clusters")
    between = (code[:, None] != code[None, :]) & (M != 0)
    if between.any():
        i, j = np.argwhere(between)[0]
        raise ValueError(
            f"effects {i} and {j} are correlated (in V or by a shared random effect) but lie in "
            "different clusters; use clusters that contain every correlated set of effects"
        )
    members = [np.flatnonzero(code == j) for j in range(clusters)]
    thetas = [M[np.ix_(rows, rows)] for rows in members]
    WX = [np.linalg.solve(theta, X[rows]) for rows, theta in zip(members, thetas, strict=True)]
    C = np.linalg.inv(sum(X[rows].T @ wx for rows, wx in zip(members, WX, strict=True)))
    C = 0.5 * (C + C.T)
    meat, own, shared = np.zeros((p, p)), np.empty((clusters, p)), np.empty((clusters, p, p))
    for j, (rows, theta, wx) in enumerate(zip(members, thetas, WX, strict=True)):
        A = _adjustment(kind, theta, X[rows], C, clusters, p)
        E = A @ wx @ C
        part = E.T @ resid[rows]
        meat += np.outer(part, part)
        own[j] = np.einsum("np,nm,mp->p", E, theta, E)
        shared[j] = X[rows].T @ E
    df = np.empty(p)
    for c in range(p):
        h = shared[:, :, c]
        P = np.diag(own[:, c]) - h @ C @ h.T
        df[c] = np.trace(P) ** 2 / np.sum(P**2)
    return meat, df


def robust_result(
    coef: np.ndarray,
    vcov: np.ndarray,
    df: np.ndarray,
    *,
    kind: str,
    clusters: int,
    level: float,
    names: tuple[str, ...],
    heterogeneity: float | None = None,
) -> RobustResult:
    """Tests and intervals from a robust covariance; `heterogeneity` (the sum of the variance
    components) adds the prediction interval of a model without moderators."""
    se = np.sqrt(np.diagonal(vcov))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = coef / se
    critical = stdtrit(df, 0.5 + level / 2.0)
    interval = None
    if heterogeneity is not None:
        half = float(critical[0] * np.sqrt(vcov[0, 0] + heterogeneity))
        interval = (float(coef[0]) - half, float(coef[0]) + half)
    return RobustResult(
        coef=coef.copy(),
        se=se,
        statistic=statistic,
        df=df,
        pvalue=t_two_sided(statistic, df),
        ci=np.column_stack([coef - critical * se, coef + critical * se]),
        vcov=vcov,
        kind=kind,
        clusters=clusters,
        level=level,
        prediction_interval=interval,
        names=names,
    )
