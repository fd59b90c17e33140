"""tau² of many models with a mean alone, one a column, by the algorithms of `heterogeneity`.

Arrays are (k, n), studies along the first axis; an absent study has y = 0 and v = inf.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ._maxima import TIE, Grids, proof
from ._profile import mean_logliks
from .heterogeneity import MAX_ITERATIONS, STEP, estimate_tau2

# (y, v, tau2, target) -> score and the two slopes of every column.
Scores = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, ...]]


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Column by column."""
    return np.einsum("kn,kn->n", a, b)


def column_tau2(
    y: np.ndarray, v: np.ndarray, present: np.ndarray, k: np.ndarray, method: str
) -> np.ndarray:
    """tau² of every column, each with at least two studies."""
    if method in ("DL", "HS"):
        w = 1.0 / v
        total = w.sum(axis=0)
        q = dot(w, (y - dot(w, y) / total) ** 2)
        if method == "HS":
            return np.maximum(0.0, (q - k) / total)
        return np.maximum(0.0, (q - (k - 1.0)) / (total - dot(w, w) / total))
    spread = dot(present.astype(float), (y - y.sum(axis=0) / k) ** 2)
    if method == "SJ":
        crude = spread / k
        w = 1.0 / (v + crude)
        resid = y - dot(w, y) / w.sum(axis=0)
        return crude * dot(w, resid**2) / (k - 1.0)
    mean_variance = np.where(present, v, 0.0).sum(axis=0) / k
    start = np.maximum(0.0, spread / (k - 1.0) - mean_variance)
    if method == "HE":
        return start
    target, scale = k - 1.0, k / (1.0 / v).sum(axis=0)
    if method in ("PM", "EB"):
        found, failed = _roots(y, v, target, start, scale, _paule_mandel_scores)
    else:
        reml = method == "REML"
        scores = partial(_likelihood_scores, reml)
        found, failed = _roots(y, v, target, start, scale, scores)
        _take_highest(y, v, present, k, spread, scale, found, failed, reml)
    # What did not converge goes through the scalar search with its safeguards.
    for column in np.flatnonzero(failed):
        here = present[:, column]
        X = np.ones((int(here.sum()), 1))
        found[column] = estimate_tau2(y[here, column], v[here, column], X, method)
    return found


