"""From pairwise comparisons to the independent contrasts of a network.

A trial with a arms gives a(a - 1)/2 comparisons that carry a - 1 independent contrasts. Read as
an electrical network (Rücker 2012 doi:10.1002/jrsm.1058), the variances of its comparisons are
effective resistances; the pseudo-inverse of the Laplacian that has them is -Q V Q / 2 with
Q = I - J/a (its off-diagonal elements are the negative reduced weights). The covariance of the
contrasts with the first arm follows from it.

Within a trial, heterogeneity has variance tau^2 and covariance tau^2 / 2 between contrasts that
share an arm: K tau^2. The contrasts are turned so that K is the identity and their sampling
covariance diagonal, whatever tau^2: a network is then fitted as a meta-regression with variances v.
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

    y (N,) turned contrasts of a trial's arms, with sampling variances v (N,), and their design X
    (N, T); A (N, T) is the design before, +1 for an arm and -1 for the trial's first; logdet_k is
    log |K| over all trials. study (N,) trial number; q_within: what comparisons of the same trial
    disagree by (rounding), as a part of Cochran's Q. The comparisons as given: first, second (n,)
    treatment numbers, te, se.
    """

    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    A: np.ndarray
    logdet_k: float
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
    count = np.bincount(study, minlength=len(studies))
    order = np.argsort(study, kind="stable")
    ends = np.cumsum(count)
    several = {
        s: _one_study(
            studies[s],
            order[ends[s] - count[s] : ends[s]],
            first,
            second,
            effect,
            error,
            treatments,
            tolerance,
        )
        for s in np.flatnonzero(count > 1).tolist()
    }
    size = np.ones(len(studies), dtype=int)
    for s, trial in several.items():
        size[s] = len(trial.y)
    start, total = np.cumsum(size) - size, int(size.sum())
    y, v, X = np.zeros(total), np.zeros(total), np.zeros((total, len(treatments)))
    lone = order[(ends - 1)[count == 1]]
    at = start[count == 1]
    y[at], v[at] = np.where(first == high, effect, -effect)[lone], error[lone] ** 2
    X[at, high[lone]], X[at, low[lone]] = 1.0, -1.0
    A = X.copy()
    arms = {study[i]: (int(low[i]), int(high[i])) for i in lone}
    for s, trial in several.items():
        at = slice(start[s], start[s] + size[s])
        y[at], v[at], arms[s] = trial.y, trial.v, tuple(trial.arms.tolist())
        A[at, trial.arms] = np.column_stack([-np.ones(size[s]), np.eye(size[s])])
        X[at, trial.arms] = trial.turn @ A[at, trial.arms]
    m = size[count > 1]
    return Contrasts(
        y=y,
        v=v,
        X=X,
        A=A,
        logdet_k=float((np.log1p(m) - m * np.log(2.0)).sum()),
        study=np.repeat(np.arange(len(studies)), size),
        q_within=float(sum(trial.q_within for trial in several.values())),
        treatments=tuple(treatments),
        studies=tuple(studies),
        designs=tuple(arms[s] for s in range(len(studies))),
        first=first,
        second=second,
        te=effect,
        se=error,
    )


@dataclass(frozen=True)
class _Trial:
    """A trial of several comparisons: its arms, turned contrasts y with variances v, the matrix
    that turned them, and the disagreement of its comparisons."""

    arms: np.ndarray
    y: np.ndarray
    v: np.ndarray
    turn: np.ndarray
    q_within: float


def _one_study(
    name: Any,
    rows: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    te: np.ndarray,
    se: np.ndarray,
    treatments: list[Any],
    tolerance: float,
) -> _Trial:
    arms = np.unique(np.concatenate([first[rows], second[rows]]))
    a = len(arms)
    i, j = np.searchsorted(arms, first[rows]), np.searchsorted(arms, second[rows])
    _refuse_incomplete(name, arms, i, j, treatments)
    resistance = np.zeros((a, a))
    resistance[i, j] = resistance[j, i] = se[rows] ** 2
    centre = np.eye(a) - 1.0 / a
    inverse = -0.5 * centre @ resistance @ centre
    basic = np.column_stack([-np.ones(a - 1), np.eye(a - 1)])
    # K = (I + J) / 2, whose inverse square root has this form.
    root = np.sqrt(2.0) * (np.eye(a - 1) + (a**-0.5 - 1.0) / (a - 1))
    variance, axes = np.linalg.eigh(root @ basic @ inverse @ basic.T @ root)
    possible = variance[0] > 1e-12 * variance[-1]
    if possible:
        # The pseudo-inverse of a matrix whose null space is the constant vector.
        laplacian = np.linalg.inv(inverse + 1.0 / a) - 1.0 / a
        weight = -laplacian[i, j]
        possible = not (weight < -1e-6 * np.abs(laplacian).max()).any()
    if not possible:
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
    turn = axes.T @ root
    return _Trial(arms, turn @ basic @ level, variance, turn, float(weight @ gap**2))


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
