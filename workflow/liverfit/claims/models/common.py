"""What the models of lines share: people, intervals, and the refusal for too few trials."""

from __future__ import annotations

import numpy as np

# models whose estimate is the pooled mean of their effects
POOLED = ("random_effects", "interaction")


def has_floor(models: dict) -> bool:
    """Whether the standard error of Hartung and Knapp is kept at Wald's or above."""
    return models["test"] == "knha" and models["hartung_knapp_floor"]


class TooFewTrials(ValueError):
    """Fewer trials than a model needs have what it needs; `extra` is what can be told even so."""

    def __init__(self, found: int, needed: int, what: str = "", extra: dict | None = None):
        self.found = found
        self.extra = extra or {}
        trials = "trial" if found == 1 else "trials"
        super().__init__(f"{found} usable {trials}{what}, {needed} are needed")


class NotEstimable(ValueError):
    """A model that ran and does not give the estimand; `extra` holds what it did give."""

    def __init__(self, reason: str, extra: dict):
        self.extra = extra
        super().__init__(reason)


def participants(effects: list[dict]) -> int | None:
    """People behind the effects, every arm once; arms whose n is not printed are not counted.

    A crossover's two arms are the same people.
    """
    arms = {}
    for e in effects:
        crossover = e["design"] == "crossover_rct"
        for arm, n in ((e["arm_id"], e["n1"]), (e["comparator_arm_id"], e["n2"])):
            key = (e["trial_id"], "" if crossover else arm)
            if n:
                arms[key] = max(n, arms.get(key, 0))
    return round(sum(arms.values())) or None


def coefficient(coef, se, ci, pvalue, i: int) -> dict:
    """Estimate, standard error, interval and p-value of a model's coefficient `i`."""
    bounds = np.asarray(ci).reshape(-1, 2)[i]
    return {
        "estimate": float(np.atleast_1d(coef)[i]),
        "se": float(np.atleast_1d(se)[i]),
        "ci_lower": float(bounds[0]),
        "ci_upper": float(bounds[1]),
        "pvalue": float(np.atleast_1d(pvalue)[i]),
    }


def prediction_interval(interval) -> dict:
    """Prediction interval, None where the model has none."""
    if interval is None or not np.all(np.isfinite(interval)):
        return {"pi_lower": None, "pi_upper": None}
    return {"pi_lower": float(interval[0]), "pi_upper": float(interval[1])}
