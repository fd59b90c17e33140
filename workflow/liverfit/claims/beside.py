"""What a line sets beside each effect: its effect on another outcome, and both arms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EFFECT = ("effect_id", "yi", "vi", "v_arm", "v_comparator", "n1", "n2", "route")
ARM = ("arm_id", "n", "baseline_mean", "baseline_sd", "post_mean", "post_sd", "change_mean",
       "change_sd", "r_imputed", "change_route")  # fmt: skip


def beside(effects: list[dict], line: dict, others: list[dict], arms: dict) -> list[dict]:
    """The effects, each with `beside`: the same contrast's mean difference in the other outcome (or
    None), and the summaries of both arms on the canonical scale: `arm_summary`,
    `comparator_summary`, with `outcome` (the line's) and the other outcome by its name."""
    name = line["beside"]
    found = {contrast_key(e): e for e in others if e["outcome"] == name and e["measure"] == "MD"}
    out = []
    for e in effects:
        other = found.get(contrast_key(e))
        row = {**e, "beside": None}
        if other:
            row["beside"] = {
                **{k: other[k] for k in EFFECT},
                "source_rows": other["source_rows"].split(";"),
            }
        for key, arm in (("arm_summary", "arm_id"), ("comparator_summary", "comparator_arm_id")):
            row[key] = {
                "outcome": arms.get((e["trial_id"], e[arm], line["outcome"])),
                name: arms.get((e["trial_id"], e[arm], name)),
            }
        out.append(row)
    return out


def summaries_by_arm(table: pd.DataFrame) -> dict[tuple[str, str, str], dict]:
    """{(trial, arm, outcome): summary on the canonical scale}; the first, where one has several."""
    out = {}
    for row in table[table["canonical"].astype(bool)].to_dict("records"):
        kept = {k: None if _missing(row[k]) else row[k] for k in ARM}
        kept["source_rows"] = row["source_rows"].split(";")
        out.setdefault((row["trial_id"], row["arm_id"], row["outcome"]), kept)
    return out


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def contrast_key(row: dict) -> tuple[str, str, str]:
    """What makes a contrast: its trial and both arms."""
    return row["trial_id"], row["arm_id"], row["comparator_arm_id"]
