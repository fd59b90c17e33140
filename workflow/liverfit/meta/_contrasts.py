"""From pairwise comparisons to the independent contrasts of a network.

A trial with a arms gives a(a - 1)/2 comparisons that carry a - 1 independent contrasts. Read as
an electrical network (Rücker 2012 doi:10.1002/jrsm.1058), the variances of its comparisons are
effective resistances; the pseudo-inverse of the Laplacian that has them is -Q V Q / 2 with
Q = I - J/a (its off-diagonal elements are the negative reduced weights). The covariance of the
contrasts with the first arm follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._gaussian import connected_components
from ._inputs import effect_vector, label_codes, label_vector, positive_vector


@dataclass(frozen=True)
class Contrasts:
    """Independent contrasts of a set of trials.

    y (N,) contrasts, arm minus first arm of the trial; V (N, N) their sampling covariance; K
    (N, N) their covariance for a heterogeneity variance of one (1 on the diagonal, 1/2 between
    contrasts of a trial); A (N, T) incidence: +1 for the arm, -1 for the first arm; study (N,)
    trial number; q_within: what comparisons of the same trial disagree by (rounding), as a part
    of Cochran's Q. The comparisons as given: first, second (n,) treatment numbers, te, se.
    """

    y: np.ndarray
    V: np.ndarray
    K: np.ndarray
    A: np.ndarray
    study: np.ndarray
    q_within: float
    treatments: tuple[Any, ...]
    studies: tuple[Any, ...]
    designs: tuple[tuple[int, ...], ...]
    first: np.ndarray
    second: np.ndarray
    te: np.ndarray
    se: np.ndarray


def build_contrasts(
    studlab: Any, treat1: Any, treat2: Any, te: Any, se: Any, tolerance: float
) -> Contrasts:
    """Check the comparisons and reduce them to contrasts (see `network` for the errors)."""
    effect = effect_vector(te, "te")
    n = len(effect)
    error = positive_vector(se, n, "se")
    study, studies = label_codes(label_vector(studlab, n, "studlab"))
    one, two = label_vector(treat1, n, "treat1"), label_vector(treat2, n, "treat2")
    both, treatments = label_codes(np.concatenate([one, two]))
    first, second = both[:n], both[n:]
    if (first == second).any():
        i = int(np.flatnonzero(first == second)[0])
        raise ValueError(f"row {i} compares {one[i]!r} with itself")
    low, high = np.minimum(first, second), np.maximum(first, second)
    signed = np.where(first == high, effect, -effect)  # the arm that comes later less the other
    rows_of = _rows_by_study(study, len(studies))
    parts = [
        _one_study(studies[s], rows, first, second, effect, error, treatments, tolerance)
        if len(rows) > 1
        else ((int(low[rows[0]]), int(high[rows[0]])), signed[rows], error[rows] ** 2, 0.0)
        for s, rows in enumerate(rows_of)
    ]
    sizes = np.array([len(y) for _, y, _, _ in parts])
    starts = np.cumsum(sizes) - sizes
    total, T = int(sizes.sum()), len(treatments)
    V, K, A = np.zeros((total, total)), np.zeros((total, total)), np.zeros((total, T))
    at, lone = starts[sizes == 1], np.array([rows[0] for rows in rows_of if len(rows) == 1], int)
    V[at, at], K[at, at] = error[lone] ** 2, 1.0
    A[at, high[lone]], A[at, low[lone]] = 1.0, -1.0
    for s in np.flatnonzero(sizes > 1):
        arms, _y, cov, _q = parts[s]
        at = slice(starts[s], starts[s] + sizes[s])
        V[at, at] = cov
        K[at, at] = 0.5 * (np.eye(sizes[s]) + 1.0)
        A[np.arange(starts[s], starts[s] + sizes[s]), arms[1:]] = 1.0
        A[at, arms[0]] = -1.0
    return Contrasts(
        y=np.concatenate([y for _, y, _, _ in parts]),
        V=V,
        K=K,
        A=A,
        study=np.repeat(np.arange(len(parts)), sizes),
        q_within=float(sum(q for *_, q in parts)),
        treatments=tuple(treatments),
        studies=tuple(studies),
        designs=tuple(tuple(int(a) for a in arms) for arms, *_ in parts),
        first=first,
        second=second,
        te=effect,
        se=error,
    )


def _rows_by_study(study: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(study, kind="stable")
    return np.split(order, np.cumsum(np.bincount(study, minlength=count))[:-1])


def _one_study(
    name: Any,
    rows: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    te: np.ndarray,
    se: np.ndarray,
    treatments: list[Any],
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Arms, contrasts with the first arm, their covariance, and the disagreement of the rows."""
    arms = np.unique(np.concatenate([first[rows], second[rows]]))
    a = len(arms)
    i, j = np.searchsorted(arms, first[rows]), np.searchsorted(arms, second[rows])
    _refuse_incomplete(name, arms, i, j, treatments)
    resistance = np.zeros((a, a))
    resistance[i, j] = resistance[j, i] = se[rows] ** 2
    centre = np.eye(a) - 1.0 / a
    inverse = -0.5 * centre @ resistance @ centre
    basic = np.column_stack([-np.ones(a - 1), np.eye(a - 1)])
    cov = basic @ inverse @ basic.T
    laplacian = np.linalg.pinv(inverse, hermitian=True)
    weight = -laplacian[i, j]
    if np.linalg.eigvalsh(cov)[0] <= 0 or (weight < -1e-6 * np.abs(laplacian).max()).any():
        raise ValueError(
            f"study {name!r}: the standard errors of its {len(rows)} comparisons cannot come from "
            f"{a} arms (one squared standard error exceeds the sum of two others); check them"
        )
    incidence = np.zeros((len(rows), a))
    incidence[np.arange(len(rows)), i] = 1.0
    incidence[np.arange(len(rows)), j] = -1.0
    level = inverse @ (incidence.T @ (weight * te[rows]))
    gap = te[rows] - incidence @ level
    worst = int(np.abs(gap).argmax())
    if abs(gap[worst]) > tolerance * float(se[rows].min()):
        raise ValueError(
            f"study {name!r}: the effects of its comparisons contradict each other (an effect of "
            f"{treatments[arms[i[worst]]]!r} minus {treatments[arms[j[worst]]]!r} of "
            f"{te[rows][worst]:g} lies {abs(gap[worst]):.3g} from what the other comparisons of "
            "the study imply); effects within a trial must add up"
        )
    return arms, basic @ level, cov, float(weight @ gap**2)


