"""How the effect depends on a moderator: meta-regression, and the test that groups are equal."""

from __future__ import annotations

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import TooFewTrials, coefficient, participants
from liverfit.claims.models.moderation import (
    at_lowest,
    components_of,
    curve,
    described,
    explained,
    fit_regression,
    named_components,
    with_moderator,
)


def meta_regression(line: dict, effects: list[dict], models: dict) -> dict:
    """Effect at the lowest observed value of the moderator, and the share of tau² it explains.

    Univariate where every trial gives one effect; three-level with CR2 where one gives several
    (arms that differ in dose within a trial tell most about it).
    """
    usable, x = with_moderator(line, effects)
    fitted = fit_regression(usable, (x - x.min())[:, None], models)
    slope = coefficient(fitted.r.coef, fitted.r.se, fitted.r.ci, fitted.r.pvalue, 1)
    return {
        **at_lowest(line, effects, usable, fitted, models),
        "extra": {
            **described(line, effects, usable, x),
            **named_components(fitted.sigma2),
            "slope": slope["estimate"],
            "slope_ci_lower": slope["ci_lower"],
            "slope_ci_upper": slope["ci_upper"],
            "slope_pvalue": slope["pvalue"],
            **explained(line, usable, (x - x.min())[:, None], fitted.tau2, models),
            "curve": curve(usable, x, None, models),
        },
    }


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
        "i2": float(m.i2),
        "q": float(m.q),
        "q_pvalue": float(m.q_pvalue),
        "k": len(set(trials)),
        "n_effects": len(kept),
        "n": participants(kept),
        "fitted_model": f"three-level meta-regression on {name}, {models['estimator']}, F test",
        "extra": {
            "moderator": name,
            "groups": groups,
            "left_out": thin,
            "qm": float(m.qm),
            **named_components(components_of(m)),
        },
    }
