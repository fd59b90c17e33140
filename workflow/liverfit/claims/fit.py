"""The model of one line of evidence: from effects to a pooled estimate."""

from __future__ import annotations

import numpy as np

from liverfit import meta
from liverfit.claims.models import MODELS
from liverfit.claims.models.common import NotEstimable, TooFewTrials, participants
from liverfit.claims.models.pooled import random_effects
from liverfit.data.individual import People

EMPTY = dict.fromkeys(
    ("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "df", "pvalue", "tau2",
     "i2", "q", "q_pvalue")
)  # fmt: skip


def fit_line(line: dict, models: dict, people: People | None = None) -> dict:
    """Fit a line's model; `status` says ok, too_few or not_run, `status_reason` why.

    Random effects: univariate REML with Hartung-Knapp where every trial gives one effect; effects
    within trials (three-level, cluster-robust CR2 with Satterthwaite degrees of freedom) where one
    gives several. `people` are participants of trials that print them, for the one-stage model.
    """
    effects = line["effects"]
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
    if len(trials) < line["minimum_trials"] and line["model"] != "interaction":
        out["status"] = "too_few"
        out["status_reason"] = str(TooFewTrials(len(trials), line["minimum_trials"]))
        return out
    try:
        own = (people,) if line["model"] == "one_stage" else ()
        out.update(MODELS[line["model"]](line, effects, models, *own))
    except TooFewTrials as error:
        out.update(k=error.found, n=None, status="too_few", status_reason=str(error))
        out["extra"] = error.extra
    except NotEstimable as error:
        out.update(EMPTY, status="not_run", status_reason=str(error), extra=error.extra)
    except (meta.ConvergenceError, np.linalg.LinAlgError, ValueError) as error:
        out.update(EMPTY, status="not_run", status_reason=f"{type(error).__name__}: {error}")
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
