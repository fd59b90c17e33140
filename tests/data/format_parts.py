"""Data sets of the formats wide, effects and ipd, of numbers that are printed in data/raw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from liverfit.claims.pseudo import pseudo_sample
from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.harmonize import harmonize
from liverfit.data.registry import write_checksums
from liverfit.effects.derive import Derived, derive_effects

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {
    name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
    for name in ("config", "outcomes", "modalities")
}
HEAD = """\
title: Printed numbers in another form
description: Numbers of data/raw, laid out anew for the tests.
citation: The trials named
licence: CC-BY-4.0
contact: The liverfit project
interventions: [exercise]
"""
DEFAULTS = """\
  defaults:
    trial_id: { column: study, id: true }
    source_url: https://example.org/table
    extractors: E1
    lead_extractor: E1
    extractor: E1
    location: table
    source_type: primary
    outcome: liver_fat
    method: { column: method }
    unit: percent
  trials:
    first_author: { column: study }
    design: parallel_rct
    randomised: "yes"
    condition: nafld
    diet_cointervention: none
    weight_result: not_reported
"""
WIDE = (
    HEAD
    + """\
format: wide
files:
  wide: { file: wide.csv, delimiter: ",", encoding: utf-8 }
mapping:
"""
    + DEFAULTS
    + """\
  arms:
    - { arm_id: ex, arm_label: { column: arm1 }, role: intervention, modality: { column: arm1 },
        weeks: { column: weeks }, n_analysed: { column: n1 } }
    - { arm_id: con, arm_label: control, role: control, modality: control,
        weeks: { column: weeks }, n_analysed: { column: n2 } }
  measurements:
"""
    + "".join(
        f"    - {{ arm_id: {arm}, timepoint: {when}, week: {week}, n: {{ column: n{i} }},\n"
        f"        center_type: mean, center: {{ column: {stem}{i} }},\n"
        "        spread_type: { column: kind, default: sd }, "
        f"spread: {{ column: {stem}{i}_sd }},\n"
        f"        as_reported: {{ column: [{stem}{i}, {stem}{i}_sd] }} }}\n"
        for i, arm in ((1, "ex"), (2, "con"))
        for when, stem, week in (
            ("baseline", "pre", "0"),
            ("post", "post", "{ column: weeks }"),
            ("change", "chg", "{ column: weeks }"),
        )
    )
)
COLUMNS = (
    "study,method,weeks,kind,arm1,n1,pre1,pre1_sd,post1,post1_sd,chg1,chg1_sd,"
    "n2,pre2,pre2_sd,post2,post2_sd,chg2,chg2_sd"
)
# Baker 2024, Hallsworth 2015 and Keating 2015 (HI:LO against placebo; SEs) as data/raw has them
WIDE_ROWS = [
    "Baker 2024,MRI-PDFF,52,,combined,73,,,,,-1.4,4.9,71,,,,,-0.1,7.2",
    "Hallsworth 2015,1H-MRS,12,,hiit,14,11,5,8,2,,,11,10,4,10,4,,",
    "Keating 2015,1H-MRS,8,se,aerobic,12,,,,,-2.38,0.73,12,,,,,1.1,0.62",
]
EFFECTS = (
    HEAD
    + """\
format: effects
files:
  effects: { file: effects.csv, delimiter: ",", encoding: utf-8 }
mapping:
"""
    + DEFAULTS
    + """\
  arms:
    - { arm_id: ex, arm_label: exercise, role: intervention, modality: { column: modality },
        weeks: { column: weeks }, n_analysed: { column: n1 } }
    - { arm_id: con, arm_label: control, role: control, modality: control,
        weeks: { column: weeks }, n_analysed: { column: n2 } }
  measurements:
    - { arm_id: ex, comparator_arm_id: con, week: { column: weeks }, center: { column: estimate },
        lower: { column: low }, upper: { column: high }, spread: { column: se },
        p_value: { column: p }, as_reported: { column: printed } }