def _moments(
    y: np.ndarray, v: np.ndarray, tau2: np.ndarray, reml: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A, B, C, D of `_maxima` for every column."""
    w = v + tau2
    np.reciprocal(w, out=w)
    s1 = w.sum(axis=0)
    py = y - dot(w, y) / s1
    py *= w
    work = w * py
    cubic = dot(work, py) - dot(w, py) ** 2 / s1
    np.multiply(w, w, out=work)
    s2 = work.sum(axis=0)
    trace, trace2 = s1, s2
    if reml:
        ratio = s2 / s1
        trace, trace2 = s1 - ratio, s2 - 2.0 * dot(work, w) / s1 + ratio * ratio
    return dot(py, py), trace, cubic, trace2


def _likelihood_scores(
    reml: bool, y: np.ndarray, v: np.ndarray, tau2: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, ...]:
    a, b, c, d = _moments(y, v, tau2, reml)
    return 0.5 * (a - b), np.where(a > 0.0, c * b / a, 0.0) - 0.5 * d, 0.5 * d


def _paule_mandel_scores(
    y: np.ndarray, v: np.ndarray, tau2: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, ...]:
    w = v + tau2
    np.reciprocal(w, out=w)
    resid = y - dot(w, y) / w.sum(axis=0)
    py = w * resid
    q = dot(py, resid)
    slope = np.where(q > 0, dot(py, py) * target / np.where(q > 0, q, 1.0), 1.0)
    return q - target, slope, slope


def _roots(
    y: np.ndarray,
    v: np.ndarray,
    target: np.ndarray,
    start: np.ndarray,
    scale: np.ndarray,
    scores: Scores,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`heterogeneity.find_root` for every column; the second array marks those unsolved."""
    n = len(start)
    found, failed = np.zeros(n), np.ones(n, dtype=bool)
    column, tau2 = np.arange(n), start.copy()
    low = np.zeros(n) if low is None else low
    high = np.full(n, np.inf) if high is None else high
    zero_is_low = low > 0.0
    for _ in range(MAX_ITERATIONS):
        gradient, observed, expected = scores(y, v, tau2, target)
        up = gradient > 0
        low, high = np.where(up, tau2, low), np.where(up, high, tau2)
        zero_is_low |= up
        information = np.where(observed > 0, observed, expected)
        new = np.where(information > 0, tau2 + gradient / information, np.inf)
        at_zero = ~up & (tau2 == 0.0)
        new[at_zero] = 0.0
        done = at_zero | (np.abs(new - tau2) <= STEP * new + 1e-14 * scale)
        below = (new <= low) & ~zero_is_low & ~done
        new[below] = 0.0
        outside = ~(done | below | ((low < new) & (new < high)))
        if outside.any():
            middle = np.where(high < np.inf, 0.5 * (low + high), 2.0 * tau2 + scale)
            new = np.where(outside, middle, new)
        tau2 = new
        if done.any():
            # A column keeps its first solution, so that it does not depend on what is beside it.
            first = done & failed[column]
            found[column[first]], failed[column[first]] = tau2[first], False
            keep = np.flatnonzero(failed[column])
            if keep.size == 0:
                break
            # Dropping columns copies the data, so wait until it saves more than it costs. NumPy
            # adds up a single column in another order than one of several: keep two.
            if 1 < keep.size < 0.6 * done.size:
                y, v = y.take(keep, axis=1), v.take(keep, axis=1)
                column, target, scale, tau2 = column[keep], target[keep], scale[keep], tau2[keep]
                low, high, zero_is_low = low[keep], high[keep], zero_is_low[keep]
    return found, failed


def _take_highest(
    y: np.ndarray,
    v: np.ndarray,
    present: np.ndarray,
    k: np.ndarray,
    spread: np.ndarray,
    scale: np.ndarray,
    found: np.ndarray,
    failed: np.ndarray,
    reml: bool,
) -> None:
    """Put the highest maximum in `found` where another is higher, and mark failures."""
    smallest = v.min(axis=0)
    light = 1.0 / (np.where(present, v, 0.0).max(axis=0) + found)
    a, b, c, d = _moments(y, v, found, reml)
    ratio = np.where(found > 0.0, 1.0, a / b)
    above, below, reach = proof(ratio, c / a, d / b, light, 1.0 / (smallest + found), found)
    at = np.flatnonzero(~(above & below | (found == 0.0) & (spread <= smallest) | failed))
    if not at.size:
        return
    lower = np.where(below, found, 0.0)
    upper = np.where(above, found, np.minimum(spread, np.where(a > 0.0, found + reach, np.inf)))
    grids = Grids.between(lower[at], upper[at], smallest[at])
    # By the number of points, so that the columns which have a point j come first.
    order = np.argsort(-grids.size)
    at, grids = at[order], grids.take(order)
    y, v, known = y.take(at, axis=1), v.take(at, axis=1), found[at]
    absent = ~present.take(at, axis=1)

    def logliks(tau2: np.ndarray, columns: slice | np.ndarray) -> np.ndarray:
        gone = absent[:, columns] if some_absent else None
        return mean_logliks(y[:, columns], v[:, columns], tau2, reml, gone)

    some_absent = bool(absent.any())
    values = np.full((grids.size[0], at.size), -np.inf)
    for j in range(grids.size[0]):
        first = slice(int(np.searchsorted(-grids.size, -j)))
        values[j, first] = logliks(grids.point(j)[first], first)
    best = logliks(known, slice(None))
    points, columns = grids.other_peaks(values, known, best, k[at])
    if not points.size:
        return
    if points.size == 1:  # two columns, as in `_roots`
        points, columns = points.repeat(2), columns.repeat(2)
    at, grids, best = at[columns], grids.take(columns), best[columns]
    other, lost = _roots(
        y.take(columns, axis=1),
        v.take(columns, axis=1),
        k[at] - 1.0,
        grids.point(points),
        scale[at],
        partial(_likelihood_scores, reml),
        grids.point(np.maximum(points - 1, 0)),
        grids.point(points + 1),
    )
    failed[at[lost]] = True
    there = logliks(other, columns)
    better = np.flatnonzero((there > best + TIE) & ~lost)
    # The highest of a column last.
    for i in better[np.argsort(there[better])]:
        found[at[i]] = other[i]
