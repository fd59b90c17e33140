"""One linear mixed model on individual data, pseudo or of participants, of all trials at once."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import stdtr, stdtrit

from liverfit import meta
from liverfit.claims.models.common import TooFewTrials
from liverfit.claims.pseudo import pseudo_sample, whiten
from liverfit.claims.streams import stream
from liverfit.data.individual import People
from liverfit.effects.change import correlation_from_sds

Direct = dict[tuple[str, str], np.ndarray]
FEWEST = 5  # people in an arm: more than the variables of any of the models
ENDS = ("baseline_mean", "baseline_sd", "post_mean", "post_sd")


def one_stage(line: dict, effects: list[dict], models: dict, people: People | None = None) -> dict:
    """Effect of the intervention on the outcome, people within trials.

    y = trial + (effect + u_trial) · trained + e, with a fixed intercept a trial, a random effect a
    trial, and a residual variance of each arm's own; y is the change. The pseudo data have every
    arm's printed numbers exactly; statsmodels' MixedLM fits them by REML after each row is divided
    by its arm's residual SD. Beside it, each where at least `minimum_trials` trials print what it
    needs in both arms: `extra.weight_adjusted` with the change of weight as a covariate, correlated
    with the change of the outcome by the imputed `models.weight.within_correlation` and in `sweep`
    by others; `extra.baseline_adjusted`, the end value given baseline (analysis of covariance, one
    slope). Inference by t with Satterthwaite's degrees of freedom (Legha et al. 2018,
    doi:10.1002/sim.7930).

    Arms whose participants are at hand (`people`, of `liverfit.data.individual.people_by_arm`)
    enter with them in place of pseudo data: the participants' own correlations then count, not the
    imputed one. `extra.individual_arms` names these arms; nothing of a participant is returned.
    """
    settings = models["weight"]
    arms = _arms(effects)
    trials = sorted({a["trial_id"] for a in arms})
    if len(trials) < line["minimum_trials"]:
        what = " with n, mean and SD of change in both arms"
        raise TooFewTrials(len(trials), line["minimum_trials"], what)
    direct = participants_behind(arms, line["outcome"], line.get("beside"), people or {})
    fit = fit_arms(arms, people=direct)
    estimate, se, df = (fit[key] for key in ("estimate", "se", "df"))
    t = float(stdtrit(df, 0.5 + models["level"] / 2))
    half, spread = t * se, t * (se**2 + fit["tau2"]) ** 0.5
    return {
        "estimate": estimate,
        "se": se,
        "ci_lower": estimate - half,
        "ci_upper": estimate + half,
        "pi_lower": estimate - spread,
        "pi_upper": estimate + spread,
        "pvalue": float(2 * stdtr(df, -abs(estimate / se))),
        "df": df,
        "tau2": fit["tau2"],
        "k": len(trials),
        "n": round(sum(a["n"] for a in arms)),
        "n_effects": sum(e["trial_id"] in trials for e in effects),
        "fitted_model": "one-stage linear mixed model on pseudo individual data, REML",
        "extra": {
            "residual_scale": fit["scale"],
            "arms": arms,
            "individual_arms": [f"{trial}:{arm}" for trial, arm in sorted(direct)],
            "weight_adjusted": _weight_adjusted(line, arms, settings, direct),
            "baseline_adjusted": _baseline_adjusted(line, arms, direct),
        },
    }


def _weight_adjusted(line: dict, arms: list[dict], settings: dict, direct: Direct) -> dict:
    """With the change of weight as a covariate, at the plan's correlation and at others."""
    kept = _whole([a for a in arms if a["weight_sd"] is not None])
    if refused := _refused(line, kept, "n, mean and SD of weight change"):
        return refused
    sweep = [_fit(kept, r, people=direct) for r in settings["within_correlation_sweep"]]
    return {**_fit(kept, settings["within_correlation"], people=direct), "sweep": sweep}


def _baseline_adjusted(line: dict, arms: list[dict], direct: Direct) -> dict:
    """The end value given baseline: analysis of covariance with one slope."""
    kept = _whole([a for a in arms if a["baseline_r"] is not None])
    if refused := _refused(line, kept, "n, means and possible SDs of baseline, end and change"):
        return refused
    return _fit(kept, None, baseline=True, people=direct)


def _fit(
    arms: list[dict], r: float | None, baseline: bool = False, people: Direct | None = None
) -> dict:
    """`fit_arms` with status ok, or why it could not be fitted."""
    out = {"within_correlation": r, "trials": sorted({a["trial_id"] for a in arms})}
    try:
        return {**out, "status": "ok", "reason": "", **fit_arms(arms, r, baseline, people=people)}
    except (meta.ConvergenceError, np.linalg.LinAlgError, ValueError) as error:
        return {**out, "status": "not_run", "reason": str(error)}


