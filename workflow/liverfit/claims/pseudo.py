"""Pseudo individual data: people who never were, with exactly the printed n, means and SDs.

A linear mixed model sees normal data through their sufficient statistics alone, so that its answer
on such data is its answer on the real ones (Papadimitropoulou et al. 2020, doi:10.1002/jrsm.1404).
"""

from __future__ import annotations

import numpy as np


def pseudo_sample(
    n: int, mean: np.ndarray, cov: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """n rows whose sample mean (p,) and covariance (p, p; divisor n − 1) are the given ones.

    Raises
    ------
    ValueError
        for n of p or fewer, or a covariance that is not positive definite.
    """
    mean, cov = np.atleast_1d(mean).astype(float), np.atleast_2d(cov).astype(float)
    p = len(mean)
    if n <= p:
        raise ValueError(f"{n} people cannot have a covariance of {p} variables")
    try:
        root = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise ValueError("the covariance is not positive definite") from None
    z = rng.normal(size=(n, p))
    # An orthonormal basis of the centred draws has mean zero and, scaled, unit covariance exactly.
    basis = np.linalg.qr(z - z.mean(axis=0))[0]
    basis = np.linalg.qr(basis - basis.mean(axis=0))[0]
    return mean + basis * (n - 1) ** 0.5 @ root.T


def whiten(
    y: np.ndarray, X: np.ndarray, Z: np.ndarray, sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of response and both designs divided by their own residual SD.

    MixedLM has one residual variance; on rows so divided its model y = X b + Z u + e with one
    variance is the model with residual variance `sd`² times it in each row.
    """
    w = 1.0 / sd
    return y * w, X * w[:, None], Z * w[:, None]
