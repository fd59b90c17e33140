"""Risk of bias from what is printed: every domain by hand, and the whole."""

import pandas as pd
import pytest

from liverfit.claims.risk_of_bias import (
    DOMAINS,
    JUDGEMENTS,
    deviations,
    judge_risk_of_bias,
    locations_of,
    measurement,
    missing_data,
    overall,
    overall_of,
    randomisation,
    reporting,
)

TRIAL = {
    "trial_id": "t", "label": "T 2020", "design": "parallel_rct", "randomised": "yes",
    "registry_id": "NCT1", "diet_cointervention": "none", "liver_fat_method": "1H-MRS",
    "row_id": "d/trials.csv:2",
}  # fmt: skip


def arm(name, randomised, analysed, allocation="arm"):
    return {
        "trial_id": "t", "arm_id": name, "n_randomised": randomised, "n_analysed": analysed,
        "allocation": allocation, "row_id": f"d/arms.csv:{name}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "low"),
        ({"registry_id": ""}, "some_concerns"),
        ({"randomised": "unclear"}, "no_information"),
        ({"randomised": "no"}, "high"),
        ({"design": "nonrandomised_controlled"}, "high"),
        ({"design": "single_arm", "randomised": "no"}, "high"),
    ],
)
def test_randomisation(change, expected):
    assert randomisation({**TRIAL, **change})[0] == expected


@pytest.mark.parametrize(
    ("diet", "expected"),
    [("none", "low"), ("both_arms", "low"), ("exercise_arm_only", "high"),
     ("unclear", "some_concerns"), ("", "some_concerns")],
)  # fmt: skip
def test_deviations(diet, expected):
    assert deviations({**TRIAL, "diet_cointervention": diet})[0] == expected


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ([arm("a", 20, 20), arm("b", 20, 19)], "low"),
        ([arm("a", 20, 19), arm("b", 20, 17)], "some_concerns"),
        ([arm("a", 40, 40), arm("b", 20, 17)], "some_concerns"),
        ([arm("a", 20, 15), arm("b", 20, 15)], "high"),
        ([arm("a", 20, 15)], "no_information"),
        ([arm("a", 20, None), arm("b", 20, 15)], "no_information"),
        ([arm("a", 20, 20), arm("b", 20, 5, "subset")], "no_information"),
    ],
)
def test_missing_data(arms, expected):
    assert missing_data(arms)[0] == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("1H-MRS", "low"), ("MRI-PDFF", "low"), ("CT-HU", "low"), ("none", "low"),
     ("US-grade", "some_concerns"), ("CAP", "some_concerns"), ("unstated", "no_information")],
)  # fmt: skip
def test_measurement(method, expected):
    assert measurement({**TRIAL, "liver_fat_method": method})[0] == expected


@pytest.mark.parametrize(
    ("registered", "locations", "expected"),
    [("NCT1", {"table"}, "low"), ("NCT1", {"abstract"}, "some_concerns"),
     ("", {"table", "abstract"}, "some_concerns"), ("NCT1", set(), "no_information")],
)  # fmt: skip
def test_reporting(registered, locations, expected):
    assert reporting({**TRIAL, "registry_id": registered}, locations)[0] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["low"] * 5, "low"),
        (["low"] * 4 + ["some_concerns"], "some_concerns"),
        (["low"] * 4 + ["no_information"], "some_concerns"),
        (["no_information"] * 3 + ["low"] * 2, "no_information"),
        (["no_information"] * 4 + ["high"], "high"),
    ],
)
def test_overall(words, expected):
    assert overall(dict(zip(DOMAINS, words, strict=True)))[0] == expected


def test_six_rows_a_trial_each_with_its_reason_and_rows():
    arms = pd.DataFrame([arm("a", 20, 20), arm("b", 20, 20)])
    table = judge_risk_of_bias(pd.DataFrame([TRIAL]), arms, {"t": {"table"}})
    assert table["domain"].tolist() == [*DOMAINS, "overall"]
    assert overall_of(table) == {"t": "low"}
    assert table["reason"].all()
    rows = dict(zip(table["domain"], table["source_rows"], strict=True))
    assert rows["missing_data"] == "d/arms.csv:a;d/arms.csv:b"
    assert rows["overall"] == "d/trials.csv:2"


@pytest.mark.slow
def test_every_trial_of_the_project_is_judged(real_run):
    h = real_run.harmonized
    table = judge_risk_of_bias(h.trials, h.arms, locations_of(real_run.datasets))
    assert len(table) == 6 * len(h.trials)
    assert set(table["judgement"]) <= set(JUDGEMENTS)
