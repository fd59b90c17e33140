"""Example rows of every table, and for the mapped formats the columns and mapping to begin with."""

from __future__ import annotations

from dataclasses import replace

from .columns import Column
from .schema import ARMS, MEASUREMENTS, TRIALS

_PAGE = "https://example.org/paper"
_TRIAL = {
    "design": "parallel_rct",
    "randomised": "yes",
    "condition": "nafld;obesity",
    "diet_cointervention": "none",
    "weight_result": "no_change",
    "source_url": _PAGE,
}
_ARM = {
    "trial_id": "doe2030",
    "n_randomised": "20",
    "n_analysed": "18",
    "weeks": "12",
    "source_url": _PAGE,
    "lead_extractor": "E1",
}
_MEASUREMENT = {
    "trial_id": "doe2030",
    "outcome": "liver_fat",
    "method": "1H-MRS",
    "unit": "percent",
    "timepoint": "change",
    "week": "12",
    "n": "18",
    "center_type": "mean",
    "spread_type": "sd",
    "location": "table",
    "source_type": "primary",
    "source_url": _PAGE,
    "extractor": "E1",
}
_VISITS = (
    ("p01", "exercise", "11.2", "8.1", "96.0", "95.2"),
    ("p02", "exercise", "9.4", "7.0", "88.5", "88.1"),
    ("p03", "exercise", "14.8", "11.9", "101.3", "100.6"),
    ("p04", "control", "10.6", "10.9", "92.7", "93.0"),
    ("p05", "control", "13.1", "12.4", "97.2", "96.9"),
    ("p06", "control", "8.9", "9.3", "85.4", "85.8"),
)
_PEOPLE = {"study": "Doe 2030", **_TRIAL, "method": "1H-MRS", "weeks": "12", "modality": "aerobic",
           "n_ex": "18", "n_con": "17"}  # fmt: skip

EXAMPLES: dict[str, list[dict[str, str]]] = {
    "trials": [
        {
            "trial_id": "doe2030",
            "first_author": "Doe",
            "year": "2030",
            "liver_fat_method": "1H-MRS",
            "extractors": "E1",
            **_TRIAL,
        }
    ],
    "arms": [
        {
            "arm_id": "ex",
            "arm_label": "Cycling",
            "role": "intervention",
            "modality": "aerobic",
            "sessions_per_week": "3",
            "minutes_per_session": "45",
            "intensity": "65 % VO2peak",
            "supervised": "yes",
            **_ARM,
        },
        {
            "arm_id": "con",
            "arm_label": "Usual life",
            "role": "control",
            "modality": "control",
            **_ARM,
        },
    ],
    "measurements": [
        {
            "arm_id": "ex",
            "center": "-3.1",
            "spread": "2.4",
            "as_reported": "-3.1 (SD 2.4)",
            **_MEASUREMENT,
        },
        {
            "arm_id": "con",
            "center": "0.2",
            "spread": "2.2",
            "as_reported": "0.2 (SD 2.2)",
            **_MEASUREMENT,
        },
    ],
    "reviews": [
        {
            "review_id": "roe2031",
            "first_author": "Roe",
            "year": "2031",
            "outcome": "liver fat",
            "comparison": "aerobic training vs control",
            "k": "9",
            "n": "412",
            "measure": "MD",
            "unit": "percentage points",
            "estimate": "-2.6",
            "ci_lower": "-3.9",
            "ci_upper": "-1.3",
            "i2": "41",
            "as_reported": "MD -2.6 (95% CI -3.9 to -1.3), I2 41%",
            "source_url": _PAGE,
            "extractor": "E1",
        }
    ],
    "wide": [
        {
            **_PEOPLE,
            "spread_type": "sd",
            "change_ex": "-3.1",
            "spread_ex": "2.4",
            "change_con": "0.2",
            "spread_con": "2.2",
        }
    ],
    "effects": [
        {
            **_PEOPLE,
            "estimate": "-3.3",
            "ci_lower": "-4.9",
            "ci_upper": "-1.7",
            "as_reported": "-3.3 (95% CI -4.9 to -1.7)",
        }
    ],
    "ipd": [
        {"participant": who, "group": group, "week": week, "liver_fat": fat, "body_weight": weight}
        for who, group, fat0, fat12, weight0, weight12 in _VISITS
        for week, fat, weight in (("0", fat0, weight0), ("12", fat12, weight12))
    ],
}


def _fed(name: str, meaning: str = "", target: str = "") -> Column:
    """A column of one's own table with the values of the long-table column that it feeds."""
    long = {c.name: c for table in (TRIALS, ARMS, MEASUREMENTS) for c in table.columns}
    column = long[target or name]
    return replace(column, name=name, meaning=meaning or column.meaning)


