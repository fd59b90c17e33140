"""Rows of the two tables that the derivation ends in: contrasts and effects."""

from __future__ import annotations

from dataclasses import dataclass

from liverfit.effects.measures import Measured
from liverfit.effects.pairs import Pair
from liverfit.effects.summaries import summary

CONTRAST_COLUMNS = (
    "trial_id",
    "label",
    "arm_id",
    "comparator_arm_id",
    "outcome",
    "modality",
    "comparator_modality",
    "agent",
    "comparator_agent",
    "allocation",
    "acute",
    "arm_prints",
    "comparator_prints",
    "measures",
    "reason",
    "source_rows",
)
BEFORE = (
    "effect_id",
    "trial_id",
    "label",
    "cohort_id",
    "arm_id",
    "comparator_arm_id",
    "outcome",
    "measure",
    "unit",
    "yi",
    "vi",
    "v_arm",
    "v_comparator",
    "n1",
    "n2",
    "route",
    "spread_source",
    "standardiser",
    "r_imputed",
    "scale",
    "method",
    "week",
    "weeks",
    "acute",
    "arm_label",
    "comparator_label",
    "modality",
    "comparator_modality",
    "agent",
    "comparator_agent",
    "isolated",
    "background",
    "allocation",
    "minutes_per_week",
    "comparator_minutes_per_week",
    "intensity_class",
    "percent_vo2max",
    "weekly_volume",
)
WEIGHT = ("weight_change_percent", "weight_stable", "weight_evidence", "weight_rows")
AFTER = (
    "design",
    "randomised",
    "condition",
    "diet_cointervention",
    "caution",
    "spread_rules",
    "source_rows",
)


def effect_columns(moderators: list[str]) -> list[str]:
    """Columns of the effects, a baseline column for each moderator among them."""
    return [*BEFORE, *WEIGHT, *(f"baseline_{name}" for name in moderators), *AFTER]


@dataclass(frozen=True)
class Context:
    """One trial and outcome: all that its contrasts and effects are made from."""

    trial: dict
    outcome: str
    entry: dict
    cells: list[dict]
    r: float
    settings: dict
    baselines: dict[str, float | None]
    arms: list[dict]
    words: list[dict]


def severest_caution(cells: list[dict]) -> str:
    """The severest caution on the cells behind an effect."""
    cautions = {c["caution"] for c in cells} | {""}
    return next(s for s in ("exclude_primary", "check", "info", "") if s in cautions)


def dose_of(arm: dict) -> dict:
    """How hard an arm trains; its weekly volume is minutes a week × percent of VO2max / 100."""
    minutes, percent = arm["minutes_per_week"], arm["percent_vo2max"]
    return {
        "intensity_class": arm["intensity_class"],
        "percent_vo2max": percent,
        "weekly_volume": minutes * percent / 100 if minutes and percent else None,
    }


def prints(cells: list[dict], arm_id: str) -> str:
    """What an arm prints of an outcome beyond baseline: spread (and number), number, or ""."""
    own = [
        summary(c) for c in cells if c["arm_id"] == arm_id and c["timepoint"] in ("post", "change")
    ]
    if any(s.se for s in own):
        return "spread"
    return "number" if own else ""


def contrast_row(
    context: Context, pair: Pair, made: dict[str, Measured], reason: str, relevant: list[dict]
) -> dict:
    """One row of the contrasts: the pair, its measures, or the reason why it has none."""
    a, b = pair.arm, pair.comparator
    rows = [r for c in relevant for r in c["source_rows"].split(";") if r]
    rows += [d["row_id"] for d in context.words if d["arm_id"] in (a["arm_id"], b["arm_id"])]
    return {
        "trial_id": context.trial["trial_id"],
        "label": context.trial["label"],
        "arm_id": a["arm_id"],
        "comparator_arm_id": b["arm_id"],
        "outcome": context.outcome,
        "modality": a["modality"],
        "comparator_modality": b["modality"],
        "agent": a["agent"],
        "comparator_agent": b["agent"],
        "allocation": pair.allocation,
        "acute": bool(a["acute"]),
        "arm_prints": prints(relevant, a["arm_id"]),
        "comparator_prints": prints(relevant, b["arm_id"]),
        "measures": ";".join(made),
        "reason": reason,
        "source_rows": ";".join(dict.fromkeys(rows)),
    }


def effect_row(context: Context, pair: Pair, m: Measured, evidence: dict) -> dict:
    """One row of the effects; `evidence` is what `WeightEvidence.of` tells of the pair."""
    trial, d = context.trial, m.difference
    a, b = pair.arm, pair.comparator
    used = [c for c in context.cells if c["measurement_id"] in d.rows]
    identity = (trial["trial_id"], f"{a['arm_id']}-vs-{b['arm_id']}", context.outcome, m.measure)
    rules = {c["spread_rule"] for c in used if c["spread_rule"] != "printed"}
    return {
        "effect_id": ":".join(identity),
        "trial_id": trial["trial_id"],
        "label": trial["label"],
        "cohort_id": trial["cohort_id"],
        "arm_id": a["arm_id"],
        "comparator_arm_id": b["arm_id"],
        "outcome": context.outcome,
        "measure": m.measure,
        "unit": {"MD": context.entry["unit"], "SMD": "SD", "ROM": "log ratio"}[m.measure],
        "yi": m.yi,
        "vi": m.vi,
        "v_arm": m.v_arm,
        "v_comparator": m.v_comparator,
        "n1": d.n1,
        "n2": d.n2,
        "route": m.route,
        "spread_source": d.how,
        "standardiser": m.standardiser,
        "r_imputed": d.r,
        "scale": d.scale,
        "method": used[0]["method"] if used else "",
        "week": d.week,
        "weeks": a["weeks"],
        "acute": a["acute"],
        "arm_label": a["arm_label"],
        "comparator_label": b["arm_label"],
        "modality": a["modality"],
        "comparator_modality": b["modality"],
        "agent": a["agent"],
        "comparator_agent": b["agent"],
        "isolated": ";".join(pair.isolated),
        "background": ";".join(pair.background),
        "allocation": pair.allocation,
        "minutes_per_week": a["minutes_per_week"],
        "comparator_minutes_per_week": b["minutes_per_week"],
        **dose_of(a),
        **evidence,
        **context.baselines,
        "design": trial["design"],
        "randomised": trial["randomised"],
        "condition": trial["condition"],
        "diet_cointervention": trial["diet_cointervention"],
        "caution": severest_caution(used),
        "spread_rules": ";".join(sorted(rules)),
        "source_rows": ";".join(d.rows),
    }