def _refused(line: dict, arms: list[dict], what: str) -> dict | None:
    found, needed = len({a["trial_id"] for a in arms}), line["minimum_trials"]
    if found >= needed:
        return None
    return {
        "status": "too_few",
        "reason": str(TooFewTrials(found, needed, f" with {what} in both arms")),
    }


def _arms(effects: list[dict]) -> list[dict]:
    """Arms of the line's contrasts with n, mean and SD of change, of trials with both kinds."""
    out = {}
    for e in effects:
        for side, trained in (("arm_summary", 1.0), ("comparator_summary", 0.0)):
            found = (e.get(side) or {}).get("outcome")
            if not found or not found["n"] or not found["change_sd"] or found["n"] < FEWEST:
                continue
            weight = (e[side] or {}).get("body_weight") or {}
            out[e["trial_id"], found["arm_id"]] = {
                "trial_id": e["trial_id"],
                "arm_id": found["arm_id"],
                "trained": trained,
                "n": int(found["n"]),
                "mean": found["change_mean"],
                "sd": found["change_sd"],
                **{key: found.get(key) for key in ENDS},
                "baseline_r": _correlation(found),
                "weight_mean": weight.get("change_mean"),
                "weight_sd": weight.get("change_sd"),
                "source_rows": found["source_rows"],
            }
    return _whole([out[key] for key in sorted(out)])


def _correlation(found: dict) -> float | None:
    """Correlation of baseline and end within an arm that the SD of the change implies."""
    spreads = [found.get(key) for key in ("baseline_sd", "post_sd", "change_sd")]
    if not all(spreads) or found.get("post_mean") is None:
        return None
    r = float(correlation_from_sds(*spreads, impossible="nan"))
    return r if abs(r) < 1 else None


def _whole(arms: list[dict]) -> list[dict]:
    """The arms of trials that have a trained and an untrained one."""
    kinds = {}
    for a in arms:
        kinds.setdefault(a["trial_id"], set()).add(a["trained"])
    return [a for a in arms if len(kinds[a["trial_id"]]) == 2]


def moments(arm: dict, r: float | None = None, baseline: bool = False) -> tuple:
    """Means and covariance of (outcome, covariates ...) in one arm.

    The outcome is the change, or with `baseline` the end value, whose covariate baseline then
    comes first; with `r` the change of weight comes last, correlated `r` with the change of the
    outcome and not with its baseline.
    """
    mean, sd = [arm["mean"]], np.array([arm["sd"]])
    corr = np.eye(1)
    if baseline:
        pre, post = arm["baseline_sd"], arm["post_sd"]
        inside = arm["baseline_r"]
        mean, sd = [arm["post_mean"], arm["baseline_mean"]], np.array([post, pre])
        corr = np.array([[1.0, inside], [inside, 1.0]])
    cov = corr * np.outer(sd, sd)
    if r is not None:
        shared = r * arm["sd"] * arm["weight_sd"]
        column = np.array([shared, 0.0][: len(mean)])[:, None]
        cov = np.block([[cov, column], [column.T, np.array([[arm["weight_sd"] ** 2]])]])
        mean = [*mean, arm["weight_mean"]]
    return np.array(mean), cov


def participants_behind(
    arms: list[dict], outcome: str, weight: str | None, people: People
) -> Direct:
    """Participants of the arms that have them: (baseline, end, change of weight) a row.

    A post visit is taken whose n, mean and SD of change are those of the arm's summary, so that
    the rows are the ones behind it; weight is NaN where a participant has none, and of the visit
    that most of them have.
    """
    out = {}
    for a in arms:
        key = (a["trial_id"], a["arm_id"])
        weights = max(people.get(key, {}).get(weight or "", []), key=len, default={})
        for pairs in people.get(key, {}).get(outcome, []):
            lost = {who: end - start for who, (start, end) in weights.items()}
            rows = [(*pairs[who], lost.get(who, np.nan)) for who in sorted(pairs)]
            rows = np.array(rows).reshape(-1, 3)
            change = rows[:, 1] - rows[:, 0]
            if len(change) == a["n"] and np.allclose(
                (change.mean(), change.std(ddof=1)), (a["mean"], a["sd"]), rtol=1e-9, atol=1e-9
            ):
                out[key] = rows
                break
    return out


def _rows_of(rows: np.ndarray, weighted: bool, baseline: bool) -> tuple[np.ndarray, np.ndarray]:
    """Participants as (outcome, covariates …) with their sample covariance, as `moments` orders."""
    columns = [rows[:, 1], rows[:, 0]] if baseline else [rows[:, 1] - rows[:, 0]]
    columns += [rows[:, 2]] if weighted else []
    whole = np.column_stack(columns)
    whole = whole[np.isfinite(whole).all(axis=1)]
    return whole, np.atleast_2d(np.cov(whole, rowvar=False))


