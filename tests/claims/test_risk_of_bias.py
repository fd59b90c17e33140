"""Risk of bias from what is printed: every domain by hand, and the whole."""

import pandas as pd
import pytest

from liverfit.claims.risk_of_bias import (
    DOMAINS,
    JUDGEMENTS,
    deviations,
    judge_risk_of_bias,
    judgements_of,
    locations,
    measurement,
    methods,
    missing_data,
    overall,
    overall_of,
    randomisation,
    reporting,
    with_flags,
)

TRIAL = {
    "trial_id": "t", "label": "T 2020", "design": "parallel_rct", "randomised": "yes",
    "registry_id": "NCT1", "diet_cointervention": "none", "liver_fat_method": "1H-MRS",
    "row_id": "d/trials.csv:2",
}  # fmt: skip


def arm(name, randomised, analysed, allocation="arm"):
    return {
        "trial_id": "t", "arm_id": name, "n_randomised": randomised, "n_analysed": analysed,
        "allocation": allocation, "row_id": f"d/arms.csv:{name}", "modality": "aerobic",
        "agent": "",
    }  # fmt: skip


def cell(name, n=None, timepoint="post", outcome="liver_fat", line=2, **values):
    return {
        "trial_id": "t", "arm_id": name, "outcome": outcome, "timepoint": timepoint, "n": n,
        "n_source": "summary" if n else "", "method": "1H-MRS",
        "measurement_id": f"d/measurements.csv:{line}", "source_rows": f"d/measurements.csv:{line}",
    } | values  # fmt: skip


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
def test_missing_data_by_the_arms(arms, expected):
    assert missing_data(arms, [], {"table"})[0] == expected


TWO = [arm("a", 20, 20), arm("b", 20, 20)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([cell("a", 20), cell("b", 20)], "low"),
        ([cell("a", 20), cell("b", 11)], "high"),
        ([cell("a", 20), cell("a", 15, "change"), cell("b", 20)], "some_concerns"),
        ([cell("a", 9, "baseline"), cell("b", 9, "baseline")], "low"),
        ([cell("a", 9, n_source="another_row"), cell("b", 9, n_source="another_row")], "low"),
    ],
    ids=["all", "one arm short", "smallest n", "baseline does not count", "borrowed n"],
)
def test_missing_data_by_the_outcome(cells, expected):
    assert missing_data(TWO, cells, {"table"})[0] == expected


def test_one_outcome_may_miss_what_another_has():
    scanned = missing_data(TWO, [cell("a", 9), cell("b", 9)], {"table"})
    weighed = missing_data(TWO, [cell("a", 20), cell("b", 20)], {"table"})
    assert (scanned[0], weighed[0]) == ("high", "low")
    assert "of this outcome" in scanned[1]


def test_only_arms_with_the_outcome_count():
    arms = [*TWO, arm("c", 20, 4)]
    assert missing_data(arms, [cell("a", 20), cell("b", 20)], {"table"})[0] == "low"
    assert missing_data(arms, [], {"table"})[0] == "high"


def test_an_abstract_with_one_n_an_arm_tells_nothing():
    arms = [arm("a", 20, None), arm("b", 20, None)]
    cells = [cell("a", 20), cell("b", 20)]
    assert missing_data(arms, cells, {"abstract"})[0] == "no_information"
    assert missing_data(arms, cells, {"table"})[0] == "low"
    assert missing_data(arms, [cell("a", 20), cell("b", 14)], {"abstract"})[0] != "no_information"


IMAGING = {"measured_by": "imaging", "sound_methods": ["MRS", "MRI", "CT"]}


@pytest.mark.parametrize(
    ("entry", "named", "expected"),
    [
        ({"measured_by": "instrument"}, [], "low"),
        (IMAGING, ["1H-MRS"], "low"),
        (IMAGING, ["CT-HU", "MRI-PDFF"], "low"),
        (IMAGING, ["1H-MRS", "CAP"], "some_concerns"),
        (IMAGING, [], "no_information"),
        ({"measured_by": "effort"}, [], "some_concerns"),
        ({"measured_by": "observer"}, ["tape"], "some_concerns"),
        ({"measured_by": "record"}, [], "some_concerns"),
        ({}, ["1H-MRS"], "no_information"),
    ],
)
def test_measurement(entry, named, expected):
    assert measurement(entry, named, TWO)[0] == expected


def test_against_placebo_nobody_could_follow_the_arm():
    blind = [{**TWO[0], "agent": "testosterone"}, {**TWO[1], "modality": "placebo"}]
    assert measurement({"measured_by": "effort"}, [], blind)[0] == "low"
    assert measurement(IMAGING, ["CAP"], blind)[0] == "low"
    assert measurement({}, [], blind)[0] == "no_information"
    sham = [TWO[0], {**TWO[1], "modality": "placebo"}]  # exercise cannot be given blind
    assert measurement({"measured_by": "effort"}, [], sham)[0] == "some_concerns"


