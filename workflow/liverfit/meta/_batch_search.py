"""Joint search for the two variance components of many three-level models on one design.

Projected Newton steps from the best points of a grid, for all rows at once. A row is given up
(`settled` is false) where its search does not end at a maximum; the single fit can do more.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ._reml import LAST_STEP, grid_peaks

CHUNK = 2**16  # numbers per work array, as in `batch`
ROUNDS = 40
# The grid of starts: ratio of neighbours, and most points on one axis.
RATIO, FINEST = 2.5, 20


class Likelihoods(Protocol):
    """The restricted or full likelihood of each of B rows, as a function of (outer, inner)."""

    def __len__(self) -> int:
        """B."""

    @property
    def cells(self) -> int:
        """Numbers that one row needs at one point of the grid."""

    @property
    def width(self) -> int:
        """Numbers that one row needs in `moments`."""

    def grid_logliks(self, rows: slice, axis: np.ndarray) -> np.ndarray:
        """Log-likelihood (n, G, G) of n rows at all (outer, inner) of axis (G,)."""

    def moments(self, rows: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of rows (n,) at theta (n, 2): log-likelihood (n,), score (2, n), expected and observed
        information as (oo, oi, ii) (3, n)."""


def parts(rows: int, numbers: int) -> list[slice]:
    """Portions of the rows, each of which needs so many numbers, that fit the cache."""
    step = max(1, CHUNK // numbers)
    return [slice(first, first + step) for first in range(0, rows, step)]


def search(model: Likelihoods, spread: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance components (B, 2) and whether the search settled on each (B,).

    The grid reaches from the smallest of the residual variances `spread` (B,) and the sampling
    variances `v` to their largest.
    """
    theta, settled = np.zeros((len(model), 2)), np.zeros(len(model), dtype=bool)
    scale = max(float(spread.max()), float(v.mean()))
    low = 0.01 * min(float(v.min()), max(float(spread.min()), 1e-6 * scale))
    points = max(4, int(np.ceil(np.log(4.0 * scale / low) / np.log(RATIO))))
    axis = np.concatenate([[0.0], np.geomspace(low, 4.0 * scale, min(points, FINEST))])
    portions = parts(len(model), len(axis) ** 2 * model.cells)
    found = [_starts(model, part, axis) for part in portions]
    row, start, peak = (np.concatenate(column) for column in zip(*found, strict=True))
    if not len(row):
        return theta, settled
    end, loglik = start.copy(), np.full(len(row), -np.inf)
    for part in parts(len(row), model.width):
        # Where the likelihood rises off the face there is no maximum on it.
        score = model.moments(row[part], start[part])[1].T
        at = np.flatnonzero(peak[part] | ((start[part] > 0) | (score <= 0)).all(axis=1))
        at += part.start
        end[at], loglik[at] = _newton(model, row[at], start[at], axis[-1])
    # The best of the searches of each row.
    order = np.lexsort((loglik, row))
    last = order[np.append(np.flatnonzero(np.diff(row[order])), len(row) - 1)]
    theta[row[last]], settled[row[last]] = end[last], np.isfinite(loglik[last])
    return theta, settled


def _starts(
    model: Likelihoods, part: slice, axis: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidates of each row on the grid: the row (n,), theta (n, 2), whether a maximum there."""
    peak, face = grid_peaks(model.grid_logliks(part, axis), 2)
    row, at = np.nonzero(peak | face)
    start = np.column_stack([axis[at // len(axis)], axis[at % len(axis)]])
    return row + part.start, start, peak[row, at]


def _newton(
    model: Likelihoods, rows: np.ndarray, theta: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Variance components (n, 2) and log-likelihood (n,), -inf where the search did not settle."""
    theta = theta.copy()
    settled = np.zeros(len(rows), dtype=bool)
    active = np.arange(len(rows))
    now = model.moments(rows, theta)
    value = now[0].copy()
    for _ in range(ROUNDS):
        loglik, score, expected, observed = now
        step, decrement = _steps(theta[active], score, expected, observed)
        done = decrement < LAST_STEP
        trial = np.maximum(theta[active] + step, 0.0)
        then = model.moments(rows[active], trial)
        slack = 1e-13 * (1.0 + np.abs(loglik))
        for halving in range(1, 12):
            worse = ~(then[0] >= loglik - slack) & ~done
            if not worse.any():
                break
            trial[worse] = np.maximum(theta[active[worse]] + step[worse] * 0.5**halving, 0.0)
            again = model.moments(rows[active[worse]], trial[worse])
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
    return theta, np.where(settled, value, -np.inf)


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
