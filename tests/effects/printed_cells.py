"""Harmonised cells and arms to build small trials from."""

from __future__ import annotations

CELL = {
    "measurement_id": "",
    "trial_id": "t",
    "arm_id": "ex",
    "comparator_arm_id": "",
    "outcome": "liver_fat",
    "method": "1H-MRS",
    "scale": "percent",
    "sign": 1.0,
    "timepoint": "change",
    "week": 12.0,
    "n": 16.0,
    "center_type": "mean",
    "center": -3.0,
    "spread_kind": "sd",
    "spread": 4.0,
    "lower": None,
    "upper": None,
    "p_op": "",
    "p_value": None,
    "p_scope": "",
    "spread_rule": "printed",
    "caution": "",
    "source_rows": "",
}
ARM = {
    "trial_id": "t",
    "arm_id": "ex",
    "role": "intervention",
    "modality": "aerobic",
    "components": "aerobic",
    "agent": "",
    "allocation": "arm",
    "stratum": "",
    "not_against": "",
    "part_of": "",
}
CONTROL = {"arm_id": "con", "role": "control", "modality": "control", "components": ""}
_count = 0


def cell(**changes) -> dict:
    """One harmonised measurement; each has a row of its own."""
    global _count
    _count += 1
    row = f"t/measurements.csv:{_count}"
    return {**CELL, "measurement_id": row, "source_rows": row, **changes}


def arm(**changes) -> dict:
    """One harmonised arm."""
    return {**ARM, **changes}
