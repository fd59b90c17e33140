"""Effects, lines and plans to build small claims from."""

from __future__ import annotations

import pandas as pd

from liverfit.effects.arm_summaries import COLUMNS

MODELS = {
    "estimator": "REML",
    "test": "knha",
    "hartung_knapp_floor": True,
    "level": 0.95,
    "r2_resamples": 20,
    "curve_points": 5,
    "seed": 1,
    "bayes": {"tau_scale": 0.5, "effect_scale": 2.0},
    "weight": {
        "within_correlation": 0.3,
        "within_correlation_sweep": [0.0, 0.6],
        "change_sd_percent": 5.0,
        "margins_percent": [1.0, 3.0],
        "simex": {"draws": 100, "seed": 1},
    },
}
SETTINGS = {
    "models": MODELS,
    "verdict": {"minimum_trials": 3, "planned_trial": {"power": 0.8, "alpha": 0.05}},
    "calibration": {
        "seed": 1,
        "simulations": 400,
        "simulations_one_by_one": 100,
        "heterogeneity_factor": 2,
    },
}
PLAN = {
    "randomised": ["yes", "unclear"],
    "designs": ["parallel_rct", "crossover_rct", "secondary_analysis"],
    "allocation": ["arm", "pooled_whole", "subset_only", "pooled_parts_only"],
    "cautions": "drop",
    "routes": ["printed_contrast", "change_scores", "pre_post", "post_only"],
}
OUTCOMES = {
    "outcomes": {
        "liver_fat": {
            "label": "Liver fat",
            "unit": "percentage points",
            "margin": 1.0,
            "standardised_margin": 0.2,
        },
        "vo2peak": {"label": "VO2peak", "unit": "mL/kg/min", "margin": 1.0},
    }
}
COMPARISON = {
    "experimental": {"modality": ["aerobic", "hiit"]},
    "comparator": {"modality": ["control", "placebo"]},
    "favours": ["exercise", "no exercise"],
}
CLAIM = {
    "id": "small_claim",
    "section": "Fundamentals",
    "statement": "Exercise lowers liver fat.",
    "population": "people",
    "estimand": "mean difference",
    "comparison": COMPARISON,
    "lines": [
        {
            "name": "primary",
            "role": "primary",
            "outcome": "liver_fat",
            "measure": "MD",
            "direction": "decrease",
        }
    ],
}
EFFECT = {
    "label": "T 2020",
    "arm_id": "ex",
    "comparator_arm_id": "con",
    "arm_label": "exercise",
    "comparator_label": "control",
    "outcome": "liver_fat",
    "measure": "MD",
    "modality": "aerobic",
    "comparator_modality": "control",
    "agent": "",
    "comparator_agent": "",
    "n1": 20.0,
    "n2": 20.0,
    "route": "change_scores",
    "spread_source": "sd",
    "standardiser": "",
    "method": "1H-MRS",
    "week": 12.0,
    "weeks": 12.0,
    "acute": False,
    "minutes_per_week": 150.0,
    "comparator_minutes_per_week": None,
    "intensity_class": "",
    "percent_vo2max": None,
    "weekly_volume": None,
    "weight_change_percent": None,
    "weight_stable": "unknown",
    "weight_evidence": "none",
    "baseline_testosterone": None,
    "design": "parallel_rct",
    "randomised": "yes",
    "allocation": "arm",
    "caution": "",
}


def effect(trial: str, yi: float, vi: float, share: float = 0.5, **changes) -> dict:
    """One effect; `share` is the comparator's part of its variance."""
    row = {
        **EFFECT,
        "trial_id": trial,
        "cohort_id": trial,
        "yi": yi,
        "vi": vi,
        "v_arm": vi * (1 - share),
        "v_comparator": vi * share,
        "source_rows": f"t/measurements.csv:{trial}",
        **changes,
    }
    row.setdefault("effect_id", f"{trial}:{row['arm_id']}-vs-{row['comparator_arm_id']}")
    return row


def table(effects: list[dict]) -> pd.DataFrame:
    """Effects as the table that `derive_effects` gives."""
    return pd.DataFrame(effects, columns=None if effects else [*EFFECT, "trial_id"])


def contrasts(*rows: dict) -> pd.DataFrame:
    """Contrasts as the table that `derive_effects` gives."""
    columns = (
        "trial_id", "label", "arm_id", "comparator_arm_id", "outcome", "modality",
        "comparator_modality", "agent", "comparator_agent", "allocation", "acute", "arm_prints",
        "comparator_prints", "measures", "reason", "source_rows",
    )  # fmt: skip
    filled = [{**dict.fromkeys(columns, ""), **EFFECT, **r} for r in rows]
    return pd.DataFrame(
        [{c: r[c] for c in columns} | {"acute": r["acute"]} for r in filled], columns=list(columns)
    )


def arm_summaries(*rows: dict) -> pd.DataFrame:
    """Summaries of arms as the table that `derive_effects` gives."""
    return pd.DataFrame([{**dict.fromkeys(COLUMNS), **r} for r in rows], columns=list(COLUMNS))


def line(**changes) -> dict:
    """A fitted line, as verdict rules see it."""
    return {
        "name": "primary",
        "role": "primary",
        "outcome": "liver_fat",
        "outcome_label": "Liver fat",
        "measure": "MD",
        "unit": "percentage points",
        "direction": "decrease",
        "null": 0.0,
        "margin": 1.0,
        "rule": "superiority",
        "design": "controlled",
        "model": "random_effects",
        "moderator": None,
        "minimum_trials": 3,
        "status": "ok",
        "status_reason": "",
        "extra": {},
        "effects": [],
        **changes,
    }