_STUDY = (
    Column("study", "First author and year, as `Doe 2030`; names the trial.", required=True),
    *map(_fed, _TRIAL),
    _fed("method", "How liver fat was measured."),
    _fed("weeks", "Duration of the intervention."),
    _fed("modality", "Modality of the exercise arm."),
    _fed("n_ex", "Participants analysed in the exercise arm.", "n_analysed"),
    _fed("n_con", "Participants analysed in the control arm.", "n_analysed"),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "wide": (
        *_STUDY,
        _fed("spread_type", "Kind of both spreads; `sd_or_se` where the source does not say it."),
        _fed("change_ex", "Mean change of liver fat in the exercise arm, in percentage points.",
             "center"),
        _fed("spread_ex", "Its spread.", "spread"),
        _fed("change_con", "Mean change in the control arm.", "center"),
        _fed("spread_con", "Its spread.", "spread"),
    ),
    "effects": (
        *_STUDY,
        _fed("estimate", "Liver fat, exercise minus control, in percentage points.", "center"),
        _fed("ci_lower", "Lower end of its 95 % confidence interval.", "lower"),
        _fed("ci_upper", "Upper end.", "upper"),
        _fed("se", "Its standard error, where no interval is printed.", "spread"),
        _fed("p_value", "Its p-value; enough where neither is printed."),
        _fed("as_reported"),
    ),
    "ipd": (
        Column("participant", "A name of the participant that tells nobody who it is.",
               required=True),
        Column("group", "Arm of the participant: `exercise` or `control`.", required=True),
        Column("week", "Week of the visit: `0` for baseline, `12` for the end.", required=True),
        _fed("liver_fat", "Liver fat at the visit, in percent.", "center"),
        _fed("body_weight", "Body weight at the visit, in kg.", "center"),
    ),
}  # fmt: skip

_MAPPED_TRIAL = """\
  trials:
    first_author: { column: study }
    design: { column: design }
    randomised: { column: randomised }
    condition: { column: condition }
    diet_cointervention: { column: diet_cointervention }
    weight_result: { column: weight_result }
  arms:                # each entry makes one arm of every row
    - { arm_id: ex, arm_label: exercise, role: intervention, modality: { column: modality },
        weeks: { column: weeks }, n_analysed: { column: n_ex } }
    - { arm_id: con, arm_label: control, role: control, modality: control,
        weeks: { column: weeks }, n_analysed: { column: n_con } }
"""
_MAPPED_DEFAULTS = """\
mapping:               # which column of the file feeds which column of the data dictionary
  defaults:            # a value without `column` is the same for every row
    trial_id: { column: study, id: true }
    source_url: { column: source_url }
    extractors: ""     # for example ME
    lead_extractor: "" # for example ME
    extractor: ""      # for example ME
    location: ""       # for example table
    source_type: ""    # for example primary
    outcome: liver_fat
    method: { column: method }
    unit: percent
    week: { column: weeks }
"""
MAPPINGS: dict[str, str] = {
    "wide": _MAPPED_DEFAULTS
    + _MAPPED_TRIAL
    + """\
  measurements:        # each entry makes one measurement of every row; add those of other outcomes
    - { arm_id: ex, timepoint: change, n: { column: n_ex }, center_type: mean,
        center: { column: change_ex }, spread_type: { column: spread_type },
        spread: { column: spread_ex } }
    - { arm_id: con, timepoint: change, n: { column: n_con }, center_type: mean,
        center: { column: change_con }, spread_type: { column: spread_type },
        spread: { column: spread_con } }
""",
    "effects": _MAPPED_DEFAULTS
    + _MAPPED_TRIAL
    + """\
  measurements:        # arm_id minus comparator_arm_id; add entries for other outcomes
    - { arm_id: ex, comparator_arm_id: con, center: { column: estimate },
        lower: { column: ci_lower }, upper: { column: ci_upper }, spread: { column: se },
        p_value: { column: p_value }, as_reported: { column: as_reported } }
""",
    "ipd": """\
mapping:               # which column of the file feeds which column of the data dictionary
  participant: { column: participant }
  defaults:            # a value without `column` is the same for every row
    trial_id: ""       # for example doe2030
    arm_id: { column: group, words: { exercise: ex, control: con } }
    timepoint: { column: week, words: { 0: baseline, 12: post } }
    week: { column: week }
    source_url: ""     # for example https://example.org/paper
    extractors: ""     # for example ME
    lead_extractor: "" # for example ME
    extractor: ""      # for example ME
    location: ""       # for example table
    source_type: ""    # for example primary
  trials:
    design: ""         # for example parallel_rct
    randomised: ""     # for example "yes"
    condition: ""      # for example nafld
    diet_cointervention: "" # for example none
    weight_result: ""  # for example no_change
  arms:
    - arm_label: { column: group }
      role: { column: group, words: { exercise: intervention, control: control } }
      modality: { column: group, words: { exercise: aerobic, control: control } }
      weeks: { column: week, words: { 0: "12", 12: "12" } }
  measurements:        # one entry a column with an outcome
    - { outcome: liver_fat, method: 1H-MRS, unit: percent, center: { column: liver_fat } }
    - { outcome: body_weight, unit: kg, center: { column: body_weight } }
""",
}
