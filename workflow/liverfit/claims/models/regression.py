"""How the effect depends on a moderator: meta-regression, and the test that groups are equal."""

from __future__ import annotations

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import TooFewTrials, coefficient, participants
from liverfit.claims.models.pooled import TESTS


def meta_regression(line: dict, effects: list[dict], models: dict) -> dict:
    """Effect at the lowest observed value of the moderator, and the share of tau² it explains.

    Univariate where every trial gives one effect; three-level with CR2 where one gives several
    (arms that differ in dose within a trial tell most about it). R² is the share of the summed
    variance components that the moderator removes; 0 where there was nothing to explain.
    """
    name = line["moderator"]
    usable = [e for e in effects if e[name] is not None]
    trials = [e["trial_id"] for e in usable]
    k = len(set(trials))
    if k < line["minimum_trials"]:
        raise TooFewTrials(k, line["minimum_trials"], f" with {name} printed")
    x = np.array([e[name] for e in usable])
    fit = _regression_univariate if k == len(usable) else _regression_three_level
    r, slope, r2, tau2, label = fit(usable, trials, (x - x.min())[:, None], models)
    return {
        **coefficient(r.coef, r.se, r.ci, r.pvalue, 0),
        "df": float(np.atleast_1d(r.df)[0]),
        "tau2": tau2,
        "k": k,
        "n_effects": len(usable),
        "n": participants(usable),
        "fitted_model": f"{label} on {name}, {models['estimator']}",
        "extra": {
            "moderator": name,
            "lowest": float(x.min()),
            "highest": float(x.max()),
            "slope": slope["estimate"],
            "slope_ci_lower": slope["ci_lower"],
            "slope_ci_upper": slope["ci_upper"],
            "slope_pvalue": slope["pvalue"],
            "r2": r2,
        },
    }


def _regression_univariate(effects: list[dict], trials: list[str], x: np.ndarray, models: dict):
    r = meta.random_effects(
        [e["yi"] for e in effects],
        [e["vi"] for e in effects],
        mods=x,
        method=models["estimator"],
        test=models["test"],
        level=models["level"],
    )
    r2 = None if r.r2 is None or np.isnan(r.r2) else float(r.r2)
    label = f"{TESTS[r.test]} meta-regression"
    return r, coefficient(r.coef, r.se, r.ci, r.pvalue, 1), r2, float(r.tau2), label


def _regression_three_level(effects: list[dict], trials: list[str], x: np.ndarray, models: dict):
    v = sampling_covariance(effects)
    yi = np.array([e["yi"] for e in effects])
    groups = [trials, list(range(len(yi)))]
    options = {"method": models["estimator"], "level": models["level"]}
    without = float(np.sum(meta.multilevel(yi, v, groups, **options).sigma2))
    m = meta.multilevel(yi, v, groups, mods=x, **options)
    tau2 = float(np.sum(m.sigma2))
    r2 = 100 * max(0.0, 1 - tau2 / without) if without > 0 else 0.0
    r = m.robust(trials, kind="CR2")
    slope = coefficient(r.coef, r.se, r.ci, r.pvalue, 1)
    return r, slope, r2, tau2, "three-level CR2 meta-regression"


def moderator_test(line: dict, effects: list[dict], models: dict) -> dict:
    """Global test that all groups of the moderator have one mean effect (omnibus test).

    Groups of fewer than two trials are left out and named.
    """
    name = line["moderator"]
    by_group = {}
    for e in effects:
        by_group.setdefault(e[name], []).append(e)
    groups = sorted(g for g, es in by_group.items() if len({e["trial_id"] for e in es}) >= 2)
    thin = sorted(set(by_group) - set(groups))
    if len(groups) < 2:
        raise TooFewTrials(len(groups), 2, f" in each of two groups of {name}")
    kept = [e for e in effects if e[name] in groups]
    v = sampling_covariance(kept)
    dummies = np.array([[float(e[name] == g) for g in groups[1:]] for e in kept])
    trials = [e["trial_id"] for e in kept]
    m = meta.multilevel(
        np.array([e["yi"] for e in kept]),
        v,
        [trials, list(range(len(kept)))],
        mods=dummies,
        method=models["estimator"],
        test="t",
        level=models["level"],
    )
    return {
        "df": float(len(groups) - 1),
        "pvalue": float(m.qm_pvalue),
        "tau2": float(np.sum(m.sigma2)),
        "q": float(m.q),
        "q_pvalue": float(m.q_pvalue),
        "k": len(set(trials)),
        "n_effects": len(kept),
        "n": participants(kept),
        "fitted_model": f"three-level meta-regression on {name}, {models['estimator']}, F test",
        "extra": {"moderator": name, "groups": groups, "left_out": thin, "qm": float(m.qm)},
    }
