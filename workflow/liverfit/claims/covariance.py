"""Sampling covariance of effects that share an arm."""

from __future__ import annotations

import numpy as np


def sampling_covariance(effects: list[dict]) -> np.ndarray:
    """V (k, k) of a set of contrasts: vi on the diagonal, shared arms off it.

    Two contrasts of one trial covary by the variance that their common arm contributes: a − c and
    b − c by +v_c, a − b and c − b likewise, a − b and b − c by −v_b (Gleser and Olkin 2009). Where
    the two contrasts put a different variance on the common arm, the geometric mean is taken.
    """
    k = len(effects)
    v = np.diag([e["vi"] for e in effects]).astype(float)
    for i in range(k):
        for j in range(i):
            if effects[i]["trial_id"] == effects[j]["trial_id"]:
                v[i, j] = v[j, i] = _covariance(effects[i], effects[j])
    return _positive_definite(v)


def precision_weights(effects: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """V (k, k) of a set of contrasts and the weights V⁻¹1 (k,) of their generalised mean."""
    v = sampling_covariance(effects)
    return v, np.linalg.solve(v, np.ones(len(effects)))


def one_effect_a_trial(effects: list[dict]) -> list[dict]:
    """Each trial's effects as one: their mean weighted by V⁻¹, so that shared arms count once.

    yi = 1ᵀV⁻¹y / 1ᵀV⁻¹1 with variance 1 / 1ᵀV⁻¹1 (Gleser and Olkin 2009). Methods that take
    independent effects (funnel regressions, selection models, Bayes) use these.

    Returns
    -------
    one dict a trial, in the order of first appearance: trial_id, label, yi, vi, n_effects,
    effect_ids.
    """
    by_trial = {}
    for e in effects:
        by_trial.setdefault(e["trial_id"], []).append(e)
    out = []
    for trial, members in by_trial.items():
        y = np.array([e["yi"] for e in members])
        _, w = precision_weights(members)
        out.append(
            {
                "trial_id": trial,
                "label": members[0]["label"],
                "yi": float(w @ y / w.sum()),
                "vi": float(1 / w.sum()),
                "n_effects": len(members),
                "effect_ids": [e["effect_id"] for e in members],
            }
        )
    return out


def _covariance(a: dict, b: dict) -> float:
    total = 0.0
    for side_a, va, sign_a in _sides(a):
        for side_b, vb, sign_b in _sides(b):
            if side_a == side_b:
                total += sign_a * sign_b * (va * vb) ** 0.5
    return total


def _sides(e: dict) -> tuple:
    return (e["arm_id"], e["v_arm"], 1), (e["comparator_arm_id"], e["v_comparator"], -1)


def _positive_definite(v: np.ndarray) -> np.ndarray:
    """Shrink the off-diagonal until V is positive definite (rounded inputs may overshoot)."""
    diagonal = np.diag(np.diag(v))
    for shrink in (1.0, 0.95, 0.9, 0.8, 0.6, 0.4, 0.2):
        candidate = diagonal + shrink * (v - diagonal)
        if np.linalg.eigvalsh(candidate).min() > 1e-10 * np.diag(v).min():
            return candidate
    return diagonal
