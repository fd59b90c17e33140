"""Uncontrolled changes from baseline, arm by arm: for sensitivity analyses only.

A change without a comparator holds whatever else changed in that time (regression to the mean, the
season, attention), so that no primary analysis takes it. The effects have a table of their own.
"""

from __future__ import annotations

from liverfit.effects.acute import hours_after, window, words_of
from liverfit.effects.change import standardized_mean_change
from liverfit.effects.percent import percent_se_to_log_ratio_se, percent_to_log_ratio
from liverfit.effects.ratios import log_change, log_over_baseline
from liverfit.effects.routes import ROUTES, ArmCells, ArmChange, sides
from liverfit.effects.rows import Context, dose_of, severest_caution

MEASURES = ("MC", "SMCR", "SMCC", "ROMC")
COLUMNS = (
    "effect_id", "trial_id", "label", "cohort_id", "arm_id", "comparator_arm_id", "outcome",
    "measure", "unit", "yi", "vi", "v_arm", "v_comparator", "n1", "n2", "route", "spread_source",
    "standardiser", "r_imputed", "scale", "method", "week", "weeks", "acute", "hours_after",
    "window", "arm_label", "comparator_label", "modality", "comparator_modality", "agent",
    "comparator_agent", "allocation", "minutes_per_week", "intensity_class", "percent_vo2max",
    "weekly_volume", "trial_design", "design", "randomised", "condition", "diet_cointervention",
    "caution", "spread_rules", "source_rows",
)  # fmt: skip


def before_after(context: Context, arm: dict, scales: list[tuple[dict, list[dict]]]) -> list[dict]:
    """The arm's change from baseline in each measure that its numbers allow.

    MC, the raw mean change, on the canonical scale; SMCR, the change in baseline SDs (Becker 1988);
    SMCC, in SDs of the change (Gibbons et al. 1993); ROMC, the log ratio of end and baseline. SMCR
    and SMCC are different scales and are not to be pooled together (Morris and DeShon 2002,
    doi:10.1037/1082-989X.7.1.105). The visit nearest to the programme's end comes first, then a
    printed change before one made from baseline and end.

    Parameters
    ----------
    context : the trial and outcome
    arm : an active arm
    scales : the outcome's scales, each a dict name, canonical, sign with its cells
    """
    end = arm["weeks"]
    latest = end + context.settings["latest_followup_weeks"] if end else float("inf")
    options = []
    for scale, cells in scales:
        own = ArmCells(arm["arm_id"], [c for c in cells if c["arm_id"] == arm["arm_id"]], latest)
        options += [(scale, own, change) for change in sides(own, context.r)]
    options.sort(key=lambda option: _rank(*option, end))
    out = []
    for measure, make in _MAKE.items():
        for scale, own, change in options:
            if made := make(scale, own, change, context.r):
                out.append(_row(context, arm, measure, scale, change, made))
                break
    return out


def _rank(scale: dict, own: ArmCells, change: ArmChange, end: float | None) -> tuple:
    week = change.change.week
    late = 0.0 if end is None or week is None else round(abs(week - end) / 4.0)
    return (change.change.se is None, late, ROUTES.index(change.route), not scale["canonical"],
            change.change.rows)  # fmt: skip


_Made = tuple[float, float, str]  # yi, vi, standardiser


def _raw(scale: dict, own: ArmCells, change: ArmChange, r: float) -> _Made | None:
    if not scale["canonical"] or not change.change.se:
        return None
    return change.change.mean, change.change.se**2, ""


def _by_baseline(scale: dict, own: ArmCells, change: ArmChange, r: float) -> _Made | None:
    """SMCR; a printed SD of change stands for the correlation that it implies at equal SDs."""
    base, made = own.baseline, change.change
    if scale["name"] == "percent_relative" or base is None or not base.sd or not made.sd:
        return None
    if not made.n or made.n <= 2:
        return None
    implied = 1 - made.sd**2 / (2 * base.sd**2) if change.post is None else r
    if not -1 <= implied < 1:
        return None
    e = standardized_mean_change(0.0, base.sd, made.mean, base.sd, made.n, implied)
    return float(e.yi), float(e.vi), "baseline_sd"


def _by_change(scale: dict, own: ArmCells, change: ArmChange, r: float) -> _Made | None:
    """SMCC: two equal SDs with r = 0.5 have a change of the same SD."""
    made = change.change
    if scale["name"] == "percent_relative" or not made.sd or not made.n or made.n <= 2:
        return None
    e = standardized_mean_change(0.0, made.sd, made.mean, made.sd, made.n, 0.5, by="change")
    return float(e.yi), float(e.vi), "change_sd"


def _log_ratio(scale: dict, own: ArmCells, change: ArmChange, r: float) -> _Made | None:
    made = change.change
    if scale["name"] == "percent_relative":
        if not made.se or made.mean <= -100:
            return None
        se = float(percent_se_to_log_ratio_se(made.mean, made.se))
        return float(percent_to_log_ratio(made.mean)), se**2, ""
    if change.post is not None and own.baseline is not None:
        found = log_change(own.baseline, change.post, r)
    else:
        found = log_over_baseline(own.baseline, made) if made.se else None
    return (*map(float, found), "") if found and found[1] > 0 else None


_MAKE = {"MC": _raw, "SMCR": _by_baseline, "SMCC": _by_change, "ROMC": _log_ratio}


def _row(
    context: Context, arm: dict, measure: str, scale: dict, change: ArmChange, made: _Made
) -> dict:
    trial, visit = context.trial, change.change
    yi, vi, standardiser = made
    used = [c for c in context.cells if c["measurement_id"] in visit.rows]
    hours = hours_after(" ".join(map(words_of, used))) if arm["acute"] else None
    identity = (trial["trial_id"], f"{arm['arm_id']}-from-baseline", context.outcome, measure)
    unit = {"MC": context.entry["unit"], "ROMC": "log ratio"}.get(measure, "SD")
    return {
        "effect_id": ":".join(identity),
        **{key: trial[key] for key in ("trial_id", "label", "cohort_id")},
        "arm_id": arm["arm_id"],
        "comparator_arm_id": "",
        "outcome": context.outcome,
        "measure": measure,
        "unit": unit,
        "yi": scale["sign"] * yi,
        "vi": vi,
        "v_arm": vi,
        "v_comparator": 0.0,
        "n1": visit.n,
        "n2": None,
        "route": change.route,
        "spread_source": visit.how,
        "standardiser": standardiser,
        "r_imputed": context.r if change.route == "pre_post" else None,
        "scale": scale["name"],
        "method": used[0]["method"] if used else "",
        "week": visit.week,
        "weeks": arm["weeks"],
        "acute": arm["acute"],
        "hours_after": hours,
        "window": window(hours) if arm["acute"] else "",
        "arm_label": arm["arm_label"],
        "comparator_label": "own baseline",
        "modality": arm["modality"],
        "comparator_modality": "",
        "agent": arm["agent"],
        "comparator_agent": "",
        "allocation": arm["allocation"],
        "minutes_per_week": arm["minutes_per_week"],
        **dose_of(arm),
        "trial_design": trial["design"],
        "design": "before_after",
        **{key: trial[key] for key in ("randomised", "condition", "diet_cointervention")},
        "caution": severest_caution(used),
        "spread_rules": ";".join(
            sorted({c["spread_rule"] for c in used if c["spread_rule"] != "printed"})
        ),
        "source_rows": ";".join(visit.rows),
    }
