"""A claim's own rule over the choices of data, where specifications pool and the claim does not.

The grid fits the pooled effect, thousands of models a second. A claim about a slope, or about the
effect at the lowest dose, needs its own regression for each set of effects: that is done for every
data path with the model of the main analysis, so that choices of data count and those of the model
do not.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from liverfit import meta
from liverfit.claims.fit import fit_line
from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.sets import EffectSet
from liverfit.claims.verdict import VERDICTS, lowest_dose_by_point, moderator_slope

# By the rule: how a fit is judged, and what agreement means. The share of tau² counts as a point,
# since its interval takes hundreds of fits.
RULES = {
    "lowest_dose": (
        lowest_dose_by_point,
        "the effect at the lowest dose lies on the claimed side and dose explains less than half "
        "of tau², its interval left aside",
    ),
    "moderator_slope": (moderator_slope, "the slope lies on the claimed side"),
}
MODELS = ("meta_regression",)


def own_rule(m: Multiverse, margins: dict, models: dict) -> dict:
    """What the claim's own model and rule say of each data path.

    Of the forms that the effects of a trial may take, the first one alone: the model keeps several
    of a trial apart by itself.

    Parameters
    ----------
    m : the whole multiverse
    margins : smallest effect of interest by measure
    models : the section `models` of the plan

    Returns
    -------
    dict `own_rule` (rule, model, agrees_where, n_data_paths, n_feasible, share_agrees, verdicts:
    their shares, infeasible: {reason: data paths}), `multiverse_share`, `multiverse_reason`; empty
    where no such model is written for the claim's rule.
    """
    if m.line["model"] not in MODELS or m.line["rule"] not in RULES:
        return {}
    judge, words = RULES[m.line["rule"]]
    first = m.codes["dependence"] == 0
    barred = m.barred & m.barred_models[:, 0]
    counts = np.bincount(m.index[first & ~barred.any(axis=1)], minlength=len(m.sets))
    verdicts, infeasible = Counter(), Counter()
    for rule, column in zip(m.grid.incompatible, barred[first].T, strict=True):
        infeasible[rule.reason] += int(column.sum())
    for i in np.flatnonzero(counts):
        fit = _fit(m.line, m.sets[i], margins, models)
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
            "n_data_paths": int(first.sum()),
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
    known = [{**e, name: None if e[name] == "" else e[name]} for e in effects.effects]
    line = {**line, "measure": measure, "margin": margins[measure], "effects": known}
    quick = {**models, "curve_points": 0, "r2_resamples": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        return {**line, **fit_line(line, quick)}


def _none(infeasible: Counter) -> str:
    why, _ = max(infeasible.items(), key=lambda item: (item[1], item[0]), default=("no data", 0))
    return f"no choice of data lets the claim's own model be fitted (most often: {why})"