def _refuse_incomplete(
    name: Any, arms: np.ndarray, i: np.ndarray, j: np.ndarray, treatments: list[Any]
) -> None:
    a = len(arms)
    pairs = {(min(u, v), max(u, v)) for u, v in zip(i.tolist(), j.tolist(), strict=True)}
    label = [repr(treatments[t]) for t in arms]
    if len(pairs) < len(i):
        raise ValueError(f"study {name!r} has the same comparison more than once")
    missing = [(u, v) for u in range(a) for v in range(u + 1, a) if (u, v) not in pairs]
    if missing:
        u, v = missing[0]
        raise ValueError(
            f"study {name!r} has {a} arms and needs all {a * (a - 1) // 2} comparisons; "
            f"{label[u]} with {label[v]} is missing"
        )


def refuse_disconnected(data: Contrasts) -> None:
    """ValueError that names the treatments of each part of a network that falls apart."""
    T = len(data.treatments)
    linked = np.zeros((T, T), dtype=bool)
    linked[data.first, data.second] = linked[data.second, data.first] = True
    part = connected_components(linked)
    if part.max() == 0:
        return
    groups = [
        "{" + ", ".join(str(data.treatments[t]) for t in np.flatnonzero(part == g)) + "}"
        for g in range(int(part.max()) + 1)
    ]
    raise ValueError(
        f"the network is disconnected: {len(groups)} parts share no comparison: "
        + "; ".join(groups)
    )


def gls(y: np.ndarray, X: np.ndarray, M: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Generalised least squares: coefficients, covariance, weighted residual sum of squares."""
    solved = np.linalg.solve(M, np.column_stack([X, y]))
    WX, Wy = solved[:, :-1], solved[:, -1]
    C = np.linalg.inv(X.T @ WX)
    beta = C @ (X.T @ Wy)
    return beta, 0.5 * (C + C.T), max(float(y @ Wy - beta @ (X.T @ Wy)), 0.0)


def dersimonian_laird(data: Contrasts, X: np.ndarray, q: float, df: int) -> float:
    """Generalised method-of-moments heterogeneity variance (Jackson, White & Riley 2012
    doi:10.1002/sim.5453, one variance): (Q - df) / tr(P K), not below zero."""
    if df <= 0:
        return 0.0
    W = np.linalg.inv(data.V)
    WX = W @ X
    trace = np.sum(W * data.K) - np.trace(np.linalg.solve(X.T @ WX, WX.T @ data.K @ WX))
    return max(0.0, (q - df) / float(trace))
