"""Uncontrolled changes from baseline: by hand, and kept apart from every contrast."""

import math

import pandas as pd
import pytest

from liverfit.data.ledger import REASONS
from liverfit.effects.derive import derive_effects
from liverfit.effects.sizes import hedges_correction

MODALITIES = {
    "modalities": {
        "control": {"label": "Control", "components": [], "order": 1},
        "aerobic": {"label": "Aerobic", "components": ["aerobic"], "order": 6},
    }
}
OUTCOMES = {
    "outcomes": {"liver_fat": {"label": "Liver fat", "unit": "points", "canonical": "percent"}}
}
SETTINGS = {
    "correlation": {"default": 0.5, "minimum_arms": 3, "level_r_bounds": [0.0, 0.97]},
    "acute_visit": "nearest",
    "latest_followup_weeks": 4,
    "weight_stable_percent": 3.0,
    "baseline_moderators": [],
}
TRIAL = {
    "trial_id": "t", "label": "T 2020", "cohort_id": "t", "design": "single_arm",
    "randomised": "no", "condition": "", "diet_cointervention": "none", "weight_result": "",
    "age_mean": None, "pct_female": None, "bmi_mean": None, "row_id": "t1",
}  # fmt: skip
ARM = {
    "trial_id": "t", "arm_id": "ex", "arm_label": "exercise", "role": "intervention",
    "modality": "aerobic", "components": "aerobic", "agent": "", "acute": False,
    "n_randomised": None, "n_analysed": None, "weeks": 12.0, "minutes_per_week": 120.0,
    "percent_vo2max": None, "intensity_class": "", "allocation": "arm", "stratum": "",
    "part_of": "", "not_against": "",
}  # fmt: skip
CELL = {
    "trial_id": "t", "arm_id": "ex", "comparator_arm_id": "", "outcome": "liver_fat",
    "method": "1H-MRS", "scale": "percent", "sign": 1, "n": 16.0, "center_type": "mean",
    "spread_kind": "sd", "lower": None, "upper": None, "se_printed": None, "p_op": "",
    "p_value": None, "p_scope": "", "spread_rule": "printed", "caution": "", "as_reported": "",
}  # fmt: skip


def cell(row, timepoint, week, center, spread, **changes):
    made = {**CELL, "timepoint": timepoint, "week": week, "center": center, "spread": spread}
    return {**made, "measurement_id": row, "source_rows": row, **changes}


def derive(cells, arms=(ARM,), settings=SETTINGS, trial=TRIAL):
    directions = pd.DataFrame(columns=["row_id", "trial_id", "arm_id", "comparator_arm_id",
                                       "outcome", "timepoint", "direction"])  # fmt: skip
    return derive_effects(
        pd.DataFrame([trial]), pd.DataFrame(arms), pd.DataFrame(cells), directions, MODALITIES,
        OUTCOMES, settings,
    )  # fmt: skip


def changes(derived):
    return {e["measure"]: e for e in derived.before_after.to_dict("records")}


PRE_POST = [cell("r1", "baseline", 0.0, 10.0, 4.0), cell("r2", "post", 12.0, 7.0, 4.0)]


def test_pre_and_post_by_hand():
    # SD of change √(16 + 16 − 2·0.5·16) = 4, so SE 4/√16 = 1; J for 15 degrees of freedom
    got = changes(derive(PRE_POST))
    j = float(hedges_correction(15))
    assert (got["MC"]["yi"], got["MC"]["vi"]) == (pytest.approx(-3.0), pytest.approx(1.0))
    g = -0.75 * j
    for measure in ("SMCR", "SMCC"):  # 2(1 − r)/n = 1/n here
        assert got[measure]["yi"] == pytest.approx(g)
        assert got[measure]["vi"] == pytest.approx(1 / 16 + g * g / 32)
    assert got["ROMC"]["yi"] == pytest.approx(math.log(0.7))
    a, b = 4 / 10, 4 / 7
    assert got["ROMC"]["vi"] == pytest.approx((a * a + b * b - a * b) / 16)
    assert got["MC"]["effect_id"] == "t:ex-from-baseline:liver_fat:MC"
    assert got["MC"]["source_rows"] == "r2;r1" or got["MC"]["source_rows"] == "r1;r2"
    assert (got["MC"]["design"], got["MC"]["route"]) == ("before_after", "pre_post")
    assert got["MC"]["r_imputed"] == 0.5


def test_a_printed_change_comes_first():
    derived = derive([*PRE_POST, cell("r3", "change", 12.0, -2.5, 2.0)])
    got = changes(derived)
    assert (got["MC"]["yi"], got["MC"]["vi"]) == (pytest.approx(-2.5), pytest.approx(0.25))
    assert (got["MC"]["route"], got["MC"]["source_rows"]) == ("change_scores", "r3")
    # the printed SD of change implies r = 1 − 2²/(2·4²) at equal SDs
    g = float(hedges_correction(15)) * -2.5 / 4
    assert got["SMCR"]["vi"] == pytest.approx(2 * (2**2 / (2 * 4**2)) / 16 + g * g / 32)
    assert got["SMCC"]["yi"] == pytest.approx(float(hedges_correction(15)) * -1.25)
    # the baseline as known: ln(7.5/10), (0.5/7.5)²
    assert got["ROMC"]["yi"] == pytest.approx(math.log(0.75))
    assert got["ROMC"]["vi"] == pytest.approx((0.5 / 7.5) ** 2)


