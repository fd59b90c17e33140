"""A small pool of effects and a plan of choices for the tests of the multiverse."""

from __future__ import annotations

from claim_parts import MODELS, effect

CHOICES = {
    "measure": ["MD", "SMD"],
    "correlation": ["estimated", 0.9],
    "unresolved_spread": ["leave_out"],
    "dependence": ["three_level", "aggregated", "most_precise", "shared_arm_split"],
    "leave_out": ["none", "most_precise", "most_extreme"],
    "estimator": ["REML", "DL", "HE"],
    "test": ["knha_floor", "knha", "z"],
}
SELECTIONS = {
    "diet": {"options": {"any": {}, "none": {"keep": {"diet_cointervention": ["none"]}}}},
    "population": {
        "options": {"all": {}, "t2d": {"keep": {"condition": ["t2d"]}}, "nobody": {"drop": {
            "condition": ["t2d", "nafld"]}}},
    },
    "method": {
        "outcomes": ["vo2peak"],
        "options": {"any": {}, "direct": {"keep": {"method": ["direct"]}}},
    },
}  # fmt: skip
INCOMPATIBLE = {
    "moments": {"when": {"dependence": ["three_level"], "estimator": ["DL", "HE"]},
                "reason": "by likelihood only"},
    "wald": {"when": {"dependence": ["three_level"], "test": ["z"]}, "reason": "robust only"},
}  # fmt: skip
PLAN_OF_ALL = {
    "listed": None, "choices": CHOICES, "selections": SELECTIONS, "incompatible": INCOMPATIBLE,
}  # fmt: skip
SETTINGS = {"models": MODELS, "verdict": {"minimum_trials": 3}}
EVERY = "estimated|leave_out;0.9|leave_out"


def variant_of(trial: str, yi: float, vi: float, **changes) -> dict:
    row = {
        "line": "primary",
        "variants": EVERY,
        "diet_cointervention": "none",
        "condition": "nafld",
        **changes,
    }
    made = effect(trial, yi, vi, **row)
    made.setdefault("label", trial)
    return made


def pool() -> list[dict]:
    """Six trials, one with two arms against one control, one whose variance depends on r."""
    rows = []
    for measure, scale in (("MD", 1.0), ("SMD", 0.3)):
        of = {"measure": measure}
        made = [
            variant_of("a", -2.0, 0.4, **of),
            variant_of("b", -3.1, 0.9, **of, condition="nafld;t2d"),
            variant_of("c", -1.2, 0.3, **of, diet_cointervention="both_arms"),
            variant_of("d", -2.5, 0.6, **of, arm_id="ae", condition="t2d"),
            variant_of("d", -1.9, 0.5, **of, arm_id="hi", condition="t2d"),
            variant_of("e", -0.2, 0.8, **of, variants="estimated|leave_out", condition="t2d"),
            variant_of("e", -0.2, 0.3, **of, variants="0.9|leave_out", condition="t2d"),
            variant_of("f", -4.0, 2.0, **of, cohort_id="a", n1=10.0),
        ]
        for row in made:
            row.update(yi=row["yi"] * scale, effect_id=f"{row['effect_id']}:{measure}")
            for name in ("vi", "v_arm", "v_comparator"):
                row[name] *= scale**2
            rows.append(row)
    return rows
