"""Maximise a (restricted) likelihood over a between-trial covariance matrix Psi.

Psi is written with unbounded parameters whose boundary (zero variances, correlations of one) is
an ordinary stationary point: a Cholesky factor for an unstructured matrix, standard deviations and
the sine of an angle for one common correlation. BFGS with the exact gradient runs from several
starts; Newton steps finish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ._gaussian import BlockModel, Evaluation
from ._reml import maximise
from .errors import ConvergenceError

# Newton decrement at which the search counts as converged (see `_reml`).
DECREMENT = 1e-12


@dataclass(frozen=True)
class Structure:
    """Map from parameters x to the elements psi of the upper triangle of Psi (row by row), its
    Jacobian (elements, parameters), and the parameters of a given (sd, correlation) start."""

    psi: Callable[[np.ndarray], np.ndarray]
    jacobian: Callable[[np.ndarray], np.ndarray]
    start: Callable[[np.ndarray, float], np.ndarray]


def unstructured(m: int) -> Structure:
    """Psi = L L'."""
    rows, cols = np.tril_indices(m)
    upper = np.triu_indices(m)

    def factor(x: np.ndarray) -> np.ndarray:
        L = np.zeros((m, m))
        L[rows, cols] = x
        return L

    def psi(x: np.ndarray) -> np.ndarray:
        L = factor(x)
        return (L @ L.T)[upper]

    def jacobian(x: np.ndarray) -> np.ndarray:
        L = factor(x)
        out = np.zeros((len(upper[0]), len(x)))
        for c, (a, b) in enumerate(zip(rows, cols, strict=True)):
            change = np.zeros((m, m))
            change[a] = L[:, b]
            out[:, c] = (change + change.T)[upper]
        return out

    def start(sd: np.ndarray, rho: float) -> np.ndarray:
        corr = np.full((m, m), rho) + (1.0 - rho) * np.eye(m)
        return np.linalg.cholesky(corr * np.outer(sd, sd))[rows, cols]

    return Structure(psi, jacobian, start)


def common_correlation(m: int) -> Structure:
    """Psi_ij = rho s_i s_j with one rho between -1/(m - 1) and 1."""
    i, j = np.triu_indices(m)
    low = -1.0 / (m - 1)
    off = i != j

    def rho_of(angle: float) -> float:
        return low + (1.0 - low) * (np.sin(angle) + 1.0) / 2.0

    def psi(x: np.ndarray) -> np.ndarray:
        return x[i] * x[j] * np.where(off, rho_of(x[m]), 1.0)

    def jacobian(x: np.ndarray) -> np.ndarray:
        out = np.zeros((len(i), m + 1))
        weight = np.where(off, rho_of(x[m]), 1.0)
        row = np.arange(len(i))
        np.add.at(out, (row, i), weight * x[j])
        np.add.at(out, (row, j), weight * x[i])
        out[:, m] = off * x[i] * x[j] * (1.0 - low) * np.cos(x[m]) / 2.0
        return out

    def start(sd: np.ndarray, rho: float) -> np.ndarray:
        return np.append(sd, np.arcsin(2.0 * (rho - low) / (1.0 - low) - 1.0))

    return Structure(psi, jacobian, start)


def fit_psi(
    model: BlockModel, structure: Structure, m: int, reml: bool, what: str
) -> tuple[np.ndarray, Evaluation, np.ndarray]:
    """As `_maximise`, started from the variances that fit without correlations and correlations
    of zero, 0.6 and 0.6 times the lowest possible. The components of `model` are the elements of
    the upper triangle of Psi (m, m)."""
    i, j = np.triu_indices(m)
    own = np.flatnonzero(i == j)
    tau2, _ = maximise(replace(model, G=model.G[own]), reml, f"{what}, without correlations")
    floor = 0.05 * max(float(tau2.max()), model.spread.sampling)
    sd = np.sqrt(np.maximum(tau2, floor))
    low = -1.0 / (m - 1)
    return _maximise(model, structure, [(sd, 0.0), (sd, 0.6), (sd, 0.6 * low)], reml, what)


def _maximise(
    model: BlockModel,
    structure: Structure,
    starts: list[tuple[np.ndarray, float]],
    reml: bool,
    what: str,
) -> tuple[np.ndarray, Evaluation, np.ndarray]:
    """Elements psi of the upper triangle at the maximum, the evaluation there, and the Jacobian of
    psi in the parameters.

    Raises ConvergenceError when no start leads to a stationary point.
    """
    from scipy.optimize import minimize

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            now = model.evaluate(structure.psi(x), reml)
        except np.linalg.LinAlgError:
            return 1e300, np.zeros_like(x)
        return -now.loglik, -structure.jacobian(x).T @ now.score

    best: tuple[float, np.ndarray] | None = None
    for sd, rho in starts:
        scale = float(np.mean(sd))
        x0 = structure.start(sd, rho)

        def scaled(u: np.ndarray, scale: float = scale) -> tuple[float, np.ndarray]:
            value, gradient = objective(u * scale)
            return value, gradient * scale

        found = minimize(scaled, x0 / scale, jac=True, method="BFGS", options={"gtol": 1e-6})
        polished = _polish(scaled, found.x)
        if polished is not None and (best is None or polished[0] < best[0] - 1e-9):
            best = polished[0], polished[1] * scale
    if best is None:
        raise ConvergenceError(
            f"{what}: the likelihood was not maximised from any start; the between-trial "
            "covariance may not be estimable from so few trials (try fewer correlations)"
        )
    psi = structure.psi(best[1])
    return psi, model.evaluate(psi, reml), structure.jacobian(best[1])


def _polish(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray
) -> tuple[float, np.ndarray] | None:
    """Newton steps with a Hessian from differences of the exact gradient; None when they do not
    end at a minimum."""
    value, gradient = objective(x)
    for _ in range(25):
        hessian = _hessian(objective, x)
        # Directions without curvature are redundant parameters (a column of zeros in L).
        values, vectors = np.linalg.eigh(hessian)
        flat = 1e-7 * max(float(values[-1]), 1.0)
        along = vectors.T @ gradient
        step = -vectors @ (along / np.where(np.abs(values) > flat, np.abs(values), np.inf))
        if -0.5 * float(gradient @ step) < DECREMENT and np.abs(gradient).max() < 1e-4:
            return (value, x) if values[0] > -1e-4 * max(float(values[-1]), 1.0) else None
        for halving in range(30):
            trial = x + step * 0.5**halving
            then = objective(trial)
            if then[0] <= value + 1e-13 * (1.0 + abs(value)):
                break
        else:
            return None
        x, (value, gradient) = trial, then
    return None


def _hessian(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray
) -> np.ndarray:
    width = 1e-5 * max(1.0, float(np.abs(x).max()))
    rows = [
        (objective(x + e)[1] - objective(x - e)[1]) / (2.0 * width) for e in width * np.eye(len(x))
    ]
    hessian = np.array(rows)
    return 0.5 * (hessian + hessian.T)
