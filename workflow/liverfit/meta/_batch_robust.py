"""CR2 standard errors and Satterthwaite degrees of freedom for many fits on one design."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from .distributions import t_two_sided


def robust_tests(
    coef: np.ndarray, se: np.ndarray, df: np.ndarray, level: float
) -> dict[str, np.ndarray]:
    """t tests of coefficients of any one shape, and their intervals with one axis more."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = coef / se
    half = stdtrit(df, 0.5 + level / 2.0) * se
    return {
        "coef": coef,
        "se": se,
        "statistic": statistic,
        "df": df,
        "pvalue": t_two_sided(statistic, df),
        "ci": np.stack([coef - half, coef + half], axis=-1),
    }


def cluster_robust_batch(
    X: np.ndarray, resid: np.ndarray, V: np.ndarray, outer: np.ndarray, sigma2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors and degrees of freedom (B, p), each row as `robust.cluster_robust`.

    X (k, p); resid (B, k); V (k, k); outer (k,) codes from 0 of the clusters, which are the outer
    groups; sigma2 (B, 2).
    """
    members = [np.flatnonzero(outer == j) for j in range(int(outer.max()) + 1)]
    designs = [X[at] for at in members]
    blocks = [
        V[np.ix_(at, at)] + sigma2[:, 0, None, None] + sigma2[:, 1, None, None] * np.eye(len(at))
        for at in members
    ]
    weighted = [
        np.linalg.solve(M, np.broadcast_to(x, (len(resid), *x.shape)))
        for M, x in zip(blocks, designs, strict=True)
    ]
    C = np.linalg.inv(sum(x.T @ w for x, w in zip(designs, weighted, strict=True)))
    part, own, shared = [], [], []
    for at, x, M, w in zip(members, designs, blocks, weighted, strict=True):
        E = _adjustment(M, x @ C @ x.T) @ w @ C
        part.append((resid[:, None, at] @ E)[:, 0])
        own.append(np.einsum("bnp,bnm,bmp->bp", E, M, E))
        shared.append(x.T @ E)
    # P = diag(own) - H C H' with H the shared parts: df = tr(P)² / sum of squares of P.
    own, H = np.array(own), np.array(shared)
    HC = np.einsum("jbsp,bst->jbpt", H, C)
    diagonal = np.einsum("jbpt,jbtp->jbp", HC, H)
    inner = np.einsum("jbsp,jbpt->bpst", H, HC)
    trace = (own - diagonal).sum(axis=0)
    squares = (own**2 - 2.0 * own * diagonal).sum(axis=0) + np.einsum("bpst,bpts->bp", inner, inner)
    se = np.sqrt(np.sum(np.array(part) ** 2, axis=0))
    return se, trace**2 / squares


def _adjustment(M: np.ndarray, hat: np.ndarray) -> np.ndarray:
    """The matrices A_j (B, n, n) of one cluster, as `robust._adjustment`."""
    if M.shape[-1] == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 1.0 - hat / M
            return np.where(left > 1e-12, left, np.inf) ** -0.5
    root = np.swapaxes(np.linalg.cholesky(M), 1, 2)
    middle = root @ (M - hat) @ np.swapaxes(root, 1, 2)
    values, vectors = np.linalg.eigh(0.5 * (middle + np.swapaxes(middle, 1, 2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(values > 1e-12 * values[:, -1:], values, np.inf) ** -0.5
    power = (vectors * inverse[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return np.swapaxes(root, 1, 2) @ power @ root
