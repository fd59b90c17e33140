"""Small-study effects, selection and influence: how an estimate depends on which trials it has.

All tests here take one effect a trial (`one_effect_a_trial`). What cannot be run on the trials at
hand has a status other than ok and says why.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import one_effect_a_trial
from liverfit.claims.fit import fit_line
from liverfit.claims.models.common import POOLED
from liverfit.claims.simulate import ordered
from liverfit.claims.verdict import line_verdict

# Sterne et al. 2011 (doi:10.1136/bmj.d4002): with fewer trials chance looks like asymmetry.
ENOUGH_FOR_ASYMMETRY = 10
FEWEST = 3


def assess_bias(claim: dict, settings: dict) -> dict:
    """Bias and influence for every fitted pooled line of a judged claim.

    Parameters
    ----------
    claim : results/judged/{claim}.json
    settings : the sections `models` and `bias` of the analysis plan

    Returns
    -------
    dict `claim`, `lines`: {name: {status, reason, trials, tests, adjusted, leave_one_out,
    influence}}, as written to results/bias/{claim}.json
    """
    return {
        "claim": claim["claim"],
        "lines": {line["name"]: _line(line, settings) for line in claim["lines"]},
    }


def _line(line: dict, settings: dict) -> dict:
    if line["status"] != "ok":
        return _not_run(line["status_reason"])
    if line["estimate"] is None:
        return _not_run("the line estimates no single effect")
    if line.get("nodes"):
        return _not_run("a network compares several kinds; its effects are no one funnel")
    # Of a factorial line the interaction contrasts: those between cells are other effects.
    effects = [e for e in ordered(line)["effects"] if e.get("vi")]
    trials = one_effect_a_trial(effects)
    if len(trials) < FEWEST:
        return _not_run(f"{len(trials)} trials, {FEWEST} are needed")
    yi = np.array([t["yi"] for t in trials])
    vi = np.array([t["vi"] for t in trials])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        return {
            "status": "ok",
            "reason": "",
            "trials": trials,
            "tests": tests(yi, vi),
            "adjusted": adjusted(yi, vi, line, settings),
            "leave_one_out": leave_one_out(line, settings["models"]),
            "influence": influence(trials, yi, vi, settings["models"]),
        }


def _not_run(reason: str) -> dict:
    empty = {key: {} for key in ("tests", "adjusted", "influence")}
    return {"status": "not_run", "reason": reason, "trials": [], "leave_one_out": [], **empty}


def _run(method: Callable[[], dict]) -> dict:
    """The method's own fields with status ok, or why it could not be run."""
    try:
        return {"status": "ok", "reason": "", **method()}
    except (ValueError, meta.ConvergenceError, np.linalg.LinAlgError) as error:
        return {"status": "not_run", "reason": str(error)}


def tests(yi: np.ndarray, vi: np.ndarray) -> dict:
    """Funnel asymmetry: Egger's regression (Egger et al. 1997, doi:10.1136/bmj.315.7109.629) and
    the rank correlation (Begg and Mazumdar 1994, doi:10.2307/2533446)."""

    def egger() -> dict:
        test = meta.egger_test(yi, vi)
        return {
            "statistic": float(test.statistic),
            "pvalue": float(test.pvalue),
            "slope": float(test.slope),
            "slope_se": float(test.slope_se),
        }

    def rank() -> dict:
        test = meta.rank_test(yi, vi)
        return {"statistic": float(test.statistic), "pvalue": float(test.pvalue)}

    return {
        "k": len(yi),
        "enough_trials": len(yi) >= ENOUGH_FOR_ASYMMETRY,
        "egger": _run(egger),
        "rank": _run(rank),
    }


