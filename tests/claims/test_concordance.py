"""Published pooled results beside ours."""

import pytest
from claim_parts import COMPARISON
from claim_parts import line as plain_line

from liverfit.claims.concordance import compare_reviews, comparison_key, measure_key, overlap

REVIEW = {
    "row_id": "published_reviews/reviews.csv:2", "review_id": "r2020", "first_author": "Reviewer",
    "year": "2020", "outcome": "liver_fat", "comparison": "exercise vs control", "subgroup": "",
    "measure": "MD", "unit": "percent", "estimate": "-3.0", "ci_lower": "-4.0", "ci_upper": "-2.0",
    "k": "9", "as_reported": "-3.0 (-4.0 to -2.0)",
}  # fmt: skip


def compare(review=None, **line):
    fitted = {
        "estimate": -2.0, "se": 0.5, "ci_lower": -3.0, "ci_upper": -1.0, "k": 11,
        "comparison": {**COMPARISON, "experimental": {"modality": ["aerobic", "hiit", "combined"]}},
        "where": {},
    }  # fmt: skip
    claims = [{"claim": "c", "lines": [plain_line(**{**fitted, **line})]}]
    return compare_reviews([{**REVIEW, **(review or {})}], claims).to_dict("records")


def test_difference_by_hand():
    # (−2 − −3) over √(0.5² + (2/3.92)²): the review's SE is 0.5102
    (row,) = compare()
    assert row["difference"] == 1.0
    assert row["difference_in_se"] == pytest.approx(1 / (0.25 + 0.5102**2) ** 0.5, rel=1e-4)
    assert bool(row["intervals_overlap"])
    assert row["row_id"] == REVIEW["row_id"]


def test_intervals_that_do_not_overlap():
    (row,) = compare({"ci_upper": "-3.1"})
    assert not row["intervals_overlap"]


def test_a_review_without_interval_is_shown_without_a_test():
    (row,) = compare({"ci_lower": "", "ci_upper": ""})
    assert row["difference_in_se"] is None


@pytest.mark.parametrize(
    "review",
    [
        {"outcome": "vo2peak"},
        {"measure": "SMD"},
        {"measure": "OR"},
        {"unit": "HU"},
        {"estimate": ""},
        {"comparison": "exercise plus diet vs control"},
        {"comparison": "aerobic vs resistance"},
        {"comparison": "exercise"},
    ],
)
def test_another_question_is_not_compared(review):
    assert compare(review) == []


@pytest.mark.parametrize("line", [{"status": "too_few", "estimate": None}, {"rule": "lowest_dose"}])
def test_lines_without_a_pooled_mean_are_not_compared(line):
    assert compare(**line) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("HIIT vs MICT", ("hiit", "aerobic")),
        ("resistance training vs control", ("resistance", "none")),
        ("combined aerobic and resistance vs aerobic", ("combined", "aerobic")),
        ("testosterone vs placebo", ("testosterone", "none")),
        ("exercise vs no exercise", ("exercise", "none")),
        ("resistance + aerobic vs control", ("combined", "none")),
        ("moderate-intensity combined vs control (network)", ("combined", "none")),
        ("aerobic training vs control, older (positive = improvement)", ("aerobic", "none")),
        ("aerobic or resistance exercise vs control", ("exercise", "none")),
        ("GH vs placebo, adults with GH deficiency", ("gh", "none")),
        ("acute aerobic exercise vs control", None),
        ("resistance + caloric restriction vs no intervention", None),
        ("before vs after exercise", None),
    ],
)
def test_comparisons_in_words(text, key):
    assert comparison_key(text) == key


@pytest.mark.parametrize(
    ("printed", "key"), [("WMD", "MD"), ("Hedges' g", "SMD"), ("SUCRA", None), ("RR", None)]
)
def test_measures_in_words(printed, key):
    assert measure_key(printed) == key


@pytest.mark.parametrize(
    ("listed", "ours", "told"),
    [
        (["Støa 2017", "Lee S 2012"], ["Stoa 2017", "Lee 2013"], (2, 1, "Stoa 2017")),
        (["Keating et al (A)", "Keating et al (B)"], ["Keating 2015"], (1, 1, "Keating 2015")),
        (["Keating et al"], ["Keating 2015", "Keating 2017"], (1, 0, "")),
        (["Zhang 2016"], [], (1, 0, "")),
        ([], ["Zhang 2016"], (None, None, "")),
    ],
)  # fmt: skip
def test_shared_trials_are_told_by_name_and_year(listed, ours, told):
    line = {"effects": [{"label": label} for label in ours]}
    got = overlap(REVIEW, line, {("r2020", "liver_fat"): set(listed)} if listed else {})
    assert tuple(got.values()) == told
