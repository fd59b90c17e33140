"""The stratum of stable weight under several margins, and whether its weight is truly stable."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from liverfit import meta
from liverfit.claims.models.common import TooFewTrials, participants
from liverfit.claims.models.pooled import random_effects
from liverfit.claims.weight_pairs import weight_pairs

SHOWN = ("estimate", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "tau2", "i2", "fitted_model")


def margin_sweep(line: dict, effects: list[dict], models: dict) -> dict:
    """Pooled effect among contrasts whose weight effect is inside each margin, and its equivalence.

    A contrast is inside a margin where its weight effect is smaller by numbers, or is called
    unchanged in words. The estimate is that of the widest margin with enough trials;
    `extra.margins` has one entry a margin, with two one-sided tests (Schuirmann 1987,
    doi:10.1007/BF01068419) that the pooled weight effect of the trials with numbers is inside it.
    """
    settings = models["weight"]
    rows = [_margin(line, effects, m, models) for m in settings["margins_percent"]]
    fitted = [row for row in rows if row["status"] == "ok"]
    if not fitted:
        raise TooFewTrials(
            max(row["k"] for row in rows), line["minimum_trials"], " of stable weight"
        )
    widest = fitted[-1]
    stratum = f"within {widest['margin_percent']:g} % of weight"
    return {
        **{k: widest[k] for k in ("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper",
                                  "pvalue", "df", "tau2", "i2", "k", "n", "n_effects")},
        "fitted_model": f"{stratum}: {widest['fitted_model']}",
        "extra": {"margins": rows, "margin_of_estimate": widest["margin_percent"]},
    }  # fmt: skip


def _margin(line: dict, effects: list[dict], margin: float, models: dict) -> dict:
    inside = [e for e in effects if _inside(e, margin)]
    k = len({e["trial_id"] for e in inside})
    row = {"margin_percent": margin, "k": k, "n_effects": len(inside), "n": participants(inside),
           "status": "ok", "reason": "", **equivalence(inside, margin, models)}  # fmt: skip
    if k < line["minimum_trials"]:
        return {**row, "status": "too_few", "reason": str(TooFewTrials(k, line["minimum_trials"]))}
    fit = random_effects(line, inside, models)
    return {**row, **{x: fit.get(x) for x in (*SHOWN, "se", "pvalue", "df")}}


def _inside(e: dict, margin: float) -> bool:
    if e["weight_change_percent"] is not None:
        return abs(e["weight_change_percent"]) < margin
    return e["weight_evidence"] == "words" and e["weight_stable"] == "yes"


def equivalence(effects: list[dict], margin: float, models: dict) -> dict:
    """Two one-sided tests of the pooled weight effect, percent, against ± the margin.

    Normal tests around the random-effects mean of the trials that print numbers (the spread of
    weight is imputed where only means are printed).
    """
    empty = dict.fromkeys(("weight_estimate", "weight_ci_lower", "weight_ci_upper", "tost_pvalue"))
    pairs = [p for p in weight_pairs(effects, models["weight"]) if p["weight"] is not None]
    if not pairs:
        return {**empty, "weight_trials": 0, "weight_imputed": 0}
    fit = meta.random_effects(
        [p["weight"] for p in pairs],
        [p["weight_vi"] for p in pairs],
        method=models["estimator"],
        test="z",
        level=models["level"],
    )
    estimate, se = float(fit.coef[0]), float(fit.se[0])
    low, high = np.ravel(fit.ci)
    above, below = ndtr(-(estimate + margin) / se), ndtr((estimate - margin) / se)
    return {
        "weight_estimate": estimate,
        "weight_ci_lower": float(low),
        "weight_ci_upper": float(high),
        "tost_pvalue": float(max(above, below)),
        "weight_trials": len(pairs),
        "weight_imputed": sum(p["imputed"] for p in pairs),
    }