def adjusted(yi: np.ndarray, vi: np.ndarray, line: dict, settings: dict) -> dict:
    """Estimates under three accounts of what is missing; sensitivity analyses, no corrections.

    Trim and fill (Duval and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x), PET-PEESE (Stanley
    and Doucouliagos 2014, doi:10.1002/jrsm.1095) and a step selection model (Vevea and Hedges 1995,
    doi:10.1007/BF02294384) in which trials whose one-sided p-value for the claimed direction passes
    the step are more likely to be printed. `unadjusted` is the model of independent trials that
    they adjust.
    """
    models, steps = settings["models"], settings["bias"]["selection_steps"]
    options = {"method": models["estimator"], "test": models["test"], "level": models["level"]}
    side = {"decrease": "less", "increase": "greater"}.get(line["direction"], "two-sided")

    def unadjusted() -> dict:
        return _estimate(meta.random_effects(yi, vi, **options))

    def trim_and_fill() -> dict:
        r = meta.trim_and_fill(yi, vi, **options)
        return {
            **_estimate(r),
            "k0": int(r.k0),
            "side": r.side,
            "filled_yi": r.filled_yi,
            "filled_vi": r.filled_vi,
        }

    def pet_peese() -> dict:
        r = meta.pet_peese(yi, vi)
        return {**_estimate(r), "selected": r.selected}

    def selection_model() -> dict:
        r = meta.selection_model(yi, vi, steps=tuple(steps), alternative=side)
        if min(r.counts) == 0:
            raise ValueError("all trials fall into one interval of p-values")
        return {
            **_estimate(r),
            "alternative": side,
            "weights": r.weights,
            "lrt": float(r.lrt),
            "lrt_pvalue": float(r.lrt_pvalue),
        }

    return {f.__name__: _run(f) for f in (unadjusted, trim_and_fill, pet_peese, selection_model)}


def _estimate(r) -> dict:
    low, high = np.asarray(r.ci).reshape(-1, 2)[0]
    return {
        "estimate": float(np.atleast_1d(r.coef)[0]),
        "se": float(np.atleast_1d(r.se)[0]),
        "ci_lower": float(low),
        "ci_upper": float(high),
    }


def leave_one_out(line: dict, models: dict) -> list[dict]:
    """The line's own model and verdict without each trial in turn, by trial."""
    if line["specified_model"] not in POOLED:
        return []
    out = []
    for trial in sorted({e["trial_id"] for e in line["effects"]}):
        kept = [e for e in line["effects"] if e["trial_id"] != trial]
        fit = fit_line({**line, "model": line["specified_model"], "effects": kept}, models)
        verdict, _ = line_verdict({**line, **fit, "extra": {**line["extra"], **fit["extra"]}})
        label = next(e["label"] for e in line["effects"] if e["trial_id"] == trial)
        out.append(
            {
                "trial_id": trial,
                "label": label,
                **{key: fit[key] for key in ("estimate", "ci_lower", "ci_upper", "tau2", "i2")},
                "verdict": verdict,
                "status": fit["status"],
                "reason": fit["status_reason"],
            }
        )
    return out


def influence(trials: list[dict], yi: np.ndarray, vi: np.ndarray, models: dict) -> dict:
    """Deletion diagnostics by trial (Viechtbauer and Cheung 2010, doi:10.1002/jrsm.11) and the
    coordinates of the Baujat plot (Baujat et al. 2002, doi:10.1002/sim.1221)."""

    def diagnostics() -> dict:
        fit = meta.random_effects(yi, vi, method=models["estimator"], test="z")
        table = fit.influence()
        weight = 1 / (vi + fit.tau2)
        mean = float(weight @ yi / weight.sum())
        rows = []
        for i, trial in enumerate(trials):
            rest = np.arange(len(yi)) != i
            without = float(weight[rest] @ yi[rest] / weight[rest].sum())
            row = {
                "trial_id": trial["trial_id"],
                "label": trial["label"],
                "baujat_q": float(weight[i] * (yi[i] - mean) ** 2),
                "baujat_shift": float((mean - without) ** 2 * weight[rest].sum()),
            }
            for name in ("rstudent", "dffits", "cook", "hat", "tau2_del", "coef_del"):
                value = float(table[name].iloc[i])
                row[name] = value if np.isfinite(value) else None
            row["influential"] = bool(table["influential"].iloc[i])
            rows.append(row)
        return {"trials": rows}

    return _run(diagnostics)