def test_methods_are_those_of_the_outcome():
    cells = [cell("a", method="CAP"), cell("b", method="")]
    assert methods(TRIAL, "liver_fat", cells) == ["CAP"]
    assert methods(TRIAL, "liver_fat", cells[1:]) == ["1H-MRS"]
    assert methods(TRIAL, "vat", cells[1:]) == []
    assert methods({**TRIAL, "liver_fat_method": "unstated"}, "liver_fat", []) == []


def test_locations_are_those_of_the_outcome():
    raw = {"d/measurements.csv:2": {"location": "table"}}
    assert locations([cell("a", line=2), cell("b", line=9)], raw) == {"table"}


def concern(domain, seen="9 measured"):
    return {"domain": domain, "screen": "out_of_range", "seen": seen, "expected": "8"}


def test_concerns_of_the_screens_count_in_their_domain_and_are_told():
    judged = with_flags("reporting", ("low", "registered"), [concern("reporting")])
    assert judged[0] == "some_concerns"
    assert judged[1] == "registered; integrity screen out of range: 9 measured where 8 was expected"
    assert with_flags("reporting", ("low", "x"), [concern("measurement")]) == ("low", "x")
    assert with_flags("reporting", ("high", "x"), [concern("reporting")])[0] == "high"
    many = with_flags("reporting", ("low", "x"), [concern("reporting")] * 5)
    assert many[1].endswith("3 more such flags")


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


OUTCOMES = {"outcomes": {"liver_fat": IMAGING, "vo2peak": {"measured_by": "effort"}}}
FLAGS = ("trial_id", "outcome", "screen", "row_id", "seen", "expected", "severity", "domain")


def judge(flags=()):
    cells = [
        cell("a", 20, line=2),
        cell("b", 20, line=3),
        cell("a", 20, line=4, outcome="vo2peak", method=""),
        cell("b", 20, line=5, outcome="vo2peak", method=""),
    ]
    raw = {c["measurement_id"]: {"location": "table"} for c in cells}
    return judge_risk_of_bias(
        pd.DataFrame([TRIAL]), pd.DataFrame(TWO), pd.DataFrame(cells),
        pd.DataFrame(flags, columns=list(FLAGS)), raw, OUTCOMES,
    )  # fmt: skip


def test_six_rows_a_trial_and_outcome_each_with_its_reason_and_rows():
    table = judge()
    assert table["domain"].tolist() == [*DOMAINS, "overall"] * 2
    assert overall_of(table) == {"liver_fat": {"t": "low"}, "vo2peak": {"t": "some_concerns"}}
    assert table["reason"].all()
    rows = dict(zip(table["domain"][:6], table["source_rows"][:6], strict=True))
    assert rows["missing_data"].startswith("d/arms.csv:a;d/arms.csv:b;d/measurements.csv:2")
    assert "d/measurements.csv:4" not in rows["measurement"]
    assert rows["overall"] == "d/trials.csv:2"


def test_a_flag_reaches_its_outcome_or_the_whole_trial_and_a_note_nothing():
    flag = ["t", "liver_fat", "out_of_range", "d/measurements.csv:2", "900", "0 to 60", "concern",
            "measurement"]  # fmt: skip
    judged = judgements_of(judge([flag]))
    assert judged["liver_fat"]["t"]["domains"]["measurement"]["judgement"] == "some_concerns"
    assert "integrity screen" not in judged["vo2peak"]["t"]["domains"]["measurement"]["reason"]
    whole = judgements_of(judge([["t", "", *flag[2:]]]))
    assert "integrity screen" in whole["vo2peak"]["t"]["domains"]["measurement"]["reason"]
    note = judge([[*flag[:6], "note", flag[7]]])
    assert overall_of(note)["liver_fat"] == {"t": "low"}


def test_judgements_carry_label_and_reasons():
    judged = judgements_of(judge())["vo2peak"]["t"]
    assert (judged["label"], judged["overall"]) == ("T 2020", "some_concerns")
    assert judged["reason"] == "concerns: measurement of the outcome"
    assert set(judged["domains"]) == set(DOMAINS)


@pytest.mark.slow
def test_every_trial_and_outcome_of_the_project_is_judged(real_run):
    table, cells = real_run.risk_of_bias, real_run.harmonized.measurements
    assert len(table) == 6 * len(cells[["trial_id", "outcome"]].drop_duplicates())
    assert set(table["judgement"]) <= set(JUDGEMENTS)
    used = {
        (line["outcome"], e["trial_id"])
        for claim in real_run.judged
        for line in claim["lines"]
        if line["role"] == "primary"
        for e in line["effects"]
    }
    judged = {
        (outcome, trial)
        for claim in real_run.judged
        for outcome, trials in claim["risk_of_bias"].items()
        for trial in trials
    }
    assert used == judged