"""
)
EFFECTS_COLUMNS = "study,method,weeks,modality,n1,n2,estimate,low,high,se,p,printed"
# Zhang 2016 and Lee 2013 as data/raw has them; the third row prints the interval of the first as p
EFFECTS_ROWS = [
    'Zhang 2016,1H-MRS,52,aerobic,73,74,-5.0,-7.2,-2.8,,<0.001,"-5.0 (-7.2 to -2.8)"',
    "Lee 2013,1H-MRS,13,aerobic,16,12,-1.70,,,0.74,<0.05,-1.70 (0.74)",
    "Nobody 2020,1H-MRS,52,aerobic,73,74,-5.0,,,,0.01,-5.0 (p = 0.01)",
]


IPD = (
    HEAD
    + """\
format: ipd
files:
  ipd: { file: people.csv, delimiter: ",", encoding: utf-8 }
mapping:
  participant: { column: id }
  defaults:
    trial_id: stine2022
    arm_id: { column: group, words: { exercise: ex, control: con } }
    timepoint: { column: visit, words: { 0: baseline, 20: post, 40: followup } }
    week: { column: visit }
    source_url: https://example.org/ours
    extractors: ME
    lead_extractor: ME
    extractor: ME
    location: table
    source_type: primary
  trials: { design: parallel_rct, randomised: "yes", condition: nash, diet_cointervention: none,
            weight_result: no_change }
  arms:
    - arm_label: { column: group }
      role: { column: group, words: { exercise: intervention, control: control } }
      modality: { column: group, words: { exercise: aerobic, control: control } }
      weeks: 20
  measurements:
    - { outcome: liver_fat, method: MRI-PDFF, unit: percent, center: { column: liver_fat } }
    - { outcome: body_weight, unit: kg, center: { column: weight } }
"""
)
# Stine 2022: liver fat −4.7 ± 5.6, n 18, with exercise against 1.2 ± 2.8, n 10; the levels and the
# weights are drawn
PRINTED = {"exercise": (18, -4.7, 5.6), "control": (10, 1.2, 2.8)}


def people() -> list[str]:
    rng = np.random.default_rng(1)
    lines = []
    for group, (n, mean, sd) in PRINTED.items():
        change = pseudo_sample(n, np.array([mean]), np.array([[sd**2]]), rng)[:, 0]
        before, weight = rng.normal(20, 3, n), rng.normal(95, 10, n)
        for i in range(n):
            who = f"{group[:2]}{i:02d}"
            lines.append(f"{who},{group},0,{before[i]!r},{weight[i]!r}")
            lines.append(f"{who},{group},20,{before[i] + change[i]!r},{weight[i] - 1!r}")
    return [line.replace("np.float64(", "").replace(")", "") for line in lines]


def write(folder: Path, descriptor: str, files: dict[str, str | bytes]) -> Path:
    """Write a data set's files with checksums and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.yaml").write_text(descriptor, encoding="utf-8")
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (folder / name).write_bytes(data)
    write_checksums(folder)
    return folder


def wide(folder: Path, rows: list[str] | None = None, descriptor: str = WIDE) -> Dataset:
    lines = [COLUMNS, *(WIDE_ROWS if rows is None else rows)]
    return load_dataset(write(folder, descriptor, {"wide.csv": "\n".join(lines) + "\n"}))


def effects(folder: Path, rows: list[str] | None = None, descriptor: str = EFFECTS) -> Dataset:
    lines = [EFFECTS_COLUMNS, *(EFFECTS_ROWS if rows is None else rows)]
    return load_dataset(write(folder, descriptor, {"effects.csv": "\n".join(lines) + "\n"}))


def derived(*datasets: Dataset) -> Derived:
    """Effects of the data sets with the project's own plan."""
    tables = harmonize(
        [*datasets], CONFIG["outcomes"], CONFIG["modalities"], CONFIG["config"]["harmonize"]
    )
    return derive_effects(
        tables.trials,
        tables.arms,
        tables.measurements,
        tables.directions,
        CONFIG["modalities"],
        CONFIG["outcomes"],
        CONFIG["config"]["effects"],
    )


def mean_differences(made: Derived) -> dict[str, dict]:
    """{trial: its mean difference in liver fat}."""
    rows = made.effects[made.effects["outcome"] == "liver_fat"].to_dict("records")
    return {e["trial_id"]: e for e in rows if e["measure"] == "MD"}
