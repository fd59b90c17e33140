"""Maximise a (restricted) likelihood over variance components that cannot be negative.

A coarse grid finds the best regions, then a projected Newton search (observed information where it
is positive definite, else expected information) runs from each; components held at zero are
released when their score turns positive. A bounded quasi-Newton search is the fallback.
"""

from __future__ import annotations

import numpy as np

from ._gaussian import BlockModel, Evaluation, inverse_and_logdet
from ._intercept import MeanModel
from ._nested import NestedModel
from .errors import ConvergenceError

Model = BlockModel | NestedModel | MeanModel
MAX_ITERATIONS = 100
# Newton decrement (gain in log-likelihood still expected) at which one more step ends the search.
# The estimate is then within 1e-4 standard errors of the optimum and the step squares that.
LAST_STEP = 1e-8
# Most grid points on one axis, by the number of components.
FINEST = {1: 16, 2: 10, 3: 5}
# A maximum with a component at zero is looked for when the grid there is this close to its best.
NEAR = 1.0


def maximise(model: Model, reml: bool, what: str) -> tuple[np.ndarray, Evaluation]:
    """Variance components (q,) >= 0 at the maximum, and the evaluation there.

    Raises ConvergenceError, naming `what`, when no search ends at a stationary point.
    """
    q = model.parameters
    if q == 0:
        return np.zeros(0), model.evaluate(np.zeros(0), reml, order=0)
    # A scale for the search: the larger of the residual variance of y and the mean of V.
    spread = model.spread
    scale = max(spread.variance, spread.sampling)
    best: tuple[np.ndarray, Evaluation] | None = None
    for start in _starts(model, reml, scale):
        found = _newton(model, reml, start, scale) or _quasi_newton(model, reml, start, scale)
        if found and (best is None or found[1].loglik > best[1].loglik):
            best = found
    if best is None:
        raise ConvergenceError(
            f"{what}: the {'restricted ' if reml else ''}likelihood was not maximised from any "
            f"start within {MAX_ITERATIONS} iterations; look for effects of very different scale "
            "or a variance matrix that is nearly singular"
        )
    return best


def _starts(model: Model, reml: bool, scale: float) -> list[np.ndarray]:
    """The local maxima (at most four, best first) of the likelihood on a coarse grid.

    The grid reaches from the variance of the precise effects to the total: with very unequal
    sampling variances the likelihood can have a maximum at either end.
    """
    q = model.parameters
    low = 0.1 * min((model.k - model.p) / model.spread.trace_p, scale)
    if isinstance(model, BlockModel):
        # Every point costs a factorisation a block.
        ratio, most = 4.0 if q > 1 else 2.5, FINEST.get(q, 2)
    else:
        ratio, most, low = 1.6, 24, min(low, 0.3 * float(model.v.min()))
    points = min(max(3, int(np.ceil(np.log(2.0 * scale / low) / np.log(ratio)))), most)
    axis = low * (2.0 * scale / low) ** (np.arange(-1.0, points) / (points - 1))
    axis[0] = 0.0
    grid = np.stack(np.meshgrid(*[axis] * q, indexing="ij"), axis=-1).reshape(-1, q)
    values = model.grid_logliks(axis, reml)
    if not np.isfinite(values).any():
        return [np.full(q, scale / q)]
    peak, face = grid_peaks(values, q)
    for i in np.flatnonzero(face & ~peak):
        # Where the likelihood rises off the face there is no maximum on it.
        try:
            score = model.evaluate(grid[i], reml).score
        except np.linalg.LinAlgError:
            continue
        peak[i] = (score[grid[i] == 0.0] <= 0.0).all()
    order = np.argsort(np.where(peak, values.ravel(), -np.inf))[::-1]
    return [grid[i] for i in order[: min(4, int(peak.sum()))]]


