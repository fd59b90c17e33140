"""Data sets of every format in one run of the workflow; participants stay in their raw folder."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from conftest import ROOT, NoAliases, copied
from liverfit import store

sys.path.append(str(Path(__file__).resolve().parents[1] / "data"))
from format_parts import (
    COLUMNS,
    EFFECTS,
    EFFECTS_COLUMNS,
    EFFECTS_ROWS,
    IPD,
    WIDE,
    WIDE_ROWS,
    write,
)

pytestmark = pytest.mark.slow

CLAIM = "liver_fat_falls_without_weight_loss"
MANY = IPD.replace("trial_id: stine2022", "trial_id: { column: trial }")
TRIALS = ("ours2030", "ours2031", "ours2032")


def people() -> list[dict]:
    """Twelve people an arm of three trials; liver fat falls with exercise, weight stays."""
    rng = np.random.default_rng(5)
    rows = []
    for t, trial in enumerate(TRIALS):
        for group, fall in (("exercise", 3.0 + t / 2), ("control", 0.0)):
            for i in range(12):
                who, before = f"secret{t}{group[0]}{i:02d}", rng.normal(15, 3)
                after, weight = before - fall + rng.normal(0, 1.5), rng.normal(95, 8)
                for visit, fat, kg in ((0, before, weight), (20, after, weight - 0.1)):
                    row = {"trial": trial, "id": who, "group": group, "visit": visit}
                    rows.append({**row, "liver_fat": f"{fat:.6f}", "weight": f"{kg:.6f}"})
    return rows


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return people()


@pytest.fixture(scope="module")
def ran(pristine, rows, tmp_path_factory):
    project = copied(pristine, tmp_path_factory.mktemp("formats") / "project")
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))["claims"]
    kept = [claim for claim in claims if claim["id"] == CLAIM]
    kept[0]["lines"] = [
        li for li in kept[0]["lines"] if li["name"] in ("stable_stratum", "one_stage")
    ]
    (project.root / "config/claims.yaml").write_text(
        yaml.dump({"claims": kept}, Dumper=NoAliases, sort_keys=False, allow_unicode=True)
    )
    raw = project.root / "data/raw"
    write(raw / "wides", WIDE, {"wide.csv": "\n".join([COLUMNS, *WIDE_ROWS]) + "\n"})
    lines = [EFFECTS_COLUMNS, *EFFECTS_ROWS]
    write(raw / "contrasts", EFFECTS, {"effects.csv": "\n".join(lines) + "\n"})
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    write(raw / "ours", MANY, {"people.csv": "\n".join(lines) + "\n"})
    project.run("results/effects/effects.csv", f"results/judged/{CLAIM}.json")
    return project


def test_every_format_yields_effects(ran, rows):
    table = store.read_table(ran.root / "results/effects/effects.csv")
    fat = table[(table["outcome"] == "liver_fat") & (table["measure"] == "MD")]
    found = dict(zip(fat["trial_id"], fat["yi"], strict=True))
    # arms, wide, effects: as printed
    assert found["alpha2015"] == pytest.approx(-3.3)
    assert found["keating_2015"] == pytest.approx(-2.38 - 1.1)
    assert found["zhang_2016"] == pytest.approx(-5.0)
    for trial in TRIALS:
        of = [r for r in rows if r["trial"] == trial]
        change = {
            group: [
                float(after["liver_fat"]) - float(before["liver_fat"])
                for before, after in zip(of[::2], of[1::2], strict=True)
                if before["group"] == group
            ]
            for group in ("exercise", "control")
        }
        means = [statistics.mean(change[group]) for group in ("exercise", "control")]
        assert found[trial] == pytest.approx(means[0] - means[1], abs=1e-6)
        variance = sum(statistics.variance(values) / 12 for values in change.values())
        (vi,) = fat.loc[fat["trial_id"] == trial, "vi"]
        assert vi == pytest.approx(variance, rel=1e-6)


def test_participants_enter_the_one_stage_model(ran):
    judged = store.read_json(ran.root / f"results/judged/{CLAIM}.json")
    (line,) = (li for li in judged["lines"] if li["name"] == "one_stage")
    assert line["status"] == "ok"
    own = {f"{trial}:{arm}" for trial in TRIALS for arm in ("ex", "con")}
    assert own <= set(line["extra"]["individual_arms"])


def test_nothing_of_a_participant_is_in_results(ran, rows):
    numbers = {row[name].encode() for row in rows for name in ("liver_fat", "weight")}
    results = ran.results()
    assert "ingested/ours.json" in results
    for name, content in results.items():
        assert b"secret" not in content, name
        assert not [number for number in numbers if number in content], name
