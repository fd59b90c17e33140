"""The model of one line of evidence: from effects to a pooled estimate."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance

TESTS = {"knha": "Hartung-Knapp", "z": "Wald"}
EMPTY = dict.fromkeys(
    ("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "df", "pvalue", "tau2",
     "i2", "q", "q_pvalue")
)  # fmt: skip


class TooFewTrials(ValueError):
    """Fewer trials than a model needs have what it needs."""

    def __init__(self, found: int, needed: int, what: str = ""):
        self.found = found
        trials = "trial" if found == 1 else "trials"
        super().__init__(f"{found} usable {trials}{what}, {needed} are needed")


def fit_line(line: dict, models: dict) -> dict:
    """Fit a line's model; `status` says ok, too_few or not_run, `status_reason` why.

    Random effects: univariate REML with Hartung-Knapp where every trial gives one effect; effects
    within trials (three-level, cluster-robust CR2 with Satterthwaite degrees of freedom) where one
    gives several.
    """
    effects = line["effects"]
    if line["model"] == "interaction":
        effects = factorial_contrasts(effects)
    trials = {e["trial_id"] for e in effects}
    out = {
        **EMPTY,
        "k": len(trials),
        "n_effects": len(effects),
        "n": participants(effects),
        "fitted_model": "",
        "status": "ok",
        "status_reason": "",
        "extra": {},
    }
    if len(trials) < line["minimum_trials"]:
        out["status"] = "too_few"
        what = " with all four cells printed" if line["model"] == "interaction" else ""
        out["status_reason"] = str(TooFewTrials(len(trials), line["minimum_trials"], what))
        return out
    try:
        out.update(MODELS[line["model"]](line, effects, models))
    except TooFewTrials as error:
        out.update(k=error.found, n=None, status="too_few", status_reason=str(error))
    except (meta.ConvergenceError, np.linalg.LinAlgError, ValueError) as error:
        out.update(EMPTY, status="not_run", status_reason=f"{type(error).__name__}: {error}")
    return out


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


def random_effects(line: dict, effects: list[dict], models: dict) -> dict:
    """Pooled effect with prediction interval, heterogeneity and each effect's weight.

    The cluster-robust SE is, as the Hartung-Knapp one, never allowed below the model's own: few
    trials that happen to agree would shrink it towards zero.
    """
    yi = np.array([e["yi"] for e in effects])
    trials = [e["trial_id"] for e in effects]
    if len(set(trials)) == len(trials):
        return _univariate(yi, np.array([e["vi"] for e in effects]), models)
    v = sampling_covariance(effects)
    m = meta.multilevel(
        yi, v, [trials, list(range(len(yi)))], method=models["estimator"], level=models["level"]
    )
    robust = m.robust(trials, kind="CR2")
    out = {
        **_coefficient(robust.coef, robust.se, robust.ci, robust.pvalue, 0),
        **_interval(robust.prediction_interval),
        "df": float(robust.df[0]),
        "tau2": float(np.sum(m.sigma2)),
        "i2": float(m.i2),
        "q": float(m.q),
        "q_pvalue": float(m.q_pvalue),
        "weights": _multilevel_weights(v, m.sigma2, trials),
        "fitted_model": f"three-level random effects, {models['estimator']}, CR2",
        "extra": {"sigma2_between_trials": float(m.sigma2[0]),
                  "sigma2_within_trials": float(m.sigma2[1])},
    }  # fmt: skip
    wald = float(np.atleast_1d(m.se)[0])
    if models["hartung_knapp_floor"] and out["se"] < wald:
        out.update(_t_interval(out["estimate"], wald, out["tau2"], out["df"], models["level"]))
        out["fitted_model"] += " (floor)"
    return out


def _univariate(yi: np.ndarray, vi: np.ndarray, models: dict) -> dict:
    """One effect a trial; the Hartung-Knapp SE is never allowed below the Wald SE.

    Effects that happen to agree shrink the Hartung-Knapp SE towards zero; the floor is that of
    Knapp and Hartung 2003 (metafor's test="adhoc"), recommended by Jackson et al. 2017.
    """
    r = meta.random_effects(
        yi, vi, method=models["estimator"], test=models["test"], level=models["level"]
    )
    weights = 1 / (vi + r.tau2)
    wald = weights.sum() ** -0.5
    out = {
        **_coefficient(r.coef, r.se, r.ci, r.pvalue, 0),
        **_interval(r.prediction_interval),
        "df": float(r.k - r.p),
        "tau2": float(r.tau2),
        "i2": float(r.i2),
        "q": float(r.q),
        "q_pvalue": float(r.q_pvalue),
        "weights": list(100 * weights / weights.sum()),
        "fitted_model": f"random effects, {models['estimator']}, {TESTS[r.test]}",
    }
    if models["hartung_knapp_floor"] and r.test == "knha" and out["se"] < wald:
        out.update(_t_interval(out["estimate"], wald, float(r.tau2), out["df"], models["level"]))
        out["fitted_model"] += " (floor)"
    return out


def _t_interval(estimate: float, se: float, tau2: float, df: float, level: float) -> dict:
    t = float(stdtrit(df, 0.5 + level / 2))
    spread = t * (tau2 + se**2) ** 0.5
    return {
        "se": float(se),
        "ci_lower": estimate - t * se,
        "ci_upper": estimate + t * se,
        "pi_lower": estimate - spread,
        "pi_upper": estimate + spread,
        "pvalue": float(2 * stdtr(df, -abs(estimate / se))),
    }


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
        **_coefficient(r.coef, r.se, r.ci, r.pvalue, 0),
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
    return r, _coefficient(r.coef, r.se, r.ci, r.pvalue, 1), r2, float(r.tau2), label


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
    slope = _coefficient(r.coef, r.se, r.ci, r.pvalue, 1)
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


def interaction(line: dict, effects: list[dict], models: dict) -> dict:
    """Factorial trials: (both − one) − (other − neither), one of `factorial_contrasts` a trial.

    Its variance is the sum of the four arms' parts; the line's single contrasts carry no weight.
    """
    return {**random_effects(line, effects, models), "weights": None}


def factorial_contrasts(effects: list[dict]) -> list[dict]:
    """One interaction effect for each trial whose four cells are measured."""
    by_trial = {}
    for e in effects:
        by_trial.setdefault(e["trial_id"], {})[e["modality"], e["comparator_modality"]] = e
    out = []
    for trial, cells in by_trial.items():
        on_training = cells.get(("drug_plus_exercise", "resistance"))
        alone = cells.get(("drug", "placebo")) or cells.get(("drug", "control"))
        if on_training and alone:
            n = [on_training["n1"], on_training["n2"], alone["n1"], alone["n2"]]
            out.append(
                {
                    **on_training,
                    "trial_id": trial,
                    "yi": on_training["yi"] - alone["yi"],
                    "vi": on_training["vi"] + alone["vi"],
                    "n1": sum(x or 0 for x in n[::2]),
                    "n2": sum(x or 0 for x in n[1::2]),
                }
            )
    return out


def subgroups(line: dict, models: dict) -> list[dict]:
    """The same pooling within each modality that has effects."""
    out = []
    for name in dict.fromkeys(e["modality"] for e in line["effects"]):
        members = [e for e in line["effects"] if e["modality"] == name]
        trials = {e["trial_id"] for e in members}
        row = {"name": name, "k": len(trials), **dict.fromkeys(
            ("estimate", "ci_lower", "ci_upper", "tau2", "i2"))}  # fmt: skip
        if len(trials) >= 2:
            try:
                fit = random_effects(line, members, models)
                row.update({k: fit[k] for k in row if k in fit and k != "k"})
            except (meta.ConvergenceError, ValueError):
                pass  # the subgroup stays without a diamond; its effects are shown
        out.append(row)
    return out


def _coefficient(coef, se, ci, pvalue, i: int) -> dict:
    interval = np.asarray(ci).reshape(-1, 2)[i]
    return {
        "estimate": float(np.atleast_1d(coef)[i]),
        "se": float(np.atleast_1d(se)[i]),
        "ci_lower": float(interval[0]),
        "ci_upper": float(interval[1]),
        "pvalue": float(np.atleast_1d(pvalue)[i]),
    }


def _interval(interval) -> dict:
    if interval is None or not np.all(np.isfinite(interval)):
        return {"pi_lower": None, "pi_upper": None}
    return {"pi_lower": float(interval[0]), "pi_upper": float(interval[1])}


def _multilevel_weights(v: np.ndarray, sigma2, trials: list[str]) -> list[float]:
    same = np.array([[a == b for b in trials] for a in trials], dtype=float)
    w = np.linalg.inv(v + sigma2[0] * same + sigma2[1] * np.eye(len(trials))).sum(axis=0)
    return list(100 * w / w.sum())


MODELS = {
    "random_effects": random_effects,
    "meta_regression": meta_regression,
    "moderator_test": moderator_test,
    "interaction": interaction,
}