def grid_peaks(values: np.ndarray, q: int) -> tuple[np.ndarray, np.ndarray]:
    """The local maxima of log-likelihoods on a grid over the last q axes (each starting at zero),
    and the best points with a zero component that are little below the best of all; (..., G^q).

    A maximum at zero can hide from the grid behind a rise between its first two points.
    """
    batch, grid = values.shape[:-q], values.shape[-q:]
    # The highest of the neighbours, axis by axis.
    around = values
    for axis in range(q):
        rest = (slice(None),) * (q - 1 - axis)
        up, down = (..., slice(1, None), *rest), (..., slice(None, -1), *rest)
        wider = around.copy()
        np.maximum(around[up], around[down], out=wider[up])
        np.maximum(wider[down], around[up], out=wider[down])
        around = wider
    peak = np.isfinite(values) & (values >= around)
    flat = values.reshape(*batch, -1)
    face, best = np.zeros(flat.shape, dtype=bool), flat.max(axis=-1, keepdims=True)
    for zero in np.indices(grid).reshape(q, -1) == 0:
        on = np.where(zero, flat, -np.inf)
        at = on.argmax(axis=-1)[..., None]
        near = np.take_along_axis(flat, at, axis=-1) > best - NEAR
        np.put_along_axis(face, at, np.take_along_axis(face, at, axis=-1) | near, axis=-1)
    return peak.reshape(flat.shape), face


def _newton(
    model: Model, reml: bool, start: np.ndarray, scale: float
) -> tuple[np.ndarray, Evaluation] | None:
    theta = np.array(start, dtype=float)
    now = model.evaluate(theta, reml)
    for _ in range(MAX_ITERATIONS):
        free = (theta > 0) | (now.score > 0)
        if not free.any():
            return theta, now
        step, decrement = _direction(now, free)
        if decrement < LAST_STEP:
            return _finish(model, reml, theta, now, step)
        moved = _line_search(model, reml, theta, now, step)
        if moved is None:
            return None
        theta, now = moved
        theta[theta < 1e-14 * scale] = 0.0
    return None


def _finish(
    model: Model, reml: bool, theta: np.ndarray, now: Evaluation, step: np.ndarray
) -> tuple[np.ndarray, Evaluation]:
    last = np.maximum(theta + step, 0.0)
    then = model.evaluate(last, reml, order=0)
    return (last, then) if then.loglik >= now.loglik - 1e-10 else (theta, now)


def _direction(now: Evaluation, free: np.ndarray) -> tuple[np.ndarray, float]:
    """Newton step on the free components and the gain it promises."""
    score, observed, expected = now.score, now.observed, now.expected
    if not free.all():
        take = np.ix_(free, free)
        score, observed, expected = score[free], observed[take], expected[take]
    step = score / np.diagonal(expected)
    for information in (observed, expected):
        try:
            step = _solve(information, score)
        except np.linalg.LinAlgError:
            continue
        break
    full = np.zeros(len(free))
    full[free] = step
    return full, 0.5 * float(score @ step)


def _solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A⁻¹ b; raises LinAlgError where A is not positive definite."""
    if len(b) != 2:
        return inverse_and_logdet(A)[0] @ b
    (a, m), (_, d) = A.tolist()
    x, y = b.tolist()
    determinant = a * d - m * m
    if not (a > 0 and determinant > 1e-14 * a * d):
        raise np.linalg.LinAlgError("not positive definite")
    return np.array([d * x - m * y, a * y - m * x]) / determinant


def _line_search(
    model: Model, reml: bool, theta: np.ndarray, now: Evaluation, step: np.ndarray
) -> tuple[np.ndarray, Evaluation] | None:
    """Halve the projected step until the likelihood does not fall (up to rounding)."""
    slack = 1e-13 * (1.0 + abs(now.loglik))
    for halving in range(40):
        trial = np.maximum(theta + step * 0.5**halving, 0.0)
        if np.array_equal(trial, theta):
            return None
        try:
            then = model.evaluate(trial, reml)
        except np.linalg.LinAlgError:
            continue
        if np.isfinite(then.loglik) and then.loglik >= now.loglik - slack:
            return trial, then
    return None


def _quasi_newton(
    model: Model, reml: bool, start: np.ndarray, scale: float
) -> tuple[np.ndarray, Evaluation] | None:
    """Bounded L-BFGS, then Newton from where it ends."""
    from scipy.optimize import minimize

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            now = model.evaluate(x * scale, reml)
        except np.linalg.LinAlgError:
            return 1e300, np.zeros_like(x)
        return -now.loglik, -now.score * scale

    found = minimize(
        objective,
        start / scale + 1e-3,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * len(start),
        options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-10},
    )
    return _newton(model, reml, np.maximum(found.x, 0.0) * scale, scale)