def test_percent_changes_give_a_ratio_alone():
    only = cell("r1", "change", 12.0, -30.0, 20.0, scale="percent_relative",
                center_type="percent_change")  # fmt: skip
    got = changes(derive([only]))
    assert set(got) == {"ROMC"}
    assert got["ROMC"]["yi"] == pytest.approx(math.log(0.7))
    assert got["ROMC"]["vi"] == pytest.approx((20 / 4 / 70) ** 2)


def test_without_a_spread_there_is_no_effect():
    derived = derive([cell("r1", "change", 12.0, -2.5, None, spread_kind="none")])
    assert derived.before_after.empty
    assert derived.fates["status"].tolist() == ["excluded"]


def test_rows_of_a_single_arm_are_used():
    fates = derive(PRE_POST).fates.set_index("row_id")
    assert (fates["status"] == "used").all()
    assert (fates["reason"] == "").all()


def test_no_contrast_holds_an_uncontrolled_change():
    control = {**ARM, "arm_id": "con", "modality": "control", "components": ""}
    both = [*PRE_POST, *({**c, "arm_id": "con", "measurement_id": f"c{i}", "source_rows": f"c{i}"}
                         for i, c in enumerate(PRE_POST))]  # fmt: skip
    trial = {**TRIAL, "design": "parallel_rct", "randomised": "yes"}
    derived = derive(both, [ARM, control], trial=trial)
    assert set(derived.before_after["arm_id"]) == {"ex"}  # a control does nothing
    assert not set(derived.before_after["effect_id"]) & set(derived.effects["effect_id"])
    assert derived.effects["yi"].abs().max() == pytest.approx(0.0)


BOUT = {**ARM, "acute": True, "weeks": 0.0, "minutes_per_week": None}


def bout(*visits, **changes):
    cells = [cell("r0", "baseline", 0.0, 2.0, 1.0, method="plasma, before")]
    return cells + [
        cell(f"r{i}", "followup", 0.0, center, 2.0, as_reported=words, method=f"visit {i}",
             **changes)
        for i, (center, words) in enumerate(visits, 1)
    ]  # fmt: skip


def acute(cells, rule="nearest"):
    derived = derive(cells, [BOUT], {**SETTINGS, "acute_visit": rule})
    return changes(derived).get("MC"), derived.fates.set_index("row_id")


def test_the_visit_nearest_the_end_of_the_bout():
    visits = ((9.0, "9.0 2 h after"), (5.0, "5.0 immediately after"), (3.0, "3.0 24 h after"))
    got, fates = acute(bout(*visits))
    assert (got["yi"], got["hours_after"], got["window"]) == (3.0, 0.0, "immediately")
    assert fates.loc["r1", "reason"] == "other_visit_of_the_bout"
    assert fates.loc["r1", "superseded_by"] == "r2"
    assert fates.loc["r2", "status"] == "used"
    assert set(fates["reason"]) <= set(REASONS)


def test_the_peak_where_the_plan_says_so():
    visits = ((5.0, "5.0 immediately after"), (9.0, "9.0 2 h after"))
    got, _ = acute(bout(*visits), "peak")
    assert (got["yi"], got["window"]) == (7.0, "1-3 h")


def test_without_hours_the_smallest_change_stands():
    got, fates = acute(bout((9.0, "9"), (5.0, "5"), (1.0, "1")))
    assert (got["yi"], got["window"]) == (-1.0, "unknown")
    assert len(fates) == 4


def test_a_level_without_a_baseline_may_be_a_change_and_is_not_used():
    got, fates = acute(bout((9.0, ""))[1:])
    assert got is None
    assert fates.loc["r1", "reason"] == "after_the_programme"


def test_real_changes_are_never_pooled_with_contrasts(real_run):
    table = real_run.derived.before_after
    assert len(table) > 500
    assert (table["design"] == "before_after").all()
    assert (table["vi"] > 0).all()
    assert table["effect_id"].is_unique
    ids = set(table["effect_id"])
    for claim in real_run.judged:
        for line in claim["lines"]:
            found = {e["effect_id"] for e in line["effects"]}
            if line["design"] == "before_after":
                assert found <= ids
                assert line["role"] == "sensitivity"
                assert line["name"].startswith("uncontrolled")
                assert "uncontrolled" in line["outcome_label"]
                assert "uncontrolled" in line["verdict_reason"] or line["status"] != "ok"
            else:
                assert not found & ids


def test_real_bouts_and_training_are_apart(real_run):
    for name in ("il6", "fgf21", "follistatin", "irisin", "adiponectin"):
        claim = next(c for c in real_run.judged if c["claim"].startswith(f"{name}_rises"))
        assert {line["exposure"] for line in claim["lines"]} == {"acute", "training"}
        acute_of = {e["effect_id"]: e["acute"] for e in real_run.derived.effects.to_dict("records")}
        for line in claim["lines"]:
            for e in line["effects"]:
                if line["design"] != "before_after":
                    assert acute_of[e["effect_id"]] == (line["exposure"] == "acute")