def fit_arms(
    arms: list[dict],
    r: float | None = None,
    baseline: bool = False,
    seed: int = 0,
    people: Direct | None = None,
) -> dict:
    """Fit the model to arm summaries, with the covariates of `moments`.

    Arms in `people` (of `participants_behind`) enter with their participants, of whom those count
    who have all covariates; the other arms with pseudo data.

    Returns
    -------
    dict estimate, se, df (of the intervention), tau2 (its variance between trials), slopes (of
    baseline and of weight change, those that are in), scale (residual variance in units of the
    arms' own; near 1), loglik. The seed of the pseudo data changes none of it.

    Raises
    ------
    meta.ConvergenceError
        when MixedLM does not converge.
    """
    trials = sorted({a["trial_id"] for a in arms})
    cells, sds, groups, trained = [], [], [], []
    for a in arms:
        own = (people or {}).get((a["trial_id"], a["arm_id"]))
        if own is not None:
            rows, cov = _rows_of(own, r is not None, baseline)
            if len(rows) < FEWEST:
                raise ValueError(f"{len(rows)} participants of an arm have all covariates")
        else:
            mean, cov = moments(a, r, baseline)
            rng = stream("pseudo", seed, a["trial_id"], a["arm_id"])
            rows = pseudo_sample(a["n"], mean, cov, rng)
        cells.append(rows)
        rest = cov[0, 0] - cov[0, 1:] @ np.linalg.solve(cov[1:, 1:], cov[1:, 0])
        sds.append(np.full(len(rows), rest**0.5))
        groups.append(np.full(len(rows), trials.index(a["trial_id"])))
        trained.append(np.full(len(rows), a["trained"]))
    rows, sd, trial, arm = map(np.concatenate, (cells, sds, groups, trained))
    X = np.column_stack([arm, *(trial == i for i in range(len(trials))), rows[:, 1:]])
    fit = fit_rows(rows[:, 0], X.astype(float), arm[:, None], sd, trial)
    names = [*(["baseline"] if baseline else []), *([] if r is None else ["weight"])]
    slopes = fit.pop("coef")[1 + len(trials) :]
    return {**fit, "slopes": dict(zip(names, map(float, slopes), strict=True))}


def fit_rows(
    y: np.ndarray, X: np.ndarray, Z: np.ndarray, sd: np.ndarray, trial: np.ndarray
) -> dict:
    """MixedLM by REML on whitened rows; the first column of X is the intervention.

    The standard error is that of generalised least squares at the variances that MixedLM finds, as
    nlme gives; MixedLM's own is from the joint Hessian of coefficients and variances.

    Where the random effect has no variance MixedLM's covariance is singular (it then returns no
    standard error); the model without it is ordinary least squares, and `tau2` is 0.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, X, Z = whiten(y, X, Z, sd)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a random effect of zero variance is a result here
        try:
            fit = MixedLM(y, X, groups=trial, exog_re=Z).fit(
                reml=True, method=["lbfgs", "bfgs", "cg"], gtol=1e-8
            )
            tau2, loglik = float(np.ravel(fit.cov_re)[0]), float(fit.llf)
            coef, scale = fit.fe_params, float(fit.scale)
        except np.linalg.LinAlgError:
            tau2 = 0.0
        if tau2 <= 0 or not np.isfinite(fit.bse_fe[0]):
            fit, tau2 = OLS(y, X).fit(), 0.0
            coef, se, df = fit.params, float(fit.bse[0]), float(fit.df_resid)
            scale, loglik = float(fit.scale), float(fit.llf)
        elif fit.converged:
            se, df = inference(X, Z[:, 0], trial, tau2, scale)
        else:
            raise meta.ConvergenceError("MixedLM did not converge on the pseudo individual data")
    return {
        "estimate": float(coef[0]),
        "se": se,
        "df": df,
        "tau2": tau2,
        "coef": coef,
        "scale": scale,
        "loglik": loglik,
    }


def inference(
    X: np.ndarray, z: np.ndarray, trial: np.ndarray, tau2: float, scale: float
) -> tuple[float, float]:
    """Standard error of the first coefficient and its degrees of freedom by Satterthwaite.

    With V = scale I + tau2 z zᵗ within trials, C = (Xᵗ V⁻¹ X)⁻¹ and f = C_11: 2 f² over the
    variance of f at the estimated variances, whose covariance is the inverse of their expected
    information under REML (Satterthwaite 1946, doi:10.2307/3002019).
    """
    random = (trial[:, None] == trial[None, :]) * np.outer(z, z)
    parts = [random, np.eye(len(z))]
    inverse = np.linalg.inv(tau2 * random + scale * parts[1])
    weighed = inverse @ X
    cov = np.linalg.inv(X.T @ weighed)
    project = inverse - weighed @ cov @ weighed.T
    along = weighed @ cov[:, 0]
    gradient = np.array([along @ part @ along for part in parts])
    moved = [project @ part for part in parts]
    information = 0.5 * np.array([[np.sum(a * b.T) for b in moved] for a in moved])
    variance = gradient @ np.linalg.solve(information, gradient)
    return float(cov[0, 0] ** 0.5), float(2 * cov[0, 0] ** 2 / variance)
