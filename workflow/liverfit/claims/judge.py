"""One claim judged: every line fitted, the verdict by the declared rule."""

from __future__ import annotations

import math

from liverfit.claims.bayes import claim_probability, probability
from liverfit.claims.fit import fit_line, subgroups
from liverfit.claims.models.common import has_floor
from liverfit.claims.models.time import minutes_ratio, non_inferiority_test
from liverfit.claims.planning import claim_settling, settling_trial
from liverfit.claims.verdict import combined, line_verdict, lowest_dose_by_point
from liverfit.data.individual import People
from liverfit.effects.ratios import Z975


def judge_claim(claim: dict, evidence: dict, settings: dict, people: People | None = None) -> dict:
    """Fit each line of a claim's evidence and judge the claim.

    Parameters
    ----------
    claim : one entry of config/claims.yaml
    evidence : what `select_evidence` returned for it
    settings : the sections `models` and `verdict` of the analysis plan
    people : participants by arm, for one-stage lines; none of them is in what is returned

    Returns
    -------
    dict as written to results/judged/{claim}.json, which `conclude_claim` completes.
    """
    lines = [_judged(line, settings, people) for line in evidence["lines"]]
    verdict, reason = combined(claim, lines)
    likely, why = claim_probability(lines)
    return {
        "claim": claim["id"],
        "section": claim["section"],
        "statement": claim["statement"],
        "population": claim["population"],
        "estimand": claim["estimand"],
        "combine": claim.get("combine", "all"),
        "would_settle": claim.get("would_settle", ""),
        "verdict": verdict,
        "reason": reason,
        "probability": likely,
        "probability_reason": why,
        "settling_trial": claim_settling(claim, lines),
        "lines": lines,
        "near_misses": evidence["near_misses"],
    }


def _judged(line: dict, settings: dict, people: People | None) -> dict:
    needed = line["minimum_trials"] or settings["verdict"]["minimum_trials"]
    line = {**line, "minimum_trials": needed}
    fit = fit_line(line, settings["models"], people)
    weights = fit.pop("weights", None)
    fitted = {"model": fit["fitted_model"] or line["model"], "specified_model": line["model"]}
    out = {**line, **fit, **fitted}
    if line["rule"] == "non_inferiority":
        out["extra"] = {**fit["extra"], **_time(line, fit, settings["models"]["level"])}
    out["effects"] = [
        _shown(e, w)
        for e, w in zip(line["effects"], weights or [None] * len(line["effects"]), strict=True)
    ]
    out["subgroups"] = []
    if fit["status"] == "ok" and not line["nodes"]:
        out["subgroups"] = subgroups(line, settings["models"])
    out["verdict"], out["verdict_reason"] = line_verdict(out)
    if line["rule"] == "lowest_dose" and fit["status"] == "ok":
        out["extra"]["point_rule"] = dict(
            zip(("verdict", "reason"), lowest_dose_by_point(out), strict=True)
        )
    out.update(probability(out, settings["models"]))
    plan, models = settings["verdict"]["planned_trial"], settings["models"]
    out["settling_trial"] = settling_trial(
        out, plan["power"], plan["alpha"], models["test"], has_floor(models)
    )
    return out


def _shown(effect: dict, weight: float | None) -> dict:
    se = math.sqrt(effect["vi"])
    return {
        **effect,
        "se": se,
        "ci_lower": effect["yi"] - Z975 * se,
        "ci_upper": effect["yi"] + Z975 * se,
        "weight": weight,
        "source_rows": effect["source_rows"].split(";"),
    }


def _time(line: dict, fit: dict, level: float) -> dict:
    """Weekly minutes set against each other: in the line's own trials, and in all of its kind."""
    wider = minutes_ratio(line["weekly_minutes"], level)
    return {
        **minutes_ratio(line["effects"], level),
        **{f"any_outcome_{key}": value for key, value in wider.items()},
        **non_inferiority_test(line, fit),
    }
