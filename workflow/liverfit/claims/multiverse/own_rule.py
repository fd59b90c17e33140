"""A claim's own rule over the choices of data, where specifications pool and the claim does not.

The grid fits the pooled effect, thousands of models a second. A claim about a slope, about the
effect at the lowest dose, or about nodes of a network needs its own model for each set of effects:
that is done for every data path with the model of the main analysis, so that choices of data count
and those of the model do not.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from liverfit import meta
from liverfit.claims.fit import fit_line
from liverfit.claims.lines import NETWORKS
from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.pool import WHOLE
from liverfit.claims.multiverse.sets import EffectSet, resolve
from liverfit.claims.verdict import (
    VERDICTS,
    lowest_dose_by_point,
    moderator_slope,
    omnibus,
    superiority,
    two_sided,
)

# By model and rule: how a fit is judged, and what agreement means. The share of tau² counts as a
# point, since its interval takes hundreds of fits.
RULES = {
    ("meta_regression", "lowest_dose"): (
        lowest_dose_by_point,
        "the effect at the lowest dose lies on the claimed side and dose explains less than half "
        "of tau², its interval left aside",
    ),
    ("meta_regression", "moderator_slope"): (
        moderator_slope,
        "the slope lies on the claimed side",
    ),
    ("network", "omnibus"): (
        omnibus,
        "the test over the network says that the effects of its nodes differ",
    ),
    ("network_contrast", "superiority"): (
        superiority,
        "the interval of the contrast, by direct and indirect evidence, lies on the claimed side",
    ),
    ("network_contrast", "two_sided"): (
        two_sided,
        "the interval of the contrast, by direct and indirect evidence, excludes no effect",
    ),
}


def own_rule(m: Multiverse, margins: dict, models: dict, pool: list[dict] = ()) -> dict:
    """What the claim's own model and rule say of each data path.

    Of the forms that the effects of a trial may take, the first one alone: the model keeps several
    of a trial apart by itself. A network is that of each path's contrasts between all nodes, with
    no trial left out: which one lies furthest off is not defined across comparisons.

    Parameters
    ----------
    m : the whole multiverse
    margins : smallest effect of interest by measure
    models : the section `models` of the plan
    pool : rows of `select_variants`, which a network is chosen from

    Returns
    -------
    dict `own_rule` (rule, model, agrees_where, n_data_paths, n_feasible, share_agrees, verdicts:
    their shares, infeasible: {reason: data paths}), `multiverse_share`, `multiverse_reason`; empty
    where no such model is written for the claim's rule.
    """
    if (asked := (m.line["model"], m.line["rule"])) not in RULES:
        return {}
    judge, words = RULES[asked]
    kept = m.codes["dependence"] == 0
    sets, index = m.sets, m.index
    if m.line["model"] in NETWORKS:
        kept &= m.codes["leave_out"] == 0
        rows = [e for e in pool if e["line"] == m.line["name"] + WHOLE]
        found = resolve(rows, m.line, m.grid, m.paths[kept])
        sets, index = found.sets, np.zeros_like(m.index)
        index[kept] = found.index
    barred = m.barred & m.barred_models[:, 0]
    counts = np.bincount(index[kept & ~barred.any(axis=1)], minlength=len(sets))
    verdicts, infeasible = Counter(), Counter()
    for rule, column in zip(m.grid.incompatible, barred[kept].T, strict=True):
        infeasible[rule.reason] += int(column.sum())
    for i in np.flatnonzero(counts):
        fit = _fit(m.line, sets[i], margins, models)
        if fit["status"] == "ok":
            verdicts[judge(fit)[0]] += int(counts[i])
        else:
            infeasible[fit["status_reason"]] += int(counts[i])
    n = sum(verdicts.values())
    share = verdicts["supported"] / n if n else None
    told = f"of {n} feasible choices of data, by the model of the main analysis: {words}"
    return {
        "own_rule": {
            "rule": m.line["rule"],
            "model": m.line["model"],
            "agrees_where": words,
            "n_data_paths": int(kept.sum()),
            "n_feasible": n,
            "share_agrees": share,
            "verdicts": {w: verdicts[w] / n for w in VERDICTS if verdicts[w]},
            "infeasible": {why: count for why, count in sorted(infeasible.items()) if count},
        },
        "multiverse_share": share,
        "multiverse_reason": told if n else _none(infeasible),
    }


def _fit(line: dict, effects: EffectSet, margins: dict, models: dict) -> dict:
    measure, name = effects.measure, line["moderator"]
    # A column that is empty throughout is read from its file as text.
    known = list(effects.effects)
    if name:
        known = [{**e, name: None if e[name] == "" else e[name]} for e in known]
    line = {**line, "measure": measure, "margin": margins[measure], "effects": known}
    quick = {**models, "curve_points": 0, "r2_resamples": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        return {**line, **fit_line(line, quick)}


def _none(infeasible: Counter) -> str:
    why, _ = max(infeasible.items(), key=lambda item: (item[1], item[0]), default=("no data", 0))
    return f"no choice of data lets the claim's own model be fitted (most often: {why})"
