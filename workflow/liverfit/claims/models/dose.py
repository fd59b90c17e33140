"""Dose-response: curves over the doses of all trials, and doses compared within a trial."""

from __future__ import annotations

from scipy.special import stdtr, stdtrit

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import TooFewTrials, coefficient, participants
from liverfit.claims.models.moderation import (
    at_lowest,
    curve,
    described,
    explained,
    fit_regression,
    with_moderator,
)
from liverfit.meta._doses import check_knots, spline_basis

SPLINE_TRIALS = 5  # a constant, a slope and a bend leave two trials over


def restricted_cubic_spline(line: dict, effects: list[dict], models: dict) -> dict:
    """Meta-regression on a restricted cubic spline of the moderator, and its test against a line.

    Three knots at the 10th, 50th and 90th percentile of the observed values (Harrell 2015, section
    2.4.6; Durrleman and Simon 1989, doi:10.1002/sim.4780080504). The estimate is the effect at the
    lowest observed value; `nonlinearity_pvalue` tests the one term that bends the line.

    Raises
    ------
    ValueError
        where the percentiles coincide, so that there is no spline.
    """
    usable, x = with_moderator(line, effects, SPLINE_TRIALS)
    knots = check_knots(None, x)
    basis = spline_basis(x, knots) - spline_basis(x.min()[None], knots)
    fitted = fit_regression(usable, basis, models)
    bend = coefficient(fitted.r.coef, fitted.r.se, fitted.r.ci, fitted.r.pvalue, 2)
    out = at_lowest(line, effects, usable, fitted, models)
    return {
        **out,
        "fitted_model": f"restricted cubic spline, {out['fitted_model']}",
        "extra": {
            **described(line, effects, usable, x),
            "knots": [float(t) for t in knots],
            "nonlinearity_pvalue": bend["pvalue"],
            **explained(line, usable, basis, fitted.tau2, models),
            "curve": curve(usable, x, knots, models),
        },
    }


def between_doses(line: dict, effects: list[dict], models: dict) -> dict:
    """Effect of one more unit of dose, from trials that compare doses of one kind of training.

    `effects` are contrasts between active arms. In each trial and modality the arm of lowest dose
    is the reference; the slopes are pooled by meta.dose_response (Greenland and Longnecker 1992;
    for mean differences Crippa and Orsini 2016, doi:10.1186/s12874-016-0189-0) with a t interval
    on trials − 1 degrees of freedom. No trial is compared with another, so that what differs
    between trials cannot pass for dose.
    """
    name = line["moderator"]
    studies = [s for s in (_study(group, name) for group in _groups(effects, name)) if s]
    k = len({s["trial_id"] for s in studies})
    if k < line["minimum_trials"]:
        raise TooFewTrials(k, line["minimum_trials"], f" comparing several {name}")
    used = [e for s in studies for e in s["effects"]]
    fit = meta.dose_response(
        [s["label"] for s in studies for _ in s["doses"]],
        [x for s in studies for x in s["doses"]],
        [y for s in studies for y in s["yi"]],
        covariance=[s["v"] for s in sorted(studies, key=lambda s: s["label"])],
        reference=[i == 0 for s in studies for i in range(len(s["doses"]))],
        approach="one-stage",
        method="ML" if models["estimator"] == "ML" else "REML",
        level=models["level"],
    )
    estimate, se, df = float(fit.coef[0]), float(fit.se[0]), k - 1
    half = float(stdtrit(df, 0.5 + models["level"] / 2)) * se
    return {
        "estimate": estimate,
        "se": se,
        "ci_lower": estimate - half,
        "ci_upper": estimate + half,
        "pvalue": float(2 * stdtr(df, -abs(estimate / se))),
        "df": float(df),
        "tau2": float(fit.tau2[0]),
        "q": float(fit.q),
        "q_pvalue": float(fit.q_pvalue),
        "i2": float(fit.i2),
        "k": k,
        "n_effects": len(used),
        "n": participants(used),
        "unit": f"{line['unit']} per unit of {name}",
        "margin": None,
        "fitted_model": f"one-stage dose-response on {name} within trials",
        "extra": {"moderator": name, "trials": [s["label"] for s in studies]},
    }


def _groups(effects: list[dict], name: str) -> list[list[dict]]:
    """Contrasts between two doses of one modality, by trial and modality."""
    groups: dict[tuple, list[dict]] = {}
    for e in sorted(effects, key=lambda e: e["effect_id"]):
        both = e[name] is not None and e[f"comparator_{name}"] is not None
        if both and e["modality"] == e["comparator_modality"]:
            groups.setdefault((e["trial_id"], e["modality"]), []).append(e)
    return [groups[key] for key in sorted(groups)]


def _study(group: list[dict], name: str) -> dict | None:
    """Arms of one trial against its arm of lowest dose; None where all doses are the same."""
    dose = {}
    for e in group:
        dose[e["arm_id"]], dose[e["comparator_arm_id"]] = e[name], e[f"comparator_{name}"]
    base = min(dose, key=lambda arm: (dose[arm], arm))
    against = []
    for e in group:
        if e["comparator_arm_id"] == base:
            against.append(e)
        elif e["arm_id"] == base:
            against.append(_turned(e))
    if len({dose[base], *(dose[e["arm_id"]] for e in against)}) < 2:
        return None
    return {
        "trial_id": group[0]["trial_id"],
        "label": f"{group[0]['trial_id']} {group[0]['modality']}",
        "doses": [dose[base], *(dose[e["arm_id"]] for e in against)],
        "yi": [0.0, *(e["yi"] for e in against)],
        "v": sampling_covariance(against),
        "effects": against,
    }


def _turned(e: dict) -> dict:
    """The same contrast the other way round."""
    return {
        **e,
        "arm_id": e["comparator_arm_id"],
        "comparator_arm_id": e["arm_id"],
        "yi": -e["yi"],
        "v_arm": e["v_comparator"],
        "v_comparator": e["v_arm"],
        "n1": e["n2"],
        "n2": e["n1"],
    }
